"""The docs say what the code does: generated pages are current, every verb's example works on the demo incident."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from scimrunbook import guide
from scimrunbook.cli import EXIT, app
from scimrunbook.shapes import SHAPES, json_schema
from scimrunbook.simulator.faults import FAULTS
from tests.conftest import ROOT

DOCS = ROOT / "docs"
VERBS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def generate():  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current(generate) -> None:
    stale = [n for n, text in generate.pages().items() if not (DOCS / n).is_file() or (DOCS / n).read_text() != text]
    assert stale == [], "run: make docs"


def test_nothing_is_missing_from_the_pages() -> None:
    page = {n: (DOCS / f"{n}.md").read_text() for n in ("causes", "faults", "verbs", "exit-codes", "parameters")}
    assert all(f"`{c}`" in page["causes"] for c in guide.CAUSES)
    assert all(f"| `{f}` |" in page["faults"] for f in FAULTS)
    assert all(f"## `scimrunbook {v}`" in page["verbs"] for v in VERBS)
    assert all(f"| {code} |" in page["exit-codes"] for code in re.findall(r"\b(\d+) [a-z]", EXIT))
    assert all(f"| `{k}` |" in page["parameters"] for k in ("incident", "window.start", "okta.token", "connect_to"))


def test_every_verb_has_an_example_with_its_own_name() -> None:
    told = {name: (command.epilog or "") for name, command in VERBS.items()}
    assert [n for n, e in told.items() if not e.startswith(f"Example: scimrunbook {n}")] == []


def test_links_of_the_docs_lead_somewhere() -> None:
    for page in [*DOCS.glob("*.md"), ROOT / "CONTRIBUTING.md"]:
        links = re.findall(r"\]\((?!https://)([^)#]+)", page.read_text())
        assert [link for link in links if not (page.parent / link).exists()] == [], page.name


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "parameters", folder / "parameters")
    return folder


def call(line: str, monkeypatch: pytest.MonkeyPatch, project: Path):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(project)
    monkeypatch.setenv("SCIMRUNBOOK_OUTPUTS", str(project / "outputs"))
    return CliRunner().invoke(app, shlex.split(line)[1:])


# What asks a person, serves until Ctrl-C or takes long has tests of its own.
ELSEWHERE = {"demo", "run", "sweep", "lab", "verify", "reveal"}


@pytest.mark.slow
def test_the_examples_work_on_the_demo_incident(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    first = ["check"]
    order = [*first, *(v for v in VERBS if v not in ELSEWHERE and v not in first)]
    for provider in ("okta", "entra"):
        assert call(f"scimrunbook check parameters/demo-{provider}.yaml", monkeypatch, project).exit_code == 1
    for verb in order:
        line = VERBS[verb].epilog.removeprefix("Example: ").strip()
        result = call(line, monkeypatch, project)
        assert result.exit_code in (0, 1, 3), f"{line}: {result.output}"


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_json_has_the_published_shape(provider: str, monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    said = json.loads(call(f"x check parameters/demo-{provider}.yaml --json", monkeypatch, project).stdout)
    jsonschema.validate(said, json_schema("check"))
    folder = project / said["folder"]
    for name in ("findings", "diagnosis"):
        jsonschema.validate(json.loads((folder / f"{name}.json").read_text()), json_schema(name))
    who = said["causes"][0]["affected"]["keys"][0]
    way = call(f"x trace parameters/demo-{provider}.yaml {who} --json", monkeypatch, project)
    jsonschema.validate(json.loads(way.stdout), json_schema("trace"))
    assert json.loads(way.stdout)["cards"]
    broken = {**said, "verdict": "fine"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, json_schema("check"))
    assert set(SHAPES) == {p.stem for p in (DOCS / "schemas").glob("*.json")}


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_shell_completion_is_offered(shell: str) -> None:
    import subprocess

    names = {"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "powershell"}
    variable = {"_SCIMRUNBOOK_COMPLETE": f"source_{names[shell]}", "PATH": "/usr/bin:/bin"}
    command = [str(Path(sys.executable).parent / "scimrunbook")]
    done = subprocess.run(command, env=variable, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and "scimrunbook" in done.stdout.lower()
