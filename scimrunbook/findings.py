"""What a check says: a Finding, its Status, the Actions that mend it.

A finding is data. It is written by a pure function of a snapshot, serialised to ``findings.json`` and shown
unchanged by every face. Its title states the healthy state; what is wrong stands in ``actual``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from scimrunbook.causes import Action, Cause

__all__ = ["Action", "Cause", "Evidence", "Finding", "Manual", "Outcome", "Reach", "Status"]

MAX_AFFECTED_SHOWN = 100


class Status(StrEnum):
    """How a check ended. ``error`` is our own failure and is never counted as skipped."""

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    MANUAL = "manual"
    SKIPPED = "skipped"
    ERROR = "error"


class Reach(StrEnum):
    """How far a broken state reaches. A tenant-wide block outranks a personal one."""

    TENANT = "tenant"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A small table that proves what was said. ``rows`` are tuples in the order of ``columns``; text only."""

    caption: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    total: int | None = None  # rows that exist, where only the first are shown

    @classmethod
    def of(cls, caption: str, frame: Any, columns: list[str] | None = None, limit: int = 10) -> Evidence:
        """The first ``limit`` rows of a data frame, every value as text, missing ones as an em dash."""
        picked = frame[columns] if columns else frame
        rows = tuple(tuple(_text(v) for v in row) for row in picked.head(limit).itertuples(index=False))
        return cls(caption, tuple(str(c) for c in picked.columns), rows, len(frame))


@dataclass(frozen=True, slots=True)
class Manual:
    """A question only a human can answer: one clear question, where to look, the answers to choose from.

    ``healthy`` names the answers that mean health; any other answer means trouble.
    """

    question: str
    where: str
    answers: tuple[str, ...] = ("yes", "no", "cannot tell")
    healthy: tuple[str, ...] = ("yes",)


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer of one check.

    ``affected`` holds person or group keys (of ``people``/``groups``/``accounts``), all of them; faces show the
    first 100. ``deciding`` marks findings on which a cause may rest; a symptom describes, it decides nothing.
    ``since`` is when the trouble began, where the data tells. ``needs`` says how to get what was missing.
    """

    id: str
    title: str
    status: Status
    section: str
    provider: str
    expected: str = ""
    actual: str = ""
    evidence: tuple[Evidence, ...] = ()
    affected: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    manual: Manual | None = None
    answer: dict[str, Any] | None = None
    blocked_by: str | None = None
    needs: str = ""
    guide: str = ""
    causes: tuple[Cause, ...] = ()
    against: tuple[Cause, ...] = ()
    reach: Reach = Reach.PEOPLE
    deciding: bool = True
    since: str | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if self.status in (Status.FAIL, Status.WARN) and not self.actions:
            raise ValueError(f"{self.id}: a {self.status} needs an action")
        if self.status is Status.MANUAL and self.manual is None:
            raise ValueError(f"{self.id}: a manual step needs its question")
        if self.status is Status.SKIPPED and not (self.needs or self.blocked_by or self.actual):
            raise ValueError(f"{self.id}: a skipped check says why")

    def with_(self, **changes: Any) -> Finding:
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """The finding as plain JSON data; the contract of ``findings.json``."""
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status.value,
            "section": self.section,
            "provider": self.provider,
            "expected": self.expected,
            "actual": self.actual,
            "evidence": [
                {
                    "caption": e.caption,
                    "columns": list(e.columns),
                    "rows": [list(r) for r in e.rows],
                    "total": len(e.rows) if e.total is None else e.total,
                }
                for e in self.evidence
            ],
            "affected": {"count": len(self.affected), "keys": list(self.affected[:MAX_AFFECTED_SHOWN])},
            "actions": [{"where": a.where, "what": a.what, "why": a.why} for a in self.actions],
            "manual": None
            if self.manual is None
            else {
                "question": self.manual.question,
                "where": self.manual.where,
                "answers": list(self.manual.answers),
                "healthy": list(self.manual.healthy),
            },
            "answer": self.answer,
            "blocked_by": self.blocked_by,
            "needs": self.needs,
            "guide": self.guide,
            "causes": [c.value for c in self.causes],
            "against": [c.value for c in self.against],
            "reach": self.reach.value,
            "deciding": self.deciding,
            "since": self.since,
            "source": self.source,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Finding:
        """The finding that ``to_json`` wrote, but for affected keys beyond those it lists. Raises KeyError."""
        plain = {k: data[k] for k in ("id", "title", "section", "provider", "expected", "actual", "answer", "needs")}
        plain |= {k: data[k] for k in ("blocked_by", "guide", "deciding", "since", "source")}
        manual = data["manual"]
        return cls(
            **plain,
            status=Status(data["status"]),
            evidence=tuple(
                Evidence(e["caption"], tuple(e["columns"]), tuple(tuple(r) for r in e["rows"]), e["total"])
                for e in data["evidence"]
            ),
            affected=tuple(data["affected"]["keys"]),
            actions=tuple(Action(**a) for a in data["actions"]),
            manual=manual
            and Manual(manual["question"], manual["where"], tuple(manual["answers"]), tuple(manual["healthy"])),
            causes=tuple(Cause(c) for c in data["causes"]),
            against=tuple(Cause(c) for c in data["against"]),
            reach=Reach(data["reach"]),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check function returns; the registry adds id, title, section, provider, guide link and source."""

    status: Status
    actual: str = ""
    expected: str = ""
    evidence: tuple[Evidence, ...] = ()
    affected: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    manual: Manual | None = None
    answer: dict[str, Any] | None = None
    blocked_by: str | None = None
    needs: str = ""
    causes: tuple[Cause, ...] | None = None  # None: those the check declares
    against: tuple[Cause, ...] = ()
    reach: Reach | None = None  # None: the one the check declares
    since: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def _text(value: Any) -> str:
    if value is None or value != value or str(value) in ("<NA>", "NaT"):
        return "—"
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).replace("+00:00", "Z")
    return str(value)
