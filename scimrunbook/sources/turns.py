"""One organisation is read by one run at a time, since its rate limits count all of them together.

Okta counts requests per organisation and endpoint, Graph per tenant, whoever asks. Two runs that read the same one at
once only wait for each other's limits, and run out of patience; so the second waits for its turn, and judges while
the third reads.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from scimrunbook.incident import Incident
from scimrunbook.sources.parts import Progress

LONGEST_SECONDS = 1800.0  # a run that hangs must not hold up all others for ever
_LOOK_SECONDS = 0.2


def organisation(incident: Incident) -> str:
    """Whose rate limits reading this incident live would use up; empty where nobody's, or only Catalog's."""
    at = f" at {incident.connect_to}" if incident.connect_to else ""
    okta, entra = incident.okta, incident.entra
    if okta is not None and (okta.token or okta.client_id):
        return okta.org_url.casefold() + at
    if entra is not None and (entra.credential or entra.sign_in):
        return f"entra {(entra.tenant_id or entra.credential or '').casefold()}{at}"
    return ""


@contextlib.contextmanager
def turn(folder: Path, of: str, progress: Progress, longest: float = LONGEST_SECONDS) -> Iterator[None]:
    """Holds the turn at ``of`` among all that share ``folder``; after ``longest`` seconds of waiting it goes on beside.

    A lock of one byte of one file, as ``sweep_claim`` takes one: it goes with its process and works over NFS.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        of = ""
    if not of:
        yield
        return
    place = int.from_bytes(hashlib.sha256(of.encode()).digest()[:7])
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = os.open(folder / ".turns", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        end = time.monotonic() + longest
        told = False
        while time.monotonic() < end:
            try:
                fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                break
            except (BlockingIOError, PermissionError):  # somebody holds it
                if not told:
                    progress(f"waiting: another run is reading {of.split(' at ')[0]}", 0, None)
                    told = True
                time.sleep(_LOOK_SECONDS)
            except OSError:  # a file system without locks
                break
        yield
    finally:
        os.close(held)
