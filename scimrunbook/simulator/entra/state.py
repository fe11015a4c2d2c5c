"""What the service remembers between cycles: links to accounts and teams, failures to try again, quarantine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

# Failed rows are tried again after these spans since the first failure, then daily, and dropped after 28 days
# (Microsoft Learn, quarantine status; confirmed by a published record).
RETRIES = (timedelta(hours=6), timedelta(hours=12), timedelta(hours=24))
DROPPED_AFTER = timedelta(days=28)


@dataclass(slots=True)
class Link:
    """A person's account: its id at Catalog's side and the values last seen there.

    ``managed`` ends with the assignment: from then on nothing is sent, not even when the person is deleted.
    """

    account_id: str
    sent: dict[str, str | None] = field(default_factory=dict)
    managed: bool = True

    @property
    def disabled(self) -> bool:
        return self.sent.get("active") == "False"


@dataclass(slots=True)
class Team:
    """A group's team. ``omitted``: people found out of scope once; not picked up again until a restart."""

    team_id: str
    sent: dict[str, str | None] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)  # person key → account id
    omitted: set[str] = field(default_factory=set)
    unresolved: set[str] = field(default_factory=set)  # members without an account, told about already


@dataclass(slots=True)
class Escrow:
    """A failed row: since when, how often, when next."""

    first: datetime
    tries: int = 0
    next_attempt: datetime | None = None

    def failed(self, now: datetime) -> None:
        """Once more; a change of the person tried in between moves nothing: spans count from the first failure."""
        self.tries += 1
        spans = [s for s in (*RETRIES, *(timedelta(days=d) for d in range(2, 29))) if self.first + s > now]
        self.next_attempt = self.first + spans[0] if spans else None


@dataclass(slots=True)
class Execution:
    """One iteration of the job, as ``synchronizationTaskExecution`` tells it."""

    activity: str
    began: datetime
    ended: datetime
    state: str  # Succeeded | Failed | EntryLevelErrors
    error: dict[str, Any] | None = None
    exported: int = 0
    imported: int = 0
    escrowed: int = 0
    entitled: int = 0


@dataclass(slots=True)
class Quarantine:
    began: datetime
    next_attempt: datetime
    count: int
    error: dict[str, Any]
    reason: str = "EncounteredQuarantineException"
