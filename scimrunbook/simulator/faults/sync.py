"""Section 06: timing, retries and what a log leaves open."""

from __future__ import annotations

from datetime import timedelta

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, left, marked
from scimrunbook.simulator.world import AS_OF, Change, World

STALLED = AS_OF - timedelta(days=1, hours=12)  # the last cycle before it was over


def _minutes_ago(s: Scenario) -> None:
    """A new hire came a moment before somebody looked; Okta's queue takes some minutes that day."""
    person = s.hired("joiner_after")[-1]
    person.trait = "minutes_ago"
    change = next(c for c in s.world.timeline if c.what == "hire" and c.data["person"] is person)
    s.world.timeline.remove(change)
    s.world.at(AS_OF - timedelta(minutes=3), "hire", **change.data)
    if s.provider == "okta":
        s.world.at(AS_OF - timedelta(minutes=30), "setting", queue=timedelta(minutes=10))


def _backoff(s: Scenario) -> None:
    """Catalog failed for an hour and a half; who was hired then waits for the retry, who came later is there."""
    hires = [c for p in s.hired("joiner_after")[-2:] for c in s.world.timeline
             if c.what == "hire" and c.data["person"] is p]  # fmt: skip
    waits, shows = hires
    waits.data["person"].trait = "backoff"
    for change, hours in ((waits, 4), (shows, 2)):
        s.world.timeline.remove(change)
        s.world.at(AS_OF - timedelta(hours=hours), "hire", **change.data)
    s.world.at(AS_OF - timedelta(hours=4, minutes=10), "catalog", do="misbehave", failing_writes=True)
    s.world.at(AS_OF - timedelta(hours=2, minutes=30), "catalog", do="misbehave", failing_writes=False)


def _overdue(s: Scenario) -> None:
    """The service runs no cycle any more and says nothing about it."""
    s.world.at(STALLED, "setting", stalled=True)


def _since_stalled(world: World) -> list[str]:
    kinds = ("hire", "disable", "enable", "rename", "join", "leave", "assign", "unassign")
    hit = [c for c in world.timeline if c.at > STALLED and c.what in kinds]
    return list(dict.fromkeys(_key(c) for c in hit))


def _key(change: Change) -> str:
    return str(change.data["person"].key if change.what == "hire" else change.data["key"])


def _skip_deletions(s: Scenario) -> None:
    s.settings.skip_out_of_scope_deletions = True


FAULTS = (
    Fault("changed_minutes_ago", "A change is too young to have arrived", BOTH, "sync_schedule",
          "sync.enough_time_has_passed", "waiting", ("missing_people",), _minutes_ago, marked("minutes_ago")),
    Fault("retry_backoff", "An outage is over, its failures wait for their retry", ("entra",), "sync_schedule",
          "sync.no_retry_backlog", "delivery", ("missing_people",), _backoff, marked("backoff")),
    Fault("cycle_overdue", "The cycles stopped although the job is on", ("entra",), "sync_schedule",
          "sync.runs_on_schedule", "attempt", ("missing_people", "lingering_access"), _overdue, _since_stalled),
    Fault("out_of_scope_deletions_skipped", "SkipOutOfScopeDeletions keeps leavers active", ("entra",),
          "integration_not_enabled", "connection.actions_are_enabled", "attempt", ("lingering_access",),
          _skip_deletions, left),
)  # fmt: skip
