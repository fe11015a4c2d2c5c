"""A file as all the texts it may be read as: raw, without escapes, without tags, without what splits words apart."""

from __future__ import annotations

import base64
import binascii
import html
import json
import quopri
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

import re2

from scimrunbook.evidence.canonical import _INVISIBLE

MOST_INFLATED = 32 * 2**20  # bytes out of one compressed run
_INLINE = re2.compile(r"(?i)</?(?:span|b|i|em|strong|font|mark|u|a|code|small|wbr|sub|sup)(?:\s[^<>]*)?>")
_TAG = re2.compile(r"<[^<>]*>")
_ANSI = re2.compile("\x1b\\[[0-9;?]*[A-Za-z]|\\\\u001[bB]\\[[0-9;]*[A-Za-z]")
_UNICODE = re2.compile(r"\\u\{?([0-9A-Fa-f]{1,6})\}?")
_SQUEEZED = {**_INVISIBLE, **dict.fromkeys(map(ord, " \t\n\r\x0b\x0c\x85\xa0\u2028\u2029\"'\\+"))}


def strings(data: Any, chunks: bool = False) -> Iterator[str]:
    """Every text of parsed JSON; ``chunks``: a list of texts is a notebook's source or output, one text in pieces."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield str(key)
            if isinstance(value, str):  # named values side by side, for rules that want the name
                yield f"{key}: {value}"
            else:
                yield from strings(value, key in ("source", "text", "traceback") or str(key).startswith("text/"))
    elif isinstance(data, list):
        if chunks and len(data) > 1 and all(isinstance(v, str) for v in data):
            yield "".join(data)
        for value in data:
            yield from strings(value)


def decoded(name: str, text: str) -> str:
    """The text as a reader sees it: JSON and notebooks taken apart, escapes undone, canonical. Raises ValueError."""
    if name.endswith((".json", ".ipynb")):
        text = "\n".join(strings(json.loads(text)))
    if name.endswith(".eml") or "=\n" in text:
        text += "\n" + quopri.decodestring(text.encode()).decode("utf-8", "replace")
    for _ in range(3):
        before = text
        if "\\" in text:
            text = text.replace("\\\\", "\\")
            if "\\u" in text:
                text = _UNICODE.sub(_character, text)
            text = text.replace("\\n", "\n").replace('\\"', '"').replace("\\/", "/").replace("\\t", " ")
        if "%" in text:
            text = unquote(text, errors="replace")
        if "&" in text:
            text = html.unescape(text)
        if text == before:
            break
    return (
        text
        if text.isascii()
        else unicodedata.normalize("NFKC", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    )


def _character(found: Any) -> str:
    code = int(found[1], 16)
    return chr(code) if code < 0x110000 else "?"


def without_tags(text: str) -> str:
    """What stays when markup and terminal colours go: a word split into spans is whole again."""
    if "\x1b" in text or "001" in text:
        text = _ANSI.sub("", text)
    return _TAG.sub(" ", _INLINE.sub("", text)) if "<" in text else text


def squeezed(text: str) -> str:
    """Without blanks, quotes, backslashes, plus signs and invisible characters: what was wrapped is whole again."""
    return text.translate(_SQUEEZED)


def inside(runs: Iterable[str]) -> Iterator[str]:
    """What runs of base64 or hex hold, decompressed where they are gzip or zlib."""
    for run in runs:
        for raw in _bytes_of(run):
            yield raw.decode("utf-8", "replace")
            opened = _inflated(raw)
            if opened:
                yield opened.decode("utf-8", "replace")


def _bytes_of(run: str) -> Iterator[bytes]:
    plain = run.rstrip("=").replace("-", "+").replace("_", "/")
    for shift in range(4):  # where the run begins in the middle of a group
        piece = plain[shift:]
        piece = piece[: len(piece) - (len(piece) % 4 == 1)]
        try:
            yield base64.b64decode(piece + "=" * (-len(piece) % 4))
        except (binascii.Error, ValueError):
            continue
    try:
        yield bytes.fromhex(run if len(run) % 2 == 0 else run[:-1])
    except ValueError:
        return


def _inflated(raw: bytes) -> bytes | None:
    if raw[:2] != b"\x1f\x8b" and raw[:1] != b"\x78":
        return None
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(raw, MOST_INFLATED)
    except zlib.error:
        return None
