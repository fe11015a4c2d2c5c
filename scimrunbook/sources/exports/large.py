"""Logs too large to be held: read once, record by record; only what concerns the incident's application is kept.

Which application that is must be known before: by the incident, or by a smaller file of the folder.
"""

from __future__ import annotations

import csv
import io
import itertools
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from scimrunbook.guide import OKTA_EVENTS
from scimrunbook.incident import Incident
from scimrunbook.sources import entra_log, okta_log, okta_log_csv
from scimrunbook.sources.exports.leaks import take_out
from scimrunbook.sources.exports.pieces import LargeFileError, Source, records
from scimrunbook.sources.exports.registry import Format, Recognised
from scimrunbook.sources.fields import moment, span
from scimrunbook.sources.okta_changes import merged
from scimrunbook.sources.parts import Parts, Progress

_BOM, _UTF16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
_OURS = ("application.", "app.", *okta_log.DIRECTORY)
HEAD = 1 << 20  # bytes a file is recognised by
_BATCH = 20_000  # lines of a CSV judged at a time
_FORMATS = {
    "okta": Format("okta.system_log", "Okta System Log (large)", "okta", lambda _: None),
    "entra": Format("entra.provisioning_log", "Entra provisioning log (large)", "entra", lambda _: None),
}


class _Head(msgspec.Struct):
    """The little of a LogEvent that tells whether it matters; everything else is only passed over."""

    eventType: str | None = None  # noqa: N815 - as Okta prints it
    published: str | None = None


_HEAD, _WHOLE = msgspec.json.Decoder(_Head), msgspec.json.Decoder()


def read_large(
    path: Path, name: str, incident: Incident, parts: Parts, progress: Progress
) -> tuple[tuple[Format, Recognised] | None, str, str | None]:
    """(format and what was kept, or None; why not; sha256) of one large file; rows go into ``parts`` at once."""
    source = Source(path)
    try:
        work = _Reading(source, name, incident, parts, progress)
        result = work.read()
        return (_FORMATS[incident.identity_provider], result), "", source.sha256()
    except LargeFileError as problem:
        return None, str(problem), source.sha256()
    finally:
        source.close()


class _Reading:
    def __init__(self, source: Source, name: str, incident: Incident, parts: Parts, progress: Progress) -> None:
        self.source, self.name, self.incident, self.parts, self.progress = source, name, incident, parts, progress
        self.began = time.monotonic()
        self.rows = self.unreadable = self.aside = self.leaks = 0
        self.first: datetime | None = None
        self.last: datetime | None = None

    def read(self) -> Recognised:
        head = self.source.read(HEAD).removeprefix(_BOM)
        if head.startswith(_UTF16) or b"\x00" in head:
            raise LargeFileError("neither JSON nor CSV in UTF-8: a file this large is read only so")
        okta = self.incident.identity_provider == "okta"
        access = self.incident.okta if okta else self.incident.entra
        named = getattr(access, "app_id" if okta else "service_principal_id", None) or self.parts.facts.app.id
        if named is None:
            key = "okta.app_id" if okta else "entra.service_principal_id"
            raise LargeFileError(f"too large to be read for several applications: name the one meant under {key}")
        start = head.lstrip()[:1]
        if start in (b"{", b"["):
            keep = self.okta if okta else self.entra
            self.recognised(head)
            for batch in records(self.source, head):
                keep(batch, named)
                self.say()
        elif okta:
            self.okta_csv(head, named)
        else:
            raise LargeFileError("a CSV of this size is read only of Okta's System Log: download the log as JSON")
        result = Recognised(self.rows, self.unreadable, {}, self.first, self.last)
        if self.aside:
            result.remark(f"Records of other applications or other things left out: {self.aside}.")
        return result

    def recognised(self, head: bytes) -> None:
        marks = (b"eventtype",) if self.incident.identity_provider == "okta" else (b"provisioningaction", b'"action"')
        if not any(m in head.lower() for m in marks):
            raise LargeFileError("larger than any export but a log, and it is none that is known")

    def say(self) -> None:
        spent, done = time.monotonic() - self.began, self.source.done
        left = f", {spent * (self.source.size - done) / done:.0f} s left" if spent > 2 and done else ""
        self.progress(f"exports: {self.name} (MB{left})", done >> 20, max(self.source.size >> 20, 1))

    def seen(self, times: list[datetime | None]) -> None:
        self.first, self.last = span([*times, self.first, self.last])

    def clean(self, raw: bytes | msgspec.Raw) -> Any:
        """The record, token-looking values taken out. Raises DecodeError."""
        text, leaks = take_out(bytes(raw).decode("utf-8", "replace"))
        self.leaked(leaks)
        return _WHOLE.decode(text)

    def leaked(self, leaks: list[tuple[int, str]]) -> None:
        for _, rule in leaks:
            self.leaks += 1
            if self.leaks <= 100:
                self.parts.facts.leaks.append({"file": self.name, "line": self.rows + 1, "rule": rule})

    def okta(self, batch: list[bytes | msgspec.Raw], app_id: str) -> None:
        kept: list[Any] = []
        times: list[str] = []
        name = app_id.encode()
        for raw in batch:
            try:
                head = _HEAD.decode(raw)
                kind = head.eventType
                if kind is not None and (_beside(kind) or _of_another(bytes(raw), name)):
                    self.rows += 1
                    self.aside += 1
                else:
                    kept.append(self.clean(raw))
                if head.published:
                    times.append(head.published)
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.unreadable += 1
        # The API prints all times alike: the first and last as texts are the first and last.
        self.seen([moment(t) for t in ((min(times), max(times)) if times else ())])
        self.take(okta_log.parse(kept), app_id)

    def take(self, log: okta_log.Log, app_id: str) -> None:
        self.rows += len(log.entries)
        self.unreadable += log.unreadable
        self.seen([log.first_at, log.last_at])
        rows = okta_log.rows(log, app_id)
        self.aside += len(log.entries) - len(rows.events)
        earlier, changes = merged(self.parts.rows["config_changes"], rows.changes) if rows.changes else (None, [])
        if earlier is not None:
            self.parts.rows["config_changes"] = earlier
        self.parts.add("config_changes", changes)
        self.parts.add(
            "events", okta_log.named(rows.events, self.parts.rows["app_accounts"], self.parts.rows["groups"])
        )

    def entra(self, batch: list[bytes | msgspec.Raw], principal: str) -> None:
        kept, times = [], []
        for raw in batch:
            try:
                row = entra_log.event(self.clean(raw))
            except msgspec.DecodeError:
                row = None
            if row is None:
                self.unreadable += 1
                continue
            self.rows += 1
            times.append(row["at"])
            if row["app_id"] in (principal, None):
                kept.append(row)
            else:
                self.aside += 1
        self.seen(times)
        self.parts.add("events", kept)

    def okta_csv(self, head: bytes, app_id: str) -> None:
        lines = csv.reader(
            io.TextIOWrapper(
                io.BufferedReader(_Joined(head, self.source), 1 << 20), "utf-8", errors="replace", newline=""
            )
        )
        header = [h.strip().casefold() for h in next(lines, [])]
        if not set(header) >= okta_log_csv.NEEDED:
            raise LargeFileError("larger than any export but a log, and it is none that is known")
        kind, at = header.index("event_type"), header.index("timestamp")
        for batch in _batches(lines):
            good = [line for line in batch if len(line) == len(header)]
            self.unreadable += len(batch) - len(good)
            ours = [line for line in good if line[kind] in OKTA_EVENTS or line[kind].startswith(_OURS)]
            self.rows += len(good) - len(ours)
            self.aside += len(good) - len(ours)
            times = [line[at] for line in good]
            self.seen([moment(t) for t in ((min(times), max(times)) if times else ())])
            clean = [take_out("\x1f".join(line)) for line in ours]
            for _, leaks in clean:
                self.leaked(leaks)
            self.take(okta_log.parse(okta_log_csv.events(header, [text.split("\x1f") for text, _ in clean])), app_id)
            self.say()


def _beside(kind: str) -> bool:
    """Whether events of this type tell nothing of provisioning."""
    return kind not in OKTA_EVENTS and not kind.startswith(_OURS)


def _of_another(raw: bytes, app_id: bytes) -> bool:
    """Whether a record names applications, and ours is none of them; told without decoding it."""
    return b'"AppInstance"' in raw and app_id not in raw


class _Joined(io.RawIOBase):
    """What was read already, then the rest."""

    def __init__(self, head: bytes, source: Source) -> None:
        super().__init__()
        self.head, self.source = head, source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data, self.head = self.head[: len(buffer)], self.head[len(buffer) :]
        data = data or self.source.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _batches(lines: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    get: Callable[[], list[list[str]]] = lambda: [x for x in itertools.islice(lines, _BATCH) if x]  # noqa: E731
    try:
        while batch := get():
            yield batch
    except csv.Error as problem:
        raise LargeFileError("it is no CSV that can be read to its end") from problem
