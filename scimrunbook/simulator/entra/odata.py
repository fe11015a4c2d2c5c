"""The part of OData a reader of Graph needs: ``$filter``, ``$select``, ``$orderby``.

What is not understood is refused, never passed over: a filter that silently matches everything would be the worst
answer a practice API could give. Comparisons of texts are case-sensitive in the audit logs and not in the directory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Test = Callable[[dict[str, Any]], Any]
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[(),])"
    r"|(?P<time>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?)|(?P<word>[A-Za-z][\w/.]*))"
)
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda whole, part: part in whole,
    "startswith": lambda whole, part: whole.startswith(part),
    "endswith": lambda whole, part: whole.endswith(part),
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "lt": lambda a, b: a < b,
    "ge": lambda a, b: a >= b,
    "le": lambda a, b: a <= b,
}


class UnsupportedError(Exception):
    """The query is not understood; the message says what of it."""


def matching(rows: list[dict[str, Any]], expression: str, *, case_sensitive: bool) -> list[dict[str, Any]]:
    """The rows the filter admits. Raises UnsupportedError."""
    test = _Parser(expression, case_sensitive).parse()
    return [row for row in rows if test(row)]


def ordered(rows: list[dict[str, Any]], expression: str) -> list[dict[str, Any]]:
    """Sorted by one property, ``asc`` or ``desc``. Raises UnsupportedError."""
    words = expression.split()
    if not words or len(words) > 2 or words[1:] not in ([], ["asc"], ["desc"]):
        raise UnsupportedError(f"$orderby={expression}")
    return sorted(rows, key=lambda r: str(_at(r, words[0]) or ""), reverse=words[1:] == ["desc"])


def selected(row: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The named properties; annotations and the id of an object stay."""
    return {k: v for k, v in row.items() if k in names or k == "id" or k.startswith("@")}


def _at(row: Any, path: str) -> Any:
    for part in path.split("/"):
        row = row.get(part) if isinstance(row, dict) else None
    return row


class _Parser:
    def __init__(self, expression: str, case_sensitive: bool) -> None:
        self.expression, self.case_sensitive = expression, case_sensitive
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while expression[at:].strip():
            hit = _TOKEN.match(expression, at)
            if not hit or not hit.lastgroup:
                raise UnsupportedError(f"$filter={expression}")
            self.tokens.append((hit.lastgroup, hit[hit.lastgroup]))
            at = hit.end()

    def parse(self) -> Test:
        test = self.either()
        if self.tokens:
            raise self.refusal()
        return test

    def refusal(self) -> UnsupportedError:
        return UnsupportedError(f"$filter={self.expression}")

    def word(self) -> str:
        return self.tokens[0][1] if self.tokens else ""

    def take(self, *wanted: str) -> str:
        if not self.tokens or (wanted and self.tokens[0][1] not in wanted):
            raise self.refusal()
        return self.tokens.pop(0)[1]

    def either(self) -> Test:
        tests = [self.both()]
        while self.word() == "or":
            self.take("or")
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda row: any(t(row) for t in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self.word() == "and":
            self.take("and")
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda row: all(t(row) for t in tests)

    def one(self) -> Test:
        if self.word() == "not":
            self.take("not")
            inner = self.one()
            return lambda row: not inner(row)
        if self.word() == "(":
            self.take("(")
            inner = self.either()
            self.take(")")
            return inner
        if self.word().lower() in _FUNCTIONS:
            return self.function()
        left = self.operand()
        compare = _COMPARE[self.take(*_COMPARE)]
        right = self.operand()
        return lambda row: self.compared(compare, left(row), right(row))

    def function(self) -> Test:
        holds = _FUNCTIONS[self.take().lower()]
        self.take("(")
        whole = self.operand()
        self.take(",")
        part = self.operand()
        self.take(")")
        return lambda row: holds(self.text(whole(row)), self.text(part(row)))

    def operand(self) -> Test:
        if not self.tokens:
            raise self.refusal()
        kind, value = self.tokens.pop(0)
        if kind == "text":
            return lambda _: value[1:-1].replace("''", "'")
        if kind == "time":
            moment = _moment(value)
            return lambda _: moment
        if kind == "word" and value.lower() in ("true", "false"):
            return lambda _: value.lower() == "true"
        if kind == "word" and value == "tolower":
            self.take("(")
            inner = self.operand()
            self.take(")")
            return lambda row: self.text(inner(row)).lower()
        if kind == "word" and value != "null" and value not in _COMPARE:
            return lambda row: _at(row, value)
        if value == "null":
            return lambda _: None
        raise self.refusal()

    def text(self, value: Any) -> str:
        found = "" if value is None else str(value)
        return found if self.case_sensitive else found.casefold()

    def compared(self, compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
        if left is None or right is None:
            return compare is _COMPARE["ne" if left is not right else "eq"]
        if isinstance(left, datetime) or isinstance(right, datetime):
            return compare(_moment(left), _moment(right))
        if isinstance(left, bool) or isinstance(right, bool):
            return compare(left, right)
        return compare(self.text(left), self.text(right))


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise UnsupportedError(f"{value!r} is no time") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)  # a date alone is its midnight
