"""What ``scimrunbook explain`` answers: for a text, for a stream of texts, for an id. Only a check's id needs pandas.

An answer is a dict with ``cause``, ``confidence``, ``meaning``, ``actions``, ``ask``, ``source`` (texts) or, for an id,
``id``, ``kind``, ``title``, ``meaning``, ``fix``, ``causes``, ``source``, ``more``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any

from scimrunbook import guide, texts
from scimrunbook.texts.rules import KINDS, UNKNOWN, rules

MAX_LINE = 1_000_000  # bytes; a longer line is refused, not read into memory
_PROVIDERS = ("okta", "entra")
REACHES = ("one", "some", "everybody")  # whom it hits
_CHECK = re.compile(r'@check\(\s{0,20}(?:"([a-z_]+\.[a-z0-9_]+)"|([A-Z_]+),)')


def explain_text(
    text: str,
    provider: str | None = None,
    kind: str | None = None,
    http_status: int | None = None,
    reach: str | None = None,
    others_succeed: bool | None = None,
) -> dict[str, Any]:
    """The reading of one text as a dict for JSON. ``reach`` and ``others_succeed`` as in ``texts.Context``."""
    known = reach in REACHES or others_succeed is not None
    context = texts.Context(reach if reach in REACHES else None, others_succeed) if known else None
    found = texts.read(
        text,
        provider if provider in _PROVIDERS else None,
        kind if kind in KINDS else None,
        http_status,
        context=context,
    )
    return {
        "cause": found.cause,
        "confidence": found.confidence,
        "meaning": found.meaning,
        "actions": [{"where": a.where, "what": a.what} for a in found.actions],
        "ask": found.ask,
        "source": found.source,
        "rests_on": list(found.rests_on),
    }


def explain_stream(lines: IO[bytes], out: IO[str]) -> None:
    """One answer per line, as soon as the line is there; a bad line gets an error object and the next is read."""
    number = 0
    while line := lines.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            while line and not line.endswith(b"\n"):
                line = lines.readline(MAX_LINE)
            answer: dict[str, Any] = {"error": f"The line is longer than {MAX_LINE} bytes.", "line": number}
        elif not line.strip():
            continue
        else:
            answer = _answer(line, number)
        out.write(json.dumps(answer) + "\n")
        out.flush()


def _answer(line: bytes, number: int) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "The line is not JSON.", "line": number}
    if not isinstance(asked, dict) or not isinstance(asked.get("text"), str):
        return {"error": 'The line is no JSON object with a "text".', "line": number}
    try:
        status = _status(asked.get("http_status"))
    except (ValueError, OverflowError):
        return {"error": '"http_status" is no HTTP status.', "line": number}
    given = {k: asked[k] for k in ("provider", "kind", "reach") if isinstance(asked.get(k), str)}
    others = asked.get("others_succeed")
    others = others if isinstance(others, bool) else None
    return explain_text(asked["text"], http_status=status, others_succeed=others, **given)


def _status(value: Any) -> int | None:
    """An HTTP status as number or text; None where there is none. Raises ValueError."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | str | float) or not 100 <= int(value) <= 599:
        raise ValueError(value)
    return int(value)


def explain_id(id: str) -> dict[str, Any] | None:
    """The entry of a cause, check, symptom, rule, Entra code, skip or quarantine reason, or Okta event type."""
    entry = _cause(id) or _entra(id) or _okta(id) or _symptom(id) or _rule(id)
    return entry or (_check(id) if id in check_ids() else None)


def known_ids() -> Iterator[tuple[str, str]]:
    """Every id that can be explained, with what it is; for completion and for suggestions."""
    yield from ((n, "cause") for n in guide.CAUSES)
    yield from ((n, "check") for n in check_ids())
    yield from ((n, "Entra error code") for n in guide.ENTRA_ERRORS)
    yield from ((n, "Entra skip reason") for n in guide.ENTRA_SKIPS)
    yield from ((n, "Entra quarantine reason") for n in guide.QUARANTINE_REASONS)
    yield from ((n, "Okta event type") for n in _okta_table())
    yield from ((n, "symptom") for n in guide.SYMPTOMS)
    yield from ((r.id, "rule of the error reader") for r in rules())


def close_to(id: str) -> list[str]:
    """Ids that look like this one."""
    ids = [n for n, _ in known_ids()]
    folded = {n.casefold(): n for n in ids}
    close = get_close_matches(id.casefold(), folded, n=5, cutoff=0.5)
    return [folded[n] for n in close] or [n for n in ids if id.casefold() in n.casefold()][:5]


def check_ids() -> list[str]:
    """Ids of all checks, read from their modules without importing them (that would take pandas along)."""
    sources = sorted(Path(__file__).with_name("checks").glob("*.py"))
    return [id for f in sources for id in _ids_in(f.read_text("utf-8"))]


def _ids_in(source: str) -> Iterator[str]:
    for id, constant in _CHECK.findall(source):
        named = re.search(rf'^{constant} = "([a-z_.0-9]+)"', source, re.MULTILINE) if constant else None
        if id or named:
            yield id or (named[1] if named else "")


def _entry(
    id: str, kind: str, title: str, meaning: str, fix: str, causes: Any, source: str, **more: Any
) -> dict[str, Any]:
    told = {k: v for k, v in more.items() if v}
    return {
        "id": id,
        "kind": kind,
        "title": title,
        "meaning": meaning,
        "fix": fix,
        "causes": [str(c) for c in causes],
        "source": source,
        "more": told,
    }


def _cause(id: str) -> dict[str, Any] | None:
    family = guide.CAUSES.get(id)
    if family is None:
        return None
    return _entry(id, "cause", family.title, family.meaning, family.first_step, (), family.source)


def _entra(id: str) -> dict[str, Any] | None:
    if id in guide.ENTRA_SKIPS:
        s = guide.ENTRA_SKIPS[id]
        return _entry(id, "Entra skip reason", id, s.meaning, s.fix, s.causes, s.source)
    if id in guide.QUARANTINE_REASONS:
        q = guide.QUARANTINE_REASONS[id]
        fix = guide.CAUSES[str(q.causes[0]) if q.causes else UNKNOWN].first_step
        return _entry(id, "Entra quarantine reason", id, q.meaning, fix, q.causes, q.source)
    known = guide.entra_error(id)
    if known is None:
        return None
    more = {} if known.code == id else {"known as": known.code}
    return _entry(id, "Entra error code", id, known.meaning, known.fix, known.causes, known.source, **more)


def _okta_table() -> dict[str, Any]:
    return {n: e for n, e in guide.read_table("okta_events").items() if n != "defaults"}


def _okta(id: str) -> dict[str, Any] | None:
    event = _okta_table().get(id)
    if event is None:
        return None
    defaults = guide.read_table("okta_events").get("defaults", {})
    causes = event.get("causes", ())
    fix = (
        "The event names what was tried; its outcome.reason decides: read that with scimrunbook explain --text."
        if causes
        else "Nothing to mend: the event reports what was done."
    )
    source = guide.SOURCES[{**defaults, **event}["source"]].title
    return _entry(id, "Okta event type", id, event["meaning"], fix, causes, source, action=event["action"])


def _symptom(id: str) -> dict[str, Any] | None:
    symptom = guide.SYMPTOMS.get(id)
    if symptom is None:
        return None
    fix = f"Name it under symptoms: in the incident file; {symptom.observed_by} then looks whether it is visible."
    return _entry(id, "symptom", symptom.title, symptom.sentence, fix, (), symptom.source)


def _rule(id: str) -> dict[str, Any] | None:
    rule = next((r for r in rules() if r.id == id), None)
    if rule is None:
        return None
    steps = texts.steps(rule.fix, rule.cause, None) if rule.cause != UNKNOWN else ()
    fix = " ".join(s.what for s in steps) or rule.ask
    source = guide.SOURCES[rule.source].title
    causes = () if rule.cause == UNKNOWN else (rule.cause,)
    return _entry(id, "rule of the error reader", id, rule.meaning, fix, causes, source, example=rule.example.text)


def _check(id: str) -> dict[str, Any]:
    from scimrunbook.checks import REGISTRY, SECTIONS, checks_of  # pandas comes with them

    for section in SECTIONS:
        checks_of(section, "okta")
    found = REGISTRY[id]
    part = guide.SECTIONS[found.section]
    steps = [guide.CAUSES[str(c)].first_step for c in found.causes]
    fix = " ".join(
        [*dict.fromkeys(steps), "The finding of a run (scimrunbook check) names the exact screen and click."]
    )
    needs = sorted({n for ways in found.needs.values() for way in ways for n in way})
    return _entry(
        id,
        "check",
        found.title,
        f"Healthy is: {found.title}. Section {part.title} of the guide, notebook {part.notebook}.",
        fix,
        found.causes,
        found.source,
        **{
            "providers": ", ".join(found.providers),
            "reads": ", ".join(needs),
            "waits for": ", ".join(found.blocked_by),
            "guide": part.link,
        },
    )
