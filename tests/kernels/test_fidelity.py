"""The fast engine shows what plain papermill shows, up to times and ids: all notebooks, and those that end badly."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

from scimrunbook import notebooks
from tests.conftest import ROOT
from tests.kernels.test_fork import notebook

pytestmark = pytest.mark.slow
_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|seconds|minutes)\b"), "DURATION"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{32}\b"), "ID"),
)


def shown(nb: nbformat.NotebookNode) -> list[list[tuple[str, str]]]:
    """By code cell, what it shows: kind and content without times and ids. A stream cut in pieces counts as one."""
    cells = []
    for cell in nb.cells:
        if cell.cell_type != "code" or "papermill-error-cell-tag" in cell.metadata.get("tags", []):
            continue
        seen: list[tuple[str, str]] = []
        for output in cell.outputs:
            kind = output.get("name", output.output_type)
            ended = f"{output.ename}: {output.evalue}" if output.output_type == "error" else ""
            said = str(output.get("text") or ended or dict(sorted(output.get("data", {}).items())))
            for pattern, name in _VARIES:
                said = pattern.sub(name, said)
            if seen and seen[-1][0] == kind and "text" in output:
                seen[-1] = (kind, seen[-1][1] + said)
            else:
                seen.append((kind, said))
        cells.append(seen)
    return cells


def executed(source: object, target: Path, engine: str | None, **options: object) -> nbformat.NotebookNode:
    """What is there after papermill ran with this engine, however it ended."""
    kept: list[nbformat.NotebookNode] = []  # ours hands out what papermill does not write after a timeout
    keep = {"keep": kept.append} if engine else {}
    with contextlib.suppress(Exception):
        papermill.execute_notebook(source, target, engine_name=engine, progress_bar=False, **keep, **options)
    return nbformat.read(target, as_version=4) if target.exists() else kept[0]


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_all_nine_notebooks_show_the_same(provider: str, tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(ROOT / "parameters", tmp_path / "parameters")
    incident, outputs = tmp_path / "parameters" / f"demo-{provider}.yaml", tmp_path / "outputs"
    monkeypatch.setenv("SCIMRUNBOOK_OUTPUTS", str(outputs))
    monkeypatch.setenv("SCIMRUNBOOK_MODE", "headless")
    subprocess.run([sys.executable, "-m", "scimrunbook", "check", str(incident)], capture_output=True, timeout=60)
    given = {"incident": str(incident), "run": "latest"}
    assert len(notebooks.names()) == 9
    for name in notebooks.names():
        source = notebooks.folder() / f"{name}.ipynb"
        ours, plain = (
            shown(executed(source, tmp_path / f"{name}-{engine}.ipynb", engine, parameters=given, cwd=str(tmp_path)))
            for engine in ("scimrunbook", None)
        )
        assert any(ours) and not [said for cell in ours for kind, said in cell if kind == "error"], name
        assert ours == plain, name


def test_the_comparison_sees_what_differs() -> None:
    def of(*outputs: dict[str, object]) -> list[list[tuple[str, str]]]:
        nb = notebook("1", "2")
        nb.cells[0].outputs = [nbformat.from_dict(output) for output in outputs]
        return shown(nb)

    said = {"output_type": "stream", "name": "stdout", "text": "3 people at 2026-11-20 14:00 UTC"}
    table = {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "a", "text/html": "<b>a</b>"}}
    error = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}
    cut = [{**said, "text": said["text"][:5]}, {**said, "text": said["text"][5:]}]
    assert of(said) == of({**said, "text": "3 people at 2026-11-21 15:01 UTC"}) == of(*cut)
    assert of(said) != of({**said, "text": "4 people at 2026-11-20 14:00 UTC"}) and of(said) != of()
    assert of(said) != of({**said, "name": "stderr"}) and of(said, table) != of(table, said)
    assert of(table) != of({**table, "data": {"text/plain": "a"}}) and of(table) != of(table, table)
    assert of(error) != of({**error, "evalue": "yes"})


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        pytest.param(["print('before')", "1 / 0", "print('never')"], {}, id="fails"),
        pytest.param(["print('before')", "import time; time.sleep(60)", "1"], {"execution_timeout": 2}, id="hangs"),
        pytest.param(
            ["print('before')", "import time\nwhile True:\n try: time.sleep(60)\n except BaseException: pass", "1"],
            {"execution_timeout": 2},
            id="hangs and cannot be interrupted",
        ),
        pytest.param(["print('x' * 5_000_000)", "for n in range(20_000): print(n)"], {}, id="huge output"),
        pytest.param(["print('before', flush=True)", "import os; os._exit(1)", "1"], {}, id="kills its kernel"),
    ],
)
def test_what_ends_badly_shows_the_same(cells: list[str], options: dict[str, int], tmp_path: Path) -> None:
    """Of the cell that ended it ours names the reason; papermill shows the interrupt, or nothing."""
    ours, plain = (
        shown(executed(notebook(*cells), tmp_path / f"{engine}.ipynb", engine, **options))
        for engine in ("scimrunbook", None)
    )
    assert ours[0] == plain[0] and ours[0]
    assert len(ours) == len(plain) == len(cells)
    for mine, theirs in zip(ours, plain, strict=True):
        named = [said for kind, said in mine if kind == "error"]
        reasons = [said.split(":")[0] for said in named]
        ended = len(mine) == 1 and reasons in (["CellTimeoutError"], ["DeadKernelError"])
        assert mine == theirs or (ended and {kind for kind, _ in theirs} <= {"error"})
