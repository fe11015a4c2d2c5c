"""What a server says of its rate limits before it refuses: the next request then waits, and is not refused.

Okta counts per organisation and endpoint, whoever asks: its answers tell the limit, what remains of it, and when it
begins anew. A tenth of it is left to the others, the organisation's own sign-ins among them; a request over the limit
would also make Okta write to its admins (``system.org.rate_limit.violation``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

_SEGMENTS = 3  # /api/v1/logs: which paths share a limit nobody tells; those below one collection are held together


class Limits:
    """By collection of paths, until when to hold back. For any number of threads."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}  # monotonic
        self._lock = threading.Lock()

    def heard(self, path: str, headers: Mapping[str, str], wait: float | None) -> None:
        """An answer told its limit; ``wait``: seconds until it begins anew."""
        limit, remaining = (headers.get(f"x-rate-limit-{name}", "").strip() for name in ("limit", "remaining"))
        if wait is None or not (limit.isdigit() and remaining.isdigit()) or len(limit + remaining) > 20:
            return
        used_up = int(limit) > 0 and int(remaining) <= int(limit) // 10
        with self._lock:
            if used_up:
                self._until[_collection(path)] = time.monotonic() + wait
            else:
                self._until.pop(_collection(path), None)

    def hold(self, path: str) -> float:
        """Seconds to hold back before a request for ``path``; 0 where nothing is known against it."""
        with self._lock:
            return max(0.0, self._until.get(_collection(path), 0.0) - time.monotonic())

    def over(self, path: str) -> None:
        """The time was waited for."""
        with self._lock:
            self._until.pop(_collection(path), None)


def _collection(path: str) -> str:
    return "/".join(path.split("/")[: _SEGMENTS + 1])
