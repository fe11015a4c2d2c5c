"""``--reuse``: a run on the snapshot of an earlier one, where nothing that it was collected from has changed.

Unchanged means: the same incident file to the byte, the same exports and files of tokens (name, size, times of change
and place on the disk of every file), the same version and probe. What a live system says by now, and whether a token
behind ``env:`` or ``keyring:`` is still the same, nobody can know without asking: so it is said how old the snapshot
is, and that nobody was asked.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scimrunbook import __version__, snapshot
from scimrunbook.incident import Incident
from scimrunbook.incident_file import LoadedIncident
from scimrunbook.runfolder import complete_runs, head_of
from scimrunbook.show.words import age
from scimrunbook.snapshot import Snapshot, SnapshotError


def fingerprint(loaded: LoadedIncident, probe: str) -> str:
    """What a snapshot of this incident would be collected from, as sha256; kept in ``run.json``."""
    incident = loaded.incident
    tokens = [r for r in _references(incident) if r.startswith("file:")]
    files = [(r, *_seen(loaded.base / r.removeprefix("file:"))) for r in tokens]
    if incident.exports:
        folder = loaded.resolve(incident.exports)
        exported = sorted(p for p in folder.rglob("*") if p.is_file())
        files += [(path.relative_to(folder).as_posix(), *_seen(path)) for path in exported]
    made = json.dumps([__version__, snapshot.SCHEMA_VERSION, probe, loaded.sha256, files])
    return hashlib.sha256(made.encode()).hexdigest()


def reads_live(incident: Incident) -> bool:
    """Whether collecting would ask anybody with a credential."""
    return bool(_references(incident) or (incident.entra and incident.entra.sign_in))


def _references(incident: Incident) -> list[str]:
    okta, entra = incident.okta, incident.entra
    given = [incident.catalog.token, okta and okta.token, okta and okta.private_key, entra and entra.credential]
    return [reference for reference in given if reference]


def _seen(path: Path) -> tuple[int, ...]:
    """What changes when a file does; a copy that keeps its time of change (cp -p, rsync) still has another ctime."""
    try:
        about = path.stat()
    except OSError:
        return ()
    return about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino


def reusable(incident_folder: Path, wanted: str) -> tuple[dict[str, Any], Snapshot] | None:
    """``run.json`` and snapshot of the newest complete run that was collected from the same, if there is one."""
    for run in complete_runs(incident_folder):
        head = head_of(run)
        if head.get("collected_from") == wanted:
            try:
                return head, snapshot.load(run / "snapshot")
            except SnapshotError:
                continue
    return None


def told(head: dict[str, Any]) -> str:
    """What was reused, how old it is, and who was not asked. ``head``: the ``run.json`` of the run that reused it."""
    collected = datetime.fromisoformat(head["collected_at"])
    old = age((datetime.now(UTC) - collected).total_seconds())
    said = f"Reused what run {head['snapshot_of']} collected {old} ago: its incident file and exports are unchanged."
    return said + (
        " Nobody was asked anew, and no token was tried; without --reuse they are." if head["reused_live"] else ""
    )
