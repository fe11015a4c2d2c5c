"""Words and their classes: where in a sentence something is said of a class, and in which sense (yes or no)."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from scimrunbook import toml_tables

MAX_TOKENS = 900
_NEGATIONS = frozenset(
    ["not", "no", "never", "nobody", "none", "neither", "nor", "without", "unable", "hardly", "nothing", "nowhere"]
)
_FAILS = frozenset(["fail", "fails", "failed", "failing", "refuses", "refused", "unable"])
_REACH = 5  # how many words a negation stands before what it denies
_CLAUSE = frozenset(["but", "yet", "although", "though", "while", "whereas", "however"])

_CONTRACTED = (("can't", "can not"), ("won't", "will not"), ("cannot", "can not"), ("n't", " not"), ("'s", " s"))
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,120}")
_LINK = re.compile(r"https?://[^\s\"'<>]{1,300}", re.IGNORECASE)
_GUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{14,40}\b", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_COMPOUND = re.compile(r"\b(e|re|pre|un|de)-(?=\w)", re.IGNORECASE)
_TOKEN = re.compile(r"[^\W_]+|[.!?;](?=\s|$)|\n|[,:()]")
_STOPS = frozenset([".", "!", "?", ";", "\n"])
_PAUSES = frozenset([",", ":", "(", ")"])


class Hit(NamedTuple):
    """Words ``start`` to ``end`` (exclusive) of a sentence speak of a class; ``yes`` tells the sense."""

    start: int
    end: int
    yes: bool


Sentence = dict[str, list[Hit]]  # class of words → where it is spoken of


def sentences(text: str) -> list[Sentence]:
    """What each sentence speaks of. Linear in the text's length; at most ``MAX_TOKENS`` words are read."""
    return [_hits(words, clauses) for words, clauses in _split(text)]


def _split(text: str) -> list[tuple[list[str], list[int]]]:
    """Words of each sentence, and for each word the clause it stands in."""
    text = _GUID.sub(" ", _LINK.sub(" weblink ", _ADDRESS.sub(" mailaddress ", text)))
    text = _HUMP.sub(" ", text).casefold()
    for short, long in _CONTRACTED:
        text = text.replace(short, long)
    text = _COMPOUND.sub(r"\1", text)
    out: list[tuple[list[str], list[int]]] = []
    words: list[str] = []
    clauses: list[int] = []
    clause = 0
    for token in _TOKEN.findall(text)[:MAX_TOKENS]:
        if token in _STOPS:
            if words:
                out.append((words, clauses))
            words, clauses, clause = [], [], 0
        elif token in _PAUSES:
            clause += 1
        else:
            clause += token in _CLAUSE
            words.append(token)
            clauses.append(clause)
    return [*out, (words, clauses)] if words else out


def _hits(words: list[str], clauses: list[int]) -> Sentence:
    found: Sentence = {}
    for start in range(len(words)):
        for name, yes, length, negatable in _at(tuple(words[start : start + 5])):
            sense = yes
            if negatable and _denied(words, clauses, start):
                sense = not yes
            found.setdefault(name, []).append(Hit(start, start + length, sense))
    return found


def _denied(words: list[str], clauses: list[int], at: int) -> bool:
    for place in range(at - 1, max(at - 1 - _REACH, -1), -1):
        if clauses[place] != clauses[at]:
            return False
        word = words[place]
        if word in _NEGATIONS or (word in _FAILS and place + 1 < at and words[place + 1] == "to"):
            return not (word == "not" and place + 1 < len(words) and words[place + 1] == "only")
    return False


@lru_cache(maxsize=50_000)
def _at(words: tuple[str, ...]) -> tuple[tuple[str, bool, int, bool], ...]:
    """Classes whose longest entry begins with these words: (class, sense, how many words, a negation turns it)."""
    best: dict[str, tuple[str, bool, int, bool]] = {}
    exact, endings, lengths = _index()
    candidates = list(exact.get(words[0], ()))
    for length in lengths:
        if len(words[0]) >= length:
            candidates += endings.get(words[0][:length], ())
    for name, yes, entry in candidates:
        fits = len(entry) <= len(words) and all(_fits(w, e) for w, e in zip(words, entry, strict=False))
        if fits and (name not in best or len(entry) > best[name][2]):
            best[name] = (name, yes, len(entry), entry[0].rstrip("*") not in _NEGATIONS)
    return tuple(best.values())


def _fits(word: str, entry: str) -> bool:
    return word.startswith(entry[:-1]) if entry.endswith("*") else word == entry


_Index = dict[str, list[tuple[str, bool, tuple[str, ...]]]]


@cache
def _index() -> tuple[_Index, _Index, tuple[int, ...]]:
    exact: _Index = {}
    endings: _Index = {}
    for name, senses in classes().items():
        for sense, entries in senses.items():
            for text in entries:
                entry = tuple(text.split())
                first = entry[0]
                table, key = (endings, first[:-1]) if first.endswith("*") else (exact, first)
                table.setdefault(key, []).append((name, sense == "yes", entry))
    return exact, endings, tuple(sorted({len(k) for k in endings}))


@cache
def classes() -> dict[str, dict[str, list[str]]]:
    """The table as it stands: class → ``yes`` and, where the opposite has words of its own, ``no``."""
    return toml_tables.read(Path(__file__).parent, "vocabulary")


@cache
def two_sided() -> frozenset[str]:
    """Classes with words for the opposite: of these a rule means the plain sense unless it says otherwise."""
    return frozenset(n for n, senses in classes().items() if "no" in senses)
