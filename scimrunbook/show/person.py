"""The way of one person or team as a panel: the picture, hop by hop with its record, what to do, what changed last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scimrunbook.show import charts
from scimrunbook.show.cards import actions, fragment
from scimrunbook.show.panels import Panel
from scimrunbook.show.tables import table
from scimrunbook.show.words import count, esc, moment, plain, prose

_GOOD = ("done", "rightly_absent")
_CHANGES = 12
_BETTER = (
    "Try the e-mail address, the login, the object id, or a part of the name. Somebody the provider does not know at "
    "all is named under people: in the incident file; then the run looks for them."
)


def way(found: dict[str, Any], said: Callable[[str], str] = str) -> Panel:
    """What ``tracing.way_of`` found: one card, a list to choose from, or how to ask better.

    ``said`` adds the local time to a sentence that names one in UTC.
    """
    html = fragment(inside(found, said))
    text = "\n".join(card["headline"] for card in found["cards"]) or f"{len(found['matches'])} fit {found['asked']!r}"
    return Panel(html, plain(text), found)


def several(ways: list[dict[str, Any]], said: Callable[[str], str] = str) -> Panel:
    """One after the other; where there is none, how to get one."""
    if not ways:
        nobody = "The incident file names nobody under people: with a name there, that person's way stands here."
        return Panel(fragment(f"<p>{esc(nobody)}</p>"), nobody, {"ways": []})
    made = [way(found, said) for found in ways]
    return Panel(fragment(*(inside(f, said) for f in ways)), "\n".join(p.text for p in made), {"ways": ways})


def inside(found: dict[str, Any], said: Callable[[str], str] = str) -> str:
    """The same without the style sheet around it."""
    if not found["matches"]:
        return f"<p><b>Nobody and no group fits {esc(found['asked'])}.</b> {esc(_BETTER)}</p>"
    if found["cards"]:
        return "".join(_card(card, said) for card in found["cards"])
    if len(found["matches"]) == 1:
        name = esc(found["matches"][0]["name"])
        return f"<p>The group {name} is not meant to be a team: it is neither pushed nor assigned.</p>"
    rows = [(m["kind"], m["label"], m["name"], m["how"], m["key"]) for m in found["matches"]]
    caption = f"{count(len(rows), 'match', 'matches')} for {found['asked']}: ask again with the login or the object id"
    return table(caption, ("kind", "login or name", "name", "found by", "object id"), rows)


def _card(card: dict[str, Any], said: Callable[[str], str]) -> str:
    kind = "pass" if card["hop"] in _GOOD else "manual" if card["hop"] in ("waiting", "not_known") else "fail"
    ids = "".join(f"<dt>{esc(k.replace('_', ' '))}</dt><dd>{esc(v)}</dd>" for k, v in card["ids"].items() if v)
    rows = [
        (f"{charts.STATE.get(h['state'], '?')} {h['state']}", h["hop"], h["question"], said(h["proof"]),
         moment(h["at"]), _record(h["record"]))
        for h in card["hops"]
    ]  # fmt: skip
    changes = [(moment(r["at"]), r["what"], r["detail"]) for r in card["timeline"][-_CHANGES:]]
    settled = "" if card["actions"] or kind == "pass" else "<p>No check names a remedy for this stop.</p>"
    rests = f"<p><small>rests on {esc(card['finding'])}</small></p>" if card["finding"] else ""
    return (
        f'<div class="srb-card srb-{kind}"><h3>{prose(said(card["headline"]))}</h3>'
        + charts.way([(h["hop"], h["state"]) for h in card["hops"]], card["name"] or card["label"])
        + actions(card["actions"], said=said)
        + settled
        + f"<details><summary>Hop by hop, with the record each rests on</summary><dl>{ids}</dl>"
        + table("Hop by hop", ("state", "hop", "the question", "what was seen", "when", "record"), rows)
        + "</details>"
        + (table("What changed last", ("when", "what", "detail"), changes) if changes else "")
        + rests
        + "</div>"
    )


def _record(record: dict[str, Any] | None) -> str:
    if not record:
        return "—"
    return f"{record['table']}: " + "; ".join(f"{k} {v}" for k, v in record["fields"].items())
