"""Catalog over SCIM: a bounded probe of the endpoint (``catalog_probe``), then everybody in it. GET only.

Sources: RFC 7644 section 3.4.2.4 (paging), RFC 7643 (documents). Pages are advanced by the rows received, because
servers send fewer than asked for, ignore ``startIndex`` or count wrongly; the walk always ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
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

PAGE = 100  # what Okta itself asks for
LARGE, LARGE_PAGE = 2000, 1000  # a directory this large is read in larger pages; servers may still send fewer
SLACK = 1.2  # pages beyond totalResults / page size that are still followed
MAX_PAGES = 10_000  # where no total is told
MAX_SINGLE = 100  # groups fetched one by one where the list leaves their members out

Row = dict[str, Any]
OpenReader = Callable[[BearerAuth | None], Reader]


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
    with open_reader(BearerAuth(secret) if secret else None) as reader:
        unreachable = None
        if probe != "off":
            progress(HOW_TO_GET["catalog.probe"].title, 0)
            asking = catalog_probe.Probe(open_reader, reader, secret, incident, parts, full=probe == "full")
            unreachable = asking.run()
        if secret is not None:
            _Walk(reader, parts, progress, unreachable).step("catalog.users", "/Users", _accounts)
            _Walk(reader, parts, progress, unreachable).step("catalog.groups", "/Groups", _teams)
    return reader


@dataclass(slots=True)
class _Tally:
    """What a walk over pages has seen. ``broke``: why it ended early, where it did."""

    seen: set[str] = field(default_factory=set)
    twice: int = 0
    singles: int = 0  # resources fetched one by one
    unreadable: int = 0
    total: int | None = None
    broke: ReadFailure | None = None
    notes: list[str] = field(default_factory=list)
    quirks: list[str] = field(default_factory=list)


class _Walk:
    """One kind of resource, from the first page to the last."""

    def __init__(self, reader: Reader, parts: Parts, progress: Progress, unreachable: ReadFailure | None) -> None:
        self.reader, self.parts, self.progress, self.unreachable = reader, parts, progress, unreachable
        self.tally = _Tally()

    def step(self, what: str, path: str, take: Callable[[_Walk, list[Row]], int]) -> None:
        """Reads everything under ``path`` and covers it; rows that came before a failure are kept."""
        tally, name = self.tally, f"{self.reader.host}{PATH}{path}"
        if self.unreachable is None:
            for documents in self.pages(path, HOW_TO_GET[what].title):
                tally.unreadable += take(self, documents)
        failure = self.unreachable or tally.broke
        if failure is not None and not tally.seen:
            how = HOW_TO_GET[what]
            self.parts.cover(what, source="live", name=name, complete=False, refused=str(failure),
                             get_it=f"Live: {how.live}. From files: {how.export}")  # fmt: skip
            return
        rows = len(tally.seen)
        if failure is not None:
            tally.notes.append(f"Reading broke off: {failure.message}")
        if tally.twice:
            tally.notes.append(f"{tally.twice} rows were sent more than once.")
        if tally.total is not None and tally.total != rows + tally.unreadable:
            tally.notes.append(f"The endpoint counts {tally.total}, and gave {rows}.")
        if tally.quirks:
            tally.notes.append(f"Not as RFC 7644 wants it: {', '.join(dict.fromkeys(tally.quirks))}.")
        whole = failure is None and not tally.unreadable and (tally.total is None or rows >= tally.total)
        self.parts.cover(what, source="live", name=name, rows=rows, unreadable=tally.unreadable, complete=whole,
                         note=" ".join(tally.notes) or None)  # fmt: skip

    def pages(self, path: str, title: str) -> Iterator[list[Row]]:
        """New documents page by page. Ends at the total, an empty page, a page already seen, a failure, or the cap."""
        tally, got, size, cap = self.tally, 0, PAGE, MAX_PAGES
        number = 0
        while number < cap:
            number += 1
            page = self.page(f"{PATH}{path}?startIndex={got + 1}&count={size}", path)
            if page is None:
                return
            rows = len(page.documents) + page.unreadable
            got += rows
            tally.unreadable += page.unreadable
            tally.quirks += page.quirks
            tally.total = page.total
            fresh = self.fresh(page.documents)
            yield fresh
            self.progress(title, got, page.total)
            if not rows or (page.total is not None and got >= page.total):
                return
            if not fresh and not page.unreadable:
                tally.notes.append("A page came again, so paging does not advance; reading was stopped.")
                return
            if number == 1 and page.total is not None:
                cap = int(page.total / rows * SLACK) + 2
                size = LARGE_PAGE if page.total > LARGE else PAGE
        tally.notes.append(f"Reading was stopped after {cap} pages.")

    def page(self, query: str, path: str) -> scim.Page | None:
        try:
            answer = self.reader.get(query, headers=SCIM)
            if answer.status != 200:
                raise _refusal(answer)
            return scim.read_page(answer.body, content_type=answer.content_type, where=f"The list of {path}")
        except ReadFailure as failure:
            self.tally.broke = failure
            return None

    def fresh(self, documents: list[Row]) -> list[Row]:
        """Those not seen before. What has neither id nor userName passes: the row makers count it as unreadable."""
        new = []
        for document in documents:
            key = scim.identity(document)
            if key is None:
                new.append(document)
            elif key in self.tally.seen:
                self.tally.twice += 1
            else:
                self.tally.seen.add(key)
                new.append(document)
        return new


def _accounts(walk: _Walk, documents: list[Row]) -> int:
    rows, unreadable = scim.accounts(documents)
    walk.parts.add("accounts", rows)
    return unreadable


def _teams(walk: _Walk, documents: list[Row]) -> int:
    whole = [_with_members(walk, d) for d in documents]
    teams, members, unreadable = scim.teams(whole)
    walk.parts.add("teams", teams)
    walk.parts.add("team_members", members)
    return unreadable


def _with_members(walk: _Walk, document: Row) -> Row:
    """The group itself where the list left its members out; some servers do, to keep lists small."""
    key = scim.identity(document)
    if key is None or scim.get(document, "members") is not None or walk.tally.singles >= MAX_SINGLE:
        return document
    walk.tally.singles += 1
    try:
        answer = walk.reader.get(f"{PATH}/Groups/{quote(key, safe='')}", headers=SCIM)
        single = answer.json() if answer.status == 200 else None
    except ReadFailure:
        return document
    return single if isinstance(single, dict) and scim.identity(single) == key else document


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
