"""What an admin of Entra would have saved: portal downloads and Graph Explorer answers."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from scimrunbook.simulator.entra import documents
from scimrunbook.simulator.entra.engine import Engine

_CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"


def export(engine: Engine, folder: Path) -> None:
    """Writes the files; the same engine state gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    _json(folder / "provisioning-log.json", engine.log.records)  # the portal's JSON is a bare array
    _json(folder / "service-principal.json", documents.service_principal(engine))
    _json(folder / "jobs.json", _page("servicePrincipals/synchronization/jobs", documents.jobs(engine)))
    if engine.settings.configured:
        _json(folder / "schema.json", documents.schema(engine))
    _json(folder / "assignments.json", _page("appRoleAssignments", documents.assignments(engine)))
    _json(folder / "audit-log.json", _page("auditLogs/directoryAudits", engine.audits))
    _json(folder / "users.json", _page("users", documents.users(engine)))
    (folder / "users.csv").write_text(users_csv(documents.users(engine)), "utf-8")
    _json(folder / "groups.json", _page("groups", documents.groups(engine)))
    for key in engine.world.groups:
        _json(folder / f"group-{key}-members.json", _page("directoryObjects", documents.members(engine, key)))


def users_csv(users: list[dict[str, Any]]) -> str:
    """Users > Download users: some columns of each person."""
    columns = ["userPrincipalName", "displayName", "surname", "mail", "givenName", "id", "userType", "accountEnabled"]
    columns += ["alternateEmailAddress", "createdDateTime"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for user in users:
        row = {**user, "alternateEmailAddress": ",".join(user.get("otherMails") or [])}
        writer.writerow(["" if row[c] is None else row[c] for c in columns])
    return out.getvalue()


def _page(kind: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"@odata.context": _CONTEXT + kind, "value": items}


def _json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
