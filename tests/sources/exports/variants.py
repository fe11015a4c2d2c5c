"""The same log in the forms in which admins get it: re-wrapped by us from what the simulator exports."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

Records = list[dict[str, Any]]
STEP_TYPES = ("import", "scoping", "matching", "processing", "referenceResolution", "export")
STATUSES = ("success", "failure", "skipped", "warning")


def _lowered(value: Any) -> Any:
    """Keys in lower case, null as an empty text: what some collectors do."""
    if isinstance(value, dict):
        return {k.lower(): _lowered(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_lowered(v) for v in value]
    return "" if value is None else value


def lines(records: Records) -> str:
    return "".join(json.dumps(r) + "\n" for r in records)


def table(rows: Records, separator: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(k for r in rows for k in r)), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


# -- Okta ------------------------------------------------------------------------------------------

OKTA: dict[str, Callable[[Records], dict[str, str | bytes]]] = {
    "array": lambda r: {"log.json": json.dumps(r)},
    "ndjson": lambda r: {"log.ndjson": lines(r)},
    "pages": lambda r: {f"page-{n}.json": json.dumps(r[n::3]) for n in range(3)},
    "doubled": lambda r: {"one.json": json.dumps(r), "again.ndjson": lines(r[: len(r) // 2])},
    "lower case, empty for null": lambda r: {"log.ndjson": lines([_lowered(x) for x in r])},
    "nested under event": lambda r: {"log.ndjson": lines([{"@timestamp": "x", "event": x} for x in r])},
    "message as text": lambda r: {"log.ndjson": lines([{"message": json.dumps(x), "host": "h"} for x in r])},
    "UTF-16": lambda r: {"log.json": json.dumps(r, ensure_ascii=False).encode("utf-16")},
    "CRLF and a mark": lambda r: {"log.ndjson": ("\ufeff" + lines(r)).replace("\n", "\r\n")},
}


# -- Entra -----------------------------------------------------------------------------------------


def _envelope(r: dict[str, Any]) -> dict[str, Any]:
    """As diagnostic settings write it: Id, Name, Type; numbers for the enumerations of steps; durations as text."""
    identity = {
        side: {
            "Id": i.get("id"),
            "Name": i.get("displayName"),
            "Type": i.get("identityType"),
            "details": i.get("details"),
        }
        for side in ("sourceIdentity", "targetIdentity")
        for i in [r.get(side) or {}]
    }
    info = r["provisioningStatusInfo"]
    steps = [
        {
            **s,
            "provisioningStepType": STEP_TYPES.index(s["provisioningStepType"]),
            "status": STATUSES.index(s["status"]),
        }
        for s in r.get("provisioningSteps") or []
    ]
    principal = r.get("servicePrincipal") or {}
    return {
        "time": r["activityDateTime"].replace("Z", "0000000Z")
        if "." in r["activityDateTime"]
        else r["activityDateTime"],
        "category": "ProvisioningLogs",
        "operationName": "Provisioning activity",
        "resultType": "Success",
        "durationMs": "512",
        "correlationId": r["changeId"],
        "properties": {
            **{k: v for k, v in r.items() if k not in ("provisioningStatusInfo", "provisioningSteps")},
            **identity,
            "servicePrincipal": {"Id": principal.get("id"), "Name": principal.get("displayName")},
            "action": r["provisioningAction"].capitalize(),
            "provisioningStatusInfo": {"Status": info["status"], "errorInformation": info.get("errorInformation")},
            "statusInfo": {"Status": STATUSES.index(info["status"])},
            "provisioningSteps": steps,
        },
    }


def _workspace(r: dict[str, Any]) -> dict[str, Any]:
    """A row of AADProvisioningLogs: JSON in text columns."""
    error = r["provisioningStatusInfo"].get("errorInformation") or {}
    return {
        "TimeGenerated": r["activityDateTime"],
        "AADTenantId": "t",
        "Id": r["id"],
        "ChangeId": r["changeId"],
        "CycleId": r["cycleId"],
        "JobId": r["jobId"],
        "ProvisioningAction": r["provisioningAction"],
        "ResultType": r["provisioningStatusInfo"]["status"].capitalize(),
        "ResultSignature": error.get("errorCode") or "",
        "ResultDescription": error.get("reason") or "",
        **{
            column: _text(r.get(column[0].lower() + column[1:]))
            for column in (
                "SourceIdentity",
                "TargetIdentity",
                "ServicePrincipal",
                "ProvisioningSteps",
                "ModifiedProperties",
            )
        },
        "DurationMs": 512,
        "Type": "AADProvisioningLogs",
    }


def _portal(records: Records) -> dict[str, str]:
    """The three files of the portal's CSV download, under the names of columns one would expect."""
    main, steps, properties = [], [], []
    for r in records:
        source, target = r.get("sourceIdentity") or {}, r.get("targetIdentity") or {}
        error = r["provisioningStatusInfo"].get("errorInformation") or {}
        principal = r.get("servicePrincipal") or {}
        main.append({
            "Id": r["id"], "Date (UTC)": r["activityDateTime"], "Change ID": r["changeId"], "Job ID": r["jobId"],
            "Cycle ID": r["cycleId"], "Action": r["provisioningAction"].capitalize(),
            "Status": r["provisioningStatusInfo"]["status"].capitalize(), "Error code": error.get("errorCode") or "",
            "Status reason": error.get("reason") or "", "Source ID": source.get("id") or "",
            "Source identity display name": source.get("displayName") or "",
            "Source identity type": source.get("identityType") or "", "Target ID": target.get("id") or "",
            "Service principal ID": principal.get("id") or "",
            "Service principal name": principal.get("displayName") or "",
            "Favourite colour": "blue",
        })  # fmt: skip
        for s in r.get("provisioningSteps") or []:
            steps.append({"Change ID": r["changeId"], "Step name": s["name"], "Step type": s["provisioningStepType"],
                          "Step status": s["status"], "Description": s.get("description") or "",
                          "Details": json.dumps(s.get("details") or {})})  # fmt: skip
        for p in r.get("modifiedProperties") or []:
            properties.append({"Change ID": r["changeId"], "Property name": p["displayName"],
                               "Old value": p.get("oldValue") or "", "New value": p.get("newValue") or ""})  # fmt: skip
    return {"ProvisioningLogs.csv": table(main), "ProvisioningLogs_ProvisioningSteps.csv": table(steps),
            "ProvisioningLogs_ModifiedProperties.csv": table(properties)}  # fmt: skip


ENTRA: dict[str, Callable[[Records], dict[str, str | bytes]]] = {
    "Graph page": lambda r: {"log.json": json.dumps({"value": r})},
    "portal JSON": lambda r: {"log.json": json.dumps(r, separators=(",", ":"))},
    "portal CSV": _portal,
    "diagnostic NDJSON": lambda r: {"PT1H.json": lines([_envelope(x) for x in r])},
    "diagnostic records": lambda r: {"PT1H.json": json.dumps({"records": [_envelope(x) for x in r]})},
    "Log Analytics JSON": lambda r: {"query.json": json.dumps([_workspace(x) for x in r])},
    "Log Analytics CSV": lambda r: {"query_data.csv": table([_workspace(x) for x in r])},
    "Log Analytics semicolons": lambda r: {"query_data.csv": table([_workspace(x) for x in r], ";")},
}
