"""The terminal: verdict, causes and where things lie, at 80 columns, with or without colour, piped or not."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from scimrunbook.show.localtime import local
from scimrunbook.show.words import PROVIDER, VERDICT, count, plain

if TYPE_CHECKING:
    from scimrunbook.show.view import View  # brings pandas, which `explain` does without

_STYLE = {"problem": "bold red", "inconclusive": "bold yellow", "healthy": "bold green"}


def verdict(console: Console, view: View, folder: str) -> None:
    """The whole answer: verdict, ranked causes with what to do, what was not checked, the path."""
    symbol, words = VERDICT[view.diagnosis["verdict"]]
    if view.practice:
        line(console, "PRACTICE: the embedded practice tenant, nobody's real directory.", style="bold")
    line(console, f"{symbol} {words}", style=_STYLE[view.diagnosis["verdict"]])
    line(console, f"{view.incident['incident']} · {PROVIDER[view.incident['identity_provider']]}", indent=2)
    if view.diagnosis.get("first") and len(view.diagnosis["causes"]) > 1:
        console.print()
        line(console, view.diagnosis["first"])
    for place, found in enumerate(view.diagnosis["causes"], 1):
        _cause(console, view, found, place)
    hidden = [m for m in view.diagnosis["masked"] if m.get("kind") != "follows"]
    if hidden:
        console.print()
        line(console, f"Hidden behind it ({len(hidden)}): look again once the first is mended.", style="bold")
        for entry in hidden[:4]:
            line(console, entry["actual"], indent=2, head="- ")
    if view.tells_most:
        console.print()
        line(console, f"What would tell most: {view.tells_most}", style="bold")
    missing = view.diagnosis["not_checked"]
    if missing:
        console.print()
        line(console, f"Not checked ({len(missing)}):", style="bold")
        for gap in missing[:4]:
            line(console, f"- {gap['what']}", indent=2)
        if len(missing) > 4:
            line(console, f"- and {len(missing) - 4} more, with how to get them, in the report", indent=2)
    console.print()
    line(console, f"Everything lies in {folder}")
    line(console, f"Read first: {folder}/report.html")


def _cause(console: Console, view: View, found: dict[str, Any], place: int) -> None:
    title = view.causes.get(found["cause"], {}).get("title", found["cause"])
    console.print()
    line(console, f"{place}. {title}", style="bold")
    line(console, found["why"], indent=3)
    who = found.get("affected") or {"count": 0, "keys": []}
    if who["count"]:
        names = ", ".join(view.name(k) for k in who["keys"][:5])
        more = f" and {who['count'] - 5:,} more" if who["count"] > 5 else ""
        teams = set(who["keys"]) <= set(view.tables["groups"]["group_key"])
        what = count(who["count"], "team") if teams else count(who["count"], "person", "people")
        line(console, f"Concerns {what}: {names}{more}", indent=3)
    if found.get("ask"):
        line(console, f"Needed to decide: {found['ask']}", indent=3)
    for action in found["actions"]:
        line(console, f"→ {action['what']}", indent=3)
        if action.get("where"):
            line(console, action["where"], indent=5, style="dim")
    if effect := found.get("preview"):
        line(console, effect["sentence"], indent=3)
        for warning in effect["warnings"]:
            line(console, f"Careful: {warning}", indent=3, style="bold yellow")
    for action in found.get("meanwhile", ()):
        line(console, f"Meanwhile: {action['what']} {action['why']}", indent=3)
    if again := (found.get("look_again") or {}).get("text"):
        line(console, again, indent=3)
    if found["finding"]:
        line(console, f"rests on {found['finding']}", indent=3, style="dim")


def line(console: Console, text: str, *, indent: int = 0, style: str = "", head: str = "") -> None:
    """One paragraph, wrapped here so that nothing but the text is printed: no padding, no markup.

    ``head`` is our own text that stands before the paragraph; what wraps is indented below its end.
    """
    width = max(console.width - indent, 20)
    later = " " * len(head)
    wrapped = textwrap.wrap(head + local(plain(text)), width, subsequent_indent=later, break_on_hyphens=False)
    for part in wrapped or [""]:
        console.print(Text(" " * indent + part, style=style), soft_wrap=True)
