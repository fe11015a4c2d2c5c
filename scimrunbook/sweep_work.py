"""What a sweep does with one incident, wherever it runs: in a process beside, or on a worker of a cluster.

Only paths and options travel there. The references in the incident file are resolved where the work runs, so no secret
is ever part of a task, a result or a graph of tasks.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_ONE_AT_A_TIME = threading.Lock()  # a worker with several threads still runs one incident at a time


@dataclass(frozen=True, slots=True)
class Task:
    """One incident file of a sweep; ``outputs`` empty: those of the file's own project."""

    file: str
    sweep: str
    outputs: str = ""
    notebooks: bool = True
    probe: str = "light"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one incident ended. ``state``: done | refused (the file is bad) | failed (our fault, or its process died)."""

    file: str
    sha256: str
    state: str
    incident: str = ""
    folder: str = ""
    verdict: str = ""
    cause: str = ""
    finding: str = ""
    exit_code: int = 70
    seconds: float = 0.0
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def begin_worker() -> None:
    """For processes of our own: private files; Ctrl-C is the parent's to handle; where the parent dies they end."""
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """Without this a killed sweep leaves its processes waiting for ever: each holds their pipe open for the others."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)  # what it was at stays a .partial; its claim and its kernels go with it


def run_task(task: Task) -> Outcome:
    """Runs one incident. Never raises for what is wrong with it: the outcome says so."""
    from scimrunbook.incident_file import load_incident
    from scimrunbook.problems import told
    from scimrunbook.sweep_claim import claimed

    began = time.monotonic()
    sha256 = digest(task.file)
    with _ONE_AT_A_TIME:
        try:
            loaded = load_incident(task.file)
            with claimed(_home(task) / ".sweeps" / task.sweep, str(loaded.path)):
                found = _finished_already(task, loaded.path, loaded.incident.incident, loaded.sha256)
                return _outcome(task, sha256, found or _run(task), time.monotonic() - began)
        except Exception as problem:  # one bad incident never stops the rest
            message, code = told(problem, _home(task))
            state = "refused" if code == 2 else "failed"
            took = round(time.monotonic() - began, 1)
            return Outcome(task.file, sha256, state, exit_code=code, problem=message, seconds=took)


def about_worker(paths: Sequence[str]) -> dict[str, Any]:
    """What must hold of a worker before it is given anything: its ``version``, and which ``paths`` are ``missing``."""
    from scimrunbook import __version__

    return {"version": __version__, "missing": [p for p in paths if not Path(p).exists()]}


def digest(file: str) -> str:
    """sha256 of the file; empty where it cannot be read."""
    import hashlib

    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return ""


def _home(task: Task) -> Path:
    from scimrunbook.runfolder import outputs_of

    return Path(task.outputs) if task.outputs else outputs_of(Path(task.file))


def _finished_already(task: Task, path: Path, incident: str, sha256: str) -> Path | None:
    """A complete run this very sweep made of this very file: its process ended before it could say so."""
    from scimrunbook.runfolder import complete_runs, head_of

    for run in complete_runs(_home(task) / incident):
        head = head_of(run)
        # by its path too: two files of one name and wording may have different exports beside them
        of_this_file = head.get("incident_file") == str(path.resolve()) and head["inputs"].get(path.name) == sha256
        if head.get("sweep") == task.sweep and of_this_file:
            return run
    return None


def _run(task: Task) -> Path:
    from scimrunbook.run import run_incident

    return run_incident(
        task.file,
        progress=_quiet,
        notebooks=task.notebooks,
        outputs=_home(task),
        probe=task.probe,
        labels={"sweep": task.sweep},
    ).folder


def _quiet(step: str, done: int, total: int | None = None) -> None:
    """A worker's terminal is nobody's: the sweep itself says how far it is."""


def _outcome(task: Task, sha256: str, folder: Path, took: float) -> Outcome:
    import json

    from scimrunbook.run import EXIT_CODES

    diagnosis = json.loads((folder / "diagnosis.json").read_text("utf-8"))
    first = next(iter(diagnosis["causes"]), {"cause": "", "finding": ""})
    return Outcome(
        task.file,
        sha256,
        "done",
        incident=diagnosis["incident"],
        folder=str(folder),
        verdict=diagnosis["verdict"],
        cause=first["cause"],
        finding=first["finding"] or "",
        exit_code=EXIT_CODES[diagnosis["verdict"]],
        seconds=round(took, 1),
    )
