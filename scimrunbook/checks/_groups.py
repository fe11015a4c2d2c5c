"""05 Assignments, continued: groups. Imported by ``assignments``."""

from __future__ import annotations

import pandas as pd

from scimrunbook.checks import check
from scimrunbook.checks._provisioning import BROKEN
from scimrunbook.checks._words import (
    count,
    keys,
    listed,
    people,
    screen,
    table_of,
    who,
)
from scimrunbook.derived import derived, looked_up, no, yes
from scimrunbook.findings import Action, Cause, Evidence, Outcome, Status
from scimrunbook.history import iso, last_of
from scimrunbook.scope import assigned_groups, direct_members, scope, team_groups
from scimrunbook.snapshot import Snapshot
from scimrunbook.teams import team_gaps

S = "assignments"
SCOPE = (Cause.ASSIGNMENT_SCOPE,)
WHO = {"okta": (("okta.app_users",), ("okta.app_groups",)), "entra": (("entra.assignments",),)}


def assign_screen(snapshot: Snapshot) -> str:
    return screen(snapshot, "Assignments" if snapshot.provider == "okta" else "Users and groups")


@derived
def nested_only(snapshot: Snapshot) -> tuple[str, ...]:
    """Keys of active people who belong to an assigned group of Entra only through a group inside it."""
    if snapshot.provider != "entra":
        return ()
    table = snapshot["memberships"]
    holds = table[table["member_type"] == "group"]
    inside = set(holds[holds["group_key"].isin(assigned_groups(snapshot)["group_key"])]["member_key"].dropna())
    new = inside
    while new:  # ends: every round adds a group or is the last
        new = set(holds[holds["group_key"].isin(new)]["member_key"].dropna()) - inside
        inside |= new
    if not inside:
        return ()
    inner = direct_members(snapshot)
    inner = inner[inner["group_key"].isin(inside)]
    everyone = scope(snapshot)
    lost = everyone["person_key"].isin(inner["person_key"]) & ~yes(everyone["assigned"]) & ~no(everyone["active"])
    return keys(everyone[lost]["person_key"])


@derived
def by_unassigned_group(snapshot: Snapshot) -> tuple[str, tuple[str, ...]]:
    """The group whose assignment was forgotten (its name) and its active members; nothing where no group explains it.

    All people of the incident who are active and not assigned are members of one group of two at least that is not
    assigned, and none of its active members is assigned otherwise.
    """
    everyone = scope(snapshot)
    lacking = everyone[everyone["named"] & yes(everyone["active"]) & no(everyone["assigned"])]["person_key"]
    lacking = lacking[~lacking.isin(nested_only(snapshot))]
    if lacking.empty:
        return "", ()
    members = direct_members(snapshot)
    members = members[~members["group_key"].isin(assigned_groups(snapshot)["group_key"])]
    members = members.merge(everyone[["person_key", "active", "assigned"]], on="person_key")
    members = members[yes(members["active"])]
    asked = members[members["person_key"].isin(lacking)].groupby("group_key").size()
    shared = asked[asked == len(lacking)].index
    taken = members[~no(members["assigned"])]["group_key"]
    shared = shared[~shared.isin(taken)]
    if shared.empty:
        return "", ()
    size = members[members["group_key"].isin(shared)].groupby("group_key").size()
    size = size[size > 1]
    if size.empty:
        return "", ()
    key = size.sort_values(kind="stable").index[0]
    names = snapshot["groups"].dropna(subset=["group_key"]).drop_duplicates("group_key").set_index("group_key")["name"]
    return str(names.get(key, key)), keys(members[members["group_key"] == key]["person_key"])


@check(
    "assignments.groups_are_assigned",
    "The groups that should be teams are assigned (Entra) or pushed (Okta)",
    section=S,
    source="Coalesce guide: Confirm assignments and group scope",
    needs={"okta": (("okta.push_mappings",),), "entra": (("entra.assignments",),)},
    causes=SCOPE,
)
def groups_are_assigned(snapshot: Snapshot) -> Outcome:
    name, forgotten = by_unassigned_group(snapshot)
    if forgotten:
        button = "Assign > Assign to Groups" if snapshot.provider == "okta" else "Add user/group"
        return Outcome(
            Status.FAIL,
            f"The group {name} is not assigned, and none of its active members is otherwise: "
            f"{who(snapshot, forgotten)}.",
            "The groups whose members should have Catalog are assigned.",
            (table_of(snapshot, f"Active members of {name}", forgotten),),
            forgotten,
            (Action(assign_screen(snapshot), f"{button}: assign {name}."),),
        )
    groups = team_groups(snapshot)
    verb = "pushed" if snapshot.provider == "okta" else "assigned"
    wished = {t.casefold(): t for teams in snapshot.incident.role_mapping.values() for t in teams}
    lacking = [t for f, t in sorted(wished.items()) if f not in set(groups["name"].str.casefold())]
    real = snapshot["groups"].dropna(subset=["name"])
    known = real[real["name"].str.casefold().isin([t.casefold() for t in lacking])]
    if len(known):
        names = sorted(known["name"])
        where = screen(snapshot, "Push Groups") if snapshot.provider == "okta" else assign_screen(snapshot)
        how = "Push Groups > Find groups by name" if snapshot.provider == "okta" else "Add user/group"
        return Outcome(
            Status.FAIL,
            f"The role mapping names {listed(names)}, and the group exists, but it is not {verb}.",
            f"Every group that should be a team is {verb}.",
            affected=keys(known["group_key"]),
            actions=(Action(where, f"{how}: add {listed(names)}."),),
        )
    if groups.empty and "missing_teams" in snapshot.incident.symptoms:
        where = screen(snapshot, "Push Groups") if snapshot.provider == "okta" else assign_screen(snapshot)
        return Outcome(
            Status.FAIL,
            f"No group is {verb} at all, so Catalog gets no team.",
            f"Every group that should be a team is {verb}.",
            actions=(Action(where, "Add the groups that should be teams."),),
        )
    return Outcome(Status.PASS, f"{count(len(groups), 'group is', 'groups are')} {verb}.")


@check(
    "assignments.no_nested_groups",
    "Nobody relies on a nested group",
    section=S,
    providers=("entra",),
    source="Microsoft Learn: how provisioning works (direct members only)",
    needs={"entra": (("entra.assignments", "entra.members"),)},
    causes=SCOPE,
)
def no_nested_groups(snapshot: Snapshot) -> Outcome:
    table = snapshot["memberships"]
    outer = assigned_groups(snapshot)
    nested = table[(table["member_type"] == "group") & table["group_key"].isin(outer["group_key"])]
    if nested.empty:
        return Outcome(Status.PASS, "No assigned group holds another group.")
    hit = nested_only(snapshot)
    names = sorted(outer[outer["group_key"].isin(nested["group_key"])]["name"])
    if not hit:
        return Outcome(Status.PASS, f"{listed(names)} hold other groups, but everybody in those is assigned otherwise.")
    return Outcome(
        Status.FAIL,
        f"{people(len(hit))} belong to {listed(names)} only through a group inside it, and Entra provisions direct "
        f"members only: {who(snapshot, hit)}.",
        "Everybody is a direct member of an assigned group.",
        (table_of(snapshot, "Members of nested groups", hit),),
        hit,
        (Action(assign_screen(snapshot), "Add the inner groups themselves, or make these people direct members."),),
    )


@check(
    "assignments.group_push_is_healthy",
    "Group push mappings are active and without error; the pushed group is not the assignment group",
    section=S,
    providers=("okta",),
    source="Okta help: Group Push troubleshooting",
    needs={"okta": (("okta.push_mappings",),)},
    causes=SCOPE,
    blocked_by=BROKEN,
)
def group_push_is_healthy(snapshot: Snapshot) -> Outcome:
    groups = team_groups(snapshot)
    broken = groups[groups["status"].isin(("ERROR", "INACTIVE")) | groups["error"].notna()]
    both = groups[groups["group_key"].isin(assigned_groups(snapshot)["group_key"])]
    where = screen(snapshot, "Push Groups")
    if broken.empty and both.empty:
        return Outcome(Status.PASS, f"{count(len(groups), 'push mapping')}, all active, none used for assignment.")
    said, steps = [], []
    gaps = team_gaps(snapshot)
    gaps = gaps[gaps["group_key"].isin([*broken["group_key"], *both["group_key"]]) & ~gaps["waiting"]]
    if len(broken):
        said.append(f"the push of {listed(sorted(broken['name'])[:3], len(broken))} is off or in error")
        steps.append(Action(where, "Open the mapping's status menu: Activate, or Push now; read the Errors tab."))
    if len(both):
        said.append(f"{listed(sorted(both['name'])[:3], len(both))} is pushed and used for assignment at once")
        steps.append(
            Action(where, "Use one group for assignment and another for the push; Okta does not support both.")
        )
    # a push that failed because of what Catalog answered is no matter of assignment: section 06 says whose it is
    family = looked_up(broken["group_key"], last_of(snapshot)["family"]).dropna() if both.empty else broken["name"][:0]
    # nor is one of which no log tells why it failed
    untold = len(broken) > 0 and both.empty and not snapshot.read("okta.system_log")
    return Outcome(
        Status.FAIL if len(broken) or len(gaps) else Status.WARN,
        f"{listed(said)}.".replace("the push", "The push", 1)
        + (f" {people(gaps['person_key'].nunique())} of these groups differ from the team." if len(gaps) else ""),
        "Active mappings without error, of groups that assign nobody.",
        (Evidence.of("Push mappings", pd.concat([broken, both])[["name", "status", "error"]].drop_duplicates()),),
        keys(gaps["person_key"] if len(gaps) else pd.concat([broken["group_key"], both["group_key"]])),
        tuple(steps),
        since=iso(broken["at"].max()) if len(broken) else None,
        causes=() if len(family) or untold else None,
    )
