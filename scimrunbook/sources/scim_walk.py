"""From the first page of a SCIM list to its last: several at once where paging has proved sound, else one by one.

Source: RFC 7644 section 3.4.2.4. Servers ignore ``startIndex``, send fewer rows than asked for, repeat and drop them,
or order them anew for every request (facts of the field). So pages are fetched ahead only after the first page came
back the same, the second held nobody of the first, and as long as every page is exactly as long as it should be and
new. The first that is not ends that: from there on each page begins where the rows received so far end. Where the
total shrinks on the way, whoever stood behind the deleted has moved up into what was read already: reading goes back by
as many rows.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from scimrunbook.sources.failures import ReadFailure

PAGE = 100  # what Okta itself asks for
LARGE, LARGE_PAGE = 2000, 1000  # a directory this large is read in larger pages; servers may still send fewer
FEW = 4  # pages up to which fetching ahead is not worth the two requests that prove it sound
WIDTHS = 2, 8  # requests in flight: at first, and at most
SLACK = 1.2  # pages beyond totalResults / page size that are still followed
MAX_PAGES = 50_000  # where no total is told
MOST_BACK = 20  # times reading goes back after somebody who moved up


class Page(Protocol):
    """What a page has to tell. ``keys``: what its readable rows are told apart by, in order."""

    keys: list[str]
    total: int | None
    unreadable: int

    @property
    def rows(self) -> int: ...


P = TypeVar("P", bound=Page)
Fetch = Callable[[int, int], P]  # start index (from 1) and count → page; raises ReadFailure


@dataclass(slots=True)
class Tally:
    """What a walk has seen. ``broke``: why it ended early, where it did; ``at_once``: most requests in flight."""

    seen: set[int] = field(default_factory=set)  # hashes of keys: a million texts would cost 100 MB
    requests: int = 0
    received: int = 0  # rows, readable or not
    at: int = 0  # how far down the list reading is; less than ``received`` once it went back
    twice: int = 0
    unreadable: int = 0
    total: int | None = None
    first_total: int | None = None
    at_once: int = 1
    back: int = 0  # times reading went back
    cut: bool = False  # whether it ended before the list did, or may have
    broke: ReadFailure | None = None
    notes: list[str] = field(default_factory=list)


class Walk(Generic[P]):
    """One list. ``throttled`` tells how often the server has said 429 so far."""

    def __init__(self, fetch: Fetch[P], throttled: Callable[[], int] = lambda: 0) -> None:
        self.fetch, self.throttled = fetch, throttled
        self.tally = Tally()
        self.size = PAGE
        self.cap = MAX_PAGES
        self.read_to = 0  # how far down the list rows were read; beyond ``tally.at`` where reading went back
        self.counts = True  # whether ``totalResults`` counts the list; some servers count the page

    def pages(self) -> Iterator[tuple[P, list[bool]]]:
        """Each page, and which of its keys are new. Ends at the total, an empty or repeated page, a failure, a cap."""
        tally = self.tally
        first = self.get(1, PAGE)
        if first is None:
            return
        tally.first_total = first.total
        yield first, self.take(first, 0)
        if first.rows == first.total == PAGE:
            yield from self.behind(first)
        if not first.rows or self.whole():
            return
        if first.total is not None and self.counts:
            # A server that sends fewer than asked for gets that many pages more.
            self.cap = int(first.total / first.rows * SLACK) + 2
            if first.total > LARGE:
                self.size = LARGE_PAGE
            if first.total > FEW * first.rows:
                yield from self.ahead(first)
        if not (tally.broke or self.whole() or self.over()):
            yield from self.one_by_one()

    def behind(self, first: P) -> Iterator[tuple[P, list[bool]]]:
        """A full page whose total is that very page: whether the list ends there is seen behind it only."""
        page = self.get(first.rows + 1, PAGE)
        refused = self.tally.broke
        if refused is not None and refused.kind == "status":  # some answer 400 or 404 behind the end of a list
            self.tally.broke = None
            self.tally.notes.append("The endpoint refuses to be asked behind the end; its own count was believed.")
        if page is None or not page.rows or all(hash(k) in self.tally.seen for k in page.keys):
            return
        self.counts = False
        self.tally.notes.append("The endpoint counts the page and not the list, so its count was not used.")
        yield page, self.take(page, first.rows)

    def one_by_one(self) -> Iterator[tuple[P, list[bool]]]:
        tally = self.tally
        while not self.over():
            begin, known = tally.at, self.read_to
            page = self.get(begin + 1, self.size)
            if page is None:
                return
            fresh = self.take(page, begin)
            yield page, fresh
            if self.whole() or not (page.rows or tally.at < begin):
                return
            if not (any(fresh) or page.unreadable) and known <= begin <= tally.at:
                tally.cut = True
                tally.notes.append("A page came again, so paging does not advance; reading was stopped.")
                return

    def ahead(self, first: P) -> Iterator[tuple[P, list[bool]]]:
        """Several at once, while all goes well; whatever comes after the first odd page is thrown away."""
        tally, total = self.tally, first.total or 0
        again = self.get(1, self.size)
        if again is None:
            return
        if again.keys[: len(first.keys)] != first.keys or again.rows < first.rows or again.total != total:
            tally.notes.append("The first page came back otherwise, so one page was read after the other.")
            return
        step = again.rows
        if step > first.rows:
            yield again, self.take(again, 0, first)
            self.cap = tally.requests + int((total - step) / step * SLACK) + 2
        if self.whole():
            return
        self.size = step
        begin = tally.at
        second = self.get(begin + 1, step)
        if second is None:
            return
        sound = self.sound(second, begin, step, total)
        yield second, self.take(second, begin)
        waiting: deque[tuple[int, Future[P]]] = deque()
        width, following, since, slowed = WIDTHS[0], tally.at, 0, self.throttled()
        while sound and not self.whole():
            # What is thrown away at an odd page must leave enough to read the rest one by one, and two pages of growth.
            done = tally.requests - len(waiting)
            spare = self.cap - done - -(-(total - tally.at) // step) - 2
            while len(waiting) < min(width, max(1, 1 + spare)) and following < total and tally.requests < self.cap:
                waiting.append((following, self.start(following + 1, step)))
                following += step
            if not waiting:
                return
            tally.at_once = max(tally.at_once, len(waiting))
            begin, future = waiting.popleft()
            try:
                page = future.result()
            except ReadFailure as failure:
                tally.broke = failure
                return
            sound = self.sound(page, begin, step, total)
            yield page, self.take(page, begin)
            since += 1
            if self.throttled() > slowed:
                width, since, slowed = max(1, width // 2), 0, self.throttled()
            elif since >= width:
                width, since = min(2 * width, WIDTHS[1]), 0
        if not sound and not self.whole():
            tally.notes.append("Pages were not regular, so the rest was read one after the other.")

    def sound(self, page: P, begin: int, step: int, total: int) -> bool:
        """As long as it should be, counted the same, and nobody of it was there before."""
        known = any(hash(k) in self.tally.seen for k in page.keys)
        return page.rows == min(step, total - begin) and page.total == total and not known

    def start(self, index: int, count: int) -> Future[P]:
        """A request in a thread of its own that nobody has to wait for when reading is interrupted."""
        future: Future[P] = Future()
        self.tally.requests += 1

        def work() -> None:
            try:
                future.set_result(self.fetch(index, count))
            except BaseException as problem:
                future.set_exception(problem)

        threading.Thread(target=work, name="scim-page", daemon=True).start()
        return future

    def get(self, index: int, count: int) -> P | None:
        self.tally.requests += 1
        try:
            return self.fetch(index, count)
        except ReadFailure as failure:
            self.tally.broke = failure
            return None

    def take(self, page: P, begin: int, before: P | None = None) -> list[bool]:
        """Counts a page that begins behind ``begin`` rows; which of its keys are new.

        ``before``: a page it begins with, counted already.
        """
        tally, skip = self.tally, len(before.keys) if before else 0
        known = self.read_to - begin  # so many of its rows were read before, on purpose
        tally.received += page.rows - (before.rows if before else 0)
        tally.unreadable += page.unreadable - (before.unreadable if before else 0)
        tally.at = begin + page.rows
        self.read_to = max(self.read_to, tally.at)
        if self.counts and page.total is not None and tally.total is not None and page.total < tally.total:
            self.go_back(begin, tally.total - page.total)
        if not self.counts:
            tally.total = None
        elif page.total is not None:  # a page that tells none does not take back what another one told
            tally.total = page.total
        fresh = []
        for number, key in enumerate(page.keys):
            mark = hash(key)
            new = mark not in tally.seen
            if new:
                tally.seen.add(mark)
            elif number >= max(skip, known):
                tally.twice += 1
            fresh.append(new)
        return fresh

    def go_back(self, begin: int, gone: int) -> None:
        """Somebody was deleted since the page before: as many may have moved up over the edge of this page."""
        tally = self.tally
        if gone == tally.total:  # nobody is left: rather an endpoint that has lost its list than one that was emptied
            tally.notes.append("The endpoint said midway that its list is empty; reading was stopped.")
        if gone == tally.total or tally.back >= MOST_BACK:
            tally.cut = True
            return
        tally.back += 1
        self.cap += 1
        tally.at = max(0, begin - gone)

    def whole(self) -> bool:
        return self.tally.total is not None and self.tally.at >= self.tally.total

    def over(self) -> bool:
        """Whether the bound on requests is reached; says so once."""
        if self.tally.requests < self.cap:
            return False
        self.tally.cut = True
        self.tally.notes.append(f"Reading was stopped after {self.tally.requests} pages.")
        return True
