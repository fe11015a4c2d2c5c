"""What an admin of Okta can save: System Log (CSV, JSON, NDJSON, pages, SIEM copies) and API answers as files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scimrunbook.snapshot import AppFacts, Facts
from scimrunbook.sources import okta_directory as directory
from scimrunbook.sources import okta_log
from scimrunbook.sources.exports.documents import Document
from scimrunbook.sources.exports.registry import Recognised, parser
from scimrunbook.sources.exports.subjects import group_of
from scimrunbook.sources.fields import obj, span
from scimrunbook.sources.parts import Parts

Rows = dict[str, list[Any]]
_LOG_COLUMNS = {"timestamp", "event_type", "outcome.result"}


def _log(records: list[Any], unreadable: int, document: Document) -> Recognised:
    app_id = document.incident.okta.app_id if document.incident.okta else None
    rows = okta_log.read(records, app_id)
    first, last = span(e["at"] for e in rows.events)
    return Recognised(
        rows=len(rows.events) + rows.foreign,
        unreadable=unreadable + rows.unreadable,
        tables={"events": list(rows.events), "config_changes": list(rows.changes)},
        first_at=first,
        last_at=last,
        note=rows.note,
    )


@parser(what="okta.system_log", title="Okta System Log (JSON)", provider="okta")
def system_log(document: Document) -> Recognised | None:
    records = document.records
    if records is None or not any(okta_log.is_event(r) for r in records.objects[:50]):
        return None
    return _log(records.items, records.unreadable, document)


@parser(what="okta.system_log", title="Okta System Log (CSV)", provider="okta")
def system_log_csv(document: Document) -> Recognised | None:
    table = document.csv
    if table is None or not {h.casefold() for h in table.header} >= _LOG_COLUMNS:
        return None
    header = [h.casefold() for h in table.header]
    records = [okta_log.from_csv(dict(zip(header, row, strict=True))) for row in table.rows]
    return _log(records, table.unreadable, document)


@parser(what="okta.app", title="Okta application", provider="okta")
def app(document: Document) -> Recognised | None:
    records = document.records
    found = [obj(r) for r in records.objects] if records else []
    if not found or not all("signonmode" in r or ("label" in r and "credentials" in r) for r in found):
        return None
    wanted = document.incident.okta.app_id if document.incident.okta else None
    named = [r for r in found if r.get("id") == wanted] or ([] if wanted else found)
    named = [r for r in named if r.get("name") == "scim2headerauth"] or named
    if not named:
        return Recognised(
            rows=len(found),
            refused="another application than the one the incident names",
            get_it="Save the answer of /api/v1/apps/<app id> with the id of the incident file.",
        )
    facts = AppFacts()
    job = directory.app(named[0], facts)
    facts.candidates = [str(r.get("label")) for r in named[1:]]
    if job is None:
        return Recognised(rows=0, unreadable=len(found))

    def tell(into: Facts) -> None:
        into.app = facts

    return Recognised(rows=len(found), tables={"jobs": [job]}, facts=tell)


def _each(document: Document, fits: Callable[[dict[str, Any]], bool], read: Callable[[Any], Rows | None]) -> Recognised:
    """Every record of the document through ``read``; records it refuses are counted."""
    records = document.records
    assert records is not None
    tables: Rows = {}
    unreadable = records.unreadable
    for item in records.items:
        rows = read(item) if isinstance(item, dict) and fits(obj(item)) else None
        if rows is None:
            unreadable += 1
            continue
        for table, values in rows.items():
            tables.setdefault(table, []).extend(values)
    total = len(records.items) + records.unreadable
    return Recognised(rows=total - unreadable, unreadable=unreadable, tables={t: list(v) for t, v in tables.items()})


def _mostly(document: Document, fits: Callable[[dict[str, Any]], bool]) -> bool:
    """Whether most objects of a JSON document look like that."""
    records = document.records
    found = [fits(obj(r)) for r in records.objects[:200]] if records else []
    return bool(found) and sum(found) * 2 > len(found)


def _is_app_user(r: dict[str, Any]) -> bool:
    return "syncstate" in r or ("scope" in r and "credentials" in r and "id" in r)


@parser(what="okta.app_users", title="Okta application users", provider="okta")
def app_users(document: Document) -> Recognised | None:
    return _each(document, _is_app_user, directory.app_user) if _mostly(document, _is_app_user) else None


def _is_app_group(r: dict[str, Any]) -> bool:
    links = obj(r.get("_links"))
    return "priority" in r and "id" in r and ("group" in links or "app" in links or "_embedded" in r)


@parser(what="okta.app_groups", title="Okta application groups", provider="okta")
def app_groups(document: Document) -> Recognised | None:
    return _each(document, _is_app_group, directory.app_group) if _mostly(document, _is_app_group) else None


def _is_push(r: dict[str, Any]) -> bool:
    return "sourcegroupid" in r


@parser(what="okta.push_mappings", title="Okta group push mappings", provider="okta")
def pushes(document: Document) -> Recognised | None:
    def read(record: Any) -> Rows | None:
        row = directory.push(record)
        return {"assignments": [row]} if row else None

    return _each(document, _is_push, read) if _mostly(document, _is_push) else None


def _is_mapping(r: dict[str, Any]) -> bool:
    return {"source", "target"} <= set(r) and "type" in obj(r.get("source"))


@parser(what="okta.mappings", title="Okta profile mapping", provider="okta")
def mappings(document: Document) -> Recognised | None:
    if not _mostly(document, _is_mapping):
        return None

    def read(record: Any) -> Rows | None:
        rows = directory.mapping(record)
        return None if rows is None else {"mappings": rows}

    found = _each(document, _is_mapping, read)
    if found.rows and not found.tables.get("mappings"):
        found.refused = "a list of mappings without their rows"
        found.get_it = "Open /api/v1/mappings/<id> for each id of this list and save each answer."
    return found


def _is_user(r: dict[str, Any]) -> bool:
    return "login" in obj(r.get("profile")) and "status" in r and "syncstate" not in r


@parser(what="okta.users", title="Okta users", provider="okta", rank=2)
def users(document: Document) -> Recognised | None:
    def read(record: Any) -> Rows | None:
        row = directory.person(record)
        return {"people": [row]} if row else None

    return _each(document, _is_user, read) if _mostly(document, _is_user) else None


def _is_group(r: dict[str, Any]) -> bool:
    return "objectclass" in r or (r.get("type") in ("OKTA_GROUP", "APP_GROUP", "BUILT_IN") and "profile" in r)


@parser(what="okta.groups", title="Okta groups", provider="okta")
def groups(document: Document) -> Recognised | None:
    def read(record: Any) -> Rows | None:
        row = directory.group(record)
        return {"groups": [row]} if row else None

    return _each(document, _is_group, read) if _mostly(document, _is_group) else None


@parser(what="okta.members", title="Members of an Okta group", provider="okta", rank=1)
def members(document: Document) -> Recognised | None:
    """A list of users whose file is named after a group (Okta's answer does not say which)."""
    records = document.records
    named = "member" in document.name.casefold() or group_of(document.name, ()) is not None
    if not named or records is None or not (_mostly(document, _is_user) or not records.items):
        return None

    def settle(found: Recognised, parts: Parts) -> None:
        key = group_of(document.name, parts.rows["groups"])
        if key is None:
            found.refused = "the members of a group, but of which one the file does not say"
            found.get_it = "Put the id of the group (00g…) into the name of the file."
            return
        found.tables = _each(document, _is_user, lambda record: directory.member(key, record)).tables
        found.remark(f"Group {key}.")

    found = _each(document, _is_user, lambda record: directory.member("", record))
    return Recognised(rows=found.rows, unreadable=found.unreadable, settle=settle, subject=document.name)
