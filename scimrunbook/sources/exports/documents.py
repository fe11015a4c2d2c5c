"""One exported file as text, JSON, NDJSON or CSV, each decoded when it is first asked for.

Tolerant where exports differ (byte order marks, UTF-16, CRLF, semicolons, a key twice), strict where a guess would
hide something: what does not decode stays unread, and ``problem`` says why.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from scimrunbook.incident import Incident
from scimrunbook.sources.exports.spreadsheet import repaired
from scimrunbook.sources.json_reading import whole_characters

MAX_CELL = 16 << 20  # characters of one cell of a CSV
csv.field_size_limit(MAX_CELL)
_MARKS = (  # the longer mark first: UTF-32's begins like UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
UNREAD = object()


def decode(data: bytes) -> tuple[str | None, str | None]:
    """(text, note). The text is None where the bytes are no text; the note says when an encoding was assumed."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), None
            except UnicodeDecodeError:
                return None, None
    if b"\x00" in data:
        return None, None
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        # Spreadsheets on Windows still save so; everything printable in it is plain where bytes below 128 are.
        text = data.decode("cp1252", "replace")
        strange = sum(c == "\ufffd" or (c < " " and c not in "\t\r\n") for c in text)
        return (None, None) if strange else (text, "Not UTF-8; read as Windows-1252.")


@dataclass(slots=True)
class Records:
    """Records of a JSON document, whatever held them: a bare array, a page, several pages, NDJSON, one object.

    ``items`` are as they stand (an item may be no object); ``unreadable`` counts lines that are no JSON.
    ``pages`` are the envelopes the items came in, without the items.
    """

    items: list[Any]
    unreadable: int = 0
    pages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [i for i in self.items if isinstance(i, dict)]

    def mostly(self, test: Callable[[Any], bool]) -> bool:
        """Whether at least half of the objects pass: one damaged record must not hide a file.

        No further record is asked once that is decided: every format asks every file.
        """
        objects = self.objects
        wanted = (len(objects) + 1) // 2
        spare = len(objects) - wanted
        for one in objects:
            if test(one):
                wanted -= 1
            else:
                spare -= 1
            if wanted <= 0 or spare < 0:
                return wanted <= 0
        return False

    def told(self, key: str) -> str:
        """The first text under ``key`` in an envelope, else empty."""
        return next((p[key] for p in self.pages if isinstance(p.get(key), str)), "")


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV: ``header`` as printed, rows by column number, ``unreadable`` rows with another number of fields.

    ``assumed``: what had to be assumed of times that a spreadsheet had rewritten.
    """

    header: list[str]
    rows: list[list[str]]
    unreadable: int
    assumed: str | None = None

    @property
    def names(self) -> list[str]:
        """The header normalised: letters and digits only, case-folded."""
        return [normal(h) for h in self.header]

    def columns(self, aliases: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
        """Field → column number for the first alias (normalised) that stands in the header."""
        return columns_of(self.names, aliases)


def columns_of(names: Sequence[str], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Field → number of the column that bears the first of its aliases; ``names`` are normalised."""
    hits = {f: next((names.index(a) for a in wanted if a in names), None) for f, wanted in aliases.items()}
    return {f: n for f, n in hits.items() if n is not None}


@lru_cache(4096)
def normal(name: str) -> str:
    """A column name without case, blanks and punctuation."""
    return "".join(c for c in name.casefold() if c.isalnum())


class Document:
    """One file: ``name`` (relative to the folder), ``text`` and what it decodes to. Decoding never raises."""

    def __init__(self, name: str, text: str, incident: Incident) -> None:
        self.name, self.incident = name, incident
        self.text = text
        self.problem: str | None = None  # why the text is no JSON, once ``json`` was asked for

    @cached_property
    def _begins_like_json(self) -> bool:
        return self.text.lstrip()[:1] in ("{", "[")

    @cached_property
    def json(self) -> Any:
        """The value, where the whole text is one JSON object or array; else None and ``problem`` is set."""
        if not self._begins_like_json:
            self.problem = "it is no JSON"
            return None
        try:
            return _json(self.text)
        except json.JSONDecodeError as error:
            cut = error.pos >= len(self.text.rstrip()) - 1 or error.msg.startswith("Unterminated string")
            self.problem = f"{'the JSON is cut off' if cut else 'it is not valid JSON'} (line {error.lineno})"
        except RecursionError:
            self.problem = "it is nested deeper than any export"
        except ValueError:
            self.problem = "it holds a number too long to read"
        return None

    @cached_property
    def ndjson(self) -> Records | None:
        """One JSON object a line. None where less than half of the lines are; the others are counted as unreadable.

        The first line may be the one that is broken: a log that was cut by size begins in the middle of a record.
        """
        if self.json is not None:
            return None
        lines = [line for line in self.text.splitlines() if line.strip()]
        if not any(line.lstrip().startswith(("{", "[")) for line in lines[:2]):
            return None
        if lines[0].strip() in ("{", "["):
            return None  # an indented document that is cut off
        values = [v for v in map(tolerant, lines) if v is not UNREAD]
        objects = sum(isinstance(v, dict) and bool(v) for v in values)
        if objects * 2 < len(lines):
            return None
        return _flat(values, len(lines) - len(values))

    @cached_property
    def records(self) -> Records | None:
        """The records of JSON or NDJSON, pages (``value``, ``Resources``, ``records``) flattened; else None."""
        if self.json is None:
            return self.ndjson
        return _flat(self.json if isinstance(self.json, list) else [self.json], 0)

    @cached_property
    def csv(self) -> Table | None:
        """The text as a table of at least two columns, separated by comma, semicolon or tab; None where it is none."""
        if self._begins_like_json:
            return None
        text = self.text.lstrip("\r\n")
        if text[:4].casefold() == "sep=":  # a line spreadsheets leave
            text = text.partition("\n")[2]
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        try:
            rows = [
                r for r in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(c.strip() for c in r)
            ]
        except csv.Error:
            return None
        if not rows or len(rows[0]) < 2:
            return None
        header = [h.strip() for h in rows[0]]
        good = [r for r in rows[1:] if len(r) == len(header)]
        assumed = repaired(header, good, delimiter)
        return Table(header, good, len(rows) - 1 - len(good), assumed)


_HOLDERS = ("value", "Resources", "records")


def _flat(values: list[Any], unreadable: int) -> Records:
    """Pages are replaced by what they hold; an object that is no page is a record."""
    out = Records([], unreadable)
    for value in values:
        if (rows := _query_rows(value)) is not None:
            out.items.extend(rows)
            continue
        holder = _holder(value)
        if holder:
            out.items.extend(value[holder])
            out.pages.append({k: v for k, v in value.items() if k != holder})
        elif isinstance(value, list):
            out.items.extend(value)
        else:
            out.items.append(value)
    return out


def _query_rows(value: Any) -> list[Any] | None:
    """The rows of an answer of Log Analytics as objects: ``{"tables": [{"columns": [{"name"}], "rows": [[…]]}]}``."""
    tables = value.get("tables") if isinstance(value, dict) else None
    if not isinstance(tables, list) or not all(
        isinstance(t, dict) and isinstance(t.get("columns"), list) and isinstance(t.get("rows"), list) for t in tables
    ):
        return None
    rows: list[Any] = []
    for table in tables:
        names = [str(c.get("name")) if isinstance(c, dict) else str(c) for c in table["columns"]]
        fits = [isinstance(r, list) and len(r) == len(names) for r in table["rows"]]
        rows += [dict(zip(names, r, strict=True)) if ok else r for r, ok in zip(table["rows"], fits, strict=True)]
    return rows


def _holder(value: Any) -> str | None:
    if not isinstance(value, dict) or "id" in value:
        return None
    return next((h for h in _HOLDERS if isinstance(value.get(h), list)), None)


def flat(value: Any) -> Records:
    """The records of one JSON value: itself, or what it holds where it is a page."""
    return _flat([value], 0)


def tolerant(line: str) -> Any:
    """One JSON value, or UNREAD."""
    try:
        return _json(line)
    except (ValueError, RecursionError):
        return UNREAD


def _json(text: str) -> Any:
    # A key twice is read as most readers do (the last one counts); NaN and Infinity tell nothing.
    value = json.loads(text, parse_constant=lambda _: None)
    return whole_characters(value) if "\\ud" in text or "\\uD" in text else value
