"""The guide as data: tables in TOML beside this module, loaded typed and checked.

An unknown key, cause family, action or kind of change in a table is an error at import of the tests, not a surprise in
a diagnosis. Every table names its source.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any, TypeVar

from scimrunbook.findings import Cause

T = TypeVar("T")


class GuideError(ValueError):
    """A table of the guide is wrong; names the file and the entry."""


@dataclass(frozen=True, slots=True)
class Region:
    """``base_url`` is exact: scheme, host, path, no trailing slash."""

    name: str
    catalog_host: str
    api_host: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    title: str
    about: str
    link: str
    notebook: str


@dataclass(frozen=True, slots=True)
class Symptom:
    name: str
    title: str
    sentence: str
    observed_by: str


@dataclass(frozen=True, slots=True)
class CauseFamily:
    name: str
    title: str
    meaning: str


@dataclass(frozen=True, slots=True)
class OktaToggle:
    """A checkbox of Provisioning > To App. ``feature`` is its name in ``app.features[]``."""

    feature: str
    label: str
    action: str


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A row that has to be there: ``target`` fed by one of ``sources`` (expressions as the provider prints them)."""

    direction: str
    object: str
    target: str
    sources: tuple[str, ...]
    matching: bool = False

    @property
    def source(self) -> str:
        return self.sources[0]


@dataclass(frozen=True, slots=True)
class EntraError:
    code: str
    meaning: str
    fix: str
    causes: tuple[Cause, ...]
    source: str


@dataclass(frozen=True, slots=True)
class EntraSkip:
    reason: str
    meaning: str
    fix: str
    causes: tuple[Cause, ...]
    healthy: bool
    source: str


@dataclass(frozen=True, slots=True)
class QuarantineReason:
    reason: str
    meaning: str
    causes: tuple[Cause, ...]
    source: str


@dataclass(frozen=True, slots=True)
class OktaEvent:
    """``action``: one of ``snapshot.ACTIONS``; ``change``: of ``snapshot.CHANGES``, where an admin did something."""

    event_type: str
    action: str
    object_type: str
    causes: tuple[Cause, ...]
    meaning: str
    change: str | None = None


@dataclass(frozen=True, slots=True)
class HowToGet:
    """How to read what was missing: ``live`` names scope or role, ``export`` the screen and clicks."""

    what: str
    title: str
    live: str
    export: str
    file: str


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(files("scimrunbook.guide").joinpath(f"{name}.toml").read_text("utf-8"))


def _make(kind: type[T], where: str, data: Mapping[str, Any], **given: Any) -> T:
    values = {**data, **given}
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if unknown := set(values) - known:
        raise GuideError(f"{where}: unknown {', '.join(sorted(unknown))}")
    try:
        if "causes" in values:
            values["causes"] = tuple(Cause(c) for c in values["causes"])
        if "sources" in values:
            values["sources"] = tuple(values["sources"])
        return kind(**values)
    except (TypeError, ValueError) as problem:
        raise GuideError(f"{where}: {problem}") from problem


def _sections() -> dict[str, Section]:
    table = _table("sections")
    page = table.pop("page")
    made = {}
    for number, (name, entry) in enumerate(table.items()):
        link = f"{page}#{entry.pop('anchor')}"
        made[name] = _make(Section, name, entry, name=name, link=link, notebook=f"{number:02d}_{name}")
    return made


_REGIONS = [_make(Region, n, e, name=n) for n, e in _table("regions").items()]
_OKTA, _ENTRA, _ERRORS = _table("okta"), _table("entra"), _table("entra_errors")

REGIONS: dict[str, Region] = {r.catalog_host: r for r in _REGIONS}
SECTIONS: dict[str, Section] = _sections()
SYMPTOMS: dict[str, Symptom] = {n: _make(Symptom, n, e, name=n) for n, e in _table("symptoms").items()}
CAUSES: dict[str, CauseFamily] = {n: _make(CauseFamily, n, e, name=n) for n, e in _table("causes").items()}
OKTA_APP_NAME: str = _OKTA["app_name"]
OKTA_TOGGLES: tuple[OktaToggle, ...] = tuple(_make(OktaToggle, "okta.toggle", e) for e in _OKTA["toggle"])
OKTA_MAPPINGS: tuple[MappingRow, ...] = tuple(_make(MappingRow, "okta.mapping", e) for e in _OKTA["mapping"])
ENTRA_MAPPINGS: tuple[MappingRow, ...] = tuple(_make(MappingRow, "entra.mapping", e) for e in _ENTRA["mapping"])
ENTRA_ERRORS: dict[str, EntraError] = {e["code"]: _make(EntraError, e["code"], e) for e in _ERRORS["error"]}
ENTRA_SKIPS: dict[str, EntraSkip] = {e["reason"]: _make(EntraSkip, e["reason"], e) for e in _ERRORS["skip"]}
QUARANTINE_REASONS: dict[str, QuarantineReason] = {
    e["reason"]: _make(QuarantineReason, e["reason"], e) for e in _ERRORS["quarantine"]
}
OKTA_EVENTS: dict[str, OktaEvent] = {
    n: _make(OktaEvent, n, {**{k: v for k, v in e.items() if k != "object"}, "object_type": e["object"]}, event_type=n)
    for n, e in _table("okta_events").items()
}
HOW_TO_GET: dict[str, HowToGet] = {n: _make(HowToGet, n, e, what=n) for n, e in _table("how_to_get").items()}


def section_link(section: str) -> str:
    """The guide's page at this section."""
    return SECTIONS[section].link


def entra_error(code: str) -> EntraError | None:
    """The entry of a code, exact or by suffix (``ContosoEntryConflict``); the longest suffix wins."""
    if code in ENTRA_ERRORS:
        return ENTRA_ERRORS[code]
    matching = [known for known in ENTRA_ERRORS if code.endswith(known)]
    return ENTRA_ERRORS[max(matching, key=len)] if matching else None
