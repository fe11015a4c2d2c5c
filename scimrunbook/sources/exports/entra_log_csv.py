"""Entra's provisioning log as flat rows: Log Analytics (JSON or CSV) and the portal's download of three CSV files.

ProvisioningLogs has a row per operation; ProvisioningLogs_ProvisioningSteps and ProvisioningLogs_ModifiedProperties
hold several rows per operation and join on the change id. Each is of some use alone, and says what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from scimrunbook.sources import entra_log, entra_log_flat
from scimrunbook.sources.exports.documents import Document, columns_of, normal
from scimrunbook.sources.exports.entra import cut_by_the_portal, mostly, of_the_application
from scimrunbook.sources.exports.registry import Recognised, parser
from scimrunbook.sources.fields import as_json, obj, span, text
from scimrunbook.sources.parts import Parts

_CHANGE = ("changeid", "correlationid")
_STEPS = {
    "name": ("name", "stepname", "provisioningstepname", "step"),
    "provisioningStepType": ("provisioningsteptype", "steptype", "type"),
    "status": ("status", "stepstatus", "result"),
    "description": ("description", "stepdescription"),
    "details": ("details", "stepdetails"),
}
_PROPERTIES = {
    "displayName": ("displayname", "name", "propertyname", "modifiedpropertyname", "property", "attribute"),
    "oldValue": ("oldvalue", "propertyoldvalue", "previousvalue"),
    "newValue": ("newvalue", "propertynewvalue"),
}
_JOIN = {
    "provisioningSteps": "ProvisioningLogs_ProvisioningSteps",
    "modifiedProperties": "ProvisioningLogs_ModifiedProperties",
}

Details = dict[str, dict[str, list[dict[str, Any]]]]  # field of the record → change id → rows
_DETAILS: WeakKeyDictionary[Parts, Details] = WeakKeyDictionary()


@parser(what="entra.provisioning_log", title="Entra provisioning log (Log Analytics JSON)", provider="entra")
def log_analytics(document: Document) -> Recognised | None:
    records = document.records
    if records is None or not mostly(records, is_flat):
        return None
    rows = [of_flat(item) for item in records.items]
    return _recognised(document, rows, records.unreadable)


def is_flat(item: Any) -> bool:
    keys = {normal(k) for k in obj(item)}
    return {"timegenerated", "provisioningaction"} <= keys and bool(keys & {"resulttype", "sourceidentity"})


def of_flat(item: Any) -> dict[str, Any] | None:
    told = {normal(k): v for k, v in obj(item).items()}
    if not told:
        return None
    hits = {f: next((told[a] for a in aliases if a in told), None) for f, aliases in entra_log_flat.ALIASES.items()}
    return entra_log_flat.record({f: v for f, v in hits.items() if v is not None})


@parser(what="entra.provisioning_log", title="Entra provisioning log (the portal's CSV)", provider="entra", rank=1)
def main_file(document: Document) -> Recognised | None:
    table = document.csv
    if table is None or kind_of(table.names) != "main":
        return None
    places = entra_log_flat.columns(table.names)
    strange = entra_log_flat.unknown(table.names, table.header)
    lacking = [f for f in entra_log_flat.NEEDED if f not in places]
    if lacking:
        return Recognised(
            0,
            len(table.rows) + table.unreadable,
            refused=f"a log in which no column is known for {', '.join(lacking)}; strange: {', '.join(strange[:9])}",
            get_it="Download it as JSON instead (Provisioning logs > Download > JSON), and report these column names.",
        )
    rows = [entra_log_flat.record({f: line[n] for f, n in places.items()}) for line in table.rows]
    found = _recognised(document, rows, table.unreadable)
    tell_unknown(strange, found)
    return found


def tell_unknown(columns: Sequence[str], log: Recognised) -> None:
    """Names the columns that nobody here knows."""
    if columns:
        log.remark(f"Columns that are not known were not read: {', '.join(c[:60] for c in columns[:12])}.")


@parser(what="entra.provisioning_log", title="Steps of the Entra provisioning log (the portal's CSV)", provider="entra")
def steps_file(document: Document) -> Recognised | None:
    return _detail(document, "steps")


@parser(
    what="entra.provisioning_log", title="Changes of the Entra provisioning log (the portal's CSV)", provider="entra"
)
def properties_file(document: Document) -> Recognised | None:
    return _detail(document, "properties")


def kind_of(names: list[str]) -> str:
    """main | steps | properties, or empty: by the columns only one of the three has."""
    has = set(names)
    if not has & set(_CHANGE):
        return ""
    if has & {"oldvalue", "newvalue", "propertyoldvalue", "propertynewvalue"}:
        return "properties"
    if has & {"provisioningsteptype", "steptype", "stepname", "provisioningstepname", "stepstatus"}:
        return "steps"
    return "main" if has & {"provisioningaction", "action", "jobid", "cycleid"} else ""


@dataclass(frozen=True, slots=True)
class Detail:
    """One of the two files of details: the field of the record it fills, and where its columns are."""

    kind: str
    field: str
    places: Mapping[str, int]

    def row(self, line: Sequence[str]) -> tuple[str, dict[str, Any]] | None:
        """The change id and the detail of one line; None without a change id."""
        change = text(line[self.places["changeId"]])
        if change is None:
            return None
        return change, {f: entra_log_flat.decoded(line[n]) for f, n in self.places.items() if f != "changeId"}

    def matters(self, row: Mapping[str, Any]) -> bool:
        """Whether an event's row can hold anything of it: of steps that went well only what their details name."""
        if self.kind != "steps" or str(row.get("status") or "").strip().casefold() not in ("success", "0"):
            return True
        told = as_json(row.get("details")).casefold()
        return any(word in told for word in _TELLING)


_TELLING = ("false", "skipreason", "nextattempt", "reportableidentifier", "propertyname")
ALONE = "It only explains the rows of the file ProvisioningLogs of the same download."


def detail_of(names: Sequence[str]) -> Detail | None:
    """Which file of details has columns of these (normalised) names; None: neither."""
    kind = kind_of(list(names))
    if kind not in ("steps", "properties"):
        return None
    field, aliases = ("provisioningSteps", _STEPS) if kind == "steps" else ("modifiedProperties", _PROPERTIES)
    return Detail(kind, field, columns_of(names, {"changeId": _CHANGE, **aliases}))


def known_details(parts: Parts, field: str) -> dict[str, list[dict[str, Any]]]:
    """The details read so far, by change id."""
    return _DETAILS.setdefault(parts, {}).setdefault(field, {})


def _detail(document: Document, kind: str) -> Recognised | None:
    table = document.csv
    detail = detail_of(table.names) if table else None
    if table is None or detail is None or detail.kind != kind:
        return None
    read = [detail.row(line) for line in table.rows]
    good = [r for r in read if r is not None]

    def settle(found: Recognised, parts: Parts) -> None:
        known = known_details(parts, detail.field)
        for change, row in good:
            known.setdefault(change, []).append(row)
        found.remark(ALONE)

    # a detail is no operation of its own: alone it proves nothing about the log
    lost = len(read) - len(good) + table.unreadable
    return Recognised(len(good), lost, settle=settle, complete=False, part=True, subject=kind)


def join(records: list[dict[str, Any]], parts: Parts) -> set[str]:
    """Gives records the steps and changes that other files hold; the fields for which no file is there and none has."""
    details, lacking = _DETAILS.get(parts, {}), set()
    for field in _JOIN:
        known = details.get(field)
        if known:
            for row in records:
                row[field] = row[field] or known.get(str(row["changeId"]), [])
        elif not any(r[field] for r in records):
            lacking.add(field)
    return lacking


def ask_for(lacking: set[str], result: Recognised) -> None:
    """Says which files of the same download would tell more."""
    for field, file in _JOIN.items():
        if field in lacking:
            result.remark(f"The file {file} of the same download is not in the folder: put it beside this one.")


def _recognised(document: Document, records: Iterable[Any], unreadable: int) -> Recognised:
    """Rows are made once the details of the other files are known; counted and spanned at once."""
    told = list(records)
    readable = [r for r in told if r is not None and entra_log.event(r) is not None]
    first_at, last_at = span((entra_log.event(r) or {}).get("at") for r in readable)
    found = Recognised(len(readable), len(told) - len(readable) + unreadable, first_at=first_at, last_at=last_at)
    cut_by_the_portal(found, found.rows + found.unreadable)

    def settle(result: Recognised, parts: Parts) -> None:
        lacking = join(readable, parts)
        if document.csv is not None:
            ask_for(lacking, result)
        of_the_application(document, readable, result, parts)

    found.settle = settle
    return found
