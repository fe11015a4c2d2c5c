"""Logs that are not held: read once, record by record; only what concerns the incident's application is kept.

The same events come out as when the log is held whole.
"""

from __future__ import annotations

from scimrunbook.incident import Incident
from scimrunbook.sources.exports.files import Place
from scimrunbook.sources.exports.large_entra import EntraReading
from scimrunbook.sources.exports.large_form import Form, beginning, form_of
from scimrunbook.sources.exports.large_okta import OktaReading
from scimrunbook.sources.exports.pieces import LargeFileError, Source
from scimrunbook.sources.exports.registry import Format, Recognised
from scimrunbook.sources.parts import Parts, Progress

_READINGS = {"okta": OktaReading, "entra": EntraReading}
FORMATS = {
    "okta": Format("okta.system_log", "Okta System Log (large)", "okta", lambda _: None),
    "entra": Format("entra.provisioning_log", "Entra provisioning log (large)", "entra", lambda _: None),
}


def streams(place: Place, incident: Incident) -> bool:
    """Whether a log of the incident's provider lies there that can be read record by record."""
    return _form(place, incident) is not None


def turn(place: Place, incident: Incident) -> int:
    """When a log is read: details before what they explain, CSV before JSON.

    A CSV tells less than JSON, and of an event that stands twice the last one read counts.
    """
    form = _form(place, incident)
    return 3 if form is None else {"details": 0, "csv": 1, "json": 2}[form]


def read_large(
    place: Place, name: str, incident: Incident, parts: Parts, progress: Progress
) -> tuple[tuple[Format, Recognised] | None, str, str | None]:
    """(format and what was kept, or None; why not; sha256) of one log; its events go into ``parts`` at once."""
    try:
        source = Source(place)
    except LargeFileError as problem:
        return None, str(problem), place.sha256
    provider = incident.identity_provider
    try:
        result = _READINGS[provider](source, place, name, incident, parts, progress).read()
        return (FORMATS[provider], result), "", source.sha256()
    except LargeFileError as problem:
        return None, str(problem), source.sha256()
    finally:
        source.close()


def _form(place: Place, incident: Incident) -> Form | None:
    try:
        source = Source(place)
    except LargeFileError:
        return None
    try:
        return form_of(beginning(source), incident.identity_provider)
    except LargeFileError:
        return None
    finally:
        source.close()
