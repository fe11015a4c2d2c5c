"""Whether Catalog lets the provider in: refused since a moment, refused now and then, or refused until the token was
entered anew. Pure.

The log tells three stories that look alike for a single refusal. What tells them apart is what follows: nothing but
refusals (the token is dead), successes without anybody having touched the settings (the endpoint is fickle), or a
change of the credentials after the last refusal (mended; what failed before still has to be run again).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from scimrunbook.derived import derived
from scimrunbook.errors import is_auth, signing_in_failed
from scimrunbook.jobs import own_jobs
from scimrunbook.snapshot import Snapshot

WRITES = ("create", "update", "deactivate", "reactivate", "delete", "sync", "lookup")
GROUP_WRITES = ("group_create", "group_update", "group_delete", "membership")
# How long a refusal between successes, or a success that nothing followed, says something about now.
_RECENT = pd.Timedelta(days=3)
# So long it does at most, though the window reaches back further.
_LONG_AGO = pd.Timedelta(days=7)
# How long after the mending it may still explain who waits; what waits longer waits for something else.
_MENDED_LATELY = pd.Timedelta(days=7)
# That often refused and let in again within that time, nobody having touched the settings: fickle, not dead.
_FICKLE = 2


@dataclass(frozen=True, slots=True)
class Refusals:
    """The credential in the log: ``broken`` when the latest contact was refused, ``mixed`` when it comes and goes.

    ``fickle``: so often that a last refusal says nothing more. ``renewed``: when the credentials were changed after the
    latest refusal; for Okta any change of the application's settings, which is all its log tells. ``elsewhere``: the
    last success stands in neither log nor job, so that what followed it is not seen.
    """

    last_success: pd.Timestamp | None
    first_refused: pd.Timestamp | None  # the first refusal after the last success; else the first of all
    last_refused: pd.Timestamp | None
    refused: int
    succeeded: int
    broken: bool
    mixed: bool
    people: tuple[str, ...]
    rows: pd.DataFrame
    renewed: pd.Timestamp | None = None
    fickle: bool = False
    elsewhere: bool = False


@derived
def refusals(snapshot: Snapshot) -> Refusals:
    """What the log and, for Entra, the job tell about the credential."""
    events = snapshot["events"]
    auth = events[is_auth(events)].sort_values("at", kind="stable", na_position="first")
    # when alone: of the many that succeeded nothing else is asked
    contact = events["at"][(events["status"] == "success") & events["action"].isin((*WRITES, *GROUP_WRITES))]
    # a log without any success may be one under a filter: then what else tells of one counts
    other = _told_elsewhere(snapshot) if contact.empty else ()
    logged = [t for t in (contact.max(), own_jobs(snapshot)["last_success_at"].max()) if pd.notna(t)]
    seen = [*logged, *(t for t in other if pd.notna(t))]
    success = max(seen) if seen else None
    after = auth[auth["at"] > success] if success is not None else auth
    shown = after if len(after) else auth
    changes = _changes(snapshot)
    turns = _turns(contact, auth["at"], changes)
    fickle = int((turns > snapshot.as_of - _RECENT).sum()) >= _FICKLE
    refused_at = max((t for t in (auth["at"].max(), _job_refused(snapshot)) if pd.notna(t)), default=None)
    later = changes[changes > refused_at] if refused_at is not None else changes[:0]
    later = later[later > snapshot.as_of - _MENDED_LATELY]
    renewed = _time(later.max()) if len(later) else None
    return Refusals(
        success,
        _time(shown["at"].min()),
        _time(auth["at"].max()),
        len(after),
        len(contact),
        bool(len(after)) and not fickle and renewed is None,
        bool(len(turns)),
        tuple(sorted(shown["person_key"].dropna().unique())),
        shown,
        renewed,
        fickle,
        bool(seen) and not logged,
    )


def speaks_for_now(snapshot: Snapshot, success: pd.Timestamp) -> bool:
    """Whether a last success is young enough to say that the provider is let in now.

    Nothing is sent where nothing changes, and a dead token or a log that ends writes nothing either: only a success of
    the last days, or of the window where that reaches back further (a week at most), tells them apart.
    """
    window = snapshot.incident.window
    start = pd.Timestamp(window.start) if window else snapshot.as_of
    return success >= min(snapshot.as_of - _RECENT, max(start, snapshot.as_of - _LONG_AGO))


def _told_elsewhere(snapshot: Snapshot) -> tuple[Any, ...]:
    """Successes that no log need hold: the last sync of Okta's app users, an account SCIM made in Catalog."""
    app, accounts = snapshot["app_accounts"], snapshot["accounts"]
    return (
        app[app["sync_state"] == "SYNCHRONIZED"]["last_sync_at"].max(),
        accounts[accounts["external_id"].notna()]["created_at"].max(),
    )


def _time(value: Any) -> pd.Timestamp | None:
    return None if pd.isna(value) else value


def _changes(snapshot: Snapshot) -> pd.Series[Any]:
    """When the credentials were changed, in order. Okta's log does not tell which setting it was; toggles it names."""
    table = snapshot["config_changes"].dropna(subset=["at"])
    kinds = ("credentials", "app_settings") if snapshot.provider == "okta" else ("credentials",)
    table = table[table["what"].isin(kinds)]
    named = table["detail"].fillna("").str.contains("createUsers|updateUser|deactivateUsers|enableProvisioning")
    return table[~named]["at"].sort_values()


def _turns(ok: pd.Series[Any], refused: pd.Series[Any], changes: pd.Series[Any]) -> pd.Series[Any]:
    """When a refusal after a first success gave way to another success, nobody having changed the credentials."""
    if refused.empty:
        return refused
    both = pd.concat([pd.DataFrame({"at": ok, "ok": True}), pd.DataFrame({"at": refused, "ok": False})])
    both = both.dropna(subset=["at"]).sort_values("at", kind="stable").reset_index(drop=True)
    before = both.shift(1)
    seen = both["ok"].cummax()
    turn = both[both["ok"] & before["ok"].eq(False) & seen.shift(1).eq(True)]
    refused_at, at = before["at"].loc[turn.index], turn["at"]
    moved = [bool(((changes > r) & (changes <= a)).any()) for r, a in zip(refused_at, at, strict=True)]
    return at[[not m for m in moved]]


def _job_refused(snapshot: Snapshot) -> Any:
    """When the last execution of the job could not sign in."""
    jobs = own_jobs(snapshot)
    failed = [job_refused(job) for _, job in jobs.iterrows()]
    return jobs[failed]["last_began_at"].max() if any(failed) else pd.NaT


def job_refused(job: pd.Series[Any]) -> bool:
    """Whether the job's own error says that signing in failed, not that the endpoint is out of reach or broken."""
    return any(signing_in_failed(job[f"{of}_error_code"], job[f"{of}_error_message"]) for of in ("quarantine", "last"))
