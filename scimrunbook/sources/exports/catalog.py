"""Files of Catalog: saved SCIM answers (RFC 7644 ListResponse) and a users CSV."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from scimrunbook.sources import scim_records
from scimrunbook.sources.exports.documents import Document, Records, Table, normal
from scimrunbook.sources.exports.registry import Recognised, parser
from scimrunbook.sources.fields import flag, moment, obj, span, text, texts, whole

_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
Row = Mapping[str, Any]


def _is(kind: str, record: Any) -> bool:
    """Whether a record is a SCIM ``User`` or ``Group``: it says so, or has the keys only those have."""
    r = obj(record)
    if "id" not in r or "totalresults" in r:
        return False
    schemas = {s.lower() for s in texts(r.get("schemas"))}
    kinds = {k for k in ("User", "Group") if f"{_CORE}{k}".lower() in schemas}
    if kinds:
        return kind in kinds
    # Without schemas: Okta's and Graph's users have other marks and no SCIM name.
    marks = {"User": {"username", "name"}, "Group": {"displayname", "members", "meta"}}[kind]
    return marks <= r.keys() and "profile" not in r and "credentials" not in r


def _scim(document: Document, kind: str) -> Records | None:
    records = document.records
    return records if records is not None and records.mostly(lambda o: _is(kind, o)) else None


def _empty_list(document: Document, names: tuple[str, ...]) -> bool:
    """Whether this is a list without items whose file name says of what.

    Nothing in it does, and the saved answer of a single look-up must not pass for "Catalog has nobody".
    """
    records = document.records
    if records is None or records.items or not records.pages:
        return False
    is_list = any(s.endswith(":ListResponse") for s in texts(records.pages[0].get("schemas")))
    return is_list and any(n in document.name.lower() for n in names)


def _nobody(document: Document, note: str) -> Recognised:
    """A list without items; its own count tells where it is but a page (``count=0``, or behind the last one)."""
    return Recognised(0, note=note, of=_counted(document.records) if document.records else None)


def _counted(records: Records) -> int | None:
    """How many resources the list itself counts; pages may come from several moments."""
    totals = (whole(obj(page).get("totalresults")) for page in records.pages)
    return max((t for t in totals if t is not None), default=None)


@parser(what="catalog.users", title="Catalog accounts (SCIM JSON)", provider=None)
def users(document: Document) -> Recognised | None:
    """``GET <base URL>/Users``, one page or several, or single accounts."""
    records = _scim(document, "User")
    if records is None:
        empty = _empty_list(document, ("users", "accounts", "people"))
        return (
            _nobody(document, "A list without anybody in it; that it is of accounts, its name says.") if empty else None
        )
    rows, bad = scim_records.accounts(records.items)
    first_at, last_at = span(moment(r["changed_at"]) or moment(r["created_at"]) for r in rows)
    tables: dict[str, list[Row]] = {"accounts": list(rows)}
    found = Recognised(len(rows), bad + records.unreadable, tables, first_at, last_at)
    found.of, found.ids = _counted(records), frozenset(str(r["account_id"]) for r in rows)
    if found.of == len(rows) == 1:
        found.complete, found.part = False, True
        found.remark(
            "A list of one account may be the answer of a look-up: it does not prove that there are no others."
        )
    return _whole_list(found, records)


@parser(what="catalog.groups", title="Catalog teams (SCIM JSON)", provider=None)
def groups(document: Document) -> Recognised | None:
    """``GET <base URL>/Groups``, one page or several."""
    records = _scim(document, "Group")
    if records is None:
        empty = _empty_list(document, ("groups", "teams"))
        return (
            _nobody(document, "A list without any team in it; that it is of teams, its name says.") if empty else None
        )
    rows, members, bad = scim_records.teams(records.items)
    tables: dict[str, list[Row]] = {"teams": list(rows), "team_members": list(members)}
    found = Recognised(len(rows), bad + records.unreadable, tables)
    found.of, found.ids = _counted(records), frozenset(str(r["team_id"]) for r in rows)
    return _whole_list(found, records)


def _whole_list(result: Recognised, records: Records) -> Recognised:
    """Resources saved one by one do not prove that there are no others."""
    if not records.pages:
        result.complete, result.part = False, True
        result.remark("Single resources, not a list.")
    return result


_COLUMNS = {
    "account_id": ("id", "userid", "accountid", "scimid", "uuid"),
    "user_name": ("username", "login"),
    "email": ("email", "emailaddress", "mail", "useremail"),
    "given_name": ("firstname", "givenname", "namegivenname"),
    "family_name": ("lastname", "familyname", "surname", "namefamilyname"),
    "display_name": ("displayname", "fullname", "name"),
    "active": ("active", "isactive", "enabled", "status", "state"),
    "role": ("role", "roles", "userrole", "permission"),
    "external_id": ("externalid", "scimexternalid"),
    "created_at": ("createdat", "created", "creationdate"),
    "changed_at": ("changedat", "updatedat", "updated", "lastmodified", "modifiedat"),
}
# What only other products' files carry: a users CSV of a provider must not pass for Catalog's.
_FOREIGN = {
    "userprincipalname", "objectid", "usertype", "accountenabled", "eventtype", "activitydatetime", "appinstanceid",
    "assignmenttype", "groupname", "okta", "oktauserid", "object", "displaymessage", "targetid0",
}  # fmt: skip
_STATES = {"active": True, "enabled": True, "inactive": False, "disabled": False, "deactivated": False}


@parser(what="catalog.users", title="Catalog users (CSV)", provider=None, rank=9)
def users_csv(document: Document) -> Recognised | None:
    """A users CSV: an e-mail or user name and at least one more column of an account. Headers are matched loosely."""
    table = document.csv
    columns = table.columns(_COLUMNS) if table else {}
    if table is None or not columns.keys() & {"email", "user_name"} or _FOREIGN & set(table.names):
        return None
    if len(columns.keys() & {"active", "role", "external_id", "account_id", "given_name", "family_name"}) < 2:
        return None
    seen: Counter[str] = Counter()
    rows = [r for r in (_account(row, columns, seen) for row in table.rows) if r]
    bad = len(table.rows) - len(rows) + table.unreadable
    first_at, last_at = span(moment(r.get("changed_at")) or moment(r.get("created_at")) for r in rows)
    result = Recognised(len(rows), bad, {"accounts": rows}, first_at, last_at)
    at = columns.get("active")
    odd = Counter(c for row in table.rows if at is not None and (c := row[at].strip()) and _state(c) is None)
    if odd:
        result.remark(f"States that are not known: {', '.join(f'{s[:40]} ({n})' for s, n in odd.most_common(5))}.")
    unused = [h for h in table.header if normal(h) and not _used(h, table, columns)]
    if unused:
        result.remark(f"Columns not used: {', '.join(h[:40] for h in unused[:8])}.")
    return result


def _used(heading: str, table: Table, columns: Mapping[str, int]) -> bool:
    return table.header.index(heading) in columns.values()


def _state(printed: str) -> bool | None:
    return _STATES.get(printed.lower(), flag(printed))


def _account(row: list[str], columns: Mapping[str, int], seen: Counter[str]) -> Row | None:
    cells: dict[str, Any] = {field: text(row[n].strip()) for field, n in columns.items()}
    name = cells.get("user_name") or cells.get("email")
    if name is None:
        return None
    if cells.get("account_id") is None:
        # The address stands in for the id; a second account of the same address stays an account of its own.
        key = name.casefold()
        seen[key] += 1
        cells["account_id"] = key if seen[key] == 1 else f"{key} ({seen[key]})"
    state = cells.get("active")
    return {
        **cells,
        "user_name": name,
        "active": _state(state or ""),
        "created_at": moment(cells.get("created_at")) and cells["created_at"],
        "changed_at": moment(cells.get("changed_at")) and cells["changed_at"],
    }


def without_twins(rows: Sequence[Row]) -> list[Row]:
    """Each account once, where a CSV without ids stands beside a list with them: the id tells, the CSV fills gaps.

    An account of the CSV is taken for one of the list by its name or address; a second one of the same address stays,
    unless the list holds two as well.
    """
    free: dict[str, list[int]] = {}
    kept: list[Row] = [dict(row) for row in rows if not nameless(row)]
    for number, row in enumerate(kept):
        for name in {str(n).casefold() for n in (row.get("user_name"), row.get("email")) if n}:
            free.setdefault(name, []).append(number)
    taken: set[int] = set()
    for row in (r for r in rows if nameless(r)):
        names = [str(n).casefold() for n in (row.get("user_name"), row.get("email")) if n]
        twin = next((i for n in names for i in free.get(n, ()) if i not in taken), None)
        if twin is None:
            kept.append(dict(row))
        else:
            taken.add(twin)
            told = {k: v for k, v in row.items() if k not in ("account_id", "user_name") and v is not None}
            kept[twin] = {**told, **{k: v for k, v in kept[twin].items() if v is not None}}
    return kept


def nameless(row: Row) -> bool:
    """Whether an account's id was made of its name, for want of one."""
    name = str(row.get("user_name") or row.get("email") or "").casefold()
    return bool(name) and re.sub(r" \(\d+\)$", "", str(row.get("account_id"))) == name
