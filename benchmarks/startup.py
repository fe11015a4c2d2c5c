"""Start-up: our verbs against a bare interpreter that imports the third-party modules they truly need."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Row, child, versus

ROOT = Path(__file__).resolve().parents[1]


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "parameters", home / "parameters")
        incident = home / "parameters" / "demo-okta.yaml"

        def ours(*arguments: str) -> None:
            child([sys.executable, "-m", "scimrunbook", *arguments])

        def bare(modules: str) -> None:
            child([sys.executable, "-c", f"import {modules}"])

        judged = "typer, pydantic, yaml, pandas, pyarrow.parquet, httpx, rich.console"
        return [
            versus("scimrunbook --help", lambda: ours("--help"), "import typer", lambda: bare("typer"), goal=1.5),
            versus(
                "scimrunbook check, the demo incident",
                lambda: ours("check", str(incident)),
                f"import {judged}",
                lambda: bare(judged),
                goal=1.5,
                note="the whole run: reading, judging, writing the report",
            ),
        ]
