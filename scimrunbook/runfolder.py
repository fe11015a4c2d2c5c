"""The folder of one run: its name, its life from ``.partial`` to complete, its ``run.json``.

``outputs/<incident>/<2026-11-23T20-15-07Z>/``. Until everything is written the name ends in ``.partial``; a complete
run is read-only and never written again. Whatever stops a run leaves the partial folder and what it holds.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import platform
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scimrunbook import __version__
from scimrunbook.problems import UserProblem

PARTIAL = ".partial"
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d+)?")


def home_of(incident_file: Path) -> Path:
    """Where ``outputs/`` belongs: the nearest parent of the incident file that holds ``parameters/``, else its own."""
    start = incident_file.resolve().parent
    return next((p for p in (start, *start.parents) if (p / "parameters").is_dir()), start)


def outputs_of(incident_file: Path) -> Path:
    """``SCIMRUNBOOK_OUTPUTS`` where it is set, else ``outputs/`` in the home of the incident file."""
    return Path(os.environ.get("SCIMRUNBOOK_OUTPUTS") or home_of(incident_file) / "outputs")


class RunFolder:
    """A run being written. ``path`` is where it lies now, ``name`` what it will be called."""

    def __init__(self, incident_folder: Path, clock: datetime | None = None) -> None:
        incident_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stamp = (clock or datetime.now(UTC)).strftime("%Y-%m-%dT%H-%M-%SZ")
        self.name, number = stamp, 1
        while True:
            self.path = incident_folder / (self.name + PARTIAL)
            try:
                self.path.mkdir(mode=0o700)
                if not (incident_folder / self.name).exists():
                    break
                self.path.rmdir()  # one of that name is complete; perhaps since this moment
            except FileExistsError:
                pass
            except FileNotFoundError:  # another run of this incident was refused, and took the empty folder away
                incident_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                continue
            number += 1
            self.name = f"{stamp}-{number}"
        self.head: dict[str, Any] = {
            "schema_version": 1,
            "run": self.name,
            "incident": incident_folder.name,
            "state": "started",
            "started_at": _now(),
            "finished_at": None,
            "by": _user(),
            "version": __version__,
            "python": platform.python_version(),
            "inputs": {},
            "sections": {},
        }
        self.record()

    def record(self, **changes: Any) -> None:
        """Updates ``run.json``, atomically."""
        self.head.update(changes)
        write(self.path / "run.json", json.dumps(self.head, indent=2, ensure_ascii=False) + "\n")

    def json(self, name: str, data: Any) -> None:
        write(self.path / name, json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def finish(self) -> Path:
        """Makes the run complete: every file read-only, the folder under its final name. Returns the folder."""
        self.record(state="complete", finished_at=_now())
        for file in self.path.rglob("*"):
            file.chmod(0o700 if file.is_dir() else 0o400)
        self.path = self.path.rename(self.path.with_name(self.name))
        return self.path

    def stopped(self, state: str) -> None:
        """Says why the run is not complete, and what it holds. A complete one is left as it is."""
        if self.path.name.endswith(PARTIAL) and self.path.is_dir():
            self.record(state=state, holds=sorted(p.name for p in self.path.iterdir()))

    def discard(self) -> None:
        """Takes the folder away again; only for a run that never collected anything."""
        for file in sorted(self.path.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        self.path.rmdir()
        with contextlib.suppress(OSError):  # it holds other runs, or one that begins this moment
            self.path.parent.rmdir()


def write(path: Path, content: str | bytes) -> None:
    """Writes a private file atomically: it is whole or it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
    draft.replace(path)


def complete_runs(incident_folder: Path) -> list[Path]:
    """Complete runs of an incident, the newest first."""
    if not incident_folder.is_dir():
        return []
    found = [p for p in incident_folder.iterdir() if _NAME.fullmatch(p.name) and (p / "run.json").is_file()]
    return sorted(found, key=lambda p: p.name, reverse=True)


def find_run(given: str, outputs: Path | None = None) -> Path:
    """RUN of the command line: a run's folder, ``<incident>/<run>``, or an incident id (its latest complete run).

    Looked for as a path first, then under ``outputs`` (``SCIMRUNBOOK_OUTPUTS``, else the nearest ``outputs/``).
    Raises UserProblem, which names what there is.
    """
    here = Path.cwd()
    usual = next((p / "outputs" for p in (here, *here.parents) if (p / "outputs").is_dir()), here / "outputs")
    root = outputs or Path(os.environ.get("SCIMRUNBOOK_OUTPUTS") or usual)
    for path in (Path(given), root / given):
        if (path / "run.json").is_file() and not path.name.endswith(PARTIAL):
            return path
        if runs := complete_runs(path):
            return runs[0]
    known = sorted(p.name for p in root.iterdir() if complete_runs(p)) if root.is_dir() else []
    raise UserProblem(
        f"There is no complete run {given} under {root}. Name the folder of a run, or an incident that has one: "
        f"{', '.join(known) or 'there is none yet'}."
    )


def head_of(run: Path) -> dict[str, Any]:
    """The run's ``run.json``."""
    data: dict[str, Any] = json.loads((run / "run.json").read_text("utf-8"))
    return data


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None  # a container without a passwd entry has nobody to name
