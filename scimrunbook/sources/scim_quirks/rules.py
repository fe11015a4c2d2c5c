"""What a rule is given and says, and how one is kept: ``@quirk("its name in guide.SCIM_QUIRKS")``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimrunbook.sources import scim_records as scim

Json = Any
CONTROLS = ("no_token", "wrong_token")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. ``value``: the body as JSON, None where it is none; ``count``, ``start``: asked."""

    status: int
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    value: Json = None
    html: bool = False
    empty: bool = False
    count: int | None = None
    start: int = 1

    @property
    def page(self) -> dict[str, Any] | None:
        return self.value if self.status == 200 and isinstance(self.value, dict) else None

    @property
    def documents(self) -> list[dict[str, Any]]:
        items = scim.get(self.page, "Resources") if self.page else None
        return [d for d in items if isinstance(d, dict)] if isinstance(items, list) else []

    @property
    def ids(self) -> list[str]:
        return [str(scim.identity(d)) for d in self.documents]

    @property
    def total(self) -> int | None:
        return scim.whole(scim.get(self.page, "totalResults")) if self.page else None

    @property
    def listed(self) -> bool:
        return self.page is not None and self.total is not None


@dataclass(frozen=True, slots=True)
class Seen:
    """A quirk, the probe request that shows it, and what it showed (never a person's value)."""

    quirk: str
    probe: str
    shown: str


Asked = Mapping[str, Exchange]
Rule = Callable[[Asked], Iterator[tuple[str, str]]]  # probe name, what it showed
RULES: dict[str, Rule] = {}


def quirk(name: str) -> Callable[[Rule], Rule]:
    def kept(rule: Rule) -> Rule:
        RULES[name] = rule
        return rule

    return kept


def some(asked: Asked, *names: str) -> Iterator[tuple[str, Exchange]]:
    return ((n, asked[n]) for n in names or asked if n in asked)


def people(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    for n, e in some(asked, "provider_test", "list_users", "page_two", "filter_known"):
        yield from ((n, d) for d in e.documents)
