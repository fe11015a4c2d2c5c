"""Catalog over SCIM: a bounded probe of the endpoint (``catalog_probe``), then everybody in it. GET only.

Sources: RFC 7644 section 3.4.2.4 (paging; how it is walked: ``scim_walk``), RFC 7643 (documents).
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import compress
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from scimrunbook.evidence.secrets import Secret
from scimrunbook.guide import HOW_TO_GET
from scimrunbook.incident import Incident
from scimrunbook.sources import catalog_probe
from scimrunbook.sources import scim_records as scim
from scimrunbook.sources.catalog_probe import SCIM
from scimrunbook.sources.http import Answer, BearerAuth, Reader, ReadFailure
from scimrunbook.sources.parts import Parts, Progress
from scimrunbook.sources.scim_expectations import PATH
from scimrunbook.sources.scim_users import Columns, read_users
from scimrunbook.sources.scim_walk import Page, Walk

MAX_SINGLE = 100  # groups fetched one by one where the list leaves their members out

Row = dict[str, Any]
OpenReader = Callable[[BearerAuth | None], Reader]
P = TypeVar("P", bound=Page)


def read(
    open_reader: OpenReader,
    secret: Secret | None,
    incident: Incident,
    parts: Parts,
    progress: Progress,
    *,
    probe: str = "light",
) -> Reader:
    """Fills ``parts`` from one region's endpoint; hands back the (closed) reader, which knows the server's clock.

    ``open_reader(auth)`` makes a reader for the endpoint's origin. Without a secret only the probe's control
    requests are sent. ``probe``: off | light | full. Never raises for what the endpoint answers.
    """
    with contextlib.ExitStack() as open_ones:
        reader = lists = open_ones.enter_context(open_reader(BearerAuth(secret) if secret else None))
        unreachable = None
        if probe != "off":
            progress(HOW_TO_GET["catalog.probe"].title, 0)
            asking = catalog_probe.Probe(open_reader, reader, secret, incident, parts, full=probe == "full")
            unreachable = asking.run()
            if secret is not None and asking.only_alone:
                lists = open_ones.enter_context(open_reader(BearerAuth(secret, "")))
        if secret is not None:
            _Accounts(lists, parts, progress).read("catalog.users", "/Users", unreachable)
            _Teams(lists, parts, progress).read("catalog.groups", "/Groups", unreachable)
    return reader


class _Step(Generic[P], ABC):
    """One kind of resource, walked and covered; rows that came before a failure are kept."""

    def __init__(self, reader: Reader, parts: Parts, progress: Progress) -> None:
        self.reader, self.parts, self.progress = reader, parts, progress
        self.singles = 0  # resources fetched one by one
        self.untold = 0  # groups whose members neither the list nor a look-up told
        self.quirks: list[str] = []

    def read(self, what: str, path: str, unreachable: ReadFailure | None) -> None:
        title, name = HOW_TO_GET[what].title, f"{self.reader.host}{PATH}{path}"
        walk: Walk[P] = Walk(lambda start, count: self.page(path, start, count), lambda: self.reader.throttled)
        if unreachable is None:
            for page, fresh in walk.pages():
                self.keep(page, fresh)
                self.progress(title, walk.tally.received, page.total)
        tally, how = walk.tally, HOW_TO_GET[what]
        failure = unreachable or tally.broke
        if failure is not None and not tally.seen:
            self.parts.cover(what, source="live", name=name, complete=False, refused=str(failure),
                             get_it=f"Live: {how.live}. From files: {how.export}")  # fmt: skip
            return
        rows, notes = len(tally.seen), tally.notes
        if failure is not None:
            notes.append(f"Reading broke off: {failure.message}")
        if tally.twice:
            notes.append(f"{tally.twice} rows were sent more than once.")
        if tally.first_total is not None and tally.total not in (None, tally.first_total):
            notes.append(f"While reading, the endpoint's count went from {tally.first_total} to {tally.total}.")
        if tally.total is not None and tally.total != rows + tally.unreadable:
            notes.append(f"The endpoint counts {tally.total}, and gave {rows}.")
        if self.untold:
            notes.append(f"The list leaves members out; those of {self.untold} groups were not read.")
        if self.quirks:
            notes.append(f"Not as RFC 7644 wants it: {', '.join(dict.fromkeys(self.quirks))}.")
        ended = failure is None and not (tally.cut or self.untold)
        whole = ended and not tally.unreadable and (tally.total is None or rows >= tally.total)
        self.parts.cover(what, source="live", name=name, rows=rows, unreadable=tally.unreadable, complete=whole,
                         note=" ".join(notes) or None)  # fmt: skip

    def page(self, path: str, start: int, count: int) -> P:
        answer = self.reader.get(f"{PATH}{path}?startIndex={start}&count={count}", headers=SCIM)
        if answer.status != 200:
            raise _refusal(answer)
        return self.decode(answer, f"The list of {path}")

    @abstractmethod
    def decode(self, answer: Answer, where: str) -> P: ...

    @abstractmethod
    def keep(self, page: P, fresh: list[bool]) -> None: ...


class _Accounts(_Step[Columns]):
    def decode(self, answer: Answer, where: str) -> Columns:
        return read_users(answer.body, content_type=answer.content_type, where=where)

    def keep(self, page: Columns, fresh: list[bool]) -> None:
        self.quirks += page.quirks
        columns = page.columns
        if not all(fresh):
            columns = {name: list(compress(values, fresh)) for name, values in columns.items()}
        self.parts.spool("accounts").add(columns)


@dataclass(slots=True)
class _Groups:
    """A page of groups as documents; those without an id count as unreadable."""

    documents: list[Row]
    keys: list[str]
    total: int | None
    unreadable: int
    quirks: list[str]

    @property
    def rows(self) -> int:
        return len(self.keys) + self.unreadable


class _Teams(_Step[_Groups]):
    def decode(self, answer: Answer, where: str) -> _Groups:
        page = scim.read_page(answer.body, content_type=answer.content_type, where=where)
        named = [(d, scim.text(scim.get(d, "id"))) for d in page.documents]
        known = [(d, k) for d, k in named if k]
        bad = page.unreadable + len(named) - len(known)
        return _Groups([d for d, _ in known], [k for _, k in known], page.total, bad, page.quirks)

    def keep(self, page: _Groups, fresh: list[bool]) -> None:
        self.quirks += page.quirks
        teams, members, _ = scim.teams(self.with_members(d) for d in compress(page.documents, fresh))
        self.parts.add("teams", teams)
        self.parts.add("team_members", members)

    def with_members(self, document: Row) -> Row:
        """The group itself where the list left its members out; some servers do, to keep lists small."""
        key = scim.identity(document)
        if key is None or scim.get(document, "members") is not None:
            return document
        single = None
        if self.singles < MAX_SINGLE:
            self.singles += 1
            try:
                answer = self.reader.get(f"{PATH}/Groups/{quote(key, safe='')}", headers=SCIM)
            except ReadFailure:
                self.singles = MAX_SINGLE  # no answer at all: each further one would take a time-out
                answer = None
            if answer is not None and answer.status == 200:
                with contextlib.suppress(ReadFailure):
                    single = answer.json()
        if isinstance(single, dict) and scim.identity(single) == key:
            return single
        self.untold += 1
        return document


def _refusal(answer: Answer) -> ReadFailure:
    if answer.is_redirect:
        return ReadFailure(
            "redirect", f"Catalog redirects {answer.path} elsewhere; it was not followed.", "Check the base URL."
        )
    if answer.status in (401, 403):
        return ReadFailure(
            "status",
            f"Catalog does not accept the token ({answer.status}).",
            "Ask Catalog operations for a valid token of this region.",
        )
    if answer.status == 429:
        return ReadFailure("status", "Catalog limits the rate (429) for longer than we wait.", "Try again later.")
    return ReadFailure("status", f"Catalog answers {answer.status} where a list was asked for.", "Try again later.")
