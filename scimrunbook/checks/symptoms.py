"""01 Symptoms: what people see, compared with what the data shows. A symptom describes; it decides no cause."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.checks import check
from scimrunbook.checks._failures import standing
from scimrunbook.checks._needs import how_to_get
from scimrunbook.checks._words import (
    catalog_admin,
    count,
    keys,
    listed,
    people,
    provider,
    push_again,
    table_of,
    who,
)
from scimrunbook.derived import yes
from scimrunbook.findings import Action, Evidence, Outcome, Status
from scimrunbook.history import in_backoff, refusals, when
from scimrunbook.jobs import own_jobs
from scimrunbook.matching import catalog_known
from scimrunbook.pending import left_by_hand, pending
from scimrunbook.scope import assignments_known
from scimrunbook.snapshot import Snapshot
from scimrunbook.teams import members_known, team_gaps, teams_known, wanted_teams

S = "symptoms"
WHO = {
    "okta": (("okta.app_users",), ("okta.users", "okta.members")),
    "entra": (("entra.assignments", "entra.users"), ("entra.provisioning_log",)),
}


def read_on(*where: str) -> Action:
    return Action(" · ".join(where), "Go through those sections: they name the cause of this symptom.")


@check(
    "symptoms.nobody_missing",
    "Everyone in scope has an active Catalog account",
    section=S,
    source="Coalesce guide: How issues show up",
    needs=WHO,
    deciding=False,
)
def nobody_missing(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    lacking = table[table["need"].isin(("create", "reactivate", "scope")) & ~table["waiting"]]
    unassigned = table[
        table["named"] & yes(table["active"]) & yes(~table["assigned"]) & yes(~(table["exists"] & table["on"]))
    ]
    missing = keys(pd.concat([lacking["person_key"], unassigned["person_key"]]))
    waiting = int((table["waiting"] & table["need"].isin(("create", "reactivate"))).sum())
    also = f" {people(waiting)} changed too recently to have arrived." if waiting else ""
    if missing:
        since = table.set_index("person_key")["since"]
        return Outcome(
            Status.FAIL,
            f"{people(len(missing))} who should have Catalog {_have(missing)} no active account: "
            f"{who(snapshot, missing)}.{also}",
            "Everyone who is active and assigned has an active account.",
            (table_of(snapshot, "Missing in Catalog", missing, last_change=since),),
            missing,
            (read_on("02 Connection", "05 Assignments"),),
        )
    unknown = int((yes(table["in_scope"]) & (table["need"] == "unknown")).sum())
    scoped = int(yes(table["in_scope"]).sum())
    if scoped == 0 or unknown == scoped:
        return _not_told(snapshot, "who has an account")
    left = f" Of {people(unknown)} more the data does not tell." if unknown else ""
    return Outcome(Status.PASS, f"All {people(scoped - unknown)} in scope have an active account.{also}{left}")


def _have(missing: tuple[str, ...]) -> str:
    return "has" if len(missing) == 1 else "have"


def _blank(values: pd.Series[Any]) -> pd.Series[Any]:
    return values.isna() | values.str.strip().eq("").fillna(False).astype(bool)


def _not_told(snapshot: Snapshot, question: str) -> Outcome:
    said = f"{provider(snapshot)}'s data does not tell {question}."
    return Outcome(Status.SKIPPED, said, needs=how_to_get(snapshot, "catalog.users"))


@check(
    "symptoms.attributes_current",
    "Names and team membership in Catalog match the provider",
    section=S,
    source="Coalesce guide: How issues show up",
    needs=WHO,
    deciding=False,
)
def attributes_current(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    stale = table[(table["need"] == "update") & ~table["waiting"]]
    gaps = team_gaps(snapshot)
    gaps = gaps[~gaps["waiting"]]
    hit = keys(pd.concat([stale["person_key"], gaps["person_key"]]))
    if hit:
        said = []
        if len(stale):
            said.append(f"the attributes of {people(len(stale))}")
        if len(gaps):
            said.append(f"the team membership of {people(gaps['person_key'].nunique())}")
        return Outcome(
            Status.FAIL,
            f"Catalog does not hold {listed(said)} as {provider(snapshot)} does: {who(snapshot, hit)}.",
            f"Catalog shows what {provider(snapshot)} holds.",
            (
                table_of(snapshot, "Out of date", hit, differs=table.set_index("person_key")["differs"]),
                Evidence.of("Team membership that differs", gaps[["person_key", "name", "gap"]]),
            ),
            hit,
            (read_on("02 Connection", "04 Attribute mapping", "06 Sync and logs"),),
        )
    if not catalog_known(snapshot) and not bool(table["named_where_known"].any()):
        return _not_told(snapshot, "which names Catalog holds")
    left = "" if members_known(snapshot) else " Team membership is not told."
    return Outcome(Status.PASS, f"What could be compared agrees.{left}")


@check(
    "symptoms.nobody_lingers",
    "Nobody deactivated or unassigned still has an active Catalog account",
    section=S,
    source="Coalesce guide: How issues show up",
    needs=WHO,
    deciding=False,
)
def nobody_lingers(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    rest = table[(table["need"] == "deactivate") & ~table["waiting"]]
    hit = tuple(sorted({*rest["person_key"], *left_by_hand(snapshot)}))
    if hit:
        return Outcome(
            Status.FAIL,
            f"{people(len(hit))} without a right to Catalog still {_have(hit)} an account: {who(snapshot, hit)}.",
            "Whoever is deactivated or unassigned has no active account.",
            (table_of(snapshot, "Still active in Catalog", hit, last_change=table.set_index("person_key")["since"]),),
            hit,
            (
                read_on("02 Connection", "06 Sync and logs", "07 Manual and SCIM accounts"),
                catalog_admin("If access must end now, deactivate the accounts by hand as well.", "A stopgap only."),
            ),
        )
    out = table[yes(~table["in_scope"])]
    if not assignments_known(snapshot) and out.empty:
        return _not_told(snapshot, "who is no longer in scope")
    if len(out) and bool(out["exists"].isna().all()):
        return _not_told(snapshot, "whether those who left still have an account")
    silent = out[yes(out["exists"]) & out["on"].isna()]
    if len(silent):
        return Outcome(
            Status.SKIPPED,
            f"Whether the accounts of {people(len(silent))} out of scope are active is not told: "
            f"{who(snapshot, keys(silent['person_key']))}.",
            needs="The same list of users with the attribute active of each account.",
        )
    return Outcome(Status.PASS, f"None of the {people(len(out))} out of scope is known to have an active account.")


@check(
    "symptoms.jobs_succeed",
    "Provisioning runs without connection, authorization or attribute errors",
    section=S,
    source="Coalesce guide: How issues show up",
    needs={"okta": (("okta.system_log",),), "entra": (("entra.provisioning_log",), ("entra.job",))},
    deciding=False,
)
def jobs_succeed(snapshot: Snapshot) -> Outcome:
    failures = pd.concat([standing(snapshot), in_backoff(snapshot)])
    events = snapshot["events"]
    general = events[(events["action"] == "connection") & (events["status"] == "failure")]
    healed = refusals(snapshot).last_success
    general = general if healed is None else general[~(general["at"] < healed).fillna(False)]
    jobs = own_jobs(snapshot)
    broken = jobs[jobs["quarantine_since"].notna() | jobs["state"].eq("Quarantine") | jobs["last_state"].eq("Failed")]
    broken = broken[broken["last_began_at"].notna() | broken["quarantine_since"].notna()]
    rows = pd.concat([failures, general.assign(key=general["person_key"])], ignore_index=True)
    if rows.empty and broken.empty:
        if len(events) == 0 and jobs.empty:
            return Outcome(Status.SKIPPED, "The log that was read is empty: that proves nothing.")
        return Outcome(Status.PASS, "Nothing that failed is still unhealed.")
    said = []
    if len(rows):
        first = rows["at"].min()
        said.append(f"{count(len(rows), 'operation')} failed since {when(first)} and no success followed")
    if len(broken):
        said.append("the provisioning job itself reports an error")
    shown = rows.assign(reason=rows["reason"].fillna(rows["error_code"]))
    grouped = shown.groupby(["event_type", "reason"], dropna=False).agg(times=("at", "size"), first=("at", "min"))
    return Outcome(
        Status.FAIL,
        f"{listed(said)[0].upper()}{listed(said)[1:]}.",
        "Every operation ends well, at the latest on its retry.",
        (Evidence.of("What fails", grouped.reset_index()),),
        keys(rows["person_key"]),
        (read_on("03 Base URL and token", "06 Sync and logs"),),
    )


@check(
    "symptoms.names_present",
    "No Catalog account has an e-mail but an empty or wrong name",
    section=S,
    source="Coalesce guide: How issues show up",
    needs={
        "okta": (("catalog.users",), ("okta.app_users",)),
        "entra": (("catalog.users",), ("entra.users", "entra.assignments")),
    },
    deciding=False,
)
def names_present(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    names = ["given_name", "family_name", "has_given", "has_family", "named_where_known", "in_directory", "person_key"]
    have = table.loc[yes(table["exists"]) & ~table["need"].eq("deactivate") & yes(table["in_scope"]), names]
    if not bool(have["named_where_known"].any()):
        # Entra without Catalog's list: what is empty there cannot have arrived here
        have = (
            have.assign(has_given=have["given_name"], has_family=have["family_name"]) if _directory(have) else have[:0]
        )
    else:
        have = have[have["named_where_known"]]
    if have.empty:
        return _not_told(snapshot, "which names the accounts hold")
    nameless = _blank(have["has_given"]) | _blank(have["has_family"])
    hit = keys(have[nameless]["person_key"])
    if hit:
        return Outcome(
            Status.FAIL,
            f"{count(len(hit), 'account has', 'accounts have')} no first or no last name: {who(snapshot, hit)}.",
            "Every account shows a first and a last name.",
            (table_of(snapshot, "Accounts without a full name", hit),),
            hit,
            (read_on("04 Attribute mapping"),),
        )
    return Outcome(Status.PASS, f"All {count(len(have), 'account')} that could be compared have both names.")


def _directory(have: pd.DataFrame) -> bool:
    return bool(have["in_directory"].any())


@check(
    "symptoms.teams_present",
    "Every group in scope is a team in Catalog with its members",
    section=S,
    source="Coalesce guide: How issues show up",
    needs={"okta": (("okta.push_mappings",),), "entra": (("entra.assignments",),)},
    deciding=False,
)
def teams_present(snapshot: Snapshot) -> Outcome:
    groups = wanted_teams(snapshot)
    gone = groups[yes(~groups["exists"]) & ~groups["waiting"]]
    gaps = team_gaps(snapshot)
    gaps = gaps[(gaps["gap"] == "missing") & ~gaps["waiting"]]
    if len(gone) or len(gaps):
        said = [f"{count(len(gone), 'group')} not a team ({listed(list(gone['name'][:3]), len(gone))})"] * bool(
            len(gone)
        )
        said += [f"{people(gaps['person_key'].nunique())} not in their team"] * bool(len(gaps))
        return Outcome(
            Status.FAIL,
            f"Catalog lacks something: {listed(said)}.",
            "Every group in scope is a team, with the people who are in scope.",
            (
                Evidence.of("Groups without a team", gone[["name", "status", "error"]]),
                Evidence.of("People not in their team", gaps[["person_key", "name"]]),
            ),
            keys(pd.concat([gone["group_key"], gaps["person_key"]])),
            (read_on("05 Assignments"), push_again(snapshot)),
        )
    if len(groups) and not teams_known(snapshot) and bool(groups["exists"].isna().all()):
        unknown = "Whether the teams exist is not told."
        return Outcome(Status.SKIPPED, unknown, needs=how_to_get(snapshot, "catalog.groups"))
    left = "" if members_known(snapshot) else " Their members are not told."
    return Outcome(Status.PASS, f"{count(len(groups), 'group')} in scope, none known to lack its team.{left}")
