"""Tokens: fetched by reference, kept where nothing prints them, remembered so that they can be scrubbed.

A reference is ``env:NAME``, ``keyring:service/name``, ``file:path`` or ``prompt``. What is recorded of a token is
its shape (``TokenFacts``), never a part of it. A malformed token is a problem to report, not an exception. Names in
``TokenFacts.problems``:

=================  ====================================================================================
blanks             blanks before, after or inside
quotes             it stood between straight quotes
smart_quotes       it stood between typographic quotes, or holds one
line_break         it holds a line break (the one at the end of a file does not count)
non_ascii          it holds letters no token has
control            it holds control characters
doubled_bearer     it begins with ``Bearer`` twice
scheme_prefix      it begins with ``SSWS`` or ``Authorization:``
empty, too_short   fewer than 16 characters
too_long           more than 8192 characters
=================  ====================================================================================
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

from scimrunbook.evidence.encodings import Forms, known_encodings
from scimrunbook.evidence.stores import NotAvailableError, ask, from_file, from_keyring
from scimrunbook.snapshot import TokenFacts

__all__ = ["Resolved", "Secret", "inspect", "known_encodings", "register", "registered", "resolve", "scrub"]

MASK = "[REDACTED]"
MIN_LENGTH, MAX_LENGTH = 16, 8192  # characters of a token
_MIN_REGISTERED = 8  # a shorter text would black out ordinary words

_registry: dict[str, None] = {}
_taken: dict[str, str] = {}  # environment variables already popped, for the incidents that follow in this process
_typed: dict[tuple[str, str], str] = {}  # (session, label) → what was typed, for as long as this process lives
_session: ContextVar[str | None] = ContextVar("session", default=None)
_lock = threading.Lock()


class Secret:
    """A value that cannot print, format, compare or pickle itself by accident. Making one registers it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        register(value)

    def reveal(self) -> str:
        """The value; for the one place that puts it into a header."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not stored")


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference gave: the token's shape, the usable secret or None, and why and what to do if None."""

    facts: TokenFacts
    secret: Secret | None = None
    problem: str | None = None
    remedy: str | None = None


def register(secret: str) -> None:
    """Remembers a value (in memory only) so that ``scrub`` replaces it. Short texts are not remembered."""
    with _lock:
        for value in {secret, secret.strip()}:
            if len(value.strip()) >= _MIN_REGISTERED:
                _registry.setdefault(value)


def registered() -> tuple[str, ...]:
    """Every value that was registered in this process; for the gate alone."""
    with _lock:
        return tuple(_registry)


def scrub(text: str) -> str:
    """``text`` with every registered secret, in every known encoding, replaced by ``[REDACTED]``."""
    for form in _forms(registered()).within(text):
        text = text.replace(form, MASK)
    return text


@lru_cache(maxsize=2)
def _forms(secrets: tuple[str, ...]) -> Forms:
    """Kept until a secret comes in: notebooks and logs are scrubbed text by text, a hundred thousand texts a time."""
    return Forms(secrets)


@contextmanager
def typed_for(session: str) -> Iterator[None]:
    """Within it a typed token is asked for once per ``session`` (an incident file) and kept in memory after that.

    Only a running notebook cell can ask; the buttons below it collect with what was typed there.
    """
    before = _session.set(session)
    try:
        yield
    finally:
        _session.reset(before)


def typed_before(session: str) -> bool:
    """Whether something was typed in this session already."""
    return any(known == session for known, _ in _typed)


def _asked(label: str, interactive: bool) -> str:
    session = _session.get()
    if session is not None and (session, label) in _typed:
        return _typed[session, label]
    value = ask(label, interactive)
    register(value)
    if session is not None:
        _typed[session, label] = value
    return value


def resolve(reference: str, *, base: Path, interactive: bool, label: str = "token") -> Resolved:
    """Fetches the token behind ``reference`` (paths relative to ``base``; ``label`` names it when asking).

    Never raises for what it finds; a token that cannot be had or used comes back as problem and remedy.
    """
    kind, _, rest = reference.partition(":")
    try:
        raw = fetch(kind, rest, base, interactive, label)
    except NotAvailableError as absent:
        return Resolved(TokenFacts(given=False, source=kind), None, absent.problem, absent.remedy)
    facts, value = inspect(raw, source=kind)
    if value is None:
        told = ", ".join(p.replace("_", " ") for p in facts.problems)
        return Resolved(
            facts,
            None,
            f"The {label} cannot be used as it stands ({told}; {facts.length} characters).",
            "Copy it again from where it was issued, as one line without quotes or blanks.",
        )
    return Resolved(facts, Secret(value))


def fetch(kind: str, rest: str, base: Path, interactive: bool, label: str) -> str | bytes:
    """What lies behind a reference, as it was stored. Raises NotAvailableError."""
    if kind == "env":
        return _from_environment(rest)
    if kind == "file":
        return from_file(base / rest)
    if kind == "keyring":
        return from_keyring(rest)
    if kind == "prompt":
        return _asked(label, interactive)
    raise NotAvailableError("The reference to the token is not understood.", "Use env:, keyring:, file: or prompt.")


def _from_environment(name: str) -> str:
    """Popped: neither a child process nor a notebook kernel inherits it."""
    value = os.environ.pop(name, None)
    with _lock:
        if value is not None:
            _taken[name] = value
        value = _taken.get(name)
    if value is None:
        raise NotAvailableError(f"The environment variable {name} is not set.", f"Set {name} and start again.")
    register(value)
    return value


def inspect(raw: str | bytes, *, source: str) -> tuple[TokenFacts, str | None]:
    """The shape of a token as pasted, and the value to use, None where there is no telling what it should be."""
    text, problems = _text(raw)
    for line in text.splitlines():
        register(line)
    register(text)
    if source == "file":
        text = re.sub(r"\r?\n\Z", "", text)
    text, found, bearer = _peeled(text)
    inner = _inner(text)
    problems += found + inner
    register(text)
    kind, expires = _jwt(text)
    usable = not inner and "non_ascii" not in problems  # what stood around it is off, what stands inside is not
    facts = TokenFacts(
        given=True,
        usable=usable,
        source=source,
        length=len(text),
        kind=kind,
        expires_at=expires,
        bearer_prefix=bearer > 0,
        problems=list(dict.fromkeys(problems)),
    )
    return facts, text if usable else None


def _text(raw: str | bytes) -> tuple[str, list[str]]:
    if isinstance(raw, str):
        return raw.removeprefix("\ufeff"), []
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding), []
    except UnicodeDecodeError:
        return raw.decode("latin-1"), ["non_ascii"]


def _peeled(text: str) -> tuple[str, list[str], int]:
    """The token without what was pasted around it, what that was, and how many times ``Bearer`` stood before it."""
    problems: list[str] = []
    bearer = 0
    while True:
        before = text
        text = text.strip()
        if text != before:
            outer = before.replace(text, "", 1) if text else before
            problems.append("line_break" if "\n" in outer else "blanks")
        if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`":
            text = text[1:-1]
            problems.append("quotes")
        elif text[:1] in "“”„‘’«»" and text[-1:] in "“”„‘’«»" and len(text) > 1:
            text = text[1:-1]
            problems.append("smart_quotes")
        elif match := re.match(r"(?i)(bearer)\s+(?=\S)|(ssws\s+|authorization:\s*)(?=\S)", text):
            bearer += bool(match[1])
            problems += ["scheme_prefix"] if match[2] else ["doubled_bearer"] if bearer > 1 else []
            text = text[match.end() :]
        else:
            return text, problems, bearer


def _inner(text: str) -> list[str]:
    problems = []
    if re.search(r"[\r\n\u2028\u2029\x85]", text):
        problems.append("line_break")
    if re.search(r"[ \t\xa0\u2000-\u200b]", text):
        problems.append("blanks")
    if re.search("[“”„‘’«»]", text):
        problems.append("smart_quotes")
    if not text.isascii():
        problems.append("non_ascii")
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text):
        problems.append("control")
    if not text:
        problems.append("empty")
    elif len(text) < MIN_LENGTH:
        problems.append("too_short")
    elif len(text) > MAX_LENGTH:
        problems.append("too_long")
    return problems


def _jwt(text: str) -> tuple[str, str | None]:
    """``jwt`` or ``opaque``, and the expiry of a JWT (RFC 7519 ``exp``) as ISO 8601 UTC where it tells one."""
    parts = text.split(".")
    header, claims = (_claims(parts[0]), _claims(parts[1])) if len(parts) == 3 else (None, None)
    if not isinstance(header, dict) or "alg" not in header:
        return "opaque", None
    expiry = claims.get("exp") if isinstance(claims, dict) else None
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        return "jwt", None
    try:
        return "jwt", datetime.fromtimestamp(int(expiry), UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return "jwt", None


def _claims(part: str) -> object:
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
