"""Reads a folder of exports for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scimrunbook.incident import Incident
from scimrunbook.sources.exports import read_folder
from scimrunbook.sources.parts import Parts


def incident(provider: str = "entra", **given: Any) -> Incident:
    return Incident.model_validate(
        {"incident": "T-1", "identity_provider": provider, "catalog_host": "app.castordoc.com", **given}
    )


def read(folder: Path, about: Incident | None = None) -> Parts:
    """The parts after reading; they must make a snapshot."""
    about, parts = about or incident(), Parts()
    read_folder(folder, about, parts, lambda *_: None)
    parts.build(about)
    return parts


def put(folder: Path, name: str, content: Any) -> Path:
    """Writes bytes, text, or anything else as JSON."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def row_of(parts: Parts, name: str) -> dict[str, Any]:
    """The one coverage row of a file."""
    rows = [r for r in parts.rows["coverage"] if r["name"] == name]
    assert len(rows) == 1, [r["name"] for r in parts.rows["coverage"]]
    return dict(rows[0])
