"""Values out of strangers' records: the wanted type or None."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given

from scimrunbook.snapshot import frame
from scimrunbook.sources import fields
from tests.sources.test_entra_log import VALUES


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-19T12:00:00Z", datetime(2026, 11, 19, 12, tzinfo=UTC)),
        ("2026-11-19T12:00:00.1234567Z", datetime(2026, 11, 19, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-19T14:00:00+02:00", datetime(2026, 11, 19, 12, tzinfo=UTC)),
        ("2026-11-19T12:00:00", datetime(2026, 11, 19, 12, tzinfo=UTC)),
        ("1/9/2026 9:41:00 AM", datetime(2026, 1, 9, 9, 41, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("1601-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59.9999999Z", None),
        ("", None),
        ("soon", None),
        (20261119, None),
    ],
)
def test_times(written: object, expected: datetime | None) -> None:
    assert fields.moment(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("PT40M", 2400),
        ("P1DT2H3M4.5S", 93784),
        ("P10675199DT2H48M5.4775807S", None),
        ("P", None),
        ("40", None),
        (40, None),
    ],
)
def test_durations(written: object, expected: int | None) -> None:
    assert fields.seconds(written) == expected


@pytest.mark.parametrize(
    ("given_", "expected"), [("True", True), (" no ", False), (False, False), ("maybe", None), (1, None)]
)
def test_flags(given_: object, expected: bool | None) -> None:
    assert fields.flag(given_) is expected


@given(VALUES)
def test_nothing_raises_and_all_fits_a_table(value: object) -> None:
    row = {"event_id": fields.text(value), "at": fields.moment(value), "http_status": fields.whole(value)}
    assert len(frame("events", [row])) == 1
    fields.obj(value), fields.objects(value), fields.texts(value), fields.seconds(value), fields.flag(value)
    assert isinstance(fields.as_json(value), str)
