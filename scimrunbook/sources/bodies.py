"""Bodies of answers, bounded in size, time and compression before anything is done with them."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator

import httpx

from scimrunbook.sources.failures import ReadFailure

MAX_WIRE = 8 * 1024 * 1024  # bytes of a compressed body as received
MAX_BODY = 32 * 1024 * 1024  # bytes after decompression


def bounded(response: httpx.Response, deadline: float, host: str) -> bytes:
    """The decoded body; refuses what is too large, too slow or compressed in a way we did not ask for."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise ReadFailure(
            "encoding", f"{host} compresses its answer in a way that was not asked for.", "Ask its operator."
        )
    chunks: Iterator[bytes] = _in_time(response.iter_raw(), deadline, host)
    return b"".join(_gunzip(chunks, host) if "gzip" in encoding else _within(chunks, MAX_BODY, host))


def _in_time(chunks: Iterator[bytes], deadline: float, host: str) -> Iterator[bytes]:
    for chunk in chunks:
        if time.monotonic() > deadline:
            raise ReadFailure("timeout", f"{host} sends its answer too slowly.", "Try again.")
        yield chunk


def _within(chunks: Iterator[bytes], limit: int, host: str) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit:
            raise ReadFailure(
                "too_large", f"The answer of {host} is larger than {limit >> 20} MiB.", "Ask for smaller pages."
            )
        yield chunk


def _gunzip(chunks: Iterator[bytes], host: str) -> Iterator[bytes]:
    def decoded() -> Iterator[bytes]:
        engine, fed = zlib.decompressobj(zlib.MAX_WBITS | 16), False
        for chunk in _within(chunks, MAX_WIRE, host):
            fed = fed or bool(chunk)
            while chunk and not engine.eof:
                # In steps of 1 MiB: a bomb is noticed before it is unpacked.
                yield engine.decompress(chunk, 1 << 20)
                chunk = engine.unconsumed_tail
        if fed and not engine.eof:
            raise ReadFailure("truncated", f"The answer of {host} ends before it is complete.", "Try again.")

    try:
        yield from _within(decoded(), MAX_BODY, host)
    except zlib.error:
        raise ReadFailure("encoding", f"The compressed answer of {host} is damaged.", "Try again.") from None
