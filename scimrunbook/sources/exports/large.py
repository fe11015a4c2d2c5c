"""Logs that are not held: read once, record by record; only what concerns the incident's application is kept.

The same events come out as when the log is held whole. Where nothing names the application, the log is gone through
once before, to find the one that provisions.
"""

from __future__ import annotations

import csv
import io
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, Literal, cast

import msgspec

from scimrunbook.guide import OKTA_EVENTS
from scimrunbook.incident import Incident
from scimrunbook.snapshot import TABLES
from scimrunbook.sources import entra_log, entra_log_flat, okta_log, okta_log_csv
from scimrunbook.sources.exports import entra_log_csv
from scimrunbook.sources.exports.documents import UNREAD, flat_records, normal, tolerant
from scimrunbook.sources.exports.entra import principal_of, whose
from scimrunbook.sources.exports.entra_heads import foreign
from scimrunbook.sources.exports.files import Place
from scimrunbook.sources.exports.leaks import take_out
from scimrunbook.sources.exports.pieces import Joined, LargeFileError, Raw, Source, delimited, records
from scimrunbook.sources.exports.registry import Format, Recognised
from scimrunbook.sources.fields import moment, span
from scimrunbook.sources.okta_changes import merged
from scimrunbook.sources.parts import Parts, Progress

_BOM, _UTF16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
_OURS = ("application.", "app.", *okta_log.DIRECTORY)
# What tells which application is meant, see okta_log.Apps.
_CHOOSES = (b"application.provision.", b"app.user_management.", b"application.integration.", b"application.user_member")
HEAD = 1 << 20  # bytes a file is recognised by
_BATCH = 5_000  # lines of a CSV judged at a time
MOST_MET = 50_000  # people whose names are kept for a directory that is read singly
FORMATS = {
    "okta": Format("okta.system_log", "Okta System Log (large)", "okta", lambda _: None),
    "entra": Format("entra.provisioning_log", "Entra provisioning log (large)", "entra", lambda _: None),
}
Form = Literal["json", "csv", "details"]  # details: the other two files of the portal's CSV download
Columns = tuple[list[str], Iterator[list[list[str]]]]  # the header, and the lines in batches


class _Head(msgspec.Struct):
    """The little of a LogEvent that tells whether it matters; everything else is only passed over."""

    eventType: str | None = None  # noqa: N815 - as Okta prints it
    published: str | None = None


_HEAD, _WHOLE = msgspec.json.Decoder(_Head), msgspec.json.Decoder()


def streams(place: Place, incident: Incident) -> bool:
    """Whether a log of the incident's provider lies there that can be read record by record."""
    try:
        source = Source(place)
    except LargeFileError:
        return False
    try:
        return form_of(_begin(source), incident.identity_provider) is not None
    except LargeFileError:
        return False
    finally:
        source.close()


def read_large(
    place: Place, name: str, incident: Incident, parts: Parts, progress: Progress
) -> tuple[tuple[Format, Recognised] | None, str, str | None]:
    """(format and what was kept, or None; why not; sha256) of one log; its events go into ``parts`` at once."""
    try:
        source = Source(place)
    except LargeFileError as problem:
        return None, str(problem), place.sha256
    try:
        result = _Reading(source, place, name, incident, parts, progress).read()
        if not result.rows:
            raise LargeFileError(f"none of its {result.unreadable} records could be read")
        return (FORMATS[incident.identity_provider], result), "", source.sha256()
    except LargeFileError as problem:
        return None, str(problem), source.sha256()
    finally:
        source.close()


def turn(place: Place, incident: Incident) -> int:
    """When a log is read: details before what they explain, CSV before JSON.

    A CSV tells less than JSON, and of an event that stands twice the last one read counts.
    """
    try:
        source = Source(place)
    except LargeFileError:
        return 3
    try:
        return {"details": 0, "csv": 1}.get(form_of(_begin(source), incident.identity_provider) or "", 2)
    except LargeFileError:
        return 3
    finally:
        source.close()


def _begin(source: Source) -> bytes:
    head = source.read(HEAD).removeprefix(_BOM)
    if head.startswith(_UTF16) or b"\x00" in head:
        raise LargeFileError("neither JSON nor CSV in UTF-8: a file this large is read only so")
    return head


def form_of(head: bytes, provider: str) -> Form | None:
    """The form of a log of that provider, by its beginning; None where it is none of the known ones."""
    low = head.lower()
    if head.lstrip()[:1] in (b"{", b"["):
        acted = b"provisioningaction" in low or (b'"action"' in low and b"provisioning" in low)
        return "json" if (b"eventtype" in low if provider == "okta" else acted) else None
    header, _ = delimited(io.BytesIO(head))
    if provider == "okta":
        return "csv" if {h.casefold() for h in header} >= okta_log_csv.NEEDED else None
    names = [normal(h) for h in header]
    if entra_log_csv.detail_of(names):
        return "details"
    main = entra_log_csv.kind_of(names) == "main"
    return "csv" if main and entra_log_flat.columns(names).keys() >= set(entra_log_flat.NEEDED) else None


class _Reading:
    """One log on its way into ``parts``: counts, times, and what was left out."""

    def __init__(
        self, source: Source, place: Place, name: str, incident: Incident, parts: Parts, progress: Progress
    ) -> None:
        self.source, self.place, self.name = source, place, name
        self.incident, self.parts, self.progress = incident, parts, progress
        self.began = time.monotonic()
        self.rows = self.unreadable = self.leaks = 0
        self.left = okta_log.LogRows()  # only its counts
        self.apps: dict[str, str | None] = {}  # Entra: id → name of every application of the log
        self.lacking: set[str] | None = None  # fields of which no other file of the portal's download tells
        self.first: datetime | None = None
        self.last: datetime | None = None
        self.known: frozenset[Any] = frozenset()  # events that a richer file holds already

    def read(self) -> Recognised:
        head = _begin(self.source)
        form = form_of(head, self.incident.identity_provider)
        if form is None:
            raise LargeFileError("larger than any export but a log, and it is none that is known")
        result = Recognised(0)
        if form == "details":
            self.details(head, result)
        else:
            (self.okta if self.incident.identity_provider == "okta" else self.entra)(head, form, result)
        result.rows, result.unreadable = self.rows, self.unreadable
        result.first_at, result.last_at = self.first, self.last
        result.more = self.incident.identity_provider == "entra" and b'"@odata.nextLink"' in self.source.tail
        if self.source.assumed:
            result.remark("Not UTF-8; read as Windows-1252.")
        return result

    # -- Okta ---------------------------------------------------------------------------------

    def okta(self, head: bytes, form: Form, result: Recognised) -> None:
        access = self.incident.okta
        app = (access.app_id if access else None) or self.parts.facts.app.id
        if app is None:
            choice = self.app_of_the_log()
            app = choice.app_id
            if choice.refused:
                result.refused = choice.refused
                result.get_it = "Name the application's id under okta.app_id in the incident file."
            if choice.note:
                result.remark(choice.note)
        if form == "csv":
            self.known = frozenset(e.get("event_id") for e in self.parts.rows["events"])
        kept = beside = 0
        for log in self.okta_logs(head, form, app):
            self.rows += len(log.entries)
            self.unreadable += log.unreadable
            self.seen([log.first_at, log.last_at])
            if result.refused:
                continue
            rows = okta_log.rows(log, app)
            kept += len(rows.events)
            beside += sum(e["app_id"] is None for e in rows.events)
            self.left.foreign += rows.foreign
            self.left.aside += rows.aside
            self.left.unknown_types += rows.unknown_types
            self.changes(rows.changes)
            self.keep(okta_log.named(rows.events, self.parts.rows["app_accounts"], self.parts.rows["groups"]))
        if not result.refused:
            self.parts.beside(beside + self.left.beside)
        if self.left.note and not result.refused:
            result.remark(self.left.note)
        if form == "csv":
            result.remark("The CSV does not hold what settings were changed from and to.")
        if not kept and not result.refused:
            result.remark("None of its events concerns the application.")

    def app_of_the_log(self) -> okta_log.Choice:
        """The log is gone through once, decoding only what may name an application that provisions."""
        source, apps = Source(self.place), okta_log.Apps()
        again = _Reading(source, self.place, self.name, self.incident, Parts(), self.progress)
        try:
            head = _begin(source)
            form = form_of(head, "okta")
            if form == "csv":
                for log in again.okta_logs(head, form, None):
                    apps.add(log.entries)
            for batch in records(source, head) if form == "json" else ():
                for raw in batch:
                    whole = bytes(raw)
                    if any(m in whole for m in _CHOOSES):
                        apps.add(okta_log.parse(again.decoded(whole)).entries)
        finally:
            source.close()
        return apps.choice()

    def okta_logs(self, head: bytes, form: Form, app: str | None) -> Iterator[okta_log.Log]:
        """The log in pieces; records that are surely of no use are only counted."""
        if form == "json":
            for batch in records(self.source, head):
                yield okta_log.parse(self.of_use(batch, app))
                self.say()
            return
        header, batches = self.lines(head)
        names = [h.casefold() for h in header]
        kind, at = names.index("event_type"), names.index("timestamp")
        for lines in batches:
            concerned = [line for line in lines if not _beside(line[kind])]
            ours = [line for line in concerned if not (app and "AppInstance" in line and app not in ",".join(line))]
            self.rows += len(lines) - len(ours)
            self.left.aside += len(lines) - len(concerned)
            self.left.foreign += len(concerned) - len(ours)
            self.seen_texts([line[at] for line in lines])
            yield okta_log.parse(okta_log_csv.events(names, self.clean_lines(ours)))
            self.say()

    def of_use(self, batch: Sequence[Raw], app: str | None) -> list[Any]:
        kept: list[Any] = []
        times: list[str] = []
        name = app.encode() if app else None
        for raw in batch:
            try:
                head = _HEAD.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                kept += self.decoded(bytes(raw))
                continue
            if head.published:
                times.append(head.published)
            beside = head.eventType is not None and _beside(head.eventType)
            if beside or (head.eventType and name and _of_another(bytes(raw), name)):
                self.rows += 1
                self.left.aside += beside
                self.left.foreign += not beside
            else:
                kept += self.decoded(bytes(raw))
        self.seen_texts(times)
        return kept

    def changes(self, new: list[dict[str, Any]]) -> None:
        if new:
            earlier, added = merged(self.parts.rows["config_changes"], new)
            self.parts.rows["config_changes"] = [*earlier, *added]

    # -- Entra --------------------------------------------------------------------------------

    def entra(self, head: bytes, form: Form, result: Recognised) -> None:
        named = self.parts.facts.app.id or principal_of(self.incident)
        aside = 0
        for found in self.entra_records(head, form, named):
            rows = []
            for record in found:
                row = entra_log.event(record)
                if row is None:
                    self.unreadable += 1
                    continue
                self.rows += 1
                rows.append(row)
                if row["app_id"] and row["app_id"] not in self.apps:
                    self.apps[row["app_id"]] = entra_log.app_name(record)
            self.seen([row["at"] for row in rows])
            kept = rows if named is None else [r for r in rows if r["app_id"] in (named, None)]
            aside += len(rows) - len(kept)
            self.keep(kept)
            self.say()
        aside += self.left.foreign
        whose(self.apps, self.incident, result, self.parts)
        if not result.refused:
            self.parts.beside(aside)
        if aside and not result.refused:
            result.remark(f"{aside} rows of other applications were left aside.")
        if form == "csv":
            entra_log_csv.ask_for(self.lacking or set(), result)

    def details(self, head: bytes, result: Recognised) -> None:
        """Steps or changes, kept by change id for the main file; those that tell nothing are only counted."""
        header, batches = self.lines(head)
        detail = entra_log_csv.detail_of([normal(h) for h in header])
        assert detail is not None
        known = entra_log_csv.known_details(self.parts, detail.field)
        for lines in batches:
            read = [detail.row(line) for line in self.clean_lines(lines)]
            self.unreadable += read.count(None)
            for found in read:
                if found is None:
                    continue
                self.rows += 1
                rows = known.setdefault(found[0], [])  # also where nothing is kept: the operation has details
                if detail.matters(found[1]):
                    rows.append(found[1])
            self.say()
        result.complete, result.subject = False, detail.kind
        result.remark(entra_log_csv.ALONE)

    def entra_records(self, head: bytes, form: Form, named: str | None) -> Iterator[list[Any]]:
        """The log in pieces; records that are surely another application's are only counted."""
        if form == "json":
            for batch in records(self.source, head):
                own = batch if named is None else self.not_foreign(batch, named)
                found = [r for raw in own for r in self.decoded(bytes(raw))]
                yield [entra_log_csv.of_flat(r) if entra_log_csv.is_flat(r) else r for r in found]
            return
        header, batches = self.lines(head)
        places = entra_log_flat.columns([normal(h) for h in header])
        for lines in batches:
            clean = self.clean_lines(lines)
            made = [entra_log_flat.record({f: line[n] for f, n in places.items()}) for line in clean]
            lacking = entra_log_csv.join(made, self.parts)
            self.lacking = lacking if self.lacking is None else self.lacking & lacking
            yield made

    def not_foreign(self, batch: Sequence[Raw], named: str) -> list[Raw]:
        told = [foreign(raw, named) for raw in batch]
        others = [f for f in told if f is not None]
        self.apps.update({f.app_id: f.app_name for f in others if f.app_id not in self.apps})
        self.seen([f.at for f in others])
        self.rows += len(others)
        self.left.foreign += len(others)
        return [raw for raw, f in zip(batch, told, strict=True) if f is None]

    # -- both ---------------------------------------------------------------------------------

    def keep(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Events go into columns: as objects a large log would cost many times its size."""
        rows = [r for r in rows if r["event_id"] not in self.known]
        self.parts.spool("events").add({c: [r.get(c) for r in rows] for c in TABLES["events"]})
        if len(self.parts.met) < MOST_MET:
            self.parts.met.update(r["person_key"] for r in rows if r["person_key"])

    def decoded(self, raw: bytes) -> list[Any]:
        """The records of one piece, token-looking values taken out; it may be a page. What is no JSON is counted."""
        text, leaks = take_out(self.source.text(raw))
        self.leaked(leaks)
        try:
            return flat_records(_WHOLE.decode(text))
        except (msgspec.DecodeError, RecursionError):
            value = tolerant(text)
        self.unreadable += value is UNREAD
        return [] if value is UNREAD else flat_records(value)

    def lines(self, head: bytes) -> Columns:
        """A CSV's header and its lines in batches; those with another number of fields are counted."""
        joined = cast(BinaryIO, io.BufferedReader(Joined(head, self.source), 1 << 20))
        header, lines = delimited(joined)

        def batches() -> Iterator[list[list[str]]]:
            filled = (line for line in lines if any(map(str.strip, line)))
            try:
                while batch := list(itertools.islice(filled, _BATCH)):
                    good = [line for line in batch if len(line) == len(header)]
                    self.unreadable += len(batch) - len(good)
                    yield good
            except csv.Error as problem:
                raise LargeFileError("it is no CSV that can be read to its end") from problem

        return header, batches()

    def clean_lines(self, lines: list[list[str]]) -> list[list[str]]:
        clean = []
        for line in lines:
            joined = "\x1f".join(line)
            text, leaks = take_out(self.source.whole(joined))
            self.leaked(leaks)
            cells = line if text is joined else text.split("\x1f")
            if len(cells) == len(line):
                clean.append(cells)
            else:
                self.unreadable += 1
        return clean

    def leaked(self, leaks: list[tuple[int, str]]) -> None:
        for _, rule in leaks:
            self.leaks += 1
            if self.leaks <= 100:
                self.parts.facts.leaks.append({"file": self.name, "line": self.rows + 1, "rule": rule})

    def say(self) -> None:
        spent, done = time.monotonic() - self.began, self.source.done
        left = f", {spent * (self.source.size - done) / done:.0f} s left" if spent > 2 and done else ""
        self.progress(f"exports: {self.name} (MB{left})", done >> 20, max(self.source.size >> 20, 1))

    def seen(self, times: list[datetime | None]) -> None:
        self.first, self.last = span([*times, self.first, self.last])

    def seen_texts(self, times: list[str]) -> None:
        # All times of a log are printed alike: the first and last as texts are the first and last.
        self.seen([moment(t) for t in ((min(times), max(times)) if times else ())])


def _beside(kind: str) -> bool:
    """Whether events of this type tell nothing of provisioning."""
    return kind not in OKTA_EVENTS and not kind.startswith(_OURS)


def _of_another(raw: bytes, app_id: bytes) -> bool:
    """Whether a record names applications, and ours is none of them; told without decoding it."""
    return b'"AppInstance"' in raw and app_id not in raw
