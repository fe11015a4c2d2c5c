"""Files about the application in Entra: logs, job, mapping, assignments; saved Graph answers and portal downloads.

Facts: entra.md sections 2, 3, 5, 6. Which application a file is about is settled once every file was read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scimrunbook.incident import Incident
from scimrunbook.snapshot import Candidate
from scimrunbook.sources import entra_directory, entra_job, entra_log
from scimrunbook.sources.entra_facts import job_facts, of_job, principal_facts, schema_facts
from scimrunbook.sources.exports.documents import Document, Records
from scimrunbook.sources.exports.registry import Recognised, parser
from scimrunbook.sources.fields import span, text
from scimrunbook.sources.parts import Parts

Row = Mapping[str, Any]
_OF_PRINCIPAL = re.compile(r"servicePrincipals\('([^']{1,64})'\)", re.IGNORECASE)
MOST_LOG_ROWS = 100_000  # the portal cuts a download there (entra.md section 3)


def mostly(records: Records | None, test: Callable[[Any], bool]) -> bool:
    """Whether at least half of the objects pass: one damaged record must not hide a file."""
    return records is not None and records.mostly(test)


def context(records: Records | None) -> str:
    """``@odata.context``: it says what a saved answer holds even where the list is empty."""
    if records is None:
        return ""
    said = records.told("@odata.context") or next((text(o.get("@odata.context")) or "" for o in records.objects), "")
    return said.partition("$metadata")[2]


def rows_of(records: Records, row: Callable[[Any], Row | None]) -> tuple[list[Row], int]:
    """Rows, and how many records were unreadable."""
    rows = [r for r in map(row, records.items) if r is not None]
    return rows, len(records.items) - len(rows) + records.unreadable


def more(records: Records) -> bool:
    """Whether the newest page says that another one follows."""
    return bool(records.pages) and "@odata.nextLink" in records.pages[-1]


def cut_by_the_portal(log: Recognised, records: int) -> None:
    """Says of a log of just as many records as the portal downloads that others may lack."""
    if records == MOST_LOG_ROWS:
        log.complete = False
        log.remark(f"{MOST_LOG_ROWS} rows: the portal cuts a download there. Export shorter spans.")


def _principal_wanted(document: Document) -> str | None:
    return principal_of(document.incident)


def principal_of(incident: Incident) -> str | None:
    return incident.entra.service_principal_id if incident.entra else None


def _settle_app(found: set[str], document: Document) -> Callable[[Recognised, Parts], None]:
    return _settle_ids(found, document.incident)


def _settle_ids(found: set[str], incident: Incident) -> Callable[[Recognised, Parts], None]:
    """Refuses the file where it is about another application than the incident's; learns the id where none is told."""

    def settle(result: Recognised, parts: Parts) -> None:
        wanted = parts.facts.app.id or principal_of(incident)
        if wanted is None:
            if len(found) == 1:
                parts.facts.app.id = next(iter(found))
        elif found and wanted not in found:
            result.refused = f"about another application (service principal {', '.join(sorted(found)[:3])})"
            result.get_it = (
                f"Export it for the service principal {wanted}. If that is the application (client) id, or "
                "what another file was about, write the object id that is meant under entra.service_principal_id."
            )

    return settle


@parser(what="entra.provisioning_log", title="Entra provisioning log (JSON)", provider="entra")
def provisioning_log(document: Document) -> Recognised | None:
    """Graph v1.0 and beta pages, the portal's bare array, and the envelope of diagnostic settings."""
    records = document.records
    if records is None or not (mostly(records, entra_log.is_record) or "#auditLogs/provisioning" in context(records)):
        return None
    rows, unreadable = rows_of(records, entra_log.event)
    first_at, last_at = span(r["at"] for r in rows)
    result = Recognised(len(rows), unreadable, {"events": rows}, first_at, last_at, more=more(records))
    cut_by_the_portal(result, len(rows) + unreadable)
    result.settle = lambda found, parts: of_the_application(document, records.objects, found, parts)
    return result


def of_the_application(document: Document, records: Sequence[Any], found: Recognised, parts: Parts) -> None:
    """Once every file was read: keeps the events of the application the incident is about, and says what it left."""
    told = [(e, entra_log.app_name(r)) for r in records if (e := entra_log.event(r))]
    rows = [e for e, _ in told]
    ours = whose({e["app_id"]: name for e, name in told if e["app_id"]}, document.incident, found, parts)
    kept = rows if ours is None else [r for r in rows if r["app_id"] in (ours, None)]
    if found.refused:
        return
    parts.beside(len(rows) - len(kept))
    if len(kept) < len(rows):
        found.remark(f"{len(rows) - len(kept)} rows of other applications were left aside.")
    found.tables = {"events": kept}


def whose(names: Mapping[str, str | None], incident: Incident, found: Recognised, parts: Parts) -> str | None:
    """The application a log's events are kept of, by the ids and names that stand in it; None: nobody says which.

    Refuses the log where it is about others only; learns what the log alone tells.
    """
    _settle_ids(set(names), incident)(found, parts)
    ours = parts.facts.app.id or principal_of(incident)
    if found.refused:
        return ours
    if ours is None:  # several applications, and nobody says which one is meant
        meant = (Candidate(key, name=name) for key, name in names.items())
        parts.facts.app.candidates = sorted({*parts.facts.app.candidates, *meant}, key=str)
    else:
        parts.facts.app.name = parts.facts.app.name or names.get(ours)
    return ours


@parser(what="entra.job", title="Entra synchronization jobs (Graph JSON)", provider="entra")
def jobs(document: Document) -> Recognised | None:
    """``…/synchronization/jobs`` (a list) or one job."""
    records = document.records
    said = context(records)
    if records is None or not (mostly(records, entra_job.is_job) or said.endswith("/synchronization/jobs")):
        return None
    access = document.incident.entra
    whole = len(records.items)
    records.items = of_job(records.items, access.job_id if access else None)
    aside = whole - len(records.items)
    rows, unreadable = rows_of(records, entra_job.job)
    first_at, last_at = span(r["last_began_at"] for r in rows)
    result = Recognised(len(rows) + aside, unreadable, {"jobs": rows}, first_at, last_at, more=more(records))
    if aside:
        result.remark(f"{aside} other jobs left aside: the incident names one.")
    result.settle = _settle_app(set(_OF_PRINCIPAL.findall(said)), document)
    result.facts = lambda facts: job_facts(facts, of_job(records.objects, access.job_id if access else None))
    if not rows and not unreadable and not aside:
        result.note = "No job: provisioning was never set up for this application."
    return result


@parser(what="entra.schema", title="Entra attribute mapping (schema JSON)", provider="entra")
def schema(document: Document) -> Recognised | None:
    """``…/jobs/{id}/schema``, the portal's download of it, or a part: one rule, one object mapping."""
    records = document.records
    if records is None or len(records.objects) != 1 or not entra_job.is_schema(records.objects[0]):
        return None
    found = entra_job.object_mappings(records.objects[0])
    read = [entra_job.mappings(m) for m in found]
    rows = [row for some, _ in read for row in some]
    # A schema is one document: its records are its attribute mappings.
    result = Recognised(len(rows), sum(n for _, n in read) + records.unreadable, {"mappings": rows})
    result.settle = _settle_app(set(_OF_PRINCIPAL.findall(context(records))), document)
    result.facts = lambda facts: schema_facts(facts, found)
    return result


@parser(what="entra.service_principal", title="Entra enterprise application (Graph JSON)", provider="entra")
def service_principal(document: Document) -> Recognised | None:
    """One service principal or a list of them."""
    records = document.records
    if records is None or not mostly(records, entra_directory.is_service_principal):
        return None
    good = [o for o in records.objects if entra_directory.is_service_principal(o)]
    result = Recognised(len(good), len(records.items) - len(good) + records.unreadable, more=more(records))
    wanted = _principal_wanted(document)
    principal, remark = entra_directory.about(good, wanted)
    result.note = remark
    if principal:
        result.facts = lambda facts: principal_facts(facts, principal)
    elif wanted:
        result.refused = f"about another application; the incident names {wanted}"
        result.get_it = "Export the service principal whose provisioning is meant, or correct the id in the incident."
    else:
        meant = [Candidate(k, name=text(p.get("displayName"))) for p in good if (k := text(p.get("id")))]
        result.facts = lambda facts: setattr(facts.app, "candidates", sorted(meant, key=str))
        result.note = "Several applications: name the one that is meant under entra.service_principal_id."
    return result


@parser(what="entra.assignments", title="Entra assignments (appRoleAssignedTo, Graph JSON)", provider="entra")
def assignments(document: Document) -> Recognised | None:
    records = document.records
    said = context(records)
    if records is None or not (mostly(records, entra_directory.is_assignment) or "appRoleAssignedTo" in said):
        return None
    rows, unreadable = rows_of(records, lambda r: entra_directory.assignment(r, {}))
    first_at, last_at = span(r["at"] for r in rows)
    result = Recognised(len(rows), unreadable, {"assignments": rows}, first_at, last_at, more=more(records))
    owners = {text(o.get("resourceId")) or "" for o in records.objects} | set(_OF_PRINCIPAL.findall(said))
    result.settle = _settle_app(owners - {""}, document)
    return result


@parser(what="entra.directory_audits", title="Entra audit log (JSON)", provider="entra")
def directory_audits(document: Document) -> Recognised | None:
    records = document.records
    said = context(records)
    if records is None or not (mostly(records, entra_directory.is_audit) or "#auditLogs/directoryAudits" in said):
        return None
    rows, unreadable = rows_of(records, entra_directory.config_change)
    first_at, last_at = span(r["at"] for r in rows)
    result = Recognised(len(rows), unreadable, {"config_changes": rows}, first_at, last_at, more=more(records))

    def settle(found: Recognised, parts: Parts) -> None:
        ours = parts.facts.app.id or _principal_wanted(document)
        kept = [r for r in records.items if ours is None or entra_directory.concerns(r, ours)]
        changes = [c for c in map(entra_directory.config_change, kept) if c]
        if len(changes) < found.rows:
            found.remark(f"{found.rows - len(changes)} rows about other things were left aside.")
        found.tables = {"config_changes": changes}

    result.settle = settle
    return result
