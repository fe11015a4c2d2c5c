"""The way of whoever is asked for, in a run that lies in its folder: found, traced, as data for every face."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from scimrunbook import snapshot as snapshots
from scimrunbook.card import person_card, team_card
from scimrunbook.compare import Judged
from scimrunbook.findings import Finding
from scimrunbook.lookup import find
from scimrunbook.problems import UserProblem
from scimrunbook.runfolder import complete_runs, find_run, outputs_of
from scimrunbook.sources.parts import Progress
from scimrunbook.team_trace import team_trace

SCHEMA_VERSION = 1


def way_of(folder: Path, who: str) -> dict[str, Any]:
    """The cards of whoever ``who`` means in the run in ``folder``, as plain JSON data.

    Returns ``{schema_version, incident, run, as_of, asked, matches, cards}``. ``matches`` are all who fit
    ``[{kind, key, label, name, how}]``. Exactly one match has its card (see ``card.person_card`` and ``team_card``);
    where several fit, ``cards`` is empty and somebody has to choose: nothing is guessed. None fits: both are empty.
    """
    saved = snapshots.load(folder / "snapshot")
    written = json.loads((folder / "findings.json").read_text("utf-8"))
    matches = find(saved, who)
    head = {k: written[k] for k in ("incident", "run", "as_of")}
    card = _card(saved, written["findings"], folder, matches.iloc[0]) if len(matches) == 1 else None
    cards = [] if card is None else [card]
    rows = matches.to_dict("records")
    return {"schema_version": SCHEMA_VERSION, **head, "asked": who, "matches": rows, "cards": cards}


def _card(
    saved: snapshots.Snapshot, findings: list[dict[str, Any]], folder: Path, match: pd.Series[Any]
) -> dict[str, Any] | None:
    key = str(match["key"])
    if match["kind"] == "person":
        return person_card(saved, findings, pd.read_parquet(folder / "trace.parquet"), key)
    teams = team_trace(saved, [Finding.from_json(f) for f in findings])
    return team_card(saved, findings, teams, key) if (teams["group_key"] == key).any() else None


def folder_for(file: Path, *, collect: bool, outputs: Path | None, progress: Progress) -> Path:
    """The run to look into: a run's folder, or the newest complete one of an incident file or id; with ``collect``
    a new one. Raises UserProblem where there is none."""
    from scimrunbook.incident_file import load_incident

    if (file / "findings.json").is_file():
        return file
    if collect:
        from scimrunbook.run import run_incident

        return run_incident(file, progress=progress, notebooks=False, outputs=outputs).folder
    if file.suffix not in (".yaml", ".yml") and not file.is_file():
        return find_run(str(file), outputs)
    loaded = load_incident(file)
    runs = complete_runs((outputs or outputs_of(loaded.path)) / loaded.incident.incident)
    if not runs:
        raise UserProblem(
            f"{loaded.incident.incident} has no complete run yet. Add --collect to collect now, "
            f"or run first: scimrunbook check {file}"
        )
    return runs[0]


def judged(folder: Path) -> Judged:
    """What a run says, as its files tell. Raises UserProblem where one of them is missing or damaged."""
    try:
        findings = json.loads((folder / "findings.json").read_text("utf-8"))["findings"]
        diagnosis = json.loads((folder / "diagnosis.json").read_text("utf-8"))
        return Judged(findings, diagnosis, pd.read_parquet(folder / "trace.parquet"))
    except (OSError, ValueError, KeyError) as problem:
        raise UserProblem(
            f"{folder} is not a whole run ({type(problem).__name__}). Compare complete runs."
        ) from problem


def exit_code(found: dict[str, Any]) -> int:
    """0 nothing to do, 1 stopped on the way, 2 nobody found, 3 several fit or the data does not tell."""
    if not found["matches"]:
        return 2
    if not found["cards"]:
        return 3
    hop = found["cards"][0]["hop"]
    return {"done": 0, "rightly_absent": 0, "waiting": 0, "not_known": 3}.get(hop, 1)
