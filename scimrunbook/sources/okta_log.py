"""Okta's System Log as rows of ``events`` and ``config_changes``; one way for the API, SIEM copies and the CSV.

Facts (Okta System Log API and its event catalogue): targets are found by type, not by position; keys are read without
regard to case and debugData without regard to underscores, since both vary; a reason may be null on a failure and holds
at most 255 characters; an outcome nobody knows is unknown, never a success.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal

from scimrunbook.guide import OKTA_APP_NAME, OKTA_EVENTS
from scimrunbook.sources.fields import as_json, first, moment, obj, objects, span, text
from scimrunbook.sources.okta_changes import change, debug

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
# Python 3.13 renames two phrases; the log has the older ones.
_PHRASES = {s.phrase.lower(): s.value for s in HTTPStatus if s.value >= 400} | {
    "request entity too large": 413,
    "unprocessable entity": 422,
}
_PHRASE = re.compile(r"\s*([A-Za-z][A-Za-z -]{2,40}?)\s*(?:\.|$)")
_STATUS = re.compile(r"\b(?:status|http|code)\D{0,12}([45]\d\d)\b", re.IGNORECASE)
# Events of the directory that belong to no application but explain one.
DIRECTORY = ("user.lifecycle.", "user.account.update_profile", "group.user_membership.", "directory.mapping.")
_PROVISIONS = ("application.provision.", "app.user_management.", "application.integration.")
_WRAPPERS = ("event", "message", "log", "data", "okta", "_raw", "_source", "result")
_APP_ID = re.compile(r"0oa[0-9A-Za-z]{17}")
_CATALOG = re.compile(r"castor|coalesce|catalog", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One readable LogEvent, keys in lower case, with its targets and the applications it names."""

    record: dict[str, Any]
    kind: str
    targets: list[dict[str, Any]]
    apps: frozenset[str]


@dataclass(slots=True)
class Log:
    """The readable entries of a log, how many records were not, and the time all of them span."""

    entries: list[Entry]
    unreadable: int
    first_at: datetime | None
    last_at: datetime | None


@dataclass(slots=True)
class LogRows:
    """Rows by table; ``foreign`` events name another application, ``aside`` have nothing to do with provisioning."""

    events: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    foreign: int = 0
    aside: int = 0
    unknown_types: Counter[str] = field(default_factory=Counter)

    @property
    def beside(self) -> int:
        """Records that are not about the application: of others, of none, of the directory."""
        return self.foreign + self.aside + sum(e["app_id"] is None for e in self.events)

    @property
    def note(self) -> str:
        said = []
        if self.foreign:
            said.append(f"Events of other applications left out: {self.foreign}.")
        if self.aside:
            said.append(f"Events that do not concern provisioning left out: {self.aside}.")
        if self.unknown_types:
            names = ", ".join(sorted(self.unknown_types)[:5])
            said.append(f"Events of types the guide does not know: {self.unknown_types.total()} ({names}).")
        return " ".join(said)


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose events are meant. ``refused``: several could be, and nothing tells which."""

    app_id: str | None
    note: str | None = None
    refused: str | None = None


def is_event(record: Any) -> bool:
    """Whether a record looks like a LogEvent, wrapped or not."""
    r = unwrapped(record)
    return "eventtype" in r and bool({"published", "outcome", "uuid", "displaymessage"} & set(r))


def unwrapped(record: Any) -> dict[str, Any]:
    """The LogEvent itself, keys in lower case; collectors nest it, as an object or as text, under various names."""
    r = obj(record)
    for _ in range(3):
        if "eventtype" in r:
            break
        inner = next((i for k in _WRAPPERS if (i := _inner(r.get(k)))), None)
        if inner is None:
            break
        r = inner
    return r


def _inner(value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return obj(value)


def parse(records: Iterable[Any]) -> Log:
    """Every record that has an event type; the others are counted."""
    entries, unreadable = [], 0
    for record in records:
        r = unwrapped(record)
        kind = text(r.get("eventtype"))
        if kind is None:
            unreadable += 1
            continue
        targets = objects(r.get("target"))
        apps = frozenset(a for t in targets if _type(t) == "appinstance" and (a := text(t.get("id"))))
        entries.append(Entry(r, kind, targets, apps))
    begin, end = span(moment(e.record.get("published")) for e in entries)
    return Log(entries, unreadable, begin, end)


@dataclass(slots=True)
class Apps:
    """The applications of a log, gathered entry by entry: which of them provision, and which is of Catalog's kind."""

    labels: dict[str, str | None] = field(default_factory=dict)
    provision: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)
    ours: set[str] = field(default_factory=set)

    def add(self, entries: Iterable[Entry]) -> None:
        for e in entries:
            for t in e.targets:
                if _type(t) == "appinstance":
                    self.labels[text(t.get("id")) or ""] = first(t.get("displayname"), t.get("alternateid"))
            if e.kind.startswith(_PROVISIONS):
                self.provision |= e.apps
            elif e.kind.startswith("application.user_membership."):
                self.assigned |= e.apps
            if OKTA_APP_NAME in (debug(e.record, "appname") or ""):
                self.ours |= e.apps

    def choice(self) -> Choice:
        """Which application's log it is, where neither the incident nor another file says: the one that provisions."""
        busy = self.provision or self.assigned
        ours = self.ours & busy
        labelled = {a for a in busy if _CATALOG.search(self.labels.get(a) or "")}
        found = next((some for some in (ours, labelled, busy) if len(some) == 1), ours or labelled or busy)
        named = ", ".join(f"{self.labels.get(a) or 'without a name'} ({a})" for a in sorted(found)[:6])
        if len(found) > 1:
            return Choice(None, refused=f"events of several applications that provision people: {named}")
        if not found:
            return Choice(None)
        return Choice(next(iter(found)), note=f"Nothing names the application; events of {named} were taken.")


def the_app(log: Log) -> Choice:
    """Which application's log it is, by what stands in it alone."""
    apps = Apps()
    apps.add(log.entries)
    return apps.choice()


def rows(log: Log, app_id: str | None) -> LogRows:
    """The rows of what concerns the application, and of what the directory did to people and groups."""
    out = LogRows()
    for e in log.entries:
        whose = _whose(e, app_id)
        if whose != "ours":
            out.foreign += whose == "foreign"
            out.aside += whose == "aside"
            continue
        out.events.append(event(e))
        known = OKTA_EVENTS.get(e.kind)
        if known is None:
            out.unknown_types[e.kind] += 1
        elif known.change:
            out.changes.append(change(e.record, e.kind, e.targets, known.change))
    return out


def _whose(e: Entry, app_id: str | None) -> Literal["ours", "foreign", "aside"]:
    about_apps = e.kind.startswith(("application.", "app."))
    named = e.apps or _named_apps(e)
    if named and app_id not in named and (e.apps or app_id):
        return "foreign"
    name = debug(e.record, "appname")
    if about_apps and not e.apps and name is not None and OKTA_APP_NAME not in name:
        return "foreign"
    known = e.kind in OKTA_EVENTS or e.kind.startswith(DIRECTORY) or (about_apps and bool(named))
    return "ours" if known else "aside"


def _named_apps(e: Entry) -> set[str]:
    """Application ids that stand anywhere in the targets, whatever their type."""
    return set(_APP_ID.findall(as_json(e.targets)))


def event(e: Entry) -> Row:
    """The row of ``events`` of one LogEvent."""
    r, known = e.record, OKTA_EVENTS.get(e.kind)
    outcome, transaction = obj(r.get("outcome")), obj(r.get("transaction"))
    reason = text(outcome.get("reason"))
    status = _RESULTS.get((text(outcome.get("result")) or "").lower(), "unknown")
    user, app_user = _target(e, "user"), _target(e, "appuser")
    group, app_group = _target(e, "usergroup"), _target(e, "appgroup")
    kind = known.object_type if known else ("user" if user or app_user else "group" if group or app_group else "app")
    person = first(user.get("alternateid"), app_user.get("alternateid"))
    team = first(group.get("displayname"), app_group.get("displayname"))
    return {
        "event_id": text(r.get("uuid")) or _made_id(e),
        "at": moment(r.get("published")),
        "log": "system_log",
        "event_type": e.kind,
        "action": known.action if known else "other",
        "status": status,
        "object_type": kind,
        "person_key": text(user.get("id")),
        "group_key": text(group.get("id")),
        "name": (team or person) if kind == "group" else (person or team),
        "error_code": debug(r, "errorcode"),
        "reason": reason,
        "http_status": http_status(reason),
        # the legacy type tells which step of a push it was (check_user_exists, create_user, …)
        "step": text(r.get("legacyeventtype")) or e.kind if status != "success" else None,
        "changes": _changed(r),
        "change_id": text(transaction.get("id")),
        "app_id": text(_target(e, "appinstance").get("id")),
        "actor": first(obj(r.get("actor")).get("alternateid"), obj(r.get("actor")).get("displayname")),
    }


def _changed(r: Mapping[str, Any]) -> str | None:
    names = debug(r, "changedattributes")
    if not names:
        return None
    return as_json([{"name": n.strip(), "old": None, "new": None} for n in names.strip("[]").split(",") if n.strip()])


def http_status(reason: str | None) -> int | None:
    """The status behind a reason: its phrase (``Unauthorized. Errors reported by …``), or a number it names."""
    if not reason:
        return None
    phrase = _PHRASE.match(reason)
    if phrase and (known := _PHRASES.get(phrase.group(1).lower())):
        return known
    number = _STATUS.search(reason)
    return int(number.group(1)) if number else None


def _type(target: Mapping[str, Any]) -> str:
    return (text(target.get("type")) or "").lower()


def _target(e: Entry, kind: str) -> dict[str, Any]:
    return next((t for t in e.targets if _type(t) == kind), {})


def _made_id(e: Entry) -> str:
    """An id for a record without one, equal for equal records."""
    told = as_json([e.kind, e.record.get("published"), e.targets, e.record.get("outcome")])
    return "made-" + hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:24]


def named(events: list[Row], accounts: Iterable[Mapping[str, Any]], groups: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The events with people and groups filled in where a record names them only by the application's side.

    An app user by its username (rows of ``app_accounts``), a pushed group by its name (rows of ``groups``); a name that
    two have names nobody.
    """
    people = _keys((a.get("user_name"), a.get("person_key")) for a in accounts)
    teams = _keys((g.get("name"), g.get("group_key")) for g in groups)
    for row in events:
        if row["object_type"] == "user" and row["person_key"] is None and row["name"]:
            row["person_key"] = people.get(row["name"].casefold())
        if row["object_type"] == "group" and row["group_key"] is None and row["name"]:
            row["group_key"] = teams.get(row["name"].casefold())
    return events


def _keys(pairs: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    """Case-folded name → key, for names that lead to one key only."""
    found: dict[str, set[str]] = {}
    for name, key in pairs:
        if name and key:
            found.setdefault(str(name).casefold(), set()).add(str(key))
    return {name: next(iter(keys)) for name, keys in found.items() if len(keys) == 1}
