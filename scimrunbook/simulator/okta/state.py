"""What Okta keeps of the app: app users, group push mappings, tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class AppUser:
    """The app account of one person. ``status``/``sync_state`` as the Management API names them."""

    person: str
    id: str  # 0ua…, as the log names it
    scope: str  # USER | GROUP
    user_name: str
    created_at: datetime
    status: str = "STAGED"
    sync_state: str = "DISABLED"
    external_id: str | None = None
    status_changed_at: datetime | None = None
    last_sync_at: datetime | None = None
    given: str = ""
    family: str = ""

    def turn(self, status: str, sync_state: str, at: datetime) -> None:
        if status != self.status:
            self.status_changed_at = at
        self.status, self.sync_state = status, sync_state


@dataclass(slots=True)
class Push:
    """A group push mapping: the Okta group and the team it became."""

    id: str
    group: str
    created_at: datetime
    status: str = "ACTIVE"  # ACTIVE | ERROR | INACTIVE
    team_id: str | None = None
    error: str | None = None
    last_push_at: datetime | None = None
    sent: set[str] = field(default_factory=set)  # Catalog account ids that are members by our doing
