"""The guide's tables made into typed rows, each checked: a wrong one is a GuideError that names file and entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from scimrunbook.causes import Cause
from scimrunbook.guide import read_table
from scimrunbook.guide.tables import (
    CauseFamily,
    EntraError,
    EntraSkip,
    HowToGet,
    MappingRow,
    OktaEvent,
    OktaToggle,
    QuarantineReason,
    Region,
    ScimQuirk,
    Section,
    Source,
    Symptom,
)

T = TypeVar("T")


class GuideError(ValueError):
    """A table of the guide is wrong; names the file and the entry."""


def row(kind: type[T], table: str, entry: str, data: dict[str, Any], **given: Any) -> T:
    """One typed row: ``given`` over ``data`` over the table's ``defaults``. Raises GuideError."""
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    values = {**read_table(table).get("defaults", {}), **data, **given}
    if "source" in values:
        key = values.pop("source")
        if key not in read_table("sources"):
            raise GuideError(f"{table}.toml, {entry}: there is no source {key!r}")
        values["source" if "source" in known else "source_of"] = read_table("sources")[key]["title"]
    if "object" in values and "object_type" in known:
        values["object_type"] = values.pop("object")
    missing = {n for n, f in known.items() if f.default is MISSING} - set(values)
    if wrong := sorted(missing | (set(values) - set(known))):
        raise GuideError(f"{table}.toml, {entry}: missing or unknown: {', '.join(wrong)}")
    for name in ("causes", "sources", "breaks"):
        if name in values:
            values[name] = tuple(values[name])
    if unknown := set(values.get("causes", ())) - set(Cause):
        raise GuideError(f"{table}.toml, {entry}: no cause family: {', '.join(sorted(unknown))}")
    if "causes" in values:
        values["causes"] = tuple(Cause(c) for c in values["causes"])
    return kind(**values)


def _named(kind: type[T], table: str, key: str = "name") -> dict[str, T]:
    """A table whose entries are TOML tables: ``{entry: row}``."""
    entries = {n: e for n, e in read_table(table).items() if n != "defaults"}
    return {n: row(kind, table, n, e, **{key: n}) for n, e in entries.items()}


def _listed(kind: type[T], table: str, array: str, key: str = "target") -> Iterator[T]:
    """An array of TOML tables as rows; no two with the same key."""
    for number, entry in enumerate(read_table(table)[array], 1):
        yield row(kind, table, f"{array} {entry.get(key, number)}", entry)


def _by(kind: type[T], table: str, array: str, key: str) -> dict[str, T]:
    rows = list(_listed(kind, table, array, key))
    made = {str(getattr(r, key)): r for r in rows}
    if len(made) != len(rows):
        raise GuideError(f"{table}.toml: two entries of {array} have the same {key}")
    return made


def _sources() -> dict[str, Source]:
    return {n: Source(key=n, **e) for n, e in read_table("sources").items()}


def _regions() -> dict[str, Region]:
    return {r.catalog_host: r for r in _named(Region, "regions").values()}


def _sections() -> dict[str, Section]:
    table = dict(read_table("sections"))
    page = table.pop("page")
    made = {}
    for number, (name, entry) in enumerate(table.items()):
        rest = {k: v for k, v in entry.items() if k != "anchor"}
        given = {"name": name, "link": f"{page}#{entry['anchor']}", "notebook": f"{number:02d}_{name}"}
        made[name] = row(Section, "sections", name, rest, **given)
    return made


def _okta_events() -> dict[str, OktaEvent]:
    from scimrunbook.snapshot import ACTIONS, CHANGES  # pandas with it: not for those who only want a title

    events = _named(OktaEvent, "okta_events", "event_type")
    for e in events.values():
        if e.action not in ACTIONS or e.change not in (None, *CHANGES) or e.object_type not in ("user", "group", "app"):
            raise GuideError(f"okta_events.toml, {e.event_type}: unknown action, change or object")
    return events


_LOADERS: dict[str, Callable[[], Any]] = {
    "SOURCES": _sources,
    "REGIONS": _regions,
    "SECTIONS": _sections,
    "SYMPTOMS": lambda: _named(Symptom, "symptoms"),
    "CAUSES": lambda: _named(CauseFamily, "causes"),
    "OKTA_APP_NAME": lambda: read_table("okta")["app_name"],
    "OKTA_TOGGLES": lambda: tuple(_listed(OktaToggle, "okta", "toggle", "feature")),
    "OKTA_MAPPINGS": lambda: tuple(_listed(MappingRow, "okta", "mapping")),
    "ENTRA_MAPPINGS": lambda: tuple(_listed(MappingRow, "entra", "mapping")),
    "ENTRA_ERRORS": lambda: _by(EntraError, "entra_errors", "error", "code"),
    "ENTRA_SKIPS": lambda: _by(EntraSkip, "entra_errors", "skip", "reason"),
    "QUARANTINE_REASONS": lambda: _by(QuarantineReason, "entra_errors", "quarantine", "reason"),
    "OKTA_EVENTS": _okta_events,
    "SCIM_QUIRKS": lambda: _named(ScimQuirk, "scim_quirks"),
    "HOW_TO_GET": lambda: _named(HowToGet, "how_to_get", "what"),
}
