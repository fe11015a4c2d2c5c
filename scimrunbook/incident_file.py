"""Reads an incident file strictly: every problem at once, each with its line, the allowed values and the remedy.

YAML scalars are taken as text, so ids stay what they are (``00123``, ``1e5``, ``12_345``); no anchors, no tags, at most
64 KiB. What looks like a token is refused without being repeated.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from scimrunbook.incident import Incident
from scimrunbook.problems import UserProblem

MAX_BYTES = 64 * 1024
_TOKENS = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+|\bSSWS\s+\S{8,}|\bBearer\s+\S{12,}|\b00[A-Za-z0-9_-]{40}\b"
    r"|[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,}"
)
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_~.-]{24,}")
_SECRET_KEYS = re.compile(r"token|secret|password|credential|key", re.IGNORECASE)
_REFERENCE = re.compile(r"(env:|keyring:|file:|prompt$)")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. ``line`` is 1-based, None where the whole file is meant."""

    line: int | None
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        key = f"{self.key}: " if self.key else ""
        return f"  {place}{key}{self.message}\n    {self.remedy}"


class IncidentError(UserProblem):
    """The incident file cannot be used. ``str()`` is the whole message, ready to print."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path, self.problems = path, problems
        many = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
        super().__init__(f"{path} has {many}; nothing was read or written:\n" + "\n".join(map(str, problems)))


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
        return self.base / relative


def load_incident(path: str | Path) -> LoadedIncident:
    """Reads and checks an incident file. Raises IncidentError."""
    path = Path(path)
    raw = _bytes(path)
    data, lines = _Reader(path, raw).read()
    try:
        incident = Incident.model_validate(data)
    except ValidationError as refused:
        errors = refused.errors(include_input=False, include_url=False, include_context=True)
        raise IncidentError(path, [_problem(dict(e), lines, data) for e in errors]) from None
    return LoadedIncident(incident, path, hashlib.sha256(raw).hexdigest())


def _bytes(path: Path) -> bytes:
    def refuse(message: str, remedy: str) -> IncidentError:
        return IncidentError(path, [Problem(None, "", message, remedy)])

    if not path.exists():
        near = difflib.get_close_matches(path.name, _yaml_files(path.parent), 1)
        hint = f"Did you mean {path.parent / near[0]}?" if near else "Write one with: scimrunbook init"
        raise refuse("there is no such file", hint)
    if path.is_dir():
        raise refuse("this is a folder", "Name the YAML file in it.")
    try:
        raw = path.read_bytes()
    except OSError as problem:
        raise refuse(f"it cannot be read ({problem.strerror})", "Check the permissions of the file.") from None
    if len(raw) > MAX_BYTES:
        raise refuse("it is larger than 64 KiB", "An incident file is a page of text; is this an export?")
    if not raw.strip():
        raise refuse("the file is empty", "Write one with: scimrunbook init")
    return raw


def _yaml_files(folder: Path) -> list[str]:
    return [p.name for p in folder.glob("*.y*ml")] if folder.is_dir() else []


class _Reader:
    """From YAML nodes to plain data: text, lists and dicts, with the line of every key."""

    def __init__(self, path: Path, raw: bytes) -> None:
        self.path, self.raw = path, raw
        self.lines: dict[tuple[str | int, ...], int] = {}
        self.problems: list[Problem] = []

    def read(self) -> tuple[dict[str, Any], dict[tuple[str | int, ...], int]]:
        try:
            text = self.raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise self.stop(None, "the file is not UTF-8 text", "Save it as UTF-8.") from None
        if tab := next((n for n, line in enumerate(text.splitlines(), 1) if re.match(r" *\t", line)), None):
            raise self.stop(tab, "a tab stands where YAML wants spaces", "Replace the tab by spaces.")
        try:
            if any(isinstance(e, yaml.AliasEvent) or getattr(e, "anchor", None) for e in yaml.parse(text)):
                raise self.stop(None, "anchors and aliases (& and *) are not allowed", "Write the value out.")
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as problem:
            line = problem.problem_mark.line + 1 if problem.problem_mark else None
            raise self.stop(
                line, f"this is not YAML ({problem.problem})", "Compare with the file init writes."
            ) from None
        except yaml.YAMLError:
            raise self.stop(None, "the file holds characters YAML does not allow", "Save it as plain text.") from None
        if not isinstance(node, yaml.MappingNode):
            kind = {yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value"}.get(type(node), "nothing")
            raise self.stop(1, f"the file holds {kind}, not keys with values", "Begin with: incident: CAT-1042")
        data = self.value(node, ())
        if self.problems:
            raise IncidentError(self.path, self.problems)
        return data, self.lines

    def stop(self, line: int | None, message: str, remedy: str) -> IncidentError:
        return IncidentError(self.path, [Problem(line, "", message, remedy)])

    def value(self, node: yaml.Node, place: tuple[str | int, ...]) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self.refuse(line, place, "tags (!) are not allowed", "Write the value without the tag.")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(v, (*place, i)) for i, v in enumerate(node.value)]
        text = str(node.value)
        self.look_for_tokens(text, line, place)
        quoted = node.style in ("'", '"')
        return None if not quoted and text in ("", "~", "null") else text

    def mapping(self, node: yaml.MappingNode, place: tuple[str | int, ...]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.refuse(line, place, "a key must be a word", "Write the key as plain text.")
                continue
            key = str(key_node.value)
            if _TOKENS.search(key):
                self.refuse(line, place, "a key looks like a token", "Take it out, and have the token replaced.")
                continue
            if key in data:
                self.refuse(line, (*place, key), "the key stands twice", "Keep one of them.")
            self.lines[(*place, key)] = line
            data[key] = self.value(value_node, (*place, key))
        return data

    def look_for_tokens(self, text: str, line: int, place: tuple[str | int, ...]) -> None:
        name = str(place[-1]) if place else ""
        secretive = bool(_SECRET_KEYS.search(name)) and not _REFERENCE.match(text)
        if _TOKENS.search(text) or (secretive and _OPAQUE.search(text)):
            self.refuse(
                line,
                place,
                "this looks like a token or secret; its value is not repeated here",
                "Write where it is to be found: env:NAME, keyring:service/user, file:path (mode 0600) or prompt. "
                "Then have it replaced: it stood in a file.",
            )

    def refuse(self, line: int, place: tuple[str | int, ...], message: str, remedy: str) -> None:
        self.problems.append(Problem(line, _dotted(place), message, remedy))


def _dotted(place: tuple[Any, ...]) -> str:
    return ".".join(str(p) for p in place)


def _problem(error: dict[str, Any], lines: dict[tuple[str | int, ...], int], data: dict[str, Any]) -> Problem:
    place = tuple(error["loc"])
    line = next((lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in lines), None)
    kind, context = error["type"], error.get("ctx", {})
    key = _dotted(place)
    if kind == "extra_forbidden":
        known = sorted(_keys(place[:-1]))
        near = difflib.get_close_matches(str(place[-1]), known, 1)
        mean = f"Did you mean {near[0]}? " if near else ""
        return Problem(line, key, "this key is not known", f"{mean}Known keys here: {', '.join(known)}.")
    if kind == "missing":
        return Problem(line, key, "this key is missing", _hint(place) or "Add it.")
    if kind == "literal_error":
        allowed = context.get("expected", "")
        return Problem(line, key, "this value is not allowed", f"{_near(_at(data, place), allowed)}Allowed: {allowed}.")
    if kind == "timezone_aware":
        return Problem(line, key, "the time has no zone", "Add Z for UTC, or an offset: 2026-11-20T09:00:00+01:00.")
    if kind.startswith("datetime"):
        return Problem(line, key, "this is not a time", "Write it like 2026-11-20T00:00:00Z.")
    if kind in ("value_error", "assertion_error"):
        message, _, remedy = str(context.get("error", error["msg"])).partition(" | ")
        return Problem(line, key, message, remedy or "Correct it.")
    if kind in ("list_type", "dict_type", "model_type", "model_attributes_type", "string_type"):
        wanted = {"list_type": "a list", "string_type": "a text"}.get(kind, "keys with values")
        return Problem(line, key, f"{wanted} is expected here", _hint(place) or "See the file init writes.")
    if kind == "string_pattern_mismatch":
        return Problem(line, key, "this is not written as it must be", _hint(place) or "See the file init writes.")
    return Problem(line, key, str(error["msg"]).lower(), _hint(place) or "See the file init writes.")


_HINTS = {
    "incident": "The ticket, for example CAT-1042: letters, digits, dot, dash, underscore, at most 64.",
    "identity_provider": "okta or entra.",
    "catalog_host": "app.castordoc.com (EU) or app.us.castordoc.com (US).",
    "token": "Write where it is to be found: env:NAME, keyring:service/user, file:path or prompt.",
    "credential": "Write where it is to be found: env:NAME, keyring:service/user, file:path or prompt.",
    "people": "A list of e-mail addresses: [ada@example.com].",
    "symptoms": "A list, for example [missing_people].",
    "window": "start and end, each like 2026-11-20T00:00:00Z.",
}


def _hint(place: tuple[Any, ...]) -> str:
    return next((_HINTS[str(p)] for p in reversed(place) if str(p) in _HINTS), "")


def _near(value: Any, allowed: str) -> str:
    """The allowed value that was probably meant. What looks like a token never gets here: it was refused before."""
    near = difflib.get_close_matches(str(value), re.findall(r"'([^']*)'", allowed), 1, 0.5)
    return f"Did you mean {near[0]}? " if near else ""


def _at(data: Any, place: tuple[Any, ...]) -> Any:
    for part in place:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _keys(place: tuple[Any, ...]) -> set[str]:
    """The keys known at a place of the model."""
    model: Any = Incident
    for part in place:
        field = model.model_fields.get(str(part)) if isinstance(model, type) and issubclass(model, BaseModel) else None
        if field is None:
            return set()
        candidates = [a for a in (field.annotation, *get_args(field.annotation)) if isinstance(a, type)]
        model = next((a for a in candidates if issubclass(a, BaseModel)), None)
        if model is None:
            return set()
    return set(model.model_fields)
