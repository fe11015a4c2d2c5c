"""The words a user reads, kept as files: verdict, causes, why and what to do, for every fault and provider.

``make words`` writes them anew; the difference is then read by a human, as a tired admin would.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from scimrunbook.show import terminal
from scimrunbook.viewing import view_of
from tests.tenants import PAIRS
from tests.truth import judge

WORDS = Path(__file__).parent / "words"
WIDTH = 100


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "fault"), PAIRS)
def test_the_words_are_those_that_were_read(
    provider: str, fault: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    _, result = judge(provider, fault, "exports", tmp_path)
    out = io.StringIO()
    terminal.verdict(Console(file=out, width=WIDTH, highlight=False), view_of(result.folder), "outputs/RUN")
    said, file = out.getvalue(), WORDS / f"{fault}.{provider}.txt"
    if request.config.getoption("renew_words"):
        file.write_text(said, "utf-8")
    assert file.is_file(), "no words of this fault were read yet: make words"
    assert said == file.read_text("utf-8")


def test_no_words_are_kept_of_a_fault_that_is_gone() -> None:
    assert {f.name for f in WORDS.glob("*.txt")} == {f"{fault}.{provider}.txt" for provider, fault in PAIRS}
