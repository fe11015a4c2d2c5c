"""Takes a failure text apart: what the remote end said, what the provider wrapped around it, code and status.

Hostile text: only the first ``MAX_CHARS`` characters are looked at, and every pattern here is linear. Sources of the
wrappers: Okta System Log (``outcome.reason``), Microsoft Learn (provisioning log, ``reason``), RFC 7644 section 3.12.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from typing import Any, NamedTuple

MAX_CHARS = 6000
_MAX_VALUES = 60
_MAX_DEPTH = 5

# .NET's names of HTTP status codes, as Entra prints them after "StatusCode:", and HTTP reason phrases, as Okta does.
PHRASES = {
    "bad request": 400,
    "unauthorized": 401,
    "payment required": 402,
    "forbidden": 403,
    "not found": 404,
    "method not allowed": 405,
    "not acceptable": 406,
    "conflict": 409,
    "precondition failed": 412,
    "request entity too large": 413,
    "unsupported media type": 415,
    "unprocessable entity": 422,
    "too many requests": 429,
    "internal server error": 500,
    "not implemented": 501,
    "bad gateway": 502,
    "service unavailable": 503,
    "gateway timeout": 504,
    "gateway time out": 504,
}


class _Pattern:
    """A regular expression, compiled when a text comes that holds one of ``needs``: without these it cannot match.

    ``needs`` are in small letters and without an i, of which there are more forms than ``casefold`` brings together.
    """

    __slots__ = ("_made", "flags", "needs", "source")

    def __init__(self, source: str, *needs: str, flags: int = 0) -> None:
        self.source, self.needs, self.flags = source, needs, flags
        self._made: re.Pattern[str] | None = None

    def possible(self, text: str) -> bool:
        folded = text.casefold()
        return not self.needs or any(n in folded for n in self.needs)

    @property
    def made(self) -> re.Pattern[str]:
        self._made = self._made or re.compile(self.source, self.flags)
        return self._made

    def search(self, text: str) -> re.Match[str] | None:
        return self.made.search(text) if self.possible(text) else None

    def sub(self, by: str, text: str, count: int = 0) -> str:
        return self.made.sub(by, text, count=count) if self.possible(text) else text

    def findall(self, text: str) -> list[Any]:
        return self.made.findall(text) if self.possible(text) else []


_PHRASE = "|".join(p.replace(" ", "[ ]?") for p in PHRASES)
_NAMED = _Pattern(
    rf"StatusCode:\s{{0,4}}(?:(?P<number>[1-5]\d\d)\b|(?P<phrase>{_PHRASE})\b)", "code:", flags=re.IGNORECASE
)
# A reason phrase as Okta's own sentence: after a colon or at the start, and closed by a full stop or the end.
_SENTENCE = _Pattern(rf"(?:^|:)\s{{0,4}}(?P<phrase>{_PHRASE})\s{{0,2}}(?:\.|:|$|\n)", flags=re.IGNORECASE)
_NUMBER = _Pattern(
    r"\b(?:http|https|status|code|error|errors|returned|returns|returning|return|got|gets|get|received|receive|responded"
    r"|responds|response|says|with|a|an|as|the)\b[^\w\n]{0,4}(?:\w{1,9}[^\w\n]{1,3}){0,2}(?P<number>[345]\d\d)\b(?!\s{0,2}"
    r"(?:user|people|group|member|account|ms|sec|min|hour|day|row|record|char|employee|seat|entries))",
    "3",
    "4",
    "5",
    flags=re.IGNORECASE,
)
_BARE = _Pattern(
    rf"(?:^|[\s(\"'])(?P<number>[345]\d\d)\b[\s):,\"'.-]{{0,4}}(?:$|error|{_PHRASE}|status|response|code)",
    "3",
    "4",
    "5",
    flags=re.IGNORECASE,
)
_REMOTE = _Pattern(
    r"(?:errors?|messages?) reported by (?:the )?(?:remote server|connector|remote)\s{0,3}:?",
    "reported by",
    flags=re.IGNORECASE,
)
# Okta's own sentence around a task; the application's name in it is no part of the failure.
_TASK = _Pattern(
    r"(?P<what>Automatic [a-z ]{3,40}?) of (?P<whom>user|group) .{1,120}? (?:to|from|in|for) app .{1,100}? failed\b:?",
    "automat",
    flags=re.IGNORECASE,
)
_WEB = _Pattern(r"Web Response:", "web re", flags=re.IGNORECASE)
_BOILERPLATE = _Pattern(
    r"Processing of the HTTP request resulted in an exception\.?"
    r"(?: Please see the HTTP response returned by the '?Response'? property of this exception for details\.?)?"
    r"|An error occurred while sending the request to the provisioning service\.?|Message:"
    r"|urn:ietf:params:scim:[\w:]{1,60}2\.0:\w{1,40}:?",
    "of the http",
    "an error occurred",
    "age:",
    "urn:",
    flags=re.IGNORECASE,
)
_HTML = _Pattern(r"<\s{0,2}(?:!doctype|html|head|body|title|h1|div|script)\b", "<", flags=re.IGNORECASE)
_TAG = _Pattern(r"<[^<>]{0,300}>", "<")
_SAID = _Pattern(
    r'"(detail|message|error_description|description|title|scimType|error|reason|errorSummary)"\s{0,3}:\s{0,3}"((?:[^"\\\\]|\\\\.){1,600})',
    '"',
    flags=re.IGNORECASE,
)
# Keys whose values are the message itself; any other key names what the message is about.
_ENVELOPE = frozenset(
    [
        "detail",
        "details",
        "message",
        "messages",
        "msg",
        "error",
        "errors",
        "description",
        "title",
        "reason",
        "error_description",
        "errorsummary",
        "errorcauses",
        "scimtype",
        "response",
        "data",
        "fault",
        "body",
    ]
)
_SILENT = frozenset(
    ["schemas", "status", "id", "timestamp", "requestid", "traceid", "trace_id", "request_id", "errorid"]
)
_CODE = re.compile(r"\s{0,4}([A-Z][A-Za-z0-9]{6,160})\s{0,4}(?:$|[:\n.])")


class Layers(NamedTuple):
    """``detail``: what the remote end said, part by part; ``outer``: the rest; ``code``: of the provider, or empty."""

    detail: tuple[str, ...]
    outer: str
    code: str
    status: int | None
    html: bool


def split(text: str, kind: str | None = None, http_status: int | None = None, code: str = "") -> Layers:
    """The layers of a text. A SCIM answer (``kind`` scim_response) is the remote end's word as a whole."""
    text = _TASK.sub(r"\g<what> of \g<whom>: ", tidy(text), count=1)
    found = _CODE.match(text)
    if not code and found and kind != "symptom" and _is_code(found[1]):
        code, text = found[1], text[found.end(1) :].lstrip(": \n.")
    head, tail = text, ""
    for mark in (_REMOTE, _WEB):
        hit = mark.search(text)
        if hit:
            head, tail = text[: hit.start()], text[hit.end() :]
            break
    if not tail.strip() and kind == "scim_response":
        head, tail = "", text
    if not tail.strip():
        brace = head.find("{")
        if brace >= 0:
            head, tail = head[:brace], head[brace:]
    detail, rest, inner = _remote(tail)
    outer = _BOILERPLATE.sub(" ", _NAMED.sub(" ", f"{head}\n{rest}")).strip()
    status = http_status or _named(head) or inner
    if status is None and kind != "symptom":
        status = _sentence(head) or (_sentence(tail) if not head.strip() else None)
    if status is None:
        status = _numbered(f"{head} {rest if rest else tail}")
    return Layers(detail, outer, code, status, bool(_HTML.search(text)))


def tidy(text: str) -> str:
    """Bounded, in one form of Unicode, without control characters, with escapes of JSON and HTML taken back."""
    text = unicodedata.normalize("NFKC", text[:MAX_CHARS])
    text = text.replace("\\r", "").replace("\\n", "\n").replace("\\u003c", "<")
    text = text.translate(_PLAIN)
    if "&" in text:
        text = html.unescape(text)
    return "".join(c for c in text if c in "\n\t" or c.isprintable())


_PLAIN = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-", "\r": "\n"}
)


def _is_code(word: str) -> bool:
    """A provider's code is written in one word of several capitals: ``EntryConflict``."""
    return sum(c.isupper() for c in word) >= 2 and any(c.islower() for c in word) and " " not in word


def _remote(tail: str) -> tuple[tuple[str, ...], str, int | None]:
    """Parts of the remote end's word, what of the provider's follows it, and the status its body names."""
    tail = tail.strip()
    if not tail:
        return (), "", None
    start = tail.find("{")
    if start < 0 or start > 400:
        start = tail.find("[{")
    if start >= 0:
        decoded = _decoded(tail[start:])
        if decoded is None and '\\"' in tail:
            tail = tail.replace('\\"', '"')
            decoded = _decoded(tail[start:])
        if decoded is None:
            said = tuple(v.replace('\\"', '"') for _, v in _SAID.findall(tail))
            number = re.search(r'"status"\s{0,3}:\s{0,3}"?([345]\d\d)', tail)
            if said:
                return said, "", int(number[1]) if number else None
        else:
            data, end = decoded
            before = _text(tail[:start].strip(" .:\n\"'"))
            parts = [p for p in (before, *_values(data)) if p]
            return tuple(parts), tail[start + end :].strip(" .\n"), _inner_status(data)
    cut = re.search(r"This operation was retried|It will be retried", tail)
    rest = tail[cut.start() :] if cut else ""
    body = _text(tail[: cut.start()] if cut else tail)
    return ((body,) if body else ()), rest, None


def _decoded(text: str) -> tuple[Any, int] | None:
    """The JSON value a text begins with, and where it ends; None where it is cut or no JSON."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return None


def _text(body: str) -> str:
    return _BOILERPLATE.sub(" ", _TAG.sub(" ", body)).strip() if body else ""


def _values(data: Any) -> list[str]:
    """What an answer says, one sentence per value; ``email: must be unique`` where the key names the subject."""
    out: list[str] = []
    todo: list[tuple[str, Any, int]] = [("", data, 0)]
    while todo and len(out) < _MAX_VALUES:
        key, value, depth = todo.pop(0)
        if isinstance(value, dict):
            if depth < _MAX_DEPTH:
                todo.extend((str(k), v, depth + 1) for k, v in list(value.items())[:_MAX_VALUES])
        elif isinstance(value, list):
            if depth < _MAX_DEPTH and key.casefold() != "schemas":
                todo.extend((key, v, depth + 1) for v in value[:_MAX_VALUES])
        elif isinstance(value, str) and value.strip() and key.casefold() not in _SILENT:
            said = _text(value)
            out.append(said if not key or key.casefold() in _ENVELOPE else f"{key}: {said}")
        elif value is None and key.casefold() not in _SILENT | _ENVELOPE:
            out.append(f"{key} is null")
    return out


def _inner_status(data: Any) -> int | None:
    if isinstance(data, dict):
        for key in ("status", "statusCode", "status_code", "code", "Status"):
            value = data.get(key)
            if isinstance(value, (int, str)) and re.fullmatch(r"[345]\d\d", str(value)):
                return int(value)
        inner = data.get("error") or data.get("Errors") or data.get("errors")
        if isinstance(inner, list) and inner:
            inner = inner[0]
        return _inner_status(inner) if isinstance(inner, dict) else None
    return None


def _status_of(hit: re.Match[str]) -> int:
    groups = hit.groupdict()
    if groups.get("number"):
        return int(groups["number"])
    phrase = groups["phrase"].casefold()
    return PHRASES.get(phrase) or next(s for p, s in PHRASES.items() if p.replace(" ", "") == phrase.replace(" ", ""))


def _named(text: str) -> int | None:
    hit = _NAMED.search(text)
    return _status_of(hit) if hit else None


def _sentence(text: str) -> int | None:
    hit = _SENTENCE.search(text)
    return _status_of(hit) if hit else None


def _numbered(text: str) -> int | None:
    hit = _NUMBER.search(text) or _BARE.search(text)
    return _status_of(hit) if hit else None
