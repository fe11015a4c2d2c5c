"""A new incident file: the questions as data, and the commented file that the answers make.

Asking is the command line's job. Keys, choices and explanations are those of the model in ``incident``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scimrunbook import guide
from scimrunbook.incident import Host, Incident, Provider, Symptom
from scimrunbook.incident_file import IncidentError, Problem, read_incident
from scimrunbook.schema import FILE_NAME

Answers = Mapping[str, str | list[str] | tuple[str, ...] | None]

_PLAIN = re.compile(r"[A-Za-z0-9_./]([A-Za-z0-9@._+/:-]*[A-Za-z0-9@._+/-])?")
_PROSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 @.,_+/()-]*[A-Za-z0-9.)]")
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Question:
    """``key`` is the dotted place in the incident file. ``many``: several answers, separated by blanks or commas.

    ``provider`` limits a question to one identity provider, ``needs`` to those who answered another one. An empty
    answer leaves an optional key out.
    """

    key: str
    question: str
    default: str = ""
    choices: tuple[str, ...] = ()
    many: bool = False
    provider: str | None = None
    needs: str = ""

    @property
    def help(self) -> str:
        return _field(self.key).description or ""

    @property
    def required(self) -> bool:
        return "." not in self.key and _field(self.key).is_required()

    def problem(self, answer: str) -> str | None:
        """What is wrong with an answer, with its remedy; None where it can be used. The answer is not repeated."""
        probe = {"incident": "CAT-1", "identity_provider": self.provider or "okta", "catalog_host": get_args(Host)[0]}
        if self.provider == "okta":
            probe["okta.org_url"] = "https://acme.okta.com"
        if self.provider == "entra":
            probe["entra.tenant_id"] = "tenant"
        try:
            render({**probe, self.key: answer})
        except IncidentError as refused:
            found = refused.problems[0]
            return f"{found.message}. {found.remedy}"
        return None


QUESTIONS: tuple[Question, ...] = (
    Question("incident", "Which ticket is it?"),
    Question("identity_provider", "Who provisions Catalog?", choices=get_args(Provider)),
    Question("catalog_host", "Where do people open Catalog?", choices=get_args(Host)),
    Question("symptoms", "What do people see?", choices=get_args(Symptom), many=True),
    Question("people", "Who is affected, for example? E-mails or logins", many=True),
    Question("summary", "In one sentence, what was noticed?"),
    Question("window", "When did it fail? Start and end, like 2026-11-20T00:00Z/2026-11-22T00:00Z"),
    Question("catalog.configured_base_url", "Which base URL stands in the provider, to the letter?"),
    Question("exports", "Which folder holds exported files, if any?"),
    Question("okta.org_url", "The address of the Okta org, to read it live?", provider="okta"),
    Question("okta.app_id", "The id of the Catalog SCIM app?", provider="okta", needs="okta.org_url"),
    Question("okta.token", "Where is an Okta API token to be found?", provider="okta", needs="okta.org_url"),
    Question("entra.tenant_id", "The id of the Entra directory, to read it live?", provider="entra"),
    Question("entra.service_principal_id", "The object id of the enterprise application?", provider="entra"),
    Question(
        "entra.job_id",
        "Which of its provisioning jobs, if it has several?",
        provider="entra",
        needs="entra.service_principal_id",
    ),
    Question(
        "entra.client_id", "The client id of the app that reads Graph?", provider="entra", needs="entra.tenant_id"
    ),
    Question("entra.credential", "Where is its client secret, or a Graph access token, to be found?", provider="entra"),
    Question("catalog.token", "Where is Catalog's SCIM token to be found, if anybody has it?"),
)


def questions(provider: str | None = None, answers: Answers | None = None) -> tuple[Question, ...]:
    """Those to ask; with a provider, without those of the other one; with answers, without those that make no sense."""
    return tuple(
        q
        for q in QUESTIONS
        if (provider is None or q.provider in (None, provider))
        and (answers is None or not q.needs or answers.get(q.needs))
    )


def render(answers: Answers, schema: str = FILE_NAME) -> str:
    """A commented incident file. ``answers``: by ``Question.key``; ``region`` (eu, us) may stand for catalog_host.

    Every key is explained, those without an answer are switched off. ``schema`` is the path of the JSON Schema, seen
    from the file. Raises IncidentError where ``load_incident`` would not accept the file, ValueError for a key that is
    no question's.
    """
    given = _given(answers)
    lines = [
        f"# yaml-language-server: $schema={schema}",
        "# One support ticket, for scimrunbook. A line like #key: is switched off: take the # away to use it.",
        "# Never write a token here, but where it is to be found: env:NAME, keyring:service/user, file:path or prompt.",
    ]
    for name, field in Incident.model_fields.items():
        if name not in ("okta", "entra") or name == given.get("identity_provider"):
            lines += ["", *_entry((name,), field, given)]
    text = "\n".join(lines) + "\n"
    try:
        # Without any answer the file is all comments; an empty mapping is told which keys it misses.
        read_incident(text.encode("utf-8", "replace") if given else b"{}", Path("new incident"))
    except IncidentError as refused:
        problems = [Problem(None, p.key, p.message, p.remedy) for p in refused.problems]
        raise IncidentError(refused.path, problems) from None
    return text


def _given(answers: Answers) -> dict[str, str | list[str]]:
    """The answers that say something; lists where several are possible."""
    known = {q.key: q for q in QUESTIONS}
    given: dict[str, str | list[str]] = {}
    for key, answer in answers.items():
        if key == "region":
            key = "catalog_host"
            hosts = {r.name.lower(): r.catalog_host for r in guide.REGIONS.values()}
            answer = hosts.get(str(answer or "").lower(), answer)
        if key not in known:
            raise ValueError(f"{key} is no question of an incident file")
        if known[key].many:
            answer = re.split(r"[,\s]+", answer.strip()) if isinstance(answer, str) else list(answer or ())
            answer = [a for a in answer if a]
        if key == "window" and isinstance(answer, str) and answer.strip():
            start, _, end = answer.partition("/")  # an interval as ISO 8601 writes it
            given |= {"window.start": start.strip(), "window.end": end.strip()}
        elif answer:
            given[key] = answer if isinstance(answer, list) else str(answer)
    return given


def _entry(
    place: tuple[str, ...], field: FieldInfo, given: Mapping[str, str | list[str]], off: bool = False
) -> list[str]:
    """A key of the file: what it is, then its value, or an example that is switched off."""
    indent, key = "  " * (len(place) - 1), ".".join(place)
    lines = [f"{indent}# {line}" for line in _explained(place, field)]
    if inner := _block(field):
        used = any(k.startswith(key + ".") for k in given)
        lines.append(f"{indent}{'' if used else '#'}{place[-1]}:")
        for name, part in inner.model_fields.items():
            lines += _entry((*place, name), part, given, off=not used)
        return lines
    if key in given:
        return [*lines, f"{indent}{place[-1]}: {_value(given[key])}"]
    if field.is_required() and not off:
        return lines  # left out, so that reading the file says what is missing
    example = field.examples[0] if field.examples else "…"
    return [*lines, f"{indent}#{place[-1]}: {_value(example)}"]


def _explained(place: tuple[str, ...], field: FieldInfo) -> Iterator[str]:
    yield from textwrap.wrap(field.description or "", _WIDTH - 2 * len(place))
    if place == ("symptoms",):
        width = max(map(len, guide.SYMPTOMS))
        yield from (f"  {name:{width}}  {s.title}" for name, s in guide.SYMPTOMS.items())
    elif place == ("catalog_host",):
        yield from (f"  {host}  {region.name}" for host, region in guide.REGIONS.items())
    elif choices := [str(c) for a in (field.annotation,) for c in get_args(a) if isinstance(c, str)]:
        yield f"  {' | '.join(choices)}"


def _block(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a key that holds keys of its own."""
    kinds = [field.annotation, *get_args(field.annotation)] if get_origin(field.annotation) is not dict else []
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)


def _field(key: str) -> FieldInfo:
    """The model's field at a dotted place. Raises KeyError where there is none."""
    head, *rest = key.split(".")
    field = Incident.model_fields[head]
    for part in rest:
        inner = _block(field)
        if inner is None:
            raise KeyError(key)
        field = inner.model_fields[part]
    return field


def _value(value: Any, flow: bool = False) -> str:
    """A value as YAML that the loader reads back as it was."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_value(k, True)}: {_value(v, True)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(v, True) for v in value) + "]"
    text = str(value)
    if text != "null" and (_PLAIN.fullmatch(text) or (not flow and _PROSE.fullmatch(text))):
        return text
    return '"' + "".join(_escaped(c) for c in text) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    code = ord(char)
    return char if char.isprintable() else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
