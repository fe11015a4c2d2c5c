"""The docs say what the code does: generated pages are current, every verb's example works on the demo incident."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from typer.testing import CliRunner

from scimrunbook import guide
from scimrunbook.cli import EXIT, app
from scimrunbook.explain import check_ids
from scimrunbook.schema import FILE_NAME
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
    assert [k for k in keys(json_schema_of_incident()) if f"| `{k}` |" not in page["parameters"]] == []
    checks = (DOCS / "checks.md").read_text()
    assert [id for id in check_ids() if f"| `{id}` |" not in checks] == [] and len(check_ids()) > 40
    for verb, command in VERBS.items():
        told = page["verbs"].partition(f"## `scimrunbook {verb}`")[2].partition("\n## ")[0]
        names = [p.opts[-1] if p.opts[-1].startswith("-") else p.metavar or p.opts[0].upper() for p in command.params]
        assert [n for n in names if n != "--help" and f"`{n}" not in told and f"{n}`" not in told] == [], verb


def json_schema_of_incident() -> dict[str, Any]:
    return json.loads((ROOT / "parameters" / FILE_NAME).read_text())


def keys(schema: dict[str, Any], part: dict[str, Any] | None = None, above: str = "") -> Iterator[str]:
    """Every key an incident file may have, dotted, as the schema tells; not the ids and roles that people name."""
    for name, field in (part or schema)["properties"].items():
        yield f"{above}{name}"
        for ref in re.findall(r"#/\$defs/(\w+)", json.dumps({k: v for k, v in field.items() if k != "properties"})):
            inner = schema["$defs"][ref]
            if "properties" in inner and field.get("type") != "object":
                yield from keys(schema, inner, f"{above}{name}.")


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


@pytest.fixture(scope="module")
def judged(project: Path) -> Path:
    """The project with a run of both practice incidents and a bundle of one, as the examples speak of them."""
    with pytest.MonkeyPatch.context() as patch:
        for provider in ("okta", "entra"):
            assert call(f"scimrunbook check parameters/demo-{provider}.yaml", patch, project).exit_code == 1
        assert call(VERBS["share"].epilog.removeprefix("Example: "), patch, project).exit_code == 0
    return project


# What an example may end with; the others find the problem that the practice incidents hold. The example of demo is in
# tests/evidence/test_end_to_end.py, that of lab below.
ENDS = {"doctor": 0, "explain": 0, "index": 0, "init": 0, "purge": 0, "report": 0, "reveal": 0, "share": 0,
        "simulate": 0, "verify": 3}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("verb", [v for v in VERBS if v not in ("lab", "demo")])
def test_the_example_of_every_verb_works_on_the_demo_incident(
    verb: str, monkeypatch: pytest.MonkeyPatch, judged: Path
) -> None:
    line = VERBS[verb].epilog.removeprefix("Example: ").strip()
    result = call(line, monkeypatch, judged)
    assert result.exit_code == ENDS.get(verb, 1), f"{line}: {result.output}"


@pytest.mark.slow
def test_the_example_of_lab_opens_the_incidents_own_notebook(project: Path, tmp_path: Path) -> None:
    """The example word for word, as a process: it opens a browser on the notebook, and Ctrl-C ends it."""
    seen = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\n')
    browser.chmod(0o700)
    private = {k: str(tmp_path / k) for k in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "HOME")}
    config = tmp_path / "JUPYTER_CONFIG_DIR" / "jupyter_server_config.json"
    config.parent.mkdir()
    config.write_text('{"ServerApp": {"allow_root": true}}')  # a test may run as root, in a container
    command = shlex.split(VERBS["lab"].epilog.removeprefix("Example: "))
    command[0] = str(Path(sys.executable).parent / "scimrunbook")
    environment = {**os.environ, **private, "BROWSER": f"{browser} %s"}
    lab = subprocess.Popen(command, cwd=project, env=environment, stderr=subprocess.PIPE, text=True,
                           start_new_session=True)  # fmt: skip
    try:
        until = time.monotonic() + 40
        while not seen.is_file() and lab.poll() is None and time.monotonic() < until:
            time.sleep(0.2)
        assert seen.is_file(), lab.stderr.read() if lab.poll() is not None and lab.stderr else "no browser was opened"
    finally:
        for _ in range(2):  # the second Ctrl-C answers the question whether to stop
            os.killpg(lab.pid, signal.SIGINT) if lab.poll() is None else None
            time.sleep(0.5)
        _, said = lab.communicate(timeout=20)
    assert "Opening outputs/demo-okta/lab/00_start_here.ipynb" in said
    assert (project / "outputs" / "demo-okta" / "lab" / "00_start_here.ipynb").is_file()


def valid(name: str, said: str) -> Any:
    data = json.loads(said)
    jsonschema.validate(data, json_schema(name))
    return data


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_json_has_the_published_shape(provider: str, monkeypatch: pytest.MonkeyPatch, judged: Path) -> None:
    file = f"parameters/demo-{provider}.yaml"

    def say(line: str) -> str:
        return call(f"scimrunbook {line} --json", monkeypatch, judged).stdout

    said = valid("check", say(f"check {file}"))
    folder = judged / said["folder"]
    for name in ("findings", "diagnosis"):
        valid(name, (folder / f"{name}.json").read_text())
    who = said["causes"][0]["affected"]["keys"][0]
    assert valid("trace", say(f"trace {file} {who}"))["cards"]
    assert valid("compare", say(f"compare demo-{provider} demo-{provider}"))["unchanged"]
    assert valid("doctor", say(f"doctor {file}"))["checks"]
    assert len(valid("index", say("index"))) >= 2
    assert valid("index", say("index --by cause"))[0]["incidents"] == 1
    assert valid("plan", say(f"check {file} --plan"))["requests"] == []
    swept = valid("sweep", say(f"sweep {file} parameters/none.yaml --no-notebooks --jobs 1"))["incidents"]
    assert [o["state"] for o in swept] == ["done", "refused"]
    broken = {**said, "verdict": "fine"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, json_schema("check"))


IDS = {
    "token.did_not_change": "check",
    "url_or_token": "cause",
    "SystemForCrossDomainIdentityManagementInvalidCredentials": "Entra error code",
    "NotEffectivelyEntitled": "Entra skip reason",
    "EncounteredQuarantineException": "Entra quarantine reason",
    "application.provision.user.push_profile": "Okta event type",
}


@pytest.mark.slow
@pytest.mark.parametrize(("id", "kind"), IDS.items())
def test_explain_shows_every_kind_of_id_with_meaning_fix_and_source(
    id: str, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    entry = valid("explain", call(f"scimrunbook explain {id} --json", monkeypatch, tmp_path).stdout)
    assert (entry["id"], entry["kind"]) == (id, kind) and entry["meaning"] and entry["fix"] and entry["source"]
    said = " ".join(call(f"scimrunbook explain {id}", monkeypatch, tmp_path).stdout.split())
    assert all(" ".join(entry[k].split())[:60] in said for k in ("meaning", "fix", "source"))


def test_the_other_json_without_an_incident_has_its_shape(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert len(valid("simulate-list", call("x simulate --list --json", monkeypatch, tmp_path).stdout)) == len(FAULTS)
    for text, asks in (("already exists", False), ("zzz qqq", True)):
        line = f"x explain --json --text {shlex.quote(text)}"
        assert bool(valid("explain", call(line, monkeypatch, tmp_path).stdout)["ask"]) is asks
    assert set(SHAPES) == {p.stem for p in (DOCS / "schemas").glob("*.json")}


def complete(shell: str, **words: str) -> str:
    """What the command line answers a shell that asks it to complete, or to say how it is asked."""
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **words}
    command = [str(Path(sys.executable).parent / "scimrunbook")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_shell_completion_is_offered(shell: str) -> None:
    assert "scimrunbook" in complete(shell, _SCIMRUNBOOK_COMPLETE=f"source_{shell}").lower()


@pytest.mark.slow
def test_the_shell_completes_verbs_options_and_ids() -> None:
    def offered(line: str) -> list[str]:
        words = {"_SCIMRUNBOOK_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        return complete("bash", **words).split()

    assert offered("scimrunbook sh") == ["share"]
    assert "--unsigned" in offered("scimrunbook share --un")
    assert offered("scimrunbook explain token.did") == ["token.did_not_change"]
    assert "application.provision.user.push_profile" in offered("scimrunbook explain application.provision.user.push_p")
