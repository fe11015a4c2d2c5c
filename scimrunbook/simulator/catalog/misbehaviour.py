"""What the practice Catalog does wrong, one switch each; a timeline change of kind "catalog" turns them.

Every switch is a way real SCIM servers were seen to fail (facts: SCIM, deviations of real servers). Nothing is drawn by
chance: the same requests meet the same trouble.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from scimrunbook.simulator.catalog import Catalog

_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_SLOW = timedelta(seconds=75)  # longer than Okta's 60 seconds and any sensible client's patience
RETRY_AFTER_SECONDS = 30
_PAGE = 10  # what a server that repeats its first page holds on it
_HTML = b"<!doctype html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n"


@dataclass(slots=True)
class Misbehaviour:
    """All off in a healthy Catalog. Read at every request, so a change acts at once."""

    down: bool = False  # every request: 503
    failing_writes: bool = False  # 500 for whatever changes something
    throttled_writes: bool = False  # 429 for whatever changes something
    slow_writes: bool = False  # an answer after 75 seconds of the virtual clock
    html: bool = False  # a sign-in page, status 200, for every request
    patch_refused: bool = False  # 501
    refused_every: int = 0  # 401 for one request of n, whatever its token
    active_ignored: bool = False  # ``active`` is accepted and not applied
    names_dropped: bool = False  # the name is accepted and not kept
    first_page_again: bool = False  # short pages, and startIndex is ignored
    refused_attributes: tuple[str, ...] = ()  # 400 where a body or a PATCH path holds one of these
    seen: int = 0  # requests counted for ``refused_every``

    def change(self, data: dict[str, Any]) -> None:
        """Turns the switches named. Raises AttributeError for one that does not exist."""
        known = {f.name for f in fields(self)} - {"seen"}
        for name, value in data.items():
            if name not in known:
                raise AttributeError(f"Catalog cannot misbehave by {name!r}")
            setattr(self, name, value)


def answered_wrongly(catalog: Catalog, request: Request) -> Response | None:
    """What is answered instead of anything sensible, before the token is looked at; None where all is well."""
    wrong = catalog.misbehaviour
    if request.headers.get("x-forwarded-proto") == "http":  # in front of the real one TLS ends, and says so
        host = request.headers.get("host", "")
        return Response(status_code=301, headers={"Location": f"https://{host}{request.url.path}"})
    if wrong.html:
        return Response(_HTML, 200, media_type="text/html")
    if wrong.down:
        return _error(503, "The service is not available.")
    if wrong.refused_every:
        wrong.seen += 1
        # of the number's checksum, not of the number: clients ask in patterns, and every third could always be a PATCH
        if crc32(str(wrong.seen).encode()) % wrong.refused_every == 0:
            return _error(401, "The token is missing or not valid.")
    return None


async def refused_wrongly(catalog: Catalog, request: Request) -> Response | None:
    """The same for requests whose token counts."""
    wrong, writes = catalog.misbehaviour, request.method in _WRITES
    if wrong.slow_writes and writes:
        catalog.clock.to(catalog.clock.now + _SLOW)
    if wrong.failing_writes and writes:
        return _error(500, "An unexpected error occurred.")
    if wrong.throttled_writes and writes:
        return _error(429, "Too many requests.", {"Retry-After": str(RETRY_AFTER_SECONDS)})
    if wrong.patch_refused and request.method == "PATCH":
        return _error(501, "PATCH is not supported.")
    if wrong.refused_attributes and writes:
        text = (await request.body()).decode("utf-8", "replace")
        named = [a for a in wrong.refused_attributes if f'"{a}"' in text or f":{a}" in text]
        if named:
            return _error(400, f"Attribute {named[0]} is not supported.", kind="invalidValue")
    return None


def kept_wrongly(catalog: Catalog, kind: str, after: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """The document as this Catalog keeps it, having promised to keep ``after``."""
    wrong = catalog.misbehaviour
    if kind != "Users":
        return after
    if wrong.active_ignored and before is not None and "active" in before:
        after = {**after, "active": before["active"]}
    if wrong.names_dropped:
        kept = (before or {}).get("name")
        after = {k: v for k, v in after.items() if k != "name"} | ({"name": kept} if kept else {})
    return after


def page_asked(catalog: Catalog, start: int, count: int) -> tuple[int, int]:
    """Where the page begins and how long it is, for a list that was asked from ``start``."""
    return (1, min(count, _PAGE)) if catalog.misbehaviour.first_page_again else (start, count)


def _error(status: int, detail: str, headers: dict[str, str] | None = None, kind: str = "") -> Response:
    body = {"schemas": [_ERROR], "status": str(status), "detail": detail, **({"scimType": kind} if kind else {})}
    return Response(json.dumps(body).encode(), status, headers, media_type="application/scim+json")
