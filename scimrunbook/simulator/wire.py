"""How the engines talk to Catalog: real HTTP on loopback, the Host header of the base URL an admin typed."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.serve import LOOPBACK

SCIM_JSON = "application/scim+json"
_SECONDS = 20
# A provider gives up after a minute (Okta: 60 seconds); the minute is one of the virtual clock.
PATIENCE = timedelta(seconds=60)
_REAL_SCHEMES = ("https", "http")


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """``status`` is 0 where no answer came, and ``error`` says why. ``body``: the parsed JSON, or None."""

    status: int
    body: Any = None
    text: str = ""
    error: str = ""
    retry_after: int | None = None  # seconds, of a 429

    @property
    def ok(self) -> bool:
        """A success that is JSON, or empty; a page of HTML is none, whatever its status."""
        return 200 <= self.status < 300 and (self.body is not None or not self.text)

    @property
    def phrase(self) -> str:
        """The reason phrase of the status, as Okta's texts begin with it."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return self.error or "No answer"

    @property
    def detail(self) -> str:
        """What the SCIM error body says."""
        if isinstance(self.body, dict):
            return str(self.body.get("detail") or self.body.get("title") or "")
        return self.text[:200]


class ScimWire:
    """A keep-alive connection to one base URL. The credential is sent as it was typed and kept nowhere else."""

    def __init__(
        self, port: int, base_url: str, authorization: str, user_agent: str = "", clock: Clock | None = None
    ) -> None:
        self.clock = clock
        self.port, self.authorization, self.user_agent = port, authorization, user_agent
        parts = urlsplit(base_url)
        self.scheme = parts.scheme
        self.host, self.path, self.query = parts.netloc, parts.path.rstrip("/"), parts.query
        self._connection: http.client.HTTPConnection | None = None

    def request(self, method: str, path: str, body: Any = None, accept: str = SCIM_JSON) -> WireAnswer:
        """``path`` begins with ``/`` and is relative to the base URL; its query is sent as written."""
        headers = {"Host": self.host, "Authorization": self.authorization, "Accept": accept}
        if self.scheme not in _REAL_SCHEMES or not self.host:
            return WireAnswer(0, error="the address is no URL")
        if self.scheme == "http":
            headers["X-Forwarded-Proto"] = "http"
        if self.user_agent:
            headers["User-Agent"] = self.user_agent
        asked_at = self.clock.now if self.clock else None
        payload = None
        if body is not None:
            payload = json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = f"{SCIM_JSON}; charset=utf-8"
        for last in (False, True):
            fresh = self._connection is None
            try:
                if self._connection is None:
                    self._connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=_SECONDS)
                self._connection.request(method, self.path + path, payload, headers)
                answer = self._connection.getresponse()
                text = answer.read().decode("utf-8", "replace")
            except (OSError, http.client.HTTPException) as problem:
                self.close()
                if last or fresh:  # an idle connection may have been closed meanwhile: one more try, on a new one
                    return WireAnswer(0, error=type(problem).__name__)
            else:
                if self.clock and asked_at and self.clock.now - asked_at > PATIENCE:
                    return WireAnswer(0, error="the request timed out")
                after = answer.headers.get("Retry-After", "")
                return WireAnswer(
                    answer.status, _parsed(text), text, retry_after=int(after) if after.isdigit() else None
                )
        raise AssertionError("unreachable")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


WireFactory = Callable[[str, str], ScimWire]  # (base URL as typed, Authorization value) → a wire


def factory(port: int, clock: Clock | None = None) -> WireFactory:
    return lambda base_url, authorization: ScimWire(port, base_url, authorization, clock=clock)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
