"""What Entra's documents tell about the application as such: ``facts.app``, live and from files alike."""

from __future__ import annotations

from typing import Any

from scimrunbook.snapshot import Candidate, Facts
from scimrunbook.sources import entra_job
from scimrunbook.sources.fields import text


def principal_facts(facts: Facts, principal: dict[str, Any]) -> None:
    """``principal``: a service principal with its keys in lower case."""
    enabled = principal.get("accountenabled")
    facts.app.id = text(principal.get("id"))
    facts.app.name = facts.app.label = text(principal.get("displayname"))
    facts.app.status = "ENABLED" if enabled is True else "DISABLED" if enabled is False else None


def of_job(items: list[Any], wanted: str | None) -> list[Any]:
    """The job that the incident file names, alone; all of them where it names none, or one that is not there."""
    named = [i for i in items if wanted and isinstance(i, dict) and text(i.get("id")) == wanted]
    return named or items


def job_facts(facts: Facts, records: list[dict[str, Any]]) -> None:
    """Several jobs are candidates; a job's settings may tell of skipped deletions."""
    found = {Candidate(key, "job") for r in records if (key := text(r.get("id")))}
    if len(found) > 1:
        facts.app.candidates = sorted({*facts.app.candidates, *found}, key=str)
    told = [s for s in map(entra_job.skips_deletions, records) if s is not None]
    if told:
        facts.app.skip_out_of_scope_deletions = any(told)


def schema_facts(facts: Facts, found: list[dict[str, Any]]) -> None:
    """How users and groups flow, of the object mappings that write to the application."""
    facts.app.object_mappings = [entra_job.flow(m) for m in found if m["direction"] == "to_app"]
