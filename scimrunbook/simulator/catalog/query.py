"""What a client asked a list for: from the query string, or from the body of a ``.search`` (RFC 7644 section 3.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrunbook.simulator.catalog.discovery import MAX_COUNT
from scimrunbook.simulator.catalog.patch import Document, Kind, RefusedError, matcher
from scimrunbook.simulator.catalog.store import Store

DEFAULT_COUNT = 100
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}", re.ASCII)
# The look-ups that providers send thousands of times; everything else goes through the filter grammar.
_SIMPLE = re.compile(r'(userName|displayName|externalId) +eq +"([^"\\\x00-\x1f]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Query:
    """``start`` counts from 1; ``count`` is at least 0 and at most what the server gives in one page."""

    filter: str
    start: int
    count: int
    attributes: tuple[str, ...]
    excluded: tuple[str, ...]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Query:
        """Reads texts or JSON values alike. Raises RefusedError with ``invalidValue``."""
        return cls(
            str(given.get("filter") or "").strip(),
            max(1, _whole(given, "startIndex", 1)),
            min(MAX_COUNT, max(0, _whole(given, "count", DEFAULT_COUNT))),
            _names(given.get("attributes")),
            _names(given.get("excludedAttributes")),
        )

    def run(self, store: Store, kinds: tuple[Kind, ...]) -> tuple[int, list[Document]]:
        """How many there are, and the page asked for."""
        if len(kinds) == 1 and not self.filter:
            return store.count(kinds[0]), store.page(kinds[0], self.start, self.count)
        found = [d for kind in kinds for d in (_matching(store, kind, self.filter) if self.filter else store.all(kind))]
        return len(found), found[self.start - 1 : self.start - 1 + self.count]


def _matching(store: Store, kind: Kind, expression: str) -> list[Document]:
    if simple := _SIMPLE.fullmatch(expression):
        attribute, value = simple.group(1).lower(), simple.group(2)
        if attribute == "externalid":
            return store.by_external(kind, value)
        if attribute == ("username" if kind == "Users" else "displayname"):
            return store.by_name(kind, value)
    matches = matcher(kind, expression)
    return [d for d in store.all(kind) if matches(d)]


def _whole(given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not _WHOLE.fullmatch(str(value)):
        raise RefusedError("invalidValue", f"{name} must be a whole number.")
    return int(value)


def _names(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(p.strip() for p in map(str, parts) if p.strip())
