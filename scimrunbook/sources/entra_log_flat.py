"""Entra's provisioning log as flat rows: Log Analytics, and the main file of the portal's CSV download.

Column names of Log Analytics (AADProvisioningLogs) are documented; those of the portal's CSV are in no public file, so
columns are found by normalised name among likely aliases, and what stays unknown is named. Facts: entra.md section 3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

# Field of the record → column names, normalised (letters and digits, case-folded), the likelier first.
ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "recordid", "rowid"),
    "activityDateTime": (
        "activitydatetime", "timegenerated", "timegeneratedutc", "date", "dateutc", "datetime", "datetimeutc", "time",
        "timestamp", "timestamputc", "activitydatetimeutc", "activitydate",
    ),
    "changeId": ("changeid", "correlationid"),
    "jobId": ("jobid",),
    "cycleId": ("cycleid",),
    "provisioningAction": ("provisioningaction", "action"),
    "status": (
        "resulttype", "status", "provisioningstatus", "statusinfostatus", "provisioningstatusinfostatus", "result",
    ),
    "errorCode": (
        "resultsignature", "errorcode", "statusinfoerrorcode", "provisioningstatusinfoerrorinformationerrorcode",
        "errorinformationerrorcode", "code",
    ),
    "reason": (
        "resultdescription", "errordescription", "statusreason", "reason", "failurereason", "errorreason",
        "errorinformationreason", "provisioningstatusinfoerrorinformationreason",
    ),
    "sourceIdentity": ("sourceidentity",),
    "targetIdentity": ("targetidentity",),
    "sourceId": ("sourceid", "sourceidentityid", "identitysourceid", "sourceobjectid"),
    "sourceName": (
        "sourcename", "sourceidentityname", "sourceidentitydisplayname", "identitydisplayname", "identity",
        "sourceidentityuserprincipalname",
    ),
    "sourceType": ("sourcetype", "sourceidentitytype", "sourceidentityidentitytype", "identitytype", "objecttype"),
    "targetId": ("targetid", "targetidentityid", "identitytargetid"),
    "targetName": ("targetname", "targetidentityname", "targetidentitydisplayname"),
    "servicePrincipal": ("serviceprincipal",),
    "appId": ("serviceprincipalid", "appobjectid"),
    "appName": ("serviceprincipalname", "serviceprincipaldisplayname", "application", "applicationname", "appname"),
    "initiatedBy": ("initiatedby", "initiatedbyname", "initiatedbydisplayname", "initiatorname"),
    "provisioningSteps": ("provisioningsteps",),
    "modifiedProperties": ("modifiedproperties",),
    "provisioningStatusInfo": ("provisioningstatusinfo", "statusinfo"),
}  # fmt: skip
# Columns that are known and carry nothing a diagnosis needs.
IGNORED = frozenset({
    "aadtenantid", "billedsize", "category", "duration", "durationinmilliseconds", "durationms", "identitysourcetype",
    "initiatedbyid", "initiatedbytype", "initiatortype", "isbillable", "location", "mg", "operationname",
    "operationversion", "resourceid", "sourcesystem", "sourcesystemdisplayname", "sourcesystemid", "sourcesystemname",
    "subscriptionid", "targetsystem", "targetsystemdisplayname", "targetsystemid", "targetsystemname", "tenantid",
    "type",
})  # fmt: skip
NEEDED = ("activityDateTime", "provisioningAction", "status")


def columns(names: Sequence[str]) -> dict[str, int]:
    """Field → number of the first column that is one of its aliases; ``names`` are normalised."""
    found = {f: next((names.index(a) for a in wanted if a in names), None) for f, wanted in ALIASES.items()}
    return {f: n for f, n in found.items() if n is not None}


def unknown(names: Sequence[str], header: Sequence[str]) -> list[str]:
    """Columns, as printed, that nobody here knows."""
    known = {a for aliases in ALIASES.values() for a in aliases} | IGNORED
    return [h for n, h in zip(names, header, strict=True) if n and n not in known and not n.startswith("billedsize")]


def record(cells: Mapping[str, Any]) -> dict[str, Any]:
    """The flat row as the record Graph gives; ``cells``: field of ALIASES → value, JSON columns as text."""
    told = {field: decoded(value) for field, value in cells.items()}
    info = told.get("provisioningStatusInfo")
    source, target = told.get("sourceIdentity"), told.get("targetIdentity")
    principal = told.get("servicePrincipal")
    principal = principal[0] if isinstance(principal, list) and principal else principal
    return {
        "id": told.get("id"),
        "activityDateTime": told.get("activityDateTime"),
        "changeId": told.get("changeId"),
        "jobId": told.get("jobId"),
        "cycleId": told.get("cycleId"),
        "provisioningAction": told.get("provisioningAction"),
        "provisioningStatusInfo": {
            **(info if isinstance(info, dict) else {}),
            "status": _lower(told.get("status")) or (info.get("status") if isinstance(info, dict) else None),
            "errorInformation": _error(told, info),
        },
        "sourceIdentity": source if isinstance(source, dict) else _identity(told, "source", source),
        "targetIdentity": target if isinstance(target, dict) else _identity(told, "target", target),
        "servicePrincipal": principal
        if isinstance(principal, dict)
        else {"id": told.get("appId"), "displayName": told.get("appName") or principal},
        "initiatedBy": told["initiatedBy"]
        if isinstance(told.get("initiatedBy"), dict)
        else {"name": told.get("initiatedBy")},
        "provisioningSteps": told.get("provisioningSteps") or [],
        "modifiedProperties": told.get("modifiedProperties") or [],
    }


def _identity(told: Mapping[str, Any], side: str, name: Any) -> dict[str, Any]:
    kind = told.get("sourceType")
    return {"id": told.get(f"{side}Id"), "displayName": told.get(f"{side}Name") or name, "identityType": kind}


def _error(told: Mapping[str, Any], info: Any) -> dict[str, Any]:
    inner = (
        next((v for k, v in info.items() if k.lower() == "errorinformation"), None) if isinstance(info, dict) else None
    )
    if isinstance(inner, dict) and inner:
        return inner
    return {"errorCode": told.get("errorCode"), "reason": told.get("reason")}


def _lower(value: Any) -> str | None:
    return value.strip().lower() if isinstance(value, str) and value.strip() else None


def decoded(value: Any) -> Any:
    """A JSON column decoded; what is no JSON stays the text it is, an empty cell is None."""
    if not isinstance(value, str):
        return value
    written = value.strip()
    if written[:1] in ("{", "["):
        try:
            return json.loads(written)
        except (ValueError, RecursionError):
            return written
    return written or None
