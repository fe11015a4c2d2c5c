"""The doctor: well at 80 columns, no credential shown, nothing sent, and what is broken is said with its remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from scimrunbook.cli import app
from scimrunbook.doctor import Checked, health, lines
from scimrunbook.sources import http
from tests.conftest import ROOT

SECRET = "-".join(["doctor"] * 5)


def written(folder: Path, **more: object) -> Path:
    path = folder / "T-1.yaml"
    head = {"incident": "T-1", "identity_provider": "okta", "catalog_host": "app.us.castordoc.com"}
    path.write_text(yaml.safe_dump(head | more))
    return path


def by_name(path: Path | None) -> dict[str, Checked]:
    return {c.name: c for c in health(path)}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the doctor sends nothing")

    monkeypatch.setattr(http.Reader, "_once", refuse)
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("file", [None, "demo-okta.yaml", "demo-entra.yaml"])
def test_it_fits_eighty_columns_and_ends_with_a_sum(file: str | None) -> None:
    said = lines(list(health(ROOT / "parameters" / file if file else None)))
    assert max(map(len, said)) <= 80
    assert said[-1] == "All is well." or "to mend" in said[-1]


def test_a_credential_is_tried_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "t").write_text(f"  {SECRET}\n")
    (tmp_path / "t").chmod(0o600)
    path = written(
        tmp_path, catalog={"token": "file:t"}, okta={"org_url": "https://a.okta.com", "token": "env:NO_SUCH"}
    )
    checked = by_name(path)
    assert checked["catalog.token (file:t)"].state == "warn"  # pasted with blanks
    assert checked["okta.token (env:NO_SUCH)"].state == "fail" and checked["okta.token (env:NO_SUCH)"].remedy
    done = CliRunner().invoke(app, ["doctor", str(path)])
    assert done.exit_code == 2 and SECRET not in done.output and "1 to mend, 1 to look at" in done.output
    told = json.loads(CliRunner().invoke(app, ["doctor", str(path), "--json"]).stdout)
    assert told["ok"] is False and SECRET not in json.dumps(told)


def test_proxy_and_certificates_are_told_without_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://ada:{SECRET}@proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    checked = by_name(written(tmp_path))
    assert checked["api.us.castordoc.com"].said == "through http://proxy.example:3128"
    assert checked["certificates"].state == "fail" and "never used" in checked["HTTP_PROXY"].said
    assert SECRET not in "\n".join(lines(list(checked.values())))


def test_it_says_what_nobody_will_be_able_to_tell(tmp_path: Path) -> None:
    checked = by_name(written(tmp_path))
    assert checked["Okta"].state == "warn" and "System Log" in checked["Okta"].remedy
    assert "not checked" in checked["Catalog"].said
    empty = by_name(written(tmp_path, exports="nothing-there"))
    assert empty["exports"].state == "fail"


def test_nobody_is_asked_for_anything(tmp_path: Path) -> None:
    checked = by_name(written(tmp_path, catalog={"token": "prompt"}))
    assert checked["catalog.token"].said.startswith("will be asked for")


def test_it_reads_the_exports_and_says_what_they_will_not_tell(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "page\u202e.html").write_text("<html>")
    app = {"id": "0oa1gjh63g214q0Hq0g4", "name": "scim2headerauth", "label": "C", "signOnMode": "X", "features": []}
    (folder / "app.json").write_text(json.dumps(app))
    file = written(tmp_path, exports="out", okta={"org_url": "https://acme.okta.com", "token": "env:NOT_SET_AT_ALL"})
    told = by_name(file)
    assert told["Okta"].state == "info" and "until its credential is mended" in told["Okta"].said
    assert told["exports/app.json"].said.startswith("1 record. Okta application")
    assert "a web page" in told["exports/page?.html"].said
    assert "System Log" in told["not among the files"].said and "application;" not in told["not among the files"].said
