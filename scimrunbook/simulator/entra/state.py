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
    """A person's account: its id at Catalog's side and the values last sent. Unassignment ends the management."""

    account_id: str
    sent: dict[str, str | None] = field(default_factory=dict)
    managed: bool = True


@dataclass(slots=True)
class Team:
    team_id: str
    name: str
    members: set[str] = field(default_factory=set)  # account ids


@dataclass(slots=True)
class Escrow:
    """A failed row: since when, how often, when next."""

    first: datetime
    tries: int = 0
    next_attempt: datetime | None = None

    def failed(self, now: datetime) -> None:
        self.tries += 1
        step = RETRIES[self.tries - 1] if self.tries <= len(RETRIES) else timedelta(hours=24 * (self.tries - 2))
        self.next_attempt = max(now, self.first + step)


@dataclass(slots=True)
class Execution:
    """One iteration of the job, as ``synchronizationTaskExecution`` tells it."""

    began: datetime
    ended: datetime
    state: str  # Succeeded | Failed | EntryLevelErrors
    error: dict[str, Any] | None = None
    exported: int = 0
    imported: int = 0
    escrowed: int = 0


@dataclass(slots=True)
class Quarantine:
    began: datetime
    next_attempt: datetime
    count: int
    error: dict[str, Any]
    reason: str = "EncounteredQuarantineException"
