"""The gate: the last look at everything that leaves, by other means than redaction. It fails closed.

Every member and every member's name is searched for: secrets the run touched, in all their encodings; secrets nobody
registered, by rule; identifiers nobody registered; everybody the run knows; this machine's user, host and home. A hit,
a file of unknown kind or an error of the gate itself means: nothing leaves. A hit is told by rule, file and line.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath

import ahocorasick_rs
import re2

from scimrunbook.evidence import rules, views
from scimrunbook.evidence.canonical import key_of, without_accents
from scimrunbook.evidence.encodings import known_encodings
from scimrunbook.evidence.freetext import EMAIL, GUID, TIME, is_opaque
from scimrunbook.evidence.vocabulary import known

VERSION = 1
WINDOW = 16  # characters of a secret that are a leak on their own
MAX_FILE = 256 * 2**20  # bytes
PIECE, OVERLAP = 4 * 2**20, 4096  # characters looked at together, and how far two of them overlap
KINDS = frozenset({".json", ".ipynb", ".html", ".csv", ".md", ".eml", ".txt"})
NAMES = frozenset({"SHA256SUMS"})
_NAME = re2.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_CANDIDATE = re2.compile(r"[A-Za-z0-9+/_=~.-]{20,}")
_HEX = re2.compile(r"(?i)[0-9a-f]{32,}")
_RUNS = re2.compile(r"\pL+")
_BLANKS = dict.fromkeys(map(ord, "\"'`<>()[]{},;|=:“”„‘’«»\t\n\r\x0b\x0c\x85\xa0\u2028\u2029/\\?&*_#"), " ")


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that fired; ``waiver`` names the value without telling it, None where nothing may let it pass."""

    rule: str
    file: str
    line: int
    waiver: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{self.rule}: {place}" + (f" (waiver {self.waiver})" if self.waiver else "")


@dataclass(slots=True)
class Known:
    """What the gate is told. ``safe``: registered identifiers and pseudonyms; ``machine``: user, host, home."""

    secrets: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()  # addresses, logins and object ids, folded
    names: frozenset[tuple[str, str]] = frozenset()  # pairs of folded words that make a name
    safe: frozenset[str] = frozenset()
    machine: frozenset[str] = frozenset()
    waived: frozenset[str] = frozenset()
    digest: object = field(default=None, repr=False)  # value → waiver id

    def waiver(self, value: str) -> str:
        return str(self.digest(value)) if callable(self.digest) else ""


class Gate:
    """Looks through members; ``check`` returns every hit."""

    def __init__(self, told: Known) -> None:
        self.told = told
        self._waived_used: set[str] = set()
        self._heads: dict[str, bool] = {}
        self._firsts = frozenset(first for first, _ in told.names)
        self._digests: set[str] = set()  # of the members themselves, which SHA256SUMS and custody.json list
        plain, joined = _secret_forms(told.secrets)
        self._plain, self._joined = _automaton(plain), _automaton(joined)

    def check(self, members: Mapping[str, bytes]) -> list[Hit]:
        """All hits of all members, the names of the members included. Never raises for what a member holds."""
        hits: list[Hit] = []
        self._digests = {hashlib.sha256(data).hexdigest() for data in members.values()}
        for name, data in members.items():
            hits += self.member(name, data)
        return list(dict.fromkeys(hits))

    def used_waivers(self) -> list[str]:
        return sorted(self._waived_used)

    def member(self, name: str, data: bytes) -> list[Hit]:
        """The hits of one file."""
        shown = name if _NAME.fullmatch(name) else "a file with a forbidden name"
        if shown != name:
            return [Hit("file name", shown, 0)]
        suffix = PurePosixPath(name).suffix
        if suffix not in KINDS and name not in NAMES:
            return [
                Hit("unknown kind of file", "a file", 0)
                if self._texts("name", name, name)
                else Hit("unknown kind of file", name, 0)
            ]
        if len(data) > MAX_FILE:
            return [Hit("file too large to be looked through", name, 0)]
        try:
            text = data.decode("utf-8")
            if "\0" in text:
                return [Hit("binary content", name, 0)]
            hits = [Hit(f"in the file's name: {h.rule}", "a file", 0) for h in self._texts(name, name, name)]
            return hits + self._texts(name, text, views.decoded(name, text))
        except UnicodeDecodeError:
            return [Hit("unreadable: not UTF-8", name, 0)]
        except Exception as problem:  # whatever the gate dies of, nothing leaves
            return [Hit(f"the gate itself failed ({type(problem).__name__})", name, 0)]

    def _texts(self, name: str, raw: str, decoded: str) -> list[Hit]:
        bare = views.without_tags(decoded)
        texts = list(dict.fromkeys((raw, decoded, bare)))
        found = list(self._secrets(texts, bare))
        for piece in (p for text in texts for p in _pieces(text)):
            found += (
                (f"unknown secret, {rule}", value)
                for rule, _, value in rules.unknown_secrets(piece)
                if not self._safe(value)
            )
        for text in dict.fromkeys((decoded, bare)):  # with its markup, for what stands in attributes
            for piece in _pieces(text):
                found += self._identifiers(piece)
                found += self._people(piece)
        hits = []
        for rule, value in dict.fromkeys(found):
            waiver = None if rule.startswith("known secret") else self.told.waiver(value)
            if waiver and waiver in self.told.waived:
                self._waived_used.add(waiver)
                continue
            line = _line(raw, value) if value else self._secret_line(raw)
            hits.append(Hit(rule, name, line, waiver or None))
        return hits

    # -- secrets the run touched --------------------------------------------------------------------

    def _secrets(self, texts: list[str], bare: str) -> Iterable[tuple[str, str]]:
        if self._plain is None or self._joined is None:
            return
        for piece in (p for text in texts for p in _pieces(text)):
            if self._plain.find_matches_as_indexes(piece.lower()):
                yield "known secret", ""
                return
        for piece in _pieces(bare):
            if self._joined.find_matches_as_indexes(views.squeezed(piece).lower()):
                yield "known secret, wrapped or split", ""
                return
        unknown = (value for piece in _pieces(bare) for _, value in self._identifiers(piece))
        for inner in views.inside(unknown):
            if self._plain.find_matches_as_indexes(inner.lower()):
                yield "known secret, encoded", ""
                return

    def _pairs(self, words: list[str]) -> set[tuple[str, str]]:
        """Pairs of neighbouring words that make somebody's name."""
        if self._firsts.isdisjoint(words):
            return set()
        return {p for p in pairwise(words) if p[0] in self._firsts and p in self.told.names}

    def _secret_line(self, raw: str) -> int:
        """The first line that holds a secret by itself; 0 where it takes several."""
        if self._plain is not None and self._joined is not None:
            for number, line in enumerate(raw.splitlines(), 1):
                whole = views.without_tags(views.decoded("", line))
                if self._plain.find_matches_as_indexes(line.lower()) or self._joined.find_matches_as_indexes(
                    views.squeezed(whole).lower()
                ):
                    return number
        return 0

    # -- identifiers nobody registered ------------------------------------------------------------------

    def _candidates(self, text: str) -> set[str]:
        """Every run of 20 or more token characters that nobody registered, once."""
        found: set[str] = set()
        safe = self.told.safe
        for word in {w for w in text.translate(_NO_TOKEN).split() if len(w) >= 20}:
            if word in safe or self._behind_words(word):
                continue
            for value in (word,) if word.isascii() else _CANDIDATE.findall(word):
                bare = value.strip("=~._-/+")
                if len(bare) >= 20 and not self._safe(bare) and not self._safe(value):
                    found.add(value)
        return found

    def _behind_words(self, word: str) -> bool:
        """``/auth/scim/Users/<registered id>`` and ``request-id=<registered id>``."""
        cut = max(word.rfind("/"), word.rfind("=", 0, -1)) + 1
        if not cut or word[cut:] not in self.told.safe:
            return False
        head = word[:cut]
        if head not in self._heads:
            if len(self._heads) > 50_000:
                self._heads.clear()
            self._heads[head] = all(self._part(p) for p in head.replace("=", "/").split("/"))
        return self._heads[head]

    def _identifiers(self, text: str) -> Iterable[tuple[str, str]]:
        for value in self._candidates(text):
            bare = value.strip("=~._-/+")
            if self._harmless(bare) or all(self._part(part) for part in value.split("/")):
                continue
            yield "identifier nobody registered", value

    def _safe(self, text: str) -> bool:
        return text in self.told.safe or text in self._digests

    def _harmless(self, text: str) -> bool:
        """A registered id, a time, or words; a longer thing where each part between dots or dashes is one of them."""
        bare = text.strip("=~._-+")
        if self._safe(bare) or TIME.fullmatch(bare) or len(bare) < 20:
            return True
        if GUID.search(bare) or _HEX.search(bare):
            rest = bare
            for found in set(GUID.findall(bare)):
                if found.lower() in self.told.safe or found in self.told.safe:
                    rest = rest.replace(found, "")
            if rest == bare:
                return False
            return not rest.strip("=~._-+") or self._harmless(rest.strip("=~._-+"))
        if not is_opaque(bare):
            return True
        parts = [p for p in bare.replace("+", ".").replace("_", ".").replace("=", ".").split(".") if p]
        return len(parts) > 1 and all(p in self.told.safe or (len(p) < 20 and _words(p)) for p in parts)

    def _part(self, text: str) -> bool:
        """A part of a path: registered, a time, a number, words; a short run of letters and digits is none of these."""
        bare = text.strip("=~._-+")
        return (
            self._safe(bare)
            or bool(TIME.fullmatch(bare))
            or (len(bare) < 20 and _words(bare))
            or (len(bare) >= 20 and self._harmless(bare))
        )

    # -- everybody the run knows ------------------------------------------------------------------------

    def _people(self, text: str) -> Iterable[tuple[str, str]]:
        """Another way than redaction's: sets of addresses, words and pairs of words, no automaton, no boundaries."""
        told = self.told
        low = key_of(text) if not text.isascii() else " ".join(text.lower().split())
        words = low.translate(_BLANKS).split()
        for address in {a for w in set(words) if "@" in w for a in EMAIL.findall(w)} & told.people:
            yield "somebody's address", address
        for word in (set(words) | {w.strip(".!?-") for w in set(words)}) & told.people:
            yield "somebody's login or id", word
        for pair in self._pairs(words):
            yield "somebody's name", " ".join(pair)
        if not low.isascii():
            for pair in self._pairs(without_accents(low).translate(_BLANKS).split()):
                yield "somebody's name", " ".join(pair)
        for own in told.machine:
            if own in low:
                yield "this machine's user, host or home folder", own


def _pieces(text: str) -> Iterator[str]:
    """A text in pieces of ``PIECE`` characters that overlap, so that the words of a large one are not all held at once.

    A piece begins and ends between words where a gap is near: none is judged by half, no name falls between two pieces.
    """
    start = 0
    while len(text) - start > PIECE:
        end = _gap(text, start + PIECE)
        yield text[start:end]
        start = _gap(text, end - OVERLAP)
    yield text[start:]


def _gap(text: str, before: int) -> int:
    """The last place between two words within ``OVERLAP`` characters before a place; the place itself without one."""
    found = max(text.rfind(mark, before - OVERLAP, before) for mark in ' \n",<>')
    return found if found > 0 else before


def _no_token() -> dict[int, str]:
    kept = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_=~.-"
    return {code: " " for code in range(128) if chr(code) not in kept}


_NO_TOKEN = _no_token()


def _words(text: str) -> bool:
    return all(known(w) for w in _RUNS.findall(text))


def _secret_forms(secrets: Iterable[str]) -> tuple[set[str], set[str]]:
    """Lower-case forms of secrets: for texts as they are, and for texts out of which blanks and quotes are taken."""
    plain: set[str] = set()
    for secret in secrets:
        forms = set(known_encodings(secret)) | {secret[::-1]}
        raw = secret.encode("utf-8", "surrogatepass")
        forms.add(base64.b32encode(raw).decode().rstrip("=")[:-1])
        forms |= {secret[i : i + WINDOW] for i in range(len(secret) - WINDOW + 1)}
        forms |= {form[i : i + 24] for form in known_encodings(secret) for i in range(0, len(form) - 23, 4)}
        plain |= {f.lower() for f in forms if len(f) >= 8}
    joined = {views.squeezed(f) for f in plain}
    return plain, {f for f in joined if len(f) >= 8}


def _automaton(patterns: set[str]) -> ahocorasick_rs.AhoCorasick | None:
    return ahocorasick_rs.AhoCorasick(sorted(patterns), store_patterns=False) if patterns else None


def _line(raw: str, value: str) -> int:
    """The first line on which a value stands as it is; 0 where it stands nowhere so."""
    at = raw.find(value) if value else -1
    if at < 0 and value:
        at = raw.lower().find(value.lower())
    return raw.count("\n", 0, at) + 1 if at >= 0 else 0
