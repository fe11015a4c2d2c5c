"""Which stretch of a log is read: enough before the trouble to hold the last success, up to the provider's now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scimrunbook.incident import Incident

HISTORY = timedelta(days=14)  # before now; a weekly change and the success before it lie within
AFTER = timedelta(minutes=1)  # filters of logs leave out the very moment they end at
MARGIN = timedelta(days=1)  # around the incident's own window: people remember times roughly


def log_window(incident: Incident, now: datetime | None = None) -> tuple[datetime, datetime]:
    """Start and end (UTC) of the logs to read. ``now`` is the provider's clock, this machine's where it told none.

    The last fourteen days, reaching back to a day before the incident's window where that is earlier. It never ends
    before now: whether a fix has worked stands at the end of the log.
    """
    present = (now or datetime.now(UTC)).astimezone(UTC)
    start, end = present - HISTORY, present + AFTER
    if incident.window is not None:
        start = min(start, incident.window.start.astimezone(UTC) - MARGIN)
    return start, end
