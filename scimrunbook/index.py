"""Every run there is, as one table: which causes, which tenants, what came back.

``outputs/index.parquet`` for whoever asks by program, ``outputs/index.html`` for people. Made anew from the run folders
each time, so it never says more than what lies there.
"""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from scimrunbook.runfolder import complete_runs, head_of, write

COLUMNS = (
    "incident",
    "run",
    "started_at",
    "verdict",
    "cause",
    "finding",
    "findings",
    "affected",
    "identity_provider",
    "tenant",
    "catalog_host",
    "practice",
    "version",
    "folder",
)


def runs(outputs: Path) -> pd.DataFrame:
    """One row per complete run, the newest first; columns ``COLUMNS``, ``started_at`` in UTC, ``affected`` a count,
    ``findings`` those that decided any of its causes, divided by blanks.
    """
    rows = []
    for home in sorted(p for p in outputs.iterdir() if p.is_dir()) if outputs.is_dir() else ():
        rows += [row for run in complete_runs(home) if (row := _row(outputs, run)) is not None]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["started_at"] = pd.to_datetime(frame["started_at"], utc=True)
    frame = frame.astype({"affected": "Int64", "practice": "boolean"})
    return frame.sort_values(["started_at", "run"], ascending=False, kind="stable", ignore_index=True)


def _row(outputs: Path, run: Path) -> dict[str, Any] | None:
    try:
        head, diagnosis = head_of(run), json.loads((run / "diagnosis.json").read_text("utf-8"))
        first: dict[str, Any] = next(iter(diagnosis["causes"]), {})
        deciding = [str(c["finding"]) for c in diagnosis["causes"] if c.get("finding")]
        return {
            **{c: head.get(c) for c in COLUMNS},
            "verdict": diagnosis["verdict"],
            "cause": first.get("cause"),
            "finding": first.get("finding"),
            "findings": " ".join(dict.fromkeys(deciding)),
            "affected": (first.get("affected") or {}).get("count", 0),
            "folder": str(run.relative_to(outputs)),
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not a run of ours, or one that was taken away while we looked


def latest(frame: pd.DataFrame) -> pd.DataFrame:
    """The newest run of each incident, with ``came_back``: its leading finding was there before, gone, and is back."""
    newest = frame.drop_duplicates("incident", ignore_index=True)
    back = {incident for incident, group in frame.groupby("incident", sort=False) if _came_back(group)}
    return newest.assign(came_back=newest["incident"].isin(back))


def every(frame: pd.DataFrame) -> pd.DataFrame:
    """All runs, with ``came_back`` at the newest run of an incident where it holds of that."""
    back = latest(frame).query("came_back")["incident"]
    return frame.assign(came_back=frame["incident"].isin(back) & ~frame["incident"].duplicated())


def _came_back(newest_first: pd.DataFrame) -> bool:
    """A run that could not decide does not say that anything was gone, nor does one where it stood second."""
    now = newest_first["finding"].iloc[0]
    if not isinstance(now, str) or not now:
        return False
    decided = newest_first[newest_first["verdict"] != "inconclusive"]
    there = [now in found.split() for found in decided["findings"]]
    gone = next((i for i, is_there in enumerate(there) if not is_there), None)
    return gone is not None and any(there[gone:])


def write_index(outputs: Path) -> pd.DataFrame:
    """Writes both files; returns every run there is, as ``runs`` does."""
    from scimrunbook.show.index_page import page

    frame = runs(outputs)
    outputs.mkdir(parents=True, exist_ok=True, mode=0o700)
    table = io.BytesIO()
    frame.to_parquet(table, index=False)
    write(outputs / "index.parquet", table.getvalue())
    write(outputs / "index.html", page(latest(frame), len(frame), datetime.now(UTC)))
    return frame


def selected(
    frame: pd.DataFrame, *, cause: str = "", tenant: str = "", verdict: str = "", days: int | None = None
) -> pd.DataFrame:
    """The rows that match; ``tenant`` a part of its name, ``cause`` a part of the first cause or of any finding."""
    keep = pd.Series(True, index=frame.index)
    if cause:
        keep &= (frame["cause"].fillna("") + " " + frame["findings"].fillna("")).str.contains(
            cause, case=False, regex=False
        )
    if tenant:
        keep &= frame["tenant"].fillna("").str.contains(tenant, case=False, regex=False)
    if verdict:
        keep &= frame["verdict"] == verdict
    if days is not None:
        keep &= frame["started_at"] >= pd.Timestamp.now("UTC") - pd.Timedelta(days=days)
    return frame[keep].reset_index(drop=True)


def counted(frame: pd.DataFrame, by: str) -> pd.DataFrame:
    """How many incidents per ``by`` (a column), the most first, with the newest run of each."""
    named = frame.assign(**{by: frame[by].astype("str").fillna("none")})
    grouped = named.groupby(by).agg(incidents=("incident", "nunique"), newest=("started_at", "max"))
    return grouped.sort_values(["incidents", "newest"], ascending=False).reset_index()
