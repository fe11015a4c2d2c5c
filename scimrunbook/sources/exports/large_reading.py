"""One log on its way into the tables, whatever its provider: counts, times, tokens taken out, progress."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from scimrunbook.incident import Incident
from scimrunbook.snapshot import TABLES
from scimrunbook.sources.exports.documents import UNREAD, flat, tolerant
from scimrunbook.sources.exports.entra import more
from scimrunbook.sources.exports.files import Place
from scimrunbook.sources.exports.large_csv import Table
from scimrunbook.sources.exports.large_form import Form, beginning, form_of
from scimrunbook.sources.exports.leaks import take_out
from scimrunbook.sources.exports.pieces import LargeFileError, Raw, Source
from scimrunbook.sources.exports.registry import Recognised
from scimrunbook.sources.fields import moment, span
from scimrunbook.sources.parts import Parts, Progress

MOST_MET = 50_000  # people whose names are kept for a directory that is read singly
T = TypeVar("T")
_WHOLE = msgspec.json.Decoder()


class Reading(ABC):
    """A log read once; what it is of use for goes into ``parts``, everything else is counted."""

    def __init__(
        self, source: Source, place: Place, name: str, incident: Incident, parts: Parts, progress: Progress
    ) -> None:
        self.source, self.place, self.name = source, place, name
        self.incident, self.parts, self.progress = incident, parts, progress
        self.began = time.monotonic()
        self.rows = self.unreadable = self.leaks = 0
        self.pieces = 0  # of JSON, before those that are being read
        self.passed = 0  # records that surely do not concern the application: counted, and not read whole
        self.more = False  # whether the last page says that another one follows
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.known: frozenset[Any] = frozenset()  # events that a richer file holds already

    @abstractmethod
    def take(self, head: bytes, form: Form, result: Recognised) -> None:
        """Reads all of it into ``parts``; ``head``: what was read already. Raises LargeFileError."""

    def read(self) -> Recognised:
        """What was found. Raises LargeFileError where nothing could be read."""
        head = beginning(self.source)
        form = form_of(head, self.incident.identity_provider)
        if form is None:
            raise LargeFileError("larger than any export but a log, and it is none that is known")
        result = Recognised(0)
        self.take(head, form, result)
        result.rows, result.unreadable = self.rows, self.unreadable
        result.first_at, result.last_at = self.first, self.last
        if self.source.broken and result.rows:
            result.complete = False
            result.remark(f"Read only up to where it breaks off: {self.source.broken}.")
        if not result.rows and self.source.broken:
            raise LargeFileError(self.source.broken)
        if not result.rows:
            raise LargeFileError(f"none of its {result.unreadable} records could be read")
        if self.passed and not result.refused:
            result.remark(f"{self.passed} records of no concern were not searched for tokens.")
        if self.source.assumed:
            result.remark("Not UTF-8; read as Windows-1252.")
        return result

    def to_the_break(self, found: Iterator[T]) -> Iterator[T]:
        """All that can be read: what stands before a damage is of use all the same."""
        try:
            yield from found
        except LargeFileError as problem:
            self.source.broken = str(problem)

    def keep(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Events go into columns: as objects a large log would cost many times its size."""
        rows = [r for r in rows if r["event_id"] not in self.known]
        self.parts.spool("events").add({c: [r.get(c) for r in rows] for c in TABLES["events"]})
        if len(self.parts.met) < MOST_MET:
            self.parts.met.update(r["person_key"] for r in rows if r["person_key"])

    def decoded(self, raw: Raw, number: int) -> list[Any]:
        """The records of the ``number``-th piece, token-looking values taken out; it may be a page.

        What is no JSON is counted.
        """
        text, leaks = take_out(self.source.text(bytes(raw)))
        self.leaked(leaks, number)
        try:
            value = _WHOLE.decode(text)
        except (msgspec.DecodeError, RecursionError):
            value = tolerant(text)
        if value is UNREAD:
            self.unreadable += 1
            return []
        found = flat(value)
        self.more = more(found) if found.pages else self.more
        return found.items

    def table(self, head: bytes) -> Table:
        return Table(head, self.source)

    def clean_lines(self, lines: list[list[str]]) -> list[list[str]]:
        """Lines of a CSV with the token-looking values taken out."""
        clean = []
        for line in lines:
            joined = "\x1f".join(line)
            text, leaks = take_out(self.source.whole(joined))
            self.leaked(leaks, f"about {self.rows + self.unreadable + 1}")
            cells = line if text is joined else text.split("\x1f")
            if len(cells) == len(line):
                clean.append(cells)
            else:
                self.unreadable += 1
        return clean

    def leaked(self, leaks: list[tuple[int, str]], line: int | str) -> None:
        """Tells where they stood: by the number of the record, which is that of the line where each has its own."""
        for _, rule in leaks:
            self.leaks += 1
            if self.leaks <= 100:
                self.parts.facts.leaks.append({"file": self.name, "line": line, "rule": rule})

    def say(self, doing: str = "") -> None:
        """How far it is; ``doing``: what for, where it is not the reading itself."""
        spent, done = time.monotonic() - self.began, self.source.done
        left = spent * (self.source.size - done) / done if done else 0.0
        told = f", {left / 60:.0f} min left" if left > 120 else f", {left:.0f} s left"
        self.progress(
            f"exports: {self.name} ({doing}MB{told if spent > 2 else ''})", done >> 20, max(self.source.size >> 20, 1)
        )

    def seen(self, times: list[datetime | None]) -> None:
        self.first, self.last = span([*times, self.first, self.last])

    def seen_texts(self, times: list[str]) -> None:
        self.seen(_outermost(times))


def _outermost(times: list[str]) -> list[datetime | None]:
    """The first and last of the times, perhaps with others between them.

    The first and last text are these where all are printed alike in UTC, as Okta prints them (``…T…Z``).
    """
    if not times:
        return []
    length = len(times[0])
    if length >= len("2026-11-20T08:00:00Z") and {*map(len, times)} == {length}:
        every = "".join(times)
        signs = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":", length - 1: "Z"}
        if all(every[place::length] == sign * len(times) for place, sign in signs.items()):
            ends = [moment(min(times)), moment(max(times))]
            if None not in ends:
                return list(ends)
    return [moment(t) for t in times]
