"""Rows of one table in columns, packed as they come: a million accounts cost a small file, not a gigabyte of dicts."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from scimrunbook.snapshot import TABLES, column

FLUSH = 25_000  # rows held in memory before they are written


class Spool:
    """Takes columns page by page; ``frame`` gives the table. Beyond FLUSH rows they lie in an unnamed private file."""

    def __init__(self, table: str) -> None:
        self.kinds = TABLES[table]
        self.rows = 0
        self._values: dict[str, list[Any]] = {name: [] for name in self.kinds}
        self._count = 0  # rows in _values
        self._tables: list[pa.Table] = []
        self._file: IO[bytes] | None = None
        self._writer: pq.ParquetWriter | None = None

    def add(self, columns: Mapping[str, Sequence[Any]]) -> int:
        """Adds rows given as equally long columns (missing ones are empty); returns how many."""
        count = len(next(iter(columns.values()), ()))
        for name, values in self._values.items():
            values.extend(columns.get(name) or [None] * count)
        self.rows += count
        self._count += count
        if self._count >= FLUSH:
            self._write(self._packed())
        return count

    def frame(self) -> pd.DataFrame:
        """Everything that was added, with the snapshot's dtypes."""
        if self._count:
            self._tables.append(self._packed())
        if self._writer is not None and self._file is not None:
            self._writer.close()
            self._file.seek(0)
            self._tables.insert(0, pq.read_table(self._file))
            self._file.close()
            self._writer = self._file = None
        nothing = pa.table({n: pa.array([], _TYPES[k]) for n, k in self.kinds.items()})
        table = pa.concat_tables([nothing, *self._tables])
        return pd.DataFrame({n: _series(table[n], kind) for n, kind in self.kinds.items()})

    def _packed(self) -> pa.Table:
        """What is held as values, as Arrow; many rows at a time, since each conversion has its price."""
        arrays = [_array(values, self.kinds[name]) for name, values in self._values.items()]
        for values in self._values.values():
            values.clear()
        self._count = 0
        return pa.table(arrays, names=list(self.kinds))

    def _write(self, table: pa.Table) -> None:
        if self._writer is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the spool, nameless
            self._writer = pq.ParquetWriter(self._file, table.schema, compression="zstd")
        self._writer.write_table(table)


_TYPES = {"text": pa.large_string(), "bool": pa.bool_(), "int": pa.int64(), "time": pa.timestamp("us", "UTC")}


def _array(values: Sequence[Any], kind: str) -> pa.Array:
    if kind == "time":
        return pa.Array.from_pandas(column(list(values), kind), type=_TYPES[kind])
    return pa.array(values, _TYPES[kind])


def _series(values: pa.ChunkedArray, kind: str) -> pd.Series[Any]:
    mapper = {pa.large_string(): pd.StringDtype("pyarrow", na_value=float("nan")), pa.bool_(): pd.BooleanDtype(),
              pa.int64(): pd.Int64Dtype()}  # fmt: skip
    series: pd.Series[Any] = values.to_pandas(types_mapper=mapper.get)
    return series.astype("datetime64[us, UTC]") if kind == "time" else series
