"""Two runs side by side: what was mended, what is new, what is unchanged, who moved on. Pure.

A finding that was broken and is not judged any more counts as neither mended nor unchanged: nobody looked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scimrunbook import guide
from scimrunbook.trace import HOPS

SCHEMA_VERSION = 1
_BROKEN = ("fail", "warn")
_PLACE = {hop: place for place, hop in enumerate((*HOPS, "done"))} | {"rightly_absent": len(HOPS)}
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """A run as its files tell: ``findings.json``, ``diagnosis.json``, the trace."""

    findings: Sequence[Mapping[str, Any]]
    diagnosis: Mapping[str, Any]
    hops: pd.DataFrame


def compare(before: Judged, after: Judged) -> dict[str, Any]:
    """The comparison as plain JSON data. Keys:

    ``before``, ``after``: {incident, run, as_of, verdict}; ``fixed``, ``new``, ``unchanged``, ``not_judged``: lists of
    {finding, title, was, now}; ``causes``: {mended, unclear, new, same} by family, ``unclear`` where a cause is gone
    and nobody could look; ``people``: {arrived, moved_on, fell_back: [{key, login, was, now}], unchanged, only_before,
    only_after: counts}; ``sentence``: for the ticket.
    """
    was = {f["id"]: f for f in before.findings}
    now = {f["id"]: f for f in after.findings}
    said: dict[str, list[dict[str, Any]]] = {"fixed": [], "new": [], "unchanged": [], "not_judged": []}
    for id in dict.fromkeys([*was, *now]):
        kind = _kind(_status(was, id), _status(now, id))
        if kind:
            title = (now.get(id) or was[id])["title"]
            said[kind].append({"finding": id, "title": title, "was": _status(was, id), "now": _status(now, id)})
    causes = _causes(before.diagnosis, after.diagnosis, now)
    people = _people(before.hops, after.hops)
    heads = {n: _head(j.diagnosis) for n, j in (("before", before), ("after", after))}
    sentence = _sentence(heads["after"]["verdict"], causes, people, said["not_judged"])
    return {"schema_version": SCHEMA_VERSION, **heads, **said, "causes": causes, "people": people, "sentence": sentence}


def _status(findings: Mapping[str, Mapping[str, Any]], id: str) -> str:
    return str(findings[id]["status"]) if id in findings else "absent"


def _kind(was: str, now: str) -> str:
    if was in _BROKEN:
        return "unchanged" if now in _BROKEN else "fixed" if now == "pass" else "not_judged"
    return "new" if now in _BROKEN else ""


def _head(diagnosis: Mapping[str, Any]) -> dict[str, Any]:
    return {k: diagnosis[k] for k in ("incident", "run", "as_of", "verdict")}


def _causes(
    before: Mapping[str, Any], after: Mapping[str, Any], now: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[str]]:
    one, two = ({c["cause"]: c.get("finding") for c in d["causes"]} for d in (before, after))
    gone = {c: finding for c, finding in one.items() if c not in two}
    mended = [c for c, finding in gone.items() if finding is None or _status(now, finding) in ("pass", *_BROKEN)]
    return {
        "mended": mended,
        "unclear": [c for c in gone if c not in mended],
        "new": [c for c in two if c not in one],
        "same": [c for c in one if c in two],
    }


def _people(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, Any]:
    columns = ["person_key", "login", "hop"]
    both = before[columns].merge(
        after[columns], on="person_key", how="outer", suffixes=("_was", "_now"), indicator=True
    )
    both = both.sort_values("person_key", kind="stable")
    in_both = both["_merge"] == "both"
    old, new = both["hop_was"].map(_PLACE), both["hop_now"].map(_PLACE)
    ends = both["hop_now"].isin(("done", "rightly_absent"))
    forward = in_both & (new > old)
    return {
        "arrived": _rows(both[forward & ends]),
        "moved_on": _rows(both[forward & ~ends]),
        "fell_back": _rows(both[in_both & (new < old)]),
        "unchanged": int((in_both & (both["hop_was"] == both["hop_now"])).sum()),
        "only_before": int((both["_merge"] == "left_only").sum()),
        "only_after": int((both["_merge"] == "right_only").sum()),
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, str]]:
    return [
        {"key": k, "login": str(login), "was": was, "now": now}
        for k, login, was, now in zip(
            frame["person_key"], frame["login_now"], frame["hop_was"], frame["hop_now"], strict=True
        )
    ]


def _sentence(
    verdict: str, causes: Mapping[str, Sequence[str]], people: Mapping[str, Any], not_judged: Sequence[Any]
) -> str:
    words = {"mended": "mended", "unclear": "not judged any more", "new": "new", "same": "still there"}
    parts = [f"{word}: {_titles(causes[kind])}" for kind, word in words.items() if causes[kind]]
    head = {"healthy": "Healthy now", "problem": "Still a problem", "inconclusive": "Not decided now"}[verdict]
    if verdict == "problem" and not causes["same"]:
        head = "Another problem now"
    said = f"{head}{' (' + '; '.join(parts) + ')' if parts else ''}"
    arrived, back = people["arrived"], people["fell_back"]
    who = f"; {len(arrived):,} {_people_word(len(arrived))} arrived{_names(arrived)}" if arrived else ""
    on = len(people["moved_on"])
    who += f"; {on:,} got further but {'stops' if on == 1 else 'stop'} at a later hop" if on else ""
    who += f"; {len(back):,} {_people_word(len(back))} fell back{_names(back)}" if back else ""
    doubt = len(not_judged)
    dark = f"; {doubt} of the earlier findings could not be judged again" if doubt else ""
    return f"{said}{who or '; nobody moved'}{dark}."


def _titles(causes: Iterable[str]) -> str:
    return ", ".join(guide.CAUSES[c].title if c in guide.CAUSES else c for c in causes)


def _people_word(number: int) -> str:
    return "person" if number == 1 else "people"


def _names(rows: Sequence[Mapping[str, str]]) -> str:
    names = ", ".join(r["login"] for r in rows[:_NAMED])
    return f" ({names}{f' and {len(rows) - _NAMED:,} more' if len(rows) > _NAMED else ''})"
