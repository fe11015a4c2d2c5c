"""``python -m benchmarks.sweep [COUNT] [--write]``: one sweep of COUNT (200) incidents in every way it can run.

On two plain processes and on a Dask cluster of two workers, undisturbed and disturbed; all must come to the same
diagnoses, each incident once. Rows are printed as they come; --write keeps them in RESULTS.md beside this file. CPU
time bears a busy machine, seconds do not: per incident both, against a plain ``scimrunbook check`` of some files.
Exit code 1 where a diagnosis differs, is lost or was made twice.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.__main__ import where
from benchmarks.sweep.parts import Cluster, Sweep, _Process, complete, diagnoses, incidents
from scimrunbook.simulator.faults import FAULTS

RESULTS = Path(__file__).with_name("RESULTS.md")
CASES = [(p, "none") for p in ("okta", "entra")] + [(p, f) for f, fault in FAULTS.items() for p in fault.providers]
PLAIN = 20  # incidents a plain `check` is measured with
LONG = 3600.0  # seconds no sweep may take
HEAD = (
    "| way | incidents | seconds | each | CPU each | complete runs | other diagnoses |\n|---|--:|--:|--:|--:|--:|--:|"
)


@dataclass(frozen=True, slots=True)
class Row:
    """``cpu`` is None where a process was killed, since it takes its account along."""

    way: str
    incidents: int
    seconds: float
    cpu: float | None
    complete: int
    differ: int

    @property
    def sound(self) -> bool:
        return self.complete == self.incidents and not self.differ

    def line(self) -> str:
        cpu = f"{self.cpu / self.incidents:.2f} s" if self.cpu is not None else ""
        each = f"{self.seconds / self.incidents:.2f} s"
        cells = (self.way, self.incidents, f"{self.seconds:.0f}", each, cpu, self.complete, self.differ)
        return f"| {' | '.join(map(str, cells))} |"


def checks(files: list[Path], outputs: Path) -> float | None:
    """A plain ``check`` after the other; CPU seconds in all."""
    cpu = 0.0
    for path in files:
        command = [sys.executable, "-m", "scimrunbook", "check", str(path), "--outputs", str(outputs)]
        with _Process(command, outputs) as process:
            process.wait(LONG)
        cpu += process.usage_s
    return cpu


def plain(files: list[Path], outputs: Path) -> float | None:
    with Sweep(files, outputs, "--jobs", "2") as sweep:
        sweep.wait(LONG)
    return sweep.usage_s


def plain_killed(files: list[Path], outputs: Path) -> float | None:
    """Killed at a third and at two thirds, and resumed."""
    for part in (len(files) // 3, 2 * len(files) // 3):
        with Sweep(files, outputs, "--jobs", "2") as sweep:
            sweep.until(part, LONG)
    plain(files, outputs)
    return None


def dask(files: list[Path], outputs: Path) -> float | None:
    with Cluster(outputs / ".cluster") as cluster:
        with Sweep(files, outputs, "--scheduler", cluster.ready().address) as sweep:
            sweep.wait(LONG)
        return sweep.usage_s + cluster.close()


def dask_killed(files: list[Path], outputs: Path) -> float | None:
    """A worker is killed at a quarter, the scheduler restarted at the half, the sweep killed at three quarters."""
    quarter = len(files) // 4
    with Cluster(outputs / ".cluster") as cluster:
        with Sweep(files, outputs, "--scheduler", cluster.ready().address) as sweep:
            sweep.until(quarter, LONG)
            cluster.kill_a_worker()
            sweep.until(2 * quarter, LONG)
            cluster.restart_scheduler()
            sweep.until(3 * quarter, LONG)
        with Sweep(files, outputs, "--scheduler", cluster.ready().address) as sweep:
            sweep.wait(LONG)
    return None


WAYS: dict[str, Callable[[list[Path], Path], float | None]] = {
    "`check`, one after the other": checks,
    "two plain processes, killed twice and resumed": plain_killed,
    "Dask, two workers: one killed, scheduler restarted, sweep killed and resumed": dask_killed,
    "two plain processes": plain,
    "Dask, two workers": dask,
}


def rows(count: int, home: Path) -> Iterator[Row]:
    files = [path for path, _ in incidents(home, count, CASES)]
    first: dict[str, object] = {}
    for number, (way, run) in enumerate(WAYS.items()):
        outputs = home / f"way-{number}"
        outputs.mkdir()
        some = files[:PLAIN] if run is checks else files
        began = time.monotonic()
        cpu = run(some, outputs)
        took = time.monotonic() - began
        found = diagnoses(outputs)
        first = found if run is plain_killed else first
        differ = sum(first[name] != said for name, said in found.items() if name in first)
        yield Row(way, len(some), took, cpu, len(complete(outputs)), differ)
        shutil.rmtree(outputs, onerror=_open_it)


def _open_it(remove: Callable[[str], object], path: str, _: object) -> None:
    """A complete run is read-only: opened, then removed."""
    Path(path).parent.chmod(0o700)
    Path(path).chmod(0o700)
    remove(path)


def write(found: list[Row]) -> None:
    day, load = datetime.now(UTC).date().isoformat(), os.getloadavg()[1]
    text = (
        f"# One sweep, in every way it can run\n\n{day}, {where()}. Load over the last five minutes at the end: "
        f"{load:.1f} (on two cores).\nWritten by `python -m benchmarks.sweep --write`; no notebooks; all start-up is "
        f"counted.\n\n{HEAD}\n" + "\n".join(row.line() for row in found) + "\n"
    )
    RESULTS.write_text(text, "utf-8")


def main(arguments: list[str]) -> int:
    count = next((int(a) for a in arguments if a.isdigit()), 200)
    found: list[Row] = []
    print(HEAD)
    with tempfile.TemporaryDirectory() as home:
        for row in rows(count, Path(home)):
            found.append(row)
            print(row.line(), flush=True)
            if "--write" in arguments:
                write(found)
    return int(not all(row.sound for row in found))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
