"""What Okta tells beside the application itself: its features and its provisioning connection, saved as files.

Most SCIM applications, Catalog's test application among them, answer neither: 400 "Provisioning is not supported", and
a connection of status UNKNOWN. Such files say so and name the answer that tells more. Facts: okta.md section 3.
"""

from __future__ import annotations

import re
from typing import Any

from scimrunbook.snapshot import Facts
from scimrunbook.sources import okta_directory as directory
from scimrunbook.sources.exports.documents import Document
from scimrunbook.sources.exports.registry import Recognised, parser
from scimrunbook.sources.fields import as_json, obj, text
from scimrunbook.sources.parts import Parts

_THE_APP = "Save the answer of /api/v1/apps/<app id>: its features say what is switched on."
_LINK = re.compile(r"/apps/(0oa[0-9A-Za-z]{10,30})(?:/|\b)")
_CONNECTION = {"status", "profile", "authscheme", "baseurl", "_links"}


def _records(document: Document) -> list[dict[str, Any]]:
    return [obj(r) for r in document.records.objects[:200]] if document.records else []


def _result(document: Document, good: int, shapes: list[dict[str, Any]]) -> Recognised:
    """Counts, and a refusal where the links name another application than the incident."""
    records = document.records
    assert records is not None
    found = Recognised(good, len(records.items) - good + records.unreadable)
    wanted = document.incident.okta.app_id if document.incident.okta else None
    named = set(_LINK.findall(as_json([s.get("_links") for s in shapes])))
    if wanted and named and wanted not in named:
        found.refused = f"about another application ({', '.join(sorted(named)[:3])}) than the one the incident names"
        found.get_it = f"Save the answer for the application {wanted}."
    return found


@parser(what="okta.app", title="Okta features of the application", provider="okta", rank=1)
def features(document: Document) -> Recognised | None:
    """``/apps/{id}/features``, or one of them. The application's own list of features counts before it."""
    shapes = _records(document)
    good = [s for s in shapes if {"name", "status", "capabilities"} <= set(s)]
    if not good or 2 * len(good) < len(shapes):
        return None
    result = _result(document, len(good), good)
    pushing = [s for s in good if text(s.get("name")) == "USER_PROVISIONING"]
    on = directory.capabilities(pushing[0]) if pushing else None
    if on is None:
        result.refused = result.refused or "the feature USER_PROVISIONING is not among them, which says what is pushed"
        result.get_it = result.get_it or _THE_APP
        return result
    result.facts = lambda facts: _tell(facts, on)
    return result


@parser(what="okta.app", title="Okta's refusal to tell an application's features", provider="okta", rank=1)
def no_features(document: Document) -> Recognised | None:
    """The answer of 400, saved. That provisioning is not enabled is a fact; that it is not supported only means that
    this kind of application is not asked here."""
    shapes = _records(document)
    told = directory.features_refused(shapes[0]) if len(shapes) == 1 else None
    if told is None:
        return None
    result = _result(document, 1, shapes)
    if told == "not_enabled":
        result.facts = lambda facts: _tell(facts, [])
        result.remark("Okta says that provisioning is not enabled for the application.")
    else:
        result.refused = "Okta does not tell the features of this kind of application, which is usual and no error"
        result.get_it = _THE_APP
    return result


def _tell(facts: Facts, on: list[str]) -> None:
    if facts.app.features is None:
        facts.app.features = on


@parser(what="okta.app", title="Okta provisioning connection of the application", provider="okta", rank=1)
def connection(document: Document) -> Recognised | None:
    """``/apps/{id}/connections/default``: ENABLED, DISABLED or, for most SCIM applications, UNKNOWN."""
    shapes = _records(document)
    if len(shapes) != 1 or not set(shapes[0]) <= _CONNECTION or not _scheme(shapes[0]):
        return None
    result = _result(document, 1, shapes)
    status = text(shapes[0].get("status"))
    if status not in ("ENABLED", "DISABLED"):
        told = f"Okta does not tell the connection of this kind of application (status {status}), which is no error"
        result.refused, result.get_it = result.refused or told, result.get_it or _THE_APP
        return result
    result.remark(f"Provisioning connection: {status}.")

    def settle(found: Recognised, parts: Parts) -> None:
        if found.refused or status == "ENABLED":
            return
        jobs = parts.rows["jobs"]
        app = parts.facts.app.id or next(iter(_LINK.findall(as_json(shapes[0].get("_links")))), None)
        if jobs:
            parts.rows["jobs"] = [{**job, "schedule_state": "Disabled"} for job in jobs]
        elif app:
            found.tables = {"jobs": [{"job_id": app, "schedule_state": "Disabled"}]}

    result.settle = settle
    return result


def _scheme(record: dict[str, Any]) -> bool:
    return "authscheme" in record or "authscheme" in obj(record.get("profile"))
