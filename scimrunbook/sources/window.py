"""Which stretch of a log is read: enough before the trouble to hold the last success, up to the provider's now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scimrunbook.incident import Incident

# Before now. Okta: a weekly change and the success before it lie within, and its app users tell of older accounts.
# Entra keeps no such record: who has an account stands in the provisioning log alone where Catalog is not read, so all
# that a tenant with P1 keeps is read (30 days; Microsoft Learn: analyze provisioning logs).
HISTORY = {"okta": timedelta(days=14), "entra": timedelta(days=30)}
AFTER = timedelta(minutes=1)  # filters of logs leave out the very moment they end at
MARGIN = timedelta(days=1)  # around the incident's own window: people remember times roughly


def log_window(incident: Incident, now: datetime | None = None) -> tuple[datetime, datetime]:
    """Start and end (UTC) of the logs to read. ``now`` is the provider's clock, this machine's where it told none.

    The history of its provider, reaching back to a day before the incident's window where that is earlier. It never
    ends before now: whether a fix has worked stands at the end of the log.
    """
    present = (now or datetime.now(UTC)).astimezone(UTC)
    start, end = present - HISTORY[incident.identity_provider], present + AFTER
    if incident.window is not None:
        start = min(start, incident.window.start.astimezone(UTC) - MARGIN)
    return start, end
