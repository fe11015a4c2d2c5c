"""Loopback servers that misbehave on purpose: each answers every connection with one scripted reaction."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Wire:
    """Where it listens, and the raw head of every request it saw."""

    port: int
    heads: list[str] = field(default_factory=list)

    @property
    def connect_to(self) -> str:
        return f"127.0.0.1:{self.port}"


React = Callable[[socket.socket, str, int], None]  # connection, head of the request, its number from 0


@contextlib.contextmanager
def wire(react: React) -> Iterator[Wire]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        made, stop = Wire(listening.getsockname()[1]), threading.Event()

        def loop() -> None:
            while not stop.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(2)
                    data = b""
                    with contextlib.suppress(OSError):
                        while b"\r\n\r\n" not in data:
                            chunk = connection.recv(65536)
                            if not chunk:
                                break
                            data += chunk
                    head = data.decode("latin-1")
                    made.heads.append(head)
                    with contextlib.suppress(OSError):
                        react(connection, head, len(made.heads) - 1)

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            stop.set()
            thread.join(5)


def answer(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP answer; header names are written with underscores."""
    lines = {"Content-Length": str(len(body)), "Connection": "close"}
    lines |= {k.replace("_", "-"): v for k, v in headers.items()}
    head = "".join(f"{k}: {v}\r\n" for k, v in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def always(data: bytes) -> React:
    return lambda connection, head, number: connection.sendall(data)
