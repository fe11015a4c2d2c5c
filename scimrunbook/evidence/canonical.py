"""One spelling for all the ways a text may be written, so that what is known is found in each of them.

``canonical`` undoes escapes (URL, JSON, HTML), compatibility forms and invisible characters; ``folded`` is what is
searched: of the same length as its argument, so that a hit there is a hit in the text.
"""

from __future__ import annotations

import html
import unicodedata
from urllib.parse import unquote

import re2

# Invisible characters: they split a name for a machine and not for an eye.
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]
)
_ASCII_FOLD = bytes(
    0x20 if b in b"\t\n\r\x0b\x0c" else b + 32 if 0x41 <= b <= 0x5A else b if b < 0x80 else 0x3F for b in range(256)
)
_SPACES = {ord(c): " " for c in "\t\n\r\x0b\x0c\x85\xa0\u2028\u2029"}
_ESCAPED = re2.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[nrt\"/\\]|&(?:#|[a-z]+;)")
_UNICODE = re2.compile(r"\\u([0-9A-Fa-f]{4})")
_BYTE = re2.compile(r"\\x([0-9A-Fa-f]{2})")
_SHORT = {r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\"": '"', r"\/": "/", r"\\": "\\"}
_SHORT_RE = re2.compile(r"\\[nrt\"/\\]")
MAX_ROUNDS = 4  # how deep escapes nest before a text counts as made to hide something


def canonical(text: str) -> str:
    """``text`` in NFKC without invisible characters; the same object where it is plain ASCII."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text.translate(_INVISIBLE))


def unescaped(text: str) -> str:
    """``text`` with URL, JSON and HTML escapes undone, however deep (to MAX_ROUNDS), and canonical."""
    for _ in range(MAX_ROUNDS):
        if not _ESCAPED.search(text):
            break
        before = text
        if "%" in text:
            text = unquote(text, errors="replace")
        if "\\" in text:
            # surrogate pairs are two escapes: join them through UTF-16
            text = _UNICODE.sub(lambda m: chr(int(m[1], 16)), text)
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            text = _BYTE.sub(lambda m: chr(int(m[1], 16)), text)
            text = _SHORT_RE.sub(lambda m: _SHORT[m[0]], text)
        if "&" in text:
            text = html.unescape(text)
        if text == before:
            break
    return canonical(text)


def folded(text: str) -> str:
    """``text`` in lower case with every white space a blank; exactly as long as ``text``."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_FOLD).decode("ascii")
    lower = text.lower()
    if len(lower) != len(text):  # a few letters grow when lowered: they stay as they are
        lower = "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
    return lower.translate(_SPACES)


def key_of(value: str) -> str:
    """The form in which two spellings of one identity are equal: NFKC, case-folded, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", value.translate(_INVISIBLE)).casefold().split())


def without_accents(text: str) -> str:
    """``Zoë Strauß`` as ``Zoe Strauss``: how systems that know only ASCII write it."""
    apart = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("ł", "l"))
    return "".join(c for c in apart if not unicodedata.combining(c))
