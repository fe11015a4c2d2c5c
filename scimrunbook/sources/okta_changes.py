"""What an admin changed, as rows of ``config_changes``: from the entries of Okta's System Log that say so.

Facts (Okta event catalogue): toggles stand in a target's changeDetails, mapping rows in debugData attributesAdded,
attributesModified and attributesDeleted, other settings in debugData customMessage. The CSV has none of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from scimrunbook.evidence.secret_words import PATTERN as SECRET_WORDS
from scimrunbook.sources.fields import as_json, first, moment, obj, text

Row = dict[str, Any]
_TOLD = ("attributesadded", "attributesmodified", "attributesdeleted", "custommessage", "invalidexpressions")
# A setting whose value may be a secret is named, its value is not shown unless it is a plain word of these.
_SECRET = re.compile(SECRET_WORDS, re.IGNORECASE)
_HARMLESS = {"true", "false", "enabled", "disabled"}
_LONGEST = 300  # characters of one changed value


def change(r: Mapping[str, Any], kind: str, targets: Iterable[Mapping[str, Any]], what: str) -> Row:
    """The row of one LogEvent (keys in lower case): what was changed, by whom, from and to where the log says so."""
    details: dict[str, Any] = {}
    for target in targets:
        changed = obj(target.get("changedetails"))
        before, after = _settings(changed.get("from")), _settings(changed.get("to"))
        for name in sorted({*before, *after}):
            details[name] = {"from": _shown(name, before.get(name)), "to": _shown(name, after.get(name))}
        if direction := text(obj(target.get("detailentry")).get("direction")):
            details["direction"] = {"from": None, "to": direction}
    for name in _TOLD:
        if told := debug(r, name):
            details[name] = {"from": None, "to": told[:_LONGEST]}
    actor = obj(r.get("actor"))
    return {
        "at": moment(r.get("published")),
        "what": what,
        "actor": first(actor.get("alternateid"), actor.get("displayname")),
        "detail": as_json(details) if details else text(r.get("displaymessage")),
        "raw_type": kind,
    }


def merged(known: list[Mapping[str, Any]], new: list[Row]) -> tuple[list[Mapping[str, Any]], list[Row]]:
    """Rows kept of ``known`` and of ``new`` where the same change stands in two logs: the one that says more stays."""

    def same(row: Mapping[str, Any]) -> tuple[Any, ...]:
        return row.get("at"), row.get("raw_type"), row.get("actor")

    def told(row: Mapping[str, Any]) -> int:
        return (row.get("detail") or "").startswith("{")

    before = {same(r): told(r) for r in known}
    added = [r for r in new if told(r) >= before.get(same(r), 0)]
    richer = {same(r) for r in added}
    return [r for r in known if same(r) not in richer], added


def debug(r: Mapping[str, Any], name: str) -> str | None:
    """A value of debugData by its name in lower case without underscores (both vary between records)."""
    data = obj(obj(r.get("debugcontext")).get("debugdata"))
    return next((text(v) for k, v in data.items() if k.replace("_", "") == name), None)


def _settings(value: Any) -> dict[str, Any]:
    """The settings of one side, named as the log prints them."""
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else {}


def _shown(name: str, value: Any) -> str | None:
    """A changed value as text, cut; what may hold a secret only where it is a plain switch."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        value = str(value).lower()
    told = text(value) or as_json(value)
    if told.lower() in _HARMLESS:
        return told.lower()
    return "(not shown)" if _SECRET.search(name) or _SECRET.search(told) else told[:_LONGEST]
