"""What a fault is: what it does to the world, and the ground truth a diagnosis has to find.

``inject`` changes people, settings or the timeline before the engines run; ``affected`` says afterwards whom it hurt.
The truth never reaches the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scimrunbook.simulator.world import AS_OF, BREAK, Change, Person, World

BOTH = ("okta", "entra")
ANYWHERE = frozenset({"live", "exports"})


@dataclass(slots=True)
class Scenario:
    """What a fault may touch before the engines run."""

    world: World
    settings: Any  # the provider's Settings
    regions: dict[str, str]  # base URLs: "own", "other"
    new_token: str  # what Catalog accepts once the old token has died
    web_host: str = ""  # where people sign in to Catalog

    @property
    def provider(self) -> str:
        return self.world.provider

    def hired(self, trait: str) -> list[Person]:
        return [c.data["person"] for c in self.world.timeline if c.what == "hire" and c.data["person"].trait == trait]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really broken: ``cause`` family, the ``finding`` that decides, the hop where people stop, who."""

    fault: str
    cause: str
    finding: str
    hop: str
    affected: tuple[str, ...]
    symptoms: tuple[str, ...]
    observable_in: frozenset[str]
    by_source: Mapping[str, str] = field(default_factory=dict)  # where a source shows it by another finding
    at_most: bool = False
    partly: frozenset[str] = frozenset()  # sources that may show fewer than ``affected``

    def finding_in(self, source: str) -> str:
        """The finding that has to lead where a run reads from ``source`` (live, exports)."""
        return self.by_source.get(source, self.finding)


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and everything known about it beforehand.

    ``elsewhere`` names finding and hop where they are not ``finding`` and ``hop``: by provider, by source, or by
    ``entra/exports``, the most exact one counts. ``observable_in``: sources whose data can show it at all.
    ``affected`` gives keys of people, of groups where a team is what is missing. ``unseen`` and ``partly`` narrow
    it by ``entra/live``, each with the reason: what cannot be shown there at all, or not for everybody.
    """

    name: str
    title: str
    providers: tuple[str, ...]
    cause: str
    finding: str
    hop: str
    symptoms: tuple[str, ...]
    inject: Callable[[Scenario], None]
    affected: Callable[[World], list[str]]
    observable_in: frozenset[str] = ANYWHERE
    elsewhere: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    at_most: bool = False  # the data may show fewer than ``affected``: Catalog cannot be read
    unseen: Mapping[str, str] = field(default_factory=dict)
    partly: Mapping[str, str] = field(default_factory=dict)
    by_chance: bool = False  # hurts only those of ``affected`` who are behind in Catalog at the end

    def truth(self, world: World, behind: frozenset[str] = frozenset()) -> Truth:
        """``behind``: who is, see behind.py; looked at for what strikes by chance."""
        finding, hop = self.shown_by(world.provider)
        seen = self.seen_with(world.provider)
        by_source = {s: self.shown_by(world.provider, s)[0] for s in sorted(seen)}
        partly = frozenset(s for s in seen if f"{world.provider}/{s}" in self.partly)
        hurt = tuple(k for k in self.affected(world) if k in behind or not self.by_chance)
        return Truth(self.name, self.cause, finding, hop, hurt, self.symptoms,
                     seen, by_source, self.at_most, partly)  # fmt: skip

    def seen_with(self, provider: str) -> frozenset[str]:
        """The sources whose data can show it with this provider."""
        return frozenset(s for s in self.observable_in if f"{provider}/{s}" not in self.unseen)

    def shown_by(self, provider: str, source: str = "live") -> tuple[str, str]:
        """Finding and hop that show the fault in this provider's data from this source."""
        keys = (f"{provider}/{source}", source, provider)
        return next((self.elsewhere[k] for k in keys if k in self.elsewhere), (self.finding, self.hop))

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "providers": list(self.providers),
            "cause": self.cause,
            "finding": self.finding,
            "hop": self.hop,
            "symptoms": list(self.symptoms),
            "observable_in": sorted(self.observable_in),
            "elsewhere": {p: {"finding": f, "hop": h} for p, (f, h) in self.elsewhere.items()},
            "unseen": dict(self.unseen),
            "partly": dict(self.partly),
        }


# -- whom a fault hurts ------------------------------------------------------------------------


def _changes(world: World, *kinds: str) -> list[Change]:
    return [c for c in world.timeline if c.at > BREAK and c.what in kinds]


def _key(change: Change) -> str:
    return str(change.data["person"].key if change.what == "hire" else change.data["key"])


def joined_since(world: World) -> list[str]:
    return [k for k in dict.fromkeys(_key(c) for c in _changes(world, "hire")) if k in world.in_scope()]


def changed_since(world: World) -> list[str]:
    """Everybody who had something to deliver since the break."""
    kinds = ("hire", "disable", "enable", "rename", "join", "leave", "assign", "unassign")
    return list(dict.fromkeys(_key(c) for c in _changes(world, *kinds)))


def who_changed(world: World, *kinds: str, until: datetime = AS_OF) -> list[str]:
    """People to whom a change of these kinds happened since the break."""
    return list(dict.fromkeys(_key(c) for c in _changes(world, *kinds) if c.at < until))


def in_scope(world: World) -> list[str]:
    return sorted(k for k in world.in_scope() if world.people[k].status == "active")


def left(world: World) -> list[str]:
    """Everybody who left, before the break or after it."""
    return [_key(c) for c in world.timeline if c.what == "disable"]


def nobody(_: World) -> list[str]:
    return []


def marked(trait: str) -> Callable[[World], list[str]]:
    return lambda world: [p.key for p in world.people.values() if p.trait == trait]
