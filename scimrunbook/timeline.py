"""What changed when, on one line of time: assignments, mapping, token, switches, quarantine, failures, cycles.

A table like the snapshot's: ``at`` (time), ``what`` (see WHAT), ``detail`` (a sentence), ``source`` (the table the row
comes from). Rows without a time are left out. Pure; column operations only.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.history import open_failures, operations, refusals
from scimrunbook.jobs import own_jobs
from scimrunbook.matching import accounts
from scimrunbook.scope import scope
from scimrunbook.snapshot import Snapshot

COLUMNS = ("at", "what", "detail", "source")
# What a row of the line may be.
WHAT = (
    "person",  # made or changed at the provider
    "assignment",
    "setting",  # a switch, the address or the token of the application, its mapping, its scope
    "operation",  # a person's create, update, deactivate …
    "first failure",  # the first of failures that are still open, per kind of error
    "token refused",
    "last success",
    "quarantine",
    "cycle",
    "account",  # made or changed in Catalog
    "collected",
)
_SAID = {
    "app_settings": "settings of the application were changed",
    "app_activated": "the application was switched on",
    "app_deactivated": "the application was switched off",
    "credentials": "base URL or token were entered anew",
    "mapping": "the attribute mapping was changed",
    "scope": "assignments or the scope were changed",
    "provisioning_started": "provisioning was switched on",
    "provisioning_stopped": "provisioning was switched off",
    "provisioning_restarted": "provisioning was restarted",
    "quarantined": "provisioning went into quarantine",
    "other": "something else was changed",
}


def timeline(snapshot: Snapshot, key: str | None = None) -> pd.DataFrame:
    """The tenant's line of time; with ``key`` (a person's or a group's) what concerns that one, between the tenant's
    changes. Columns ``COLUMNS``, the oldest first."""
    parts = [_settings(snapshot), _quarantine(snapshot), _token(snapshot), _collected(snapshot)]
    if key is None:
        parts += [_first_failures(snapshot), _last_success(snapshot), _cycles(snapshot)]
    else:
        parts += [_person(snapshot, key), _assigned(snapshot, key), _operations(snapshot, key), _account(snapshot, key)]
    line = pd.concat(parts, ignore_index=True).dropna(subset=["at"])
    line = line.assign(minute=line["at"].dt.floor("min")).drop_duplicates(["minute", "what", "detail"])
    return line.sort_values("at", kind="stable").reset_index(drop=True)[list(COLUMNS)]


def _part(at: Any, what: str, detail: Any, source: str) -> pd.DataFrame:
    frame = pd.DataFrame({"at": pd.to_datetime(pd.Series(at), utc=True).astype("datetime64[us, UTC]")})
    return frame.assign(what=what, detail=detail, source=source).astype(dict.fromkeys(COLUMNS[1:], "str"))


def _settings(snapshot: Snapshot) -> pd.DataFrame:
    rows = snapshot["config_changes"].reset_index(drop=True)
    said = rows["what"].map(_SAID).fillna(rows["what"]).astype("str")
    said = said + (": " + rows["detail"]).fillna("") + (" (by " + rows["actor"] + ")").fillna("")
    return _part(rows["at"], "setting", said, "config_changes")


def _quarantine(snapshot: Snapshot) -> pd.DataFrame:
    rows = own_jobs(snapshot).dropna(subset=["quarantine_since"]).reset_index(drop=True)
    said = "quarantine began" + (": " + rows["quarantine_reason"]).fillna("")
    return _part(rows["quarantine_since"], "quarantine", said, "jobs")


def _token(snapshot: Snapshot) -> pd.DataFrame:
    told = refusals(snapshot)
    if not told.broken:
        return _part([], "token refused", [], "events")
    return _part([told.first_refused], "token refused", ["Catalog refused the token for the first time"], "events")


def _collected(snapshot: Snapshot) -> pd.DataFrame:
    if not snapshot.facts.as_of:
        return _part([], "collected", [], "coverage")
    return _part([snapshot.as_of], "collected", ["this data was collected"], "coverage")


def _first_failures(snapshot: Snapshot) -> pd.DataFrame:
    rows = open_failures(snapshot)
    said = rows["reason"].fillna(rows["error_code"]).fillna("without a reason").str.slice(0, 200)
    rows = rows.assign(said=said).dropna(subset=["at"])
    kinds = rows.groupby(["action", "said"], sort=False).agg(at=("at", "min"), n=("at", "size")).reset_index()
    kinds = kinds.sort_values("n", ascending=False, kind="stable").head(20)
    text = "first of " + kinds["n"].astype("str") + " that failed: " + kinds["action"] + ", " + kinds["said"]
    return _part(kinds["at"], "first failure", text, "events")


def _last_success(snapshot: Snapshot) -> pd.DataFrame:
    rows = operations(snapshot)
    at = rows[rows["ok"]]["at"].max()
    return _part([at], "last success", ["the last operation that Catalog accepted"], "events")


def _cycles(snapshot: Snapshot) -> pd.DataFrame:
    """Cycles the log names, and the job's latest; one that did nothing leaves no rows in a log."""
    rows = snapshot["events"].dropna(subset=["cycle_id", "at"])
    rows = rows.assign(bad=rows["status"] == "failure")
    each = rows.groupby("cycle_id", sort=False).agg(at=("at", "min"), n=("at", "size"), bad=("bad", "sum"))
    each = each.sort_values("at").tail(200).reset_index(drop=True)
    said = "cycle of " + each["n"].astype("str") + " operations, " + each["bad"].astype("str") + " failed"
    jobs = own_jobs(snapshot).reset_index(drop=True)
    latest = "the latest cycle began" + (" (" + jobs["last_state"] + ")").fillna("")
    parts = [_part(each["at"], "cycle", said, "events"), _part(jobs["last_began_at"], "cycle", latest, "jobs")]
    return pd.concat(parts, ignore_index=True)


def _person(snapshot: Snapshot, key: str) -> pd.DataFrame:
    rows = snapshot["people"]
    rows = rows[rows["person_key"] == key].reset_index(drop=True)
    parts = [
        _part(rows["created_at"], "person", "made at the provider", "people"),
        _part(rows["changed_at"], "person", "last changed at the provider", "people"),
    ]
    return pd.concat(parts, ignore_index=True)


def _assigned(snapshot: Snapshot, key: str) -> pd.DataFrame:
    who = scope(snapshot)
    who = who[who["person_key"] == key].reset_index(drop=True)
    groups = snapshot["assignments"]
    groups = groups[groups["target_key"] == key].reset_index(drop=True)
    accounts = snapshot["app_accounts"]
    accounts = accounts[accounts["person_key"] == key].reset_index(drop=True)
    ended = accounts["status"] + " at the provider"
    parts = [
        _part(who["assigned_at"], "assignment", "assigned to the application", "assignments"),
        _part(groups["at"], "assignment", groups["how"], "assignments"),
        _part(accounts["status_changed_at"], "assignment", ended.fillna("assignment changed"), "app_accounts"),
        _part(accounts["last_sync_at"], "operation", "last synchronised, says the provider", "app_accounts"),
    ]
    return pd.concat(parts, ignore_index=True)


_ACTED = {
    "assign": "assigned at the provider",
    "unassign": "unassigned at the provider",
    "source_change": "profile or groups changed at the provider",
    "group_create": "create the team",
    "group_update": "update the team",
    "group_delete": "delete the team",
    "membership": "change the team's members",
    "lookup": "look for the account",
    "sync": "synchronise",
}


def _operations(snapshot: Snapshot, key: str) -> pd.DataFrame:
    rows = snapshot["events"]
    rows = rows[(rows["person_key"] == key) | (rows["group_key"] == key)].reset_index(drop=True)
    assigning = rows["action"].isin(("assign", "unassign"))
    why = rows["reason"].fillna(rows["error_code"]).fillna(rows["skip_reason"]).str.slice(0, 200)
    done = rows["action"].map(_ACTED).fillna(rows["action"])
    here = rows["action"].isin(("assign", "unassign", "source_change")) & (rows["status"] == "success")
    outcome = (": " + rows["status"].fillna("unknown")).mask(here, "")
    said = done + outcome + (", " + why).where(rows["status"] != "success").fillna("")
    parts = [
        _part(rows["at"][assigning], "assignment", said[assigning], "events"),
        _part(rows["at"][~assigning], "operation", said[~assigning], "events"),
    ]
    return pd.concat(parts, ignore_index=True)


def _account(snapshot: Snapshot, key: str) -> pd.DataFrame:
    rows = accounts(snapshot)
    rows = rows[rows["person_key"] == key].reset_index(drop=True)
    parts = [
        _part(rows["created_at"], "account", "made in Catalog: " + rows["user_name"], "accounts"),
        _part(rows["changed_at"], "account", "last changed in Catalog: " + rows["user_name"], "accounts"),
    ]
    return pd.concat(parts, ignore_index=True)
