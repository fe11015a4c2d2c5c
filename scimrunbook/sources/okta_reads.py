"""The frame of a live read of Okta: steps, pages, refusals, and what is told of them in ``coverage``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scimrunbook.guide import HOW_TO_GET
from scimrunbook.sources.fields import obj, text
from scimrunbook.sources.http import Answer, Reader, ReadFailure
from scimrunbook.sources.parts import Parts, Progress

MAX_PAGES = 1000  # a bound, not an expectation
Read = Callable[[Any], dict[str, list[dict[str, Any]]] | None]
_REASONS = {
    400: "400: the request was not accepted",
    401: "401: the API token is not valid for this; it expires after 30 days without use",
    403: "403: the API token may not read this",
    404: "404: there is no such thing in this org",
    429: "429: the org's rate limit did not open again in time",
}
# Failures that the next request would meet again.
_EVERYWHERE = {"dns", "refused", "unreachable", "timeout", "certificate", "tls", "proxy", "token", "connect_to"}
_INVALID_TOKEN = "E0000011"  # Okta error codes


class RefusedError(Exception):
    """A read that was refused or cannot be made: ``why``, what coverage says; ``remedy`` where it is a special one.

    ``everywhere``: the next request would meet the same.
    """

    def __init__(self, why: str, remedy: str = "", everywhere: bool = False) -> None:
        super().__init__(why)
        self.why, self.remedy, self.everywhere = why, remedy, everywhere


@dataclass(slots=True)
class Tally:
    """What one step read: records that could be read and not, what is missing, the time it spans."""

    good: int = 0
    bad: int = 0
    whole: bool = True
    notes: list[str] = field(default_factory=list)
    first_at: datetime | None = None
    last_at: datetime | None = None
    answered: int = 0  # requests of this step that were answered
    failed: list[RefusedError] = field(default_factory=list)

    def say(self, note: str) -> None:
        if note:
            self.notes.append(note)

    def lack(self, note: str) -> None:
        """Something is missing, and why."""
        self.whole = False
        self.say(note)

    @contextlib.contextmanager
    def part(self) -> Iterator[None]:
        """A part of the step: where it fails, the others are still read."""
        try:
            yield
        except (RefusedError, ReadFailure) as problem:
            refused = told(problem)
            if refused.everywhere:
                raise refused from None
            self.failed.append(refused)


def told(problem: RefusedError | ReadFailure) -> RefusedError:
    """The refusal behind a failure."""
    if isinstance(problem, RefusedError):
        return problem
    return RefusedError(problem.message, problem.remedy, problem.kind in _EVERYWHERE)


class Org:
    """One Okta org, read step by step. ``refused``: the steps of which nothing was read."""

    def __init__(self, reader: Reader, parts: Parts, progress: Progress) -> None:
        self.reader, self.parts, self.progress = reader, parts, progress
        self.refused: set[str] = set()
        self._dead: RefusedError | None = None

    def step(self, what: str, name: str, work: Callable[[Tally], None]) -> None:
        """One kind of read: a row of ``coverage`` whether it worked, broke off or was refused."""
        self.progress(HOW_TO_GET[what].title, 0)
        tally = Tally()
        try:
            if self._dead:
                raise self._dead
            work(tally)
        except (RefusedError, ReadFailure) as problem:
            refused = told(problem)
            if refused.everywhere and not tally.answered:
                self._dead = refused
            tally.failed.append(refused)
        known: dict[str, Any] = {"source": "live", "name": f"/api/v1{name}"}
        how = HOW_TO_GET[what].live
        if tally.failed and not tally.good:
            self.refused.add(what)
            first = tally.failed[0]
            self.parts.cover(
                what, **known, complete=False, refused=first.why, get_it=first.remedy or how, note=_line(tally.notes)
            )
            return
        if tally.failed:
            reasons = "; ".join(dict.fromkeys(f.why for f in tally.failed))
            tally.lack(f"Not everything could be read ({len(tally.failed)} times): {reasons}. It needs {how}.")
        self.parts.cover(
            what,
            **known,
            rows=tally.good,
            unreadable=tally.bad,
            complete=tally.whole and not tally.bad,
            first_at=tally.first_at,
            last_at=tally.last_at,
            note=_line(tally.notes),
        )
        self.progress(HOW_TO_GET[what].title, tally.good, tally.good)

    def get(self, path: str) -> Answer:
        """The answer of 200. Raises RefusedError for any other."""
        answer = self.reader.get(path)
        if answer.status != 200:
            why, code = _why(answer)
            raise RefusedError(why, everywhere=code == _INVALID_TOKEN)
        return answer

    def pages(self, path: str, tally: Tally, most: int = MAX_PAGES) -> Iterator[list[Any]]:
        """Pages of a list by their Link header. Where it goes round or never ends, the tally says so."""
        seen: set[str] = set()
        following: str | None = path
        while following:
            if following in seen or len(seen) >= most:
                tally.lack(f"The list went on after {len(seen)} pages and was not read to its end.")
                return
            seen.add(following)
            answer = self.get(following)
            page = answer.json()
            if not isinstance(page, list):
                raise RefusedError("the answer is not a list")
            tally.answered += 1
            yield page
            following = answer.links.get("next")

    def rows(self, path: str, read: Read, tally: Tally) -> None:
        """Every record of a list into the tables."""
        for page in self.pages(path, tally):
            for record in page:
                found = read(record)
                tally.good += found is not None
                tally.bad += found is None
                for table, rows in (found or {}).items():
                    self.parts.add(table, rows)
            self.progress(path.partition("?")[0].removeprefix("/api/v1"), tally.good)


def one(table: str, read: Callable[[Any], dict[str, Any] | None]) -> Read:
    """A reader of single rows as a reader of tables."""

    def rows(record: Any) -> dict[str, list[dict[str, Any]]] | None:
        row = read(record)
        return {table: [row]} if row else None

    return rows


def _line(notes: list[str]) -> str | None:
    return " ".join(dict.fromkeys(notes)) or None


def _why(answer: Answer) -> tuple[str, str | None]:
    """The status in words, with Okta's own code where it gives one; and that code."""
    said = _REASONS.get(answer.status, f"{answer.status}: an answer that was not expected")
    try:
        code = text(obj(answer.json()).get("errorcode"))
    except ReadFailure as failure:
        return f"{said} ({failure.kind})", None
    return (f"{said} ({code})" if code else said), code
