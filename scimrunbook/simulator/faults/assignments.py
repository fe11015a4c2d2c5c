"""Section 05: assignments, groups and scope."""

from __future__ import annotations

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, marked
from scimrunbook.simulator.world import Change


def _not_assigned(s: Scenario) -> None:
    """One new hire gets no group that assigns the app."""
    person = s.hired("joiner_after")[0]
    person.trait = "not_assigned"
    for i, c in enumerate(s.world.timeline):
        if c.what == "hire" and c.data["person"] is person:
            s.world.timeline[i] = Change(c.at, c.what, {**c.data, "groups": []}, c.by)


FAULTS = (
    Fault("not_assigned", "A new hire was never assigned", BOTH, "assignment_scope", "assignments.people_are_assigned",
          "assignment", ("missing_people",), _not_assigned, marked("not_assigned")),
)  # fmt: skip
