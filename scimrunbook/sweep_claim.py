"""One incident of a sweep is run by one process at a time, also where nobody knows of the other.

A sweep that was killed leaves workers behind that finish what they have begun, and the same sweep resumed hands the
same incident to another. The second waits here for the first, and then finds its run.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def claimed(folder: Path, file: str) -> Iterator[None]:
    """Holds ``file`` for this process, once no other does. ``folder`` is the sweep's, seen by all of its workers.

    A lock of one byte, by the hash of the name, in one file: it goes with its process, works over NFS, and unlike
    ``flock`` does not pass on to kernels that are forked meanwhile. Where a file system has no locks nothing is held.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    place = int.from_bytes(hashlib.sha256(file.encode()).digest()[:7])
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = os.open(folder / "claims", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with contextlib.suppress(OSError):
            fcntl.lockf(held, fcntl.LOCK_EX, 1, place)
        yield
    finally:
        os.close(held)
