"""Reads one failure text: the remote end's words first, then the provider's own, then its code, then the HTTP status.

Every rule that holds speaks for its cause with its weight. The layer that speaks clearly decides; outer layers only
support it. Where nothing speaks clearly, or two causes speak alike, the answer is
``unknown`` and the question that would decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from scimrunbook import guide
from scimrunbook.causes import Action, Cause
from scimrunbook.texts.asks import ask_between, ask_of
from scimrunbook.texts.layers import Layers, split
from scimrunbook.texts.rules import UNKNOWN, Rule, fixes, joined, rules
from scimrunbook.texts.vocabulary import Sentence, sentences

CLEAR = 0.5  # a cause below this is not named
MARGIN = 0.12  # nor one that is this little ahead of another
_GUESSED = (400, 404, 409, 422)  # statuses servers give for many reasons
_BESIDE_WORDS = 0.6
_MOST = 0.9  # on texts from elsewhere about nine answers in ten were right, however sure the words
_OUTER = 0.45  # what an outer layer adds where an inner one speaks


class Context(NamedTuple):
    """What else is known. ``reach``: one | some | everybody; ``others_succeed``: it works for others."""

    reach: str | None = None
    others_succeed: bool | None = None


class Reading(NamedTuple):
    """``cause`` is a family, or ``unknown``: then ``ask`` names the fact that would decide. ``confidence`` 0 to 1."""

    cause: str
    confidence: float
    meaning: str
    actions: tuple[Action, ...]
    ask: str | None
    source: str
    rests_on: tuple[str, ...] = ()

    @property
    def family(self) -> Cause | None:
        return None if self.cause == UNKNOWN else Cause(self.cause)


class _Voices:
    """Who speaks for what, in one layer: weight, cause, rule (None: a code's entry)."""

    __slots__ = ("rules",)

    def __init__(self, rules: Iterable[tuple[float, str, Rule | None]] = ()) -> None:
        self.rules = list(rules)

    def score(self) -> dict[str, float]:
        """1 minus the product of doubts, the two strongest voices of each cause."""
        out: dict[str, float] = {}
        silenced = {b for _, _, r in self.rules if r for b in r.beats}
        for cause in {c for _, c, _ in self.rules} - silenced:
            best = sorted((w for w, c, _ in self.rules if c == cause), reverse=True)[:2]
            doubt = 1.0
            for weight in best:
                doubt *= 1 - weight
            out[cause] = 1 - doubt
        return out


@lru_cache(maxsize=20_000)
def read(
    text: str,
    provider: str | None = None,
    kind: str | None = None,
    http_status: int | None = None,
    code: str = "",
    context: Context | None = None,
) -> Reading:
    """The reading of a text; never raises, whatever the text."""
    layers = split(text, kind, http_status, code)
    inner = [s for part in layers.detail for s in sentences(part)]
    outer = sentences(layers.outer)
    entry = _entry(layers.code)
    if layers.code and entry is None:
        outer = [*outer, *sentences(layers.code)]
    whole = joined([inner, outer])
    heard = [_hear(part, whole, layers, kind) for part in (inner, outer)]
    coded = _Voices([(w, c, None) for w, c in entry.voices] if entry else [])
    coded.rules += _bare(layers, kind, whole, by_code=True)
    stated = _Voices(_bare(layers, kind, whole, by_code=False))
    if inner and layers.status in _GUESSED:  # the remote end gave a reason; the bare status says less than that
        stated.rules = [(w if c == UNKNOWN or (r and r.html) else w * _BESIDE_WORDS, c, r) for w, c, r in stated.rules]
    score, voices = _weigh([*heard, coded, stated])
    score = _in_context(score, context)
    return _told(score, voices, layers, entry, provider, kind)


def _hear(part: list[Sentence], whole: Sentence, layers: Layers, kind: str | None) -> _Voices:
    if not part:
        return _Voices()
    spoken = frozenset(name for sentence in part for name in sentence)
    return _Voices(
        [
            (r.weight, r.cause, r)
            for r in rules()
            if r.all and r.possible(spoken) and _fits(r, layers, kind) and r.holds(part, whole)
        ]
    )


def _bare(layers: Layers, kind: str | None, whole: Sentence, *, by_code: bool) -> list[tuple[float, str, Rule | None]]:
    """Rules that ask for no words: by code, or by status and form."""
    return [
        (r.weight, r.cause, r)
        for r in rules()
        if not r.all and bool(r.code) is by_code and _fits(r, layers, kind) and r.holds([], whole)
    ]


def _fits(rule: Rule, layers: Layers, kind: str | None) -> bool:
    if rule.status and layers.status not in rule.status:
        return False
    if rule.html is not None and rule.html is not layers.html:
        return False
    if rule.code and not layers.code.endswith(rule.code):
        return False
    if rule.kinds and kind not in (*rule.kinds, None if rule.all else ""):
        return False
    return not (rule.not_kinds and kind in rule.not_kinds)


def _weigh(order: list[_Voices]) -> tuple[dict[str, float], list[tuple[float, str, Rule | None]]]:
    """Layers from the inside out: the first that is clear decides, what lies further out only supports."""
    total: dict[str, float] = {}
    said: list[tuple[float, str, Rule | None]] = []
    factor = 1.0
    silenced: set[str] = set()
    for voices in order:
        score = voices.score()
        for cause, value in score.items():
            if cause not in silenced:
                total[cause] = 1 - (1 - total.get(cause, 0.0)) * (1 - value * factor)
        said += [(w * factor, c, r) for w, c, r in voices.rules]
        silenced |= {b for _, _, r in voices.rules if r for b in r.beats}
        if factor == 1.0 and any(v >= CLEAR for v in total.values()):
            factor = _OUTER
    return total, said


def _in_context(score: dict[str, float], context: Context | None) -> dict[str, float]:
    """Who is hit, and whether others succeed, speaks for and against causes that reach everybody."""
    if context is None:
        return score
    factor = dict.fromkeys(score, 1.0)
    if context.others_succeed or context.reach in ("one", "some"):
        factor |= {Cause.URL_OR_TOKEN: 0.6, Cause.INTEGRATION_NOT_ENABLED: 0.8}
    if context.reach == "everybody" and not context.others_succeed:
        factor |= {Cause.DUPLICATE_IDENTITY: 0.75, Cause.ASSIGNMENT_SCOPE: 0.85}
    return {c: v * factor.get(c, 1.0) for c, v in score.items()}


def _told(
    score: dict[str, float],
    voices: list[tuple[float, str, Rule | None]],
    layers: Layers,
    entry: _Entry | None,
    provider: str | None,
    kind: str | None,
) -> Reading:
    ranked = sorted(score.items(), key=lambda e: (-e[1], e[0]))
    best, value = ranked[0] if ranked else (UNKNOWN, 0.0)
    second, behind = ranked[1] if len(ranked) > 1 else (None, 0.0)
    if best == UNKNOWN or value < CLEAR or value - behind < MARGIN:
        return _unknown(best, second if behind >= CLEAR else None, value, voices, layers, entry, provider, kind)
    loudest = _loudest(voices, best)
    meaning, source = (
        (loudest.meaning, _source(loudest.source)) if loudest else (entry.meaning, entry.source) if entry else ("", "")
    )
    return Reading(
        best,
        round(min(value * (1 - behind / 3), _MOST), 2),
        meaning,
        (Action("", entry.fix),)
        if entry and entry.fix and not loudest
        else steps(loudest.fix if loudest else "", best, provider),
        None,
        source,
        tuple(dict.fromkeys(r.id for _, c, r in sorted(voices, key=lambda v: -v[0]) if r and c == best)),
    )


def _unknown(
    best: str,
    second: str | None,
    value: float,
    voices: list[tuple[float, str, Rule | None]],
    layers: Layers,
    entry: _Entry | None,
    provider: str | None,
    kind: str | None,
) -> Reading:
    loudest = _loudest(voices, UNKNOWN)
    if loudest and (best == UNKNOWN or second is None):
        meaning, ask, source = loudest.meaning, loudest.ask, _source(loudest.source)
    elif second is not None:
        meaning = "Two readings are equally likely: " + " or ".join(_title(c) for c in (best, second)) + "."
        ask, source = ask_between(best, second, provider), _source("judgement")
    else:
        meaning = entry.meaning if entry else "The text alone does not tell what is wrong."
        ask, source = ask_of(best, layers, provider, kind), entry.source if entry else _source("judgement")
    rests = tuple(dict.fromkeys(r.id for _, _, r in sorted(voices, key=lambda v: -v[0]) if r))[:4]
    return Reading(
        UNKNOWN, round(1 - min(value, 0.9), 2) if best != UNKNOWN else round(value, 2), meaning, (), ask, source, rests
    )


def _loudest(voices: list[tuple[float, str, Rule | None]], cause: str) -> Rule | None:
    own = [(w, r) for w, c, r in voices if c == cause and r]
    return max(own, key=lambda v: v[0])[1] if own else None


def steps(fix: str, cause: str, provider: str | None) -> tuple[Action, ...]:
    """What mends it: the steps of ``fix``, in the provider's words where there are; else the family's first step."""
    table = fixes().get(fix, {})
    lines = table.get(provider or "", []) or table.get("any", [])
    made = tuple(Action(where.strip(), what.strip()) for where, _, what in (s.partition("|") for s in lines))
    return made or (Action("", guide.read_table("causes")[cause]["first_step"]),)


def _title(cause: str) -> str:
    return str(guide.read_table("causes").get(cause, {}).get("title", cause)).casefold()


def _source(key: str) -> str:
    return str(guide.read_table("sources").get(key, {}).get("title", key))


class _Entry(NamedTuple):
    """What the guide says of a provider's code: its causes, the first the most likely."""

    voices: tuple[tuple[float, str], ...]
    meaning: str
    fix: str
    source: str


@lru_cache(maxsize=4096)
def _entry(code: str) -> _Entry | None:
    if not code:
        return None
    if "." in code or not guide.is_entra_code(code):
        return _event(code)
    if code in guide.QUARANTINE_REASONS:
        q = guide.QUARANTINE_REASONS[code]
        return _Entry(_said_for(q.causes), q.meaning, "", q.source)
    if code in guide.ENTRA_SKIPS:
        s = guide.ENTRA_SKIPS[code]
        return _Entry(_said_for(s.causes), s.meaning, s.fix, s.source)
    known = guide.entra_error(code)
    return _Entry(_said_for(known.causes), known.meaning, known.fix, known.source) if known else None


def _event(code: str) -> _Entry | None:
    """What the guide says of an event type of Okta."""
    event = guide.read_table("okta_events").get(code) if "." in code else None
    if event:
        title = guide.SOURCES[event.get("source", "EVT")].title
        return _Entry(_said_for(tuple(Cause(c) for c in event["causes"]), least=0.3), event["meaning"], "", title)
    return None


def _said_for(causes: tuple[Cause, ...], least: float = 0.0) -> tuple[tuple[float, str], ...]:
    """The first family of a code is likely, the further ones are possible; of many, none is clear."""
    first = 0.75 if len(causes) == 1 else least or 0.62
    return tuple((first if place == 0 else 0.3, c.value) for place, c in enumerate(causes[:2]))
