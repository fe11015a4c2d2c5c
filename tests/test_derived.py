"""The searches all judgement rests on: alike for text of any script, for missing values, for empty tables."""

from __future__ import annotations

import unicodedata

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrunbook.derived import among, distinct, fold, in_order, looked_up, numbered, places, rows_for

TEXTS = st.lists(
    st.none() | st.sampled_from(["a", "A ", "\u00c9", "e\u0301", "stra\u00dfe", "STRASSE", "", "İ"]), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_text_folds_as_python_folds_it_whoever_stands_beside_it(texts: list[str | None]) -> None:
    folded = fold(pd.Series(texts, dtype="str", index=range(5, 5 + len(texts))))
    wanted = [t if t is None else unicodedata.normalize("NFC", t.strip()).casefold() for t in texts]
    assert [None if pd.isna(f) else f for f in folded] == wanted
    assert folded.dtype == "str" and list(folded.index) == list(range(5, 5 + len(texts)))


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS)
def test_among_is_isin_but_for_missing_values(texts: list[str | None], values: list[str | None]) -> None:
    found = among(pd.Series(texts, dtype="str"), values)
    assert list(found) == [t is not None and t in values for t in texts]


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_distinct_texts_and_their_numbers(texts: list[str | None]) -> None:
    column = pd.Series(texts, dtype="str")
    there = [t for t in texts if t is not None]
    assert list(distinct(column)) == sorted(set(there))
    assert list(distinct(pd.Series(sorted(set(there)), dtype="str"))) == sorted(set(there))  # in order already
    codes, values = numbered(column)
    assert [None if c < 0 else values[c] for c in codes] == texts and len(values) == len(set(there))
    assert [None if p < 0 else values[p] for p in places(column, values)] == texts
    ordered, place = in_order(pd.Series(values))
    assert list(ordered) == sorted(set(there)) and list(ordered.take(place)) == list(values)


def test_a_few_keys_in_a_long_table_are_found_as_many_are() -> None:
    table = pd.Series(range(40), index=pd.Index([f"k{n}" for n in range(40)], dtype="str"), dtype="Int64")
    few = pd.Series(["k39", None, "no", "k0"], dtype="str")  # fewer than an eighth: the other way of looking
    assert looked_up(few, table).tolist() == [39, pd.NA, pd.NA, 0]
    assert list(among(few, table.index)) == [True, False, False, True]


def test_rows_are_found_once_for_all_columns() -> None:
    table = pd.DataFrame(
        {"n": [1, 2], "flag": [True, False], "text": ["x", "y"]}, index=pd.Index(["a", "b"], dtype="str")
    )
    keys = pd.Series(["b", None, "c", "a"], dtype="str", index=[3, 1, 4, 2])
    found = rows_for(keys, table)
    assert list(found.index) == [3, 1, 4, 2]
    assert found["n"].tolist() == [2, pd.NA, pd.NA, 1] and found["n"].dtype == "Int64"
    assert found["flag"].tolist() == [False, pd.NA, pd.NA, True]
    assert list(looked_up(keys, table["text"]).fillna("-")) == ["y", "-", "-", "x"]
    nobody = rows_for(keys, table.iloc[:0])
    assert nobody["n"].isna().all() and list(nobody.columns) == ["n", "flag", "text"]
