"""Answers to the steps only a human can do: recorded beside the runs, one line per answer, never changed.

``outputs/<incident>/answers.jsonl`` holds ``{check, answer, note, by, at}`` per line, the newest last. The next
judgement uses the newest answer to each check, from here or from the incident file. A note is scrubbed first.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from scimrunbook.evidence.secrets import scrub
from scimrunbook.incident import Answer, CheckId, Incident
from scimrunbook.problems import UserProblem
from scimrunbook.sources.exports.leaks import take_out

FILE = "answers.jsonl"
_CHECK: TypeAdapter[str] = TypeAdapter(CheckId)
_LONGEST = 2000  # characters of a note


def record(home: Path, check: str, answer: str, *, note: str = "", by: str | None, at: datetime | None = None) -> None:
    """Adds an answer to those of the incident whose outputs lie in ``home``. Raises UserProblem for an empty one."""
    note = take_out(scrub(note.strip()[:_LONGEST]))[0]
    try:
        row = {
            "check": _CHECK.validate_python(check),
            **Answer(answer=answer.strip(), by=by, at=at or datetime.now(UTC), note=note or None).model_dump(
                mode="json"
            ),
        }
    except ValidationError:
        raise UserProblem(f"This is no answer to {check}. Choose one of those the step offers.") from None
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = json.dumps(row, ensure_ascii=False) + "\n"
    with os.fdopen(os.open(home / FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "rb+") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - 1, 0))
        torn = file.read(1) not in (b"", b"\n")
        file.write((("\n" if torn else "") + line).encode())


def recorded(home: Path) -> list[dict[str, Any]]:
    """Every answer that can be read, the oldest first. A torn or foreign line hides no other."""
    try:
        lines = (home / FILE).read_text("utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return []
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
            Answer.model_validate({k: v for k, v in row.items() if k != "check"})
            _CHECK.validate_python(row["check"])
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        rows.append(row)
    return rows


def merged(incident: Incident, home: Path) -> dict[str, dict[str, Any]]:
    """Check id → its newest answer. One of the incident file that names no time gives way to a recorded one."""
    known = {check: answer.model_dump(mode="json") for check, answer in incident.answers.items()}
    for row in recorded(home):
        check, answer = row["check"], {k: v for k, v in row.items() if k != "check"}
        if check not in known or _at(answer) >= _at(known[check]):
            known[check] = answer
    return known


def _at(answer: dict[str, Any]) -> datetime:
    said = answer.get("at")
    return datetime.fromisoformat(str(said).replace("Z", "+00:00")) if said else datetime.min.replace(tzinfo=UTC)
