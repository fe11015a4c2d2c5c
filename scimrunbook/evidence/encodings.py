"""The forms in which a secret turns up in texts: each one is searched for and replaced."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus

_GRAM = 8  # characters; no registered secret, and so no form of one, is shorter


@lru_cache(maxsize=256)
def known_encodings(secret: str) -> tuple[str, ...]:
    """Every usual spelling of ``secret``, longest first: plain, URL, JSON, HTML, hex, base64 at each alignment.

    A header ``Bearer …`` needs no entry of its own but in base64, where its letters shift those of the secret.
    """
    forms = {secret, secret.strip()}
    forms |= {
        quote(secret, safe=""),
        quote(secret, safe="/"),
        quote_plus(secret),
        quote(quote(secret, safe=""), safe=""),
    }
    forms |= {_lower_percent(f) for f in tuple(forms)}
    once = _json(secret, True)
    forms |= {once, _json(secret, False), _json(once, True), once.replace("/", "\\/")}
    forms |= {"".join(f"\\u{ord(c):04x}" for c in secret), "".join(f"\\u{ord(c):04X}" for c in secret)}
    forms |= {html.escape(secret), html.escape(secret, quote=False), repr(secret)[1:-1]}
    raw = secret.encode("utf-8", "surrogatepass")
    forms |= {repr(raw)[2:-1], raw.hex(), raw.hex().upper()}
    forms |= {"".join(f"%{b:02x}" for b in raw), "".join(f"%{b:02X}" for b in raw)}
    for offset in range(3):
        middle = _base64_middle(raw, offset)
        forms |= {middle, middle.replace("+", "-").replace("/", "_"), quote(middle, safe="")}
    return tuple(sorted((f for f in forms if len(f) >= len(secret.strip())), key=lambda f: (-len(f), f)))


class Forms:
    """Every encoding of many secrets, found in a text without asking for each of them one by one.

    Longer secrets come first, and of each its longer forms. ``secrets`` have at least 8 characters.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        by_length = sorted(secrets, key=len, reverse=True)
        self.all = tuple(dict.fromkeys(f for s in by_length for f in known_encodings(s)))
        self.shortest = min(map(len, self.all), default=0)
        self._by_gram: dict[str, list[str]] = {}
        for form in self.all:
            self._by_gram.setdefault(form[:_GRAM], []).append(form)
        self._rank = {form: rank for rank, form in enumerate(self.all)}

    def within(self, text: str) -> list[str]:
        """The forms that stand in ``text``, in the order in which they are to be replaced."""
        if not self.all or len(text) < self.shortest:
            return []
        if len(text) > len(self.all):  # looking for a form costs nanoseconds, cutting a text up costs them per letter
            return [form for form in self.all if form in text]
        known = self._by_gram
        begun = {g for i in range(len(text) - _GRAM + 1) if (g := text[i : i + _GRAM]) in known}
        return sorted((f for g in begun for f in known[g] if f in text), key=self._rank.__getitem__)


def _json(text: str, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _lower_percent(text: str) -> str:
    """``%2F`` as ``%2f``; everything else as it was."""
    parts = text.split("%")
    return "%".join([parts[0], *(p[:2].lower() + p[2:] for p in parts[1:])])


def _base64_middle(raw: bytes, offset: int) -> str:
    """The base64 letters that depend on ``raw`` alone when ``offset`` (0, 1, 2) other bytes stand before it."""
    encoded = base64.b64encode(b"\0" * offset + raw).decode("ascii").rstrip("=")
    loose_end = 1 if (offset + len(raw)) % 3 else 0  # its last letter would change with what follows
    return encoded[(0, 2, 3)[offset] : len(encoded) - loose_end]
