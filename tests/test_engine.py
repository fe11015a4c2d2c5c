"""The papermill engine: nothing raw on disk, secrets scrubbed, statuses that tell the truth."""

from __future__ import annotations

import threading
import time
from pathlib import Path

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
        f"raise ValueError('{split}')",
    )
    nb, error = execute(path)
    text = nbformat.writes(nb)
    assert error is not None
    assert CANARY not in text
    assert text.count("[REDACTED]") >= 3
    assert "widgets" not in nb.metadata
    assert statuses(nb) == ["completed", "completed", "completed", "failed"]


def test_sr_07_a_timeout_is_a_failed_cell_and_later_ones_pend(tmp_path: Path) -> None:
    nb, error = execute(notebook(tmp_path, "1", "import time; time.sleep(60)", "2"), execution_timeout=2)
    assert error is not None
    assert statuses(nb) == ["completed", "failed", "pending"]
    assert any(o.output_type == "error" for o in nb.cells[1].outputs)


def test_sr_07_a_dead_kernel_is_told(tmp_path: Path) -> None:
    nb, error = execute(notebook(tmp_path, "import os; print('before', flush=True)", "os._exit(1)", "2"))
    assert error is not None
    assert statuses(nb) == ["completed", "failed", "pending"]
    assert "before" in nbformat.writes(nb)


def test_sr_07_nothing_is_written_while_it_runs_and_papermill_writes_the_scrubbed_notebook(tmp_path: Path) -> None:
    secrets.register(CANARY)
    split = f"{CANARY[:20]}' + '{CANARY[20:]}"
    path = notebook(tmp_path, f"print('{split}', flush=True)", "import time; time.sleep(1.5)")
    out = tmp_path / "out" / "out.ipynb"
    out.parent.mkdir()
    seen: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            seen.extend(p.name for p in out.parent.iterdir())

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    try:
        papermill.execute_notebook(path, out, engine_name="scimrunbook", progress_bar=False)
    finally:
        done.set()
        watcher.join()
    assert time.monotonic() - began > 1.5
    assert len(seen) <= 2, "the notebook appeared before it was finished"
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
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = notebook(tmp_path, "1")
    _, error = execute(path)
    assert error is None
    assert [p for p in tmp_path.iterdir() if p.name.startswith(leftover)] == []
