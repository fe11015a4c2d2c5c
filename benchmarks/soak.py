"""``python -m benchmarks.soak [RUNS]``: many runs in one process; memory, handles, threads and kernels must stay flat.

Each run executes all nine notebooks of the Okta demo. Every tenth run is a row of the table; the second half is set
against the quarter before it, since the first runs still fill caches. Exit code 1 where something grows.
"""

from __future__ import annotations

import gc
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.__main__ import where
from scimrunbook.run import run_incident

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("SOAK.md")
ALLOWED = 1.1  # the later median may be a tenth above the earlier one: an allocator's noise, not a leak


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of this process after a run; ``kernels`` counts the processes below it."""

    run: int
    memory_mb: float
    handles: int
    threads: int
    kernels: int


def sample(run: int) -> Sample:
    gc.collect()
    status = Path("/proc/self/status").read_text("ascii")
    memory = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))
    return Sample(
        run, round(memory, 1), len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), _descendants()
    )


def _descendants() -> int:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, ValueError, IndexError):
                continue
    found, todo = 0, [os.getpid()]
    while todo:
        below = [p for p, parent in parents.items() if parent in todo]
        found, todo = found + len(below), below
    return found


def soak(count: int) -> list[Sample]:
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "parameters", home / "parameters")
        began = time.monotonic()
        for run in range(1, count + 1):
            result = run_incident(home / "parameters" / "demo-okta.yaml", progress=_quiet, outputs=home / "outputs")
            assert not result.failed_notebooks
            shutil.rmtree(_writable(result.folder))
            if run % 10 == 0 or run == 1:
                samples.append(sample(run))
                left = (time.monotonic() - began) / run * (count - run)
                print(*astuple(samples[-1]), f"{left:.0f} s left", sep="\t", file=sys.stderr)
    return samples


def _writable(folder: Path) -> Path:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)
    return folder


def _quiet(step: str, done: int, total: int | None = None) -> None:
    """Nobody watches single steps here."""


def growth(samples: list[Sample]) -> dict[str, float]:
    """By measure: median of the second half over median of the quarter before it."""
    quarter, half = samples[len(samples) // 4 : len(samples) // 2], samples[len(samples) // 2 :]
    names = [f.name for f in fields(Sample)][1:]
    return {
        n: statistics.median(getattr(s, n) for s in half) / statistics.median(getattr(s, n) for s in quarter)
        for n in names
    }


def plot(samples: list[Sample]) -> str:
    """Resident memory over the runs, as text: a line per sample."""
    most = max(s.memory_mb for s in samples)
    step = max(1, len(samples) // 25)
    return "\n".join(f"{s.run:>5} {'█' * round(s.memory_mb / most * 50)} {s.memory_mb:.0f} MB" for s in samples[::step])


def main(count: int) -> int:
    samples = soak(count)
    grown = growth(samples)
    head = "| run | memory MB | file handles | threads | processes below |\n|--:|--:|--:|--:|--:|"
    shown = samples[:: max(1, len(samples) // 10)]
    rows = "\n".join("| " + " | ".join(str(v) for v in astuple(s)) + " |" for s in shown)
    verdict = ", ".join(f"{name} {ratio:.2f}" for name, ratio in grown.items())
    text = (
        f"# Soak: {count} runs in one process\n\n{datetime.now(UTC).date().isoformat()}, {where()}.\n"
        f"Second half over the quarter before it: {verdict}.\n\n{head}\n{rows}\n\n```\n{plot(samples)}\n```\n"
    )
    RESULTS.write_text(text, "utf-8")
    print(text)
    return int(any(ratio > ALLOWED for ratio in grown.values()))


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
