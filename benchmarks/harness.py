"""How everything here is measured: both sides in turn, medians, one ratio.

Machines are noisy and differ, so no second stands alone: a row says how many times the other side's time (or memory)
ours takes, both measured alternately in the same run. A module of this package offers ``rows(quick: bool) ->
Iterable[Row]``, small sizes and one round where ``quick``, and is named in ``benchmarks/__main__.py``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
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
    problem: str = ""

    @classmethod
    def failed(cls, what: str, problem: str) -> Row:
        """The row of a benchmark that did not come to a figure, and why."""
        return cls(what, "", 0, 0, 0, problem=problem)

    @property
    def ratio(self) -> float:
        return self.ours / self.other if self.other else float("inf")

    @property
    def met(self) -> bool:
        return not self.problem and self.ratio <= self.goal

    def line(self) -> str:
        """The row as a line of the Markdown table in RESULTS.md."""
        if self.problem:
            said = " ".join(self.problem.replace("|", "/").split())
            return f"| {self.what} |  |  |  |  | **failed** | {said} |"
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
    mine, theirs = in_turn(ours, other, rounds=rounds)
    return Row(what, against, mine, theirs, goal, rounds=rounds, note=note)


def in_turn(*sides: Work, rounds: int) -> list[float]:
    """The median seconds of each side; all take turns, after one warm-up each where there is more than one round."""
    if rounds > 1:
        for side in sides:
            side()
    taken = [[seconds(side) for side in sides] for _ in range(rounds)]
    return [statistics.median(side) for side in zip(*taken, strict=True)]


@dataclass(slots=True)
class Child:
    """What one process took: wall-clock seconds and its peak of resident memory in MB."""

    seconds: float
    peak_mb: float
    output: str = field(default="", repr=False)


def child(command: Sequence[str], timeout: float = 600, **environment: str) -> Child:
    """Runs a process to its end and measures it. Raises CalledProcessError where it crashes, or is stopped as too slow.

    The peak is this process's own (``wait4``): what all children share is the highest so far. It starts at the size of
    the process that starts it, so measure from a small one.
    """
    with tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(command), stdout=out, stderr=subprocess.STDOUT, text=True, env={**os.environ, **environment}
        )
        limit = threading.Timer(timeout, process.kill)
        limit.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            limit.cancel()
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        output = out.read()
    if process.returncode not in (0, 1, 2, 3) or "Traceback (most recent" in output:  # verdicts, and what to correct
        problem = subprocess.CalledProcessError(process.returncode, list(command), output)
        problem.add_note(output[-800:])
        raise problem
    return Child(took, used.ru_maxrss / 1024, output)


def python(code: str, *arguments: str, **environment: str) -> Child:
    """``python -c code`` in a process of its own."""
    return child([sys.executable, "-c", code, *arguments], timeout=600, **environment)
