"""Start-up: our verbs against a bare interpreter that imports the third-party modules they truly need."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Row, child, versus


def rows(quick: bool = False) -> list[Row]:
    rounds = 3 if quick else 9
    with tempfile.TemporaryDirectory() as folder:
        absent = str(Path(folder) / "absent.yaml")  # everything is imported, then there is nothing to do

        def ours(*arguments: str) -> None:
            child([sys.executable, "-m", "scimrunbook", *arguments])

        def bare(modules: str) -> None:
            child([sys.executable, "-c", f"import {modules}"])

        told = "typer, rich.console"  # no pydantic: options that are text are taken as they are
        judged = "typer, pydantic, yaml, pandas, pyarrow.parquet, httpx, rich.console"
        return [
            versus(
                "scimrunbook --help",
                lambda: ours("--help"),
                "import typer",
                lambda: bare("typer"),
                goal=1.5,
                rounds=rounds,
            ),
            versus(
                "scimrunbook explain, of a text",
                lambda: ours("explain", "--text", "StatusCode: Unauthorized"),
                f"import {told}",
                lambda: bare(told),
                goal=1.5,
                rounds=rounds,
            ),
            versus(
                "scimrunbook trace, until it reads",
                lambda: ours("trace", absent, "ada@example.com"),
                f"import {judged}",
                lambda: bare(judged),
                goal=1.5,
                rounds=rounds,
            ),
            versus(
                "scimrunbook check, until it reads",
                lambda: ours("check", absent),
                f"import {judged}",
                lambda: bare(judged),
                goal=1.5,
                rounds=rounds,
            ),
        ]
