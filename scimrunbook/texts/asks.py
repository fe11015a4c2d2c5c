"""The one fact that would decide, where a text does not."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from scimrunbook import toml_tables
from scimrunbook.texts.layers import Layers


@cache
def _table() -> dict[str, Any]:
    return toml_tables.read(Path(__file__).parent, "asks")


def ask_between(one: str, other: str, provider: str | None) -> str:
    """What tells two families apart; else what would prove the likelier one."""
    table = _table()["between"]
    ask = (
        table.get(f"{one}+{other}")
        or table.get(f"{other}+{one}")
        or _table()["proof"].get(one)
        or _table()["proof"][other]
    )
    return _for(ask, provider)


def ask_of(likely: str, layers: Layers, provider: str | None, kind: str | None) -> str:
    """What is missing most: the remote end's own words, the code's row, or one person's record."""
    needed = _table()["needed"]
    plain = kind is None and not (layers.detail or layers.code or layers.status)
    if kind == "symptom" or plain:
        return _for(needed["symptom"], provider)
    if kind == "connection_test":
        return _for(needed["connection_test"], provider)
    if kind == "scim_response":
        return _for(needed["scim_response"], provider)
    if not layers.detail:
        return _for(needed["detail"], provider)
    return _for(_table()["proof"].get(likely) or needed["record"], provider)


def _for(ask: Any, provider: str | None) -> str:
    if isinstance(ask, dict):
        return str(ask.get(provider or "any") or ask["any"])
    return str(ask)
