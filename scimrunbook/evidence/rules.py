"""What a secret nobody registered looks like: RE2 rules, linear on whatever a name or a log holds.

A rule's first group is the value. Placeholders and values made of known words are no secrets. Sources: security facts
2.1 (Okta API tokens are ``00`` and 40 more, Entra client secrets hold ``Q~`` after a digit), RFC 7519, RFC 7517.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import re2

from scimrunbook.evidence.freetext import TIME
from scimrunbook.evidence.secret_words import PATTERN
from scimrunbook.evidence.vocabulary import known

VERSION = 1
_VALUE = r"[^\s\"'\\,;&<>\[\]{}()]"
_Q = r"[\"'\\]{0,4}"

# name, pattern, whether a value made of known words is let off
RULES: tuple[tuple[str, str, bool], ...] = (
    ("JSON Web Token", r"(?:^|[^\w-])(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3})", False),
    ("SSWS header", r"(?i)\bSSWS[\s:=\"']{1,8}([\w~+/=.-]{8,})", True),
    ("authorization header", r"(?i)\b(?:bearer|basic|dpop|negotiate)[\s:=\"'+]{1,8}([\w~+/=.-]{12,})", True),
    ("Okta API token", r"(?:^|[^\w-])(00[\w-]{40})(?:$|[^\w-])", True),
    ("Entra client secret", r"([A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34})", False),
    ("refresh token", r"(?:^|[^\w.-])((?:0\.A|1\.A|M\.[CR])[A-Za-z0-9_.!*-]{40,})", False),
    ("named secret", rf"(?i)(?:{PATTERN})[\w.-]{{0,24}}{_Q}\s{{0,3}}[:=]\s{{0,3}}{_Q}({_VALUE}{{6,}})", True),
    ("named value", rf'(?i)"(?:name|key)"\s*:\s*"[^"]*(?:{PATTERN})[^"]*"\s*,\s*"value"\s*:\s*"([^"]{{6,}})"', True),
    ("user info in an address", r"://[^/\s:@\"']{1,100}:([^/\s@\"']{3,})@", False),
    ("query parameter", r"(?i)[?&](?:sig|signature|code|key|jwt|assertion|nonce|auth)=([^&\s\"'<>]{8,})", True),
    ("access key id", r"(?:^|[^A-Za-z0-9])((?:AKIA|ASIA)[A-Z2-7]{16})(?:$|[^A-Za-z0-9])", False),
    ("private key", r"(-----BEGIN [A-Z0-9 ]{0,20}PRIVATE KEY)", False),
    ("private JWK", r'"d"\s*:\s*"([A-Za-z0-9_-]{20,})"', False),
)  # fmt: skip
_COMPILED = [(name, re2.compile(pattern), lenient) for name, pattern, lenient in RULES]
# What follows is markup of a picture in an address; undone, the text is judged once more as a whole.
_MARKUP = re2.compile(r"(?i)%(?:3c|3e|22|20|0a).*")
_RUNS = re2.compile(r"\pL+")
_DIGIT = re2.compile(r"\d")
_REFERENCE = re2.compile(r"env:\w+|keyring:.+|file:.+|prompt|https?://.+")
_PSEUDONYM = re2.compile(r"(?i)(?:user|group|id|h|d|ip|file)[- ][a-z2-7]{8,10}.*")


def _set() -> re2.Set:
    found = re2.Set.SearchSet()
    for _, pattern, _ in RULES:
        found.Add(pattern)
    found.Compile()
    return found


_ANY = _set()


def unknown_secrets(text: str) -> Iterator[tuple[str, int, str]]:
    """(rule, offset, value) of everything in ``text`` that looks like a secret."""
    for which in sorted(_ANY.Match(text) or ()):
        name, pattern, lenient = _COMPILED[which]
        for hit in pattern.finditer(text):
            if not harmless(_MARKUP.sub("", hit[1]), lenient):
                yield name, hit.start(1), hit[1]


@lru_cache(maxsize=50_000)
def harmless(value: str, lenient: bool) -> bool:
    """Whether a value is a placeholder, a time, a reference or plain words."""
    bare = value.strip("*[]<>(){}.,:;!?-_…\"'`")
    if len(bare) < 6 or TIME.fullmatch(bare) or _REFERENCE.fullmatch(value):
        return True
    if bare.lower().startswith(("redacted", "removed", "hidden", "value removed", "id removed", "token removed")):
        return True
    if not lenient:
        return False
    if _PSEUDONYM.fullmatch(bare):
        return True
    runs = _RUNS.findall(bare)
    return all(known(r) for r in runs) and len(runs) <= 12 and not (len(runs) > 3 and _DIGIT.search(bare))
