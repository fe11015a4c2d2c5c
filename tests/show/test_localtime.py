"""Local time stands beside UTC for people; a machine that keeps UTC says nothing twice."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from scimrunbook.show import panels
from scimrunbook.show.localtime import local
from scimrunbook.show.report import report
from scimrunbook.show.view import View
from tests.show.test_faces import view  # noqa: F401

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


def test_a_bracket_that_says_something_else_does_not_hide_the_local_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    said = local("in quarantine since 2026-11-18 11:15 UTC (Signing in failed)")
    assert said == "in quarantine since 2026-11-18 11:15 UTC (12:15 Europe/Berlin) (Signing in failed)" == local(said)


def test_what_is_no_time_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert local("2026-13-45 99:99 UTC, 0001-01-01 00:00 UTC").startswith("2026-13-45 99:99 UTC, 0001")
    assert local("2026-11-20T14:03:00Z, 14:03 UTC") == "2026-11-20T14:03:00Z, 14:03 UTC"


def whole(html: str) -> str:
    """Without what keeps a time on one line."""
    return re.sub(r'<span class="srb-at">(.*?)</span>', r"\1", html)


def test_report_and_panels_say_the_local_time_where_they_stay_in_the_house(
    view: View,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    window = {"start": "2026-11-20T00:00:00Z", "end": "2026-11-21T00:00:00Z", "lanes": []}
    told = {**view.diagnosis, "causes": [{**view.diagnosis["causes"][0], "why": SAID, "look_again": {"text": SAID}}]}
    raw = replace(view, diagnosis=told, pictures={"timeline": window}.get)
    since = "<dt>Since</dt><dd>2026-11-18 11:00 UTC (12:00 Europe/Berlin)</dd>"
    assert since in whole(report(raw)) and since in whole(panels.section(raw, "connection").html)
    for face in (whole(report(raw)), whole(panels.overview(raw).html)):
        assert face.count("14:03 UTC (15:03 Europe/Berlin)") == 2
        assert "What happened when, 2026-11-20 00:00 UTC (01:00 Europe/Berlin) to " in face
    shared = replace(raw, run={**raw.run, "shared": "Redacted copy."})
    assert "Berlin" not in report(shared) + panels.overview(shared).html + panels.section(shared, "connection").html
