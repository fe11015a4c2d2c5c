"""06 Sync timing and logs: cycles run, time has passed, what failed is understood, nothing stops silently."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.checks import check
from scimrunbook.checks._failures import LOG, S, log_screen
from scimrunbook.checks._needs import how_to_get
from scimrunbook.checks._provisioning import BROKEN, undelivered
from scimrunbook.checks._words import (
    catalog_admin,
    keys,
    people,
    provider,
    push_again,
    remove_again,
    screen,
    table_of,
    who,
)
from scimrunbook.derived import among, looked_up
from scimrunbook.findings import Action, Cause, Outcome, Reach, Status
from scimrunbook.history import arrives, cycle, iso, last_of, log_span, open_failures, operations, refusals, when
from scimrunbook.jobs import longest_cycle, own_jobs, running_since, the_job
from scimrunbook.pending import pending
from scimrunbook.snapshot import Snapshot
from scimrunbook.teams import team_gaps

WHO = {"okta": (("okta.app_users",), ("okta.users",)), "entra": (("entra.users",), ("entra.assignments",))}
# A quarantine that only waits for its next try is what a fresh run ends: it does not come before it.
_FIRST = tuple(b for b in BROKEN if b != "connection.not_quarantined")
# What a symptom waits for: only those make "it has not come yet" an answer.
_AWAITED = {
    "missing_people": ("create", "reactivate"),
    "stale_attributes": ("update",),
    "lingering_access": ("deactivate",),
    "empty_names": ("update",),
}


@check(
    "sync.runs_on_schedule",
    "Provisioning cycles run on schedule",
    section=S,
    source="Microsoft Graph: synchronizationStatus; Microsoft Learn: known issues (40 minutes)",
    needs={"entra": (("entra.job",),)},
    causes=(Cause.SYNC_SCHEDULE,),
    reach=Reach.TENANT,
    blocked_by=BROKEN,
)
def runs_on_schedule(snapshot: Snapshot) -> Outcome:
    if snapshot.provider == "okta":
        return Outcome(Status.PASS, "Okta keeps no schedule: it pushes within minutes of a change.")
    if snapshot["jobs"].empty:
        return Outcome(Status.SKIPPED, "There is no job.")
    job = the_job(snapshot)
    began, ended = job["last_began_at"], job["last_ended_at"]
    if running_since(snapshot) is not None:
        return Outcome(
            Status.PASS,
            f"A cycle has been running since {when(began)}; the first one after a restart takes 20 minutes to hours.",
        )
    saved = _saved_as_file(snapshot, "entra.job")
    if pd.notna(began) and not ended >= began:
        if not saved and snapshot.as_of - began > longest_cycle(snapshot):
            return _stuck(snapshot, began)
        ended = began  # no file tells that a cycle has not ended since it was saved
    if pd.isna(ended):
        return Outcome(Status.SKIPPED, "The job does not tell when it last ran.")
    interval = cycle(snapshot)
    due = ended + interval
    minutes = int(interval.total_seconds() // 60)
    if snapshot.as_of <= due + interval:
        return Outcome(Status.PASS, f"The last cycle ended {when(ended)}; every {minutes} minutes, next {when(due)}.")
    if saved:
        return _overdue_in_a_file(snapshot, ended, due)
    return Outcome(
        Status.FAIL,
        f"The last cycle ended {when(ended)}; the next was due {when(due)} and has not run.",
        f"A cycle every {minutes} minutes.",
        affected=undelivered(snapshot),
        actions=(Action(screen(snapshot, "Provisioning", "Overview"), "Press Restart provisioning."),),
        since=iso(due),
    )


def _stuck(snapshot: Snapshot, began: pd.Timestamp) -> Outcome:
    """A cycle that takes longer than Microsoft's estimate for that many people."""
    return Outcome(
        Status.FAIL,
        f"A cycle began {when(began)} and has not ended, longer than one takes here.",
        "A cycle that ends.",
        affected=undelivered(snapshot),
        actions=(
            Action(
                screen(snapshot, "Provisioning", "Overview"),
                "See whether the numbers of the current cycle still grow. If not: press Restart provisioning.",
                "A restart begins the whole cycle anew: never press it while one gets on.",
            ),
        ),
        since=iso(began),
    )


def _saved_as_file(snapshot: Snapshot, what: str) -> bool:
    """Whether this was read from a file alone, which may be older than the others."""
    rows = snapshot["coverage"]
    rows = rows[(rows["what"] == what) & rows["refused"].isna()]
    return len(rows) > 0 and bool(rows["source"].eq("file").all())


def _overdue_in_a_file(snapshot: Snapshot, ended: pd.Timestamp, due: pd.Timestamp) -> Outcome:
    """Nothing tells when a job's file was saved: a log that goes on refutes it, people passed over bear it out."""
    ran = operations(snapshot)["at"].max()
    if pd.notna(ran) and ran > due:
        return Outcome(
            Status.PASS,
            f"The job's file tells of a cycle that ended {when(ended)}; the log goes on until {when(ran)}, so the file "
            "is older than the log, and cycles ran since.",
        )
    table = pending(snapshot)
    failing = among(table["person_key"], last_of(snapshot).query("open").index)
    due_now = table["need"].isin(("create", "reactivate", "update", "deactivate")) & ~table["waiting"]
    passed_over = table[due_now & ~failing & ~(table["since"] <= ended).fillna(False)]
    if passed_over.empty:
        return Outcome(
            Status.SKIPPED,
            f"The job's file tells of a cycle that ended {when(ended)}. Whether one ran since it does not tell, and "
            "nobody is known to have waited for one.",
            needs=how_to_get(snapshot, "entra.job"),
        )
    return Outcome(
        Status.FAIL,
        f"The last cycle ended {when(ended)}; the next was due {when(due)}, and nothing that was read shows that it "
        "ran.",
        f"A cycle every {int(cycle(snapshot).total_seconds() // 60)} minutes.",
        affected=undelivered(snapshot),
        actions=(
            Action(
                screen(snapshot, "Provisioning", "Overview"),
                f"See when the last cycle ended. If it still says {when(ended)}: press Restart provisioning. If it "
                "names a later one: save the job and the log anew, your files are older.",
            ),
        ),
        since=iso(due),
    )


@check(
    "sync.enough_time_has_passed",
    "A full cycle has passed since the last change or fix",
    section=S,
    source="Coalesce guide: Sync timing; Microsoft Learn: when will provisioning finish",
    needs=WHO,
    causes=(Cause.SYNC_SCHEDULE,),
    blocked_by=(*BROKEN, "connection.actions_are_enabled", "sync.runs_on_schedule"),
)
def enough_time_has_passed(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    waiting = table[table["waiting"]]
    if waiting.empty:
        return Outcome(Status.PASS, "Nobody's last change is too young to have arrived.")
    again = arrives(snapshot, waiting["since"].max())
    hit = keys(waiting["person_key"])
    meant = waiting[_asked_for(snapshot, table).reindex(waiting.index)]
    if meant.empty:
        return Outcome(
            Status.PASS, f"{people(len(hit))} changed a moment ago and should be there by {when(again)}.", affected=hit
        )
    running = running_since(snapshot)
    why = "changed too recently to have arrived"
    if running is not None and meant["since"].min() < running:
        why = f"changed before the cycle began that has been running since {when(running)}"
    return Outcome(
        Status.WARN,
        f"{who(snapshot, keys(meant['person_key']))} {why}; look again {when(again)}.",
        "At least one cycle after the change (Okta: some minutes).",
        (table_of(snapshot, "On their way", hit, last_change=waiting.set_index("person_key")["since"]),),
        keys(meant["person_key"]),
        (Action(log_screen(snapshot), f"Wait and look again {when(again)}."), *_cannot_wait(snapshot, meant)),
        since=iso(meant["since"].min()),
    )


def _cannot_wait(snapshot: Snapshot, meant: pd.DataFrame) -> tuple[Action, ...]:
    """What is quicker than Entra's next cycle. A restart is not: it begins a whole initial cycle."""
    if snapshot.provider == "okta":
        return ()
    on_demand = Action(
        screen(snapshot, "Provisioning", "Provision on demand"),
        "If somebody cannot wait: choose the person and press Provision. Do not restart provisioning for that.",
        "A restart begins a whole initial cycle, which takes longer than the one they wait for.",
    )
    by_hand = catalog_admin(
        "If access must end now: deactivate the account by hand.", "Provision on demand cannot disable anybody."
    )
    leave = meant["need"].eq("deactivate")
    return (on_demand,) * bool((~leave).any()) + (by_hand,) * bool(leave.any())


def _asked_for(snapshot: Snapshot, table: pd.DataFrame) -> pd.Series[Any]:
    """Whom the ticket is about: per symptom the named people who show it; everybody where none of those named does."""
    about = pd.Series(False, index=table.index)
    for symptom in snapshot.incident.symptoms:
        shows = table["need"].isin(_AWAITED.get(symptom, ()))
        named = table["named"] & (shows | table["need"].isin(("scope", "unknown")))
        about |= shows & table["named"] if bool(named.any()) else shows
    return about


@check(
    "sync.log_does_not_stop",
    "The log does not end abruptly before the window's end",
    section=S,
    source="Observed: a dead token or wrong URL may leave no log row",
    needs=LOG,
    causes=(Cause.URL_OR_TOKEN, Cause.INTEGRATION_NOT_ENABLED),
    reach=Reach.TENANT,
    blocked_by=(*BROKEN, "connection.actions_are_enabled", "sync.runs_on_schedule"),
)
def log_does_not_stop(snapshot: Snapshot) -> Outcome:
    span, done = log_span(snapshot), operations(snapshot)
    if done.empty or span.last is None:
        return Outcome(Status.SKIPPED, "The log holds no operation, so it cannot stop.")
    last = done["at"].max()
    table = pending(snapshot)
    behind = table[
        table["need"].isin(("create", "reactivate", "update", "deactivate"))
        & ~table["waiting"]
        & (table["since"] > last).fillna(False)
    ]
    hit = keys(behind["person_key"])
    if not hit:
        return Outcome(Status.PASS, f"The last operation was {when(last)}; no known change is younger.")
    return Outcome(
        Status.WARN,
        f"The last operation was {when(last)}, but {people(len(hit))} changed after it and nothing was tried: "
        f"{who(snapshot, hit)}.",
        "Operations after every change.",
        (table_of(snapshot, "Changed after the log's end", hit),),
        hit,
        (
            Action(
                screen(snapshot, "Provisioning"), "See whether provisioning is on and its connection test succeeds."
            ),
            Action(log_screen(snapshot), "Export the log once more, without a filter, up to now."),
        ),
        since=iso(last),
    )


@check(
    "sync.fresh_run_queued_after_fix",
    "After the last fix provisioning was run again, or the people were provisioned on demand",
    section=S,
    source="Microsoft Learn: restart; Okta help: Force Sync, Provision User",
    needs={"okta": (("okta.system_log",),), "entra": (("entra.directory_audits",), ("entra.job",))},
    causes=(Cause.SYNC_SCHEDULE,),
    blocked_by=(*_FIRST, "connection.actions_are_enabled", "sync.runs_on_schedule"),
)
def fresh_run_queued_after_fix(snapshot: Snapshot) -> Outcome:
    log = refusals(snapshot)
    if log.renewed is not None:
        return _run_again(snapshot, log.renewed)
    if len(open_failures(snapshot)) or own_jobs(snapshot)["state"].eq("Quarantine").any():
        return Outcome(Status.SKIPPED, "What fails still, or keeps the job in quarantine, comes first.")
    changes = snapshot["config_changes"]
    fixes = changes[changes["what"].isin(("credentials", "mapping", "scope", "app_settings", "app_activated"))]
    fixed = fixes["at"].max()
    if pd.isna(fixed):
        return Outcome(Status.PASS, "No change of the settings is recorded that would want a fresh run.")
    ran: list[Any] = [operations(snapshot)["at"].max(), own_jobs(snapshot)["last_began_at"].max()]
    ran += [changes[changes["what"].isin(("provisioning_started", "provisioning_restarted"))]["at"].max()]
    after = [t for t in ran if pd.notna(t) and t >= fixed]
    table = pending(snapshot)
    behind = table[table["need"].isin(("create", "reactivate", "update")) & ~table["waiting"]]
    if after or behind.empty:
        said = f"It ran again {when(max(after))}" if after else "Nothing is left to deliver"
        return Outcome(Status.PASS, f"The settings last changed {when(fixed)}. {said}.")
    hit = keys(behind["person_key"])
    return Outcome(
        Status.WARN,
        f"The settings changed {when(fixed)}, nothing ran since, and {people(len(hit))} still wait.",
        "A run after every fix.",
        affected=hit,
        actions=(push_again(snapshot),),
        since=iso(fixed),
    )


def _run_again(snapshot: Snapshot, renewed: pd.Timestamp) -> Outcome:
    """After the credentials were entered anew: who was refused before, and was not tried again."""
    table, last = pending(snapshot), last_of(snapshot)
    due = table[table["need"].isin(("create", "reactivate", "update", "deactivate")) & ~table["waiting"]]
    tried = looked_up(due["person_key"], last[["ok_at", "failed_at"]].max(axis=1))
    due = due[~(tried >= renewed).fillna(False).astype(bool)]
    gaps = team_gaps(snapshot)
    hit = keys(pd.concat([due["person_key"], gaps[~gaps["waiting"]]["person_key"]]))
    if not hit:
        return Outcome(Status.PASS, f"The credentials were entered anew {when(renewed)}; nobody waits since before.")
    what = "credentials were entered anew" if snapshot.provider == "entra" else "application's settings were saved"
    return Outcome(
        Status.FAIL,
        f"Catalog refused {provider(snapshot)} until the {what} {when(renewed)}, and what was refused before has not "
        f"been run again: {people(len(hit))} still {'waits' if len(hit) == 1 else 'wait'} ({who(snapshot, hit)}).",
        "A run after every fix.",
        (table_of(snapshot, "Not run again", hit, refused_at=last["failed_at"]),),
        hit,
        (
            push_again(snapshot),
            *((remove_again(snapshot),) if snapshot.provider == "okta" and due["need"].eq("deactivate").any() else ()),
        ),
        since=iso(renewed),
    )
