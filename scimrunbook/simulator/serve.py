"""Serves the simulated world on loopback: uvicorn in a thread, one port, told apart by the Host header."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import uvicorn

LOOPBACK = "127.0.0.1"
_START_SECONDS = 15
_STOP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Server:
    """Where the world is served."""

    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


class HostRouter:
    """Hands a request to the app of its Host header (port and case aside); ``*`` takes the rest, else 421."""

    def __init__(self, routes: Mapping[str, Any]) -> None:
        self.routes = {host.lower(): app for host, app in routes.items()}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        host = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"host"), "")
        app = self.routes.get(host.split(":")[0].lower(), self.routes.get("*"))
        if app is not None:
            await app(scope, receive, send)
            return
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 421, "headers": headers})
        await send({"type": "http.response.body", "body": b"This address serves no such host.\n"})


@contextlib.contextmanager
def serve(routes: Mapping[str, Any]) -> Iterator[Server]:
    """Serves ``routes`` (host → ASGI app) on an ephemeral loopback port for the time of the ``with`` block.

    There is no way to ask for another address: what is served takes fake tokens over plain HTTP. Raises RuntimeError
    where serving does not start. Ends within seconds, whatever requests are under way.
    """
    # with the protocol named, asyncio switches Nagle off; without it every answer waits 40 ms for an acknowledgement
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind((LOOPBACK, 0))
    config = uvicorn.Config(
        HostRouter(routes),
        log_config=None,
        access_log=False,
        lifespan="off",
        date_header=False,  # the apps send the virtual clock's
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True, name="simulator")
    thread.start()
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the simulator did not start serving")
            time.sleep(0.005)
        yield Server(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        if thread.is_alive():  # a request that never ends must not keep the caller
            server.force_exit = True
            thread.join(_STOP_SECONDS)
        listener.close()
