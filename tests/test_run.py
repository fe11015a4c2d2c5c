"""One incident headless, when something goes wrong on the way: nothing that was collected is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from scimrunbook import notebooks
from scimrunbook.__main__ import main as begin
from scimrunbook.run import run_incident
from scimrunbook.runbook import RunNotFoundError, open_run
from tests.conftest import ROOT
from tests.tenants import quiet


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """The checked-in Okta demo in a project of its own."""
    shutil.copytree(ROOT / "parameters", tmp_path / "parameters")
    return tmp_path / "parameters" / "demo-okta.yaml"


def states(folder: Path) -> list[str]:
    return [json.loads(p.read_text())["state"] for p in folder.glob("outputs/*/*.partial/run.json")]


def test_ctrl_c_while_the_command_is_still_being_loaded_shows_no_traceback(monkeypatch, capsys) -> None:
    loading = ModuleType("scimrunbook.cli")

    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    loading.__getattr__ = interrupted  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "scimrunbook.cli", loading)
    with pytest.raises(SystemExit) as ended:
        begin()
    assert ended.value.code == 130 and capsys.readouterr().err == "Interrupted.\n"


@pytest.mark.parametrize("reached", ["judging", pytest.param("executing", marks=pytest.mark.slow)])
def test_ctrl_c_leaves_a_partial_folder_that_says_what_is_in_it(reached: str, demo: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scimrunbook", "run", str(demo)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _ in range(3000):
        if any(s.startswith(reached) for s in states(tmp_path)):
            break
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"Traceback" not in err and b".partial" in err and out == b""
    (head,) = [json.loads(p.read_text()) for p in tmp_path.glob("outputs/*/*.partial/run.json")]
    (folder,) = tmp_path.glob("outputs/*/*.partial")
    assert head["state"] == "interrupted"
    assert set(head["holds"]) == {p.name for p in folder.iterdir()} >= {"snapshot", "run.json"}


@pytest.mark.slow  # nine notebooks
def test_a_notebook_that_fails_is_recorded_and_the_others_still_run(demo: Path, tmp_path: Path, monkeypatch) -> None:
    broken = tmp_path / "notebooks"
    shutil.copytree(ROOT / "notebooks", broken)
    path = broken / "04_attribute_mapping.ipynb"
    nb = nbformat.read(path, as_version=4)
    next(
        c for c in nb.cells if c.cell_type == "code" and "open_run" in c.source
    ).source = "raise ValueError('a mistake')"
    nbformat.write(nb, path)
    monkeypatch.setattr(notebooks, "folder", lambda: broken)
    result = run_incident(demo, progress=quiet)
    assert set(result.failed_notebooks) == {"04_attribute_mapping"}
    head = json.loads((result.folder / "run.json").read_text())
    assert head["state"] == "complete"
    assert {n for n, s in head["sections"].items() if s["status"] == "error"} == {"04_attribute_mapping"}
    assert len(head["sections"]) == len(list((result.folder / "notebooks").iterdir())) == 9
    kept = (result.folder / "notebooks" / path.name).read_text()
    assert "a mistake" in kept


def test_latest_is_the_newest_run_of_the_unchanged_file(demo: Path) -> None:
    first = open_run(str(demo))
    assert open_run(str(demo)).folder == first.folder
    assert open_run(str(demo), first.folder.name).folder == first.folder
    demo.write_text(demo.read_text() + "\n# another opinion\n")
    second = open_run(str(demo))
    assert second.folder != first.folder and first.folder.is_dir()
    assert open_run(str(demo), "new").folder not in (first.folder, second.folder)
    with pytest.raises(RunNotFoundError, match=first.folder.name):
        open_run(str(demo), "2020-01-01T00-00-00Z")
