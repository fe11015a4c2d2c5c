"""What support asks for first, as data."""

from __future__ import annotations

import pytest

from scimrunbook.asked import asked
from scimrunbook.snapshot import TABLES, empty, frame
from scimrunbook.trace import HOPS

DAYS = {"first": "2026-11-01T08:00:00Z", "second": "2026-11-02T08:00:00Z", "third": "2026-11-03T08:00:00Z"}


@pytest.mark.parametrize("order", [("first", "second", "third"), ("third", "second", "first")])
def test_of_several_accounts_in_a_log_the_last_by_time_is_named_whatever_its_order(order: tuple[str, ...]) -> None:
    target = {"first": "cat-1", "second": "cat-2", "third": "cat-1"}
    events = frame("events", [{"at": DAYS[d], "person_key": "ada", "target_id": target[d]} for d in order])
    cause = {"finding": None, "findings": [], "affected": {"count": 1, "keys": ["ada"]}}
    hops = frame("people", []).assign(hop=HOPS[0])
    found = asked([], {"causes": [cause]}, hops, {**{t: empty(t) for t in TABLES}, "events": events})
    assert found.accounts == [("ada", "cat-1")]
