"""Loads an incident file: every problem at once, each with its line, the allowed values and the remedy."""

from __future__ import annotations

import difflib
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from scimrunbook.incident import Incident
from scimrunbook.incident_yaml import MAX_BYTES, Document, Place, Problem, dotted, read_document
from scimrunbook.problems import UserProblem

__all__ = ["IncidentError", "LoadedIncident", "Problem", "load_incident", "read_incident"]


class IncidentError(UserProblem):
    """The incident file cannot be used. ``str()`` is the whole message, ready to print."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path, self.problems = path, problems
        many = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        super().__init__(f"{_name(path)} has {many}; nothing was read or written:\n" + "\n".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class LoadedIncident:
    """An incident and where it came from. ``base`` is the folder its relative paths start from."""

    incident: Incident
    path: Path
    sha256: str

    @property
    def base(self) -> Path:
        return self.path.resolve().parent

    def resolve(self, relative: str) -> Path:
        """A path of the file, relative to it; an absolute one stays what it is."""
        return self.base / relative


def load_incident(path: str | Path) -> LoadedIncident:
    """Reads and checks an incident file. Raises IncidentError with all its problems."""
    path = Path(path)
    return read_incident(_bytes(path), path)


def read_incident(raw: bytes, path: Path) -> LoadedIncident:
    """The same for bytes that are (or will be) at ``path``. Raises IncidentError."""
    document = read_document(raw)
    problems = list(document.problems)
    if document.data is not None:
        try:
            incident = Incident.model_validate(document.data)
        except ValidationError as refused:
            errors = refused.errors(include_input=False, include_url=False)
            problems += [_problem(dict(e), document) for e in errors if not _told(tuple(e["loc"]), document)]
    if problems:
        raise IncidentError(path, sorted(problems, key=lambda p: p.line or 0))
    return LoadedIncident(incident, path, hashlib.sha256(raw).hexdigest())


def _told(place: Place, document: Document) -> bool:
    """Whether a place, or what it lies in, was refused before: one message for one mistake."""
    return any(place[:n] in document.refused for n in range(1, len(place) + 1))


def _name(path: Path) -> str:
    return "".join(c if c.isprintable() else "?" for c in str(path))


def _bytes(path: Path) -> bytes:
    def refuse(message: str, remedy: str) -> IncidentError:
        return IncidentError(path, [Problem(None, "", message, remedy)])

    try:
        if not path.exists():
            raise refuse("there is no such file", _instead(path))
        if path.is_dir():
            raise refuse("this is a folder", "Name the YAML file in it.")
        if not path.is_file():
            raise refuse("this is no ordinary file", "Name a YAML file.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise refuse(f"it cannot be read ({reason})", "Check the path and the permissions of the file.") from None


def _instead(path: Path) -> str:
    if path.suffix not in (".yaml", ".yml") and path.with_name(path.name + ".yaml").exists():
        return f"Did you mean {_name(path)}.yaml?"
    names = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, names, 1)
    return f"Did you mean {_name(path.parent / near[0])}?" if near else "Write one with: scimrunbook init"


_KINDS = {
    "list_type": "a list",
    "string_type": "a text",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
}
_LOCATION = "Write where it is to be found: env:NAME, keyring:service/user, file:path or prompt."
_HINTS = {
    "incident": "The ticket's id, for example CAT-1042: letters, digits, dot, dash, underscore, at most 64.",
    "identity_provider": "Write okta or entra.",
    "catalog_host": "Write app.castordoc.com (EU) or app.us.castordoc.com (US).",
    "token": _LOCATION,
    "credential": _LOCATION,
    "configured_base_url": "Copy it from the provider as it stands there, or take the line out.",
    "people": "Write a list of e-mails: [ada@example.com].",
    "reveal": "Write a list of e-mails: [ada@example.com].",
    "keep_domains": "Write yes or no.",
    "symptoms": "Write a list: [missing_people].",
    "window": "Write start and end, each like 2026-11-20T00:00:00Z.",
    "org_url": "Write it like https://acme.okta.com.",
    "role_mapping": "Write teams per role: {VIEWER: [dev], ADMIN: [founders]}.",
    "answers": "Write {answer: yes, by: ada} under the check's id, for example start.setup_completed.",
    "exports": "Write the folder's name, relative to this file.",
    "app_id": "Copy the id as it stands in the address bar: letters, digits, dot, dash, underscore.",
    "tenant_id": "Copy the id: letters, digits, dot, dash, underscore.",
    "job_id": "Copy the id of the job as Graph gives it (.../synchronization/jobs): letters, digits, dots and dashes.",
    "service_principal_id": "Copy the object id: letters, digits and dashes.",
    "client_id": "Copy the client id: letters, digits and dashes.",
}


def _problem(error: dict[str, Any], document: Document) -> Problem:
    """A complaint of the model as a line, a sentence and a remedy; never with the value."""
    place = tuple(error["loc"])
    line = next((document.lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in document.lines), None)
    kind, context, key = error["type"], error.get("ctx", {}), dotted(place)
    hint = next((_HINTS[str(p)] for p in reversed(place) if str(p) in _HINTS), "Compare with the file init writes.")
    if kind == "extra_forbidden":
        known = sorted(_keys(place[:-1]))
        near = difflib.get_close_matches(str(place[-1]), known, 1)
        mean = f"Did you mean {near[0]}? " if near else ""
        return Problem(line, key, "this key is not known", f"{mean}Known keys here: {', '.join(known)}.")
    if kind == "missing":
        return Problem(line, key, "this key is missing", hint)
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        near = difflib.get_close_matches(_text_at(document.data, place), allowed, 1, 0.5)
        mean = f"Did you mean {near[0]}? " if near else ""
        what = "key" if place[-1] == "[key]" else "value"
        return Problem(line, key, f"this {what} is not allowed", f"{mean}Allowed: {', '.join(allowed)}.")
    if kind == "timezone_aware":
        return Problem(line, key, "the time has no zone", "Add Z for UTC, or an offset: 2026-11-20T09:00:00+01:00.")
    if kind.startswith("datetime"):
        return Problem(line, key, "there is no such time", "Write it like 2026-11-20T00:00:00Z.")
    if kind == "value_error":
        message, _, remedy = str(context.get("error", "")).partition(" | ")
        return Problem(line, key, message, remedy)
    if kind in _KINDS:
        return Problem(line, key, f"{_KINDS[kind]} is expected here", hint)
    return Problem(line, key, "this is not written as it must be", hint)


def _text_at(data: Any, place: tuple[Any, ...]) -> str:
    """The text at a place of the data, for comparing only; a mistaken key is the text itself."""
    if place and place[-1] == "[key]":
        return str(place[-2])
    for part in place:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return ""
    return str(data)


def _keys(place: tuple[Any, ...]) -> set[str]:
    """The keys known at a place of the model."""
    model: type[BaseModel] = Incident
    for part in place:
        field = model.model_fields.get(str(part))
        kinds = _models(field.annotation) if field else [model]  # a check id or a list's number leads no deeper
        if not kinds:
            return set()
        model = kinds[0]
    return set(model.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models in an annotation: ``OktaAccess | None``, ``dict[CheckId, Answer]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for a in get_args(annotation) for m in _models(a)]
