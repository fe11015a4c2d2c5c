"""What a log that was read cannot prove: filtered, of one application, ending early, older than it is kept.

No errors in a log is not health. Retention: Okta 90 days; Microsoft Entra ID 30 days with a P1 or P2 licence, 7 without
(Microsoft Learn: provisioning logs).
"""

from __future__ import annotations

import pandas as pd

from scimrunbook.checks._words import count, provider
from scimrunbook.history import Span, when
from scimrunbook.jobs import own_jobs
from scimrunbook.scope import log_of
from scimrunbook.snapshot import Snapshot

KEPT_DAYS = {"okta": 90, "entra": 30}
KEPT_FREE_DAYS = 7
FEW = 5  # records from which on a pattern is none of chance


def stopped_with_the_job(snapshot: Snapshot, last: pd.Timestamp | None) -> pd.Timestamp | None:
    """Since when a job in quarantine was not let in, where the log ends before: such a job writes no record at all."""
    jobs = own_jobs(snapshot)
    held = jobs[jobs["state"].eq("Quarantine") & jobs["quarantine_reason"].eq("EncounteredQuarantineException")]
    since = held["quarantine_since"].dropna().min()
    return None if last is None or pd.isna(since) or since < last else pd.Timestamp(since)


def doubts(snapshot: Snapshot, span: Span) -> list[str]:
    """Why the log may lack what matters, as parts of a sentence; none where nothing speaks against it."""
    rows = snapshot["coverage"]
    unreadable = int(rows[rows["what"] == log_of(snapshot)]["unreadable"].fillna(0).sum())
    found = [] if span.whole else ["a part of the log is missing"]
    found += [
        *_outside(snapshot, span),
        *_filtered(snapshot),
        *_ends_early(snapshot, span),
        *_retention(snapshot, span),
    ]
    return [*found, f"{count(unreadable, 'record')} could not be read"] if unreadable else found


def limits(snapshot: Snapshot) -> str:
    """What a log that holds one application only cannot show; empty where it holds others too, or was read live."""
    if snapshot.facts.log_beside != 0 or snapshot["events"].empty:
        return ""
    another = "whether another application provisions Catalog too"
    if snapshot.provider == "okta":
        return (
            " It holds this application's events only, so it cannot show what changed about people and groups in Okta, "
            f"nor {another}."
        )
    return f" It holds this application's records only, so it cannot show {another}."


def _outside(snapshot: Snapshot, span: Span) -> list[str]:
    window = snapshot.incident.window
    if not window or span.first is None or span.last is None:
        return []
    start, end = pd.Timestamp(window.start), pd.Timestamp(window.end)
    found = []
    if span.last < start and stopped_with_the_job(snapshot, span.last) is None:
        found.append(f"its newest record ({when(span.last)}) is older than the window")
    if span.first > end:
        found.append(f"its oldest record ({when(span.first)}) is younger than the window")
    return found


def _filtered(snapshot: Snapshot) -> list[str]:
    events = snapshot["events"]
    touched = events[events["action"] != "other"]
    found = []
    if len(touched) >= FEW and bool((touched["status"] == "failure").all()):
        found.append("it holds failures only, as an export under a filter does")
    if len(touched) and bool((touched["status"] == "success").all()) and _fails_elsewhere(snapshot):
        found.append("it holds successes only, while other data show failures, as an export under a filter does")
    return found


def _fails_elsewhere(snapshot: Snapshot) -> bool:
    """Whether what the log does not hold stands in the provider's own state of group pushes or of the job.

    Of the reasons for quarantine only the thresholds ("escrow") rest on operations that failed.
    """
    pushes, jobs = snapshot["assignments"], own_jobs(snapshot)
    too_many = jobs["state"].eq("Quarantine") & jobs["quarantine_reason"].fillna("").str.contains("Escrow")
    return bool(pushes["error"].notna().any() or too_many.any())


def _ends_early(snapshot: Snapshot, span: Span) -> list[str]:
    """Okta notes at each account when it was last pushed: no log that was exported whole ends before that."""
    rows = snapshot["coverage"]
    files = rows[(rows["what"] == log_of(snapshot)) & rows["refused"].isna() & rows["source"].eq("file")]
    pushed = snapshot["app_accounts"]["last_sync_at"].max()
    if files.empty or span.last is None or pd.isna(pushed) or pushed <= span.last + pd.Timedelta(minutes=5):
        return []
    return [
        f"it stops at {when(span.last)}, while accounts were pushed until {when(pushed)}, so it was exported before"
    ]


def _retention(snapshot: Snapshot, span: Span) -> list[str]:
    window, kept = snapshot.incident.window, KEPT_DAYS[snapshot.provider]
    if not window or span.first is None or span.first <= pd.Timestamp(window.start):
        return []
    back = snapshot.as_of - pd.Timestamp(window.start)
    if back > pd.Timedelta(days=kept):
        return [f"the window begins before the {kept} days that {provider(snapshot)} keeps its log"]
    reach = snapshot.as_of - span.first
    free = pd.Timedelta(days=KEPT_FREE_DAYS)
    if snapshot.provider == "entra" and back > free and free - pd.Timedelta(days=1) <= reach <= free:
        return [
            f"it reaches back {KEPT_FREE_DAYS} days, which is all that a tenant without a P1 or P2 licence keeps "
            f"({kept} days with one), and the window begins before"
        ]
    return []
