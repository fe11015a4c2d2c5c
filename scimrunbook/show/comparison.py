"""Two runs side by side on the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from scimrunbook.show.terminal import line
from scimrunbook.show.words import moment

_TITLES = {
    "fixed": "✔ Mended",
    "new": "✖ New",
    "unchanged": "= Unchanged",
    "not_judged": "? Broken before, not judged now",
}
_SHOWN = 10


def comparison(console: Console, found: dict[str, Any]) -> None:
    """The sentence for the ticket, then the findings and people it rests on."""
    before, after = found["before"], found["after"]
    line(console, found["sentence"], style="bold")
    for word, head in (("before", before), ("after", after)):
        line(console, f"{head['incident']}, run {head['run']} (as of {moment(head['as_of'])}): {head['verdict']}",
             indent=2, head=f"{word:<7}", style="dim")  # fmt: skip
    if before["incident"] != after["incident"]:
        line(console, "These are runs of two incidents: what differs may be the question, not the tenant.", indent=2)
    for kind, title in _TITLES.items():
        if found[kind]:
            console.print()
            line(console, f"{title} ({len(found[kind])})", style="bold")
            for row in found[kind]:
                line(console, f"{row['title']} [{row['finding']}: {row['was']} → {row['now']}]", indent=2, head="- ")
    for kind, title in (("arrived", "Arrived"), ("moved_on", "Got further"), ("fell_back", "Fell back")):
        rows = found["people"][kind]
        if rows:
            console.print()
            line(console, f"{title} ({len(rows):,})", style="bold")
            for row in rows[:_SHOWN]:
                line(console, f"{row['login']}: {row['was']} → {row['now']}", indent=2, head="- ")
            if len(rows) > _SHOWN:
                line(console, f"and {len(rows) - _SHOWN:,} more", indent=2, head="- ")
