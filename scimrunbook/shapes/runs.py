"""``findings.json`` and ``diagnosis.json``, and what ``run``, ``check`` and ``trace`` print with ``--json``."""

from __future__ import annotations

from typing import (
    Any,
    Literal,
    NotRequired,  # comes with pydantic, which needs it before Python 3.12
)

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

WHOLE = ConfigDict(extra="forbid")
State = Literal["pass", "fail", "warn", "manual", "skipped", "error"]
Verdict = Literal["problem", "inconclusive", "healthy"]
Hop = Literal["passed", "stopped", "not reached", "not known"]


@with_config(WHOLE)
class Step(TypedDict):
    where: str
    what: str
    why: str


@with_config(WHOLE)
class Evidence(TypedDict):
    caption: str
    columns: list[str]
    rows: list[list[str]]
    total: int


@with_config(WHOLE)
class Affected(TypedDict):
    count: int
    keys: list[str]


@with_config(WHOLE)
class AffectedOf(Affected):
    table: str


@with_config(WHOLE)
class Manual(TypedDict):
    question: str
    where: str
    answers: list[str]
    healthy: list[str]


@with_config(WHOLE)
class Finding(TypedDict):
    """One answer of one check; its title states the healthy state."""

    id: str
    title: str
    status: State
    section: str
    provider: str
    expected: str
    actual: str
    evidence: list[Evidence]
    affected: Affected
    actions: list[Step]
    manual: Manual | None
    answer: dict[str, Any] | None
    blocked_by: str | None
    needs: str
    guide: str
    causes: list[str]
    against: list[str]
    reach: Literal["tenant", "people"]
    deciding: bool
    since: str | None
    source: str


@with_config(WHOLE)
class Head(TypedDict):
    schema_version: Literal[1]
    incident: str
    run: str
    as_of: str


@with_config(WHOLE)
class Findings(Head):
    """``findings.json``."""

    findings: list[Finding]


@with_config(WHOLE)
class Cause(TypedDict):
    """A ranked cause, the likeliest first."""

    cause: str
    finding: str | None
    share: float | None
    affected: AffectedOf
    findings: list[str]
    why: str
    actions: list[Step]
    ask: str | None
    against: list[str]
    preview: dict[str, Any] | None
    meanwhile: list[Step]
    look_again: dict[str, str | None]


@with_config(WHOLE)
class Missing(TypedDict):
    """``checks``: the checks that could not be made for it, where they are known."""

    what: str
    get_it: str
    checks: NotRequired[str]


@with_config(WHOLE)
class Support(TypedDict):
    needed: bool
    reason: str


@with_config(WHOLE)
class Masked(TypedDict):
    finding: str
    cause: str
    blocked_by: str
    actual: str
    kind: str


@with_config(WHOLE)
class Diagnosis(Head):
    """``diagnosis.json``."""

    verdict: Verdict
    causes: list[Cause]
    people: dict[str, int]
    not_checked: list[Missing]
    contact_support: Support
    masked: list[Masked]
    first: str
    decides: dict[str, str] | None


@with_config(WHOLE)
class Result(Diagnosis):
    """What ``run --json`` and ``check --json`` print: the diagnosis, the findings, and where the run lies."""

    folder: str
    findings: list[Finding]


@with_config(WHOLE)
class Passed(TypedDict):
    """One hop of a card."""

    hop: str
    question: str
    state: Hop
    proof: str
    record: dict[str, Any] | None
    at: str | None
    finding: str | None
    actions: list[Step]


class Card(TypedDict):
    """One person or team (``need`` for a person only); see ``scimrunbook.card``."""

    kind: Literal["person", "team"]
    key: str
    label: str
    name: str
    hop: str
    headline: str
    ids: dict[str, str | None]
    need: NotRequired[str]
    finding: str | None
    actions: list[Step]
    hops: list[Passed]
    timeline: list[dict[str, Any]]


@with_config(WHOLE)
class Match(TypedDict):
    kind: Literal["person", "group"]
    key: str
    label: str
    name: str
    how: str


@with_config(WHOLE)
class Way(Head):
    """What ``trace --json`` prints. Exactly one match has its card; nothing is guessed."""

    asked: str
    matches: list[Match]
    cards: list[Card]
