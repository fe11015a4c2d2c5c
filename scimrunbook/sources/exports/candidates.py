"""Which applications and jobs exported files are of, before there is an incident file: to choose from while making one.

Only small files are looked at: what names an application (settings, jobs, a page of a log) is small.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scimrunbook.incident import Incident
from scimrunbook.snapshot import Candidate
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
    taken = [Candidate(app.id, name=app.label or app.name, status=app.status)] if app.id else []
    apps = {c.id: str(c) for c in [*taken, *(c for c in app.candidates if c.kind == "application")]}
    if len(apps) > 1 and not named:
        found.append(Choice(_KEYS[section], tuple((words, id) for id, words in apps.items())))
    jobs = [c.id for c in app.candidates if c.kind == "job"]
    if len(jobs) > 1 and not (incident.entra and incident.entra.job_id):
        found.append(Choice(_JOB, tuple((job, job) for job in jobs)))
    return found
