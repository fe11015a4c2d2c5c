"""``python -m benchmarks.soak [RUNS]``: many runs in one process; memory, handles, threads and kernels must stay flat.

Each run executes all nine notebooks of the Okta demo. After every tenth run SOAK.md and soak.svg are written anew, so
an interruption loses nothing that was measured. The second half is set against the quarter before it, since the first
runs still fill caches. Exit code 1 where something grows.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from benchmarks.__main__ import where
from scimrunbook.run import run_incident
from scimrunbook.show.svg import WIDTH, circle, line, svg, text

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("SOAK.md")
ALLOWED = 1.1  # the later median may be a tenth above the earlier one: an allocator's noise, not a leak
EVERY = 10  # runs


@dataclass(frozen=True, slots=True)
class Sample:
    """What is there after a run: of this process, and of those below it (the warm process; kernels that were left)."""

    run: int
    memory_mb: float
    handles: int
    threads: int
    processes: int
    below_mb: float


TITLES = {
    "memory_mb": "memory, MB",
    "handles": "file handles",
    "threads": "threads",
    "processes": "processes below",
    "below_mb": "memory of those below, MB",
}


def sample(run: int) -> Sample:
    gc.collect()
    below = _descendants()
    handles = len(list(Path("/proc/self/fd").iterdir()))
    memory = sum(_resident_mb(p) for p in below)
    return Sample(
        run, round(_resident_mb(os.getpid()), 1), handles, threading.active_count(), len(below), round(memory, 1)
    )


def _resident_mb(pid: int) -> float:
    """0 for a process that has just ended."""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)
    return 0.0


def _descendants() -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, ValueError, IndexError):
                continue
    found: list[int] = []
    todo = [os.getpid()]
    while todo:
        todo = [p for p, parent in parents.items() if parent in todo]
        found += todo
    return found


def soak(count: int) -> Iterator[Sample]:
    """Runs, and yields the first sample and every tenth; what a run wrote is taken away again."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "parameters", home / "parameters")
        for run in range(1, count + 1):
            result = run_incident(home / "parameters" / "demo-okta.yaml", progress=_quiet, outputs=home / "outputs")
            assert not result.failed_notebooks
            shutil.rmtree(_writable(result.folder))
            if run % EVERY == 0 or run in (1, count):
                yield sample(run)


def _writable(folder: Path) -> Path:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)
    return folder


def _quiet(step: str, done: int, total: int | None = None) -> None:
    """Nobody watches single steps here."""


def growth(samples: list[Sample]) -> dict[str, float]:
    """By measure: median of the second half over median of the quarter before it; none before there are four."""
    if len(samples) < 4:
        return {}
    quarter, half = samples[len(samples) // 4 : len(samples) // 2], samples[len(samples) // 2 :]
    grown = {}
    for name in (f.name for f in fields(Sample)[1:]):
        before, after = (statistics.median(getattr(s, name) for s in part) for part in (quarter, half))
        grown[name] = after / before if before else (math.inf if after else 1.0)
    return grown


def picture(samples: list[Sample], said: str) -> str:
    """A band per measure from zero to its highest value, over the runs."""
    parts = [text(20, 26, "Runs in one process: what each leaves behind", "b"), text(20, 46, said, "s t")]
    left, right, tall = 30, WIDTH - 110, 70
    for place, (name, title) in enumerate(TITLES.items()):
        bottom = 150 + place * (tall + 36)
        values = [getattr(s, name) for s in samples]
        high, last = max(values) or 1, samples[-1].run
        spots = [
            (left + (right - left) * s.run / last, bottom - tall * v / high)
            for s, v in zip(samples, values, strict=True)
        ]
        parts += [text(left, bottom - tall - 8, title, "t"), line(left, bottom, right, bottom)]
        parts += [line(*a, *b, "ring") for a, b in pairwise(spots)]
        parts += [circle(x, y, 2, "calm") for x, y in spots]
        parts.append(text(right + 10, spots[-1][1] + 4, f"{values[-1]:,.0f}", "b"))
    foot = 150 + (len(TITLES) - 1) * (tall + 36) + 20
    parts += [text(left, foot, "0", "m t s"), text(right, foot, f"{samples[-1].run:,} runs", "m t s")]
    return svg(foot + 16, *parts)


def write(samples: list[Sample], count: int, target: Path = RESULTS) -> None:
    """SOAK.md and soak.svg beside it, anew, each in one step."""
    day = datetime.now(UTC).date().isoformat()
    done = f"{samples[-1].run:,} of {count:,} runs" if samples[-1].run < count else f"{count:,} runs"
    grown = ", ".join(f"{TITLES[name]} {ratio:.2f}" for name, ratio in growth(samples).items()) or "too few runs yet"
    head = f"| run | {' | '.join(TITLES.values())} |\n|{'--:|' * len(fields(Sample))}"
    rows = "\n".join("| " + " | ".join(f"{v:,}" for v in astuple(s)) + " |" for s in samples)
    drawn = target.with_name("soak.svg")
    whole = (
        f"# Soak: {done} in one process\n\n{day}, {where()}. Written by `make soak`: all nine notebooks of the Okta "
        f"demo in every run.\n\nMedian of the second half over that of the quarter before it: {grown}. "
        f"Up to {ALLOWED:g} counts as flat.\n\n![What each run leaves behind]({drawn.name})\n\n{head}\n{rows}\n"
    )
    cores, memory, *_ = where().split(", ")
    said = f"{day}, {done}, all nine notebooks each; {cores}, {memory}"  # the versions stand beside the picture
    for path, content in ((drawn, picture(samples, said) + "\n"), (target, whole)):
        draft = path.with_name(path.name + ".part")
        draft.write_text(content, "utf-8")
        draft.replace(path)


def main(count: int) -> int:
    samples: list[Sample] = []
    began = time.monotonic()
    try:
        for found in soak(count):
            samples.append(found)
            write(samples, count)
            left = (time.monotonic() - began) / found.run * (count - found.run)
            print(*astuple(found), f"{left:.0f} s left", sep="\t", flush=True)
    except KeyboardInterrupt:
        print(f"Stopped. What {samples[-1].run if samples else 0} runs showed is in {RESULTS.name}.", file=sys.stderr)
        return 130
    grown = growth(samples)
    print(", ".join(f"{name} {ratio:.2f}" for name, ratio in grown.items()))
    return int(any(ratio > ALLOWED for ratio in grown.values()))


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
