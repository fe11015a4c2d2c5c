"""Prints the result of a run: for people, or as JSON alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console

from scimrunbook.reuse import told
from scimrunbook.run import RunResult
from scimrunbook.runfolder import head_of
from scimrunbook.show import terminal
from scimrunbook.viewing import view_of


def print_result(result: RunResult, as_json: bool) -> None:
    head = head_of(result.folder)
    if "reused" in head:
        Console(stderr=True, highlight=False).print(told(head), markup=False, soft_wrap=True)
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


def print_way(file: Path, who: str, collect: bool, outputs: Path | None, as_json: bool) -> int:
    """Traces ``who`` in the latest run of the incident file, or in a new one; returns the exit code."""
    from scimrunbook.show.progress import reporter
    from scimrunbook.show.way import way
    from scimrunbook.tracing import exit_code, folder_for, way_of

    with reporter() as progress:
        found = way_of(folder_for(file, collect=collect, outputs=outputs, progress=progress), who)
    if as_json:
        json.dump(found, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        way(Console(highlight=False), found)
    return exit_code(found)


def print_comparison(before: str, after: str, outputs: Path | None, as_json: bool) -> int:
    """Compares two runs; returns the exit code of the later one's verdict."""
    from scimrunbook.compare import compare
    from scimrunbook.run import EXIT_CODES
    from scimrunbook.runfolder import find_run
    from scimrunbook.show.comparison import comparison
    from scimrunbook.tracing import judged

    found = compare(judged(find_run(before, outputs)), judged(find_run(after, outputs)))
    if as_json:
        json.dump(found, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        comparison(Console(highlight=False), found)
    return EXIT_CODES[found["after"]["verdict"]]


def show_report(run: str, in_browser: bool, outputs: Path | None) -> int:
    """Prints where the report lies, alone on standard output; opens it where wanted. Raises UserProblem."""
    from scimrunbook.problems import UserProblem
    from scimrunbook.runfolder import find_run

    path = find_run(run, outputs) / "report.html"
    if not path.is_file():
        raise UserProblem(f"{shown(path.parent)} holds no report. Judge it anew: scimrunbook check its incident file.")
    print(shown(path))  # noqa: T201
    if in_browser:
        import webbrowser

        if not webbrowser.open(path.resolve().as_uri()):
            print("No browser could be opened here; open the file above in one.", file=sys.stderr)  # noqa: T201
    return 0


def shown(folder: Path) -> str:
    try:
        return str(folder.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(folder)
