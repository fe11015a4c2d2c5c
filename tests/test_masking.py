"""A dead token hides what Catalog would refuse: the token is the cause, the rest is announced, in every face."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from scimrunbook.show import terminal
from scimrunbook.viewing import view_of
from tests.truth import judge, judged

HIDDEN = "what Catalog answers to the changes that are held back is seen only when they are sent"


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_behind_a_dead_token_a_mapping_fault_is_announced_and_not_blamed(provider: str, tmp_path: Path) -> None:
    _, result = judge(provider, "token_expired+extra_refused", "exports", tmp_path)
    diagnosis, findings = judged(result)
    first, *others = diagnosis["causes"]
    assert (first["cause"], first["finding"]) == ("url_or_token", "token.did_not_change")
    # the row that is too many is seen in the mapping; that Catalog refuses it cannot be seen, and is not claimed
    assert [c["cause"] for c in others] == ["attribute_mapping"]
    extra = next(f for f in findings if f["id"] == others[0]["finding"])
    assert extra["status"] == "warn" and "refuses" not in extra["actual"]
    hidden = [m for m in diagnosis["masked"] if m["kind"] != "follows"]
    assert ("sync.no_failed_operations", "token.did_not_change") in {(m["finding"], m["blocked_by"]) for m in hidden}
    view, out = view_of(result.folder), io.StringIO()
    terminal.verdict(Console(file=out, width=1000), view, "outputs/RUN")
    comment = (result.folder / "ticket-comment.md").read_text()
    for face in (out.getvalue(), (result.folder / "report.html").read_text(), comment):
        assert HIDDEN in face.replace("\\", "")
        assert face.index("Base URL or token") < face.index("Attribute mapping") < face.index(HIDDEN) or face != comment
