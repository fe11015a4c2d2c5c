"""05 Assignments: people and groups are assigned, directly, and nothing keeps them out."""

from __future__ import annotations

import pandas as pd

from scimrunbook.checks import check
from scimrunbook.checks._groups import SCOPE, WHO, assign_screen, by_unassigned_group, nested_only
from scimrunbook.checks._needs import how_to_get
from scimrunbook.checks._provisioning import BROKEN
from scimrunbook.checks._words import (
    catalog_admin,
    count,
    keys,
    listed,
    people,
    people_screen,
    provider,
    screen,
    table_of,
    who,
)
from scimrunbook.derived import among, looked_up, no, yes
from scimrunbook.findings import Action, Cause, Evidence, Outcome, Reach, Status
from scimrunbook.history import iso, last_of, when
from scimrunbook.matching import catalog_known
from scimrunbook.pending import pending
from scimrunbook.scope import assigned_groups, assignments_known, scope
from scimrunbook.snapshot import Snapshot

S = "assignments"


@check(
    "assignments.people_are_assigned",
    "Everyone who should have Catalog is assigned, directly or by a group",
    section=S,
    source="Coalesce guide: Confirm assignments and group scope",
    needs=WHO,
    causes=SCOPE,
)
def people_are_assigned(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    asked = table[table["named"]]
    unknown = asked[~asked["in_directory"] & no(asked["assigned"]) & no(asked["active"])]
    # who still has an account although unassigned is somebody who left, not somebody who is missing
    lacking = asked[asked["in_directory"] & yes(asked["active"]) & no(asked["assigned"]) & ~yes(asked["on"])]
    # whom a group explains is counted where the group is: assigning it mends them all
    lacking = lacking[~among(lacking["person_key"], [*nested_only(snapshot), *by_unassigned_group(snapshot)[1]])]
    if not len(lacking) and not len(unknown):
        if not assignments_known(snapshot):
            return Outcome(
                Status.SKIPPED, "The list of assignments is not complete: who is missing from it may be in it."
            )
        scoped = int(yes(table["assigned"]).sum())
        if len(asked):
            return Outcome(
                Status.PASS, f"The {people(len(asked))} the incident names are assigned, or rightly are not."
            )
        return Outcome(Status.PASS, f"{people(scoped)} are assigned; the incident names nobody who is not.")
    hit = keys(pd.concat([lacking["person_key"], unknown["person_key"]]))
    said = []
    if len(lacking):
        one = len(lacking) == 1
        said.append(
            f"{who(snapshot, keys(lacking['person_key']))} {'is' if one else 'are'} active in {provider(snapshot)}, "
            f"but neither assigned nor a direct member of an assigned group"
        )
    if len(unknown):
        said.append(f"{listed(list(unknown['person_key'][:3]), len(unknown))} cannot be found in the directory")
    groups = assigned_groups(snapshot)["name"]
    by = f", or add them to {listed(list(groups[:3]), len(groups))}" if len(groups) else ""
    steps = []
    if len(lacking):
        button = "Assign > Assign to People" if snapshot.provider == "okta" else "Add user/group"
        steps.append(Action(assign_screen(snapshot), f"{button}: assign them{by}."))
    if len(unknown):
        steps.append(
            Action(people_screen(snapshot), "Search for them: another address, or the account is not made yet.")
        )
    return Outcome(
        Status.FAIL if len(lacking) else Status.WARN,
        f"{'; '.join(said)}.",
        "Everyone the incident names is assigned.",
        (table_of(snapshot, "Not assigned", hit), Evidence.of("Assigned groups", assigned_groups(snapshot)[["name"]])),
        hit,
        tuple(steps),
    )


@check(
    "assignments.scope_admits_them",
    "Scoping filters and the sync scope admit the people in question",
    section=S,
    source="Microsoft Learn: scoping filters; provisioning log, NotEffectivelyEntitled",
    providers=("entra",),
    needs={"entra": (("entra.provisioning_log",),)},
    causes=SCOPE,
)
def scope_admits_them(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    out = table[(table["need"] == "scope") & ~table["waiting"]]
    filters = [c for m in snapshot.facts.app.object_mappings for c in m.get("scope") or ()]
    hit = keys(out["person_key"])
    if not hit:
        also = f" {count(len(filters), 'scoping clause')} in the schema." if filters else ""
        if filters and not catalog_known(snapshot):
            return Outcome(
                Status.SKIPPED,
                f"{count(len(filters), 'scoping clause')} in the schema; whom it keeps out the log does not tell, "
                "Catalog's list would.",
                needs=how_to_get(snapshot, "catalog.users"),
            )
        return Outcome(Status.PASS, f"The log keeps nobody out who is assigned and active.{also}")
    shown = (Evidence("Scoping filters", ("clause",), tuple((str(f),) for f in filters[:10]), len(filters)),)
    return Outcome(
        Status.FAIL,
        f"Entra leaves out {people(len(hit))} although they are active and assigned: {who(snapshot, hit)}.",
        "Nothing but the assignment decides.",
        (table_of(snapshot, "Left out", hit, reason=out.set_index("person_key")["kept_out"]), *shown * bool(filters)),
        hit,
        _let_them_in(snapshot, bool(filters), hit),
    )


def _let_them_in(snapshot: Snapshot, filtered: bool, hit: tuple[str, ...]) -> tuple[Action, ...]:
    """What to do for people left out: the filter where one is known; else first look which condition fails.

    A broken assignment record is mended by assigning anew, but whoever is unassigned is deactivated first: so never as
    the first step, and never for a group, which would concern everybody in it.
    """
    filters = screen(snapshot, "Provisioning", "Attribute mapping", "Source object scope")
    if filtered:
        what = "Remove or correct the scoping filter; EQUALS is case-sensitive and an empty value never matches."
        return (Action(filters, what),)
    look = Action(
        screen(snapshot, "Provisioning logs"),
        "Open the skipped record of one of them: its scoping details name the condition that is false.",
    )
    if not snapshot.read("entra.schema"):
        return (look, Action(filters, "See whether a scoping filter is set, and correct it; the schema was not read."))
    table = scope(snapshot)
    own = table[table["person_key"].isin(hit) & yes(table["direct"])]
    if len(own) < len(hit):
        return (look,)
    return (
        look,
        Action(
            assign_screen(snapshot),
            "If every condition is true, remove their own assignment and add it again, with nothing in between.",
            "Where an account exists already, Catalog deactivates it until the next cycle.",
        ),
    )


@check(
    "assignments.assigned_after_enabling",
    "Nobody was assigned before provisioning was enabled and never pushed",
    section=S,
    providers=("okta",),
    source="Okta support: assigned before provisioning was enabled",
    needs={"okta": (("okta.app_users",),)},
    causes=(Cause.INTEGRATION_NOT_ENABLED,),
    blocked_by=(*BROKEN, "connection.actions_are_enabled"),
)
def assigned_after_enabling(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    app = snapshot["app_accounts"].dropna(subset=["person_key"]).drop_duplicates("person_key").set_index("person_key")
    lacking = table[table["need"].eq("create") & ~table["waiting"]]
    status = looked_up(lacking["person_key"], app["status"])
    tried = among(lacking["person_key"], last_of(snapshot).index)
    hit = keys(lacking[status.isin(("ACTIVE", "PENDING", "APPROVED")) & ~tried]["person_key"])
    if not hit:
        return Outcome(Status.PASS, "Everybody who is assigned was pushed, or is being pushed.")
    return Outcome(
        Status.FAIL,
        f"Okta never pushed {people(len(hit))} although assigned: {who(snapshot, hit)}.",
        "Every assignment is followed by a push.",
        (table_of(snapshot, "Assigned, never pushed", hit, assigned=app["created_at"]),),
        hit,
        (
            Action(
                screen(snapshot, "Assignments"),
                "Press Provision User (the red exclamation mark beside each name).",
                "Waiting and Force Sync do not create people who were assigned before provisioning was enabled.",
            ),
        ),
    )


@check(
    "assignments.people_are_active_in_provider",
    "The people in question are active in the provider",
    section=S,
    source="Coalesce guide: Confirm assignments and group scope",
    needs={"okta": (("okta.users",), ("okta.app_users",)), "entra": (("entra.users",),)},
    causes=SCOPE,
)
def people_are_active_in_provider(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    asked = table[table["named"]]
    off = asked[asked["in_directory"] & no(asked["active"])]
    if off.empty:
        if asked.empty:
            inactive = int(no(table["active"]).sum())
            return Outcome(Status.PASS, f"The incident names nobody; {people(inactive)} of the directory are inactive.")
        return Outcome(Status.PASS, f"The {people(len(asked))} the incident names are active, as far as is told.")
    wanted_in = {"missing_people", "empty_names"} & set(snapshot.incident.symptoms)
    leavers = "lingering_access" in snapshot.incident.symptoms
    # somebody who left and has no account is as it should be, unless the ticket is about exactly these people, or
    # misses somebody who never had one
    # where provisioning has made no account at all, that these have none tells nothing
    made = bool((yes(table["exists"]) & table["managed"]).any())
    if wanted_in and ((leavers and made) or (not leavers and len(off) < len(asked))):
        never = no(off["exists"]) & ~among(off["person_key"], last_of(snapshot)["ok_at"].dropna().index)
        meant = off[never]
    else:
        meant = off if wanted_in and not leavers else off[:0]
    off = off if meant.empty else meant
    hit = keys(off["person_key"])
    said = f"{who(snapshot, hit)} {'is' if len(hit) == 1 else 'are'} inactive in {provider(snapshot)}"
    if meant.empty:
        return Outcome(Status.PASS, f"{said}: provisioning removes such people, it does not create them.")
    status = off.set_index("person_key")["status"]
    return Outcome(
        Status.WARN,
        f"{said}, so no account is made for them.",
        "The people who should have Catalog are active.",
        (table_of(snapshot, "Inactive", hit, account=status),),
        hit,
        (
            Action(
                people_screen(snapshot, "the person"), "Activate or unsuspend the person, if they should have Catalog."
            ),
        ),
    )


@check(
    "assignments.leavers_were_unassigned_by_provider",
    "Leavers left by deactivation or unassignment that the provider sends on",
    section=S,
    source="Microsoft Learn: how provisioning works; Okta help: deactivation",
    needs={"okta": (("okta.users",), ("okta.app_users",)), "entra": (("entra.users", "entra.assignments"),)},
    causes=(Cause.SYNC_SCHEDULE,),
    blocked_by=(
        *BROKEN,
        "connection.actions_are_enabled",
        "mapping.entra_users_kept",
        "sync.runs_on_schedule",
        "sync.deactivations_were_delivered",
    ),
)
def leavers_were_unassigned_by_provider(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    left = table[(table["need"] == "deactivate") & ~table["waiting"]]
    tried = last_of(snapshot)
    sent = among(left["person_key"], tried.index[tried["failed_action"].eq("deactivate") | tried["state"].eq("off")])
    hit = keys(left[~sent]["person_key"])
    if not hit:
        return Outcome(Status.PASS, "The provider sent on every departure that is known.")
    since = left["since"].min()
    return Outcome(
        Status.FAIL,
        f"{provider(snapshot)} never sent on that {who(snapshot, hit)} left (known since {when(since)}).",
        "Every departure is followed by a deactivation.",
        (table_of(snapshot, "Left, never deactivated", hit),),
        hit,
        _send_them_off(snapshot, left[~sent]),
        reach=Reach.PEOPLE,
        since=iso(since),
    )


def _send_them_off(snapshot: Snapshot, left: pd.DataFrame) -> tuple[Action, ...]:
    """What ends access that the provider left open. Okta assigns nobody whom it has deactivated (Okta support)."""
    by_hand = catalog_admin("Deactivate their accounts by hand.", "That ends their access at once.")
    if snapshot.provider == "entra":
        restart = Action(
            screen(snapshot, "Provisioning", "Overview"),
            "Then press Restart provisioning.",
            "It looks at everybody anew; Provision on demand cannot disable anybody.",
        )
        return (by_hand, restart)
    if bool(no(left["active"]).all()):
        return (by_hand,)
    once_more = Action(
        assign_screen(snapshot),
        "Or, for those still active in Okta: assign them once more and remove them again.",
        "Okta sends a deactivation only when somebody is removed; Force Sync does not send it.",
    )
    return (by_hand, once_more)
