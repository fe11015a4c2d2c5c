"""Nine notebooks headless: our engine against papermill's API in one loop, and against a loop of its command."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Row, child, in_turn

ROOT = Path(__file__).resolve().parents[1]
_OURS = """
import sys
from pathlib import Path
from scimrunbook import notebooks
incident, run, outputs, target = sys.argv[1:]
notebooks.warm_up()
for name, problem, _ in notebooks.execute_all(Path(incident), run, Path(outputs), Path(target)):
    assert problem is None, problem
"""
_API = """
import sys
from pathlib import Path
import papermill
from scimrunbook import notebooks
incident, run, outputs, target = sys.argv[1:]
for name in notebooks.names():
    papermill.execute_notebook(notebooks.folder() / f"{name}.ipynb", Path(target) / f"{name}.ipynb",
                               parameters={"incident": incident, "run": run}, progress_bar=False)
"""


def rows(quick: bool = False) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "parameters", home / "parameters")
        incident, outputs, target = home / "parameters" / "demo-okta.yaml", home / "outputs", home / "out"
        target.mkdir()
        child([sys.executable, "-m", "scimrunbook", "check", str(incident)])
        arguments = (str(incident), "latest", str(outputs), str(target))

        def run(code: str) -> None:
            child([sys.executable, "-c", code, *arguments], SCIMRUNBOOK_OUTPUTS=str(outputs))

        def commands() -> None:
            for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
                out = str(target / path.name)
                command = [sys.executable, "-m", "papermill", str(path), out, "-p", "incident", str(incident)]
                child([*command, "--no-progress-bar"], SCIMRUNBOOK_OUTPUTS=str(outputs))

        rounds = 1 if quick else 3
        mine, loop, command = in_turn(lambda: run(_OURS), lambda: run(_API), commands, rounds=rounds)
        ours = "nine notebooks, engine scimrunbook"
        return [
            Row(ours, "papermill's API in one loop", mine, loop, 0.25, rounds=rounds),
            Row(ours, "a loop of papermill commands", mine, command, 0.12, rounds=rounds),
        ]
