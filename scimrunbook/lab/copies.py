"""Working copies of the nine notebooks, one set per incident, and JupyterLab opened on them.

``outputs/<incident>/lab/``: what a person edits and saves lies there; the notebooks of the package stay as they are.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from scimrunbook import notebooks
from scimrunbook.problems import UserProblem
from scimrunbook.runfolder import outputs_of, write

START = "00_start_here.ipynb"


def prepare(incident_file: Path) -> Path:
    """The lab folder of an incident, with a copy of every notebook that is not there yet. Returns the folder.

    A copy that exists is somebody's work and stays as it is. Raises IncidentError.
    """
    from scimrunbook.incident_file import load_incident

    loaded = load_incident(incident_file)
    folder = outputs_of(loaded.path) / loaded.incident.incident / "lab"
    return copy_to(folder, os.path.relpath(loaded.path.resolve(), folder.resolve()))


def copy_to(folder: Path, incident: str) -> Path:
    """Copies with ``incident`` as the value of the parameter; those that exist stay as they are."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in notebooks.names():
        target = folder / f"{name}.ipynb"
        if not target.exists():
            source = (notebooks.folder() / target.name).read_text("utf-8")
            write(target, json.dumps(_with(json.loads(source), incident), indent=1, ensure_ascii=False) + "\n")
    return folder


def _with(notebook: dict[str, Any], incident: str) -> dict[str, Any]:
    value = json.dumps(incident.replace(os.sep, "/"))
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] = [f"incident = {value}\n", 'run = "latest"']
    return notebook


def open_lab(file: Path | None, *, browser: bool, port: int | None) -> int:
    """Opens JupyterLab on the working copies of ``file``, or of the first incident there is. Returns its exit code."""
    home = Path.cwd()
    home = next((p for p in (home, *home.parents) if (p / "parameters").is_dir()), home)
    if file is None:
        known = sorted((home / "parameters").glob("*.y*ml"), key=lambda p: (not p.stem.startswith("demo"), p.name))
        file = known[0] if known else None
        (home / "parameters").mkdir(exist_ok=True)  # where the form will write
    folder = prepare(file) if file else copy_to(home / "outputs" / "start" / "lab", "")
    root = home if folder.resolve().is_relative_to(home.resolve()) else folder
    if shutil.which("jupyter-lab", path=str(Path(sys.executable).parent)) is None and not _installed():
        raise UserProblem("JupyterLab is not installed here. Install it: pip install 'scimrunbook[lab]'")
    command = [sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={root.resolve()}"]
    command += [f"--LabApp.default_url=/lab/tree/{(folder / START).resolve().relative_to(root.resolve()).as_posix()}"]
    command += [] if browser else ["--no-browser"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"] if port else []
    here = folder.resolve()
    shown = here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here
    print(f"Opening {shown / START}. Ctrl-C here ends JupyterLab.", file=sys.stderr)  # noqa: T201
    try:
        return subprocess.run(command, check=False).returncode  # noqa: S603 - our own interpreter, our own arguments
    except KeyboardInterrupt:
        return 0


def _installed() -> bool:
    from importlib.util import find_spec

    return find_spec("jupyterlab") is not None
