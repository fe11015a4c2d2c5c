"""The small world both providers share: people, groups, and what happens to them over time.

A ``World`` is the state of the directory at the beginning plus a timeline of ``Change``s. An engine walks the
timeline on the virtual clock and provisions Catalog as its provider would; nothing here knows Okta, Entra or SCIM.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

AS_OF = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)  # the virtual present of every tenant
BEGIN = AS_OF - timedelta(days=21)  # provisioning was switched on shortly after
BREAK = AS_OF - timedelta(days=2, hours=3)  # when a fault that strikes at a moment strikes


@dataclass(slots=True)
class Person:
    """``key`` is the provider's object id. ``login`` is Okta's login or Entra's userPrincipalName."""

    key: str
    given: str
    family: str
    email: str
    login: str
    status: str = "active"  # active | suspended | disabled (Okta: deprovisioned)
    kind: str = "member"  # member | guest | contractor | admin
    mail_nickname: str = ""
    department: str = ""
    created_at: datetime = BEGIN
    changed_at: datetime = BEGIN
    aliases: list[str] = field(default_factory=list)  # other addresses (Okta secondEmail, Entra otherMails)
    trait: str = "plain"  # leaver | renamed | guest | plus_address | non_ascii | moved | joiner | …


@dataclass(slots=True)
class Group:
    key: str
    name: str
    members: list[str] = field(default_factory=list)  # person keys
    subgroups: list[str] = field(default_factory=list)  # group keys (Entra: nested; never expanded)
    assigned: bool = False  # the app is assigned to it
    pushed: bool = False  # Okta: group push; Entra: an assigned group is a team by itself
    created_at: datetime = BEGIN


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happens at a moment. ``what`` and its ``data``:

    hire {person: Person, groups: [key]} · disable {key} · suspend {key} · enable {key} · delete {key}
    rename {key, given?, family?, email?, login?} · join {key, group} · leave {key, group}
    assign {key} · unassign {key} (direct assignment of a person) · assign_group {group} · unassign_group {group}
    setting {name: value, …} (the engine's Settings)
    catalog {do: add_user, document} · {do: delete_user, user_name} · {do: tokens, tokens} · {do: misbehave, switch:
    value, …} (what happens at Catalog's side; the tenant does it, engines pass it over)
    """

    at: datetime
    what: Literal[
        "hire",
        "disable",
        "suspend",
        "enable",
        "delete",
        "rename",
        "join",
        "leave",
        "assign",
        "unassign",
        "assign_group",
        "unassign_group",
        "setting",
        "catalog",
    ]
    data: dict[str, Any]
    by: str = "admin@example.com"


@dataclass(slots=True)
class World:
    provider: Literal["okta", "entra"]
    seed: int
    people: dict[str, Person]
    groups: dict[str, Group]
    assigned: set[str] = field(default_factory=set)  # people assigned directly
    timeline: list[Change] = field(default_factory=list)

    def at(self, moment: datetime, what: Any, by: str = "admin@example.com", **data: Any) -> None:
        """Adds a change, keeping the timeline in order of time (and of addition where times are equal)."""
        self.timeline.append(Change(moment, what, data, by))
        self.timeline.sort(key=lambda c: c.at)

    def in_scope(self) -> set[str]:
        """Keys of people assigned directly or as a direct member of an assigned group (active or not)."""
        return self.assigned | {m for g in self.groups.values() if g.assigned for m in g.members}
