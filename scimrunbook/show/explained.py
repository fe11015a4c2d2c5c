"""The terminal: what a text or an id means, what to do, and where that is known from."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from scimrunbook import guide
from scimrunbook.show.terminal import line


def reading(console: Console, found: dict[str, Any]) -> None:
    """One failure text explained; or the question that would decide."""
    if found["cause"] == "unknown":
        line(console, "? Not decided by this text alone", style="bold yellow")
        line(console, found["meaning"], indent=2)
        console.print()
        line(console, "Find out next:", style="bold")
        line(console, found["ask"], indent=2)
    else:
        line(
            console,
            f"{guide.read_table('causes')[found['cause']]['title']} ({found['confidence']:.0%} sure)",
            style="bold",
        )
        line(console, found["meaning"], indent=2)
        console.print()
        line(console, "What to do:", style="bold")
        for action in found["actions"]:
            line(console, action["what"], indent=2, head="→ ")
            if action["where"]:
                line(console, action["where"], indent=4, style="dim")
    console.print()
    line(console, f"Source: {found['source']}", style="dim")
    if found["cause"] != "unknown":
        line(console, f"More: scimrunbook explain {found['cause']}", style="dim")


def entry(console: Console, found: dict[str, Any]) -> None:
    """One id explained."""
    line(console, found["title"], style="bold")
    line(console, f"{found['kind']} {found['id']}" if found["title"] != found["id"] else found["kind"], style="dim")
    console.print()
    line(console, found["meaning"])
    console.print()
    line(console, "What to do:", style="bold")
    line(console, found["fix"], indent=2, head="→ ")
    if found["causes"]:
        titles = [f"{guide.CAUSES[c].title} ({c})" for c in found["causes"]]
        line(console, "Speaks for, the likeliest first:" if len(titles) > 1 else "Speaks for:", style="bold")
        for title in titles:
            line(console, title, indent=2, head="- ")
    console.print()
    for name, value in found["more"].items():
        line(console, f"{name}: {value}", style="dim")
    line(console, f"Source: {found['source']}", style="dim")
