"""Catalog's side: its endpoint answers badly, or somebody changed accounts there by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from scimrunbook.simulator.faults.base import (
    BOTH,
    Fault,
    Scenario,
    changed_since,
    joined_since,
    marked,
    nobody,
    who_changed,
)
from scimrunbook.simulator.world import BREAK, World

_CAUSE = "catalog_side"
_BUSY = "sync.endpoint_keeps_up"
# Where nothing is answered at all Entra sends nobody, and only the job tells.
_OUTAGE = {"entra": ("connection.not_quarantined", "")}
_SYMPTOMS = ("missing_people", "failing_jobs")


def _since_break(**switches: Any) -> Callable[[Scenario], None]:
    """Turns these switches of the practice Catalog when faults strike."""
    return lambda s: s.world.at(BREAK, "catalog", do="misbehave", **switches)


def _extra_refused(s: Scenario) -> None:
    """The row for the department was left in the mapping, and Catalog takes no such attribute any more."""
    _since_break(refused_attributes=("department",))(s)
    if s.provider == "okta":
        s.settings.to_app["department"] = ("user.department", "PUSH")
    else:
        s.settings.users.map("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "department")


def _deleted_by_hand(s: Scenario) -> None:
    """Somebody tidied up in Catalog's own user list."""
    person = next(p for p in s.world.people.values() if p.trait == "plain" and p.key in _settled(s.world))
    person.trait = "deleted_by_hand"
    user_name = person.email if s.provider == "okta" else person.login
    s.world.at(BREAK + timedelta(hours=1), "catalog", do="delete_user", user_name=user_name)


def _settled(world: World) -> set[str]:
    """Members of a department from the beginning, to whom nothing happens."""
    moved = {c.data.get("key") for c in world.timeline}
    return {m for g in world.groups.values() for m in g.members} - moved


def _asked_for(world: World) -> list[str]:
    """Whose own record was sent; their teams were brought up to date, if late."""
    return who_changed(world, "hire", "disable", "rename")


def _named(world: World) -> list[str]:
    return who_changed(world, "hire", "rename")


def _patched(world: World) -> list[str]:
    """Okta puts names and patches the rest; Entra patches whatever is no new account. Teams are patched by both."""
    return [k for k in changed_since(world) if world.provider == "entra" or k not in who_changed(world, "rename")]


def _whole(world: World) -> list[str]:
    """Okta sends a changed person whole, Entra only what changed: the extra attribute goes along with new people."""
    return _named(world) if world.provider == "okta" else joined_since(world)


def _deactivated(world: World) -> list[str]:
    return who_changed(world, "disable", "unassign")


FAULTS = (
    Fault("endpoint_down", "Catalog's endpoint answers everything with 503", BOTH, _CAUSE, _BUSY, "",
          _SYMPTOMS, _since_break(down=True), changed_since,
          elsewhere=_OUTAGE, at_most=True),
    Fault("endpoint_5xx", "Catalog's endpoint answers writes with 500", BOTH, _CAUSE, _BUSY, "", _SYMPTOMS,
          _since_break(failing_writes=True), changed_since),
    Fault("throttled", "Catalog's endpoint answers writes with 429", BOTH, _CAUSE, _BUSY, "", _SYMPTOMS,
          _since_break(throttled_writes=True), changed_since),
    Fault("slow", "Catalog's endpoint takes longer than the provider waits", BOTH, _CAUSE, _BUSY, "", _SYMPTOMS,
          _since_break(slow_writes=True), _asked_for),
    Fault("html_answers", "A sign-in page answers in place of Catalog's endpoint", BOTH, _CAUSE, _BUSY, "",
          _SYMPTOMS, _since_break(html=True), changed_since,
          elsewhere=_OUTAGE, at_most=True),
    Fault("patch_refused", "Catalog's endpoint refuses PATCH", BOTH, _CAUSE, _BUSY, "",
          ("lingering_access", "failing_jobs"), _since_break(patch_refused=True), _patched),
    Fault("intermittent_401", "Catalog refuses the token now and then", BOTH, _CAUSE, "token.is_accepted_every_time",
          "", ("missing_people", "failing_jobs"), _since_break(refused_every=4), changed_since,
          by_chance=True),
    Fault("active_ignored", "Catalog accepts active:false and leaves the account active", BOTH, _CAUSE,
          "sync.deactivations_were_delivered", "account", ("lingering_access",), _since_break(active_ignored=True),
          _deactivated),
    Fault("names_dropped", "Catalog accepts names and does not keep them", BOTH, _CAUSE, "mapping.values_arrive",
          "mapping", ("empty_names",), _since_break(names_dropped=True), _named),
    Fault("paging_repeats", "Catalog's endpoint gives its first page again and again", BOTH, _CAUSE,
          "connection.paging_is_sound", "", (), _since_break(first_page_again=True), nobody,
          observable_in=frozenset({"live"})),
    Fault("extra_refused", "An extra attribute is mapped, and Catalog refuses it", BOTH, "attribute_mapping",
          "mapping.entra_no_extras", "mapping", _SYMPTOMS, _extra_refused, _whole,
          elsewhere={"okta": ("mapping.okta_to_app", "mapping")}),
    Fault("deleted_by_hand", "An account was deleted in Catalog by hand", BOTH, "duplicate_identity",
          "accounts.none_was_removed_by_hand", "account", ("missing_people",), _deleted_by_hand,
          marked("deleted_by_hand")),
)  # fmt: skip
