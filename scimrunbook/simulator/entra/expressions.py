"""Attribute expressions of a mapping: what the portal prints, what Graph's schema says, what value comes out.

Only what the mapping of a SCIM app needs: ``[attribute]``, ``"constant"``, ``Not``, ``Switch``, ``Join``, ``Append``,
``ToLower``, ``Coalesce`` (Microsoft Learn: "Reference for writing expressions for attribute mappings").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r'\s*(?:\[(?P<attribute>[^\]]+)\]|"(?P<constant>(?:[^"\\]|\\.)*)"|(?P<name>\w+)|(?P<mark>[(),]))')
_KEYS: dict[str, tuple[str, ...]] = {  # names of a function's parameters in Graph's schema; the rest is numbered
    "Not": ("source",),
    "ToLower": ("source",),
    "Append": ("source", "suffix"),
    "Join": ("separator",),
    "Switch": ("source", "defaultValue"),
    "Coalesce": (),
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression. ``kind`` is Graph's type: Attribute, Constant or Function."""

    kind: str
    name: str
    text: str
    parameters: tuple[Expression | None, ...] = ()

    def graph(self) -> dict[str, Any]:
        """As ``attributeMappingSource`` of Graph v1.0."""
        return {
            "expression": self.text,
            "name": self.name,
            "type": self.kind,
            "parameters": [
                {"key": key, "value": parameter.graph() if parameter else None}
                for key, parameter in zip(self._keys(), self.parameters, strict=True)
            ],
        }

    def _keys(self) -> list[str]:
        named = list(_KEYS.get(self.name, ()))[: len(self.parameters)]
        rest = len(self.parameters) - len(named)
        if self.name == "Switch":
            return named + [f"{('key', 'value')[n % 2]}{n // 2 + 1}" for n in range(rest)]
        return named + [f"source{n + 1}" for n in range(rest)]

    def value(self, attributes: Mapping[str, str | None]) -> str | None:
        """The text that is sent; None where nothing is (a null source is not sent, known issues of the service)."""
        if self.kind == "Constant":
            return self.name
        if self.kind == "Attribute":
            return attributes.get(self.name) or None
        return _FUNCTIONS[self.name]([p.value(attributes) if p else None for p in self.parameters])


def _switch(given: list[str | None]) -> str | None:
    source, default, pairs = given[0], given[1], given[2:]
    return next((pairs[n + 1] for n in range(0, len(pairs) - 1, 2) if pairs[n] == source), default)


_FUNCTIONS: dict[str, Callable[[list[str | None]], str | None]] = {
    "Not": lambda given: "False" if given[0] == "True" else "True",
    "ToLower": lambda given: given[0].lower() if given[0] else None,
    "Append": lambda given: "".join(part or "" for part in given) or None,
    "Join": lambda given: (given[0] or "").join(part for part in given[1:] if part) or None,
    "Switch": _switch,
    "Coalesce": lambda given: next((part for part in given if part), None),
}


def parse(text: str) -> Expression:
    """Parses what the portal prints; a bare word is an attribute, as the portal prints direct mappings.

    Raises ValueError for an unknown function or a text that does not parse.
    """
    if re.fullmatch(r"\w+", text):
        return Expression("Attribute", text, f"[{text}]")
    expression, end = _parse(text, 0)
    if expression is None or text[end:].strip():
        raise ValueError(f"not an expression: {text!r}")
    return expression


def _parse(text: str, start: int) -> tuple[Expression | None, int]:
    hit = _TOKEN.match(text, start)
    if not hit:
        raise ValueError(f"not an expression: {text!r}")
    if attribute := hit["attribute"]:
        return Expression("Attribute", attribute, f"[{attribute}]"), hit.end()
    if hit["constant"] is not None:
        return Expression("Constant", hit["constant"], f'"{hit["constant"]}"'), hit.end()
    if hit["mark"]:  # a parameter left empty, as Switch's default
        return None, start
    name = hit["name"]
    opening = _TOKEN.match(text, hit.end())
    if name not in _FUNCTIONS or not opening or opening["mark"] != "(":
        raise ValueError(f"unknown function {name} in {text!r}")
    parameters: list[Expression | None] = []
    at = opening.end()
    while True:
        parameter, at = _parse(text, at)
        parameters.append(parameter)
        mark = _TOKEN.match(text, at)
        if not mark or mark["mark"] not in (",", ")"):
            raise ValueError(f"not an expression: {text!r}")
        at = mark.end()
        if mark["mark"] == ")":
            return Expression("Function", name, text[hit.start() : at].strip(), tuple(parameters)), at
