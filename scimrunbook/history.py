"""What the provider's log proves: last success, what still fails, when the connection broke.

An old failure that a later success healed is no failure. Sources: Okta System Log API; Microsoft Learn (provisioning
logs, quarantine status, when provisioning will finish).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scimrunbook import guide
from scimrunbook.derived import among, derived, in_order, last_of_each, looked_up, numbered, taken, ticks
from scimrunbook.errors import families, is_auth, is_page
from scimrunbook.findings import Cause
from scimrunbook.jobs import own_jobs, running_since
from scimrunbook.refusals import GROUP_WRITES as GROUP_WRITES
from scimrunbook.refusals import WRITES as WRITES
from scimrunbook.refusals import Refusals as Refusals
from scimrunbook.refusals import refusals as refusals
from scimrunbook.scope import log_of
from scimrunbook.snapshot import Snapshot

# Entra skips what is already so: as good as a success.
SETTLED_SKIPS = ("RedundantExport", "RedundantSoftDelete")
CYCLE_SECONDS = 40 * 60
OKTA_SETTLES_SECONDS = 15 * 60
_SLACK = pd.Timedelta(minutes=10)  # until the records of a cycle stand in the log
# What is asked of an operation; a log holds more, and columns of text are what takes time and memory.
_TOLD = (
    "event_id", "at", "event_type", "action", "status", "object_type", "person_key", "group_key", "name", "target_id",
    "error_code", "reason", "http_status", "skip_reason", "step", "next_attempt_at",
)  # fmt: skip
_STATE = {"create": "on", "update": "on", "reactivate": "on", "deactivate": "off", "delete": "gone"}


@derived
def operations(snapshot: Snapshot) -> pd.DataFrame:
    """Log rows about users and groups that touched Catalog, in order of time, with ``ok``, ``failed``, ``family``.

    ``key`` is the person or group; a retry that failed again is a failure of its own. Rows without a time come first.
    """
    events = snapshot["events"]
    written = np.flatnonzero(events["action"].isin(WRITES + GROUP_WRITES))
    failed = (events["status"] == "failure").to_numpy()
    # at the same moment failures come first
    order = written[np.lexsort((~failed[written], ticks(events["at"])[written]))]
    events = events[list(_TOLD)].take(order).reset_index(drop=True)
    key = events["person_key"].fillna(events["group_key"])
    ok = (events["status"] == "success") | ((events["status"] == "skipped") & events["skip_reason"].isin(SETTLED_SKIPS))
    return events.assign(key=key, ok=ok, failed=events["status"] == "failure", family=_families(snapshot, events))


def _families(snapshot: Snapshot, events: pd.DataFrame) -> pd.Series[Any]:
    """The family of every failure, where more than its own text decides.

    A page instead of JSON is the endpoint's doing where the address is known to be right. A refusal among successes is
    too; one from before the credentials were entered anew only waits to be run again.
    """
    family, log = families(events), refusals(snapshot)
    if right_address(snapshot):
        family = family.mask(is_page(events), Cause.CATALOG_SIDE.value)
    if log.renewed is not None:
        family = family.mask(is_auth(events) & (events["at"] < log.renewed), Cause.SYNC_SCHEDULE.value)
    elif log.mixed and not log.broken:
        family = family.mask(is_auth(events), Cause.CATALOG_SIDE.value)
    return family


def right_address(snapshot: Snapshot) -> bool:
    """Whether the base URL typed in is known, and leads to the region's own endpoint."""
    typed = (snapshot.incident.catalog.configured_base_url or "").strip().split("?")[0].rstrip("/").casefold()
    region = guide.REGIONS.get(snapshot.incident.catalog_host)
    return region is not None and typed == region.base_url


@derived
def last_of(snapshot: Snapshot) -> pd.DataFrame:
    """Per person or group (index ``key``): positions and rows of the last success and the last failure.

    Columns ``ok_at``, ``ok_action``, ``failed_at``, ``failed_action``, ``reason``, ``error_code``, ``family``,
    ``next_attempt_at``, ``open`` (the failure is not healed), ``state`` (on | off | gone after the last success that
    tells), ``state_at``.
    """
    rows = operations(snapshot)
    code, seen = numbered(rows["key"])
    ordered, place = in_order(pd.Series(seen))
    keys = pd.Index(ordered, dtype="str", name="key")
    number = np.append(place, -1)[code]
    of_kind = (rows["ok"], rows["failed"], rows["ok"] & rows["action"].isin(_STATE))
    ok, failed, told = (last_of_each(number, which.to_numpy(bool), len(keys)) for which in of_kind)
    return pd.DataFrame(
        {
            "ok_at": taken(rows["at"], ok, keys),
            "ok_action": taken(rows["action"], ok, keys),
            "failed_at": taken(rows["at"], failed, keys),
            "failed_action": taken(rows["action"], failed, keys),
            **{c: taken(rows[c], failed, keys) for c in ("reason", "error_code", "family", "next_attempt_at")},
            "state_at": taken(rows["at"], told, keys),
            "state": taken(rows["action"], told, keys).map(_STATE).astype("str"),
            "open": failed > ok,
        },
        index=keys,
    )


@derived
def open_failures(snapshot: Snapshot) -> pd.DataFrame:
    """Failed operations whose person or group had no success since, in order of time."""
    rows = operations(snapshot)
    rows = rows[rows["failed"]]
    hurt = last_of(snapshot)
    hurt = hurt[hurt["open"]]
    since_ok = looked_up(rows["key"], hurt["ok_at"])
    fresh = since_ok.isna() | (rows["at"] >= since_ok)
    return rows[(rows["key"].isna() | among(rows["key"], hurt.index)) & fresh]


@derived
def in_backoff(snapshot: Snapshot) -> pd.DataFrame:
    """Open failures that only wait for their retry: the endpoint was down, and has answered the same request since.

    An outage is told from an endpoint that fails now and then, or always with one request: no operation of the kind
    succeeded between its first and its last open failure, and one did after it.
    """
    rows = open_failures(snapshot)
    later = rows[(rows["next_attempt_at"] > snapshot.as_of) & rows["family"].eq(Cause.CATALOG_SIDE.value)]
    if later.empty:
        return later
    done = operations(snapshot)
    done = done[done["status"] == "success"]
    down = rows[rows["family"].eq(Cause.CATALOG_SIDE.value)].groupby("action")["at"].agg(["min", "max"])
    over = [
        action
        for action, first, last in down.itertuples()
        if (done[done["action"] == action]["at"] > last).any()
        and not done[done["action"] == action]["at"].between(first, last, inclusive="neither").any()
    ]
    return later[later["action"].isin(over)]


@dataclass(frozen=True, slots=True)
class Span:
    """The time a log covers; None where it is not known. ``whole``: nothing says that rows are missing."""

    first: pd.Timestamp | None
    last: pd.Timestamp | None
    rows: int
    whole: bool


@derived
def log_span(snapshot: Snapshot) -> Span:
    """From ``coverage`` where it tells, else from the events themselves."""
    name = log_of(snapshot)
    rows = snapshot["coverage"]
    rows = rows[(rows["what"] == name) & rows["refused"].isna()]
    at = snapshot["events"]["at"]
    first = min((t for t in (rows["first_at"].min(), at.min()) if pd.notna(t)), default=None)
    last = max((t for t in (rows["last_at"].max(), at.max()) if pd.notna(t)), default=None)
    return Span(first, last, len(at), snapshot.whole(name))


@derived
def settled_before(snapshot: Snapshot) -> pd.Timestamp:
    """Changes after this moment may still be on their way: minutes for Okta, the current 40-minute cycle for Entra.

    An overdue cycle does not excuse anybody: no change older than one interval and a quarter of an hour waits. A cycle
    that runs does, however long it takes: whatever changed since the one before it began may still come.
    """
    now = snapshot.as_of
    if snapshot.provider == "okta":
        return now - pd.Timedelta(seconds=OKTA_SETTLES_SECONDS)
    interval = cycle(snapshot)
    floor = now - interval - pd.Timedelta(minutes=15)
    # assignments and group membership take minutes to reach the provisioning service
    late = pd.Timedelta(minutes=5)
    running = running_since(snapshot)
    if running is not None:
        return running - interval - late
    began = own_jobs(snapshot)["last_began_at"].max()
    moment: pd.Timestamp = floor if pd.isna(began) else max(floor, began - late)
    return moment


def round_trip(snapshot: Snapshot) -> pd.Timedelta:
    """How long a change takes to arrive once nothing is in its way."""
    if snapshot.provider == "okta":
        return pd.Timedelta(seconds=OKTA_SETTLES_SECONDS)
    return cycle(snapshot) + _SLACK


def arrives(snapshot: Snapshot, since: pd.Timestamp) -> pd.Timestamp:
    """When a change of that moment should be there; while a cycle runs, not before another one has passed from now."""
    moment = since + round_trip(snapshot)
    return moment if running_since(snapshot) is None else max(moment, snapshot.as_of + round_trip(snapshot))


@derived
def cycle(snapshot: Snapshot) -> pd.Timedelta:
    """Entra's interval between cycles; an absurd one (a disabled job's maximum time span) is the usual 40 minutes."""
    seconds = own_jobs(snapshot)["interval_seconds"].dropna()
    seconds = seconds[(seconds > 0) & (seconds <= 86400)]
    return pd.Timedelta(seconds=int(seconds.iloc[-1]) if len(seconds) else CYCLE_SECONDS)


def when(moment: Any) -> str:
    """A time as sentences print it."""
    return (
        "an unknown time" if moment is None or pd.isna(moment) else pd.Timestamp(moment).strftime("%Y-%m-%d %H:%M UTC")
    )


def iso(moment: Any) -> str | None:
    """A time for ``Finding.since``."""
    if moment is None or pd.isna(moment):
        return None
    return str(pd.Timestamp(moment).isoformat()).replace("+00:00", "Z")
