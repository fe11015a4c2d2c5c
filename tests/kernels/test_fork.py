"""Forked kernels behave as ordinary ones, isolate notebooks from each other, and leave nobody behind."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from scimrunbook import notebooks
from scimrunbook.kernels import provisioner

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")

CELLS = [
    "import os, sys, pandas as pd\nprint('out'); print('err', file=sys.stderr)",
    "pd.DataFrame({'a': [1, 2], 'b': ['x', None]})",
    "from IPython.display import HTML; HTML('<b>x</b>')",
    "import asyncio; await asyncio.sleep(0); {'k': [1, 2]}",
    "!echo from a shell",
    "%%bash\necho from a magic",
    "1 / 0",
]


def notebook(*sources: str) -> nbformat.NotebookNode:
    nb = new_notebook(cells=[new_code_cell(s, id=f"c{i}") for i, s in enumerate(sources)])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nb


def execute(nb, engine: str = "scimrunbook"):
    kept: list = []
    options = {"keep": kept.append} if engine == "scimrunbook" else {"allow_errors": True}
    try:
        done = papermill.execute_notebook(nb, None, engine_name=engine, progress_bar=False, **options)
    except Exception:
        done = None
    return kept[0] if kept else done


def outputs(nb) -> list:
    seen = []
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            data = dict(output)
            data.pop("traceback", None)
            seen.append(data)
    return seen


def test_outputs_equal_an_ordinary_kernel(monkeypatch) -> None:
    forked = execute(notebook(*CELLS))
    monkeypatch.setenv("SCIMRUNBOOK_FORK", "off")
    ordinary = execute(notebook(*CELLS))
    assert outputs(forked) == outputs(ordinary)
    assert [o["output_type"] for o in outputs(forked)][-1] == "error"


def test_a_kernel_is_really_forked_and_says_who_its_parent_is() -> None:
    nb = execute(notebook("import os; print(os.getppid())"))
    assert int(nb.cells[0].outputs[0].text) == provisioner.Zygote.get().process.pid


def test_nothing_leaks_from_one_notebook_to_the_next() -> None:
    dirty = (
        "import builtins, os, pandas as pd\n"
        "builtins.leak = os.environ['LEAK'] = '1'\n"
        "pd.set_option('display.max_rows', 3)"
    )
    look = (
        "import builtins, os, random, pandas as pd\n"
        "print(hasattr(builtins, 'leak'), 'LEAK' in os.environ, pd.get_option('display.max_rows'))\n"
        "print(random.random())"
    )
    execute(notebook(dirty))
    first, second = (execute(notebook(look)).cells[0].outputs[0].text.splitlines() for _ in range(2))
    assert first[0] == second[0] == "False False 60"
    assert first[1] != second[1], "two notebooks drew the same random numbers"


@pytest.mark.slow
@pytest.mark.parametrize("fork", ["on", "off"])
def test_a_kernel_of_a_run_finds_no_token_whoever_it_is_for(fork: str, tmp_path: Path, monkeypatch) -> None:
    """Not by --reuse, which fetches none, nor those of a sweep's other incidents; not in the warm process either."""
    monkeypatch.setenv("SCIMRUNBOOK_FORK", fork)
    monkeypatch.setenv("TOKEN_OF_ANOTHER_INCIDENT", "canary-7d1f7d1f")
    monkeypatch.setenv("PYTHON_INDEX_TOKEN", "canary-2b9c2b9c")
    monkeypatch.setattr(provisioner.Zygote, "_instance", None)
    monkeypatch.setattr(notebooks, "folder", lambda: tmp_path)
    cell = "import os; print(dict(os.environ), open('/proc/self/environ').read())"
    nbformat.write(notebook(cell), tmp_path / "00_look.ipynb")
    notebooks.warm_up()
    try:
        assert notebooks.execute("00_look", tmp_path / "a.yaml", "r", tmp_path, tmp_path / "out.ipynb") is None
    finally:
        if provisioner.Zygote._instance is not None:
            provisioner.Zygote._instance.close()
    seen = (tmp_path / "out.ipynb").read_text()
    assert "SCIMRUNBOOK_OUTPUTS" in seen and "HOME" in seen
    assert "TOKEN_OF_ANOTHER_INCIDENT" not in seen and "canary" not in seen


@pytest.mark.slow
def test_an_interruption_stops_a_kernel_that_is_only_starting_too(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(notebooks, "AT_ONCE", 1)
    monkeypatch.setattr(notebooks, "folder", lambda: tmp_path)
    for name, cell in (("00_quick", "1"), ("01_long", "import time; time.sleep(40)"), ("02_never", "1")):
        nbformat.write(notebook(cell), tmp_path / f"{name}.ipynb")
    running = notebooks.execute_all(tmp_path / "a.yaml", "r", tmp_path, tmp_path / "out")
    assert next(running)[0] == "00_quick"
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        running.throw(KeyboardInterrupt())
    assert time.monotonic() - began < 20
    assert not (tmp_path / "out" / "02_never.ipynb").exists()


def test_without_a_warm_process_it_is_an_ordinary_kernel(monkeypatch) -> None:
    def never(*_: object) -> None:
        raise provisioner.NoFork("none")

    monkeypatch.setattr(provisioner.Zygote, "spawn", never)
    assert execute(notebook("print(6 * 7)")).cells[0].outputs[0].text == "42\n"


def alive(pid: int) -> bool:
    """False for gone or zombie: where pid 1 does not reap, a dead process stays listed for a while."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow  # a driver, its zygote and a kernel, each started from nothing
def test_killing_the_driver_leaves_no_process_behind(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    cell = f"import os, time; open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{os.getppid()}}'); time.sleep(60)"
    script = (
        "import nbformat, papermill\n"
        "from tests.kernels.test_fork import notebook\n"
        f"nb = notebook({cell!r})\n"
        "papermill.execute_notebook(nb, None, engine_name='scimrunbook', progress_bar=False)\n"
    )
    driver = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2])
    try:
        deadline = time.monotonic() + 40
        while not (pids.exists() and len(pids.read_text().split()) == 2):
            assert time.monotonic() < deadline and driver.poll() is None
            time.sleep(0.1)
    finally:
        driver.kill()
        driver.wait()
    kernel, zygote = map(int, pids.read_text().split())
    deadline = time.monotonic() + 10
    while alive(kernel) or alive(zygote):
        assert time.monotonic() < deadline, "a kernel outlived its driver"
        time.sleep(0.1)
