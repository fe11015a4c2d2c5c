"""06 Sync and logs, continued: what failed, and what the endpoint made of it. Imported by ``sync_and_logs``."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.checks import check
from scimrunbook.checks._provisioning import BROKEN
from scimrunbook.checks._words import (
    PROVIDER,
    ask_catalog,
    catalog_admin,
    count,
    keys,
    listed,
    people,
    provider,
    push_again,
    remove_again,
    screen,
    table_of,
    who,
)
from scimrunbook.derived import among, derived, yes
from scimrunbook.errors import readings
from scimrunbook.findings import Action, Cause, Evidence, Outcome, Status
from scimrunbook.history import in_backoff, iso, last_of, open_failures, operations, when
from scimrunbook.pending import pending
from scimrunbook.snapshot import Snapshot
from scimrunbook.teams import team_gaps, wanted_teams

S = "sync_and_logs"
READ_IT = "Read the task or log entry of one of these people and add its text to the incident's summary."
LOG = {"okta": (("okta.system_log",),), "entra": (("entra.provisioning_log",),)}


def log_screen(snapshot: Snapshot) -> str:
    if snapshot.provider == "okta":
        return "Okta Admin Console > Reports > System Log"
    return screen(snapshot, "Provisioning", "Provisioning logs")


def behind_in_teams(snapshot: Snapshot, groups: pd.Series[Any]) -> pd.Series[Any]:
    """People whose membership of one of these groups' teams differs."""
    gaps = team_gaps(snapshot)
    return gaps[gaps["group_key"].isin(groups.dropna()) & ~gaps["waiting"]]["person_key"]


def causes_of(rows: pd.DataFrame) -> tuple[Cause, ...]:
    """Families of failed operations, those of most operations first; unknown ones are left out."""
    return tuple(Cause(c) for c in rows["family"].dropna().value_counts(sort=True).index)


@derived
def standing(snapshot: Snapshot) -> pd.DataFrame:
    """Open failures that somebody has to mend: without those that only wait for their retry.

    A log of failures alone, as an export under a filter holds, cannot show the success that followed: there a failure
    stands only where the person or the team still lacks something.
    """
    rows = open_failures(snapshot)
    rows = rows.drop(index=in_backoff(snapshot).index, errors="ignore")
    done = operations(snapshot)
    if len(done) and not bool(done["ok"].any()):
        people, teams = pending(snapshot), wanted_teams(snapshot)
        settled = [*people[people["need"] == "none"]["person_key"], *teams[yes(teams["exists"])]["group_key"]]
        rows = rows[~among(rows["key"], settled)]
    return rows


def _grouped(rows: pd.DataFrame) -> pd.DataFrame:
    shown = rows.assign(error=rows["reason"].fillna(rows["error_code"]).fillna("no reason given").str.slice(0, 200))
    return (
        shown.groupby(["event_type", "error"], dropna=False)
        .agg(times=("at", "size"), people=("key", "nunique"), first=("at", "min"), last=("at", "max"))
        .reset_index()
        .sort_values(["times", "error"], ascending=[False, True], kind="stable")
    )


@check(
    "sync.no_failed_operations",
    "No operation failed without a later success",
    section=S,
    source="Provider log",
    needs=LOG,
    blocked_by=BROKEN,
)
def no_failed_operations(snapshot: Snapshot) -> Outcome:
    rows = standing(snapshot)
    if rows.empty:
        done = operations(snapshot)
        if done.empty:
            return Outcome(Status.SKIPPED, "The log that was read holds no operation: that proves nothing.")
        healed = int(done["failed"].sum()) - len(in_backoff(snapshot))
        also = f" {count(healed, 'older failure')} healed since." if healed else ""
        return Outcome(Status.PASS, f"{count(len(done), 'operation')}, none failed for good.{also}")
    hit = keys(rows["key"])
    grouped = _grouped(rows)
    worst = grouped.iloc[0]
    return Outcome(
        Status.FAIL,
        f"{count(len(rows), 'operation')} failed for {count(len(hit), 'person or group', 'people and groups')} "
        f"({who(snapshot, hit)}) and no success followed. Most often: {str(worst['error']).rstrip('. ')}.",
        "Every operation ends well, at the latest on its retry.",
        (Evidence.of("Failures, the most frequent first", grouped),),
        hit,
        (Action(log_screen(snapshot), "Open the failed entries, mend what they name."), push_again(snapshot)),
        causes=causes_of(rows),
        since=iso(rows["at"].min()),
    )


@check(
    "sync.errors_are_understood",
    "Every error text maps to a cause, a meaning and a fix",
    section=S,
    source="Microsoft Learn: error codes; Okta System Log: outcome.reason",
    needs=LOG,
    deciding=False,
)
def errors_are_understood(snapshot: Snapshot) -> Outcome:
    rows = open_failures(snapshot)
    unknown = rows[rows["family"].isna()]
    if unknown.empty:
        said = [f"{one.meaning} {one.actions[0].what}" for one in readings(rows, operations(snapshot)) if one.actions]
        return Outcome(Status.PASS, " ".join(said) or "No failure is open.")
    grouped = _grouped(unknown)
    silent = bool(unknown["reason"].isna().all())
    asked = [one.ask for one in readings(unknown, operations(snapshot)) if one.ask]
    where = "Okta Admin Console > Dashboard > Tasks" if snapshot.provider == "okta" else log_screen(snapshot)
    return Outcome(
        Status.WARN,
        f"{count(len(unknown), 'failure')} {'gives no reason' if silent else 'could not be placed'}.",
        "A known cause for each.",
        (Evidence.of("Not understood", grouped),),
        keys(unknown["key"]),
        (
            Action(where, f"Find out for one of these people: {asked[0]}" if asked else READ_IT),
            Action("terminal", "scimrunbook explain --text reads what you find there."),
        ),
    )


@check(
    "sync.no_retry_backlog",
    "Nobody is waiting in a retry back-off",
    section=S,
    source="Microsoft Learn: quarantine status (6, 12, 24 hours, then daily); Okta help: tasks",
    needs=LOG,
    causes=(Cause.SYNC_SCHEDULE,),
    blocked_by=(*BROKEN, "sync.no_failed_operations"),
)
def no_retry_backlog(snapshot: Snapshot) -> Outcome:
    rows = open_failures(snapshot)
    later = rows[rows["next_attempt_at"] > snapshot.as_of]
    hit = keys(later["key"])
    if not hit:
        return Outcome(Status.PASS, "No retry is scheduled.")
    over = in_backoff(snapshot)
    ended = f" The endpoint failed until {when(over['at'].max())} and answers again." if len(over) else ""
    return Outcome(
        Status.WARN,
        f"{count(len(hit), 'person or group', 'people and groups')} {'is' if len(hit) == 1 else 'are'} retried only "
        f"{when(later['next_attempt_at'].min())}: {who(snapshot, hit)}.{ended}",
        "Nobody waits longer than a cycle.",
        (Evidence.of("What failed", _grouped(later)),),
        hit,
        (push_again(snapshot),),
    )


@check(
    "sync.deactivations_were_delivered",
    "Every deactivation was sent and accepted, and holds in Catalog",
    section=S,
    source="Okta help: deactivation tasks; Microsoft Learn: how provisioning works",
    needs=LOG,
    causes=(Cause.CATALOG_SIDE,),
    blocked_by=(*BROKEN, "connection.actions_are_enabled"),
)
def deactivations_were_delivered(snapshot: Snapshot) -> Outcome:
    last = last_of(snapshot)
    table = pending(snapshot)
    lingering = table[(table["need"] == "deactivate") & ~table["waiting"]]["person_key"]
    failed = last[last["open"] & last["failed_action"].eq("deactivate") & ~last.index.isin(in_backoff(snapshot)["key"])]
    ignored = last[last["state"].eq("off")]
    ignored = ignored[ignored.index.isin(lingering)]
    if failed.empty and ignored.empty:
        return Outcome(Status.PASS, "No deactivation failed or was ignored, as far as the log tells.")
    hit = keys([*failed.index, *ignored.index])
    said = [f"the deactivation of {people(len(failed))} failed"] * bool(len(failed))
    which = "the deactivation" if failed.empty else "that"
    said += [f"Catalog accepted {which} of {people(len(ignored))} and left the account active"] * bool(len(ignored))
    causes = tuple(Cause(c) for c in failed["family"].dropna().value_counts().index) or (Cause.CATALOG_SIDE,)
    once = (
        "Okta tries a deactivation once: close the task under Dashboard > Tasks by hand, "
        if (snapshot.provider == "okta")
        else "Restart provisioning, "
    )
    return Outcome(
        Status.FAIL,
        f"{said[0][0].upper()}{said[0][1:]}: {who(snapshot, hit)}." if len(said) == 1 else f"Leavers: {listed(said)}.",
        "Whoever is deactivated is inactive in Catalog.",
        (table_of(snapshot, "Deactivations", hit, reason=last["reason"], failed_at=last["failed_at"]),),
        hit,
        (
            *((Action(log_screen(snapshot), f"{once}after mending what the reason names."),) if len(failed) else ()),
            *((ask_catalog("Report that active:false is accepted and not applied."),) if len(ignored) else ()),
            catalog_admin("Deactivate these accounts by hand meanwhile."),
        ),
        causes=causes if len(failed) else (Cause.CATALOG_SIDE,),
        since=iso(failed["failed_at"].min()) if len(failed) else None,
    )


@check(
    "sync.endpoint_keeps_up",
    "No throttling, timeouts or server errors from Catalog",
    section=S,
    source="Provider log; SCIM probe",
    needs={p: (*LOG[p], ("catalog.probe",)) for p in PROVIDER},
    causes=(Cause.CATALOG_SIDE,),
    blocked_by=BROKEN,
)
def endpoint_keeps_up(snapshot: Snapshot) -> Outcome:
    rows = standing(snapshot)
    slow = rows[rows["family"] == Cause.CATALOG_SIDE.value]
    probes = snapshot["probes"]
    busy = probes[(probes["http_status"] >= 500) | (probes["http_status"] == 429)]
    fine = int(yes(probes["http_status"] < 400).sum())
    if slow.empty and (busy.empty or fine):
        also = f" {count(len(busy), 'probe request')} met an error, the others did not." if len(busy) else ""
        return Outcome(Status.PASS, f"No open failure is of the endpoint's making.{also}")
    hit = keys(pd.concat([slow["person_key"], behind_in_teams(snapshot, slow["group_key"])]))
    said = []
    if len(slow):
        worst = str(_grouped(slow).iloc[0]["error"]).splitlines()[0].split(". ")[0][:120].rstrip(". ")
        said.append(f"{count(len(slow), 'operation')} failed by what it answered, most often {worst!r}")
    if len(busy) and not fine:
        said.append(f"all probe requests met one ({int(busy['http_status'].iloc[0])})")
    first = slow["at"].min() if len(slow) else None
    # neither Force Sync nor a retry brings a deactivation back
    once = snapshot.provider == "okta" and bool(slow["action"].eq("deactivate").any())
    return Outcome(
        Status.FAIL,
        f"Catalog's endpoint answers {provider(snapshot)} with errors: {listed(said)}.",
        "Answers without server errors, time-outs or throttling.",
        (Evidence.of("Failures", _grouped(slow)), Evidence.of("Probe", busy[["probe", "http_status", "detail"]])),
        hit,
        (
            ask_catalog("Report times, error codes and texts; nothing in the provider mends it."),
            push_again(snapshot),
            *((remove_again(snapshot),) if once else ()),
        ),
        since=iso(first),
    )
