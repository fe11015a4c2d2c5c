"""The terminal: verdict, causes and where things lie, at 80 columns, with or without colour, piped or not."""

from __future__ import annotations

import textwrap
from typing import Any

from rich.console import Console
from rich.text import Text

from scimrunbook.show.view import View
from scimrunbook.show.words import PROVIDER, VERDICT, count, plain

_STYLE = {"problem": "bold red", "inconclusive": "bold yellow", "healthy": "bold green"}


def verdict(console: Console, view: View, folder: str) -> None:
    """The whole answer: verdict, ranked causes with what to do, what was not checked, the path."""
    symbol, words = VERDICT[view.diagnosis["verdict"]]
    if view.practice:
        _line(console, "PRACTICE: the embedded practice tenant, nobody's real directory.", style="bold")
    _line(console, f"{symbol} {words}", style=_STYLE[view.diagnosis["verdict"]])
    _line(console, f"{view.incident['incident']} · {PROVIDER[view.incident['identity_provider']]}", indent=2)
    for place, found in enumerate(view.diagnosis["causes"], 1):
        _cause(console, view, found, place)
    missing = view.diagnosis["not_checked"]
    if missing:
        console.print()
        _line(console, f"Not checked ({len(missing)}):", style="bold")
        for gap in missing[:4]:
            _line(console, f"- {gap['what']}", indent=2)
        if len(missing) > 4:
            _line(console, f"- and {len(missing) - 4} more, with how to get them, in the report", indent=2)
    console.print()
    _line(console, f"Everything lies in {folder}")
    _line(console, f"Read first: {folder}/report.html")


def _cause(console: Console, view: View, found: dict[str, Any], place: int) -> None:
    title = view.causes.get(found["cause"], {}).get("title", found["cause"])
    console.print()
    _line(console, f"{place}. {title}", style="bold")
    _line(console, found["why"], indent=3)
    who = found.get("affected") or {"count": 0, "keys": []}
    if who["count"]:
        names = ", ".join(view.name(k) for k in who["keys"][:5])
        more = f" and {who['count'] - 5} more" if who["count"] > 5 else ""
        _line(console, f"Concerns {count(who['count'], 'person', 'people')}: {names}{more}", indent=3)
    if found.get("ask"):
        _line(console, f"Needed to decide: {found['ask']}", indent=3)
    for action in found["actions"]:
        _line(console, f"→ {action['what']}", indent=3)
        if action.get("where"):
            _line(console, action["where"], indent=5, style="dim")
    if found["finding"]:
        _line(console, f"rests on {found['finding']}", indent=3, style="dim")


def _line(console: Console, text: str, *, indent: int = 0, style: str = "") -> None:
    """One paragraph, wrapped here so that nothing but the text is printed: no padding, no markup."""
    width = max(console.width - indent, 20)
    for part in textwrap.wrap(plain(text), width, break_on_hyphens=False) or [""]:
        console.print(Text(" " * indent + part, style=style), soft_wrap=True)
