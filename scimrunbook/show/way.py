"""The way of one person or team on the terminal: hop by hop, the stop marked, the next step below it."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from scimrunbook.show.terminal import line
from scimrunbook.show.words import count, moment

_MARK = {"passed": "✔", "stopped": "✖", "not reached": "·", "not known": "?"}
_STYLE = {"stopped": "bold red", "passed": "", "not reached": "dim", "not known": "dim"}
_LAST_CHANGES = 8
_ASK_BETTER = (
    "Try the e-mail address, the login, the object id, or a part of the name. Somebody the provider does not know at "
    "all is named under people: in the incident file; then the run looks for them."
)


def way(console: Console, found: dict[str, Any]) -> None:
    """What was found for the question: one card, a list to choose from, or how to ask better."""
    line(console, f"{found['incident']}, run {found['run']}", style="dim")
    if not found["matches"]:
        line(console, f"Nobody and no group fits {found['asked']!r}.", style="bold")
        line(console, _ASK_BETTER)
    elif not found["cards"] and len(found["matches"]) == 1:
        only = found["matches"][0]
        line(console, f"The group {only['name']} is not meant to be a team: it is neither pushed nor assigned.")
    elif not found["cards"]:
        line(console, f"{count(len(found['matches']), 'match', 'matches')} for {found['asked']!r}. Which one?",
             style="bold")  # fmt: skip
        for match in found["matches"]:
            name = f" ({match['name']})" if match["name"] != match["label"] else ""
            line(console, f"- {match['kind']} {match['label']}{name}: by {match['how']}, {match['key']}", indent=2)
        line(console, "Ask again with the login or the object id.")
    for card in found["cards"]:
        _card(console, card)


def _card(console: Console, card: dict[str, Any]) -> None:
    line(console, card["headline"], style="bold")
    known = "  ".join(f"{k.replace('_', ' ')}: {v}" for k, v in card["ids"].items() if v)
    line(console, known, indent=2, style="dim")
    console.print()
    for hop in card["hops"]:
        when = f" [{moment(hop['at'])}]" if hop["at"] else ""
        told = hop["state"] != "not reached" or card["hop"] == "rightly_absent"
        words = hop["proof"] + when if told else "not reached"
        line(console, words, style=_STYLE[hop["state"]], head=f"{_MARK[hop['state']]} {hop['hop']:<10} ")
        if hop["state"] == "stopped":
            _proof(console, hop)
    if card["timeline"]:
        console.print()
        line(console, "What changed last:", style="bold")
        for row in card["timeline"][-_LAST_CHANGES:]:
            line(console, row["detail"], indent=2, head=f"{moment(row['at'])}  ")


def _proof(console: Console, hop: dict[str, Any]) -> None:
    if hop["record"]:
        fields = "; ".join(f"{k} {v}" for k, v in hop["record"]["fields"].items())
        line(console, f"record in {hop['record']['table']}: {fields}", indent=13, style="dim")
    for action in hop["actions"]:
        line(console, f"→ {action['what']}", indent=13)
        if action.get("where"):
            line(console, action["where"], indent=15, style="dim")
    if not hop["actions"]:
        line(console, "→ No check names a remedy; the ranked causes of the run are the next place to look.", indent=13)
    if hop["finding"]:
        line(console, f"rests on {hop['finding']}", indent=13, style="dim")
