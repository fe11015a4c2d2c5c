"""The results in a run's folder as faces need them: read, joined with the guide's words, not judged."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

import pandas as pd

from scimrunbook import guide, snapshot
from scimrunbook.asked import asked
from scimrunbook.engine_mode import MODE_VARIABLE
from scimrunbook.pictures import pictures
from scimrunbook.runfolder import head_of
from scimrunbook.show.view import View

_RAW = (
    "Private: what this notebook shows is raw, with people by name. Send nobody this file: section 08 builds a "
    "redacted bundle that may be sent."
)


def view_of(folder: Path) -> View:
    """The results in a run folder, complete or still partial, as faces need them."""
    findings = json.loads((folder / "findings.json").read_text("utf-8"))
    diagnosis = json.loads((folder / "diagnosis.json").read_text("utf-8"))
    head = head_of(folder)
    saved = snapshot.load(folder / "snapshot")
    started = datetime.fromisoformat(head.get("collected_at", head["started_at"]).replace("Z", "+00:00"))
    head["age_seconds"] = (datetime.now(UTC) - started).total_seconds() if head["state"] == "complete" else None
    head["raw_output"] = head.get("shared") or ("" if _engine_scrubs() else _RAW)
    hops = pd.read_parquet(folder / "trace.parquet")
    return View(
        incident=saved.incident.model_dump(mode="json"),
        findings=findings["findings"],
        diagnosis=diagnosis,
        run=head,
        labels=_labels(saved),
        sections={n: {"title": s.title, "about": s.about, "link": s.link} for n, s in guide.SECTIONS.items()},
        causes={n: {"title": c.title, "meaning": c.meaning} for n, c in guide.CAUSES.items()},
        hops=hops,
        tables=saved.tables,
        pictures=pictures(saved, diagnosis),
        asked=cache(partial(asked, findings["findings"], diagnosis, hops, saved.tables)),
    )


def _labels(saved: snapshot.Snapshot) -> dict[str, str]:
    """Names by key; people by the e-mail address that others know them by, as in what the checks say."""
    pairs = (
        ("accounts", "account_id", "user_name"),
        ("teams", "team_id", "name"),
        ("groups", "group_key", "name"),
        ("people", "person_key", "login"),
        ("people", "person_key", "email"),
    )
    labels: dict[str, str] = {}
    for table, key, label in pairs:
        known = saved[table][[key, label]].dropna()
        labels.update(zip(known[key], known[label], strict=True))
    return labels


def _engine_scrubs() -> bool:
    """Whether what is shown now will be scrubbed before it is saved: our engine is at work, or it is no notebook."""
    if os.environ.get(MODE_VARIABLE) == "headless":
        return True
    try:
        from IPython import get_ipython
    except ImportError:
        return True
    return getattr(get_ipython(), "kernel", None) is None
