"""A finding cannot leave out what a reader needs."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from scimrunbook.findings import Action, Evidence, Finding, Status

BASE = {"id": "x.y", "title": "t", "section": "connection", "provider": "okta"}


@pytest.mark.parametrize("status", [Status.FAIL, Status.WARN])
def test_trouble_without_an_action_cannot_be_said(status: Status) -> None:
    with pytest.raises(ValueError, match="needs an action"):
        Finding(status=status, **BASE)
    Finding(status=status, actions=(Action("Provisioning", "Switch it on"),), **BASE)


def test_manual_needs_its_question_and_skipped_its_reason() -> None:
    with pytest.raises(ValueError, match="question"):
        Finding(status=Status.MANUAL, **BASE)
    with pytest.raises(ValueError, match="why"):
        Finding(status=Status.SKIPPED, **BASE)


def test_json_counts_all_and_lists_the_first_hundred() -> None:
    keys = tuple(f"k{i}" for i in range(250))
    data = Finding(status=Status.PASS, affected=keys, **BASE).to_json()
    assert data["affected"] == {"count": 250, "keys": list(keys[:100])}
    json.dumps(data, allow_nan=False)


def test_evidence_is_text_and_says_how_much_there_is() -> None:
    frame = pd.DataFrame({"a": [1, None], "at": [pd.Timestamp("2026-11-20", tz="UTC"), pd.NaT]})
    evidence = Evidence.of("c", pd.concat([frame] * 20), limit=2)
    assert evidence.rows == (("1.0", "2026-11-20T00:00:00Z"), ("—", "—"))
    assert evidence.total == 40
