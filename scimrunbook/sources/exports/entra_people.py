"""Files of the Entra directory: users, groups and their members; saved Graph answers and the users CSV of the portals.

Facts: entra.md sections 1, 7, 9. Of which group a list of members is, is settled once every file was read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scimrunbook.sources import entra_directory
from scimrunbook.sources.exports.documents import Document, Records, normal
from scimrunbook.sources.exports.entra import Row, context, more, mostly, rows_of
from scimrunbook.sources.exports.registry import Recognised, parser
from scimrunbook.sources.exports.subjects import belong_to, group_of
from scimrunbook.sources.fields import flag, obj, span, text
from scimrunbook.sources.parts import Parts

_OF_GROUP = re.compile(r"groups\('([^']{1,64})'\)", re.IGNORECASE)


def _is_user(record: Any) -> bool:
    r = obj(record)
    return "id" in r and "userprincipalname" in r


def _is_group(record: Any) -> bool:
    r = obj(record)
    return "id" in r and bool(r.keys() & {"securityenabled", "grouptypes", "mailenabled"}) and "appid" not in r


def _lists_members(document: Document, records: Records) -> bool:
    """Members come with ``@odata.type`` (a list of directory objects); a users list does not."""
    said = context(records)
    if "#directoryObjects" in said or ("#groups(" in said and "members" in said):
        return True
    typed = mostly(records, lambda r: str(obj(r).get("@odata.type", "")).startswith("#microsoft.graph."))
    # A list of members cast to users looks like a list of users: only then the file's name is asked.
    return typed or (mostly(records, _is_user) and "member" in document.name.lower())


@parser(what="entra.members", title="Members of an Entra group (Graph JSON)", provider="entra")
def members(document: Document) -> Recognised | None:
    """``/groups/{id}/members``. The answer seldom names its group; the file's name has to."""
    records = document.records
    if records is None or not _lists_members(document, records):
        return None
    named = _OF_GROUP.findall(context(records))
    people, unreadable = rows_of(records, lambda r: entra_directory.membership("", r))
    subject = named[0] if named else document.name
    result = Recognised(len(people), unreadable, more=more(records), subject=subject)

    def settle(found: Recognised, parts: Parts) -> None:
        key = named[0] if named else group_of(document.name, parts.rows["groups"])
        belong_to(found, key, people, "neither the answer nor the file's name says of which")

    result.settle = settle
    return result


@parser(what="entra.groups", title="Entra groups (Graph JSON)", provider="entra", rank=1)
def groups(document: Document) -> Recognised | None:
    """Groups; with ``$expand=members`` their members as well (Graph cuts those at 20)."""
    records = document.records
    if records is None or not (mostly(records, _is_group) or context(records).startswith("#groups")):
        return None
    rows, unreadable = rows_of(records, entra_directory.group)
    inner: list[Row] = []
    for entry in records.objects:
        held, key = obj(entry).get("members"), text(obj(entry).get("id"))
        if isinstance(held, list) and key:
            inner += [m for m in (entra_directory.membership(key, r) for r in held) if m]
    tables: dict[str, list[Row]] = {"groups": rows}
    if inner:
        tables["memberships"] = inner
    return Recognised(len(rows), unreadable, tables, more=more(records))


@parser(what="entra.users", title="Entra users (Graph JSON)", provider="entra", rank=1)
def users(document: Document) -> Recognised | None:
    records = document.records
    if records is None or not (mostly(records, _is_user) or context(records).startswith("#users")):
        return None
    rows, unreadable = rows_of(records, entra_directory.person)
    first_at, last_at = span(r["created_at"] for r in rows)
    result = Recognised(len(rows), unreadable, {"people": rows}, first_at, last_at, more=more(records))
    if rows and not any(r["active"] is not None for r in rows):
        result.remark("accountEnabled is not in it: ask for it with $select, else nobody's state is known.")
    return result


# Entra admin center > Users > Download users, as documented (MicrosoftDocs/entra-docs users-bulk-download.md: objectId)
# and as downloaded (published with an advisory on its formulas, 2021: id, createdDateTime as 8/19/2021 1:25:31 PM).
# Microsoft 365 admin center > Active users > Export users has headings in words ("User principal name", "Object Id",
# "Block credential", "When created"), as several public scripts that read it name them. Neither is translated.
_COLUMNS = {
    "id": ("id", "objectid"),
    "userPrincipalName": ("userprincipalname", "upn"),
    "mail": ("mail", "email", "emailaddress"),
    "givenName": ("givenname", "firstname"),
    "surname": ("surname", "lastname"),
    "displayName": ("displayname", "name"),
    "accountEnabled": ("accountenabled", "accountstatus"),
    "blocked": ("blockcredential", "signinblocked"),
    "userType": ("usertype",),
    "mailNickname": ("mailnickname", "alias"),
    "createdDateTime": ("createddatetime", "creationdatetime", "whencreated"),
    "otherMails": ("othermails", "alternateemailaddress", "alternateemailaddresses"),
    "proxyAddresses": ("proxyaddresses",),
}
_ENABLED = {"enabled": True, "disabled": False}
_BETWEEN = re.compile(r"[;,]|\+(?=(?:smtp|sip|x500|spo):)", re.IGNORECASE)


@parser(what="entra.users", title="Entra users (the portal's CSV)", provider="entra")
def users_csv(document: Document) -> Recognised | None:
    """Users > Download users. Multi-valued cells are separated by semicolons."""
    table = document.csv
    columns = table.columns(_COLUMNS) if table else {}
    if table is None or not {"id", "userPrincipalName"} <= columns.keys() or lists_members(document):
        return None
    rows = [p for p in (entra_directory.person(_cells(row, columns)) for row in table.rows) if p]
    first_at, last_at = span(r["created_at"] for r in rows)
    unreadable = len(table.rows) + table.unreadable - len(rows)
    found = Recognised(len(rows), unreadable, {"people": rows}, first_at, last_at)
    if not columns.keys() & {"otherMails", "proxyAddresses"}:
        found.remark("It holds no other addresses of people: an account made by hand under one is not known as theirs.")
    return found


def lists_members(document: Document) -> bool:
    """Whether a CSV is a group's members: only that says of what kind each is (Entra: Members > Download members)."""
    names = set(document.csv.names) if document.csv else set()
    if names & {"changeid", "correlationid", "activity", "activitydatetime", "provisioningaction", "action"}:
        return False  # a log, which may tell the kind of what it is about as well
    return bool(names & {"objecttype", "membertype", "isgroup", "isuser"}) or "groupmember" in normal(document.name)


def _cells(row: list[str], columns: Mapping[str, int]) -> dict[str, Any]:
    cells: dict[str, Any] = {field: row[n].strip() for field, n in columns.items()}
    for many in ("otherMails", "proxyAddresses"):
        if many in cells:
            cells[many] = [v.strip() for v in _BETWEEN.split(cells[many]) if v.strip()]
    enabled = str(cells.get("accountEnabled") or "").lower()
    cells["accountEnabled"] = _ENABLED.get(enabled, enabled)
    blocked = flag(cells.pop("blocked", None))
    if blocked is not None and flag(cells["accountEnabled"]) is None:
        cells["accountEnabled"] = not blocked
    return cells
