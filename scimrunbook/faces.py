"""Prints the result of a run: for people, or as JSON alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console

from scimrunbook.run import RunResult
from scimrunbook.runbook import view_of
from scimrunbook.show import terminal


def print_result(result: RunResult, as_json: bool) -> None:
    if as_json:
        diagnosis = json.loads((result.folder / "diagnosis.json").read_text("utf-8"))
        findings = json.loads((result.folder / "findings.json").read_text("utf-8"))
        json.dump({**diagnosis, "folder": str(result.folder), "findings": findings["findings"]}, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    console = Console(highlight=False)
    terminal.verdict(console, view_of(result.folder), shown(result.folder))
    for name, problem in result.failed_notebooks.items():
        console.print(f"Notebook {name} failed ({problem}); its findings stand in the report.", markup=False)


def shown(folder: Path) -> str:
    try:
        return str(folder.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(folder)
