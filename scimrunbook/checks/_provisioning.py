"""Who waits for something, when an admin changed what, and Entra's job and flows: shared by sections 02 and 03."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.checks._words import app_name, keys, listed, screen
from scimrunbook.findings import Action, Evidence, Outcome, Status
from scimrunbook.history import iso, when
from scimrunbook.jobs import the_job as the_job
from scimrunbook.pending import pending
from scimrunbook.snapshot import Snapshot

# What must be mended before anything that flows can be judged, the first in the guide first.
BROKEN = (
    "connection.app_is_active",
    "connection.provisioning_is_on",
    "base_url.matches_the_region",
    "token.did_not_change",
    "token.is_accepted",
    "connection.not_quarantined",
)


def undelivered(snapshot: Snapshot, *needs: str) -> tuple[str, ...]:
    """Keys of people with something to deliver (``needs`` of ``pending``; all of them where none is named)."""
    table = pending(snapshot)
    return keys(table[table["need"].isin(needs or ("create", "reactivate", "update", "deactivate"))]["person_key"])


def _never_sent(snapshot: Snapshot) -> tuple[str, ...]:
    """Everybody in scope who is not known to have an account: without a job there never was anybody to make one."""
    table = pending(snapshot)
    unknown = table["need"].eq("unknown") & table["in_scope"].eq(True).fillna(False)
    due = table["need"].isin(("create", "reactivate", "update", "deactivate"))
    return keys(table[due | unknown.astype(bool)]["person_key"])


def changed_at(snapshot: Snapshot, *what: str, mentions: str = "") -> Any:
    """When an admin last made such a change, where the log tells."""
    table = snapshot["config_changes"]
    table = table[table["what"].isin(what)]
    if mentions:
        table = table[table["detail"].fillna("").str.contains(mentions, case=False, regex=True)]
    return table["at"].max()


def changes_table(snapshot: Snapshot, *what: str) -> Evidence:
    table = snapshot["config_changes"]
    table = table[table["what"].isin(what)].sort_values("at", ascending=False, kind="stable")
    return Evidence.of("Changes of the settings, the latest first", table[["at", "what", "actor", "detail"]])


def job_is_on(snapshot: Snapshot) -> Outcome:
    overview = screen(snapshot, "Provisioning", "Overview")
    if snapshot["jobs"].empty:
        return Outcome(
            Status.FAIL,
            f"{app_name(snapshot)} has no provisioning job: provisioning was never configured.",
            "One job, switched on.",
            affected=_never_sent(snapshot),
            actions=(
                Action(
                    screen(snapshot, "Provisioning"),
                    "Choose Automatic, enter Tenant URL and Secret Token, press Test connection, save, then Start.",
                ),
            ),
        )
    job = the_job(snapshot)
    state, schedule = str(job["state"]), str(job["schedule_state"])
    off = schedule.casefold() in ("paused", "disabled") or state in ("Paused", "NotConfigured")
    if not off:
        never = " Its first cycle has not finished yet." if state == "NotRun" else ""
        return Outcome(Status.PASS, f"The job is switched on (state {state}, schedule {schedule}).{never}")
    at = changed_at(snapshot, "provisioning_stopped")
    last = job["last_ended_at"] if pd.notna(job["last_ended_at"]) else job["last_success_at"]
    since = at if pd.notna(at) else last
    hit = undelivered(snapshot)
    word = "was never configured" if state == "NotConfigured" else "is switched off"
    long = job["quarantine_since"]
    why = (
        f" It has been in quarantine since {when(long)}; after four weeks Entra disables it." if pd.notna(long) else ""
    )
    shown = pd.DataFrame([job])[["job_id", "state", "schedule_state", "last_began_at", "last_success_at"]]
    return Outcome(
        Status.FAIL,
        f"The provisioning job of {app_name(snapshot)} {word} (state {state}, schedule {schedule}); its last cycle "
        f"ended {when(last)}.{why}",
        "State Active, schedule Active.",
        (Evidence.of("The job", shown), changes_table(snapshot, "provisioning_stopped", "provisioning_started")),
        hit,
        (
            Action(overview, "Press Start provisioning."),
            Action(overview, "Look again after the next cycle, 40 minutes later, or use Provision on demand now."),
        ),
        since=iso(since),
    )


def _passed_over(snapshot: Snapshot) -> tuple[str, ...]:
    """Leavers with an active account whom Entra's last record skips as not entitled although ``active`` is mapped.

    Entra sends the disable for them unless SkipOutOfScopeDeletions is set; Graph tells that setting to nobody who may
    only read (Microsoft Learn: skip out of scope deletions).
    """
    rows = snapshot["mappings"]
    mapped = rows[(rows["direction"] == "to_app") & rows["target"].eq("active") & rows["source"].notna()]
    if mapped.empty:
        return ()
    table = pending(snapshot)
    left = table["need"].eq("deactivate") & ~table["waiting"] & table["kept_out"].notna()
    return keys(table[left]["person_key"])


def flows_are_on(snapshot: Snapshot) -> Outcome:
    mappings = [m for m in snapshot.facts.app.object_mappings if m.get("object") == "user"]
    where = screen(snapshot, "Provisioning", "Attribute mapping", "Provision Microsoft Entra ID Users")
    if not mappings:
        return Outcome(Status.SKIPPED, "The schema that was read holds no mapping of users.")
    flows = {str(f).casefold() for m in mappings for f in m.get("flow_types") or ()}
    if any(m.get("enabled") is False for m in mappings):
        return Outcome(
            Status.FAIL,
            "The mapping of users is switched off: nobody is provisioned.",
            "Enabled: Yes, with Create, Update and Delete.",
            affected=undelivered(snapshot),
            actions=(Action(where, "Set Enabled to Yes and save; saving restarts provisioning."),),
        )
    # disabling is an update; Delete is about people deleted for good, whom no list holds any more
    needs: dict[str, tuple[str, tuple[str, ...]]] = {
        "add": ("Create", ("create",)),
        "update": ("Update", ("update", "deactivate", "reactivate")),
        "delete": ("Delete", ()),
    }
    off = [n for n in needs if flows and n not in flows]
    passed_over = _passed_over(snapshot) if "update" in flows or not flows else ()
    told = snapshot.facts.app.skip_out_of_scope_deletions
    skips = told is True or (told is None and bool(passed_over))
    if not off and not skips:
        return Outcome(Status.PASS, "Create, Update and Delete are ticked, and who leaves the scope is disabled.")
    held = [*(need for n in off for need in needs[n][1]), *(("deactivate",) if told else ())]
    hit = undelivered(snapshot, *held) if held else ()
    hit = keys([*hit, *passed_over])
    said = []
    if off:
        kept = {"add": "new people", "update": "new names and deactivations", "delete": "final deletions"}
        said.append(
            f"{listed([needs[n][0] for n in off])} {'is' if len(off) == 1 else 'are'} not ticked under Target object "
            f"actions, so {listed([kept[n] for n in off])} are not sent"
        )
    seen = "is True" if told else "must be True: Entra saw them leave, sent nothing and reports no error"
    said += [f"SkipOutOfScopeDeletions {seen}, so nobody who leaves the scope is disabled"] * skips
    actions = []
    if off:
        actions.append(Action(where, f"Tick {listed([needs[n][0] for n in off])} under Target object actions, save."))
    if skips:
        actions.append(
            Action(
                "Graph Explorer > servicePrincipals > synchronization > secrets",
                "Set SkipOutOfScopeDeletions to False, as an administrator who knows why it was set.",
            )
        )
    grave = bool(off) or bool(hit)
    return Outcome(
        Status.FAIL if grave else Status.WARN,
        f"{listed(said)}.",
        "Create, Update and Delete are ticked; SkipOutOfScopeDeletions is not True.",
        affected=hit,
        actions=tuple(actions),
    )
