"""The wheel holds all that is needed: the notebooks, the tables, the words; and works where there is no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.tenants import NINE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_package_and_the_nine_notebooks(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        held = {n: packed.read(n) for n in packed.namelist()}
    here = [p for p in (ROOT / "scimrunbook").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert [p.name for p in here if held.get(p.relative_to(ROOT).as_posix()) != p.read_bytes()] == []
    notebooks = {f"scimrunbook/_notebooks/{n}.ipynb": (ROOT / "notebooks" / f"{n}.ipynb").read_bytes() for n in NINE}
    assert {n: held.get(n) for n in notebooks} == notebooks
    foreign = [n for n in held if not n.startswith("scimrunbook")]
    assert foreign == [], "no test, no exported file, no output goes along"
    points = next(text for n, text in held.items() if n.endswith("entry_points.txt")).decode()
    assert "scimrunbook = scimrunbook.__main__:main" in points and "papermill.engine" in points
    needs = (
        Parser().parsestr(next(t for n, t in held.items() if n.endswith("METADATA")).decode()).get_all("Requires-Dist")
    )
    assert needs and any(n.startswith("papermill") for n in needs)


def test_unpacked_from_the_wheel_a_notebook_of_an_incident_is_executed(wheel: Path, tmp_path: Path) -> None:
    site, place = tmp_path / "site", tmp_path / "place"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    shutil.copytree(ROOT / "parameters", place / "parameters")
    notebook = site / "scimrunbook" / "_notebooks" / "02_connection.ipynb"
    parts = ["papermill", "--engine", "scimrunbook", str(notebook), "out.ipynb", "-p", "incident"]
    command = [sys.executable, "-m", *parts, "parameters/demo-okta.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Create Users is switched off" in (place / "out.ipynb").read_text("utf-8")
    ask = "import scimrunbook.notebooks as n; print(n.folder(), *n.names())"
    told = subprocess.run([sys.executable, "-c", ask], cwd=place, env=environment, capture_output=True, text=True,
                          timeout=60)  # fmt: skip
    assert told.stdout.split() == [str(notebook.parent), *NINE]
