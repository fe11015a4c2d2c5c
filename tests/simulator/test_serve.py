"""The world is served on loopback only, each host by its own app."""

from __future__ import annotations

import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from scimrunbook.simulator.serve import serve


def app(text: str) -> Starlette:
    async def answer(_):
        return PlainTextResponse(text)

    return Starlette(routes=[Route("/", answer)])


def test_hosts_are_told_apart_and_strangers_refused() -> None:
    with serve({"a.example.com": app("a"), "b.example.com": app("b")}) as server:
        assert server.url.startswith("http://127.0.0.1:")
        said = {h: httpx.get(server.url, headers={"Host": h}) for h in ("a.example.com", "B.example.com:443", "c.x")}
    assert [r.text for r in said.values()][:2] == ["a", "b"]
    assert said["c.x"].status_code == 421
    assert "server" not in said["a.example.com"].headers and "date" not in said["a.example.com"].headers


def test_it_can_be_served_again_and_again() -> None:
    for _ in range(3):
        with serve({"*": app("x")}) as server:
            assert httpx.get(server.url).text == "x"
