"""Token-looking values in exported files: taken out before anything is parsed, reported by file and line only.

Shapes: Okta API tokens are ``00`` and 40 more characters (security facts 2.1), JSON Web Tokens RFC 7519, ``SSWS`` and
``Bearer`` as they stand in headers. Every pattern is linear: a match cannot begin inside a run of token characters.
"""

from __future__ import annotations

import re

MOST = 100  # reports per file; everything found is taken out all the same
_RULES = (  # (name, letters that stand in every match in whatever case, pattern); a literal first is found fastest
    ("authorization header (SSWS)", "ssws", re.compile(r"(?<![\w-])SSWS[ \t]{1,8}[\w~+/=.-]{20,}", re.I)),
    (
        "authorization header (Bearer)",
        "bearer",
        re.compile(r"(?<![\w-])Bearer[ \t]{1,8}[\w~+/=.-]{20,}", re.IGNORECASE),
    ),
    ("JSON Web Token", "eyj", re.compile(r"eyJ(?<![\w-]eyJ)[\w-]{8,}\.[\w-]{8,}\.[\w-]*")),
    ("Okta API token", "00", re.compile(r"00(?<![\w-]00)[\w-]{40}(?![\w-])")),
)


def take_out(text: str) -> tuple[str, list[tuple[int, str]]]:
    """The text with token-looking values replaced, and (line, rule) of each, lines counted from 1."""
    found: list[tuple[int, str]] = []
    low = text.lower()
    for rule, letters, pattern in _RULES:
        if letters not in low:
            continue
        hits = list(pattern.finditer(text))
        if not hits:
            continue
        line, seen = 1, 0
        for hit in hits:
            line, seen = line + text.count("\n", seen, hit.start()), hit.start()
            found.append((line, rule))
        text = pattern.sub("[token removed]", text)
    return text, sorted(found)[:MOST]
