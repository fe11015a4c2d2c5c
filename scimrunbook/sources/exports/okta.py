"""What an admin of Okta saved from the API: application, assignments, group push, mappings, people, groups, members.

Recognised by the shape of most records; read by the same functions as a live read. Of another application than the one
the incident names, a file is of no use and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from scimrunbook.guide import OKTA_APP_NAME
from scimrunbook.snapshot import AppFacts, Facts
from scimrunbook.sources import okta_directory as directory
from scimrunbook.sources.exports.documents import Document
from scimrunbook.sources.exports.registry import Recognised, parser
from scimrunbook.sources.exports.subjects import group_of
from scimrunbook.sources.fields import obj, text
from scimrunbook.sources.okta_reads import Read, one
from scimrunbook.sources.parts import Parts

Shape = Callable[[dict[str, Any]], bool]
_SEEN = 200  # records looked at to recognise a file
_ENDED = ("DEPROVISIONED", "UNASSIGNED", "REVOKED")
_A_PART = "People who are assigned are missing in it: it is a part of the directory."
_GROUP_TYPES = ("OKTA_GROUP", "APP_GROUP", "BUILT_IN")
# Rows a page holds by default and at most, and as HOW_TO_GET asks for (Okta API): exactly so many may be one page of
# several.
_PAGES = {"app_users": (50, 500), "app_groups": (20, 200), "pushes": (100, 1000), "users": (200,)}


def _wanted(document: Document) -> str | None:
    return document.incident.okta.app_id if document.incident.okta else None


def _mostly(document: Document, fits: Shape) -> bool:
    """Whether most objects of a JSON document look like that."""
    records = document.records
    found = [fits(obj(r)) for r in records.objects[:_SEEN]] if records else []
    return bool(found) and sum(found) * 2 > len(found)


def _each(
    document: Document, read: Read, page: tuple[int, ...] = (), app_of: Callable[[Any], str | None] = directory.app_of
) -> Recognised:
    """Every record through ``read``; what it refuses is counted, what belongs to another application left out."""
    records = document.records
    assert records is not None
    wanted = _wanted(document)
    tables: dict[str, list[Mapping[str, Any]]] = {}
    good = foreign = 0
    for item in records.items:
        if wanted and app_of(item) not in (None, wanted):
            foreign += 1
            continue
        rows = read(item)
        good += rows is not None
        for table, values in (rows or {}).items():
            tables.setdefault(table, []).extend(values)
    unreadable = records.unreadable + len(records.items) - good - foreign
    found = Recognised(rows=good + foreign, unreadable=unreadable, tables=tables)
    if foreign and not good:
        found.refused = "it belongs to another application than the one the incident names"
        found.get_it = f"Save the answer for the application {wanted}."
    elif foreign:
        found.remark(f"{foreign} records of other applications left out.")
    if good in page:
        found.more = True
        found.remark(f"It holds exactly {good} records, as many as one page of the answer may.")
    return found


@parser(what="okta.app", title="Okta application", provider="okta")
def app(document: Document) -> Recognised | None:
    """One application, or the list of all: the one the incident names, else the only one of Catalog's kind."""

    def fits(r: dict[str, Any]) -> bool:
        return "signonmode" in r or ("label" in r and "credentials" in r and "syncstate" not in r)

    records = document.records
    if records is None or not _mostly(document, fits):
        return None
    wanted = _wanted(document)
    apps = [r for r in records.items if text(obj(r).get("id")) and fits(obj(r))]
    found = Recognised(rows=len(apps), unreadable=records.unreadable + len(records.items) - len(apps))
    if wanted:
        ours = [r for r in apps if obj(r).get("id") == wanted]
    else:
        ours = [r for r in apps if obj(r).get("name") == OKTA_APP_NAME] or (apps if len(apps) == 1 else [])
        ours.sort(key=lambda r: (obj(r).get("status") != "ACTIVE", not obj(r).get("features")))
    if not ours:
        why = "the one the incident names" if wanted else f"one of the kind {OKTA_APP_NAME}"
        found.refused = f"it holds other applications than {why}"
        found.get_it = "Save the answer of /api/v1/apps/<app id>, with the id that stands in the address of its page."
        return found
    facts = AppFacts()
    job = directory.app(ours[0], facts)
    facts.candidates = directory.candidates(ours[1:])
    if facts.candidates:
        found.remark(f"{len(ours)} applications could be meant; one was taken. Name it under okta.app_id.")
    found.tables = {"jobs": [job]} if job else {}

    def tell(into: Facts) -> None:
        into.app = facts

    found.facts = tell
    return found


def _is_app_user(r: dict[str, Any]) -> bool:
    return "syncstate" in r or {"scope", "credentials", "id"} <= set(r)


@parser(what="okta.app_users", title="Okta application users", provider="okta")
def app_users(document: Document) -> Recognised | None:
    if not _mostly(document, _is_app_user):
        return None
    return _each(document, directory.app_user, _PAGES["app_users"])


def _is_app_group(r: dict[str, Any]) -> bool:
    links = obj(r.get("_links"))
    return {"priority", "id"} <= set(r) and ("group" in links or "app" in links or "_embedded" in r)


@parser(what="okta.app_groups", title="Okta application groups", provider="okta")
def app_groups(document: Document) -> Recognised | None:
    if not _mostly(document, _is_app_group):
        return None
    return _each(document, directory.app_group, _PAGES["app_groups"])


@parser(what="okta.push_mappings", title="Okta group push mappings", provider="okta")
def pushes(document: Document) -> Recognised | None:
    if not _mostly(document, lambda r: "sourcegroupid" in r):
        return None
    return _each(document, one("assignments", directory.push), _PAGES["pushes"])


@parser(what="okta.mappings", title="Okta profile mapping", provider="okta")
def mappings(document: Document) -> Recognised | None:
    """One mapping, or several. The list of mappings is recognised too, and says that it lacks the rows."""
    if not _mostly(document, lambda r: {"source", "target"} <= set(r) and "type" in obj(r.get("source"))):
        return None

    def read(record: Any) -> dict[str, list[dict[str, Any]]] | None:
        rows = directory.mapping(record)
        return None if rows is None else {"mappings": rows}

    found = _each(document, read, app_of=directory.mapping_app)
    records = [obj(r) for r in document.records.items] if document.records else []
    ours = [r for r in records if directory.mapping_app(r) in (None, _wanted(document) or directory.mapping_app(r))]
    listed = {i for r in ours if "properties" not in r and (i := text(r.get("id")))}

    def settle(found: Recognised, parts: Parts) -> None:
        seen = _MAPPINGS.setdefault(parts, ([], set()))
        seen[0].append((found, listed))
        seen[1].update(i for r in ours if "properties" in r and (i := text(r.get("id"))))
        for page, ids in seen[0]:
            _are_they_all(page, ids - seen[1], bool(ids & seen[1]))

    if found.rows and not found.refused:
        found.settle = settle
        _are_they_all(found, listed, len(listed) < len(ours))
    return found


# The profile mappings of one run: the files that are lists, and the ids of those that were saved with their rows.
_MAPPINGS: WeakKeyDictionary[Parts, tuple[list[tuple[Recognised, set[str]]], set[str]]] = WeakKeyDictionary()


def _are_they_all(page: Recognised, lacking: set[str], some: bool) -> None:
    """A list leaves out the rows of its mappings: it says which of them stand in no other file of the folder."""
    page.refused = page.get_it = None
    page.complete = False if lacking else None
    if not lacking:
        return
    page.get_it = "Open /api/v1/mappings/<id> and save the answer, for each of: " + ", ".join(sorted(lacking)[:8])
    if some:
        page.note = f"Of {len(lacking)} mappings of the list the rows are missing. {page.get_it}."
    else:
        page.refused = "a list of mappings, which leaves out their rows"


def _is_user(r: dict[str, Any]) -> bool:
    return bool({"login", "email"} & set(obj(r.get("profile")))) and "syncstate" not in r and "scope" not in r


@parser(what="okta.users", title="Okta users", provider="okta", rank=2)
def users(document: Document) -> Recognised | None:
    if not _mostly(document, _is_user):
        return None
    found = _each(document, one("people", directory.person), _PAGES["users"])

    def settle(found: Recognised, parts: Parts) -> None:
        pages = _LISTS.setdefault(parts, [])
        pages.append(found)
        _is_it_everybody(pages, parts)

    found.settle = settle
    return found


# The lists of people of one run: they are judged together, since each may be one page of several.
_LISTS: WeakKeyDictionary[Parts, list[Recognised]] = WeakKeyDictionary()


def _is_it_everybody(pages: list[Recognised], parts: Parts) -> None:
    """A filtered list, a first page, or a group's members under another name: then it is a part of the directory."""
    listed = {row["person_key"] for page in pages for row in page.tables.get("people", [])}
    assigned = {r["person_key"] for r in parts.rows["app_accounts"] if r.get("status") not in _ENDED}
    for page in pages:
        page.complete = False if assigned - listed else None
        page.note = (page.note or "").replace(_A_PART, "").strip() or None
    if assigned - listed:
        pages[-1].remark(_A_PART)


@parser(what="okta.groups", title="Okta groups", provider="okta")
def groups(document: Document) -> Recognised | None:
    if not _mostly(document, lambda r: "objectclass" in r or (r.get("type") in _GROUP_TYPES and "profile" in r)):
        return None
    return _each(document, one("groups", directory.group))


@parser(what="okta.members", title="Members of an Okta group", provider="okta", rank=1)
def members(document: Document) -> Recognised | None:
    """A list of users whose file is named after a group (Okta's answer does not say which), or one that says it itself.

    The second form: ``{"group": {"id": …}, "members": [user, …]}``.
    """
    records = document.records
    if records is None:
        return None
    told = document.json if isinstance(document.json, dict) else {}
    if isinstance(told.get("members"), list) and isinstance(told.get("group"), dict):
        return _told_members(told)
    named = "member" in document.name.casefold() or group_of(document.name, ()) is not None
    if not named or not (_mostly(document, _is_user) or document.json == []):
        return None

    def settle(found: Recognised, parts: Parts) -> None:
        key = group_of(document.name, parts.rows["groups"])
        if key is None:
            parts.add("people", found.tables.get("people", []))
            found.refused = "the members of a group, but of which one neither the file nor its name says"
            found.get_it = "Put the id of the group (00g…) into the name of the file."
            return
        found.tables = _each(document, partial(directory.member, key)).tables
        found.remark(f"Group {key}.")

    found = _each(document, one("people", directory.person))
    found.settle, found.subject = settle, document.name
    return found


def _told_members(told: dict[str, Any]) -> Recognised:
    group = directory.group(told["group"])
    if group is None:
        return Recognised(rows=0, unreadable=len(told["members"]) or 1)
    read = [directory.member(group["group_key"], r) for r in told["members"]]
    tables: dict[str, list[Mapping[str, Any]]] = {"groups": [group]}
    for rows in read:
        for table, values in (rows or {}).items():
            tables.setdefault(table, []).extend(values)
    good = sum(r is not None for r in read)
    return Recognised(good, len(read) - good, tables, subject=group["group_key"], note=f"Group {group['group_key']}.")
