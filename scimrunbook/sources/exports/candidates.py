"""Which applications and jobs exported files are of, before there is an incident file: to choose from while making one.

Only small files are looked at: what names an application (settings, jobs, a page of a log) is small.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scimrunbook.incident import Incident
from scimrunbook.sources.exports import take_small
from scimrunbook.sources.parts import Parts

MOST = 5_000_000  # bytes of a file

_KEYS = {"okta": "okta.app_id", "entra": "entra.service_principal_id"}
_JOB = "entra.job_id"


@dataclass(frozen=True, slots=True)
class Choice:
    """Several could be meant: ``key`` of the incident file, and what to choose from as (words, value)."""

    key: str
    options: tuple[tuple[str, str], ...]


def choices(folder: Path, incident: Incident) -> list[Choice]:
    """What the incident file should name, since the files of ``folder`` hold several; empty where all is clear.

    Never raises for what is in the folder: a bad file is the run's to report.
    """
    if not folder.is_dir():
        return []
    parts = Parts()
    take_small(folder, incident, parts, MOST)
    app, section = parts.facts.app, incident.identity_provider
    found: list[Choice] = []
    named = incident.okta.app_id if incident.okta else incident.entra.service_principal_id if incident.entra else None
    apps = {value: words for words in app.candidates if (value := _id(words))}
    if app.id and apps:
        apps = {
            app.id: f"{app.label or app.name or 'application'} ({app.id}, {app.status or 'status not told'})",
            **apps,
        }
    if len(apps) > 1 and not named:
        found.append(Choice(_KEYS[section], tuple((words, value) for value, words in apps.items())))
    jobs = [c for c in app.candidates if not _id(c)]
    if len(jobs) > 1 and not (incident.entra and incident.entra.job_id):
        found.append(Choice(_JOB, tuple((job, job) for job in jobs)))
    return found


def _id(candidate: str) -> str:
    """``0oa1`` of ``Catalog (0oa1, ACTIVE)``; empty for a job, which has no name."""
    inside = candidate.rpartition(" (")[2]
    return inside.removesuffix(")").split(", ")[0] if inside != candidate and candidate.endswith(")") else ""
