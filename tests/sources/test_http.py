"""The guarded client, against real loopback servers: what it refuses, what it bounds, what it says."""

from __future__ import annotations

import gzip
import logging
import pickle
import socket
import struct
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from scimrunbook.evidence.secrets import Secret
from scimrunbook.sources import bodies
from scimrunbook.sources import http as client
from scimrunbook.sources.failures import KINDS, classify
from scimrunbook.sources.http import BearerAuth, ForeignOrigin, MethodRefusedError, Reader, ReadFailure
from scimrunbook.sources.transport import Origin, ReadOnlyTransport, checked_origin, loopback_address, proxy_for
from tests.sources.wires import Wire, always, answer, wire

HOST = "api.us.castordoc.com"
ORIGIN = f"https://{HOST}"
TOKEN = "-".join(["canary"] * 6)


def reader(there: Wire, auth: BearerAuth | None = None, **more) -> Reader:
    return Reader(ORIGIN, auth or BearerAuth(Secret(TOKEN)), there.connect_to, **more)


def failure_of(react, *, timeout: float = 0.3, ask: str = "/auth/scim/Users") -> ReadFailure:
    with wire(react) as there, reader(there) as r, pytest.raises(ReadFailure) as caught:
        r.get(ask, timeout=timeout).json()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert TOKEN not in shown
    assert caught.value.message
    assert caught.value.remedy
    return caught.value


# -- what is sent, and where ------------------------------------------------------------------------------------------


def test_practice_goes_to_loopback_while_host_and_query_stay_the_real_ones() -> None:
    with wire(always(answer(b'{"a": 1}', Date="Fri, 20 Nov 2026 14:00:00 GMT"))) as there, reader(there) as r:
        got = r.get("/auth/scim/Users?filter=userName+eq+%22a%22", headers={"Accept": None})
    head = there.heads[0]
    assert head.startswith("GET /auth/scim/Users?filter=userName+eq+%22a%22 HTTP/1.1\r\n")
    assert f"Host: {HOST}\r\n" in head
    assert f"Authorization: Bearer {TOKEN}\r\n" in head
    assert "\r\nAccept:" not in head
    assert (got.status, got.json(), got.path) == (200, {"a": 1}, "/auth/scim/Users")
    assert got.date is not None
    assert got.date.isoformat() == "2026-11-20T14:00:00+00:00"
    assert r.date == got.date
    assert r.skew_seconds is not None


@pytest.mark.parametrize("scheme", ["Bearer", "SSWS", ""])
def test_the_scheme_of_the_credential(scheme) -> None:
    with wire(always(answer())) as there, reader(there, BearerAuth(Secret(TOKEN), scheme)) as r:
        r.get("/x")
    assert f"Authorization: {f'{scheme} {TOKEN}'.strip()}\r\n" in there.heads[0]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"])
def test_sr_57_the_transport_refuses_every_method_but_get_and_head(method: str) -> None:
    sent: list[httpx.Request] = []
    inner = httpx.MockTransport(lambda request: sent.append(request) or httpx.Response(200))
    guarded = ReadOnlyTransport(inner, checked_origin(ORIGIN))
    for allowed in ("GET", "HEAD"):
        guarded.handle_request(httpx.Request(allowed, f"{ORIGIN}/x"))
    request = httpx.Request("GET", f"{ORIGIN}/x")
    request.method = method
    with pytest.raises(MethodRefusedError, match="only read"):
        guarded.handle_request(request)
    assert len(sent) == 2


def test_sr_57_the_readers_own_client_cannot_write() -> None:
    with wire(always(answer())) as there, reader(there) as r, pytest.raises(MethodRefusedError):
        r._client.post(f"{ORIGIN}/auth/scim/Users", json={})
    assert there.heads == []


def test_an_address_that_is_none_is_a_failure_like_any_other() -> None:
    with Reader("https://api.castordoc.com") as reader, pytest.raises(ReadFailure) as problem:
        reader.get("/auth/scim/Users?next=\x00")  # as a Link header may give it
    assert problem.value.kind == "url"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/auth/scim/Users",
        "http://api.us.castordoc.com/auth/scim/Users",
        "https://api.us.castordoc.com:8443/x",
        "https://api.us.castordoc.com.evil.example/x",
        "https://user:pass@api.us.castordoc.com/x",
        "//evil.example/x",
        "/\\evil.example/x",
        "users",
    ],
)
def test_sr_55_a_foreign_address_is_refused_before_anything_is_sent(address: str) -> None:
    with wire(always(answer())) as there, reader(there) as r, pytest.raises(ForeignOrigin) as caught:
        r.get(address)
    assert there.heads == []
    assert HOST in str(caught.value)
    assert "pass" not in str(caught.value)


def test_sr_55_a_next_link_to_another_host_names_both_hosts_and_sends_nothing_there() -> None:
    link = '<https://evil.example/next>; rel="next", <https://api.us.castordoc.com/self>; rel="self"'
    with wire(always(answer(Link=link))) as there, reader(there) as r:
        links = r.get("/x").links
        assert links == {"next": "https://evil.example/next", "self": "https://api.us.castordoc.com/self"}
        with pytest.raises(ForeignOrigin, match=r"evil\.example.*api\.us\.castordoc\.com"):
            r.get(links["next"])
    assert len(there.heads) == 1


def test_a_credential_serves_one_origin_only() -> None:
    auth = BearerAuth(Secret(TOKEN))
    with Reader(ORIGIN, auth, "127.0.0.1:9"), pytest.raises(ForeignOrigin):
        Reader("https://api.castordoc.com", auth, "127.0.0.1:9")
    with pytest.raises(ForeignOrigin):
        next(auth.auth_flow(httpx.Request("GET", "https://evil.example/")))


def test_sr_55_redirects_are_reported_not_followed() -> None:
    with (
        wire(always(answer())) as elsewhere,
        wire(always(answer(b"", "302 Found", Location=f"http://127.0.0.1:{elsewhere.port}/login"))) as there,
        reader(there) as r,
    ):
        got = r.get("/x")
        assert got.is_redirect
        with pytest.raises(ReadFailure) as caught:
            got.json()
    assert caught.value.kind == "redirect"
    assert elsewhere.heads == []
    assert len(there.heads) == 1


def test_sr_13_authorization_cannot_be_overridden_by_a_header() -> None:
    with wire(always(answer())) as there, reader(there) as r, pytest.raises(AssertionError):
        r.get("/x", headers={"authorization": "Basic x"})
    assert there.heads == []


def test_sr_09_13_nothing_prints_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    auth = BearerAuth(Secret(TOKEN))
    with wire(always(answer())) as there, reader(there, auth) as r:
        got = r.get("/auth/scim/Users?filter=userName+eq+%22ada%40example.com%22")
    shown = f"{auth!r}{auth}{Secret(TOKEN)!r}{Secret(TOKEN)}{got!r}{caplog.text}"
    assert TOKEN not in shown
    assert "ada" not in shown
    assert "authorization" not in r._client.headers
    with pytest.raises(TypeError):
        pickle.dumps(Secret(TOKEN))


# -- origins ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("good", [ORIGIN, "https://acme.okta.com/", "https://GRAPH.microsoft.com:443"])
def test_sr_54_good_origins(good: str) -> None:
    assert checked_origin(good).port == 443
    assert str(checked_origin(good)) == good.lower().rstrip("/").removesuffix(":443")


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        ("http://api.castordoc.com", "plain_http"),
        ("ftp://api.castordoc.com", "url"),
        ("api.castordoc.com", "url"),
        ("", "url"),
        ("https://", "url"),
        ("https://localhost", "url"),
        ("https://127.0.0.1", "url"),
        ("https://[::1]", "url"),
        ("https://2130706433", "url"),
        ("https://0x7f.0x1", "url"),
        ("https://api.castordoc.com:8443", "url"),
        ("https://api.castordoc.com@evil.example", "url"),
        ("https://me:pw@api.castordoc.com", "url"),
        ("https://api.castordoc.com/auth/scim", "url"),
        ("https://api.castordoc.com?x=1", "url"),
        ("https://api.castordoc.com#x", "url"),
        ("https://api.c\u0430stordoc.com", "url"),  # a Cyrillic letter
        ("https://api.castordoc.com\\@evil.example", "url"),
        ("https://api_castordoc.com\n.evil", "url"),
    ],
)
def test_sr_54_bad_origins(bad: str, kind: str) -> None:
    with pytest.raises(ReadFailure) as caught:
        checked_origin(bad)
    assert caught.value.kind == kind
    assert caught.value.remedy


@pytest.mark.parametrize(
    "bad", ["10.0.0.1:80", "example.com:80", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x", "0.0.0.0:1"]
)
def test_connect_to_is_loopback_only(bad: str) -> None:
    with pytest.raises(ReadFailure) as caught:
        Reader(ORIGIN, None, bad)
    assert caught.value.kind == "connect_to"


def test_loopback_addresses() -> None:
    assert loopback_address("localhost:1") == ("127.0.0.1", 1)
    assert loopback_address("[::1]:8765") == ("::1", 8765)


def proxied(origin: str = ORIGIN, **environment: str) -> str | None:
    proxy = proxy_for(Origin("https", origin.removeprefix("https://"), 443), environment)
    return str(proxy.url) if proxy else None


def test_sr_56_only_https_proxy_is_used_and_no_proxy_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxied(HTTP_PROXY="http://p:1", ALL_PROXY="http://p:1") is None
    assert proxied(HTTPS_PROXY="http://p:1") == "http://p:1"
    assert proxied(https_proxy="p:1") == "http://p:1"
    assert proxied("https://127.0.0.1", HTTPS_PROXY="http://p:1") is None
    for exempt in ("*", HOST, "castordoc.com", ".castordoc.com", "*.castordoc.com", f"x, {HOST}:443"):
        assert proxied(HTTPS_PROXY="http://p:1", NO_PROXY=exempt) is None, exempt
    for other in ("doc.com", f"{HOST}:80", "", " , "):
        assert proxied(HTTPS_PROXY="http://p:1", NO_PROXY=other) == "http://p:1", other
    for bad in ("socks5://p:1", "http://", "http://[::1"):
        with pytest.raises(ReadFailure) as caught:
            proxied(HTTPS_PROXY=bad)
        assert caught.value.kind == "proxy"
    monkeypatch.setenv("HTTPS_PROXY", "http://me:proxy-password-9@p.example:3128")
    with Reader(ORIGIN) as r:
        assert r.proxy == "http://p.example:3128"


def test_a_practice_tenant_is_never_proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with wire(always(answer(b"[]"))) as there, reader(there) as r:
        assert r.get("/x").json() == []
        assert r.proxy is None


# -- what goes wrong on the way ---------------------------------------------------------------------------------------


def reset(connection: socket.socket, head: str, number: int) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(connection: socket.socket, head: str, number: int) -> None:
    connection.recv(1)


@pytest.mark.parametrize(
    ("react", "kind"),
    [
        (reset, "reset"),
        (always(b""), "reset"),
        (hang, "timeout"),
        (always(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "protocol"),
        (always(answer(b"{}" * 10)[:-5]), "truncated"),
        (always(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}"), "truncated"),
        (always(answer(gzip.compress(b"{}" * 500)[:-9], Content_Encoding="gzip")), "truncated"),
        (always(answer(b"not gzip at all", Content_Encoding="gzip")), "encoding"),
        (always(answer(b"x", Content_Encoding="br")), "encoding"),
        (always(answer(b"<html>Sign in</html>", Content_Type="text/html")), "html"),
        (always(answer(b"\xef\xbb\xbf  <!doctype html>", Content_Type="application/scim+json")), "html"),
        (always(answer(b"hello", Content_Type="text/html")), "html"),
        (always(answer(b"hello")), "not_json"),
        (always(answer(b"")), "not_json"),
        (always(answer(b'{"a":1,"a":2}')), "not_json"),
        (always(answer(b'{"a":NaN}')), "not_json"),
        (always(answer(b"[" * 65 + b"]" * 65)), "not_json"),
        (always(answer(b"[" * 200_000)), "not_json"),
        (always(answer(b"1" * 5000)), "not_json"),
    ],
)
def test_sr_59_60_failures_are_told_apart(react, kind: str) -> None:
    assert failure_of(react).kind == kind


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Reader(ORIGIN, None, f"127.0.0.1:{port}") as r, pytest.raises(ReadFailure) as caught:
        r.get("/x")
    assert caught.value.kind == "refused"
    assert HOST in caught.value.message


def test_a_slow_drip_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TOTAL_TIMEOUT", 0.2)

    def drip(connection: socket.socket, head: str, number: int) -> None:
        connection.sendall(answer(b"x" * 1000)[:-1000])
        for _ in range(100):
            connection.sendall(b" ")
            connection.settimeout(0.05)
            try:
                connection.recv(1)
            except TimeoutError:
                continue

    assert failure_of(drip, timeout=5).kind == "timeout"


def test_sr_59_bodies_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_BODY", 1 << 21)
    assert failure_of(always(answer(b" " * (1 << 21) + b"{}")), timeout=5).kind == "too_large"
    bomb = gzip.compress(b"\0" * (1 << 24))
    assert len(bomb) < 1 << 16
    assert failure_of(always(answer(bomb, Content_Encoding="gzip")), timeout=5).kind == "too_large"


def test_gzip_and_a_byte_order_mark_are_read() -> None:
    body = gzip.compress(b"\xef\xbb\xbf" + b'{"a": "\\ud83d\\ude00 \\ud800"}')
    with wire(always(answer(body, Content_Encoding="gzip"))) as there, reader(there) as r:
        value = r.get("/x").json()
    assert value == {"a": "😀 \ufffd"}
    value["a"].encode()


@pytest.mark.parametrize("value", ["smart”quote-in-a-token", "line\nbreak-in-a-token", "control\x00-in-a-token"])
def test_a_token_no_header_can_carry_is_a_failure_without_the_token(value: str) -> None:
    auth = BearerAuth(Secret(value))
    with wire(always(answer())) as there, reader(there, auth) as r, pytest.raises(ReadFailure) as caught:
        r.get("/x")
    assert caught.value.kind == "token"
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "in-a-token" not in shown
    assert caught.value.__cause__ is None
    assert there.heads == []


def test_names_certificates_and_tls_are_told_apart() -> None:
    import ssl

    def wrapped(inner: Exception, outer: type[httpx.TransportError] = httpx.ConnectError) -> ReadFailure:
        try:
            try:
                raise inner
            except Exception as cause:
                raise outer("x") from cause
        except httpx.TransportError as problem:
            return classify(problem, HOST)

    expired = ssl.SSLCertVerificationError("x")
    expired.verify_message = "certificate has expired"
    assert wrapped(socket.gaierror(-2, "x")).kind == "dns"
    assert wrapped(expired).kind == "certificate"
    assert "has expired" in wrapped(expired).message
    assert wrapped(ssl.SSLEOFError(8, "x")).kind == "tls"
    assert wrapped(OSError(101, "x")).kind == "unreachable"
    assert classify(httpx.ConnectTimeout("x"), HOST).kind == "timeout"
    assert classify(httpx.ProxyError("x"), HOST).kind == "proxy"
    assert classify(httpx.ConnectError("x"), HOST).kind == "connect"
    assert {"dns", "certificate", "tls", "unreachable"} < set(KINDS)


# -- rate limits ------------------------------------------------------------------------------------------------------


def limited(*answers: bytes):
    return lambda connection, head, number: connection.sendall(answers[min(number, len(answers) - 1)])


NOW = "Fri, 20 Nov 2026 14:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "Fri, 20 Nov 2026 14:00:09 GMT"}, 9),
        ({"X_Rate_Limit_Reset": "1795183212"}, 12),  # Okta: seconds since 1970, by its own clock
        ({"X_Rate_Limit_Reset": "1795183000"}, 1),
        ({}, 1),
    ],
)
def test_a_rate_limit_is_waited_for_by_the_servers_own_clock(headers, waited: float) -> None:
    slept: list[float] = []
    told: list[str] = []
    busy = answer(b"{}", "429 Too Many Requests", Date=NOW, **headers)
    with (
        wire(limited(busy, answer(b"[1]"))) as there,
        reader(there, sleep=slept.append, progress=lambda step, done, total=None: told.append(step)) as r,
    ):
        assert r.get("/x").json() == [1]
    assert slept == [waited]
    assert HOST in told[0]


def test_waiting_has_an_end() -> None:
    slept: list[float] = []
    busy = answer(b"{}", "429 Too Many Requests", Date=NOW, Retry_After="40")
    with wire(always(busy)) as there, reader(there, sleep=slept.append, patience=100) as r:
        assert r.get("/x").status == 429
    assert slept == [40, 40]


def test_without_patience_a_429_comes_back_at_once() -> None:
    with wire(always(answer(b"{}", "429 Too Many Requests"))) as there, reader(there, patience=0) as r:
        assert r.get("/x").status == 429
    assert len(there.heads) == 1


@pytest.mark.parametrize(("remaining", "patience", "waited"), [("7", 300, []), ("6", 300, [12]), ("0", 5, [])])
def test_a_limit_that_is_nearly_used_up_is_not_used_up(remaining: str, patience: float, waited: list[float]) -> None:
    """A tenth is left to the organisation's other programs; other paths have limits of their own."""
    slept: list[float] = []
    limit = {"X_Rate_Limit_Limit": "60", "X_Rate_Limit_Remaining": remaining, "X_Rate_Limit_Reset": "1795183212"}
    many, rest = answer(b"[1]", Date=NOW, **limit), answer(b"[2]", Date=NOW)
    with wire(limited(many, rest)) as there, reader(there, sleep=slept.append, patience=patience) as r:
        r.get("/api/v1/logs?limit=1")
        r.get("/api/v1/users")
        assert slept == []
        r.get("/api/v1/logs?limit=1&after=2")
        r.get("/api/v1/logs?limit=1&after=3")
    assert [round(s) for s in slept] == waited and len(there.heads) == 4


def test_threads_that_hold_back_at_the_same_time_use_patience_up_once() -> None:
    limit = {"X_Rate_Limit_Limit": "60", "X_Rate_Limit_Remaining": "0", "X_Rate_Limit_Reset": "1795183212"}
    all_wait = threading.Barrier(4, timeout=10)
    with (
        wire(always(answer(b"[1]", Date=NOW, **limit))) as there,
        reader(there, sleep=lambda _: all_wait.wait() and None, patience=15) as r,
        ThreadPoolExecutor(4) as pool,
    ):
        r.get("/auth/scim/Users")
        # only where each of them holds back is the barrier passed
        assert [a.status for a in pool.map(lambda _: r.get("/auth/scim/Users"), range(4))] == [200] * 4
    assert not all_wait.broken
