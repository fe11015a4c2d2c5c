"""A run's folder again, redacted: the same files in the same layout, so that every face renders it as it renders a run.

Nothing of the original's HTML or notebooks is read: they are rendered anew from these files.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from scimrunbook import snapshot as snapshots
from scimrunbook.evidence import identities
from scimrunbook.evidence.canonical import key_of
from scimrunbook.evidence.freetext import EMAIL
from scimrunbook.evidence.policy import Policy
from scimrunbook.evidence.pseudonyms import Pseudonymiser
from scimrunbook.evidence.records import Records
from scimrunbook.evidence.redactor import Redactor, tenant_in
from scimrunbook.incident import Incident
from scimrunbook.runfolder import head_of, write
from scimrunbook.snapshot import AppFacts, Candidate, Facts, Snapshot

_VENDOR = (
    ("accounts", "account_id"), ("app_accounts", "external_id"), ("teams", "team_id"), ("assignments", "team_id"),
    ("team_members", "team_id"), ("team_members", "account_id"),
)  # fmt: skip
_OPERATION = (
    ("events", "event_id"), ("events", "job_id"), ("events", "cycle_id"), ("events", "change_id"),
    ("events", "target_id"), ("jobs", "job_id"), ("coverage", "sha256"),
)  # fmt: skip
_HEAD = (
    "schema_version", "run", "incident", "started_at", "finished_at", "version", "python", "practice", "catalog_host",
    "identity_provider", "as_of_is", "verdict",
)  # fmt: skip


def redactor_of(saved: Snapshot, key: bytes, policy: Policy, *more: str | None) -> Redactor:
    """The redactor that knows everybody of a snapshot. ``more``: other logins, such as who ran it."""
    pseudonyms = Pseudonymiser(key)
    records = [*identities.records_of(saved), *(identities.Record(logins=(m,)) for m in more if m)]
    known = identities.build(records, identities.groups_of(saved), pseudonyms, policy)
    for job in jobs_with_a_tenant(saved):
        known.forms.setdefault(key_of(job), ("job", None))
        known.forms.setdefault(key_of(job.split(".")[1]), ("tenant", None))
    return Redactor(known, pseudonyms, policy, _keep(saved, known))


def jobs_with_a_tenant(saved: Snapshot) -> set[str]:
    """Ids of Entra's jobs, which hold the customer's tenant id: ``scim.<tenant id>.<job's own id>``."""
    values = {str(v) for table in ("jobs", "events") for v in saved[table]["job_id"].dropna().unique()}
    return {v for v in values if tenant_in(v)}


def _keep(saved: Snapshot, known: identities.Identities) -> set[str]:
    """What stays as it is: ids the vendor or the provider gave rows and operations, and what was typed as base URL."""
    keep: set[str] = {"system@okta.com"}
    for table, column in (*_VENDOR, *_OPERATION):
        values = {str(v) for v in saved[table][column].dropna().unique()}
        keep |= {v for v in values if known.find(v) is None and not EMAIL.search(v) and not tenant_in(v)}
    typed = saved.incident.catalog.configured_base_url
    return keep | ({typed, typed.strip(), typed.partition("://")[2].partition("/")[0]} if typed else set())


def write_redacted(run: Path, saved: Snapshot, redactor: Redactor, target: Path, remark: str) -> Snapshot:
    """Writes the redacted run to ``target``; ``remark`` is shown on every face. Returns the redacted snapshot."""
    records = Records(redactor)
    redacted = Snapshot(
        _incident(saved.incident, records),
        _facts(saved.facts, records),
        {name: records.table(name, saved[name]) for name in snapshots.TABLES},
        {check: records.field("answer", dict(a)) for check, a in saved.answers.items()},
    )
    snapshots.save(redacted, target / "snapshot")
    _json(target / "findings.json", records.findings(json.loads((run / "findings.json").read_text("utf-8"))))
    _json(target / "diagnosis.json", records.diagnosis(json.loads((run / "diagnosis.json").read_text("utf-8"))))
    hops = pd.read_parquet(run / "trace.parquet")
    records.table("trace", hops).to_parquet(target / "trace.parquet", index=False)
    _json(target / "run.json", {**_head(head_of(run), records), "shared": remark})
    return redacted


def incident_yaml(redacted: Incident) -> str:
    """The redacted incident as a file the notebooks can be given."""
    data = redacted.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def _json(path: Path, data: Any) -> None:
    write(path, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _head(head: dict[str, Any], records: Records) -> dict[str, Any]:
    made = {k: head[k] for k in _HEAD if k in head}
    for unknown in (
        set(head)
        - set(_HEAD)
        - {"state", "by", "inputs", "sections", "holds", "tenant", "sweep", "incident_file", "collected_from"}
    ):
        records.redactor.dropped[f"run.json: {unknown}"] += 1
    made["state"] = "redacted"
    made["by"] = records.redactor.identity(head["by"]) if head.get("by") else None
    made["inputs"] = {records.redactor.file_name(n): digest for n, digest in head.get("inputs", {}).items()}
    made["sections"] = {
        name: {
            k: records.redactor.text(str(v)) if k == "problem" else v
            for k, v in told.items()
            if k in ("status", "problem")
        }
        for name, told in head.get("sections", {}).items()
    }
    return made


def _incident(incident: Incident, records: Records) -> Incident:
    redactor = records.redactor
    data = incident.model_dump(mode="json")
    data["summary"] = redactor.text(incident.summary)
    data["people"] = [redactor.identity(p) for p in incident.people]
    data["role_mapping"] = {r: [redactor.group(t) for t in teams] for r, teams in incident.role_mapping.items()}
    data["answers"] = {c: records.field("answer", a) for c, a in data["answers"].items()}
    data["exports"] = "exports" if incident.exports else None
    data["catalog"]["token"] = None  # where it lies is nobody's business
    if data["catalog"]["configured_base_url"]:
        data["catalog"]["configured_base_url"] = redactor.text(data["catalog"]["configured_base_url"])
    if incident.okta:
        data["okta"]["token"] = None
        if incident.okta.org_url:
            data["okta"]["org_url"] = f"https://{redactor.host(incident.okta.org_url.removeprefix('https://'))}"
        data["okta"]["app_id"] = redactor.okta_id(incident.okta.app_id) if incident.okta.app_id else None
    if incident.entra:
        given = {k: v for k, v in data["entra"].items() if v}
        data["entra"] = {
            k: redactor.id(v) if "." not in v else redactor.host(v) for k, v in given.items() if k != "credential"
        }
    return Incident.model_validate(data)


def _facts(facts: Facts, records: Records) -> Facts:
    text, code = records.redactor.text, records._code
    data = asdict(facts)
    app = data["app"]
    data["app"] = AppFacts(
        id=records.redactor.id(app["id"]) if app["id"] else None,
        name=code(app["name"]) if app["name"] else None,
        label=text(app["label"]) if app["label"] else None,
        status=code(app["status"]) if app["status"] else None,
        features=None if app["features"] is None else [code(f) for f in app["features"]],
        username_template=text(app["username_template"]) if app["username_template"] else None,
        username_push=code(app["username_push"]) if app["username_push"] else None,
        object_mappings=[_deep(m, text) for m in app["object_mappings"]],
        skip_out_of_scope_deletions=app["skip_out_of_scope_deletions"],
        candidates=[
            Candidate(
                records.redactor.id(c.id),
                c.kind,
                text(c.name) if c.name else None,
                code(c.status) if c.status else None,
            )
            for c in facts.app.candidates
        ],
    )
    data["token"] = facts.token
    data["leaks"] = [{**leak, "file": records.redactor.file_name(str(leak.get("file", "")))} for leak in facts.leaks]
    data["reference_problems"] = [
        {"key": code(p["key"]), "problem": "", "remedy": ""} for p in facts.reference_problems
    ]
    return Facts(**data)


def _deep(value: Any, text: Any) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, dict):
        return {k: _deep(v, text) for k, v in value.items()}
    return [_deep(v, text) for v in value] if isinstance(value, list) else value
