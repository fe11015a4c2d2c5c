"""How far a sweep is, and what came of it, on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.console import Console

from scimrunbook.show.words import VERDICT, age, count, plain


def line(standing: Any) -> str:
    """``✖ CAT-1 url_or_token: 12 of 200 done, 2 running, 1 failed, about 3 minutes left``."""
    last = standing.last
    said = f"{_mark(last)} {last.incident or last.file.rsplit('/', 1)[-1]} {_what(last)}: " if last else ""
    left = ""
    if standing.left_seconds and standing.done < standing.total:
        span = age(standing.left_seconds)
        left = f", {span} left" if span.startswith("less") else f", about {span} left"
    counted = f"{standing.done:,} of {standing.total:,} done, {standing.running} running, {standing.failed} failed"
    return plain(said + counted + left)


def before(too_old: datetime | None, finished: Sequence[Any], total: int) -> list[str]:
    """What became of an earlier sweep of the same files: gone on with, or too old for that."""
    if too_old is not None:
        stopped = f"{too_old:%Y-%m-%d %H:%M} UTC"
        return [f"An earlier sweep of these files was cut off on {stopped}, too long ago to go on with: all run anew."]
    if not finished:
        return []
    oldest = min(str(o.folder).rstrip("/").rsplit("/", 1)[-1] for o in finished)[:16]
    return [
        f"Going on with a sweep that was cut off: {len(finished):,} of {total:,} are done, the oldest at "
        f"{oldest.replace('T', ' ').replace('-', ':').replace(':', '-', 2)} UTC. To run all of them again: --fresh."
    ]


def summary(console: Console, outcomes: Sequence[Any], index: str) -> None:
    """Counts by verdict and cause, what could not be run and why, and where the index lies."""
    verdicts = Counter(o.verdict for o in outcomes if o.state == "done")
    for verdict, number in verdicts.most_common():
        symbol, words = VERDICT[verdict]
        console.print(f"{symbol} {words}: {count(number, 'incident')}", markup=False)
    for cause, number in Counter(o.cause for o in outcomes if o.cause).most_common():
        console.print(f"    {cause}: {count(number, 'incident')}", markup=False)
    for outcome in outcomes:
        if outcome.state != "done":
            console.print(f"‼ {plain(outcome.file)}: {plain(outcome.problem)}", markup=False, soft_wrap=True)
    console.print(f"Index: {index}", markup=False, soft_wrap=True)


def _mark(outcome: Any) -> str:
    return VERDICT[outcome.verdict][0] if outcome.state == "done" else "‼"


def _what(outcome: Any) -> str:
    return str(outcome.cause or outcome.verdict or outcome.state)
