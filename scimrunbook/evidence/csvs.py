"""CSV that no spreadsheet takes for a program: every cell quoted, formulas neutralised, invisible characters shown."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import re2

from scimrunbook.show.words import visible

_STARTS = "=+-@|%\t\r\n"  # what Excel, LibreOffice and DDE act on
_NUMBER = re2.compile(r"[+-]?\d[\d.,]*(?:[eE][+-]?\d+)?")


def cell(value: Any) -> str:
    """A value as the text of one cell. A leading apostrophe marks what would have been a formula."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, pd.Timestamp):
        return value.isoformat().replace("+00:00", "Z")
    text = " ".join(visible(value).split("\n")).replace("\t", " ")
    bare = unicodedata.normalize("NFKC", text).strip()
    return f"'{text}" if bare[:1] and bare[0] in _STARTS and not _NUMBER.fullmatch(bare) else text


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """UTF-8, LF, every cell quoted."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([cell(c) for c in columns])
    writer.writerows([cell(v) for v in row] for row in rows)
    return out.getvalue().encode("utf-8", "replace")


def frame_csv(frame: pd.DataFrame) -> bytes:
    return as_csv([str(c) for c in frame.columns], frame.itertuples(index=False))
