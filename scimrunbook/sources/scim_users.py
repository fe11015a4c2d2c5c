"""Pages of Users as columns of ``accounts``: the fast way for the many, the careful one for the odd.

Every attribute is typed ``Any``, so that nothing a server writes loses a person; a page that is not plain JSON, and a
User that spells an attribute otherwise or lacks one, is read by ``scim_records``, which forgives more and costs more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from scimrunbook.sources import scim_records as scim

COLUMNS = (
    "account_id",
    "user_name",
    "external_id",
    "active",
    "given_name",
    "family_name",
    "display_name",
    "email",
    "role",
    "created_at",
    "changed_at",
)


class User(msgspec.Struct, gc=False):
    """What a row of ``accounts`` needs of a User (RFC 7643 section 4.1)."""

    id: Any = None
    userName: Any = None  # noqa: N815 - SCIM's own names
    externalId: Any = None  # noqa: N815
    active: Any = None
    name: Any = None
    displayName: Any = None  # noqa: N815
    emails: Any = None
    roles: Any = None
    meta: Any = None


class _Listed(msgspec.Struct):
    Resources: list[User]
    totalResults: int  # noqa: N815
    startIndex: Any = None  # noqa: N815
    itemsPerPage: Any = None  # noqa: N815
    schemas: Any = None


@dataclass(slots=True)
class Columns:
    """One page. ``keys``: what each row is told apart by; ``unreadable`` rows are not among them."""

    keys: list[str]
    columns: dict[str, list[Any]]
    total: int | None
    unreadable: int = 0
    quirks: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows received, readable or not."""
        return len(self.keys) + self.unreadable


_decoder = msgspec.json.Decoder(_Listed)


def decode(body: bytes) -> tuple[list[User], int] | None:
    """Users and totalResults of a page that is as RFC 7644 wants it; None for any other."""
    try:
        page = _decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    plain = type(page.startIndex) in (int, type(None)) and type(page.itemsPerPage) in (int, type(None))
    listed = isinstance(page.schemas, list) and scim.LIST_SCHEMA in page.schemas
    return (page.Resources, page.totalResults) if plain and listed and page.Resources else None


def read_users(body: bytes, *, content_type: str = "", where: str = "the answer") -> Columns:
    """A page of /Users as columns. Raises ReadFailure (html, not_json) where there is no list in it."""
    plain = decode(body)
    if plain is not None:
        users, total = plain
        if all(u.id and u.userName is not None and u.active is not None and u.name and u.emails for u in users):
            keys, columns = _fast(users)
            return Columns(keys, columns, total, len(users) - len(keys))
    page = scim.read_page(body, content_type=content_type, where=where)
    rows, bad = scim.accounts(page.documents)
    columns = {name: [r[name] for r in rows] for name in COLUMNS}
    return Columns(list(columns["account_id"]), columns, page.total, page.unreadable + bad, page.quirks)


def _fast(users: list[User]) -> tuple[list[str], dict[str, list[Any]]]:
    """The columns of ``scim_records.account``, for Users that have what everybody has."""
    rows = [r for r in map(_row, users) if r[0]]
    if not rows:
        return [], {name: [] for name in COLUMNS}
    columns = dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    return columns["account_id"], columns


def _row(u: User) -> tuple[Any, ...]:
    name, meta = u.name, u.meta
    given = family = formatted = created = changed = None
    if type(name) is dict:
        given, family, formatted = name.get("givenName"), name.get("familyName"), name.get("formatted")
        if given is None or family is None:
            given, family, formatted = (scim.get(name, n) for n in ("givenName", "familyName", "formatted"))
    if type(meta) is dict:
        created, changed = meta.get("created"), meta.get("lastModified")
        if created is None or changed is None:
            created, changed = scim.get(meta, "created"), scim.get(meta, "lastModified")
    key = _plain(u.id) or _plain(u.userName)
    return (
        key,
        _plain(u.userName),
        _plain(u.externalId),
        u.active if type(u.active) is bool else scim.truth(u.active),
        _plain(given),
        _plain(family),
        _plain(u.displayName) or _plain(formatted),
        _mail(u.emails),
        scim.first_value(u.roles) if u.roles else None,
        _plain(created),
        _plain(changed),
    )


def _plain(value: Any) -> str | None:
    """``scim_records.text`` for what msgspec decoded: its texts hold no half characters."""
    if type(value) is str:
        return value if value and not value.isspace() else None
    return None if value is None else scim.text(value)


def _mail(value: Any) -> str | None:
    if type(value) is list and len(value) == 1 and type(value[0]) is dict and type(value[0].get("value")) is str:
        return _plain(value[0]["value"])
    return scim.first_value(value)
