"""Reads of Microsoft Graph: pages, refusals told as the permission or role that is missing.

Least-privilege permissions per read: entra.md section 9. Only GET; ``@odata.nextLink`` of another host is refused by
the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from scimrunbook.sources.fields import first, obj, text
from scimrunbook.sources.http import Answer, Reader, ReadFailure

MAX_PAGES = 2000
_ROLES = {  # besides the permission: the directory role a signed-in person needs
    "entra.job": "Application Administrator or Cloud Application Administrator",
    "entra.schema": "Application Administrator or Cloud Application Administrator",
    "entra.provisioning_log": "Reports Reader",
    "entra.directory_audits": "Reports Reader",
}
PERMISSIONS = {
    "entra.service_principal": "Application.Read.All",
    "entra.job": "Synchronization.Read.All",
    "entra.schema": "Synchronization.Read.All",
    "entra.assignments": "Application.Read.All",
    "entra.users": "User.Read.All",
    "entra.groups": "GroupMember.Read.All",
    "entra.members": "GroupMember.Read.All",
    "entra.provisioning_log": "AuditLog.Read.All",
    "entra.directory_audits": "AuditLog.Read.All",
}


class RefusedError(Exception):
    """A read that was refused or failed. ``why`` is what coverage says; ``remedy`` beats the usual way to get it."""

    def __init__(self, why: str, remedy: str | None = None, *, status: int | None = None) -> None:
        super().__init__(why)
        self.why, self.remedy, self.status = why, remedy, status


@dataclass(slots=True)
class Listed:
    """Items of all pages read; ``complete`` is False where a bound ended it, or the failure that ``broke`` tells."""

    items: list[Any] = field(default_factory=list)
    complete: bool = True
    broke: str | None = None


def segment(identifier: str) -> str:
    """An id as one segment of a path."""
    return quote(identifier, safe="")


def literal(value: str) -> str:
    """A text as an OData literal: quotes are doubled."""
    return "'" + value.replace("'", "''") + "'"


class Graph:
    """``GET /v1.0…`` of one tenant. Raises RefusedError for everything but a readable 200."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def get(self, what: str, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One answer's object. ``what`` (of WHATS) tells which permission a refusal is about."""
        return self._object(what, path if path.startswith("https://") else f"/v1.0{path}", params)

    def pages(
        self,
        what: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        most: int = MAX_PAGES,
        told: Callable[[int], None] = lambda _: None,
    ) -> Listed:
        """All items of a list, by ``@odata.nextLink``; an address seen twice or ``most`` pages end it.

        What breaks off after the first page keeps what came before.
        """
        out, seen = Listed(), set[str]()
        following: str | None = path
        while following is not None:
            if len(seen) >= most or following in seen:
                out.complete = False
                break
            try:
                body = self.get(what, following, params if following == path else None)
                value = body.get("value")
                if not isinstance(value, list):
                    raise RefusedError("the answer is not a list")
            except RefusedError as refused:
                if not seen:
                    raise
                out.complete, out.broke = False, f"Reading broke off after {len(seen)} pages: {refused.why}."
                break
            seen.add(following)
            out.items.extend(value)
            told(len(out.items))
            following = text(body.get("@odata.nextLink"))
        return out

    def _object(self, what: str, path: str, params: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            answer = self._reader.get(path, params=params)
            if answer.status != 200:
                raise _refused(what, answer)
            body = answer.json()
        except ReadFailure as failure:
            raise RefusedError(failure.message, failure.remedy or None) from None
        if not isinstance(body, dict):
            raise RefusedError("the answer is not an object")
        return body


def _refused(what: str, answer: Answer) -> RefusedError:
    try:
        error = obj(obj(answer.json()).get("error"))
    except ReadFailure:
        error = {}
    code = (first(error.get("code")) or "")[:80]
    shown = f" ({code})" if code.isprintable() and code else ""
    needs = f"the Graph permission {PERMISSIONS[what]}"
    role = f"; for a signed-in person also the role {_ROLES[what]}" if what in _ROLES else ""
    said = {
        401: (f"401{shown}: Graph does not accept the access token", "Sign in again: the token is invalid or expired."),
        403: (f"403{shown}: {needs} is missing{role}", None),
        404: (f"404{shown}: there is no such object in this tenant", None),
        429: (f"429{shown}: Graph limits the rate and did not open again in time", "Try again in some minutes."),
    }
    why, remedy = said.get(answer.status, (f"HTTP {answer.status}{shown}", None))
    return RefusedError(why, remedy, status=answer.status)
