"""Faults by name: what each does to the world, and the ground truth a diagnosis has to find.

``inject`` changes people, settings or the timeline before the engines run; ``affected`` says afterwards whom it hurt.
The truth never reaches the checks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
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


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault and everything known about it beforehand."""

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

    def truth(self, world: World) -> Truth:
        return Truth(self.name, self.cause, self.finding, self.hop, tuple(self.affected(world)), self.symptoms,
                     self.observable_in)  # fmt: skip

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


def in_scope(world: World) -> list[str]:
    return sorted(k for k in world.in_scope() if world.people[k].status == "active")


def marked(trait: str) -> Callable[[World], list[str]]:
    return lambda world: [p.key for p in world.people.values() if p.trait == trait]


# -- what a fault does -------------------------------------------------------------------------


def _nothing(_: Scenario) -> None:
    """A healthy tenant."""


def _paused(s: Scenario) -> None:
    s.world.at(BREAK, "setting", provisioning=False)


def _create_off(s: Scenario) -> None:
    s.world.at(BREAK, "setting", create_users=False)


def _token_expired(s: Scenario) -> None:
    s.world.at(BREAK, "catalog", do="tokens", tokens=[s.new_token])


def _wrong_region(s: Scenario) -> None:
    s.world.at(BREAK, "setting", base_url=s.regions["other"])


def _not_assigned(s: Scenario) -> None:
    """One new hire gets no group that assigns the app."""
    person = s.hired("joiner_after")[0]
    person.trait = "not_assigned"
    for i, c in enumerate(s.world.timeline):
        if c.what == "hire" and c.data["person"] is person:
            s.world.timeline[i] = Change(c.at, c.what, {**c.data, "groups": []}, c.by)


def _names_empty(s: Scenario) -> None:
    """HR created two of the new hires without first and last name."""
    for person in s.hired("joiner_after")[:2]:
        person.given = person.family = ""
        person.trait = "names_empty"


def _manual_account(s: Scenario) -> None:
    """A first sign-in by an alias made an account beside the one SCIM manages."""
    person = next(p for p in s.world.people.values() if p.trait == "plain" and p.aliases)
    person.trait = "manual_account"
    document = {
        "userName": person.aliases[0],
        "name": {"givenName": person.given, "familyName": person.family},
        "emails": [{"value": person.aliases[0], "primary": True}],
        "active": True,
    }
    s.world.at(AS_OF - timedelta(days=4), "catalog", do="add_user", document=document)


def _external_id(s: Scenario) -> None:
    """The default row was never edited."""
    s.settings.users.map("externalId", "mailNickname")


_LIST = (
    Fault("none", "A healthy tenant", BOTH, "", "", "", (), _nothing, lambda _: []),
    Fault("paused", "Provisioning was switched off", BOTH, "integration_not_enabled", "connection.provisioning_is_on",
          "attempt", ("missing_people", "lingering_access"), _paused, changed_since),
    Fault("create_off", "Create Users was switched off", ("okta",), "integration_not_enabled",
          "connection.actions_are_enabled", "attempt", ("missing_people",), _create_off, joined_since),
    Fault("token_expired", "The Catalog token expired", BOTH, "url_or_token", "token.did_not_change", "attempt",
          ("missing_people", "failing_jobs"), _token_expired, changed_since),
    Fault("wrong_region", "The base URL of the other region was typed in", BOTH, "url_or_token",
          "base_url.matches_the_region", "attempt", ("missing_people", "failing_jobs"), _wrong_region, changed_since),
    Fault("not_assigned", "A new hire was never assigned", BOTH, "assignment_scope", "assignments.people_are_assigned",
          "assignment", ("missing_people",), _not_assigned, marked("not_assigned")),
    Fault("names_empty", "First and last name are empty in the provider", BOTH, "attribute_mapping",
          "mapping.source_values_present", "mapping", ("empty_names",), _names_empty, marked("names_empty")),
    Fault("external_id_mailnickname", "externalId still comes from mailNickname", ("entra",), "attribute_mapping",
          "mapping.entra_external_id", "mapping", ("stale_attributes",), _external_id, in_scope),
    Fault("manual_account", "An account made by hand stands beside the SCIM one", BOTH, "duplicate_identity",
          "accounts.one_per_person", "account", ("stale_attributes",), _manual_account, marked("manual_account")),
)  # fmt: skip
FAULTS: dict[str, Fault] = {f.name: f for f in _LIST}
