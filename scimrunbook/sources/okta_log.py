"""Okta's System Log as rows of ``events`` and ``config_changes``; one function for API, SIEM copies and the CSV.

Facts: Okta System Log API; targets are found by type, not by position; keys are read without regard to case, since
SIEMs lower them; a reason may be null on a failure and holds at most 255 characters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from scimrunbook.guide import OKTA_APP_NAME, OKTA_EVENTS
from scimrunbook.sources.fields import as_json, moment, obj, objects, text

Row = dict[str, Any]
_RESULTS = {
    "success": "success",
    "allow": "success",
    "failure": "failure",
    "deny": "failure",
    "skipped": "skipped",
    "rate_limit": "warning",
    "deferred": "warning",
    "scheduled": "warning",
}
_PHRASES = {s.phrase.lower(): s.value for s in HTTPStatus if s.value >= 400}
_PHRASE = re.compile(r"\s*([A-Za-z][A-Za-z -]*?)\.\s+Errors reported by", re.IGNORECASE)
_STATUS = re.compile(r"\b(?:status|http|code)\D{0,12}([45]\d\d)\b", re.IGNORECASE)
# Events of the directory that belong to no application but explain one.
_DIRECTORY = ("user.lifecycle.", "user.account.update_profile", "group.user_membership.", "directory.mapping.")
# A setting whose value is a secret never leaves the parser.
_SECRET = re.compile(r"token|secret|password|credential|apikey", re.IGNORECASE)


@dataclass(slots=True)
class LogRows:
    """What a log gave: rows by table, records left out because they are another application's, unreadable ones."""

    events: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    foreign: int = 0
    unreadable: int = 0
    unknown_types: dict[str, int] = field(default_factory=dict)

    @property
    def note(self) -> str | None:
        said = []
        if self.foreign:
            said.append(f"{self.foreign} events of other applications left out.")
        if self.unknown_types:
            names = ", ".join(sorted(self.unknown_types)[:5])
            said.append(f"{sum(self.unknown_types.values())} events of types the guide does not know ({names}).")
        return " ".join(said) or None


def is_event(record: Any) -> bool:
    """Whether a record looks like a LogEvent, wrapped or not."""
    r = unwrapped(record)
    return "eventtype" in r and ("published" in r or "outcome" in r or "uuid" in r)


def unwrapped(record: Any) -> dict[str, Any]:
    """The LogEvent itself, keys in lower case; collectors nest it under ``event``, ``message``, ``log`` or so."""
    r = obj(record)
    for _ in range(3):
        if "eventtype" in r:
            break
        inner = next((obj(v) for k, v in r.items() if k in ("event", "message", "log", "data", "okta", "_raw")), {})
        if not inner:
            break
        r = inner
    return r


def read(records: list[Any], app_id: str | None) -> LogRows:
    """Rows of every record. Without ``app_id`` events are kept where they name no other application than Catalog's."""
    out = LogRows()
    for record in records:
        r = unwrapped(record)
        kind = text(r.get("eventtype"))
        if kind is None:
            out.unreadable += 1
            continue
        targets = objects(r.get("target"))
        apps = {text(t.get("id")) for t in targets if _type(t) == "appinstance"} - {None}
        if apps and app_id and app_id not in apps:
            out.foreign += 1
            continue
        if apps and not app_id and _debug(r, "appname") not in (None, OKTA_APP_NAME):
            out.foreign += 1
            continue
        if not apps and not kind.startswith(_DIRECTORY) and kind not in OKTA_EVENTS:
            out.foreign += 1
            continue
        row = event(r, kind, targets)
        out.events.append(row)
        known = OKTA_EVENTS.get(kind)
        if known is None:
            out.unknown_types[kind] = out.unknown_types.get(kind, 0) + 1
        elif known.change:
            out.changes.append(change(r, known.change, targets))
    return out


def event(r: Mapping[str, Any], kind: str, targets: list[dict[str, Any]]) -> Row:
    """The row of ``events`` of one LogEvent."""
    known = OKTA_EVENTS.get(kind)
    outcome = obj(r.get("outcome"))
    reason = text(outcome.get("reason"))
    user, app_user = _target(targets, "user"), _target(targets, "appuser")
    group = _target(targets, "usergroup")
    app = _target(targets, "appinstance")
    return {
        "event_id": text(r.get("uuid")) or _made_id(r, kind),
        "at": moment(r.get("published")),
        "log": "system_log",
        "event_type": kind,
        "action": known.action if known else "other",
        "status": _RESULTS.get((text(outcome.get("result")) or "").lower(), "unknown"),
        "object_type": known.object_type if known else ("user" if user or app_user else "group" if group else "app"),
        "person_key": text(user.get("id")) if user else None,
        "group_key": text(group.get("id")) if group else None,
        "name": next((text(t.get("alternateid")) for t in (user, app_user) if t), None)
        or (text(group.get("displayname")) if group else None),
        "reason": reason,
        "http_status": http_status(reason),
        "step": kind,
        "job_id": text(obj(r.get("transaction")).get("id")),
        "change_id": text(obj(r.get("transaction")).get("id")),
        "app_id": text(app.get("id")) if app else None,
        "actor": text(obj(r.get("actor")).get("alternateid")),
    }


def change(r: Mapping[str, Any], what: str, targets: list[dict[str, Any]]) -> Row:
    """The row of ``config_changes``: what was changed, by whom, from and to where the log says so."""
    details = {}
    for target in targets:
        changed = obj(target.get("changedetails"))
        before, after = obj(changed.get("from")), obj(changed.get("to"))
        for name in sorted({*before, *after}):
            if not _SECRET.search(name):
                details[name] = {"from": text(before.get(name)), "to": text(after.get(name))}
    debug = obj(obj(r.get("debugcontext")).get("debugdata"))
    for name in ("attributesadded", "attributesmodified", "attributesdeleted"):
        if told := text(debug.get(name)):
            details[name] = {"from": None, "to": told[:300]}
    return {
        "at": moment(r.get("published")),
        "what": what,
        "actor": text(obj(r.get("actor")).get("alternateid")),
        "detail": as_json(details) if details else text(r.get("displaymessage")),
        "raw_type": text(r.get("eventtype")),
    }


def http_status(reason: str | None) -> int | None:
    """The status behind a reason: its phrase (``Unauthorized. Errors reported by …``), or a number it names."""
    if not reason:
        return None
    if phrase := _PHRASE.match(reason):
        return _PHRASES.get(phrase.group(1).strip().lower())
    number = _STATUS.search(reason)
    return int(number.group(1)) if number else None


def from_csv(row: Mapping[str, str]) -> dict[str, Any]:
    """A row of the console's System Log CSV (snake_case, ``timestamp``, up to four targets) as a LogEvent."""

    def cell(name: str) -> str | None:
        return row.get(name) or None

    names = {"id": "id", "type": "type", "alternate_id": "alternateId", "display_name": "displayName"}
    targets = [
        {key: cell(f"target{number}.{column}") for column, key in names.items()}
        for number in range(4)
        if cell(f"target{number}.id") or cell(f"target{number}.type")
    ]
    return {
        "uuid": cell("uuid"),
        "published": cell("timestamp"),
        "eventType": cell("event_type"),
        "legacyEventType": cell("legacy_event_type"),
        "displayMessage": cell("display_message"),
        "severity": cell("severity"),
        "outcome": {"result": cell("outcome.result"), "reason": cell("outcome.reason")},
        "actor": {"id": cell("actor.id"), "alternateId": cell("actor.alternate_id"), "type": cell("actor.type")},
        "transaction": {"id": cell("transaction.id"), "type": cell("transaction.type")},
        "target": targets,
    }


def _type(target: Mapping[str, Any]) -> str:
    return (text(target.get("type")) or "").lower()


def _target(targets: list[dict[str, Any]], kind: str) -> dict[str, Any] | None:
    return next((t for t in targets if _type(t) == kind), None)


def _debug(r: Mapping[str, Any], name: str) -> str | None:
    """A value of debugData; its keys vary in case and underscores."""
    data = obj(obj(r.get("debugcontext")).get("debugdata"))
    return next((text(v) for k, v in data.items() if k.replace("_", "") == name), None)


def _made_id(r: Mapping[str, Any], kind: str) -> str:
    """An id for a record without one, equal for equal records."""
    return "made-" + hashlib.sha256(as_json([kind, r.get("published"), r.get("target")]).encode()).hexdigest()[:24]
