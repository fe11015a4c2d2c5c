"""The world is served on loopback only, each host by its own app, as often as wanted."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading
import time

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from scimrunbook.simulator.serve import serve


def app(text: str, headers: dict[str, str] | None = None) -> Starlette:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(text, headers=headers)

    return Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])


def test_hosts_are_told_apart_and_strangers_refused() -> None:
    with serve({"a.example.com": app("a"), "B.example.com": app("b")}) as server:
        said = {h: httpx.get(server.url, headers={"Host": h}) for h in ("a.example.com", "b.EXAMPLE.com:443", "c.x")}
    assert [r.text for r in said.values()][:2] == ["a", "b"]
    assert said["c.x"].status_code == 421
    assert "server" not in said["a.example.com"].headers


def test_a_fallback_takes_what_no_host_claims() -> None:
    with serve({"a.example.com": app("a"), "*": app("rest")}) as server:
        assert httpx.get(server.url, headers={"Host": "a.example.com"}).text == "a"
        assert httpx.get(server.url).text == "rest"


def test_the_only_date_is_that_of_the_app() -> None:
    virtual = "Fri, 20 Nov 2026 14:00:00 GMT"
    with serve({"dated": app("x", {"Date": virtual}), "undated": app("x")}) as server:
        assert httpx.get(server.url, headers={"Host": "dated"}).headers.get_list("date") == [virtual]
        assert httpx.get(server.url, headers={"Host": "undated"}).headers.get_list("date") == []


def test_it_listens_on_loopback_and_cannot_be_asked_for_another_address() -> None:
    seen = []

    async def note(scope, receive, send) -> None:
        seen.append(scope["server"][0])
        await PlainTextResponse("x")(scope, receive, send)

    with serve({"*": note}) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        httpx.get(server.url)
    assert seen == ["127.0.0.1"]
    assert list(inspect.signature(serve).parameters) == ["routes"]


def test_many_requests_on_one_connection_do_not_wait_for_acknowledgements() -> None:
    ports = set()

    async def note(scope, receive, send) -> None:
        ports.add(scope["client"][1])
        await PlainTextResponse("x" * 2000)(scope, receive, send)

    with serve({"*": note}) as server, httpx.Client(base_url=server.url) as client:
        client.get("/")
        begin = time.perf_counter()
        for _ in range(100):
            assert client.post("/", content=b"y" * 500).status_code == 200
        took = time.perf_counter() - begin
    assert len(ports) == 1
    assert took < 3  # with Nagle's algorithm against delayed acknowledgements: 100 times 40 ms


def test_it_can_be_served_again_and_again_and_beside_itself() -> None:
    before = threading.active_count()
    for _ in range(3):
        with serve({"*": app("x")}) as one, serve({"*": app("y")}) as other:
            assert (httpx.get(one.url).text, httpx.get(other.url).text) == ("x", "y")
    assert threading.active_count() == before


def test_an_endless_request_does_not_keep_it_from_ending() -> None:
    begun = threading.Event()

    async def hang(scope, receive, send) -> None:
        begun.set()
        await asyncio.sleep(3600)

    def ask(url: str) -> None:
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(url, timeout=30)

    with serve({"*": hang}) as server:
        client = threading.Thread(target=ask, args=(server.url,))
        client.start()
        assert begun.wait(5)
        begin = time.monotonic()
    assert time.monotonic() - begin < 4.5
    client.join(5)
    assert not client.is_alive()
