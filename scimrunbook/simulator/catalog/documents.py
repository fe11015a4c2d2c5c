"""Documents on their way in (what Catalog keeps of a body) and out (``attributes``, ``excludedAttributes``)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from scimrunbook.simulator.catalog.patch import Document, Kind, RefusedError
from scimrunbook.simulator.catalog.schemas import GROUP, USER

SCHEMA_OF: dict[Kind, str] = {"Users": USER, "Groups": GROUP}
NAME_OF: dict[Kind, str] = {"Users": "userName", "Groups": "displayName"}
_BOOLEANS = {"true": True, "false": False}
_ALWAYS = ("schemas", "id")  # returned whatever was asked for (RFC 7643 section 7)


def parsed(body: bytes) -> Document:
    """A request body as a JSON object. Raises RefusedError with ``invalidSyntax``."""
    try:
        document = json.loads(body, parse_constant=_not_json)
    except (ValueError, RecursionError):
        raise RefusedError("invalidSyntax", "The body is not JSON.") from None
    if not isinstance(document, dict):
        raise RefusedError("invalidSyntax", "The body is not a JSON object.")
    return document


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def accepted(kind: Kind, body: Document) -> Document:
    """A body as Catalog keeps it: no password, no nulls (RFC 7643 section 2.5), ``active`` a boolean, default true.

    Entra writes booleans as text, and names a schema of its own for groups. Raises RefusedError.
    """
    schemas = body.get("schemas")
    if not isinstance(schemas, list) or SCHEMA_OF[kind] not in schemas:
        raise RefusedError("invalidSyntax", f"schemas must name {SCHEMA_OF[kind]}.")
    named(kind, body)
    kept: Document = _without_nulls({k: v for k, v in body.items() if k not in ("password", "id", "meta")})
    if kind == "Groups":
        return {**kept, "schemas": [GROUP]}
    kept.pop("groups", None)  # read-only (RFC 7643 section 4.1.2)
    active = kept.get("active", True)
    if isinstance(active, str):
        active = _BOOLEANS.get(active.lower(), active)
    if not isinstance(active, bool):
        raise RefusedError("invalidValue", "active must be a boolean.")
    return {**kept, "active": active}


def named(kind: Kind, document: Document) -> str:
    """The userName or displayName. Raises RefusedError where it is absent, blank or no text."""
    name = document.get(NAME_OF[kind])
    if not isinstance(name, str) or not name.strip():
        raise RefusedError("invalidValue", f"{NAME_OF[kind]} is required.")
    return name


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value if v is not None] if isinstance(value, list) else value


def shaped(document: Document, attributes: Iterable[str], excluded: Iterable[str]) -> Document:
    """The part of a document a client asked for (RFC 7644 section 3.9); ``attributes`` wins over ``excluded``."""
    always = {k: v for k, v in document.items() if k in _ALWAYS}
    if wanted := [_path(name, document) for name in attributes]:
        return {**always, **_only(document, wanted)}
    if unwanted := [_path(name, document) for name in excluded]:
        left = _without(document, unwanted)
        return {k: left.get(k, v) for k, v in document.items() if k in left or k in always}
    return document


def _path(name: str, document: Document) -> tuple[str, ...]:
    """``name.givenName`` or ``urn:…:attribute.sub`` as lower-case steps from the top of the document."""
    lower = name.lower()
    for core in (USER.lower(), GROUP.lower()):
        if lower.startswith(core + ":"):
            return tuple(lower[len(core) + 1 :].split("."))
    for extension in (k.lower() for k in document if ":" in k):
        if lower == extension:
            return (extension,)
        if lower.startswith(extension + ":"):
            return (extension, *lower[len(extension) + 1 :].split("."))
    return (lower,) if ":" in lower else tuple(lower.split("."))


def _below(key: str, paths: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [p[1:] for p in paths if p and p[0] == key.lower()]


def _only(value: Any, paths: list[tuple[str, ...]]) -> Any:
    if isinstance(value, list):
        return [_only(v, paths) for v in value]
    if not isinstance(value, dict):
        return value
    below = {k: _below(k, paths) for k in value}
    return {k: v if () in below[k] else _only(v, below[k]) for k, v in value.items() if below[k]}


def _without(value: Any, paths: list[tuple[str, ...]]) -> Any:
    if isinstance(value, list):
        return [_without(v, paths) for v in value]
    if not isinstance(value, dict):
        return value
    below = {k: _below(k, paths) for k in value}
    return {k: _without(v, below[k]) if below[k] else v for k, v in value.items() if () not in below[k]}
