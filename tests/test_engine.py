"""The papermill engine: nothing raw on disk, secrets scrubbed, statuses that tell the truth."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from scimrunbook.evidence import secrets

CANARY = "canary-" + "7d1f" * 8


def notebook(folder: Path, *sources: str) -> Path:
    nb = new_notebook(cells=[new_code_cell(s) for s in sources])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "in.ipynb"
    nbformat.write(nb, path)
    return path


def execute(path: Path, **options):
    kept: list = []
    error = None
    try:
        papermill.execute_notebook(
            path, None, engine_name="scimrunbook", progress_bar=False, keep=kept.append, **options
        )
    except Exception as problem:
        error = problem
    assert len(kept) == 1
    return kept[0], error


def statuses(nb) -> list[str]:
    return [c.metadata["papermill"]["status"] for c in nb.cells if "papermill" in c.metadata]  # not its markers


def test_sr_06_10_secrets_are_scrubbed_from_every_kind_of_output(tmp_path: Path) -> None:
    secrets.register(CANARY)
    split = f"{CANARY[:20]}' + '{CANARY[20:]}"
    path = notebook(
        tmp_path,
        f"print('{split}')",
        f"from IPython.display import HTML, display; display(HTML('<b>' + '{split}' + '</b>'))",
        f"import ipywidgets; w = ipywidgets.Password(value='{split}'); display(w)",
        "%xmode Verbose",  # shows the values of locals
        f"def send(token):\n    raise ValueError(f'Illegal header value {{token}}')\nsend('{split}')",
    )
    nb, error = execute(path)
    text = nbformat.writes(nb)
    assert error is not None
    assert CANARY not in text
    assert text.count("[REDACTED]") >= 3
    assert "widgets" not in nb.metadata
    assert set(nb.metadata["papermill"]) <= {"parameters", "exception", "version"}
    for cell in nb.cells:
        assert "execution" not in cell.metadata
        assert set(cell.metadata.get("papermill", {})) <= {"status", "exception"}
    assert statuses(nb) == ["completed", "completed", "completed", "completed", "failed"]


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """Every file below ``folder`` that held the canary at any moment, by name; its own list of what it saw."""
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            seen.extend(p.name for p in folder.rglob("*") if p.is_file() and holds(p))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def holds(path: Path) -> bool:
    try:
        return CANARY.encode() in path.read_bytes()
    except OSError:  # gone again
        return False


PRINTED = f"print('{CANARY[:20]}' + '{CANARY[20:]}', flush=True)"
ENDS: dict[str, tuple[str, dict[str, Any]]] = {
    "a failing cell": ("raise ValueError('no')", {}),
    "a timeout": ("import time; time.sleep(60)", {"execution_timeout": 2}),
    "a dead kernel": ("import os; os._exit(1)", {}),
}


@pytest.mark.parametrize("end", ENDS)
def test_sr_07_whatever_it_ends_by_is_told_and_nothing_raw_was_on_disk(end: str, tmp_path: Path, monkeypatch) -> None:
    secrets.register(CANARY)
    work = tmp_path / "work"
    work.mkdir()
    for name in ("TMPDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):  # wherever a kernel might keep something
        monkeypatch.setenv(name, str(work))
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    source, options = ENDS[end]
    with watched(work) as seen:
        nb, error = execute(notebook(work, PRINTED, source, "2"), **options)
    assert error is not None
    assert statuses(nb) == ["completed", "failed", "pending"]
    errors = [o for c in nb.cells for o in c.get("outputs", ()) if o.output_type == "error"]
    assert errors or end == "a dead kernel"
    assert "[REDACTED]" in nbformat.writes(nb) and CANARY not in nbformat.writes(nb)
    assert seen == [] and not [p.name for p in work.rglob("*") if p.is_file() and holds(p)]


KILLED = """
import papermill, sys
from scimrunbook.evidence import secrets
secrets.register(open(sys.argv[2]).read())
papermill.execute_notebook(sys.argv[1], sys.argv[1] + ".out.ipynb", engine_name="scimrunbook", progress_bar=False)
"""


@pytest.mark.slow
def test_sr_07_a_kill_after_something_raw_was_shown_leaves_nothing_of_it(tmp_path: Path) -> None:
    work, told = tmp_path / "work", tmp_path / "token"
    work.mkdir()
    told.write_text(CANARY)
    marker = work / "shown"
    path = notebook(work, PRINTED, f"open({str(marker)!r}, 'w').close()", "import time; time.sleep(60)")
    kept = {name: str(work) for name in ("HOME", "TMPDIR", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path), str(told)], env={**os.environ, **kept})
    try:
        until = time.monotonic() + 50
        while not marker.exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert marker.exists()
        time.sleep(0.3)
    finally:
        child.kill()
        child.wait(30)
    assert not [p.name for p in work.rglob("*") if p.is_file() and holds(p)]


def test_sr_07_nothing_is_written_while_it_runs_and_papermill_writes_the_scrubbed_notebook(tmp_path: Path) -> None:
    secrets.register(CANARY)
    path = notebook(tmp_path, PRINTED, "import time; time.sleep(1.5)")
    out = tmp_path / "out" / "out.ipynb"
    out.parent.mkdir()
    began = time.monotonic()
    with watched(tmp_path) as seen:
        papermill.execute_notebook(path, out, engine_name="scimrunbook", progress_bar=False)
    assert time.monotonic() - began > 1.5
    assert seen == []
    text = out.read_text()
    assert CANARY not in text
    assert "[REDACTED]" in text
    assert str(tmp_path) not in text, "papermill's paths name the folders of a person"


def test_the_mode_is_told_to_the_kernel(tmp_path: Path) -> None:
    nb, error = execute(notebook(tmp_path, "import os; print(os.environ['SCIMRUNBOOK_MODE'])"))
    assert error is None
    assert nb.cells[0].outputs[0].text == "headless\n"


@pytest.mark.parametrize("leftover", ["srb-"])
def test_private_socket_folders_are_taken_away(tmp_path: Path, monkeypatch, leftover: str) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = notebook(tmp_path, "1")
    _, error = execute(path)
    assert error is None
    assert [p for p in tmp_path.iterdir() if p.name.startswith(leftover)] == []
