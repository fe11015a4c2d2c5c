"""Walking a SCIM list: several pages at once where that is sound, one by one where it is not, and nobody is lost."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrunbook.sources import scim_records, scim_walk
from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.scim_users import COLUMNS, Columns, decode, read_users
from scimrunbook.sources.scim_walk import Walk
from scimrunbook.sources.spool import Spool


class Server:
    """A list of ``total`` rows; ``most`` per page; requests and the most of them in flight are counted."""

    def __init__(self, total: int, most: int = 1000, latency: float = 0.0) -> None:
        self.total, self.most, self.latency = total, most, latency
        self.asked: list[int] = []
        self.flying = self.at_once = self.throttled = 0
        self.lock = threading.Lock()

    def ids(self, start: int, count: int) -> list[int]:
        return list(range(start, min(self.total, start + min(self.most, count) - 1) + 1))

    def __call__(self, start: int, count: int) -> Columns:
        with self.lock:
            self.asked.append(start)
            self.flying += 1
            self.at_once = max(self.at_once, self.flying)
        time.sleep(self.latency)
        keys = [f"u{n}" for n in self.ids(start, count)]
        with self.lock:
            self.flying -= 1
        return Columns(keys, {"account_id": list(keys)}, self.total)


def walked(server: Server) -> tuple[list[str], Walk[Columns]]:
    walk: Walk[Columns] = Walk(server, lambda: server.throttled)
    found = [k for page, fresh in walk.pages() for k, new in zip(page.keys, fresh, strict=True) if new]
    return found, walk


@pytest.mark.parametrize(("total", "most"), [(0, 100), (1, 100), (399, 100), (2000, 100), (20_001, 100), (12_345, 500)])
def test_everybody_comes_once_and_within_the_bound(total: int, most: int) -> None:
    server = Server(total, most)
    found, walk = walked(server)
    assert found == [f"u{n}" for n in range(1, total + 1)]
    assert walk.tally.twice == 0 and not walk.tally.notes
    assert len(server.asked) <= 1.2 * total / min(most, 100) + 3


def test_pages_are_fetched_ahead_but_never_more_than_eight_at_once() -> None:
    server = Server(6000, 100, latency=0.003)
    found, walk = walked(server)
    assert len(found) == 6000
    assert 4 <= server.at_once <= 8 and walk.tally.at_once <= 8


def test_a_server_that_says_429_gets_fewer_requests_at_once() -> None:
    class Busy(Server):
        def __call__(self, start: int, count: int) -> Columns:
            page = super().__call__(start, count)
            if start > 2000:
                self.throttled += 1
                self.late = max(getattr(self, "late", 0), self.flying)
            return page

    server = Busy(6000, 100, latency=0.001)
    found, _ = walked(server)
    assert len(found) == 6000
    tail = server.asked[-20:]
    assert tail == sorted(tail)  # one at a time by then


@pytest.mark.parametrize("quirk", ["overlap", "short", "shuffled", "ignores", "grows", "gap"])
def test_irregular_paging_is_read_one_by_one_and_said(quirk: str) -> None:
    class Odd(Server):
        def ids(self, start: int, count: int) -> list[int]:
            ids = super().ids(start, count)
            if quirk == "overlap" and start > 900:
                return [start - 3, *ids[:-1]] if ids else []
            if quirk == "short" and start > 900:
                return ids[:37]
            if quirk == "shuffled" and len(self.asked) % 2:
                return ids[::-1]
            if quirk == "ignores":
                return super().ids(1, count)
            if quirk == "grows" and start > 900:
                self.total = 2010
            if quirk == "gap" and start == 901:
                return []
            return ids

    server = Odd(2000, 100)
    found, walk = walked(server)
    assert len(set(found)) == len(found)
    assert len(server.asked) <= 2000 / 100 * 1.2 + 4 or quirk == "short"
    assert walk.tally.notes or quirk == "grows"
    if quirk in ("shuffled", "grows"):
        assert len(found) == walk.tally.total
    if quirk == "short":
        assert len(found) > 900
    if quirk == "ignores":
        assert len(found) == 100 and len(server.asked) < 6


class Leaving(Server):
    """Somebody near the top is deleted once ``after`` requests were answered, so that everybody behind moves up."""

    def __init__(self, total: int, after: int, gone: int = 1) -> None:
        super().__init__(total, 100)
        self.people, self.after, self.gone = list(range(1, total + 1)), after, gone

    def ids(self, start: int, count: int) -> list[int]:
        if len(self.asked) > self.after and self.gone:
            with self.lock:
                del self.people[4 : 4 + self.gone]
                self.total, self.gone = len(self.people), 0
        return self.people[start - 1 : start - 1 + min(self.most, count)]


@pytest.mark.parametrize(
    ("total", "after", "gone"), [(300, 1, 1), (101, 1, 1), (350, 3, 7), (300, 2, 2), (2000, 1, 1), (2000, 9, 3)]
)
def test_nobody_is_lost_where_somebody_is_deleted_while_the_list_is_read(total: int, after: int, gone: int) -> None:
    server = Leaving(total, after, gone)
    found, walk = walked(server)
    assert {f"u{n}" for n in server.people} <= set(found) and len(found) == total
    assert (walk.tally.total, walk.tally.twice, walk.tally.cut) == (total - gone, 0, False)


def test_a_list_that_shrinks_without_end_is_not_called_whole() -> None:
    class Shrinking(Server):
        def ids(self, start: int, count: int) -> list[int]:
            self.total -= 1
            return super().ids(start, count)

    _, walk = walked(Shrinking(9000, 100))
    assert walk.tally.cut and walk.tally.back == scim_walk.MOST_BACK


@pytest.mark.parametrize(("told", "total"), [(0, 0), (None, 600)])
@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_list_that_comes_back_empty_midway_is_not_called_whole(told: int | None, total: int, after: int) -> None:
    class Losing(Server):
        def __call__(self, start: int, count: int) -> Columns:
            page = super().__call__(start, count)
            return page if len(self.asked) <= after else Columns([], {"account_id": []}, told)

    found, walk = walked(Losing(600, 100))
    assert 0 < len(found) < 600 and walk.tally.total == total
    assert walk.tally.cut or len(found) < total


def test_a_first_page_that_comes_back_empty_is_read_one_by_one() -> None:
    class Odd(Server):
        def __call__(self, start: int, count: int) -> Columns:
            page = super().__call__(start, count)
            unreadable = 100 if len(self.asked) == 1 else 0
            return Columns([], {"account_id": []}, page.total, unreadable=unreadable)

    found, walk = walked(Odd(1000, 100))
    assert not found and walk.tally.unreadable == 100 and "came back otherwise" in walk.tally.notes[0]


def test_a_server_that_counts_the_page_is_read_to_the_end() -> None:
    class Counting(Server):
        def __call__(self, start: int, count: int) -> Columns:
            page = super().__call__(start, count)
            page.total = len(page.keys)
            return page

    found, walk = walked(Counting(250, 100))
    assert len(found) == 250 and walk.tally.total is None and not walk.tally.cut
    assert "counts the page" in walk.tally.notes[0]
    exactly, walk = walked(Server(100, 100))
    assert len(exactly) == 100 and walk.tally.total == 100 and not walk.tally.notes


def test_a_list_of_one_full_page_is_whole_where_the_server_refuses_to_be_asked_behind_it() -> None:
    class Strict(Server):
        def __call__(self, start: int, count: int) -> Columns:
            if start > 100:
                raise ReadFailure("status", "Catalog answers 404 where a list was asked for.")
            return super().__call__(start, count)

    found, walk = walked(Strict(100, 100))
    assert len(found) == 100 and walk.tally.broke is None and not walk.tally.cut
    assert "behind the end" in walk.tally.notes[0]


def test_a_failure_midway_keeps_what_came_before_it() -> None:
    class Broken(Server):
        def __call__(self, start: int, count: int) -> Columns:
            if start > 3000:
                raise ReadFailure("reset", "The connection was reset.")
            return super().__call__(start, count)

    found, walk = walked(Broken(6000, 100))
    assert found == [f"u{n}" for n in range(1, 3001)]
    assert walk.tally.broke is not None and walk.tally.broke.kind == "reset"


def test_without_a_total_the_walk_ends_at_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scim_walk, "MAX_PAGES", 30)

    class Untold(Server):
        def __call__(self, start: int, count: int) -> Columns:
            page = super().__call__(start, count)
            page.total = None
            return page

    server = Untold(10**9, 10)
    found, walk = walked(server)
    assert len(server.asked) == 30 and len(found) == 300
    assert "stopped after 30 pages" in walk.tally.notes[-1] and walk.tally.cut


# -- columns ----------------------------------------------------------------------------------------------------------

TEXT = st.text(max_size=6)
ODD = st.none() | st.booleans() | st.integers() | TEXT
NAME = st.dictionaries(st.sampled_from(["givenName", "FamilyName", "familyName", "formatted"]), ODD, max_size=3)
MAIL = st.lists(st.dictionaries(st.sampled_from(["value", "primary", "type"]), ODD, max_size=3) | TEXT, max_size=3)
USERS = st.fixed_dictionaries(
    {},
    optional={
        "id": ODD,
        "userName": ODD,
        "UserName": ODD,
        "active": ODD,
        "externalId": ODD,
        "displayName": ODD,
        "name": NAME | ODD,
        "emails": MAIL | ODD,
        "roles": MAIL | ODD,
        "meta": st.fixed_dictionaries({}, optional={"created": ODD, "lastModified": ODD, "Created": ODD}) | ODD,
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(USERS, max_size=4))
def test_the_fast_way_gives_the_rows_of_the_careful_one(users: list[dict[str, Any]]) -> None:
    whole = {"id": "1", "userName": "a", "active": True, "name": {"givenName": "A"}, "emails": [{"value": "a@x"}]}
    for listed in (users, [{**whole, **{k: v for k, v in u.items() if v}} for u in users]):
        body = json.dumps({"schemas": [scim_records.LIST_SCHEMA], "totalResults": 4, "Resources": listed}).encode()
        got = read_users(body)
        rows, bad = scim_records.accounts(listed)
        assert got.columns == {name: [r[name] for r in rows] for name in COLUMNS}
        assert (got.unreadable, got.rows) == (bad, len(listed))


def test_a_page_as_the_rfc_wants_it_takes_the_fast_way() -> None:
    users = [{"id": "1", "userName": "a", "active": True, "name": {}, "emails": []}]
    page = {"schemas": [scim_records.LIST_SCHEMA], "totalResults": 1, "startIndex": 1, "Resources": users}
    assert decode(json.dumps(page).encode()) is not None
    for change in ({"startIndex": "1"}, {"totalResults": "1"}, {"schemas": "x"}, {"Resources": [1]}):
        assert decode(json.dumps(page | change).encode()) is None


def test_many_rows_are_the_same_from_a_file_as_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {
        "account_id": ["1", "2"],
        "active": [True, None],
        "created_at": ["2026-11-20T08:00:00Z", "no time"],
    }
    held, written = Spool("accounts"), Spool("accounts")
    held.add(columns)
    monkeypatch.setattr("scimrunbook.sources.spool.FLUSH", 1)
    written.add(columns)
    a, b = held.frame(), written.frame()
    assert a.equals(b) and list(a.dtypes) == list(b.dtypes)
    assert a["created_at"].isna().tolist() == [False, True] and a["active"].isna().tolist() == [False, True]
