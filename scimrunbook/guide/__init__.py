"""The guide as data: tables in TOML beside this module, loaded typed, checked, and only when first asked for.

An unknown key, source, cause family, action or kind of change in a table is a GuideError that names file and entry.
Meanings are in our own words; every row says where its facts come from (``sources.toml``).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scimrunbook import toml_tables

if TYPE_CHECKING:
    from scimrunbook.guide.loading import _LOADERS, GuideError, row
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

__all__ = [
    "CAUSES",
    "ENTRA_ERRORS",
    "ENTRA_MAPPINGS",
    "ENTRA_SKIPS",
    "HOW_TO_GET",
    "OKTA_APP_NAME",
    "OKTA_EVENTS",
    "OKTA_MAPPINGS",
    "OKTA_TOGGLES",
    "QUARANTINE_REASONS",
    "REGIONS",
    "SCIM_QUIRKS",
    "SECTIONS",
    "SOURCES",
    "SYMPTOMS",
    "_LOADERS",
    "CauseFamily",
    "EntraError",
    "EntraSkip",
    "GuideError",
    "HowToGet",
    "MappingRow",
    "OktaEvent",
    "OktaToggle",
    "QuarantineReason",
    "Region",
    "ScimQuirk",
    "Section",
    "Source",
    "Symptom",
    "entra_error",
    "is_entra_code",
    "read_table",
    "row",
    "section_link",
]

SOURCES: dict[str, Source]
REGIONS: dict[str, Region]  # by the host people see: app.castordoc.com …
SECTIONS: dict[str, Section]  # in the guide's order
SYMPTOMS: dict[str, Symptom]
CAUSES: dict[str, CauseFamily]  # what to mend first comes first; and "unknown"
OKTA_APP_NAME: str
OKTA_TOGGLES: tuple[OktaToggle, ...]
OKTA_MAPPINGS: tuple[MappingRow, ...]
ENTRA_MAPPINGS: tuple[MappingRow, ...]
ENTRA_ERRORS: dict[str, EntraError]
ENTRA_SKIPS: dict[str, EntraSkip]
QUARANTINE_REASONS: dict[str, QuarantineReason]
OKTA_EVENTS: dict[str, OktaEvent]
HOW_TO_GET: dict[str, HowToGet]
SCIM_QUIRKS: dict[str, ScimQuirk]


@cache
def read_table(name: str) -> dict[str, Any]:
    """A TOML file of this folder, as it stands."""
    return toml_tables.read(Path(__file__).parent, name)


def __getattr__(name: str) -> Any:
    """Loads a table when it is first asked for, or a class of rows; from then on it is an ordinary attribute."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import scimrunbook.guide.loading as loading  # what only reads a title does without typed rows

    if name in loading._LOADERS:
        return globals().setdefault(name, loading._LOADERS[name]())
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, getattr(loading, name))


def section_link(section: str) -> str:
    """The guide's page at this section."""
    sections: dict[str, Section] = _loaded("SECTIONS")
    return sections[section].link


def entra_error(code: str) -> EntraError | None:
    """The entry of a code, exact or by suffix (``ContosoEntryConflict``); the longest suffix wins."""
    errors: dict[str, EntraError] = _loaded("ENTRA_ERRORS")
    if code in errors:
        return errors[code]
    matching = [known for known in errors if code.endswith(known)]
    return errors[max(matching, key=len)] if matching else None


def is_entra_code(code: str) -> bool:
    """Whether Entra's tables know this code, skip or quarantine reason; told without building their rows."""
    table = read_table("entra_errors")
    reasons = {e["reason"] for array in ("skip", "quarantine") for e in table[array]}
    return code in reasons or any(code.endswith(e["code"]) for e in table["error"])


def _loaded(name: str) -> Any:
    return globals().get(name) or __getattr__(name)
