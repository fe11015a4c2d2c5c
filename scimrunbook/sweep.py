"""Many incidents side by side, each on its own: local processes, or the workers of an existing Dask cluster.

What is finished is written down at once (``outputs/.sweeps/<name>/done.jsonl``). The same command after an
interruption goes on where it stopped; an incident file that was edited meanwhile, or could not be run, is run again.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scimrunbook.problems import UserProblem, told
from scimrunbook.runfolder import write
from scimrunbook.sweep_claim import claimed
from scimrunbook.sweep_work import Outcome, Task, begin_worker, digest, run_task

MEMORY_PER_INCIDENT_MB = 600  # a process, its warm process and two kernels at their peak, measured on 25 to 400 people
DEATHS = 2  # so often a process may die under an incident that runs alone before it is given up
WORST = (70, 2, 1, 3, 0)  # exit codes, the worst first
RESUME_HOURS = 12  # cut off longer ago, a sweep is not gone on with: what it finished is yesterday's data


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a sweep is. ``left_seconds`` is None until something was finished in this session."""

    total: int
    done: int
    running: int
    failed: int
    left_seconds: float | None
    last: Outcome | None = None


@dataclass(slots=True)
class Cluster:
    """How to make executors. ``width``: incidents at a time; ``lost``: errors that say that a worker went away;
    ``check``: raises UserProblem where a worker does not see one of these paths.
    """

    make: Callable[[], Executor]
    width: int
    lost: tuple[type[BaseException], ...] = (BrokenExecutor, CancelledError)
    close: Callable[[Executor], None] = field(default=lambda executor: executor.shutdown(cancel_futures=True))
    check: Callable[[Sequence[Path]], None] = field(default=lambda _: None)


def local(jobs: int | None = None) -> Cluster:
    """Processes on this machine: ``jobs``, or as many as cores and free memory bear."""
    width = jobs or default_jobs()

    def make() -> Executor:
        # spawn: nothing of this process, its threads least of all, is copied into a worker
        return ProcessPoolExecutor(width, multiprocessing.get_context("spawn"), initializer=begin_worker)

    def close(executor: Executor) -> None:
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
        executor.shutdown(wait=True)

    return Cluster(make, width, close=close)


def default_jobs() -> int:
    """Cores this process may use, or fewer where the free memory does not carry that many incidents at a time."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _free_mb() // MEMORY_PER_INCIDENT_MB))


def _free_mb() -> int:
    """Free memory of the machine, or of the container where that is less (Linux; elsewhere enough for two)."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        free = next(int(line.split()[1]) // 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return MEMORY_PER_INCIDENT_MB * 2
    for group in (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory")):
        for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
            try:
                most, taken = (int((group / name).read_text("ascii")) for name in (limit, used))
            except (OSError, ValueError):  # not there, or "max"
                continue
            free = min(free, max(most - taken, 0) >> 20)
    return free


def _stands(known: Outcome, task: Task) -> bool:
    """Whether an outcome of before is still one: what could not be run may have been mended beside its file."""
    return known.state == "done" and known.sha256 == digest(task.file) and Path(known.folder).is_dir()


class Ledger:
    """What a sweep has finished; a line per incident, whole or not there."""

    def __init__(self, folder: Path, tasks: Sequence[Task]) -> None:
        self.folder = folder
        self.finished: dict[str, Outcome] = {}
        path = folder / "done.jsonl"
        if path.is_file():
            for line in path.read_bytes().splitlines():  # as text one cut off inside a letter could not be read at all
                try:
                    outcome = Outcome(**json.loads(line))
                except (ValueError, TypeError):
                    continue  # the line that was being written when it was killed
                self.finished[outcome.file] = outcome
        for task in tasks:
            known = self.finished.get(task.file)
            if known is not None and not _stands(known, task):
                del self.finished[task.file]

    def add(self, outcome: Outcome) -> None:
        self.finished[outcome.file] = outcome
        line = json.dumps(outcome.to_json(), ensure_ascii=False)
        path = self.folder / "done.jsonl"
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "rb+") as file:
            ends = file.seek(0, os.SEEK_END)
            file.seek(max(ends - 1, 0))
            torn = file.read(1) not in (b"", b"\n")
            file.write((("\n" if torn else "") + line + "\n").encode())

    def end(self) -> None:
        head = json.loads((self.folder / "sweep.json").read_text("utf-8"))
        write(self.folder / "sweep.json", json.dumps({**head, "state": "complete"}, indent=1) + "\n")


@dataclass(frozen=True, slots=True)
class Opened:
    """``name`` of the sweep; ``too_old``: when an unfinished one of the same files stopped that is not gone on with."""

    name: str
    too_old: datetime | None = None


def opened(files: Sequence[Path], outputs: Path, options: dict[str, Any], *, fresh: bool = False) -> Opened:
    """The sweep to go on with: the newest unfinished one of the same files and options, else a new one."""
    head = {"files": [str(f.resolve()) for f in files], "options": options}
    home = outputs / ".sweeps"
    with claimed(home, "opening"):  # the same sweep started twice at once is one sweep
        stopped = None if fresh else _unfinished(home, head)
        if stopped is not None:
            at = _last_sign(stopped)
            if datetime.now(UTC) - at < timedelta(hours=RESUME_HOURS):
                return Opened(stopped.name)
        stamp, number = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ"), 1
        name = stamp
        while (home / name).exists():
            number += 1
            name = f"{stamp}-{number}"
        write(home / name / "sweep.json", json.dumps({**head, "state": "open"}, indent=1) + "\n")
    return Opened(name, None if stopped is None else at)


def _unfinished(home: Path, head: dict[str, Any]) -> Path | None:
    for folder in sorted((p for p in home.glob("*") if p.is_dir()), reverse=True):
        try:
            known = json.loads((folder / "sweep.json").read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(known, dict) and {"state": "open", **head}.items() <= known.items():
            return folder
    return None


def _last_sign(folder: Path) -> datetime:
    """When a sweep last wrote something down."""
    seconds = max(p.stat().st_mtime for p in folder.iterdir())
    return datetime.fromtimestamp(seconds, UTC)


def checked(files: Sequence[Path]) -> list[Path]:
    """The files, each once. Raises UserProblem where there is none."""
    unique = list(dict.fromkeys(f.resolve() for f in files))
    if not unique:
        raise UserProblem("No incident file was given.\nName some: scimrunbook sweep parameters/*.yaml")
    return unique


def sweep(tasks: Sequence[Task], ledger: Ledger, cluster: Cluster) -> Iterator[Standing]:
    """Runs what is not finished; yields after every change. The ledger holds the outcomes."""
    waiting = deque(t for t in tasks if t.file not in ledger.finished)
    alone: deque[Task] = deque()  # suspects: a process died while they ran, so each is tried by itself
    running: dict[Future[Outcome], Task] = {}
    deaths: Counter[str] = Counter()
    began, new = time.monotonic(), 0
    executor = cluster.make()

    def standing(last: Outcome | None = None) -> Standing:
        failed = sum(o.state != "done" for o in ledger.finished.values())
        done = len(ledger.finished)
        left = (time.monotonic() - began) / new * (len(tasks) - done) if new else None
        return Standing(len(tasks), done, len(running), failed, left, last)

    try:
        yield standing()
        while waiting or alone or running:
            width = 1 if alone else cluster.width
            queue = alone or waiting
            while queue and len(running) < width:
                task = queue.popleft()
                running[executor.submit(run_task, task)] = task
            lost: list[Task] = []
            for future in wait(running, timeout=1, return_when=FIRST_COMPLETED).done:
                task = running.pop(future)
                try:
                    outcome = future.result()
                except cluster.lost:
                    lost.append(task)
                    continue
                except Exception as problem:  # run_task raises nothing: what carries it failed, for this one
                    outcome = Outcome(task.file, digest(task.file), "failed", problem=told(problem, ledger.folder)[0])
                ledger.add(outcome)
                new += 1
                yield standing(outcome)
            if lost:
                by_itself = len(lost) == 1 and not running
                lost += running.values()
                running.clear()
                cluster.close(executor)
                executor = cluster.make()
                for task in lost:
                    deaths[task.file] += by_itself
                    if deaths[task.file] < DEATHS:
                        alone.append(task)
                        continue
                    said = f"The process that ran it died {DEATHS} times; its memory may not have sufficed."
                    ledger.add(Outcome(task.file, digest(task.file), "failed", problem=said))
                    new += 1
                    yield standing(ledger.finished[task.file])
    finally:
        cluster.close(executor)


def worst(outcomes: Sequence[Outcome]) -> int:
    """The exit code of a sweep: the worst of its incidents."""
    codes = {o.exit_code for o in outcomes}
    return next((code for code in WORST if code in codes), 70)
