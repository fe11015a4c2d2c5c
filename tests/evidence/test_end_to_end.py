"""SR-71: canaries for every token and everybody, on every way out; and what a kill at any moment leaves."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from typer.testing import CliRunner

from scimrunbook import notebooks
from scimrunbook import snapshot as snapshots
from scimrunbook.cli import app
from scimrunbook.evidence import views
from scimrunbook.evidence.verify import members_of
from scimrunbook.run import run_incident
from tests.tenants import incident, quiet
from tests.test_demo import encodings

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("SCIMRUNBOOK_KILLS", "12"))


def with_a_crashing_notebook(folder: Path) -> Path:
    """The nine notebooks, one of which shows the token in every kind of output and then dies of it."""
    shutil.copytree(notebooks.folder(), folder)
    path = folder / "06_sync_and_logs.ipynb"
    nb = nbformat.read(path, 4)
    read = "import os\nvalue = open(os.environ['CANARY']).read().strip() if 'CANARY' in os.environ else 'nothing'"
    shown = "print(value)\nimport ipywidgets\ndisplay(ipywidgets.Password(value=value))"
    nb.cells.append(new_code_cell(f"{read}\n{shown}"))
    nb.cells.append(new_code_cell("raise ValueError(f'Illegal header value Bearer {value}')"))
    nbformat.write(nb, path)
    return folder


def everybody(run: Path) -> set[str]:
    saved = snapshots.load(run / "snapshot")
    people = saved["people"]
    found = {str(v) for c in ("person_key", "login", "email", "display_name") for v in people[c].dropna()}
    return {v for v in found | {str(v) for v in saved["accounts"]["user_name"].dropna()} if len(v) > 5}


def spelled(value: str) -> set[str]:
    written = {value, quote(value, safe=""), json.dumps(value)[1:-1], value.replace("@", "\\u0040")}
    return {w.casefold() for w in written}


@pytest.mark.parametrize("source", ["live", "exports"])
@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_sr_71_no_canary_anywhere(provider: str, source: str, tmp_path: Path, monkeypatch, capfd) -> None:
    outputs = tmp_path / "o"
    with incident(provider, "token_expired", source, tmp_path / "i") as (file, built):
        tokens = [built.catalog_token, built.provider_token]
        token_file = next((tmp_path / "i").glob("*.catalog-token"), None)
        if source == "exports":  # somebody's browser recording among the exports
            header = {"name": "Authorization", "value": f"Bearer {tokens[0]}"}
            (tmp_path / "i" / "exports" / "recording.json").write_text(json.dumps({"log": [{"headers": [header]}]}))
        if token_file:
            monkeypatch.setenv("CANARY", str(token_file))
        crashing = with_a_crashing_notebook(tmp_path / "nb")
        monkeypatch.setattr(notebooks, "folder", lambda: crashing)
        result = run_incident(file, progress=quiet, outputs=outputs)
        said = [CliRunner().invoke(app, [*words, "--outputs", str(outputs)]) for words in (
            ["share", str(result.folder), "--practice"],
            ["compare", str(result.folder), str(result.folder)],
        )]  # fmt: skip
    assert set(result.failed_notebooks) == {"06_sync_and_logs"}
    assert said[0].exit_code == 0, said[0].output
    archive = next((result.folder.parent / "shared").glob("*.zip"))
    members = members_of(archive.read_bytes())
    printed = capfd.readouterr()
    texts = {"output": "".join(s.output for s in said) + printed.out + printed.err}
    places = {str(p): p.read_bytes() for p in outputs.rglob("*") if p.is_file()}
    places |= members | {k: v.encode() for k, v in texts.items()}
    for token in tokens:
        for form, value in encodings(token).items():
            assert [n for n, data in places.items() if value in data] == [], form
    people = everybody(result.folder)
    assert len(people) > 30
    for name, content in members.items():
        low = content.decode().casefold()
        seen = views.without_tags(views.decoded(name, content.decode())).casefold()
        assert not [p for p in people for s in spelled(p) if s in low or s in seen], name
    kept = json.loads(members["findings.json"])["findings"]
    raw = json.loads((result.folder / "findings.json").read_text())["findings"]
    assert [(f["id"], f["status"]) for f in kept] == [(f["id"], f["status"]) for f in raw]
    record = json.loads(members["custody.json"])
    assert record["complete"] is False
    assert {n["name"] for n in record["notebooks"] if n["status_in_run"] == "error"} == {"06_sync_and_logs"}
    assert len([n for n in members if n.startswith("notebooks/")]) == 9


def fingerprints(folder: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def test_sr_07_a_kill_at_any_moment_leaves_earlier_runs_and_no_secret(tmp_path: Path) -> None:
    outputs, temporary = tmp_path / "o", tmp_path / "tmp"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    rng = random.Random()
    with incident("okta", "create_off", "live", tmp_path / "i") as (file, built):
        first = run_incident(file, progress=quiet, outputs=outputs).folder
        before = fingerprints(first)
        run = [sys.executable, "-m", "scimrunbook", "run", str(file), "--outputs", str(outputs)]
        share = [sys.executable, "-m", "scimrunbook", "share", str(first), "--practice"]
        began = time.monotonic()
        assert subprocess.run(run, env=environment, capture_output=True).returncode == 1
        usual = time.monotonic() - began
        for number in range(KILLS):
            child = subprocess.Popen(
                run if number % 2 else share, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
            try:
                child.wait(rng.uniform(0.1, usual))
            except subprocess.TimeoutExpired:
                os.kill(child.pid, signal.SIGKILL)
                child.wait()
            assert fingerprints(first) == before
        for token in (built.catalog_token, built.provider_token):
            for folder in (outputs, temporary):
                for path in folder.rglob("*"):
                    if path.is_file():
                        assert token.encode() not in path.read_bytes(), path.name
        for archive in (first.parent / "shared").glob("[!.]*.zip"):
            assert members_of(archive.read_bytes())
        assert subprocess.run(run, env=environment, capture_output=True).returncode == 1
        done = subprocess.run(share, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert not list((first.parent / "private").glob(".staging*"))
