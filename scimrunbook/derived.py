"""What is worked out of a snapshot once and shared by checks, trace and diagnosis.

A derived value is a pure function of the snapshot, so remembering it changes nothing but the time it takes. Whoever
gets a data frame from here must not change it in place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from scimrunbook.snapshot import Snapshot

T = TypeVar("T")
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)  # what ``astype("str")`` gives


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
    """Texts as they are compared where case does not count: trimmed, NFC, case-folded; missing stays missing.

    ASCII is folded by Arrow, all at once; only the other texts go one by one.
    """
    column = _arrow(texts)
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(column))
    other = pc.invert(pc.string_is_ascii(column))
    if pc.any(other).as_py():
        values = [unicodedata.normalize("NFC", v.strip()).casefold() for v in column.filter(other).to_pylist()]
        folded = pc.replace_with_mask(folded, pc.fill_null(other, False), pa.array(values, folded.type))
    # pandas' own protocol to take an Arrow column as it is; its stubs do not know it
    return pd.Series(_TEXT.__from_arrow__(folded), index=texts.index, name=texts.name)  # type: ignore[attr-defined]


def among(texts: pd.Series[Any], values: Iterable[Any]) -> pd.Series[Any]:
    """``texts.isin(values)`` for text, by Arrow's hash table instead of Python's; missing is in nothing."""
    if not isinstance(values, pd.Series | pd.Index):
        values = pd.Series(list(values), dtype="str")
    column, wanted = _arrow(texts), _arrow(values.dropna())
    if _few(column, wanted):
        wanted = wanted.filter(pc.is_in(wanted, value_set=column))
    return pd.Series(np.asarray(pc.is_in(column, value_set=wanted)), index=texts.index, name=texts.name)


def _places(keys: pd.Series[Any], index: pd.Index[Any]) -> Any:
    """Where each key stands in the index, -1 where it does not."""
    wanted, held = _arrow(keys), _arrow(index)
    if not _few(wanted, held):
        return np.asarray(pc.fill_null(pc.index_in(wanted, value_set=held), -1))
    at = np.flatnonzero(np.asarray(pc.is_in(held, value_set=wanted)))
    found = np.asarray(pc.fill_null(pc.index_in(wanted, value_set=held.take(pa.array(at))), -1))
    return np.where(found >= 0, np.append(at, -1)[found], -1)


def _few(texts: Any, table: Any) -> bool:
    """Whether so few are looked up that hashing them, instead of the whole table, is worth a second pass."""
    return bool(len(texts) * 8 < len(table))


def _arrow(texts: pd.Series[Any] | pd.Index[Any]) -> Any:
    column = pa.array(texts.astype("str").array)
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.cast(pa.large_string())


def yes(flags: pd.Series[Any]) -> pd.Series[Any]:
    """A nullable flag as plain bool: True only where it is known to be true."""
    return flags.astype("boolean").fillna(False).astype(bool)


def no(flags: pd.Series[Any]) -> pd.Series[Any]:
    """True only where the nullable flag is known to be false."""
    return (~flags.astype("boolean")).fillna(False).astype(bool)


def rows_for(keys: pd.Series[Any], table: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``table`` (unique index) for ``keys``, in their order; a missing key has missing values throughout.

    One search for all columns; flags and whole numbers become nullable.
    """
    table = table[table.index.notna()]
    nullable = {np.dtype(bool): "boolean", np.dtype("int64"): "Int64"}
    table = table.astype({c: nullable[kind] for c, kind in table.dtypes.items() if kind in nullable})
    if table.empty:
        return pd.DataFrame(index=keys.index, columns=table.columns).astype(dict(table.dtypes.items()))
    place = _places(keys, table.index)
    taken = table.take(place.clip(min=0)).set_axis(keys.index)
    return taken.where(pd.Series(place >= 0, index=keys.index))


def looked_up(keys: pd.Series[Any], table: pd.Series[Any]) -> pd.Series[Any]:
    """``table`` (unique index) looked up by ``keys``; a missing key finds nothing, whatever the index holds."""
    table = table[table.index.notna()]
    if table.empty:
        return pd.Series(index=keys.index, dtype=table.dtype if table.dtype != bool else "boolean")
    place = _places(keys, table.index)
    found = table.astype("boolean") if table.dtype == bool else table
    taken = found.take(place.clip(min=0)).reset_index(drop=True).set_axis(keys.index)
    return taken.where(place >= 0)
