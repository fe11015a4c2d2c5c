"""The one way out: a transport that can only read, only from one origin, and never follows anybody elsewhere.

``open_wire`` makes the connection (system trust store, explicit proxy, or the practice tenant on loopback);
``ReadOnlyTransport`` stands in front of it and refuses every method but GET and HEAD and every foreign origin.
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import unquote

import httpx

from scimrunbook.evidence import secrets
from scimrunbook.sources.failures import ForeignOrigin, MethodRefusedError, ReadFailure

READING = frozenset({"GET", "HEAD"})
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what a credential is pinned to (RFC 6454)."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: httpx.URL) -> Origin:
        return cls(url.scheme, url.host.lower(), url.port or {"https": 443, "http": 80}.get(url.scheme, 0))

    def __str__(self) -> str:
        plain = (self.scheme, self.port) in (("https", 443), ("http", 80))
        return f"{self.scheme}://{self.host}" + ("" if plain else f":{self.port}")


def checked_origin(url: str) -> Origin:
    """The origin of ``url``: https, a DNS name, the default port, no user info, path, query or fragment.

    Raises ReadFailure (plain_http or url) for everything else, before a credential is near.
    """
    text = url.strip()
    try:
        parsed = httpx.URL(text)
    except (httpx.InvalidURL, TypeError):
        raise ReadFailure("url", "The address is not a URL.", "Write it as https://host.") from None
    if parsed.scheme == "http":
        raise ReadFailure("plain_http", f"{parsed.host}: plain HTTP is not used.", "Write https:// instead.")
    host = parsed.host.lower()
    wrong = (
        "it must begin with https://"
        if parsed.scheme != "https"
        else "it must not hold a user name or password"
        if parsed.userinfo or "@" in text
        else "it must be a plain DNS name"
        if not _HOST.fullmatch(host) or not text.isascii() or _is_address(host) or "xn--" in host
        else "it must not name a port"
        if parsed.port not in (None, 443)
        else "it must end after the host name"
        if parsed.path.strip("/") or parsed.query or parsed.fragment or "\\" in text
        else ""
    )
    if wrong:
        raise ReadFailure("url", f"The address is not accepted: {wrong}.", "Write it as https://host, nothing else.")
    return Origin("https", host, 443)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # 127.1, 0x7f.1 and the like: the last label of a DNS name is never a number.
        return bool(re.fullmatch(r"(0x[0-9a-f]*|[0-9]+)", host.rsplit(".", 1)[-1]))
    return True


def loopback_address(connect_to: str) -> tuple[str, int]:
    """Host and port of ``connect_to``; raises ReadFailure unless it is loopback with a port."""
    host, _, port = connect_to.strip().rpartition(":")
    host = host.strip("[]")
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback and 0 < int(port) < 65536:
            return address, int(port)
    except ValueError:
        pass
    raise ReadFailure(
        "connect_to",
        "connect_to must be a loopback address with a port.",
        "Write 127.0.0.1:PORT as `scimrunbook simulate` does, or remove the key.",
    )


def proxy_for(origin: Origin, environment: Mapping[str, str] | None = None) -> httpx.Proxy | None:
    """The proxy of HTTPS_PROXY for an origin, unless NO_PROXY or loopback exempts it. HTTP_PROXY is never used."""
    env = os.environ if environment is None else environment
    address = (env.get("HTTPS_PROXY") or env.get("https_proxy") or "").strip()
    if not address or origin.scheme != "https" or origin.host == "localhost" or _loopback(origin.host):
        return None
    exempt = env.get("NO_PROXY") or env.get("no_proxy") or ""
    if any(_exempts(entry.strip().lower(), origin) for entry in exempt.split(",")):
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (httpx.InvalidURL, ValueError):
        raise ReadFailure("proxy", "HTTPS_PROXY is not a proxy address.", "Write http://host:port.") from None
    if proxy.url.scheme not in ("http", "https") or not proxy.url.host:
        raise ReadFailure("proxy", "HTTPS_PROXY is not an HTTP proxy.", "Write http://host:port.")
    if proxy.raw_auth:
        secrets.register(unquote(proxy.raw_auth[1].decode("utf-8", "replace")))
    return proxy


def _exempts(entry: str, origin: Origin) -> bool:
    """An entry of NO_PROXY: ``*``, a host, or a domain with all below it; a port narrows it."""
    name, _, port = entry.partition(":")
    if port and port != str(origin.port):
        return False
    name = name.removeprefix("*").lstrip(".")
    return entry == "*" or (bool(name) and (origin.host == name or origin.host.endswith(f".{name}")))


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@cache
def _trust() -> ssl.SSLContext:
    """Mozilla's roots and this machine's (with SSL_CERT_FILE): company networks often add their own CA."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def open_wire(origin: Origin, connect_to: str | None) -> tuple[httpx.BaseTransport, str | None]:
    """A transport to ``origin`` and the name of the proxy in use (never with its user info), if any.

    It has no opinion on methods: everything that reads data wraps it in ReadOnlyTransport.
    """
    if connect_to is not None:
        return _ToLoopback(*loopback_address(connect_to)), None
    proxy = proxy_for(origin)
    wire = httpx.HTTPTransport(verify=_trust(), trust_env=False, proxy=proxy, retries=0)
    return wire, f"{proxy.url.scheme}://{proxy.url.netloc.decode('ascii')}" if proxy else None


class _ToLoopback(httpx.BaseTransport):
    """Sends every request to one loopback address over plain HTTP; URL, Host header and pinning stay the real ones."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._inner = httpx.HTTPTransport(verify=False, trust_env=False, retries=0)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(scheme="http", host=self._host, port=self._port)
        there = httpx.Request(
            request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
        )
        return self._inner.handle_request(there)

    def close(self) -> None:
        self._inner.close()


class ReadOnlyTransport(httpx.BaseTransport):
    """GET and HEAD to one origin, nothing else. Whatever is built on top of it cannot write."""

    def __init__(self, inner: httpx.BaseTransport, origin: Origin) -> None:
        self._inner, self._origin = inner, origin

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method not in READING:
            raise MethodRefusedError(f"{request.method} refused: sources only read")
        theirs = Origin.of(request.url)
        if theirs != self._origin or request.url.userinfo:
            raise ForeignOrigin(str(self._origin), str(theirs))
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()
