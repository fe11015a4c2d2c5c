"""Okta's System Log that is not held: nine of ten of its records are told apart without being taken apart.

Where nothing names the application, the log is gone through once before, to find the one that provisions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from scimrunbook.sources import okta_log, okta_log_csv
from scimrunbook.sources.exports.large_csv import Plain, Table
from scimrunbook.sources.exports.large_form import Form, beginning, form_of
from scimrunbook.sources.exports.large_okta_csv import CHOOSES, PLAIN_ID, Beside, Columns
from scimrunbook.sources.exports.large_reading import Reading
from scimrunbook.sources.exports.pieces import LargeFileError, Raw, Source, records
from scimrunbook.sources.exports.registry import Recognised
from scimrunbook.sources.okta_changes import merged
from scimrunbook.sources.parts import Parts

_CHOOSES = tuple(kind.encode() for kind in CHOOSES)


class _Head(msgspec.Struct):
    """The little of a LogEvent that tells whether it matters; everything else is only passed over."""

    eventType: str | None = None  # noqa: N815 - as Okta prints it
    published: str | None = None


class _Target(msgspec.Struct):
    id: str | None = None
    type: str | None = None


class _Targets(msgspec.Struct):
    target: list[_Target] | None = None


_HEAD, _TARGETS = msgspec.json.Decoder(_Head), msgspec.json.Decoder(_Targets)


class OktaReading(Reading):
    """``left``: what was left out, by reason."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.left = okta_log.LogRows()  # only its counts
        self.beside = Beside()

    def take(self, head: bytes, form: Form, result: Recognised) -> None:
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
        for log in self.to_the_break(self.logs(head, form, app)):
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
        again = OktaReading(source, self.place, self.name, self.incident, Parts(), self.progress)
        try:
            head = beginning(source)
            form = form_of(head, "okta")
            if form == "csv":
                again.choose_from(again.table(head), apps)
            for batch in records(source, head) if form == "json" else ():
                for raw in batch:
                    whole = bytes(raw)
                    if any(m in whole for m in _CHOOSES):
                        apps.add(okta_log.parse(again.decoded(whole, 0)).entries)
                again.say("looking for the application, ")
        except LargeFileError:
            pass  # what stands before the damage tells; it is read again, and said to be a part
        finally:
            source.close()
        return apps.choice()

    def choose_from(self, table: Table, apps: okta_log.Apps) -> None:
        names = [h.casefold() for h in table.header]
        columns = Columns(names, None)
        for lines in table.blocks(columns.kind):
            chosen = self.clean_lines(columns.choosing(lines))
            apps.add(okta_log.parse(okta_log_csv.events(names, chosen)).entries)
            self.say("looking for the application, ")

    def logs(self, head: bytes, form: Form, app: str | None) -> Iterator[okta_log.Log]:
        """The log in pieces; records that are surely of no use are only counted."""
        if form == "json":
            for batch in records(self.source, head):
                yield okta_log.parse(self.of_use(batch, app))
                self.say()
            return
        table = self.table(head)
        names = [h.casefold() for h in table.header]
        columns = Columns(names, app)
        try:
            for lines in table.blocks(columns.kind):
                told = columns.plain(lines) if isinstance(lines, Plain) else columns.parsed(lines)
                self.rows += len(lines) - len(told.ours)
                self.passed += len(lines) - len(told.ours)
                self.left.aside += told.aside
                self.left.foreign += told.foreign
                self.seen_texts(told.times)
                yield okta_log.parse(okta_log_csv.events(names, self.clean_lines(told.ours)))
                self.say()
        finally:
            self.unreadable += table.unreadable

    def of_use(self, batch: Sequence[Raw], app: str | None) -> list[Any]:
        """The records to be decoded; those that surely tell nothing of the application are counted."""
        kept: list[Any] = []
        times: list[str] = []
        name = app.encode() if app and PLAIN_ID.fullmatch(app) else None
        for number, raw in enumerate(batch, self.pieces + 1):
            try:
                head = _HEAD.decode(raw)
                kind = head.eventType or ""
                foreign = bool(kind) and not self.beside[kind] and name is not None and _of_another(bytes(raw), name)
            except (msgspec.DecodeError, UnicodeDecodeError):
                kept += self.decoded(raw, number)
                continue
            beside = self.beside[kind]
            if not (beside or foreign):
                kept += self.decoded(raw, number)
                continue
            self.rows += 1
            self.passed += 1
            self.left.aside += beside
            self.left.foreign += foreign
            if head.published:
                times.append(head.published)
        self.pieces += len(batch)
        self.seen_texts(times)
        return kept

    def changes(self, new: list[dict[str, Any]]) -> None:
        if new:
            earlier, added = merged(self.parts.rows["config_changes"], new)
            self.parts.rows["config_changes"] = [*earlier, *added]


def _of_another(raw: bytes, app_id: bytes) -> bool:
    """Whether a record is about applications, and ours is none of them; told without decoding it whole.

    Raises DecodeError and UnicodeDecodeError.
    """
    if app_id in raw or b'"AppInstance"' not in raw or b"\\u" in raw:
        return False
    return any(t.type == "AppInstance" and t.id and t.id.strip() for t in _TARGETS.decode(raw).target or ())
