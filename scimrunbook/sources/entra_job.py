"""Entra's synchronization job and its schema: rows of ``jobs`` and ``mappings``, and how users and groups flow.

Facts and traps: entra.md sections 5 and 6 (year 1 means never, the maximum time span is no interval, a job that never
ran may say "Failed" with the code "None", a quarantine object may be empty, a mapping's source may be null).
"""

from __future__ import annotations

import re
from typing import Any

from scimrunbook.sources.fields import first, flag, moment, obj, objects, seconds, text, texts, whole


def is_job(record: Any) -> bool:
    """Whether this is a ``synchronizationJob``."""
    r = obj(record)
    return isinstance(r.get("status"), dict) and isinstance(r.get("schedule"), dict) and "code" in obj(r["status"])


def job(record: Any) -> dict[str, Any] | None:
    """The row of ``jobs``; None where it is no job or has no id."""
    r = obj(record)
    job_id = text(r.get("id"))
    if job_id is None or not is_job(record):
        return None
    schedule, status = obj(r.get("schedule")), obj(r.get("status"))
    last, good = obj(status.get("lastexecution")), obj(status.get("lastsuccessfulexecution"))
    began, error = moment(last.get("timebegan")), obj(last.get("error"))
    code = _code(error)
    ran = began is not None or code is not None
    return {
        "job_id": job_id,
        "template": text(r.get("templateid")),
        "state": text(status.get("code")),
        "schedule_state": text(schedule.get("state")),
        "interval_seconds": seconds(schedule.get("interval")),
        "last_began_at": began,
        "last_ended_at": moment(last.get("timeended")),
        "last_state": text(last.get("state")) if ran else None,
        "last_error_code": code,
        "last_error_message": text(error.get("message")) if code else None,
        "last_success_at": moment(good.get("timeended")) or moment(good.get("timebegan")),
        "escrowed": whole(last.get("countescrowed")),
        **_quarantine(obj(status.get("quarantine")), text(status.get("code"))),
    }


def _quarantine(q: dict[str, Any], state: str | None) -> dict[str, Any]:
    since = moment(q.get("currentbegan")) or moment(q.get("seriesbegan"))
    if state != "Quarantine" and since is None:
        return {}  # documentation shows objects of empty texts beside other states
    error = obj(q.get("error"))
    return {
        "quarantine_reason": text(q.get("reason")),
        "quarantine_since": since,
        "quarantine_next_at": moment(q.get("nextattempt")),
        "quarantine_error_code": _code(error),
        "quarantine_error_message": text(error.get("message")),
    }


def _code(error: dict[str, Any]) -> str | None:
    code = text(error.get("code"))
    return None if code is None or code.strip().lower() == "none" else code


def skips_deletions(record: Any) -> bool | None:
    """SkipOutOfScopeDeletions where the job's settings print it (its home are the secrets, which are never read)."""
    for setting in objects(obj(record).get("synchronizationjobsettings")):
        if str(setting.get("name")).lower() == "skipoutofscopedeletions":
            return flag(setting.get("value"))
    return None


def object_mappings(document: Any) -> list[dict[str, Any]]:
    """The object mappings of a schema, of a single rule or a single object mapping, keys in lower case.

    Each carries ``direction``: from_app for the rules that read from the application, else to_app.
    """
    d = obj(document)
    if "attributemappings" in d:
        return [d | {"direction": "to_app"}]
    rules = objects(d.get("synchronizationrules")) if "synchronizationrules" in d else [d]
    return [m | {"direction": _direction(rule)} for rule in rules for m in objects(rule.get("objectmappings"))]


def is_schema(document: Any) -> bool:
    """Whether this is a ``synchronizationSchema``, one rule of it or one object mapping of it."""
    d = obj(document)
    keys = ("synchronizationrules", "objectmappings", "attributemappings")
    return any(isinstance(d.get(k), list) for k in keys)


def _direction(rule: dict[str, Any]) -> str:
    target = (text(rule.get("targetdirectoryname")) or "").lower()
    return "from_app" if target in ("azure active directory", "microsoft entra id") else "to_app"


def _object(mapping: dict[str, Any]) -> str:
    name = first(mapping.get("sourceobjectname"), mapping.get("targetobjectname")) or ""
    kind = re.split(r"[:.]", name)[-1].strip().lower()
    return kind if kind in ("user", "group") else kind or "unknown"


def mappings(mapping: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """Rows of ``mappings`` of one object mapping, and how many of its attribute mappings could not be read."""
    given = mapping.get("attributemappings")
    given = given if isinstance(given, list) else []
    rows = [row for row in (_attribute(obj(a), mapping) for a in given) if row]
    return rows, len(given) - len(rows)


def _attribute(a: dict[str, Any], mapping: dict[str, Any]) -> dict[str, Any] | None:
    target = text(a.get("targetattributename"))
    if target is None:
        return None
    source = obj(a.get("source"))
    kind = (text(source.get("type")) or "").lower()
    # The portal prints a direct mapping by its attribute ("objectId"), Graph as an expression of it ("[objectId]").
    printed = ("name", "expression") if kind == "attribute" else ("expression", "name")
    expression = first(*(source.get(k) for k in printed))
    return {
        "direction": mapping["direction"],
        "object": _object(mapping),
        "target": target,
        "source": expression,
        "source_kind": (kind if kind in ("attribute", "constant", "function") else "unknown") if source else "none",
        "flow": text(a.get("flowtype")),
        "matching_priority": whole(a.get("matchingpriority")),
    }


def flow(mapping: dict[str, Any]) -> dict[str, Any]:
    """An object mapping as ``facts.app.object_mappings`` wants it. Groups of ``scope`` are OR-ed, clauses AND-ed."""
    types = mapping.get("flowtypes")
    named = re.split(r"[,\s]+", types) if isinstance(types, str) else texts(types)
    return {
        "object": _object(mapping),
        "enabled": flag(mapping.get("enabled")),
        "flow_types": [n for n in named if n and n.lower() != "none"],
        "scope": [s for s in (_filter(g) for g in objects(obj(mapping.get("scope")).get("groups"))) if s],
    }


def _filter(group: dict[str, Any]) -> str:
    return " AND ".join(c for c in map(_clause, objects(group.get("clauses"))) if c)


def _clause(clause: dict[str, Any]) -> str:
    operand = clause.get("targetoperand")
    given = obj(operand).get("values") if isinstance(operand, dict) else operand
    values = texts(given) if isinstance(given, list) else [v for v in [text(given)] if v]
    parts = [
        text(clause.get("sourceoperandname")),
        text(clause.get("operatorname")),
        ", ".join(f"'{v}'" for v in values),
    ]
    return " ".join(p for p in parts if p)
