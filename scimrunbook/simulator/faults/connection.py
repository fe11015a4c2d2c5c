"""Section 02: the application and its provisioning switches."""

from __future__ import annotations

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, changed_since, joined_since
from scimrunbook.simulator.world import BREAK


def _paused(s: Scenario) -> None:
    s.world.at(BREAK, "setting", provisioning=False)


def _create_off(s: Scenario) -> None:
    s.world.at(BREAK, "setting", create_users=False)


FAULTS = (
    Fault("paused", "Provisioning was switched off", BOTH, "integration_not_enabled", "connection.provisioning_is_on",
          "attempt", ("missing_people", "lingering_access"), _paused, changed_since),
    Fault("create_off", "Create Users was switched off", ("okta",), "integration_not_enabled",
          "connection.actions_are_enabled", "attempt", ("missing_people",), _create_off, joined_since),
)  # fmt: skip
