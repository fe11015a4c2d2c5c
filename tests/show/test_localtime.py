"""Local time stands beside UTC for people; a machine that keeps UTC says nothing twice."""

from __future__ import annotations

import pytest

from scimrunbook.show.localtime import local

SAID = "since 2026-11-20 14:03 UTC, and until 2026-11-20 23:30 UTC."


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("UTC", SAID),
        (
            "Europe/Berlin",
            "since 2026-11-20 14:03 UTC (15:03 Europe/Berlin), and until 2026-11-20 23:30 UTC "
            "(2026-11-21 00:30 Europe/Berlin).",
        ),
        (
            "America/New_York",
            "since 2026-11-20 14:03 UTC (09:03 America/New_York), and until 2026-11-20 23:30 UTC "
            "(18:30 America/New_York).",
        ),
        (":Asia/Kolkata", "since 2026-11-20 14:03 UTC (19:33 Asia/Kolkata), and until 2026-11-20 23:30 UTC "
                          "(2026-11-21 05:00 Asia/Kolkata)."),
    ],
)  # fmt: skip
def test_the_local_time_stands_beside_utc_once(zone: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    assert local(SAID) == said
    assert local(local(SAID)) == said


def test_what_is_no_time_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert local("2026-13-45 99:99 UTC, 0001-01-01 00:00 UTC").startswith("2026-13-45 99:99 UTC, 0001")
    assert local("2026-11-20T14:03:00Z, 14:03 UTC") == "2026-11-20T14:03:00Z, 14:03 UTC"
