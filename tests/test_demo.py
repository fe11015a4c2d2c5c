"""The checked-in demo is what the simulator writes; it names its cause, with no Catalog token too; nothing leaks."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from scimrunbook.cli import app
from scimrunbook.run import run_incident
from tests.conftest import ROOT
from tests.tenants import incident, quiet, tenant
from tests.truth import assert_truth

DEMO_FILES = {"okta": "create_off", "entra": "token_expired"}


@pytest.mark.parametrize("provider", DEMO_FILES)
def test_the_checked_in_files_are_what_the_simulator_writes(provider: str, tmp_path: Path) -> None:
    arguments = ["--fault", DEMO_FILES[provider], "--seed", "7", "--export", str(tmp_path / f"demo-{provider}-exports")]
    result = CliRunner().invoke(app, ["simulate", "--provider", provider, *arguments, "--incident", f"demo-{provider}"])
    assert result.exit_code == 0, result.output
    made = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    kept = ROOT / "parameters"
    here = [kept / f"demo-{provider}.yaml", *(kept / f"demo-{provider}-exports").iterdir()]
    assert {p.relative_to(kept) for p in here} == set(made)
    assert [str(n) for n, data in made.items() if (kept / n).read_bytes() != data] == [], "run: make demo-files"


@pytest.mark.parametrize("provider", DEMO_FILES)
def test_the_checked_in_demo_names_its_cause(provider: str, tmp_path: Path) -> None:
    result = run_incident(ROOT / "parameters" / f"demo-{provider}.yaml", progress=quiet, notebooks=False,
                          outputs=tmp_path)  # fmt: skip
    diagnosis = json.loads((result.folder / "diagnosis.json").read_text())
    truth = tenant(provider, DEMO_FILES[provider]).truth[0]
    assert (diagnosis["causes"][0]["cause"], diagnosis["causes"][0]["finding"]) == (truth.cause, truth.finding)
    assert result.exit_code == 1


@pytest.mark.parametrize("source", ["live", "exports"])
@pytest.mark.parametrize("provider", DEMO_FILES)
def test_without_anything_of_catalog_the_cause_is_named_from_provider_data(
    provider: str, source: str, tmp_path: Path
) -> None:
    with incident(provider, DEMO_FILES[provider], source, tmp_path / "i") as (file, built):
        data = yaml.safe_load(file.read_text())
        data["catalog"].pop("token", None)
        file.write_text(yaml.safe_dump(data))
        for path in (tmp_path / "i" / "exports").glob("catalog-*"):
            path.unlink()
        result = run_incident(file, progress=quiet, notebooks=False, outputs=tmp_path / "o")
    assert_truth(source, built, result)


def encodings(secret: str) -> dict[str, bytes]:
    """The token in every form in which it could turn up."""
    raw = secret.encode()
    forms = {"raw": raw, "hex": raw.hex().encode(), "reversed": raw[::-1], "utf-16": secret.encode("utf-16-le")}
    forms |= {"url": urllib.parse.quote(secret, safe="").encode(), "json": json.dumps(secret)[1:-1].encode()}
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        forms[f"base64 {shift}"] = coded[4 * (shift > 0) : -4]
        forms[f"urlsafe {shift}"] = base64.urlsafe_b64encode(b"\0" * shift + raw)[4 * (shift > 0) : -4]
    forms |= {f"part {i}": raw[i : i + 16] for i in range(0, len(raw) - 16, 4)}
    return forms


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_no_token_anywhere_in_a_run_the_terminal_or_the_logs(provider: str, tmp_path: Path) -> None:
    with incident(provider, "token_expired", "live", tmp_path / "i") as (file, built):
        command = [sys.executable, "-m", "scimrunbook", "run", str(file), "--outputs", str(tmp_path / "o")]
        done = subprocess.run(command, capture_output=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 1, done.stderr.decode()[-2000:]
    places = {"stdout": done.stdout, "stderr": done.stderr}
    places |= {str(p): p.read_bytes() for p in (tmp_path / "o").rglob("*") if p.is_file()}
    assert len(places) > 25
    for secret in (built.catalog_token, built.provider_token):
        for form, value in encodings(secret).items():
            assert len(value) >= 12
            hits = [name for name, data in places.items() if value in data]
            assert hits == [], f"the token stands there as {form}"
