"""Bad input gets one clear message with cause and remedy, the right exit code, no traceback, nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scimrunbook.cli import app

HEAD = "incident: CAT-1\nidentity_provider: okta\ncatalog_host: app.us.castordoc.com\n"
TOKEN = "00" + "aB3" * 13 + "x"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCIMRUNBOOK_OUTPUTS", raising=False)
    (tmp_path / "parameters").mkdir()

    def run(text: str | bytes | None, *arguments: str):
        path = tmp_path / "parameters" / "CAT-1.yaml"
        if text is not None:
            path.write_bytes(text.encode() if isinstance(text, str) else text)
        return CliRunner().invoke(app, ["check", str(path), *arguments])

    return run


FILES = {
    "missing file": (None, "no such file"),
    "empty file": ("", "empty"),
    "blank file": ("\n \n", "empty"),
    "a tab": ("incident: x\n\tidentity_provider: okta\n", "tab"),
    "a list": ("- incident: x\n", "list"),
    "a scalar": ("hello\n", "keys with values"),
    "not YAML": (HEAD + "people: [a\n", "YAML"),
    "not UTF-8": (HEAD.encode() + b"summary: \xff\xfe\n", "UTF-8"),
    "unknown provider": (HEAD.replace("okta", "octa"), "okta"),
    "unknown host": (HEAD.replace("app.us.", "app.uk."), "app.us.castordoc.com"),
    "unknown symptom": (HEAD + "symptoms: [missing_poeple]\n", "missing_people"),
    "unknown key": (HEAD + "peeple: []\n", "people"),
    "window end before start": (HEAD + "window: {start: 2026-11-20T00:00:00Z, end: 2026-11-19T00:00:00Z}\n", "window"),
    "naive times": (HEAD + "window: {start: 2026-11-20T00:00:00, end: 2026-11-21T00:00:00}\n", "Z"),
    "a token in the file": (HEAD + f"okta: {{org_url: https://acme.okta.com, token: {TOKEN}}}\n", "env:"),
    "a path in the name": (HEAD.replace("CAT-1", "../../x"), "incident"),
    "connect_to elsewhere": (HEAD + "connect_to: 10.1.2.3:80\n", "127.0.0.1"),
    "both providers": (HEAD + "entra: {tenant_id: x}\n", "identity_provider"),
    "exports folder absent": (HEAD + "exports: nowhere\n", "nowhere"),
}


@pytest.mark.parametrize("case", FILES)
def test_incident_files(case: str, cli, tmp_path: Path) -> None:
    text, said = FILES[case]
    result = cli(text)
    assert result.exit_code == 2, result.output
    assert said.lower() in result.stderr.lower()
    assert "Traceback" not in result.output and TOKEN not in result.output
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) >= 2, "a cause without a remedy"
    assert not (tmp_path / "outputs").exists() or not list((tmp_path / "outputs").rglob("*.json"))
    assert not list(tmp_path.rglob("*.partial"))


FOLDERS = {
    "empty": {},
    "strangers": {"photo.png": b"\x89PNG\r\n\x1a\n\x00\x00", "notes.txt": b"hello there", "other.json": b'{"a": 1}'},
    "zero bytes": {"system-log.csv": b""},
    "truncated": {"system-log.json": b'[{"eventType": "user.lifecycle.create", "published": "2026-11-'},
    "web page": {"system-log.json": b"<!doctype html><html><body>Sign in</body></html>"},
}


@pytest.mark.parametrize("case", FOLDERS)
def test_exports_nobody_can_use(case: str, cli, tmp_path: Path) -> None:
    folder = tmp_path / "parameters" / "e"
    folder.mkdir()
    for name, data in FOLDERS[case].items():
        (folder / name).write_bytes(data)
    result = cli(HEAD + "exports: e\n")
    assert result.exit_code == 2, result.output
    for name in FOLDERS[case]:
        assert name in result.stderr
    assert "System Log" in result.stderr, "what is expected is not said"
    assert "Traceback" not in result.output
    assert not list(tmp_path.rglob("*.partial"))


def test_a_server_that_is_down_is_a_finding_not_a_crash(cli, tmp_path: Path) -> None:
    token = tmp_path / "parameters" / "t"
    token.write_text("x" * 43)
    token.chmod(0o600)
    text = HEAD + "okta: {org_url: https://acme-practice.okta.com, token: 'file:t'}\nconnect_to: 127.0.0.1:9\n"
    result = cli(text + "symptoms: [missing_people]\n", "--json")
    assert result.exit_code == 3, result.output
    data = json.loads(result.stdout)
    assert data["verdict"] == "inconclusive"
    assert data["not_checked"]
    assert "Traceback" not in result.output


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_token_file_others_can_read_is_refused_without_its_value(mode: int, cli, tmp_path: Path) -> None:
    token = tmp_path / "parameters" / "t"
    token.write_text(TOKEN)
    token.chmod(mode)
    text = HEAD + "okta: {org_url: https://acme-practice.okta.com, token: 'file:t'}\nconnect_to: 127.0.0.1:9\n"
    result = cli(text, "--json")
    assert result.exit_code == 3
    assert TOKEN not in result.output
    assert "0600" in result.output
    for path in (tmp_path / "outputs").rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes()


@pytest.mark.parametrize("arguments", [["check"], ["run", "x.yaml", "--probe", "hard"], ["simulate"], ["nonsense"],
                                       ["simulate", "--provider", "okta", "--fault", "nonsense"],
                                       ["simulate", "--provider", "entra", "--fault", "app_inactive"]])  # fmt: skip
def test_bad_usage_is_exit_2(arguments: list[str], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.strip() and "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["run", "check", "init", "simulate", "demo"])
def test_help_teaches_with_an_example(verb: str) -> None:
    result = CliRunner().invoke(app, [verb, "--help"])
    assert result.exit_code == 0
    assert f"Example: scimrunbook {verb}" in " ".join(result.output.split())


def test_sr_68_what_is_refused_does_not_steer_the_terminal(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["report", "no\u202e\x9bsuch", "--outputs", str(tmp_path)])
    assert told.exit_code == 2
    assert not {"\u202e", "\x9b"} & set(told.output), told.output
