"""A typed token is asked for once per incident in a notebook, and is kept in memory only."""

from __future__ import annotations

from pathlib import Path

import pytest

from scimrunbook.evidence import secrets


def test_what_was_typed_in_a_cell_serves_the_buttons_of_that_incident_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def typed(label: str, interactive: bool) -> str:
        if not interactive:
            raise secrets.NotAvailableError("nobody", "type it")
        asked.append(label)
        return f"typed-by-hand-{len(asked):04d}"

    monkeypatch.setattr(secrets, "ask", typed)
    monkeypatch.setattr(secrets, "_typed", {})

    def value(session: str, interactive: bool) -> str | None:
        with secrets.typed_for(session):
            found = secrets.resolve("prompt", base=Path(), interactive=interactive, label="Okta API token").secret
        return found.reveal() if found else None

    assert not secrets.typed_before("a")
    assert value("a", True) == "typed-by-hand-0001" == value("a", False)
    assert secrets.typed_before("a") and not secrets.typed_before("b")
    assert value("b", False) is None, "another incident has another token"
    assert secrets.resolve("prompt", base=Path(), interactive=True, label="Okta API token").secret is not None
    assert len(asked) == 2, "outside of a notebook it is asked for every time"
    assert "typed-by-hand-0001" not in secrets.scrub("seen: typed-by-hand-0001")
