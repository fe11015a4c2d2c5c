"""What an admin of Okta would have saved: the System Log as CSV and JSON, and API answers as files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from scimrunbook.simulator.okta import documents
from scimrunbook.simulator.okta.engine import Engine

# The columns of Reports > System Log > Download CSV (Okta; 56 of them, at most four targets).
_PLAIN = {
    "severity": "severity", "event_type": "eventType", "display_message": "displayMessage", "uuid": "uuid",
    "version": "version", "timestamp": "published", "outcome.result": "outcome.result",
    "outcome.reason": "outcome.reason", "actor.id": "actor.id", "actor.type": "actor.type",
    "actor.display_name": "actor.displayName", "actor.alternate_id": "actor.alternateId",
    "authentication_context.authentication_step": "authenticationContext.authenticationStep",
    "authentication_context.authentication_provider": "authenticationContext.authenticationProvider",
    "authentication_context.credential_provider": "authenticationContext.credentialProvider",
    "authentication_context.credential_type": "authenticationContext.credentialType",
    "authentication_context.issuer": "authenticationContext.issuer",
    "authentication_context.external_session_id": "authenticationContext.externalSessionId",
    "client.zone": "client.zone", "client.ip_address": "client.ipAddress", "client.device": "client.device",
    "client.user_agent.raw_user_agent": "client.userAgent.rawUserAgent",
    "client.user_agent.os": "client.userAgent.os", "client.user_agent.browser": "client.userAgent.browser",
    "client.geographical_context.country": "", "client.geographical_context.city": "",
    "client.geographical_context.postal_code": "", "client.geographical_context.geolocation.lon": "",
    "client.geographical_context.geolocation.lat": "", "transaction.id": "transaction.id",
    "transaction.type": "transaction.type", "debug_context.debug_data.request_uri": "",
    "legacy_event_type": "legacyEventType",
}  # fmt: skip
_TARGET = {"id": "id", "type": "type", "alternate_id": "alternateId", "display_name": "displayName"}
_CHAIN = ("geographical_context.postal_code", "geographical_context.geolocation.lon",
          "geographical_context.geolocation.lat", "geographical_context.geolocation.state", "ip", "source",
          "version")  # fmt: skip
_TARGETS = 4


def export(engine: Engine, folder: Path) -> None:
    """Writes the files; the same engine state gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    events = engine.log.events
    (folder / "system-log.csv").write_text(system_log_csv(events), "utf-8")
    _json(folder / "system-log.json", events)
    _json(folder / "app.json", documents.app(engine))
    _json(folder / "app-users.json", documents.app_users(engine, expand=True))
    _json(folder / "app-groups.json", documents.app_groups(engine, expand=True))
    _json(folder / "group-push-mappings.json", documents.pushes(engine))
    _json(folder / "users.json", documents.users(engine))
    _json(folder / "groups.json", documents.groups(engine))
    for mapping in documents.mappings(engine):
        _json(folder / f"mapping-{mapping['id']}.json", mapping)
    by_id = {u["id"]: u for u in documents.users(engine)}
    for group in engine.world.groups.values():
        _json(folder / f"group-{group.key}-members.json", [by_id[m] for m in group.members if m in by_id])


def system_log_csv(events: list[dict[str, Any]]) -> str:
    """The log as the console's CSV: no changeDetails, no debugData but the request URI, nulls as nothing."""
    out = io.StringIO()
    targets = [f"target{n}.{c}" for n in range(_TARGETS) for c in _TARGET]
    columns = [*_PLAIN, *targets, *(f"request.ip_chain.{c}" for c in _CHAIN)]
    writer = csv.DictWriter(out, columns, lineterminator="\n", restval="")
    writer.writeheader()
    for event in events:
        row = {column: _at(event, path) for column, path in _PLAIN.items() if path}
        for number, target in enumerate((event["target"] or [])[:_TARGETS]):
            row |= {f"target{number}.{c}": target[k] for c, k in _TARGET.items()}
        if event["request"]["ipChain"]:
            row |= {"request.ip_chain.ip": event["request"]["ipChain"][0]["ip"], "request.ip_chain.version": "V4"}
        writer.writerow({k: "" if v is None else v for k, v in row.items()})
    return out.getvalue()


def _at(event: dict[str, Any], path: str) -> Any:
    value: Any = event
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
