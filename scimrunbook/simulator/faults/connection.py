"""Section 02: the application and its provisioning switches."""

from __future__ import annotations

from datetime import timedelta

from scimrunbook.simulator.faults.base import (
    BOTH,
    Fault,
    Scenario,
    changed_since,
    in_scope,
    joined_since,
    who_changed,
)
from scimrunbook.simulator.world import BREAK, World

_OFF = "integration_not_enabled"
_ACTIONS = "connection.actions_are_enabled"


def _app_inactive(s: Scenario) -> None:
    """Okta only: Entra's counterpart, an application disabled for sign-in, does not by itself stop the job."""
    s.world.at(BREAK, "setting", app_active=False)


def _never_configured(s: Scenario) -> None:
    """People were assigned, and nobody ever opened the provisioning page."""
    s.settings.provisioning = False
    s.settings.base_url = s.settings.token = ""
    if s.provider == "entra":
        s.settings.configured = False


def _paused(s: Scenario) -> None:
    s.world.at(BREAK, "setting", provisioning=False)


def _create_off(s: Scenario) -> None:
    _off(s, "create_users", ("Update", "Delete"))


def _update_off(s: Scenario) -> None:
    _off(s, "update_users", ("Add", "Delete"))


def _deactivate_off(s: Scenario) -> None:
    _off(s, "deactivate_users", ("Add", "Update"))


def _off(s: Scenario, toggle: str, flows: tuple[str, ...]) -> None:
    change = {toggle: False} if s.provider == "okta" else {"user_flows": flows}
    s.world.at(BREAK, "setting", **change)


def _not_updated(world: World) -> list[str]:
    """Okta sends names as updates; with Entra disabling is one too."""
    return who_changed(world, "rename") if world.provider == "okta" else who_changed(world, "rename", "disable")


def _not_deactivated(world: World) -> list[str]:
    """Entra's Delete is about people deleted for good; blocking and unassigning are updates there."""
    return who_changed(world, "disable", "unassign") if world.provider == "okta" else []


def _too_many_deletions(s: Scenario) -> None:
    """Accidental-deletion prevention is on, and an admin removes the largest team's group from the application."""
    s.settings.deletion_threshold = 3
    group = max(s.world.groups.values(), key=lambda g: (len(g.members), g.key))
    s.world.at(BREAK + timedelta(hours=1), "unassign_group", group=group.key)


def _moved(world: World) -> list[str]:
    return who_changed(world, "disable", "rename", "join", "leave")


def _held(world: World) -> list[str]:
    """Everybody with something to deliver, the members of the group that was removed among them."""
    removed = [world.groups[c.data["group"]] for c in world.timeline if c.what == "unassign_group"]
    hired = who_changed(world, "hire")
    return list(
        dict.fromkeys(
            [*joined_since(world), *_moved(world), *(m for g in removed for m in g.members if m not in hired)]
        )
    )


FAULTS = (
    Fault("app_inactive", "The application was deactivated", ("okta",), _OFF, "connection.app_is_active", "attempt",
          ("missing_people", "lingering_access"), _app_inactive, changed_since),
    Fault("never_configured", "Provisioning was never set up", BOTH, _OFF, "connection.provisioning_is_on", "attempt",
          ("missing_people",), _never_configured, in_scope),
    Fault("paused", "Provisioning was switched off", BOTH, _OFF, "connection.provisioning_is_on",
          "attempt", ("missing_people", "lingering_access"), _paused, changed_since),
    Fault("create_off", "Creating people was switched off", BOTH, _OFF, _ACTIONS, "attempt",
          ("missing_people",), _create_off, joined_since),
    Fault("update_off", "Updating people was switched off", BOTH, _OFF, _ACTIONS, "attempt",
          ("stale_attributes",), _update_off, _not_updated),
    Fault("deactivate_off", "Deactivating (Entra: deleting) people was switched off", BOTH, _OFF, _ACTIONS, "attempt",
          ("lingering_access",), _deactivate_off, _not_deactivated, elsewhere={"entra": (_ACTIONS, "")}),
    Fault("too_many_deletions", "The job was quarantined because a cycle would have disabled too many people",
          ("entra",), "assignment_scope", "connection.not_quarantined", "attempt", ("missing_people", "failing_jobs"),
          _too_many_deletions, _held),
)  # fmt: skip
