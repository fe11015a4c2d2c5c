"""Section 05: assignments, groups and scope."""

from __future__ import annotations

from datetime import timedelta

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, marked
from scimrunbook.simulator.people import DEPARTMENTS, EVERYBODY
from scimrunbook.simulator.world import BEGIN, Change, Group, Person, World

NEW_TEAM = "Berlin Office"


def rehired(s: Scenario, person: Person, groups: list[str]) -> None:
    """The person's first day brings other groups than it would have."""
    for i, c in enumerate(s.world.timeline):
        if c.what == "hire" and c.data["person"] is person:
            s.world.timeline[i] = Change(c.at, c.what, {**c.data, "groups": groups}, c.by)


def _not_assigned(s: Scenario) -> None:
    """One new hire gets no group that assigns the app."""
    person = s.hired("joiner_after")[0]
    person.trait = "not_assigned"
    rehired(s, person, [])


def _new_group(s: Scenario, trait: str) -> Group:
    """The new hires of an office come into a group of its own and into no other."""
    group = Group(
        ("00gBerlinOffice000001" if s.provider == "okta" else "b3a1f6de-0000-4000-8000-0000000000b1"), NEW_TEAM
    )
    s.world.groups[group.key] = group
    for person in s.hired("joiner_after"):
        person.trait = trait
        rehired(s, person, [group.key])
    return group


def _group_not_assigned(s: Scenario) -> None:
    """A new office got a group, and nobody assigned the app to it."""
    _new_group(s, "group_not_assigned")


def _nested_group(s: Scenario) -> None:
    """The new office's group was put into an assigned one instead of being assigned itself."""
    inner = _new_group(s, "nested")
    outer = next(g for g in s.world.groups.values() if g.name == DEPARTMENTS[0])
    outer.subgroups.append(inner.key)


def _scoping_filter(s: Scenario) -> None:
    """A clause of the source object scope leaves a department out."""
    from scimrunbook.simulator.entra.settings import Clause

    s.settings.users.scope = [Clause("department", "NOT EQUALS", DEPARTMENTS[2])]


def _filtered_out(world: World) -> list[str]:
    scoped = world.in_scope()
    return [p.key for p in world.people.values()
            if p.key in scoped and p.status == "active" and p.department == DEPARTMENTS[2]]  # fmt: skip


def _group_not_pushed(s: Scenario) -> None:
    next(g for g in s.world.groups.values() if g.name == DEPARTMENTS[1]).pushed = False


def _unpushed(world: World) -> list[str]:
    return [g.key for g in world.groups.values() if g.name == DEPARTMENTS[1]]


def _push_is_assignment(s: Scenario) -> None:
    next(g for g in s.world.groups.values() if g.name == EVERYBODY).pushed = True


def _joined_later(world: World) -> list[str]:
    return [c.data["person"].key for c in world.timeline if c.what == "hire" and c.data["groups"]]


def _assigned_too_early(s: Scenario) -> None:
    """The app was assigned for a week before the admin enabled its API integration."""
    s.settings.provisioning = False
    s.world.at(BEGIN + timedelta(days=7), "setting", provisioning=True)


def _waiting_for_a_push(world: World) -> list[str]:
    hired = {c.data["person"].key for c in world.timeline if c.what == "hire"}
    return sorted(k for k in world.in_scope() if world.people[k].status == "active" and k not in hired)


def _inactive(s: Scenario) -> None:
    """A new hire is suspended the day they come, then assigned: nobody is made an account for."""
    person = s.hired("joiner_after")[0]
    person.trait = "inactive"
    change = next(c for c in s.world.timeline if c.what == "hire" and c.data["person"] is person)
    rehired(s, person, [])
    s.world.at(change.at + timedelta(minutes=2), "suspend", key=person.key)
    for group in change.data["groups"]:
        s.world.at(change.at + timedelta(minutes=30), "join", key=person.key, group=group)


FAULTS = (
    Fault("not_assigned", "A new hire was never assigned", BOTH, "assignment_scope", "assignments.people_are_assigned",
          "assignment", ("missing_people",), _not_assigned, marked("not_assigned")),
    Fault("group_not_assigned", "The group of a new office was not assigned", BOTH, "assignment_scope",
          "assignments.groups_are_assigned", "assignment", ("missing_people",), _group_not_assigned,
          marked("group_not_assigned"), observable_in=frozenset({"exports"})),
    Fault("nested_group", "A group stands inside an assigned one", ("entra",), "assignment_scope",
          "assignments.no_nested_groups", "assignment", ("missing_people",), _nested_group, marked("nested")),
    Fault("scoping_filter", "A scoping filter leaves a department out", ("entra",), "assignment_scope",
          "assignments.scope_admits_them", "scope", ("missing_people",), _scoping_filter, _filtered_out),
    Fault("group_not_pushed", "A group that should be a team is not pushed", ("okta",), "assignment_scope",
          "assignments.groups_are_assigned", "", ("missing_teams",), _group_not_pushed, _unpushed),
    Fault("push_group_is_assignment_group", "One group is assigned and pushed at once", ("okta",), "assignment_scope",
          "assignments.group_push_is_healthy", "teams", ("missing_teams",), _push_is_assignment, _joined_later),
    Fault("assigned_before_enabling", "People were assigned before provisioning was enabled", ("okta",),
          "integration_not_enabled", "assignments.assigned_after_enabling", "attempt", ("missing_people",),
          _assigned_too_early, _waiting_for_a_push),
    Fault("inactive_in_provider", "A new hire is suspended in the provider", BOTH, "assignment_scope",
          "assignments.people_are_active_in_provider", "directory", ("missing_people",), _inactive,
          marked("inactive")),
)  # fmt: skip
