"""Entra's provisioning log: ``provisioningObjectSummary`` of Graph v1.0 and beta, as an event row each.

The same record stands in the portal's JSON download and, with other spellings, in diagnostic settings (keys ``Id`` and
``Name``, enumerations as numbers). Facts: entra.md sections 2 and 3.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from scimrunbook.sources.fields import as_json, first, flag, moment, obj, objects, text, whole

_ACTIONS = ("other", "create", "delete", "disable", "update", "stageddelete")  # by their number
_STATUSES = ("success", "failure", "skipped", "warning")
# A staged deletion was held back by "Prevent accidental deletion": nothing was sent, so it is no deletion (section 7).
_USER = {
    "create": "create",
    "update": "update",
    "disable": "deactivate",
    "delete": "delete",
}
_GROUP = {
    "create": "group_create",
    "update": "group_update",
    "disable": "group_delete",
    "delete": "group_delete",
}
_STATUS_CODE = re.compile(r"StatusCode:\s*(\w{3,40})|HTTP status code (\d{3})\b")
_RETRY_AT = re.compile(r"retried again after this date:\s*(\d{4}-[\d:T.Z+-]{6,40})")
# .NET prints HttpStatusCode by name; Python's phrases are the same words, save these.
_CODES = {re.sub(r"\W", "", s.phrase).lower(): int(s) for s in HTTPStatus} | {
    "unprocessableentity": 422,
    "requesttimeout": 408,
    "requestentitytoolarge": 413,
}
_SCOPING = ("active in the source system", "assigned to the application", "scoping filter evaluation passed")
MOST_CHANGES = 200


def unwrap(record: Any) -> dict[str, Any]:
    """The log record, keys in lower case, out of the envelope of diagnostic settings where it is in one."""
    outer = obj(record)
    inner = obj(outer.get("properties"))
    return inner | {"time": outer.get("time")} if "category" in outer and inner else outer


def is_record(record: Any) -> bool:
    """Whether this is a record of the provisioning log, in any of its spellings."""
    return _is_one(unwrap(record))


def _is_one(r: dict[str, Any]) -> bool:
    if "timegenerated" in r:
        return False  # a row of Log Analytics: its parts are texts
    acted = "provisioningaction" in r or "action" in r
    return acted and bool(r.keys() & {"provisioningsteps", "provisioningstatusinfo", "sourceidentity"}) and "id" in r


def event(record: Any) -> dict[str, Any] | None:
    """The row of ``events``; None where it is no record or holds no time."""
    r = unwrap(record)
    at = moment(r.get("activitydatetime")) or moment(r.get("time"))
    if at is None or not _is_one(r):
        return None
    info = obj(r.get("provisioningstatusinfo")) or obj(r.get("statusinfo"))
    error = obj(info.get("errorinformation")) or info  # beta: flat
    status = _named(info.get("status"), _STATUSES) or "unknown"
    steps = objects(r.get("provisioningsteps"))
    step = _step(steps)
    kind = _kind(r)
    source, target = obj(r.get("sourceidentity")), obj(r.get("targetidentity"))
    key = first(source.get("id"), obj(source.get("details")).get("id"))
    name = _name(source, target, steps, kind)
    changes = _changes(r)
    action = _named(r.get("provisioningaction"), _ACTIONS) or _named(r.get("action"), _ACTIONS) or ""
    reason = _reason(error, status, step, steps)
    code = text(error.get("errorcode"))
    return {
        "event_id": _identity(r, at, key or name, action),
        "at": at,
        "log": "provisioning_log",
        "event_type": "StagedDelete" if action == _ACTIONS[5] else first(r.get("provisioningaction"), r.get("action")),
        "action": _action(action, kind, changes),
        "status": status if status in _STATUSES else "unknown",
        "object_type": kind,
        "person_key": (key or (name.casefold() if name else None)) if kind == "user" else None,
        "group_key": (key or name) if kind == "group" else None,
        "name": name,
        "target_id": first(target.get("id")),
        "error_code": None if code in (None, "None") else code,
        "reason": reason,
        "http_status": http_status(reason or ""),
        "skip_reason": _skip_reason(steps),
        "step": text(step.get("name")),
        "changes": as_json(changes) if changes else None,
        "job_id": text(r.get("jobid")),
        "cycle_id": text(r.get("cycleid")),
        "change_id": text(r.get("changeid")),
        "next_attempt_at": _next_attempt(reason or "", steps),
        "app_id": first(obj(r.get("serviceprincipal")).get("id"), _of_target_system(r)),
        "actor": first(obj(r.get("initiatedby")).get("displayname"), obj(r.get("initiatedby")).get("name")),
    }


def app_name(record: Any) -> str | None:
    """The display name of the application a record belongs to."""
    principal = obj(unwrap(record).get("serviceprincipal"))
    return first(principal.get("displayname"), principal.get("name"))


def http_status(reason: str) -> int | None:
    """The HTTP status a reason quotes: ``StatusCode:`` holds the .NET name (Conflict) or a number."""
    found = _STATUS_CODE.search(reason)
    if not found:
        return None
    name = found[1] or found[2]
    number = int(name) if re.fullmatch(r"[1-5]\d\d", name) else _CODES.get(name.lower())
    return number if number and 100 <= number <= 599 else None


def _named(value: Any, names: tuple[str, ...]) -> str | None:
    """An enumeration value in lower case, given by name or by number."""
    number = whole(value)
    if number is not None:
        return names[number] if 0 <= number < len(names) else None
    written = text(value)
    return written.strip().lower() if written else None


def _identity(r: dict[str, Any], at: Any, who: str | None, action: str) -> str:
    # Without an id the parts that make a row unique stand in, so that a page read twice is still one row.
    return first(r.get("id")) or "|".join(str(v or "") for v in (r.get("changeid"), at.isoformat(), who, action))


def _of_target_system(r: dict[str, Any]) -> Any:
    return obj(obj(r.get("targetsystem")).get("details")).get("serviceprincipalid")


def _kind(r: dict[str, Any]) -> str:
    """user | group | app, by the last word of the identity type (``urn:…:core:2.0:User``, ``ServicePrincipal``)."""
    for side in ("sourceidentity", "targetidentity"):
        identity = obj(r.get(side))
        named = first(identity.get("identitytype"), obj(identity.get("details")).get("odatatype"))
        if named:
            return {"user": "user", "group": "group"}.get(re.split(r"[:.#]", named)[-1].strip().lower(), "app")
    return "app"


def _name(source: dict[str, Any], target: dict[str, Any], steps: list[dict[str, Any]], kind: str) -> str | None:
    details = obj(source.get("details"))
    login = details.get("userprincipalname") if kind == "user" else None
    reportable = [obj(s.get("details")).get("reportableidentifier") for s in steps]
    shown = [i.get(k) for i in (source, target) for k in ("displayname", "name")]
    likely = [*reportable, *shown] if kind == "user" else [*shown, *reportable]
    return first(login, details.get("displayname") if kind == "group" else None, *likely)


def _action(action: str, kind: str, changes: list[dict[str, str | None]]) -> str:
    if kind == "group":
        only_members = bool(changes) and all((c["name"] or "").lower().startswith("members") for c in changes)
        return "membership" if action == "update" and only_members else _GROUP.get(action, "other")
    if kind != "user":
        return "other"
    active = next((c for c in changes if (c["name"] or "").lower() == "active"), None)
    if (
        action == "update"
        and active
        and flag(active["new"]) is not None
        and flag(active["old"]) is not flag(active["new"])
    ):
        if flag(active["new"]) is False:
            return "deactivate"
        if flag(active["old"]) is False:
            return "reactivate"
    return _USER.get(action, "other")


def _changes(r: dict[str, Any]) -> list[dict[str, str | None]]:
    return [
        {
            "name": first(p.get("displayname"), p.get("name")),
            "old": text(p.get("oldvalue")),
            "new": text(p.get("newvalue")),
        }
        for p in objects(r.get("modifiedproperties"))[:MOST_CHANGES]
    ]


def _step(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """The last step that failed, else the last that skipped; empty where every step went well."""
    for wanted in ("failure", "skipped"):
        for step in steps[::-1]:
            if _named(step.get("status"), _STATUSES) == wanted:
                return step
    return {}


def _skip_reason(steps: list[dict[str, Any]]) -> str | None:
    """Only the details of a step hold it; ``errorInformation`` is null for skipped rows."""
    return first(*(obj(s.get("details")).get("skipreason") for s in reversed(steps)))


def _reason(error: dict[str, Any], status: str, step: dict[str, Any], steps: list[dict[str, Any]]) -> str | None:
    """The printed reason; for a skipped row the step's own words, and which test of the scoping it did not pass."""
    printed = first(error.get("reason"), error.get("additionaldetails"))
    if printed or status == "success":
        return printed
    said = text(step.get("description"))
    tests = {k: v for s in steps for k, v in obj(s.get("details")).items()}
    failed = [k.capitalize() for k, v in tests.items() if (k in _SCOPING or "required role" in k) and flag(v) is False]
    failed += [f"{shown} False" for k, shown in (("isactive", "IsActive"),) if flag(tests.get(k)) is False]
    missing = text(tests.get("propertyname"))
    extra = [f"Not so: {', '.join(failed)}."] if failed else []
    extra += [f"Property: {missing}."] if missing and missing not in (said or "") else []
    return " ".join([*([said] if said else []), *extra]) or None


def _next_attempt(reason: str, steps: list[dict[str, Any]]) -> Any:
    """From the reason ("…retried again after this date: … UTC"), else from the step that records a retry."""
    found = _RETRY_AT.search(reason)
    told = moment(found[1]) if found else None
    return told or next(
        (t for t in (moment(obj(s.get("details")).get("nextattempt")) for s in reversed(steps)) if t), None
    )
