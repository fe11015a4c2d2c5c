"""Who may know whom, by the imports that are really there; and notebooks without logic."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

from tests.conftest import ROOT
from tests.tenants import NINE

PACKAGE = ROOT / "scimrunbook"


def imports(path: Path) -> set[str]:
    """What a module imports, at its top or in a function, by absolute or relative name."""
    here = path.relative_to(ROOT).parts if path.is_relative_to(ROOT) else ()
    return imported(ast.parse(path.read_text("utf-8")), here)


def imported(tree: ast.AST, here: tuple[str, ...] = ()) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = here[: -node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            found |= {module, *(f"{module}.{a.name}" for a in node.names)}
    return found


def reached(paths: list[Path]) -> set[Path]:
    """The modules of the package that these import, directly or through others."""
    todo, seen = list(paths), set(paths)
    while todo:
        for name in imports(todo.pop()):
            base = ROOT.joinpath(*name.split("."))
            for path in (base.with_suffix(".py"), base / "__init__.py"):
                if name.startswith("scimrunbook.") and path.is_file() and path not in seen:
                    seen.add(path)
                    todo.append(path)
    return seen


def modules(*rooms: str) -> list[Path]:
    paths = [PACKAGE / room for room in rooms]
    return sorted(m for p in paths for m in (p.rglob("*.py") if p.is_dir() else [p.with_suffix(".py")]))


def knows(path: Path, *forbidden: str) -> set[str]:
    return {m for m in imports(path) for f in forbidden if m == f"scimrunbook.{f}" or m.startswith(f"scimrunbook.{f}.")}


# What is judged rests on pure functions down to the last helper.
PURE = sorted(
    reached(modules("checks", "trace", "team_trace", "card", "lookup", "timeline", "diagnosis", "compare", "asked"))
)
FACES = modules("show")


def test_the_rules_see_every_way_to_import(tmp_path: Path) -> None:
    assert modules("checks") and modules("sources") and FACES
    path = tmp_path / "module.py"
    path.write_text("def f():\n    from scimrunbook import sources\n    import scimrunbook.show.cards as c\n")
    assert knows(path, "sources", "show") == {"scimrunbook.sources", "scimrunbook.show.cards"}
    assert PACKAGE / "findings.py" in PURE and PACKAGE / "snapshot.py" in PURE


@pytest.mark.parametrize("path", PURE, ids=lambda p: p.stem)
def test_judgement_is_pure(path: Path) -> None:
    assert not knows(path, "sources", "show", "run", "runbook", "simulator", "cli", "engine", "evidence")
    outside = {"httpx", "socket", "subprocess", "time", "random", "secrets", "IPython", "ipywidgets", "requests"}
    assert not outside & {m.split(".")[0] for m in imports(path)}
    source = path.read_text("utf-8")
    called = {ast.unparse(n.func) for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)}
    assert not [c for c in called if c.split(".")[-1] in ("now", "utcnow", "today", "print", "urlopen")]


@pytest.mark.parametrize("path", sorted(reached(modules("sources"))), ids=lambda p: p.stem)
def test_sources_judge_nothing(path: Path) -> None:
    assert not knows(path, "checks", "show", "run", "trace", "diagnosis", "simulator")


@pytest.mark.parametrize("path", FACES, ids=lambda p: p.stem)
def test_faces_compute_nothing(path: Path) -> None:
    assert not knows(path, "sources", "checks", "trace", "diagnosis", "run", "simulator", "incident_file")
    assert not knows(path, "jobs", "matching", "scope", "teams", "pending", "derived", "pictures", "snapshot")


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
    told = {m for c in code for m in imported(ast.parse(c.source)) if m.startswith("scimrunbook")}
    assert told <= {"scimrunbook.runbook", "scimrunbook.runbook.choose_incident", "scimrunbook.runbook.open_run"}
    for cell in code:
        assert not [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, logic)]
        assert len(cell.source.splitlines()) <= 6
        assert cell.source.count("HTML(") == cell.source.count("Markdown(") == 0
