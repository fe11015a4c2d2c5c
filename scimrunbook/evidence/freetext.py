"""Default-deny for free text: a token passes as a time, a short number, a registered id or known words, or is replaced.

A long number may be somebody's: of a telephone, of staff, of an insurance, a birthday. Those go, times and codes stay.

Patterns are RE2's: no name in a log can make them slow.
"""

from __future__ import annotations

from typing import Any, Protocol

import re2

from scimrunbook.evidence.vocabulary import ALSO_NAMES, known

REMOVED = "[removed]"
ID_REMOVED = "[id removed]"
PATH_REMOVED = "[path removed]"

# What stands between tokens. Splitting by RE2 costs 20 times as much as this table.
_GAPS = dict.fromkeys(map(ord, "\"'`<>()[]{},;|=“”„‘’«»\t\n\r\x0b\x0c\x85\xa0\u2028\u2029"), " ")
_EDGE = ".:!?…*_~-–—•·→›"
TIME = re2.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]?\d\d[:-]\d\d(?:[:-]\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?|P(?:T?[\d.]+[DHMSWY])+|[AP]M"
)
# Day, month and year in either order; nobody's birthday lies in these years, and no log is older.
_DAY = re2.compile(r"\d{1,2}[./-]\d{1,2}[./-]20[1-9]\d")
_BORN = re2.compile(r"(?:19\d\d|200\d)-\d\d-\d\d")
# Groups of digits with blanks between them, as telephone numbers are written: after a +, or three groups and more.
_GROUPS = re2.compile(r"\+[1-9][\d ().\-/]{6,}\d|\b\d{2,5}(?: \d{2,5}){2,}\b")
# A few letters before many digits: a staff or bank account number, unless it is Okta's error code.
_PREFIXED = re2.compile(r"[A-Za-z]{1,4}-?\d{6,}")
_CODE = re2.compile(r"E\d{7}|0[xX][0-9A-Fa-f]+")
_DIGITS = 6  # a number with as many digits may be somebody's
_NUMBER = re2.compile(r"[+-]?[\d.,:/%×x#-]*\d[\d.,:/%×#-]*|[^\pL\pN]*")
EMAIL = re2.compile(r"[\pL\pN._%+'#!$&*/?^~-]+@[\pL\pN][\pL\pN.-]*[\pL\pN]")
GUID = re2.compile(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
OKTA_ID = re2.compile(r"0[0-9a-z]{2}[A-Za-z0-9]{17}")
_IPV4 = re2.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}")
_IPV6 = re2.compile(r"(?i)(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}|[0-9a-f:]*::[0-9a-f:.]*")
_HOST = re2.compile(r"(?i)(?:[\pL\pN](?:[\pL\pN-]*[\pL\pN])?\.)+[a-z]{2,24}")
_ACCOUNT = re2.compile(r"([A-Za-z][A-Za-z0-9.-]{0,20})\\+([\pL\pN][\pL\pN._-]*)")
OPAQUE = re2.compile(r"[A-Za-z0-9+/_=~.-]{20,}")
_DIGIT, _LETTER = re2.compile(r"\d"), re2.compile(r"[A-Za-z]")
_RUNS = re2.compile(r"\pL+")
_BEFORE = re2.compile(r"(\b)([A-Z][a-z]+),? \[removed\]")
_AFTER = re2.compile(r"(\[removed\],? )([A-Z][a-z]+)\b")
_NAME = "|".join(n.capitalize() for n in sorted(ALSO_NAMES) if len(n) > 1)
_PAIR = re2.compile(rf"\b({_NAME}),? ({_NAME})\b")
_SUSPECT = re2.compile(rf"{_GROUPS.pattern}|{_PAIR.pattern}")  # asked first: replacing costs five times as much
_OF_SCREENS = frozenset({"case", "field", "map", "note", "page", "web"})  # two of them beside each other are no name
MEMO = 300_000  # tokens remembered
_PIECES = re2.compile(r"([/?&:#]+)")

# Hosts that name a product and no customer.
_PUBLIC = (
    "castordoc.com", "coalesce.io", "microsoft.com", "microsoftonline.com", "windows.net", "okta.com",
    "oktapreview.com", "okta-emea.com", "example",
)  # fmt: skip
_HOSTS = """
castordoc.com app.castordoc.com app.us.castordoc.com api.castordoc.com api.us.castordoc.com coalesce.io docs.coalesce.io
support.coalesce.io graph.microsoft.com learn.microsoft.com login.microsoftonline.com entra.microsoft.com microsoft.com
portal.azure.com developer.okta.com help.okta.com okta.com
"""
_PUBLIC_HOSTS = frozenset(_HOSTS.split())


class Names(Protocol):
    """What a token may be replaced by; a redactor."""

    def kept(self, token: str) -> bool: ...
    def email(self, value: str) -> str: ...
    def guid(self, value: str) -> str: ...
    def okta_id(self, value: str) -> str: ...
    def account(self, domain: str, name: str) -> str: ...
    def address(self, value: str) -> str: ...
    def host(self, value: str) -> str: ...
    def count(self, kind: str, rule: str) -> None: ...


class FreeText:
    """Reads text token by token. ``deny``: unknown words are removed; without it only what has a shape is replaced."""

    def __init__(self, names: Names, deny: bool) -> None:
        self._names, self._deny = names, deny
        self._memo: dict[str, str] = {}

    def clean(self, text: str) -> str:
        """The text with every token judged."""
        if self._deny and _SUSPECT.search(text):
            text = self._pairs(str(_GROUPS.sub(self._group, text)))
        return self._judged(text)

    def _judged(self, text: str) -> str:
        memo = self._memo
        if len(memo) > MEMO:
            memo.clear()
        done: list[str] = []
        position = last = 0
        removed = REMOVED in text
        for word in text.translate(_GAPS).split():
            made = memo.get(word)
            if made is None:
                made = memo[word] = self.token(word)
            start = text.find(word, position)
            position = start + len(word)
            if made is not word and made != word:
                done += (text[last:start], made)
                last = position
                removed = removed or REMOVED in made
        if not done and not removed:
            return text
        cleaned = "".join(done) + text[last:]
        return self._neighbours(_once(cleaned)) if removed and self._deny else cleaned

    def _group(self, found: Any) -> str:
        """``06 12 34 56 78``; several statuses (``401 401 401``) and a few small numbers are none."""
        if found.start() and found.string[found.start() - 1] in "-/:.,":
            return str(found[0])  # the end of a date, or of a long number
        groups = found[0].split()
        digits = sum(c.isdigit() for c in found[0])
        if digits < 8 or (found[0][0] != "+" and all(len(g) == 3 for g in groups)):
            return str(found[0])
        self._names.count("number", "groups of digits")
        return REMOVED

    def _pairs(self, text: str) -> str:
        """``May Young``: two words beside each other that are both names too."""

        def judged(found: Any) -> str:
            if {found[1].lower(), found[2].lower()} <= _OF_SCREENS:
                return str(found[0])
            self._names.count("word", "two names that are words")
            return REMOVED

        return str(_PAIR.sub(judged, text))

    def _neighbours(self, text: str) -> str:
        """``Will`` of ``Will Smithers``: a word that is a name too goes with the unknown word beside it."""

        def judged(found: Any) -> str:
            if found[2].lower() not in ALSO_NAMES:
                return str(found[0])
            self._names.count("word", "beside an unknown word")
            return f"{found[1]}{REMOVED}"

        return _once(_AFTER.sub(judged, _BEFORE.sub(judged, text)))

    def token(self, token: str) -> str:
        """One token, with the punctuation around it as it was."""
        if token.isalpha() and known(token):
            return token
        core = token.strip(_EDGE)
        if not core:
            return token
        start = token.index(core)
        return token[:start] + self._core(core) + token[start + len(core) :]

    def _core(self, core: str) -> str:
        names = self._names
        if names.kept(core) or (TIME.fullmatch(core) and not (self._deny and _BORN.fullmatch(core))):
            return core
        if "@" in core and (found := EMAIL.search(core)):
            return self._around(core, found.start(), names.email(found[0]), found.end())
        if found := GUID.search(core):
            return self._around(core, found.start(), names.guid(found[0]), found.end())
        if OKTA_ID.fullmatch(core) and _DIGIT.search(core[3:]) and _LETTER.search(core[3:]):
            return names.okta_id(core)
        if _IPV4.fullmatch(core) or (":" in core and _IPV6.fullmatch(core)):
            return names.address(core)
        if "://" in core:
            return self._url(core)
        if "\\" in core and (found := _ACCOUNT.fullmatch(core)):
            return names.account(found[1], found[2])
        if _NUMBER.fullmatch(core):
            return self._number(core)
        if _HOST.fullmatch(core) and not _is_code(core):
            return names.host(core)
        if not self._deny:
            return core
        return self._words(core)

    def _number(self, core: str) -> str:
        if not self._deny or sum(c.isdigit() for c in core) < _DIGITS or _CODE.fullmatch(core) or _DAY.fullmatch(core):
            return core
        self._names.count("number", "long number")
        return REMOVED

    def _words(self, core: str) -> str:
        if _PREFIXED.fullmatch(core) and not _CODE.fullmatch(core):
            self._names.count("number", "long number")
            return REMOVED
        if len(core) >= 20 and OPAQUE.fullmatch(core) and is_opaque(core):
            self._names.count("id", "unregistered id")
            return ID_REMOVED
        if all(known(w) for w in _RUNS.findall(core)):
            return core
        if core.count("/") > 1 and core[0] in "/~":
            self._names.count("path", "path")
            return PATH_REMOVED
        self._names.count("word", "unknown word")
        return REMOVED

    def _around(self, core: str, start: int, made: str, end: int) -> str:
        before, after = core[:start], core[end:]
        return (self._pieces(before) if before else "") + made + (self._pieces(after) if after else "")

    def _pieces(self, text: str) -> str:
        return "".join(p if i % 2 else self.token(p) for i, p in enumerate(_PIECES.split(text)))

    def _url(self, core: str) -> str:
        scheme, _, rest = core.partition("://")
        head, slash, tail = rest.partition("/")
        host = head.rpartition("@")[2]
        name, colon, port = host.partition(":")
        if head != host:
            self._names.count("url", "user info")
        shown = self._names.host(name) if _HOST.fullmatch(name) else self._core(name) if name else ""
        return f"{scheme if known(scheme) else 'url'}://{shown}{colon}{port}{slash}{self._pieces(tail)}"


def is_opaque(text: str) -> bool:
    """Whether a run of token characters looks like an id or a secret rather than words: digits among letters."""
    bare = text.strip("=~._-/+")
    if len(bare) < 20 or not (_DIGIT.search(bare) and _LETTER.search(bare)):
        return False
    return not all(known(w) for w in _RUNS.findall(bare)) or len(_RUNS.findall(bare)) > 6


def public_host(host: str) -> bool:
    return host.lower().rstrip(".") in _PUBLIC_HOSTS


def public_suffix(host: str) -> str | None:
    """The vendor's domain a customer's host lies under (``okta.com`` of ``acme.okta.com``)."""
    low = host.lower()
    return next((p for p in (*_PUBLIC, "onmicrosoft.com") if low.endswith(f".{p}")), None)


def _is_code(core: str) -> bool:
    """``user.lifecycle.create`` and ``source.email`` look like hosts; their words are known, and hosts' are not."""
    return not core.lower().endswith((".com", ".net", ".org", ".io", ".de", ".fr", ".eu")) and all(
        known(w) for w in _RUNS.findall(core)
    )


_TWICE = re2.compile(r"\[removed\](?:[\s,]+\[removed\])+")


def _once(text: str) -> str:
    return str(_TWICE.sub(REMOVED, text))
