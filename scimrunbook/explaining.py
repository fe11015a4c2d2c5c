"""Prints what ``explain`` found: for people, or as JSON alone. Returns the exit code."""

from __future__ import annotations

import json
import sys
from typing import Any

from scimrunbook.explain import REACHES, close_to, explain_id, explain_stream, explain_text
from scimrunbook.texts.rules import UNKNOWN


def stream() -> int:
    """Answers standard input line by line, always as JSON."""
    explain_stream(sys.stdin.buffer, sys.stdout)
    return 0


def say_text(
    text: str,
    provider: str | None,
    status: int | None,
    as_json: bool,
    reach: str | None = None,
    others_succeed: bool | None = None,
) -> int:
    """0 where the text decides, 3 where it does not."""
    if provider not in (None, "okta", "entra"):
        raise _problem("--provider must be okta or entra.")
    if reach not in (None, *REACHES):
        raise _problem("--reach must be one, some or everybody.")
    if not text.strip():
        raise _problem("The text is empty. Paste what you see between the quotes.")
    found = explain_text(text, provider, None, status, reach, others_succeed)
    if as_json:
        _json(found)
    else:
        from rich.console import Console

        from scimrunbook.show.explained import reading

        reading(Console(highlight=False), found)
    return 3 if found["cause"] == UNKNOWN else 0


def say_id(id: str, as_json: bool) -> int:
    """0 where the id is known; raises a UserProblem with ids that look alike where it is not."""
    found = explain_id(id.strip())
    if found is None:
        close = ", ".join(close_to(id.strip()))
        hint = f" Did you mean: {close}?" if close else ' For a whole text: scimrunbook explain --text "…"'
        raise _problem(f"Nothing is known as {id.strip()!r}.{hint}")
    if as_json:
        _json(found)
    else:
        from rich.console import Console

        from scimrunbook.show.explained import entry

        entry(Console(highlight=False), found)
    return 0


def _problem(message: str) -> Exception:
    from scimrunbook.problems import UserProblem  # pandas comes with it

    return UserProblem(message)


def _json(data: dict[str, Any]) -> None:
    json.dump(data, sys.stdout, indent=2)
    sys.stdout.write("\n")
