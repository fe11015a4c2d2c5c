"""What the other verbs print with ``--json``: compare, doctor, explain, index, check --plan, simulate --list, sweep."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from scimrunbook.shapes.runs import WHOLE, State, Verdict

Status = State | Literal["absent"]


@with_config(WHOLE)
class Judged(TypedDict):
    """One of the two runs."""

    incident: str
    run: str
    as_of: str
    verdict: Verdict


@with_config(WHOLE)
class Changed(TypedDict):
    """A finding in both runs; ``absent`` where a run did not make it."""

    finding: str
    title: str
    was: Status
    now: Status


@with_config(WHOLE)
class CausesChanged(TypedDict):
    mended: list[str]
    unclear: list[str]
    new: list[str]
    same: list[str]


@with_config(WHOLE)
class Moved(TypedDict):
    """One person's hop in both runs."""

    key: str
    login: str
    was: str
    now: str


@with_config(WHOLE)
class PeopleMoved(TypedDict):
    arrived: list[Moved]
    moved_on: list[Moved]
    fell_back: list[Moved]
    unchanged: int
    only_before: int
    only_after: int


@with_config(WHOLE)
class Comparison(TypedDict):
    """``compare --json``."""

    schema_version: Literal[1]
    before: Judged
    after: Judged
    fixed: list[Changed]
    new: list[Changed]
    unchanged: list[Changed]
    not_judged: list[Changed]
    causes: CausesChanged
    people: PeopleMoved
    sentence: str


@with_config(WHOLE)
class Checked(TypedDict):
    part: str
    name: str
    state: Literal["ok", "warn", "fail", "info"]
    said: str
    remedy: str


@with_config(WHOLE)
class Health(TypedDict):
    """``doctor --json``."""

    version: str
    ok: bool
    checks: list[Checked]


@with_config(WHOLE)
class Do(TypedDict):
    where: str
    what: str


@with_config(WHOLE)
class Reading(TypedDict):
    """``explain --text --json``, and one line of ``explain --stdin``; ``ask`` where the text alone does not decide."""

    cause: str
    confidence: float
    meaning: str
    actions: list[Do]
    ask: str | None
    source: str
    rests_on: list[str]


@with_config(WHOLE)
class Entry(TypedDict):
    """``explain ID --json``."""

    id: str
    kind: str
    title: str
    meaning: str
    fix: str
    causes: list[str]
    source: str
    more: dict[str, str]


@with_config(WHOLE)
class BadLine(TypedDict):
    """A line of ``explain --stdin`` that could not be read."""

    error: str
    line: int


Explained = Reading | Entry | BadLine


@with_config(WHOLE)
class Run(TypedDict):
    """A run: the newest of its incident, or any with ``--all-runs``. ``findings``: of all its causes, by blanks."""

    incident: str
    run: str
    started_at: str
    verdict: Verdict
    cause: str | None
    finding: str | None
    findings: str
    affected: int
    identity_provider: str
    tenant: str | None
    catalog_host: str
    practice: bool | None
    version: str
    folder: str
    came_back: bool


@with_config(ConfigDict(extra="allow"))
class Counted(TypedDict):
    """``index --by COLUMN``: the column with its value stands beside these."""

    incidents: int
    newest: str


Index = list[Run] | list[Counted]


@with_config(WHOLE)
class Request(TypedDict):
    method: Literal["GET", "POST"]
    url: str
    at_most: int
    credential: str
    why: str


@with_config(WHOLE)
class Plan(TypedDict):
    """``check --plan --json``."""

    incident: str
    requests: list[Request]


@with_config(WHOLE)
class Fault(TypedDict):
    """One of ``simulate --list --json``: a fault with its ground truth."""

    name: str
    title: str
    providers: list[str]
    cause: str | None
    finding: str | None
    hop: str | None
    symptoms: list[str]
    observable_in: list[str]
    elsewhere: dict[str, Any]
    unseen: dict[str, str]
    partly: dict[str, str]


@with_config(WHOLE)
class Outcome(TypedDict):
    """How one incident of a sweep ended."""

    file: str
    sha256: str
    state: Literal["done", "refused", "failed"]
    incident: str
    folder: str
    verdict: Verdict | Literal[""]
    cause: str
    finding: str
    exit_code: int
    seconds: float
    problem: str


@with_config(WHOLE)
class Sweep(TypedDict):
    """``sweep --json``."""

    sweep: str
    incidents: list[Outcome]
