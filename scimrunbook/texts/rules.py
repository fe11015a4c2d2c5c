"""The rules as data: each names classes of words, a status or a code, and what it takes them for.

An atom is a class (``exists``), its opposite (``!enabled``) or either (``~filled``); ``a|b`` means one of them. A rule
holds where all its atoms stand in one sentence (``within = "text"``: in one layer), ``near`` words apart at most. A
wrong rule is a RuleError that names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from scimrunbook import toml_tables
from scimrunbook.causes import Cause
from scimrunbook.texts.vocabulary import Hit, Sentence, classes, two_sided

FOLDER = Path(__file__).parent
UNKNOWN = "unknown"
FILES = (
    "url_or_token",
    "integration_not_enabled",
    "attribute_mapping",
    "assignment_scope",
    "sync_schedule",
    "duplicate_identity",
    "catalog_side",
    "wrong_surface",
    "unknown",
)
KINDS = ("connection_test", "okta_log", "entra_error_code", "entra_log", "scim_response", "symptom")


class RuleError(ValueError):
    """A rule is wrong; names the file and the rule."""


class Example(NamedTuple):
    """A text the rule must take (or leave) alone, with what was known of it."""

    text: str
    kind: str | None = None
    http_status: int | None = None


class Rule(NamedTuple):
    """``weight``: how far the rule alone is to be believed, 0 to 1. ``beats``: causes not heard where it holds."""

    id: str
    cause: str
    weight: float
    meaning: str
    source: str
    example: Example
    counter: Example
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    also: tuple[str, ...] = ()  # atoms that hold anywhere in the whole text
    within: str = "sentence"
    near: int = 0
    status: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()
    not_kinds: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    html: bool | None = None
    beats: tuple[str, ...] = ()
    fix: str = ""
    ask: str = ""

    def holds(self, parts: list[Sentence], whole: Sentence) -> bool:
        """Whether the words of a layer (``parts``: its sentences) satisfy the rule; ``whole`` is all of the text."""
        if not all(_atom(a, whole) for a in self.also):
            return False
        if not self.all:
            return not any(_atom(a, whole) for a in self.none)
        return any(self._one(p) for p in ([_joined(parts)] if self.within == "text" else parts))

    def possible(self, spoken: frozenset[str]) -> bool:
        """Whether every atom names a class that is spoken of at all; cheap, and most rules end here."""
        return all(not spoken.isdisjoint(names) for names in _classes_of(self.all))

    def _one(self, part: Sentence) -> bool:
        hits = [_atom(a, part) for a in self.all]
        if not all(hits) or any(_atom(a, part) for a in self.none):
            return False
        return not self.near or _close(hits, self.near)


@cache
def _classes_of(atoms: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(name for name, _ in _read_atom(a)) for a in atoms)


def _atom(atom: str, part: Sentence) -> list[Hit]:
    found: list[Hit] = []
    for name, sense in _read_atom(atom):
        found += [h for h in part.get(name, ()) if sense is None or h.yes is sense]
    return found


@cache
def _read_atom(atom: str) -> tuple[tuple[str, bool | None], ...]:
    """The classes of an atom and the sense asked for; None where either will do."""
    out: list[tuple[str, bool | None]] = []
    for one in atom.split("|"):
        name = one.lstrip("!~")
        sense = (
            False if one.startswith("!") else None if one.startswith("~") else (True if name in two_sided() else None)
        )
        out.append((name, sense))
    return tuple(out)


def _close(hits: list[list[Hit]], near: int) -> bool:
    """Whether one hit of each atom lies within ``near`` words of one hit of the first atom."""
    for anchor in hits[0]:
        rest = [
            [h for h in more if h.start - anchor.end < near and anchor.start - h.end < near and h is not anchor]
            for more in hits[1:]
        ]
        if all(rest):
            return True
    return False


def _joined(parts: list[Sentence]) -> Sentence:
    """All sentences as one; words keep their distances, sentences stand far apart."""
    out: Sentence = {}
    for place, part in enumerate(parts):
        for name, hits in part.items():
            out.setdefault(name, []).extend(Hit(h.start + 1000 * place, h.end + 1000 * place, h.yes) for h in hits)
    return out


def joined(layers: list[list[Sentence]]) -> Sentence:
    """Everything a text speaks of."""
    return _joined([p for layer in layers for p in layer])


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, checked. Raises RuleError."""
    made = [_rule(name, entry) for name in FILES for entry in _table(name)["rule"]]
    ids = [r.id for r in made]
    if len(set(ids)) != len(ids):
        raise RuleError(f"two rules are called {next(i for i in ids if ids.count(i) > 1)}")
    return tuple(made)


@cache
def fixes() -> dict[str, dict[str, list[str]]]:
    """What mends it, by name: for ``okta``, ``entra`` or ``any`` a list of ``screen | step``."""
    return toml_tables.read(FOLDER, "fixes")


def _table(name: str) -> dict[str, Any]:
    return toml_tables.read(FOLDER, f"rules/{name}")


def _rule(name: str, entry: Mapping[str, Any]) -> Rule:
    label = f"rules/{name}.toml, {entry.get('id', '?')}"
    known = set(Rule._fields)
    values: dict[str, Any] = {"cause": name, **entry}
    if wrong := set(values) - known:
        raise RuleError(f"{label}: unknown: {', '.join(sorted(wrong))}")
    for key in ("example", "counter"):
        given = values.get(key)
        values[key] = Example(**given) if isinstance(given, dict) else Example(str(given or ""))
        if not values[key].text:
            raise RuleError(f"{label}: no {key}")
    for key, value in values.items():
        if isinstance(value, list):
            values[key] = tuple(value)
    rule = Rule(**values)
    if rule.cause not in (*Cause, UNKNOWN):
        raise RuleError(f"{label}: no cause family: {rule.cause}")
    for atom in (*rule.all, *rule.none, *rule.also):
        if missing := [n for n, _ in _read_atom(atom) if n not in classes()]:
            raise RuleError(f"{label}: no class of words: {', '.join(missing)}")
    if not 0 < rule.weight < 1 or rule.within not in ("sentence", "text") or set(rule.kinds) - set(KINDS):
        raise RuleError(f"{label}: weight, within or kinds")
    if rule.fix and rule.fix not in fixes():
        raise RuleError(f"{label}: no fix {rule.fix}")
    if rule.cause == UNKNOWN and not rule.ask:
        raise RuleError(f"{label}: what would decide is not asked for")
    return rule
