"""The portal's CSV files of groups and of a group's members (Entra admin center > Groups > Download groups, Members >
Download members).

Which columns they have is documented in words only and has changed (an id of the object, what kind of object it is, its
names); public scripts that read such downloads rely on ``id`` and ``objectType``. So columns are found by alias.
"""

from __future__ import annotations

from typing import Any

from scimrunbook.sources import entra_directory
from scimrunbook.sources.exports.documents import Document
from scimrunbook.sources.exports.entra import Row
from scimrunbook.sources.exports.entra_people import lists_members
from scimrunbook.sources.exports.registry import Recognised, parser
from scimrunbook.sources.exports.subjects import belong_to, group_of
from scimrunbook.sources.fields import flag, text
from scimrunbook.sources.parts import Parts

_MEMBERS = {
    "id": ("id", "objectid", "memberobjectid", "memberid"),
    "kind": ("objecttype", "membertype", "type"),
    "group": ("isgroup",),
    "userPrincipalName": ("userprincipalname", "upn"),
}
_GROUPS = {
    "id": ("id", "objectid", "groupid"),
    "name": ("displayname", "groupname", "name"),
    "kind": ("grouptype", "grouptypes"),
    "membership": ("membershiptype",),
    "security": ("securityenabled",),
}


@parser(what="entra.members", title="Members of an Entra group (the portal's CSV)", provider="entra")
def members(document: Document) -> Recognised | None:
    """Of which group they are, the file's name has to say: nothing in it does."""
    table = document.csv
    columns = table.columns(_MEMBERS) if table else {}
    if table is None or "id" not in columns or not lists_members(document):
        return None
    cells = [{field: line[n].strip() for field, n in columns.items()} for line in table.rows]
    read = [{"member_key": c["id"], "member_type": _kind(c)} for c in cells if text(c["id"])]
    found = Recognised(len(read), len(cells) - len(read) + table.unreadable, subject=document.name)

    def settle(result: Recognised, parts: Parts) -> None:
        belong_to(result, group_of(document.name, parts.rows["groups"]), read, "the file's name does not say of which")

    found.settle = settle
    return found


def _kind(cells: dict[str, str]) -> str:
    """user | group | …, in words of one kind or another: ``User``, ``#microsoft.graph.user``, ``Group``."""
    if flag(cells.get("group")):
        return "group"
    kind = (text(cells.get("kind")) or "").rsplit(".", 1)[-1].strip().lower()
    return {"member": "user", "guest": "user"}.get(kind, kind) or "user"


@parser(what="entra.groups", title="Entra groups (the portal's CSV)", provider="entra", rank=1)
def groups(document: Document) -> Recognised | None:
    table = document.csv
    columns = table.columns(_GROUPS) if table else {}
    marks = {"kind", "membership", "security"} & columns.keys()
    if table is None or not {"id", "name"} <= columns.keys() or not marks or "userprincipalname" in table.names:
        return None
    cells = [{field: line[n].strip() for field, n in columns.items()} for line in table.rows]
    rows = [row for row in map(_group, cells) if row]
    return Recognised(len(rows), len(cells) - len(rows) + table.unreadable, {"groups": rows})


def _group(cells: dict[str, str]) -> Row | None:
    kind, membership = cells.get("kind", "").casefold(), cells.get("membership", "").casefold()
    security = flag(cells.get("security"))
    if security is None and kind:
        security = "security" in kind or (False if "distribution" in kind else None)
    told: dict[str, Any] = {"id": cells["id"], "displayName": cells["name"], "securityEnabled": security}
    if kind or membership:
        types = [("Unified", "365" in kind or "unified" in kind), ("DynamicMembership", "dynamic" in membership + kind)]
        told["groupTypes"] = [name for name, so in types if so]
    return entra_directory.group(told)
