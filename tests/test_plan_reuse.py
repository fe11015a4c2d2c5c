"""``check --plan`` lists every request before anything is sent; ``--reuse`` judges an unchanged snapshot again."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scimrunbook.cli import app
from scimrunbook.incident_file import load_incident
from scimrunbook.plan import lines
from scimrunbook.reuse import fingerprint, reads_live, told
from scimrunbook.run import run_incident
from scimrunbook.runfolder import head_of
from scimrunbook.sources.collect import collect
from scimrunbook.sources.http import Reader
from scimrunbook.sources.plan import plan
from tests.conftest import ROOT
from tests.tenants import incident, quiet

DEMO = ROOT / "parameters" / "demo-okta.yaml"


def pattern(url: str) -> re.Pattern[str]:
    """A planned address as a pattern of paths: its query and ids are open."""
    path = re.sub(r"^https://[^/]+", "", url).split("?")[0].rstrip(" …")
    base, _, last = path.rpartition("/")
    options = f"{base}/({last})" if "|" in last and "?" not in last else path
    return re.compile(re.sub(r"\{id\}", "[^/]+", options) + "$")


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_no_request_is_sent_that_the_plan_does_not_list(provider: str, tmp_path: Path, monkeypatch) -> None:
    sent: list[tuple[str, str]] = []
    once = Reader._once

    def watched(self, url, params, headers, timeout):
        sent.append((self.host, url.path))
        return once(self, url, params, headers, timeout)

    monkeypatch.setattr(Reader, "_once", watched)
    with incident(provider, "none", "live", tmp_path) as (path, _):
        loaded = load_incident(path)
        planned = [p for p in plan(loaded.incident) if p.method == "GET"]
        assert sent == []
        collect(loaded, progress=quiet)
    assert len(sent) > 20
    for host, asked in set(sent):
        assert [p for p in planned if f"https://{host}" in p.url and pattern(p.url).match(asked)], asked
    for host, count in Counter(host for host, _ in sent).items():
        assert count <= sum(p.at_most for p in planned if f"https://{host}" in p.url)


def test_the_plan_names_references_and_only_reads(tmp_path: Path) -> None:
    with incident("entra", "none", "live", tmp_path) as (path, _):
        loaded = load_incident(path)
        planned = plan(loaded.incident, "full")
        shown = "\n".join(lines(planned, loaded.incident.connect_to))
    assert {p.method for p in planned} <= {"GET", "POST"}
    assert all("token" in p.url for p in planned if p.method == "POST")
    assert {loaded.incident.catalog.token, loaded.incident.entra.credential} <= {p.credential for p in planned}
    assert sum(p.at_most for p in planned if p.why.startswith("A test of the Catalog endpoint")) == 59
    assert "Nothing was sent." in shown and "PRACTICE" in shown


def test_exports_alone_send_nothing_and_the_verb_says_so(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(DEMO), "--plan", "--outputs", str(tmp_path / "out")])
    assert (done.exit_code, done.output) == (0, "Nothing would be sent: this incident is judged from exports alone.\n")
    told = CliRunner().invoke(app, ["check", str(DEMO), "--plan", "--json"])
    assert json.loads(told.output) == {"incident": "demo-okta", "requests": []}
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_an_unchanged_snapshot_is_judged_again_only_when_asked(tmp_path: Path, monkeypatch) -> None:
    count: list[int] = []

    def counted(*args, **kwargs):
        count.append(1)
        return collect(*args, **kwargs)

    monkeypatch.setattr("scimrunbook.run.collect", counted)
    exports = tmp_path / "exports"
    exports.mkdir()
    for file in (ROOT / "parameters" / "demo-okta-exports").iterdir():
        (exports / file.name).write_bytes(file.read_bytes())
    path = tmp_path / "demo-okta.yaml"
    path.write_text(DEMO.read_text().replace("demo-okta-exports", "exports"))

    def go(reuse: bool):
        return run_incident(path, progress=quiet, notebooks=False, outputs=tmp_path / "out", reuse=reuse)

    first = go(True)
    again = go(True)
    assert len(count) == 1 and head_of(again.folder)["reused"] == first.folder.name
    old = {"snapshot_of": "R", "collected_at": (datetime.now(UTC) - timedelta(hours=5)).isoformat()}
    assert "run R collected 5 hours ago" in told({**old, "reused_live": False})
    assert "no token was tried" in told({**old, "reused_live": True})
    assert again.judgement.diagnosis == first.judgement.diagnosis
    go(False)
    assert len(count) == 2
    file = next(exports.glob("*.json"))
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b" ", b"\t", 1))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # as rsync and cp -p leave it
    changed = go(True)
    assert file.stat().st_size == before.st_size and file.stat().st_mtime_ns == before.st_mtime_ns
    assert len(count) == 3 and "reused" not in head_of(changed.folder)


def test_reuse_says_how_old_it_is_and_a_new_token_file_is_a_change(tmp_path: Path) -> None:
    with incident("okta", "none", "live", tmp_path) as (path, _):
        loaded = load_incident(path)
    key = loaded.base / loaded.incident.okta.token.removeprefix("file:")
    known = fingerprint(loaded, "light")
    assert reads_live(loaded.incident) and fingerprint(loaded, "light") == known != fingerprint(loaded, "off")
    key.write_text(key.read_text()[::-1])  # rotated: what the old one was told says nothing of it
    assert fingerprint(loaded, "light") != known
