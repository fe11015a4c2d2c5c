"""A token endpoint: one POST of a form, by a transport that can do nothing else (RFC 6749 section 4.4)."""

from __future__ import annotations

import json
import time

import httpx

from scimrunbook.sources.failures import MethodRefusedError, ReadFailure, classify
from scimrunbook.sources.fields import obj
from scimrunbook.sources.http import CONNECT_TIMEOUT, READ_TIMEOUT, TOTAL_TIMEOUT, USER_AGENT
from scimrunbook.sources.transport import Origin, open_wire

MAX_ANSWER = 256 * 1024  # bytes


class OnePost(httpx.BaseTransport):
    """Lets exactly one kind of request through: POST to one address."""

    def __init__(self, inner: httpx.BaseTransport, origin: Origin, path: str) -> None:
        self._inner, self._origin, self._path = inner, origin, path

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        here = Origin.of(request.url) == self._origin and request.url.path == self._path and not request.url.query
        if request.method != "POST" or not here:
            raise MethodRefusedError("signing in is one POST to the token endpoint")
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


def post_form(origin: Origin, path: str, form: dict[str, str], connect_to: str | None) -> tuple[int, bytes]:
    """Status and body of the answer. Raises ReadFailure; no message holds a part of the form."""
    wire, _ = open_wire(origin, connect_to)
    deadline = time.monotonic() + TOTAL_TIMEOUT  # a byte now and then would never run into the other time-outs
    # What httpx raises may hold the form: nothing of it is chained to what we raise.
    try:
        with (
            httpx.Client(
                transport=OnePost(wire, origin, path),
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
                headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"},
            ) as client,
            client.stream("POST", f"{origin}{path}", data=form) as response,
        ):
            body = b""
            for chunk in response.iter_raw():
                body += chunk
                if time.monotonic() > deadline:
                    raise ReadFailure("timeout", f"{origin.host} sends its answer too slowly.", "Try again.")
                if len(body) > MAX_ANSWER:
                    raise ReadFailure("too_large", "The answer of the sign-in is too large.", "A proxy may answer.")
            return response.status_code, body
    except (httpx.HTTPError, OSError, ReadFailure) as problem:
        failure = classify(problem, origin.host)
    raise failure from None


def answer_of(body: bytes) -> dict[str, object]:
    """The answer as an object; empty where it is none."""
    try:
        return obj(json.loads(body))
    except (ValueError, RecursionError):
        return {}
