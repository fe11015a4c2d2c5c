"""Who may know whom, by the imports that are really there; and notebooks without logic."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "scimrunbook"
NINE = [
    "00_start_here",
    "01_symptoms",
    "02_connection",
    "03_base_url_and_token",
    "04_attribute_mapping",
    "05_assignments",
    "06_sync_and_logs",
    "07_manual_and_scim_accounts",
    "08_contact_support",
]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
    return found


def modules(*rooms: str) -> list[Path]:
    paths = [PACKAGE / room for room in rooms]
    return sorted(m for p in paths for m in (p.rglob("*.py") if p.is_dir() else [p.with_suffix(".py")]))


def knows(path: Path, *forbidden: str) -> set[str]:
    return {m for m in imports(path) for f in forbidden if m == f"scimrunbook.{f}" or m.startswith(f"scimrunbook.{f}.")}


PURE = modules("checks", "trace", "diagnosis", "findings", "snapshot")
FACES = modules("show")


@pytest.mark.parametrize("path", PURE, ids=lambda p: p.stem)
def test_judgement_is_pure(path: Path) -> None:
    assert not knows(path, "sources", "show", "run", "runbook", "simulator", "cli", "engine", "evidence")
    assert not {"httpx", "time", "random", "IPython", "ipywidgets"} & {m.split(".")[0] for m in imports(path)}
    source = path.read_text("utf-8")
    assert not {"datetime.now", "Timestamp.now", "utcnow", "Timestamp.utcnow"} & {
        ast.unparse(n.func) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)
    }


@pytest.mark.parametrize("path", modules("sources"), ids=lambda p: p.stem)
def test_sources_judge_nothing(path: Path) -> None:
    assert not knows(path, "checks", "show", "run", "trace", "diagnosis", "simulator")


@pytest.mark.parametrize("path", FACES, ids=lambda p: p.stem)
def test_faces_compute_nothing(path: Path) -> None:
    assert not knows(path, "sources", "checks", "trace", "diagnosis", "run", "simulator", "incident_file")


def test_the_simulator_is_known_only_to_the_verbs_that_start_it() -> None:
    outside = [p for p in modules(".") if "simulator" not in p.relative_to(PACKAGE).parts]
    assert {p.name for p in outside if knows(p, "simulator")} == {"practice.py"}


def test_only_the_sources_and_the_simulator_speak_http() -> None:
    speaking = {p.relative_to(PACKAGE).parts[0] for p in modules(".") if "httpx" in imports(p)}
    assert speaking <= {"sources", "simulator"}


def test_there_are_nine_notebooks() -> None:
    assert sorted(p.stem for p in (ROOT / "notebooks").glob("*.ipynb")) == NINE


@pytest.mark.parametrize("name", NINE)
def test_a_notebook_is_thin(name: str) -> None:
    nb = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    nbformat.validate(nb)
    assert set(nb.metadata) <= {"kernelspec", "language_info"}
    ids = [c.id for c in nb.cells]
    assert len(set(ids)) == len(ids) and all(i.startswith(name[:2] + "-") for i in ids)
    assert sum(c.source.count("\n# ") + c.source.startswith("# ") for c in nb.cells if c.cell_type == "markdown") == 1
    code = [c for c in nb.cells if c.cell_type == "code"]
    assert all(not c.outputs and c.execution_count is None for c in code)
    tagged = [c for c in code if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    names = [t.id for n in ast.parse(tagged[0].source).body for t in n.targets]
    assert names == ["incident", "run"]
    logic = (
        ast.FunctionDef,
        ast.ClassDef,
        ast.Lambda,
        ast.Try,
        ast.For,
        ast.While,
        ast.If,
        ast.With,
        ast.comprehension,
    )
    for cell in code:
        assert not [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, logic)]
        assert len(cell.source.splitlines()) <= 6
        assert cell.source.count("HTML(") == cell.source.count("Markdown(") == 0
