"""A section notebook opened as JupyterLab does, Run All until its findings show; against a bare ``import pandas``.

Both sides start an ordinary kernel each time. Ours executes every code cell of the notebook on the practice incident,
with a person in front of it (widgets and all); the run is there already, as for whoever opens the second notebook.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Row, child, versus

ROOT = Path(__file__).resolve().parents[1]
NAME = "02_connection"


def cells(incident: Path) -> list[str]:
    """The code cells, the parameters set to the incident."""
    notebook = json.loads((ROOT / "notebooks" / f"{NAME}.ipynb").read_text("utf-8"))
    code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    return [
        f'incident = {str(incident)!r}\nrun = "latest"'
        if "parameters" in c["metadata"].get("tags", [])
        else "".join(c["source"])
        for c in code
    ]


def in_kernel(sources: list[str], folder: Path) -> str:
    """Starts a kernel, executes the cells, stops it; returns everything that was shown."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    manager.start_kernel(cwd=str(folder), env={**os.environ, "PYTHONPATH": str(ROOT)}, **quiet)
    client = manager.client()
    client.start_channels()
    shown: list[str] = []
    try:
        client.wait_for_ready(timeout=60)
        for source in sources:
            reply = client.execute_interactive(
                source, allow_stdin=True, timeout=60, output_hook=lambda m: shown.append(json.dumps(m["content"]))
            )
            assert reply["content"]["status"] == "ok", reply["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(shown)


def rows(quick: bool = False) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "parameters", home / "parameters")
        incident = home / "parameters" / "demo-okta.yaml"
        child([sys.executable, "-m", "scimrunbook", "check", str(incident)])
        todo = cells(incident)
        shown = in_kernel(todo, home)
        assert "connection.actions_are_enabled" in shown and "Check again" in shown, "the findings and the controls"
        return [
            versus(
                "a section notebook, opened and run until its findings are shown",
                lambda: in_kernel(todo, home),
                "an ordinary kernel and import pandas",
                lambda: in_kernel(["import pandas"], home),
                goal=2.0,
                rounds=1 if quick else 5,
            )
        ]
