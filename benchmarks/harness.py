"""How everything here is measured: both sides in turn, medians, one ratio.

Machines are noisy and differ, so no second stands alone: a row says how many times the other side's time (or memory)
ours takes, both measured alternately in the same run. A module of this package offers ``rows() -> list[Row]`` and is
named in ``benchmarks/__main__.py``.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. ``ours`` and ``other`` in ``unit``; ``goal`` is the ratio ours / other to stay under."""

    what: str
    against: str
    ours: float
    other: float
    goal: float
    unit: str = "s"
    rounds: int = 1
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.ours / self.other if self.other else float("inf")

    @property
    def met(self) -> bool:
        return self.ratio <= self.goal

    def line(self) -> str:
        """The row as a line of the Markdown table in RESULTS.md."""
        mark = "met" if self.met else "**missed**"
        ours, other = (f"{v:,.3g} {self.unit}" for v in (self.ours, self.other))
        cells = (self.what, self.against, ours, other, f"{self.ratio:.2f}", f"≤ {self.goal:g} {mark}", self.note)
        return f"| {' | '.join(cells)} |"


HEAD = "| ours | against | ours | other | ratio | goal | note |\n|---|---|--:|--:|--:|---|---|"


def seconds(work: Work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def versus(what: str, ours: Work, against: str, other: Work, *, goal: float, rounds: int = 5, note: str = "") -> Row:
    """Times both sides alternately, after one warm-up each; the row holds the medians."""
    ours(), other()
    pairs = [(seconds(ours), seconds(other)) for _ in range(rounds)]
    mine, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Row(what, against, mine, theirs, goal, rounds=rounds, note=note)


@dataclass(slots=True)
class Child:
    """What one process took: wall-clock seconds and its peak of resident memory in MB."""

    seconds: float
    peak_mb: float
    output: str = field(default="", repr=False)


def child(command: Sequence[str], timeout: float = 600, **environment: str) -> Child:
    """Runs a process to its end and measures it. Raises CalledProcessError where it crashes."""
    began = time.perf_counter()
    process = subprocess.Popen(
        list(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment}
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except BaseException:
        process.kill()
        process.wait()
        raise
    took = time.perf_counter() - began
    if process.returncode not in (0, 1, 2, 3) or "Traceback (most recent" in output:  # verdicts, and what to correct
        raise subprocess.CalledProcessError(process.returncode, list(command), output)
    return Child(took, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, output)


def python(code: str, *arguments: str, **environment: str) -> Child:
    """``python -c code`` in a process of its own."""
    return child([sys.executable, "-c", code, *arguments], **environment)
