"""``scimrunbook purge``: takes raw personal data away by age or incident, and keeps a record that it did.

Runs, working copies of notebooks and shared bundles go; the pseudonym key and the maps go with an incident only.
What stays is ``outputs/purged.jsonl``: when, what, how old, by whom; no name of a person.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scimrunbook.evidence.custody import operator
from scimrunbook.problems import UserProblem

DEFAULT_DAYS = 90  # how long raw data is kept unless somebody says otherwise; nothing is purged by itself
RECORD = "purged.jsonl"
_RUN = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)(-\d+)?(\.partial)?")


@dataclass(frozen=True, slots=True)
class Victim:
    """A folder or file that goes."""

    path: Path
    why: str


def older_than(outputs: Path, days: int, now: datetime | None = None) -> list[Victim]:
    """Runs (finished or not) and bundles whose name says that they are older than ``days``."""
    limit = (now or datetime.now(UTC)) - timedelta(days=days)
    found = []
    for incident in _incidents(outputs):
        for path in sorted([*incident.iterdir(), *(incident / "shared").glob("*")]):
            stamp = _RUN.match(path.name)
            if stamp and datetime.strptime(stamp[1], "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC) < limit:
                found.append(Victim(path, f"older than {days} days"))
    return found


def of_incident(outputs: Path, incident: str) -> list[Victim]:
    """Everything of one incident, its key and maps included: pseudonyms cannot be told any more afterwards."""
    folder = outputs / incident
    if folder.parent.resolve() != outputs.resolve() or folder not in _incidents(outputs):
        raise UserProblem(f"{outputs} holds no incident {incident}.")
    return [Victim(folder, "the whole incident")]


def purge(outputs: Path, victims: list[Victim], now: datetime | None = None) -> int:
    """Removes them and records it, each before it goes: what cannot be recorded is not removed. Returns how many."""
    for victim in victims:
        _record(outputs, victim, now or datetime.now(UTC))
        _remove(victim.path)
    return len(victims)


def _incidents(outputs: Path) -> list[Path]:
    if not outputs.is_dir():
        raise UserProblem(f"There is no folder {outputs}.")
    return sorted(p for p in outputs.iterdir() if p.is_dir() and not p.is_symlink() and p.name != "practice")


def _record(outputs: Path, victim: Victim, now: datetime) -> None:
    entry = {
        "utc": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "removed": victim.path.relative_to(outputs).as_posix(),
        "why": victim.why,
        "files": sum(1 for p in victim.path.rglob("*") if p.is_file()) if victim.path.is_dir() else 1,
        "by": operator(),
    }
    descriptor = os.open(outputs / RECORD, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
        return
    for inner in [path, *path.rglob("*")]:  # complete runs are read-only
        if inner.is_dir() and not inner.is_symlink():
            inner.chmod(0o700)
    shutil.rmtree(path)
