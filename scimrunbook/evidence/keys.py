"""Private keys by reference: longer than a token and of several lines, and no part of them is ever shown either."""

from __future__ import annotations

from pathlib import Path

from scimrunbook.evidence.secrets import Secret, fetch, register
from scimrunbook.evidence.stores import NotAvailableError


def private_key(reference: str, *, base: Path, interactive: bool) -> Secret:
    """The text behind ``reference`` (JWK or PEM), every line of it remembered for scrubbing.

    Raises NotAvailableError; its texts speak of a token where a store does.
    """
    kind, _, rest = reference.partition(":")
    raw = fetch(kind, rest, base, interactive, "private key")
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotAvailableError("The private key is no text.", "Give it as JWK (JSON) or PEM.") from None
    for line in text.splitlines():
        if not line.startswith("-----"):
            register(line)
    return Secret(text.strip())
