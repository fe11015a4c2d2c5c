"""Shapes of answers, accounts and errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from scimrunbook.sources import scim_records as scim
from scimrunbook.sources.scim_quirks.rules import CONTROLS, Asked, people, quirk, some

_CORE = ("id", "userName", "externalId", "active", "name", "displayName", "emails", "schemas", "meta")
_JSON = ("application/scim+json", "application/json")
# RFC 7643 section 5, and what every resource may carry.
_CONFIG = {
    "schemas", "id", "externalid", "meta", "documentationuri", "patch", "bulk", "filter", "changepassword", "sort",
    "etag", "authenticationschemes", "pagination",
}  # fmt: skip


@quirk("counters_text")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked):
        texts = [k for k in ("totalResults", "startIndex", "itemsPerPage") if e.page and isinstance(e.page.get(k), str)]
        if texts:
            yield n, f"{', '.join(texts)} as text"


@quirk("nobody_shape")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "filter_nobody"):
        if e.status == 200 and (
            e.empty or e.value == [] or (e.total == 0 and scim.get(e.page or {}, "Resources") is None)
        ):
            yield n, "an empty body" if e.empty else "a bare list" if e.value == [] else "no Resources"


@quirk("discovery_no_total")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "schemas", "resource_types"):
        if e.status == 200 and e.value is not None and (not e.page or scim.get(e.page, "totalResults") is None):
            yield n, "no totalResults"


@quirk("content_type")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked):
        if e.status == 200 and e.value is not None and e.content_type not in _JSON:
            yield n, e.content_type[:60] or "no content type"


@quirk("accept_required")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "without_accept", "provider_test"):
        if e.status == 406:
            yield n, "status 406"


@quirk("html_answer")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "a web page with status 200") for n, e in some(asked) if e.html and e.status == 200)


@quirk("schemas_missing")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "no schemas") for n, d in people(asked) if not scim.get(d, "schemas"))


@quirk("schemas_text")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "schemas as text") for n, d in people(asked) if isinstance(scim.get(d, "schemas"), str))


@quirk("undeclared_extension")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    types = asked.get("resource_types")
    known = {str(v).lower() for v in _urns(types.value)} if types and types.status == 200 else None
    for n, d in people(asked) if known else ():
        schemas = scim.get(d, "schemas")
        strange = (
            [s for s in schemas if isinstance(s, str) and s.lower() not in (known or ())]
            if isinstance(schemas, list)
            else []
        )
        if strange:
            yield n, strange[0][:120]


def _urns(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for v in value.values():
            yield from _urns(v)
    elif isinstance(value, list):
        for v in value:
            yield from _urns(v)
    elif isinstance(value, str) and value.lower().startswith("urn:"):
        yield value


@quirk("discovery_extra")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "service_provider_config"):
        strange = sorted(k for k in e.page or {} if k.lower() not in _CONFIG and not k.lower().startswith("urn:"))
        if strange:
            yield n, ", ".join(strange)[:120]


@quirk("odd_keys")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    known = {k.lower(): k for k in _CORE}
    for n, d in people(asked):
        odd = [k for k in d if k.lower() in known and k not in _CORE]
        null = [k for k in ("name", "emails", "meta") if k in d and d[k] is None]
        if odd or null:
            yield n, ", ".join(odd) if odd else f"{', '.join(null)}: null"


@quirk("integer_id")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "a number as id") for n, d in people(asked) if isinstance(scim.get(d, "id"), int | float))


@quirk("active_odd")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, d in people(asked):
        value = scim.get(d, "active")
        if not isinstance(value, bool):
            yield n, "absent" if value is None else f"a {type(value).__name__}"


@quirk("error_shape")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "unknown_id", *CONTROLS):
        if e.status in (401, 404) and isinstance(e.value, dict):
            status = scim.get(e.value, "status")
            if scim.get(e.value, "schemas") is None and any(isinstance(v, dict) for v in e.value.values()):
                yield n, "the error is wrapped"
            elif status is not None and not isinstance(status, str):
                yield n, "status is a number"


def location(asked: Asked, base_url: str) -> tuple[str, str] | None:
    base = urlsplit(base_url)
    for n, d in people(asked):
        meta = scim.get(d, "meta")
        told = scim.get(meta, "location") if isinstance(meta, dict) else None
        if not isinstance(told, str):
            continue
        there = urlsplit(told)
        if not there.netloc:
            return n, "relative"
        if (there.scheme, there.netloc.lower()) != (base.scheme, base.netloc):
            return n, f"{there.scheme}://{there.hostname}"[:120]
    return None
