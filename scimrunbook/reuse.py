"""``--reuse``: a run on the snapshot of an earlier one, where nothing that it was collected from has changed.

Unchanged means: the same incident file to the byte, the same exports (name, size and time of change of every file), the
same version and probe. What a live system says by now nobody can know without asking: the snapshot says its own time.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from scimrunbook import __version__, snapshot
from scimrunbook.incident_file import LoadedIncident
from scimrunbook.runfolder import complete_runs, head_of
from scimrunbook.snapshot import Snapshot, SnapshotError


def fingerprint(loaded: LoadedIncident, probe: str) -> str:
    """What a snapshot of this incident would be collected from, as sha256; kept in ``run.json``."""
    files = []
    if loaded.incident.exports:
        folder = loaded.resolve(loaded.incident.exports)
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            about = path.stat()
            files.append((path.relative_to(folder).as_posix(), about.st_size, about.st_mtime_ns))
    made = json.dumps([__version__, snapshot.SCHEMA_VERSION, probe, loaded.sha256, files])
    return hashlib.sha256(made.encode()).hexdigest()


def reusable(incident_folder: Path, wanted: str) -> tuple[str, Snapshot] | None:
    """Name and snapshot of the newest complete run that was collected from the same; None where there is none."""
    for run in complete_runs(incident_folder):
        if head_of(run).get("collected_from") == wanted:
            try:
                return run.name, snapshot.load(run / "snapshot")
            except SnapshotError:
                continue
    return None
