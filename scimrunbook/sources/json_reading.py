"""JSON from strangers: bounded depth, no duplicate keys, no NaN, no half characters; web pages told apart."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from scimrunbook.sources.failures import ReadFailure

MAX_DEPTH = 64
_BOM = b"\xef\xbb\xbf"
_BRACKETS = b"{}[]"
_NOT_BRACKETS = bytes(b for b in range(256) if b not in _BRACKETS)


def read_json(
    body: bytes, *, content_type: str = "", where: str = "the answer", max_depth: int = MAX_DEPTH, lenient: bool = False
) -> Any:
    """The value in ``body``. Raises ReadFailure (html or not_json); its message never holds the content.

    ``lenient``: a key that stands twice keeps its last value, and NaN reads as None, for lists in which one bad item
    must not cost the others.
    """
    text = body.removeprefix(_BOM).strip()
    if looks_like_html(body, content_type):
        raise ReadFailure(
            "html",
            f"{where} is a web page where data was expected.",
            "A sign-in page, a proxy or a firewall answered: check the address, then what stands in between.",
        )
    try:
        if depth(text) > max_depth:
            raise ValueError("too deep")
        if lenient:
            value = json.loads(text, parse_constant=lambda _: None)
        else:
            value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        what = "is empty" if not text else "is not valid JSON"
        raise ReadFailure("not_json", f"{where} {what}.", "Check that the address is that of an API.") from None
    return whole_characters(value) if b"\\ud" in text or b"\\uD" in text else value


def looks_like_html(body: bytes, content_type: str = "") -> bool:
    """Whether a body is a web page: it says so, or it begins like one."""
    head = body.removeprefix(_BOM).lstrip()[:1]
    return head == b"<" or ("html" in content_type.lower() and head not in (b"{", b"["))


def depth(text: bytes) -> int:
    """How deep objects and arrays nest. Exact only above MAX_DEPTH; below, brackets in texts may add to it."""
    deepest = _deepest(text.translate(None, _NOT_BRACKETS))
    if deepest <= MAX_DEPTH:
        return deepest
    bare, inside, escaped = bytearray(), False, False
    for byte in text:
        if inside:
            inside = escaped or byte != 0x22
            escaped = byte == 0x5C and not escaped
        elif byte == 0x22:
            inside = True
        elif byte in _BRACKETS:
            bare.append(byte)
    return _deepest(bytes(bare))


def _deepest(brackets: bytes) -> int:
    level = deepest = 0
    for byte in brackets:
        level += 1 if byte in b"{[" else -1
        deepest = max(deepest, level)
    return deepest


def whole_characters(value: Any) -> Any:
    """The value with lone surrogates replaced: they pass JSON but cannot be written as UTF-8 anywhere."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [whole_characters(v) for v in value]
    if isinstance(value, dict):
        return {whole_characters(k): whole_characters(v) for k, v in value.items()}
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")
