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
    return _series(folded, texts.index, texts.name)


def trimmed(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Texts without blanks around them, in NFC; ASCII is so already."""
    texts = texts.str.strip()
    other = ~np.asarray(pc.fill_null(pc.string_is_ascii(_arrow(texts)), True))
    if not other.any():
        return texts
    return texts.mask(other, texts[other].str.normalize("NFC"))


def among(texts: pd.Series[Any], values: Iterable[Any]) -> pd.Series[Any]:
    """``texts.isin(values)`` for text, by Arrow's hash table instead of Python's; missing is in nothing."""
    if not isinstance(values, pd.Series | pd.Index):
        values = pd.Series(list(values), dtype="str")
    column, wanted = _arrow(texts), _arrow(values.dropna())
    if _few(column, wanted):
        wanted = wanted.filter(pc.is_in(wanted, value_set=column))
    return pd.Series(np.asarray(pc.is_in(column, value_set=wanted)), index=texts.index, name=texts.name)


def distinct(texts: pd.Series[Any]) -> pd.Series[Any]:
    """The texts that are there, each once, in order (by code point)."""
    column = pc.drop_null(_arrow(texts))
    # what comes from a table ordered by key is so already, and seeing that costs next to nothing
    if not (len(column) < 2 or pc.all(pc.less(column[:-1], column[1:])).as_py()):
        column = pc.unique(column)
        column = column.take(pc.sort_indices(column))
    return _series(column)


def in_order(texts: pd.Series[Any]) -> tuple[pd.Series[Any], np.ndarray[Any, np.dtype[np.int64]]]:
    """Distinct texts in order, and for each of them, as they were given, its place in it."""
    column = _arrow(texts)
    order = np.asarray(pc.sort_indices(column)).astype("int64")
    place = np.empty(len(column), "int64")
    place[order] = np.arange(len(column))
    return _series(column.take(pa.array(order))), place


def numbered(texts: pd.Series[Any]) -> tuple[np.ndarray[Any, np.dtype[np.int32]], pd.Index[Any]]:
    """Every text as the place of its value in the distinct values, -1 where missing; the values, as they come.

    Whole numbers are compared, sorted and joined a hundred times as fast as the texts they stand for.
    """
    column = _arrow(texts).dictionary_encode()
    return np.asarray(pc.fill_null(column.indices, -1)), pd.Index(_series(column.dictionary), dtype="str")


def shared(texts: pd.Series[Any]) -> pd.Series[Any]:
    """Where a text stands more than once; missing ones share nothing."""
    code, values = numbered(texts)
    often = np.append(np.bincount(code[code >= 0], minlength=len(values)) > 1, False)
    return pd.Series(often[code], index=texts.index)


def first_of(code: np.ndarray[Any, Any], which: np.ndarray[Any, Any], numbers: int) -> np.ndarray[Any, Any]:
    """The first row of each number (see ``numbered``) among the rows in which a flag is set, -1 where there is none."""
    found = np.full(numbers, -1)
    rows = np.flatnonzero(which & (code >= 0))[::-1]
    found[code[rows]] = rows  # of several the last that is written stays
    return found


def last_of_each(code: np.ndarray[Any, Any], which: np.ndarray[Any, Any], numbers: int) -> np.ndarray[Any, Any]:
    """The last row of each number, as ``first_of`` finds the first."""
    found = np.full(numbers, -1)
    rows = np.flatnonzero(which & (code >= 0))
    found[code[rows]] = rows
    return found


def ticks(times: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Times as whole numbers, what is missing before all others."""
    return times.to_numpy("datetime64[us]").view("int64")


def moments(numbers: np.ndarray[Any, np.dtype[np.int64]]) -> pd.Series[Any]:
    """What ``ticks`` made whole numbers of, as times again."""
    return pd.Series(numbers.view("datetime64[us]")).dt.tz_localize("UTC")


def places(keys: pd.Series[Any], index: pd.Index[Any] | pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Where each key stands first in the index, -1 where it does not; a missing key stands nowhere."""
    wanted, held = _arrow(keys), _arrow(index)
    if not _few(wanted, held):
        return np.asarray(pc.fill_null(pc.index_in(wanted, value_set=held, skip_nulls=True), -1))
    at = np.flatnonzero(np.asarray(pc.is_in(held, value_set=wanted)))
    found = np.asarray(pc.fill_null(pc.index_in(wanted, value_set=held.take(pa.array(at)), skip_nulls=True), -1))
    return np.where(found >= 0, np.append(at, -1)[found], -1)


def taken(column: pd.Series[Any], place: np.ndarray[Any, Any], index: pd.Index[Any]) -> pd.Series[Any]:
    """The column's values at these places (see ``places``), missing at -1; flags become nullable."""
    column = column.astype("boolean") if column.dtype == bool else column
    if column.empty:
        return pd.Series(index=index, dtype=column.dtype)
    found = column.take(place.clip(min=0)).set_axis(index)
    return found if bool((place >= 0).all()) else found.where(place >= 0)


def _few(texts: Any, table: Any) -> bool:
    """Whether so few are looked up that hashing them, instead of the whole table, is worth a second pass."""
    return bool(len(texts) * 8 < len(table))


def _series(column: Any, index: pd.Index[Any] | None = None, name: Any = None) -> pd.Series[Any]:
    # pandas' own protocol to take an Arrow column as it is; its stubs do not know it
    return pd.Series(_TEXT.__from_arrow__(column), index=index, name=name)  # type: ignore[attr-defined]


def _arrow(texts: pd.Series[Any] | pd.Index[Any]) -> Any:
    column = pa.array(texts.astype("str").array)
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.cast(pa.large_string())


def worded(index: pd.Index[Any], default: str, *rules: tuple[Any, str]) -> pd.Series[Any]:
    """The word of the last rule (flags, word) whose flag is set, else ``default``; flags are plain and of one length.

    Written once at the end: texts written over texts, rule by rule, are most of the work of a large tenant.
    """
    number = np.zeros(len(index), "int64")
    for place, (flags, _) in enumerate(rules, 1):
        number[np.asarray(flags, bool)] = place
    return pd.Series([default, *(word for _, word in rules)], dtype="str").take(number).set_axis(index)


def latest(*times: pd.Series[Any]) -> pd.Series[Any]:
    """Row by row the latest time that is there."""
    return moments(np.maximum.reduce([ticks(t) for t in times])).set_axis(times[0].index)


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
    return rows_at(table, places(keys, table.index), keys.index)


def rows_at(table: pd.DataFrame, place: np.ndarray[Any, Any], index: pd.Index[Any]) -> pd.DataFrame:
    """The rows at these places (see ``places``); at -1 all is missing."""
    nullable = {np.dtype(bool): "boolean", np.dtype("int64"): "Int64"}
    table = table.astype({c: nullable[kind] for c, kind in table.dtypes.items() if kind in nullable})
    if table.empty:
        return pd.DataFrame(index=index, columns=table.columns).astype(dict(table.dtypes.items()))
    found = table.take(place.clip(min=0)).set_axis(index)
    return found if bool((place >= 0).all()) else found.where(pd.Series(place >= 0, index=index))


def looked_up(keys: pd.Series[Any], table: pd.Series[Any]) -> pd.Series[Any]:
    """``table`` (unique index) looked up by ``keys``; a missing key finds nothing, whatever the index holds."""
    table = table[table.index.notna()]
    return taken(table, places(keys, table.index), keys.index)
