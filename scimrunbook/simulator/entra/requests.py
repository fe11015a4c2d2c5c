"""The SCIM requests Entra sends: paths, bodies and PATCH forms, with and without the ``aadOptscim062020`` flag.

Forms: Microsoft Learn, "Known issues and resolutions with SCIM 2.0 protocol compliance"; facts: Entra section 8. The
default disables with the string ``"False"`` and removes members by a list of values; the flag makes both as RFC 7644
has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from scimrunbook.simulator.entra.settings import CORE_GROUP, ENTERPRISE_USER

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
Values = dict[str, str | None]  # target attribute, as the mapping names it → text
_TYPED = re.compile(r'^(\w+)\[type eq "(\w+)"\]\.(\w+)$')


def lookup(resource: str, attribute: str, value: str) -> str:
    """``/Users?filter=userName+eq+%22…%22``: ``+`` for blanks. Groups are asked for without their members."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    expression = quote_plus(f'{attribute} eq "{escaped}"', safe="")
    return f"/{resource}?{'excludedAttributes=members&' if resource == 'Groups' else ''}filter={expression}"


def path(resource: str, target_id: str) -> str:
    return f"/{resource}/{quote(target_id, safe='')}"


def reading(resource: str, target_id: str) -> str:
    return path(resource, target_id) + ("?excludedAttributes=members" if resource == "Groups" else "")


def user_body(values: Mapping[str, str | None]) -> dict[str, Any]:
    """A POST of a user. ``active`` is a boolean here, whatever the flag."""
    body: dict[str, Any] = {"schemas": [CORE_USER, ENTERPRISE_USER]}
    for target, value in values.items():
        _place(body, target, value == "True" if target == "active" else value)
    return {**body, "meta": {"resourceType": "User"}}


def group_body(values: Mapping[str, str | None]) -> dict[str, Any]:
    """A POST of a group: never its members, and Microsoft's own schema beside the standard one."""
    return {"schemas": [CORE_GROUP, MICROSOFT_GROUP], **values, "meta": {"resourceType": "Group"}}


def _place(body: dict[str, Any], target: str, value: Any) -> None:
    if typed := _TYPED.match(target):
        items = body.setdefault(typed[1], [])
        item = next((i for i in items if i["type"] == typed[2]), None)
        if item is None:
            item = {"type": typed[2], "primary": not items}
            items.append(item)
        item[typed[3]] = value
    else:
        for head in _parents(target):
            body = body.setdefault(head, {})
        body[_leaf(target)] = value


def _parents(target: str) -> Iterator[str]:
    if target.startswith(f"{ENTERPRISE_USER}:"):
        yield ENTERPRISE_USER
        target = target.removeprefix(f"{ENTERPRISE_USER}:")
    yield from target.split(".")[:-1]


def _leaf(target: str) -> str:
    return re.split(r"[.:]", target)[-1]


def current(document: Mapping[str, Any], target: str) -> str | None:
    """What the endpoint holds at ``target``, as text (booleans as Entra prints them); None where nothing is there."""
    found: Any = document
    if typed := _TYPED.match(target):
        items = document.get(typed[1])
        found = next((i for i in items or () if isinstance(i, dict) and i.get("type") == typed[2]), None)
        target = typed[3]
    else:
        for head in _parents(target):
            found = found.get(head) if isinstance(found, dict) else None
    value = found.get(_leaf(target)) if isinstance(found, dict) else None
    return None if value is None or value == "" else str(value)


def patch(operations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schemas": [PATCH_OP], "Operations": operations}


def replacing(before: Mapping[str, str | None], after: Mapping[str, str | None], *, flag: bool) -> dict[str, Any]:
    """PATCH of changed attributes. ``before``: what the endpoint holds; where it holds nothing the value is added.

    Default: an operation per attribute, capitalised, texts throughout. With the flag: ``active`` and typed values by
    path, everything else in one operation without a path and with dotted keys.
    """
    if not flag:
        return patch([{"op": "Replace" if before.get(t) else "Add", "path": t, "value": v} for t, v in after.items()])
    operations: list[dict[str, Any]] = []
    plain: dict[str, Any] = {}
    for target, value in after.items():
        if target == "active":
            operations.append({"op": "replace", "path": "active", "value": value == "True"})
        elif _TYPED.match(target):
            operations.append({"op": "replace" if before.get(target) else "add", "path": target, "value": value})
        else:
            plain[target] = value
    return patch([*operations, {"op": "replace", "value": plain}] if plain else operations)


def membership(added: Iterable[str], removed: Iterable[str], *, flag: bool) -> dict[str, Any]:
    """PATCH of a group's members, by their ids at the endpoint."""
    operations: list[dict[str, Any]] = []
    if new := [{"$ref": None, "value": target_id} for target_id in added]:
        operations.append({"op": "add" if flag else "Add", "path": "members", "value": new})
    for target_id in removed:
        if flag:
            operations.append({"op": "remove", "path": f'members[value eq "{target_id}"]'})
        else:
            operations.append({"op": "Remove", "path": "members", "value": [{"value": target_id}]})
    return patch(operations)
