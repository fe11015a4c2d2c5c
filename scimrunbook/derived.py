"""What is worked out of a snapshot once and shared by checks, trace and diagnosis.

A derived value is a pure function of the snapshot, so remembering it changes nothing but the time it takes. Whoever
gets a data frame from here must not change it in place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import pandas as pd

from scimrunbook.snapshot import Snapshot

T = TypeVar("T")


def derived(function: Callable[[Snapshot], T]) -> Callable[[Snapshot], T]:
    """Remembers the function's value in ``snapshot.memo``."""
    key = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def remembered(snapshot: Snapshot) -> T:
        if key not in snapshot.memo:
            snapshot.memo[key] = function(snapshot)
        value: T = snapshot.memo[key]
        return value

    return remembered


def fold(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Texts as they are compared where case does not count: trimmed, NFC, case-folded; missing stays missing."""
    return texts.str.strip().str.normalize("NFC").str.casefold()


def yes(flags: pd.Series[Any]) -> pd.Series[Any]:
    """A nullable flag as plain bool: True only where it is known to be true."""
    return flags.astype("boolean").fillna(False).astype(bool)


def no(flags: pd.Series[Any]) -> pd.Series[Any]:
    """True only where the nullable flag is known to be false."""
    return (~flags.astype("boolean")).fillna(False).astype(bool)


def looked_up(keys: pd.Series[Any], table: pd.Series[Any]) -> pd.Series[Any]:
    """``table`` (unique index) looked up by ``keys``; a missing key finds nothing, whatever the index holds."""
    table = table[table.index.notna()]
    if table.empty:
        return pd.Series(index=keys.index, dtype=table.dtype if table.dtype != bool else "boolean")
    place = table.index.get_indexer(pd.Index(keys))
    found = table.astype("boolean") if table.dtype == bool else table
    taken = found.take(place.clip(min=0)).reset_index(drop=True).set_axis(keys.index)
    return taken.where(place >= 0)
