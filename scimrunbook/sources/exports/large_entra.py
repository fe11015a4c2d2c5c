"""Entra's provisioning log that is not held: of a tenant's log only the application's records are kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from scimrunbook.sources import entra_log, entra_log_flat
from scimrunbook.sources.exports import entra_log_csv
from scimrunbook.sources.exports.documents import normal
from scimrunbook.sources.exports.entra import cut_by_the_portal, principal_of, whose
from scimrunbook.sources.exports.entra_heads import foreign
from scimrunbook.sources.exports.large_form import Form
from scimrunbook.sources.exports.large_reading import Reading
from scimrunbook.sources.exports.pieces import Raw, records
from scimrunbook.sources.exports.registry import Recognised


class EntraReading(Reading):
    """``apps``: id → name of every application of the log."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.apps: dict[str, str | None] = {}
        self.strange: list[str] = []  # columns nobody knows
        self.lacking: set[str] | None = None  # fields of which no other file of the portal's download tells

    def take(self, head: bytes, form: Form, result: Recognised) -> None:
        if form == "details":
            self.details(head, result)
        else:
            self.log(head, form, result)
        result.more = self.more or b'"@odata.nextLink"' in self.source.around

    def log(self, head: bytes, form: Form, result: Recognised) -> None:
        named = self.parts.facts.app.id or principal_of(self.incident)
        aside = 0
        for found in self.to_the_break(self.found(head, form, named)):
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
        aside += self.passed
        whose(self.apps, self.incident, result, self.parts)
        if not result.refused:
            self.parts.beside(aside)
        if aside and not result.refused:
            result.remark(f"{aside} rows of other applications were left aside.")
        cut_by_the_portal(result, self.rows + self.unreadable)
        if form == "csv":
            entra_log_csv.ask_for(self.lacking or set(), result)
            entra_log_csv.tell_unknown(self.strange, result)

    def details(self, head: bytes, result: Recognised) -> None:
        """Steps or changes, kept by change id for the main file; those that tell nothing are only counted."""
        table = self.table(head)
        detail = entra_log_csv.detail_of([normal(h) for h in table.header])
        assert detail is not None
        known = entra_log_csv.known_details(self.parts, detail.field)
        for lines in self.to_the_break(table.lines()):
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
        self.unreadable += table.unreadable
        result.complete, result.part, result.subject = False, True, detail.kind
        result.remark(entra_log_csv.ALONE)

    def found(self, head: bytes, form: Form, named: str | None) -> Iterator[list[Any]]:
        """The log in pieces; records that are surely another application's are only counted."""
        if form == "json":
            for batch in records(self.source, head):
                pieces = list(enumerate(batch, self.pieces + 1))
                own = pieces if named is None else self.not_foreign(pieces, named)
                found = [r for number, raw in own for r in self.decoded(raw, number)]
                self.pieces += len(batch)
                yield [entra_log_csv.of_flat(r) if entra_log_csv.is_flat(r) else r for r in found]
            return
        table = self.table(head)
        names = [normal(h) for h in table.header]
        places = entra_log_flat.columns(names)
        self.strange = entra_log_flat.unknown(names, table.header)
        try:
            for lines in table.lines():
                clean = self.clean_lines(lines)
                made = [entra_log_flat.record({f: line[n] for f, n in places.items()}) for line in clean]
                lacking = entra_log_csv.join(made, self.parts)
                self.lacking = lacking if self.lacking is None else self.lacking & lacking
                yield made
        finally:
            self.unreadable += table.unreadable

    def not_foreign(self, pieces: Sequence[tuple[int, Raw]], named: str) -> list[tuple[int, Raw]]:
        told = [foreign(raw, named) for _, raw in pieces]
        others = [f for f in told if f is not None]
        self.apps.update({f.app_id: f.app_name for f in others if f.app_id not in self.apps})
        self.seen([f.at for f in others])
        self.rows += len(others)
        self.passed += len(others)
        return [piece for piece, f in zip(pieces, told, strict=True) if f is None]
