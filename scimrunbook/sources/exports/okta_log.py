"""Okta's System Log as files: the console's CSV, and JSON from the API or a collector (array, NDJSON, pages)."""

from __future__ import annotations

from scimrunbook.sources import okta_log, okta_log_csv
from scimrunbook.sources.exports.documents import Document
from scimrunbook.sources.exports.registry import Recognised, parser
from scimrunbook.sources.okta_changes import merged
from scimrunbook.sources.parts import Parts

_SEEN = 50  # records looked at to recognise a log


@parser(what="okta.system_log", title="Okta System Log (JSON)", provider="okta")
def system_log(document: Document) -> Recognised | None:
    records = document.records
    if records is None or not any(map(okta_log.is_event, records.items[:_SEEN])):
        return None
    log = okta_log.parse(records.items)
    log.unreadable += records.unreadable
    return _recognised(log, document)


@parser(what="okta.system_log", title="Okta System Log (CSV)", provider="okta")
def system_log_csv(document: Document) -> Recognised | None:
    table = document.csv
    header = [h.casefold() for h in table.header] if table else []
    if table is None or not set(header) >= okta_log_csv.NEEDED:
        return None
    log = okta_log.parse(okta_log_csv.events(header, table.rows))
    log.unreadable += table.unreadable
    found = _recognised(log, document)
    found.remark("The CSV does not hold what settings were changed from and to.")
    return found


def _recognised(log: okta_log.Log, document: Document) -> Recognised:
    """Whose events are meant is settled once every file is read: the application may stand in another one."""

    def settle(found: Recognised, parts: Parts) -> None:
        named = document.incident.okta.app_id if document.incident.okta else None
        choice = okta_log.Choice(named or parts.facts.app.id)
        if choice.app_id is None:
            choice = okta_log.the_app(log)
        if choice.refused:
            found.refused = choice.refused
            found.get_it = "Name the application's id under okta.app_id in the incident file."
            return
        rows = okta_log.rows(log, choice.app_id)
        parts.beside(rows.beside)
        # The same event in two files: a CSV tells less than JSON, so it never replaces what is there.
        known = {e.get("event_id") for e in parts.rows["events"]} if document.csv else set()
        events = [e for e in rows.events if e["event_id"] not in known]
        earlier, changes = merged(parts.rows["config_changes"], rows.changes)
        parts.rows["config_changes"] = earlier
        found.tables = {
            "events": list(okta_log.named(events, parts.rows["app_accounts"], parts.rows["groups"])),
            "config_changes": list(changes),
        }
        for said in (choice.note, rows.note):
            if said:
                found.remark(said)
        if log.entries and not rows.events:
            found.remark("None of its events concerns the application.")

    return Recognised(
        rows=len(log.entries),
        unreadable=log.unreadable,
        first_at=log.first_at,
        last_at=log.last_at,
        settle=settle,
    )
