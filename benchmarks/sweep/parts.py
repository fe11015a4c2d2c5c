"""The parts of a sweep that is to be disturbed: its incidents, its process, a cluster, and what it left behind.

Every wait has an end. Processes are started in sessions of their own and ended with all they started, whatever happens.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scimrunbook.simulator.files import write_incident
from scimrunbook.simulator.tenant import build

ROOT = Path(__file__).resolve().parents[2]
LOOK = 0.05  # seconds between two looks at how far a sweep is


def incidents(home: Path, count: int, cases: Sequence[tuple[str, str]], seeds: int = 99) -> list[tuple[Path, str]]:
    """Incident files with their exports, and the finding at fault.

    ``cases``: provider and fault (or ``none``), in turn, each time with another of so many seeds.
    """
    tenant_of = cache(build)
    made = []
    for number in range(count):
        provider, fault = cases[number % len(cases)]
        name = f"S-{number:03d}"
        seed = 3 + number // len(cases) % seeds
        tenant = tenant_of(provider, () if fault == "none" else (fault,), people=25, seed=seed)
        exports = home / "parameters" / f"{name}-exports"
        tenant.export(exports)
        path = write_incident(tenant, home / "parameters", exports=exports, name=name)
        made.append((path, tenant.truth[0].finding if tenant.truth else ""))
    return made


class _Process:
    """A process in a session of its own; ``usage_s`` is its CPU time once it has ended by itself, children included."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.said = folder / f".said-{time.monotonic_ns()}"
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with self.said.with_suffix(".out").open("w") as out, self.said.with_suffix(".err").open("w") as err:
            self.process = subprocess.Popen(
                list(command), env=environment, cwd=folder, stdout=out, stderr=err, start_new_session=True
            )
        self.usage_s = 0.0

    def alive(self) -> bool:
        if self.process.returncode is not None:
            return False
        pid, status, used = os.wait4(self.process.pid, os.WNOHANG)
        if pid:
            self.process.returncode = os.waitstatus_to_exitcode(status)
            self.usage_s = used.ru_utime + used.ru_stime
        return not pid

    def wait(self, seconds: float) -> int:
        """Its exit code. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > end:
                raise TimeoutError(f"{self.process.args} still runs after {seconds:.0f} s: {self.errors()[-500:]}")
            time.sleep(LOOK)
        assert self.process.returncode is not None
        return self.process.returncode

    def kill(self) -> None:
        """SIGKILL to it and to all it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.process.returncode is None:
            self.wait(20)

    def output(self) -> str:
        return self.said.with_suffix(".out").read_text("utf-8")

    def errors(self) -> str:
        return self.said.with_suffix(".err").read_text("utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class Sweep(_Process):
    """One ``scimrunbook sweep --json`` without notebooks, results in ``outputs``."""

    def __init__(self, files: Sequence[Path], outputs: Path, *more: str) -> None:
        outputs.mkdir(parents=True, exist_ok=True)
        self.outputs = outputs
        names = [str(f) for f in files]
        rest = ["--outputs", str(outputs), "--no-notebooks", "--json", *more]
        super().__init__([sys.executable, "-m", "scimrunbook", "sweep", *names, *rest], outputs.parent)

    def until(self, number: int, seconds: float) -> None:
        """Waits until so many incidents are written down. Raises TimeoutError, or RuntimeError where it ended."""
        end = time.monotonic() + seconds
        while (done := finished(self.outputs)) < number:
            if not self.alive():
                raise RuntimeError(f"the sweep ended at {done} of {number}: {self.errors()[-500:]}")
            if time.monotonic() > end:
                raise TimeoutError(f"only {done} of {number} after {seconds:.0f} s: {self.errors()[-500:]}")
            time.sleep(LOOK)

    def findings(self) -> list[str]:
        """The leading finding by incident file, in the order they were given."""
        return [i["finding"] for i in json.loads(self.output())["incidents"]]


class Cluster:
    """A Dask scheduler and its workers on loopback, one incident at a time each."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, _free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler = self._scheduler()
        self.workers = [self._worker() for _ in range(workers)]

    def _scheduler(self) -> _Process:
        module = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
        started = _Process([*module, "--port", str(self.port), "--no-dashboard", "--no-show"], self.folder)
        end = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return started
            if time.monotonic() > end or not started.alive():
                started.kill()
                raise TimeoutError(f"the scheduler does not listen: {started.errors()[-500:]}")
            time.sleep(LOOK)

    def _worker(self) -> _Process:
        module = [
            sys.executable,
            "-m",
            "distributed.cli.dask_worker",
            self.address,
            "--nthreads",
            "1",
            "--no-dashboard",
        ]
        more = ["--host", "127.0.0.1", "--death-timeout", "60", "--no-nanny"]
        return _Process([*module, *more], self.folder)

    def ready(self, seconds: float = 30) -> Self:
        """Waits until every worker has said that it is connected."""
        end = time.monotonic() + seconds
        while not all("Registered to" in w.errors() for w in self.workers):
            if time.monotonic() > end:
                raise TimeoutError("a worker did not come: " + self.workers[-1].errors()[-500:])
            time.sleep(LOOK)
        return self

    def kill_a_worker(self) -> None:
        """One dies, another comes."""
        self.workers.pop(0).kill()
        self.workers.append(self._worker())

    def restart_scheduler(self) -> None:
        """It goes away and comes back with new workers, as a cluster's own supervisor would have it."""
        self.scheduler.kill()
        old, self.workers = self.workers, []
        for worker in old:
            worker.kill()
        self.scheduler = self._scheduler()
        self.workers = [self._worker() for _ in old]

    def close(self) -> float:
        """CPU seconds that the workers and the scheduler took, as far as they lived to tell."""
        everybody = [*self.workers, self.scheduler]
        for process in everybody:
            with contextlib.suppress(ProcessLookupError):
                process.process.send_signal(signal.SIGTERM)
        for process in everybody:
            with contextlib.suppress(TimeoutError):
                process.wait(10)
            process.kill()
        return sum(p.usage_s for p in everybody)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def finished(outputs: Path) -> int:
    """How many incidents the sweeps of this folder have written down."""
    return sum(p.read_text("utf-8").count("\n") for p in (outputs / ".sweeps").glob("*/done.jsonl"))


def complete(outputs: Path) -> list[Path]:
    """Every complete run of these incidents."""
    return sorted(p.parent for p in outputs.glob("S-*/*/run.json") if not p.parent.name.endswith(".partial"))


def diagnoses(outputs: Path) -> dict[str, Any]:
    """By incident, its diagnosis without the name of the run and when it began."""
    found = {}
    for run in complete(outputs):
        said = (run / "diagnosis.json").read_text("utf-8").replace(run.name, "RUN")
        found[run.parent.name] = json.loads(re.sub(r'"started_at": "[^"]*"', '"started_at": ""', said))
    return found
