"""SCIM documents (RFC 7643) as rows of ``accounts``, ``teams`` and ``team_members``; the same live and from files.

Servers deviate in fifty ways (facts of the field: active as text, ids as numbers, PascalCase keys, bare lists), so
nothing is typed on the way in: a page is split into its items first, then each item is read by itself, and one that
cannot be read is counted and loses nobody else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.json_reading import depth, looks_like_html, read_json, whole_characters

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
_BOM = b"\xef\xbb\xbf"
_MAX_ITEM_DEPTH = 64
_MAX_PAGE_DEPTH = 500  # one item that nests too deep costs itself only

Row = dict[str, Any]


class _Wrapper(msgspec.Struct):
    """A ListResponse, its items not decoded yet."""

    Resources: list[msgspec.Raw] | None = None
    totalResults: Any = None  # noqa: N815 - SCIM's own names
    startIndex: Any = None  # noqa: N815
    itemsPerPage: Any = None  # noqa: N815
    schemas: Any = None


@dataclass(slots=True)
class Page:
    """One ListResponse. ``total`` is None where it is not told; ``quirks`` name deviations from RFC 7644."""

    documents: list[dict[str, Any]]
    total: int | None
    unreadable: int = 0
    quirks: list[str] = field(default_factory=list)


def read_page(body: bytes, *, content_type: str = "", where: str = "the answer") -> Page:
    """Splits and decodes a list answer. Raises ReadFailure (html, not_json) where there is no list in it."""
    quirks = []
    if body.startswith(_BOM):
        quirks.append("byte order mark")
        body = body.removeprefix(_BOM)
    if looks_like_html(body, content_type):
        read_json(body, content_type=content_type, where=where)
    try:
        wrapper = msgspec.json.decode(body, type=_Wrapper)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _loose_page(body, quirks, where)
    if wrapper.Resources is None and wrapper.totalResults not in (0, None):
        return _loose_page(body, quirks, where)
    if wrapper.totalResults is None:
        # No counter and no list: an error or a single resource, unless it says that it is a list.
        if wrapper.Resources is None:
            return _loose_page(body, quirks, where)
        quirks.append("totalResults missing")
    quirks += _counters(wrapper.totalResults, wrapper.startIndex, wrapper.itemsPerPage, wrapper.schemas)
    if wrapper.Resources is None:
        quirks.append("Resources missing")
    documents: list[dict[str, Any]] = []
    unreadable = 0
    for raw in wrapper.Resources or []:
        document = _item(raw)
        if document is None:
            unreadable += 1
        else:
            documents.append(document)
    return Page(documents, whole(wrapper.totalResults), unreadable, quirks)


def _item(raw: msgspec.Raw) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        try:
            value = read_json(bytes(raw))
        except ReadFailure:
            return None
    return value if isinstance(value, dict) and depth(bytes(raw)) <= _MAX_ITEM_DEPTH else None


def _loose_page(body: bytes, quirks: list[str], where: str) -> Page:
    """A list that is not quite one: a bare array, other capitals, ``Resources: null``, an empty body."""
    if not body.strip():
        raise ReadFailure("not_json", f"{where} is empty.", "Check that the address is that of a SCIM endpoint.")
    value = read_json(body, where=where, max_depth=_MAX_PAGE_DEPTH, lenient=True)
    if isinstance(value, list):
        return _from_items(value, None, [*quirks, "bare list"])
    if isinstance(value, dict):
        total, items = get(value, "totalResults"), get(value, "Resources")
        if total is not None or isinstance(items, list):
            strange = [] if "Resources" in value else ["Resources missing or in other capitals"]
            shape = _counters(total, get(value, "startIndex"), get(value, "itemsPerPage"), get(value, "schemas"))
            return _from_items(items if isinstance(items, list) else [], whole(total), [*quirks, *strange, *shape])
    raise ReadFailure("not_json", f"{where} is JSON, but no SCIM list.", "Check the path: it should end in /Users.")


def _from_items(items: list[Any], total: int | None, quirks: list[str]) -> Page:
    documents = [i for i in items if isinstance(i, dict) and depth(json.dumps(i).encode()) <= _MAX_ITEM_DEPTH]
    return Page(documents, total, len(items) - len(documents), quirks)


def _counters(total: Any, start: Any, per_page: Any, schemas: Any) -> list[str]:
    quirks = [
        f"{name} is text"
        for name, v in (("totalResults", total), ("startIndex", start), ("itemsPerPage", per_page))
        if isinstance(v, str)
    ]
    if not (isinstance(schemas, list) and LIST_SCHEMA in schemas):
        quirks.append("schemas does not name ListResponse")
    return quirks


def whole(value: Any) -> int | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return int(value)
    except (ValueError, TypeError, OverflowError):
        return None


def get(document: Mapping[str, Any], name: str) -> Any:
    """An attribute; names differ in case alone are the same attribute (RFC 7643 section 2.1)."""
    if name in document:
        return document[name]
    wanted = name.lower()
    return next((v for k, v in document.items() if isinstance(k, str) and k.lower() == wanted), None)


def identity(document: Mapping[str, Any]) -> str | None:
    """What a resource is told apart by: its id, else its userName; None where it has neither."""
    return text(get(document, "id")) or text(get(document, "userName"))


def accounts(documents: Iterable[Any]) -> tuple[list[Row], int]:
    """Rows of ``accounts`` and how many documents are no account."""
    rows = [account(d) for d in documents]
    return [r for r in rows if r is not None], sum(r is None for r in rows)


def account(document: Any) -> Row | None:
    """One User as a row; None where it has neither an id nor a userName."""
    if not isinstance(document, Mapping):
        return None
    key = identity(document)
    if key is None:
        return None
    name = get(document, "name")
    name = name if isinstance(name, Mapping) else {}
    meta = get(document, "meta")
    meta = meta if isinstance(meta, Mapping) else {}
    return {
        "account_id": key,
        "user_name": text(get(document, "userName")),
        "external_id": text(get(document, "externalId")),
        "active": truth(get(document, "active")),
        "given_name": text(get(name, "givenName")),
        "family_name": text(get(name, "familyName")),
        "display_name": text(get(document, "displayName")) or text(get(name, "formatted")),
        "email": first_value(get(document, "emails")),
        "role": first_value(get(document, "roles")),
        "created_at": text(get(meta, "created")),
        "changed_at": text(get(meta, "lastModified")),
    }


def teams(documents: Iterable[Any]) -> tuple[list[Row], list[Row], int]:
    """Rows of ``teams``, rows of ``team_members``, and how many documents are no group."""
    found: list[Row] = []
    members: list[Row] = []
    unreadable = 0
    for document in documents:
        key = text(get(document, "id")) if isinstance(document, Mapping) else None
        if key is None:
            unreadable += 1
            continue
        found.append(
            {
                "team_id": key,
                "name": text(get(document, "displayName")),
                "external_id": text(get(document, "externalId")),
            }
        )
        members += [{"team_id": key, "account_id": m} for m in _members(get(document, "members"))]
    return found, members, unreadable


def _members(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value] if value else []
    ids = [text(get(m, "value")) if isinstance(m, Mapping) else text(m) for m in items]
    return [i for i in ids if i]


def truth(value: Any) -> bool | None:
    """``active`` however it is written: a boolean, or Entra's ``"True"``/``"False"``; None for anything else."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def first_value(value: Any) -> str | None:
    """The primary value of a multi-valued attribute, else the first; plain texts are taken as they are."""
    items = value if isinstance(value, list) else [value]
    told = [(m, text(get(m, "value")) if isinstance(m, Mapping) else text(m)) for m in items]
    primary = next((v for m, v in told if v and isinstance(m, Mapping) and truth(get(m, "primary"))), None)
    return primary or next((v for _, v in told if v), None)


def text(value: Any) -> str | None:
    """A scalar as text (ids are sometimes numbers); None for what is empty or no scalar."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    said = str(value)
    return str(whole_characters(said)) if said.strip() else None
