"""``outputs/<incident>/private/``: the pseudonym key, the maps and the signing key. It stays with the customer."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from scimrunbook.evidence.pseudonyms import KEY_BYTES
from scimrunbook.problems import UserProblem

KEY_FILE = "pseudonym.key"


def folder(incident_folder: Path) -> Path:
    """The private folder of an incident, made where it is absent; mode 0700."""
    place = incident_folder / "private"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    if place.is_symlink():
        raise UserProblem(f"{place} is a symbolic link; nothing private is written through one. Take it away.")
    place.chmod(0o700)
    return place


def create(path: Path, content: bytes) -> None:
    """Writes a new private file (0600). Raises FileExistsError where there is one: no map is ever written over."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def key(incident_folder: Path) -> bytes:
    """The incident's key; made at random the first time. Raises UserProblem where the file is not ours alone."""
    path = folder(incident_folder) / KEY_FILE
    draft = path.with_name(f".{KEY_FILE}.{secrets.token_hex(4)}")
    if not path.exists():
        create(draft, secrets.token_bytes(KEY_BYTES))
        try:
            os.link(draft, path)  # whole or not there, and the first of two processes wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    found = path.read_bytes()
    if path.is_symlink() or path.stat().st_mode & 0o077 or len(found) != KEY_BYTES:
        raise UserProblem(
            f"{path} is not a private key file of {KEY_BYTES} bytes. Restore it from your backup, or move the folder "
            "private/ away: a new key gives new pseudonyms."
        )
    return found


def keep_map(incident_folder: Path, run: str, mapping: dict[str, Any], bundle: Path) -> Path:
    """Keeps pseudonym → original of one bundle. The same map is kept once; a map is never written over.

    Raises UserProblem where the private folder lies inside the folder that is shared.
    """
    place = folder(incident_folder)
    if place.resolve().is_relative_to(bundle.resolve()):
        raise UserProblem(f"The private map would lie inside {bundle}, which is given away. Choose another folder.")
    content = (json.dumps(mapping, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
    path = place / f"map-{run}-{hashlib.sha256(content).hexdigest()[:8]}.json"
    if not path.exists():
        create(path, content)
    return path


def maps(incident_folder: Path) -> dict[str, list[dict[str, str]]]:
    """Everything the maps of an incident know: pseudonym → [{kind, original}]."""
    known: dict[str, list[dict[str, str]]] = {}
    for path in sorted((incident_folder / "private").glob("map-*.json")):
        for pseudonym, originals in json.loads(path.read_text("utf-8")).items():
            seen = known.setdefault(pseudonym, [])
            seen += [o for o in originals if o not in seen]
    return known
