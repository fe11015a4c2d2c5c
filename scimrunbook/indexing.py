"""The verb ``index``: one question over every run there is."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from scimrunbook.index import counted, every, latest, selected, write_index
from scimrunbook.problems import UserProblem
from scimrunbook.show import index_page
from scimrunbook.show.words import VERDICT, count

BY = ("cause", "finding", "tenant", "verdict", "identity_provider", "catalog_host")


@dataclass(frozen=True, slots=True)
class Question:
    """What the command line asked; empty means all."""

    cause: str = ""
    tenant: str = ""
    verdict: str = ""
    days: int | None = None
    by: str = ""
    came_back: bool = False
    all_runs: bool = False


def answer(outputs: Path, asked: Question, as_json: bool) -> int:
    """Writes the index anew and answers on standard output. Raises UserProblem where there is nothing to look at."""
    if not outputs.is_dir():
        raise UserProblem(f"{outputs}: no such folder.\nName the folder of results: scimrunbook index --outputs DIR")
    if asked.by and asked.by not in BY:
        raise UserProblem(f"Incidents cannot be counted by {asked.by}.\nChoose one of: {', '.join(BY)}.")
    if asked.verdict and asked.verdict not in VERDICT:
        raise UserProblem(f"No run ends with the verdict {asked.verdict!r}.\nChoose one of: {', '.join(VERDICT)}.")
    frame = write_index(outputs)
    asked_of = every(frame) if asked.all_runs else latest(frame)
    there = count(len(asked_of), "run") if asked.all_runs else f"the newest runs of {count(len(asked_of), 'incident')}"
    if not len(asked_of):
        there = ""
    if asked.came_back:
        asked_of = asked_of[asked_of["came_back"]]
    rows = selected(asked_of, cause=asked.cause, tenant=asked.tenant, verdict=asked.verdict, days=asked.days)
    shown = counted(rows, asked.by) if asked.by else rows
    if as_json:
        json.dump(json.loads(shown.to_json(orient="records", date_format="iso")), sys.stdout, indent=2)
        sys.stdout.write("\n")
    elif asked.by:
        index_page.counts(Console(highlight=False), shown, asked.by, there)
    else:
        index_page.listing(Console(highlight=False), shown, there)
    return 0
