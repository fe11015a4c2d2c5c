"""The guarded HTTP client all live sources read through: one ``Reader`` per origin.

What it promises: GET and HEAD only; the credential goes to its own origin only; redirects are reported, never
followed; nothing of the environment is trusted but HTTPS_PROXY and NO_PROXY; bodies and times are bounded; every
failure is a ``ReadFailure`` with cause and remedy. With ``connect_to`` (loopback only) the connection goes to the
practice tenant while URLs, Host header and pinning stay those of the real world.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx

from scimrunbook import __version__
from scimrunbook.evidence.secrets import Secret
from scimrunbook.sources.bodies import bounded
from scimrunbook.sources.failures import ForeignOrigin, MethodRefusedError, ReadFailure, classify, unwritable
from scimrunbook.sources.json_reading import looks_like_html, read_json
from scimrunbook.sources.limits import Limits
from scimrunbook.sources.parts import Progress
from scimrunbook.sources.transport import Origin, ReadOnlyTransport, checked_origin, open_wire

__all__ = ["Answer", "BearerAuth", "ForeignOrigin", "MethodRefusedError", "ReadFailure", "Reader"]

CONNECT_TIMEOUT, READ_TIMEOUT, TOTAL_TIMEOUT = 10.0, 30.0, 120.0  # seconds
PATIENCE = 300.0  # seconds one reader spends waiting for rate limits, all requests together
USER_AGENT = f"scimrunbook/{__version__}"

# They print whole URLs (SCIM filters hold e-mail addresses) and cookies.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class BearerAuth(httpx.Auth):
    """Puts a secret into the Authorization header of one origin's requests; cannot print itself.

    ``scheme``: ``Bearer``, ``SSWS`` (Okta API tokens) or empty (the value stands alone).
    """

    def __init__(self, secret: Secret, scheme: Literal["Bearer", "SSWS", ""] = "Bearer") -> None:
        self._secret, self._scheme = secret, scheme
        self._origin: Origin | None = None

    def pin(self, origin: Origin) -> None:
        """Ties the credential to an origin; raises ForeignOrigin where it is tied to another one already."""
        if self._origin not in (None, origin):
            raise ForeignOrigin(str(self._origin), str(origin))
        self._origin = origin

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        theirs = Origin.of(request.url)
        if theirs != self._origin:
            raise ForeignOrigin(str(self._origin), str(theirs))
        value = f"{self._scheme} {self._secret.reveal()}".strip()
        if not (value.isascii() and value.isprintable()):
            raise unwritable(request.url.host)  # httpx would send it as UTF-8, or print it in its error
        request.headers["Authorization"] = value
        yield request

    def __repr__(self) -> str:
        return f"BearerAuth(scheme={self._scheme!r}, secret=***)"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. ``path`` has no query; ``links`` are those of the Link header by ``rel`` (RFC 8288)."""

    status: int
    path: str
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)
    links: dict[str, str] = field(repr=False)
    latency_ms: int
    host: str = ""

    @property
    def content_type(self) -> str:
        return str(self.headers.get("content-type", "")).split(";")[0].strip().lower()

    @property
    def date(self) -> datetime | None:
        """The server's clock (Date header), UTC; None where it tells none."""
        return _http_date(self.headers.get("date"))

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status < 400 and "location" in self.headers

    @property
    def is_html(self) -> bool:
        return looks_like_html(self.body, self.content_type)

    def json(self) -> Any:
        """The body as JSON. Raises ReadFailure: redirect, html (a web page) or not_json."""
        if self.is_redirect:
            raise ReadFailure(
                "redirect",
                f"{self.host}{self.path} redirects to another address ({self.status}); it was not followed.",
                "Enter the final address yourself if it is the right one; check for a trailing slash.",
            )
        return read_json(self.body, content_type=self.content_type, where=f"The answer of {self.host}{self.path}")

    def wait_seconds(self) -> float | None:
        """How long a rate-limited answer asks to wait, by the server's own clock; None where it does not say."""
        now = self.date or datetime.now(UTC)
        after = self.headers.get("retry-after", "").strip()
        if after.isdigit():
            return float(after[:9])
        moment = _http_date(after)
        reset = self.headers.get("x-rate-limit-reset", "").strip()
        if moment is None and reset.isdigit() and len(reset) <= 11:  # Okta: seconds since 1970
            moment = datetime.fromtimestamp(int(reset), UTC)
        return None if moment is None else max(0.0, (moment - now).total_seconds())


class Reader:
    """Reads from one origin. Use as a context manager, or ``close`` it.

    ``origin``: ``https://host`` and nothing else. ``patience``: seconds it will wait in all for rate limits
    (0: a 429 is handed back at once); ``sleep`` is injectable, ``progress`` is told while waiting.
    Raises ReadFailure where origin or connect_to are not acceptable.
    """

    def __init__(
        self,
        origin: str,
        auth: BearerAuth | None = None,
        connect_to: str | None = None,
        user_agent: str = USER_AGENT,
        *,
        patience: float = PATIENCE,
        progress: Progress | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.origin = checked_origin(origin)
        self.host = self.origin.host
        self.requests = 0
        self.throttled = 0  # answers of 429, whatever became of them
        self.sent = 0  # requests, those asked again after a limit included
        self.date: datetime | None = None  # the server's clock at its latest answer
        self.skew_seconds: float | None = None  # how far the server's clock is ahead of this machine's
        self._auth, self._patience, self._progress, self._sleep = auth, patience, progress, sleep
        self._lock = threading.Lock()  # pages may be fetched by several threads at once
        self._limits = Limits()
        self._held_until = 0.0  # monotonic; up to when holding back was taken off ``patience`` already
        self._shut_until = 0.0  # monotonic; a rate limit one of them has met holds for all
        if auth is not None:
            auth.pin(self.origin)
        wire, self.proxy = open_wire(self.origin, connect_to)
        self._client = httpx.Client(
            transport=ReadOnlyTransport(wire, self.origin),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
            headers={"User-Agent": user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"},
        )

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(
        self,
        path_or_url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        timeout: float | None = None,  # seconds without a byte
        tries: int | None = None,  # requests at most, where a limit is waited for
    ) -> Answer:
        """The answer, whatever its status. A header given as None is not sent.

        Without ``params`` the query is sent exactly as written. Raises ReadFailure where there is no answer,
        ForeignOrigin for an address of another origin. 429, and 503 that says when, are waited for; so is a limit that
        an earlier answer said is nearly used up.
        """
        url = self._url(path_or_url)
        attempt = 0
        while True:
            began = time.monotonic()
            if self._shut_until > began:
                self._wait(self._shut_until - began)
            self._hold_back(url.path)
            with self._lock:
                self.sent += 1
            answer = self._once(url, params, headers, timeout)
            wait = answer.wait_seconds()
            if answer.status != 429 and not (answer.status == 503 and wait is not None):
                self._limits.heard(url.path, answer.headers, wait)
                return answer
            # At least a second: a limit that resets "now" by a coarse clock would be asked in a tight loop.
            wait = max(1.0, wait if wait is not None else float(2**attempt))
            with self._lock:
                self.throttled += answer.status == 429
                if wait > self._patience or (tries is not None and attempt + 1 >= tries):
                    return answer
                known = self._shut_until > began  # another thread has met the same limit and is waiting already
                self._patience -= 0 if known else wait
                self._shut_until = max(self._shut_until, time.monotonic() + wait)
            attempt += 1
            self._tell(wait)
            self._wait(wait)

    def _hold_back(self, path: str) -> None:
        """Waits until a limit that is nearly used up begins anew, as long as patience lasts.

        Threads that wait at the same time wait once: patience counts the time and not the threads.
        """
        wait, now = self._limits.hold(path), time.monotonic()
        with self._lock:
            more = max(0.0, wait - max(0.0, self._held_until - now))
            if wait <= 0 or more > self._patience:
                return
            self._patience -= more
            self._held_until = max(self._held_until, now + wait)
        self._tell(wait)
        self._sleep(wait)
        self._limits.over(path)

    def _wait(self, seconds: float) -> None:
        """Sleeps; the limit that was waited for is then over for everybody."""
        until = self._shut_until
        self._sleep(seconds)
        with self._lock:
            if self._shut_until == until:
                self._shut_until = 0.0

    def _tell_time(self, date: str | None) -> None:
        moment = _http_date(date)
        if moment is not None:
            self.date = moment
            self.skew_seconds = round((moment - datetime.now(UTC)).total_seconds(), 1)

    def _tell(self, wait: float) -> None:
        if self._progress:
            self._progress(f"waiting {wait:.0f} s: {self.host} limits the rate", 0, None)

    def _url(self, given: str) -> httpx.URL:
        ours = given.startswith("/") and not given.startswith(("//", "/\\"))
        try:
            url = httpx.URL(f"{self.origin}{given}" if ours else given)
        except httpx.InvalidURL as problem:
            raise classify(problem, self.host) from None
        theirs = Origin.of(url)
        if theirs != self.origin or url.userinfo:
            raise ForeignOrigin(str(self.origin), str(theirs) if url.host else "an unnamed host")
        return url

    def _once(
        self,
        url: httpx.URL,
        params: Mapping[str, Any] | None,
        headers: Mapping[str, str | None] | None,
        timeout: float | None,
    ) -> Answer:
        began = time.monotonic()
        self.requests += 1
        # Everything httpx raises may carry the request with its header: nothing of it is chained to what we raise.
        try:
            request = self._client.build_request("GET", url, params=dict(params) if params else None)
            for name, value in (headers or {}).items():
                assert name.lower() not in ("authorization", "cookie", "host"), name
                if value is None:
                    request.headers.pop(name, None)
                else:
                    request.headers[name] = value
            if timeout is not None:
                request.extensions["timeout"] = httpx.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT)).as_dict()
            with contextlib.closing(self._client.send(request, auth=self._auth, stream=True)) as response:
                body = bounded(response, began + TOTAL_TIMEOUT, self.host)
        except MethodRefusedError:
            raise
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError, OSError, ReadFailure) as problem:
            failure = classify(problem, self.host)
        else:
            latency = round((time.monotonic() - began) * 1000)
            self._tell_time(response.headers.get("date"))
            links = {r: str(link["url"]) for r, link in response.links.items() if r and "url" in link}
            return Answer(response.status_code, url.path, response.headers, body, links, latency, self.host)
        raise failure from None


def _http_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
