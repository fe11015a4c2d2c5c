"""SR-71: canaries for every token and everybody, on every way out; and what a kill at any moment leaves."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell
from typer.testing import CliRunner

from scimrunbook import notebooks, practice
from scimrunbook import snapshot as snapshots
from scimrunbook.cli import app
from scimrunbook.evidence import share as sharing
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


PASSWORD, COOKIE, STATE = "Zq7-mN2x-Vb9k", "sid8Xk2vQ9mZ4nB7tR1wY6", "02.id.Kx93Qm-Zp71Vb-Tn28Wc"


def planted(folder: Path, token: str, person: dict[str, str]) -> None:
    """Somebody's browser recording among the exports, and an error text that names a person in three spellings."""
    headers = [{"name": "Authorization", "value": f"Bearer {token}"}, {"name": "Cookie", "value": f"sid={COOKIE}"}]
    body = json.dumps({"userName": person["login"], "password": PASSWORD})
    url = f"https://acme.example/login?stateToken={STATE}&u={quote(person['login'])}"
    log = {"log": [{"url": url, "headers": headers, "postData": {"text": body}}]}
    (folder / "recording.json").write_text(json.dumps(log))
    said = f"Refused for {person['login'].upper()} ({quote(person['login'], safe='')}, {person['name']})."
    planted_in = set()
    for path in folder.glob("*.json"):
        text = before = path.read_text("utf-8")
        for old in ("The token is missing or not valid.", "Please provide a valid tenant URL for your application."):
            text = text.replace(old, json.dumps(said, ensure_ascii=False)[1:-1])
        path.write_text(text, "utf-8")
        planted_in |= {path.name} if text != before else set()
    assert planted_in


def references(file: Path, provider: str, monkeypatch) -> None:
    """The provider's token comes from the environment, Catalog's from the keyring; what stays is the file itself."""
    from keyring.backends.SecretService import Keyring as Vault

    data = yaml.safe_load(file.read_text())
    catalog = (file.parent / data["catalog"]["token"].removeprefix("file:")).read_text().strip()
    own, key = data[provider], "token" if provider == "okta" else "credential"
    monkeypatch.setenv("CANARY_PROVIDER", (file.parent / own[key].removeprefix("file:")).read_text().strip())
    own[key], data["catalog"]["token"] = "env:CANARY_PROVIDER", "keyring:scimrunbook/canary"
    monkeypatch.setattr("keyring.get_keyring", Vault)
    monkeypatch.setattr(Vault, "get_password", lambda self, service, name: catalog)
    file.write_text(yaml.safe_dump(data))


@pytest.mark.parametrize("source", ["live", "exports"])
@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_sr_14_15_38_40_53_71_no_canary_anywhere(
    provider: str, source: str, tmp_path: Path, monkeypatch, capfd
) -> None:
    home = tmp_path / "home" / "canaryuser"
    home.mkdir(parents=True)
    for name, value in {"HOME": str(home), "LOGNAME": "canaryuser", "USER": "canaryuser"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(home)
    outputs = Path("canary-argument")  # relative: what is rendered for the bundle knows its place relatively too
    with incident(provider, "token_expired", source, tmp_path / "i") as (file, built):
        tokens = [built.catalog_token, built.provider_token]
        if source == "exports":
            someone = next(p for p in built.world.people.values() if p.given and p.family)
            planted(
                tmp_path / "i" / "exports",
                tokens[0],
                {"login": someone.email, "name": f"{someone.given} {someone.family}"},
            )
        else:
            monkeypatch.setenv("CANARY", str(next((tmp_path / "i").glob("*.catalog-token"))))
            references(file, provider, monkeypatch)
        crashing = with_a_crashing_notebook(tmp_path / "nb")
        monkeypatch.setattr(notebooks, "folder", lambda: crashing)
        result = run_incident(file, progress=quiet, outputs=outputs)
        said = [CliRunner().invoke(app, [*words, "--outputs", str(outputs)]) for words in (
            ["share", str(result.folder), "--practice"],
            ["compare", str(result.folder), str(result.folder)],
        )]  # fmt: skip
    assert set(result.failed_notebooks) == {"06_sync_and_logs"}
    assert [s.exit_code for s in said] == [0, 1], said[0].output
    assert not (set(os.environ) & {"CANARY_PROVIDER"}), "the environment still holds the token"
    archive = next((result.folder.parent / "shared").glob("*.zip"))
    members = members_of(archive.read_bytes())
    printed = capfd.readouterr()
    texts = {"output": "".join(s.output for s in said) + printed.out + printed.err}
    places = {str(p): p.read_bytes() for p in [*outputs.rglob("*"), *home.rglob("*")] if p.is_file()}
    places |= members | {k: v.encode() for k, v in texts.items()}
    for token in tokens:
        for form, value in encodings(token).items():
            assert [n for n, data in places.items() if value in data] == [], form
        for part in (token[i : i + 8].encode() for i in range(len(token) - 7)):
            assert [n for n, data in places.items() if part in data] == [], "a part of a token"
    for secret in (PASSWORD, COOKIE, STATE):
        assert [n for n, data in places.items() if secret.encode() in data] == [], secret
    nobody_is_named(members, everybody(result.folder))
    for machine in ("canaryuser", "canary-argument", "canary_provider", "scimrunbook/canary", str(tmp_path).casefold()):
        assert [n for n, c in members.items() if machine in c.decode().casefold()] == [], machine
    kept = json.loads(members["findings.json"])["findings"]
    raw = json.loads((result.folder / "findings.json").read_text())["findings"]
    assert [(f["id"], f["status"]) for f in kept] == [(f["id"], f["status"]) for f in raw]
    assert [f["id"] for f in kept if f["id"] not in members["report.html"].decode()] == []
    record = json.loads(members["custody.json"])
    assert record["complete"] is False
    assert {n["name"] for n in record["notebooks"] if n["status_in_run"] == "error"} == {"06_sync_and_logs"}
    one_handle_each(members)


def nobody_is_named(members: dict[str, bytes], people: set[str]) -> None:
    assert len(people) > 30
    for name, content in members.items():
        low = content.decode().casefold()
        assert ".staging" not in low, "where the copy was rendered differs from share to share"
        seen = views.without_tags(views.decoded(name, content.decode())).casefold()
        assert not [p for p in people for s in spelled(p) if s in low or s in seen], name


def one_handle_each(members: dict[str, bytes]) -> None:
    """Whoever stands in a notebook, the report or the request by pseudonym is the one of the tables."""
    handles = {n: set(re.findall(r"user[-\\]+ ?([a-z2-7]{10})\b", c.decode().lower())) for n, c in members.items()}
    told = set().union(*(found for n, found in handles.items() if n.startswith("tables/")))
    executed = [n for n in members if n.startswith("notebooks/")]
    assert len(executed) == 9 and set().union(*(handles[n] for n in executed)) & told
    for name in (*executed, "report.html", "support-request.md", "support-request.eml", "diagnosis.json"):
        assert handles[name] <= told, name


def fingerprints(folder: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def started_with(marker: str) -> list[int]:
    """Processes whose environment holds the marker: a killed run's kernels live in sessions of their own."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            running = (place / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            if running and marker.encode() in (place / "environ").read_bytes().split(b"\0"):
                found.append(int(place.name))
    return found


def nobody_left(marker: str, seconds: float = 15) -> list[int]:
    """Whom a killed run left once its kernels had time to notice; they are ended here in any case."""
    until = time.monotonic() + seconds
    while (left := started_with(marker)) and time.monotonic() < until:
        time.sleep(0.1)
    for pid in left:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return left


def ended(words: list[str], environment: dict[str, str], said: Path, seconds: float) -> int | None:
    """The exit code, or None if it was killed after ``seconds``. Into a file: an orphan could hold a pipe open."""
    with said.open("wb") as out:
        child = subprocess.Popen(words, env=environment, stdout=out, stderr=out, start_new_session=True)
        try:
            return child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            child.kill()
            child.wait(30)


@pytest.mark.timeout(300 + 30 * KILLS)  # twelve kills and two whole runs outlast the usual limit on a busy machine
def test_sr_07_a_kill_at_any_moment_leaves_earlier_runs_and_no_secret(tmp_path: Path) -> None:
    outputs, temporary, said = tmp_path / "o", tmp_path / "tmp", tmp_path / "said"
    temporary.mkdir()
    environment, marker = {**os.environ, "TMPDIR": str(temporary)}, f"TMPDIR={temporary}"
    rng = random.Random()
    with incident("okta", "create_off", "live", tmp_path / "i") as (file, built):
        first = run_incident(file, progress=quiet, outputs=outputs).folder
        before = fingerprints(first)
        run = [sys.executable, "-m", "scimrunbook", "run", str(file), "--outputs", str(outputs)]
        share = [sys.executable, "-m", "scimrunbook", "share", str(first), "--practice"]
        began = time.monotonic()
        assert ended(run, environment, said, 120) == 1, said.read_text()
        usual = min(time.monotonic() - began, 6)  # an idle machine is done by then
        killed = 0
        for number in range(KILLS):
            code = ended(run if number % 2 else share, environment, said, rng.uniform(0.1, usual))
            killed += code is None
            assert code in (None, number % 2), said.read_text()
            assert nobody_left(marker) == [], "the kernels of a killed run live on"
            assert fingerprints(first) == before
        assert killed
        for token in (built.catalog_token, built.provider_token):
            for folder in (outputs, temporary):
                for path in folder.rglob("*"):
                    if path.is_file():
                        assert token.encode() not in path.read_bytes(), path.name
            assert token not in said.read_text()
        for archive in (first.parent / "shared").glob("[!.]*.zip"):
            assert members_of(archive.read_bytes())
        assert ended(run, environment, said, 120) == 1, said.read_text()
        assert ended(share, environment, said, 120) == 0, said.read_text()
        assert not list((first.parent / "private").glob(".staging*"))


def test_sr_71_the_demo_ends_with_two_verdicts_and_no_canary(tmp_path: Path, monkeypatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["demo"])
    assert result.exit_code == 0, result.output
    tail = result.stdout.strip().splitlines()[-4:]
    printed = capfd.readouterr()
    texts = {"output": result.output, "stdout": printed.out, "stderr": printed.err}
    for (provider, fault, name), line, place in zip(practice.DEMO, tail[::2], tail[1::2], strict=True):
        assert line.startswith("✔ named") and provider in line and fault in line
        assert name in place and (tmp_path / place.strip()).is_file()
        run = Path(place.strip()).parent  # relative to where one stands, as it is printed
        said = CliRunner().invoke(app, ["share", str(run), "--practice", "--unsigned"])
        assert said.exit_code == 0, said.output
        archive = next((run.parent / "shared").glob("*.zip"))
        members = members_of(archive.read_bytes())
        created = datetime.fromisoformat(json.loads(members["custody.json"])["created_utc"])
        first = archive.read_bytes()
        again = sharing.share(run, practice=True, unsigned=True, created=created).archive.read_bytes()
        changed = [n for n, content in members_of(again).items() if members.get(n) != content]
        assert changed == [] and again == first, "notebooks executed anew come out byte for byte alike"
        nobody_is_named(members, everybody(run))
        assert not [n for n, c in members.items() if str(tmp_path) in c.decode()]
        texts[f"share {provider}"] = said.output
        texts |= {f"{provider}/{n}": c.decode() for n, c in members.items()}
    files = {p for p in tmp_path.rglob("*") if p.is_file()}
    kept = {p for p in files if p.name.endswith("-token")}
    assert len(kept) == 4, "the demo's own token files"
    places = {str(p): p.read_bytes() for p in files - kept} | {k: v.encode() for k, v in texts.items()}
    for token in {p.read_text().strip() for p in kept}:
        for form, value in encodings(token).items():
            assert [n for n, data in places.items() if value in data] == [], form
