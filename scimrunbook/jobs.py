"""Entra's synchronization job: which of several provisions Catalog, and whether a cycle of it runs just now. Pure.

Sources: Microsoft Graph: synchronizationJob; Microsoft Learn: when will provisioning finish (estimates).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.derived import derived
from scimrunbook.snapshot import Snapshot

# What a first cycle takes at most, per user, group and member: 20 minutes to hours, by Microsoft's estimate.
_MINUTES_EACH = 0.08
# No estimate is short enough to call a cycle stuck before that.
_LONG = pd.Timedelta(days=1)


@derived
def own_jobs(snapshot: Snapshot) -> pd.DataFrame:
    """The one row of ``jobs`` that provisions Catalog, or none; what other jobs of the application do says nothing.

    A SCIM template comes before any other, then the job that ran last.
    """
    return own_among(snapshot["jobs"])


def own_among(jobs: pd.DataFrame) -> pd.DataFrame:
    """``own_jobs`` of the table ``jobs`` alone."""
    scim = jobs["template"].fillna(jobs["job_id"]).fillna("").str.casefold().str.startswith(("scim", "customappsso"))
    order = jobs.assign(scim=scim).sort_values(["scim", "last_began_at"], kind="stable", na_position="first")
    return jobs.loc[order.index[-1:]]


def the_job(snapshot: Snapshot) -> pd.Series[Any]:
    """The job that provisions Catalog. Raises IndexError where there is none."""
    return own_jobs(snapshot).iloc[-1]


@derived
def running_since(snapshot: Snapshot) -> pd.Timestamp | None:
    """When the cycle began that has not ended; None where none runs, or where it takes longer than any cycle may."""
    for _, job in own_jobs(snapshot).iterrows():
        began, ended = job["last_began_at"], job["last_ended_at"]
        idle = pd.isna(began) or (pd.notna(ended) and ended >= began)
        if idle or job["state"] in ("Quarantine", "Paused", "NotConfigured"):
            return None
        moment: pd.Timestamp = began
        return moment if snapshot.as_of - moment <= longest_cycle(snapshot) else None
    return None


def longest_cycle(snapshot: Snapshot) -> pd.Timedelta:
    """What a first cycle may take with that many people and groups, and a day at least."""
    many = sum(len(snapshot[table]) for table in ("people", "groups", "memberships"))
    return max(_LONG, pd.Timedelta(minutes=_MINUTES_EACH * many))
