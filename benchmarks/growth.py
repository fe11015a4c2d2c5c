"""How time and memory grow: ``python -m benchmarks.growth [people|logs …] [--quick] [--write]``.

All checks, trace and diagnosis from 1,000 to 1,000,000 people, the log reader from 10 MB to 2 GB; each size in its own
process. --write keeps growth.json, anew after every size, and draws growth-people.svg and growth-logs.svg from it. An
exponent of 1 is linear: doubling the size doubles the cost. It is fitted over the largest three sizes, since fixed
costs hide it in the small ones; at these sizes n log n is below 1.15.
"""

from __future__ import annotations

import json
import math
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from benchmarks import judging, logs, logs_made
from benchmarks.__main__ import where
from scimrunbook.show.svg import WIDTH, circle, line, svg, text

HERE = Path(__file__).parent
MEGABYTES = (10, 30, 100, 300, 1000, 2000)
TALLEST = 3  # how many of the largest sizes the exponent is fitted over
Point = dict[str, float]


def people(quick: bool) -> Iterator[Point]:
    for size in judging.SIZES[:3] if quick else judging.SIZES:
        found = judging.at(size)
        whole = found["checks"] + found["trace_and_diagnosis"]
        yield {"size": size, "seconds": whole, "peak_mb": found["peak_mb"], "join": found["join"],
               "checks": found["checks"], "trace_and_diagnosis": found["trace_and_diagnosis"]}  # fmt: skip


def log_files(quick: bool) -> Iterator[Point]:
    for size in MEGABYTES[:2] if quick else MEGABYTES:
        with tempfile.TemporaryDirectory() as place:
            logs_made.write(Path(place) / "log.ndjson", size)
            found = re.search(logs.RESULT, logs.read(Path(place), logs.OKTA).output)
        assert found
        yield {"size": size, "seconds": float(found["seconds"]), "peak_mb": float(found["peak"])}


# By name: what is measured, the unit of the size, and the title of its picture.
CURVES: dict[str, tuple[Callable[[bool], Iterator[Point]], str, str]] = {
    "people": (people, "people", "All checks, trace and diagnosis of everybody"),
    "logs": (log_files, "MB", "Reading a System Log, streaming"),
}


def exponent(points: list[Point], measure: str) -> float:
    """The slope of log(measure) over log(size), by least squares over the largest sizes; nan for fewer than two."""
    pairs = [(math.log(p["size"]), math.log(p[measure])) for p in points[-TALLEST:]]
    if len(pairs) < 2:
        return math.nan
    x, y = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    return sum((a - x) * (b - y) for a, b in pairs) / sum((a - x) ** 2 for a, _ in pairs)


def picture(title: str, unit: str, points: list[Point], said: str) -> str:
    """Two panels on logarithmic axes, time above peak memory; every point with its figure."""
    parts = [text(20, 26, title, "b")]
    parts += [text(20, 46 + 18 * row, each, "s t") for row, each in enumerate(said.split("; "))]
    for place, (measure, what) in enumerate((("seconds", "s"), ("peak_mb", "MB"))):
        parts += _panel(90 + place * 290, points, measure, what, unit)
    return svg(660, *parts)


def _panel(head: float, points: list[Point], measure: str, what: str, unit: str) -> Iterator[str]:
    left, width = 20, WIDTH - 40
    top, bottom, inner = head + 36, head + 220, width - 60
    sizes, values = [p["size"] for p in points], [p[measure] for p in points]
    low, high = min(values) / 1.5, max(values) * 1.5
    spread = math.log(max(sizes) / min(sizes)) or 1.0

    def at(size: float, value: float) -> tuple[float, float]:
        x = left + 30 + inner * math.log(size / min(sizes)) / spread
        return x, bottom - (bottom - top) * math.log(value / low) / math.log(high / low)

    kind = {"seconds": "time", "peak_mb": "peak memory"}[measure]
    yield text(left, head, f"{kind}: grows as n^{exponent(points, measure):.2f} at the largest sizes", "b")
    yield line(left, bottom, left + width, bottom)
    spots = [at(s, v) for s, v in zip(sizes, values, strict=True)]
    for a, b in pairwise(spots):
        yield line(*a, *b, "ring")
    for (x, y), size, value in zip(spots, sizes, values, strict=True):
        yield circle(x, y, 4, "calm")
        yield text(x, y - 10, f"{value:,.{1 if value < 100 else 0}f} {what}", "m t")
        yield text(x, bottom + 18, _short(size), "m t s")
    yield text(left + width / 2, bottom + 36, f"{unit} (both axes logarithmic)", "m t s")


def _short(size: float) -> str:
    for step, mark in ((1_000_000, "M"), (1_000, "k")):
        if size >= step:
            return f"{size / step:g}{mark}"
    return f"{size:g}"


def main(arguments: list[str]) -> int:
    quick, keep = "--quick" in arguments, "--write" in arguments
    names = [a for a in arguments if not a.startswith("-")] or list(CURVES)
    if unknown := set(names) - set(CURVES):
        print(f"No curve {', '.join(sorted(unknown))}. There are: {', '.join(CURVES)}.", file=sys.stderr)
        return 2
    if quick and keep:
        print("Quick figures are no record: leave out --write or --quick.", file=sys.stderr)
        return 2
    for name in names:
        measure, unit, title = CURVES[name]
        points: list[Point] = []
        for point in measure(quick):
            points.append(point)
            print(f"{point['size']:>11,.0f} {unit:<7}{point['seconds']:8.2f} s {point['peak_mb']:8,.0f} MB", flush=True)
            if keep:
                _keep(name, title, unit, points)
        grown = ", ".join(f"{m} n^{exponent(points, m):.2f}" for m in ("seconds", "peak_mb"))
        print(f"{title}: {grown}")
    return 0


def _keep(name: str, title: str, unit: str, points: list[Point]) -> None:
    path = HERE / "growth.json"
    whole = json.loads(path.read_text("utf-8")) if path.exists() else {}
    day, machine = datetime.now(UTC).date().isoformat(), where()
    grown = {m: round(exponent(points, m), 3) for m in ("seconds", "peak_mb")} if len(points) > 1 else {}
    whole[name] = {"date": day, "machine": machine, "unit": unit, "exponents": grown, "points": points}
    path.write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
    said = f"{day}, {machine.split(', pandas')[0]}; every size in a process of its own"
    (HERE / f"growth-{name}.svg").write_text(picture(title, unit, points, said) + "\n", "utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
