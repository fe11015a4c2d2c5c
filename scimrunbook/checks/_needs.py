"""How to get what was not read, in one sentence; the same wherever something is missing."""

from __future__ import annotations

from scimrunbook import guide
from scimrunbook.snapshot import Snapshot


def how_to_get(snapshot: Snapshot, what: str) -> str:
    """What is missing (one of WHATS), why, and the two ways to get it."""
    known = guide.HOW_TO_GET.get(what)
    title = known.title if known else what
    title = title[0].lower() + title[1:] if title.startswith(("The ", "A ")) else title
    refused = snapshot.refusal(what)
    if refused and asked_for(snapshot, what):
        why = refused[0].rstrip(".")
        return (
            f"Not checked: needs {title}, which could not be read ({why}). Get it like this: {refused[1].rstrip('.')}."
        )
    if known is None:
        return f"Not checked: needs {title}."
    ways = f"live with {known.live}{'; or as a file: ' if known.file else '. '}{known.export}."
    return f"Not checked: needs {title}. Get it like this: {ways}"


def asked_for(snapshot: Snapshot, what: str) -> bool:
    """Whether somebody was asked for ``what`` at all; where nothing tells whom to ask, only the room's name stands."""
    rows = snapshot["coverage"]
    return bool(((rows["what"] == what) & rows["refused"].notna() & (rows["name"] != what.split(".")[0])).any())
