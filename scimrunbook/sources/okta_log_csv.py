"""The console's System Log CSV (Reports > System Log > Download CSV) as LogEvents.

Its columns are snake_case, the time is ``timestamp``, targets stand flat as ``target0.id`` …; it has no changeDetails
and of debugData the request URI only. Columns differ between years: they are found by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

NEEDED = frozenset({"timestamp", "event_type", "outcome.result"})
_TARGET = re.compile(r"target(\d{1,3})\.(id|type|alternate_id|display_name)")
_CELLS = {
    "uuid": "uuid",
    "published": "timestamp",
    "eventType": "event_type",
    "legacyEventType": "legacy_event_type",
    "displayMessage": "display_message",
    "severity": "severity",
    "outcome.result": "outcome.result",
    "outcome.reason": "outcome.reason",
    "actor.id": "actor.id",
    "actor.type": "actor.type",
    "actor.alternateId": "actor.alternate_id",
    "actor.displayName": "actor.display_name",
    "transaction.id": "transaction.id",
    "transaction.type": "transaction.type",
    "debugContext.debugData.requestUri": "debug_context.debug_data.request_uri",
}
_CAMEL = {"id": "id", "type": "type", "alternate_id": "alternateId", "display_name": "displayName"}


def events(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """One LogEvent a line. ``header``: column names in lower case."""
    slots = [(m, n) for n, name in enumerate(header) if (m := _TARGET.fullmatch(name))]
    columns = [(int(m.group(1)), _CAMEL[m.group(2)], n) for m, n in slots]
    return [_event(dict(zip(header, line, strict=True)), line, columns) for line in lines]


def _event(cells: Mapping[str, str], line: Sequence[str], columns: list[tuple[int, str, int]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for path, column in _CELLS.items():
        *folders, name = path.split(".")
        place = made
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = cells.get(column) or None
    targets: dict[int, dict[str, str]] = {}
    for number, key, place_in_line in columns:
        if line[place_in_line]:
            targets.setdefault(number, {})[key] = line[place_in_line]
    made["target"] = [targets[n] for n in sorted(targets)]
    return made
