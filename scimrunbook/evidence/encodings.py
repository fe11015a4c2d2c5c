"""The forms in which a secret turns up in texts: each one is searched for and replaced."""

from __future__ import annotations

import base64
import html
import json
from functools import lru_cache
from urllib.parse import quote, quote_plus


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
