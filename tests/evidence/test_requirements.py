"""The requirements no other test names: what the sources and the notebooks must not contain; and the table of all."""

from __future__ import annotations

import ast
import json
import pickle
import re
from functools import cache
from pathlib import Path

import nbformat
import pydantic
import pytest
from typer.main import get_command

from scimrunbook.cli import app
from scimrunbook.evidence.secrets import Secret, register
from scimrunbook.incident import Incident
from scimrunbook.incident_file import IncidentError, read_incident
from scimrunbook.problems import told
from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.json_reading import read_json
from tests.conftest import ROOT
from tests.evidence import table

TOKEN = "canary-Zq8x-Lk27-Vm93-Pt46-Rw58-Yd14"
SOURCES = [p for p in (ROOT / "scimrunbook").rglob("*.py") if "simulator" not in p.parts]
FILES_OF_KEYS = {"key", "tls_key"}  # options that take the path of a key, as ssh does
SECRET_NAME = re.compile(r"(?i)token|secret|pass|key|auth|credential")


@cache
def calls(path: Path) -> list[tuple[str, ast.Call]]:
    return called(ast.parse(path.read_text("utf-8")))


def called(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    return [(ast.unparse(n.func), n) for n in ast.walk(tree) if isinstance(n, ast.Call)]


def flag(call: ast.Call, name: str) -> object:
    return next((k.value.value for k in call.keywords if k.arg == name and isinstance(k.value, ast.Constant)), None)


def test_sr_05_no_secret_is_a_parameter_an_argument_or_a_widget() -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        code = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code")
        assert "Password" not in code and "input(" not in code and "getpass" not in code
        names = {n.id for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        assert not [n for n in names if SECRET_NAME.search(n)]
    for name, verb in get_command(app).commands.items():
        for option in verb.params:
            harmless = option.name in FILES_OF_KEYS or getattr(option, "is_flag", False)
            assert harmless or not SECRET_NAME.search(option.name), f"{name} --{option.name}"
    for path in SOURCES:
        assert not [f for f, _ in calls(path) if f.endswith(("widgets.Password", "hide_input"))], path.name


def test_sr_10_an_error_of_our_own_leaves_a_scrubbed_private_file(tmp_path: Path) -> None:
    register(TOKEN)
    try:
        raise KeyError(f"Illegal header value Bearer {TOKEN}")
    except KeyError as problem:
        message, code = told(problem, tmp_path)
    kept = tmp_path / "scimrunbook-error.log"
    assert code == 70 and TOKEN not in message and kept.stat().st_mode & 0o077 == 0
    assert TOKEN not in kept.read_text() and "[REDACTED]" in kept.read_text()


def test_sr_11_no_renderer_shows_locals(tmp_path: Path) -> None:
    assert app.pretty_exceptions_enable is False
    for path in SOURCES:
        text = path.read_text("utf-8")
        assert not re.search(r"import (structlog|loguru)|rich\.traceback|show_locals=True|diagnose=True|xmode", text), (
            path.name
        )
    canary = "-".join(["local", "of", "a", "frame", "that", "failed"])  # registered nowhere: nothing would scrub it

    def failing(hidden: str) -> None:
        raise ValueError(len(hidden))

    try:
        failing(canary)
    except ValueError as problem:
        message, _ = told(problem, tmp_path)
    assert canary not in message and canary not in (tmp_path / "scimrunbook-error.log").read_text()


def test_sr_12_a_model_repeats_no_input() -> None:
    with pytest.raises(pydantic.ValidationError) as refused:
        Incident.model_validate({"incident": "A", "identity_provider": "okta", "catalog_host": TOKEN})
    assert TOKEN not in str(refused.value)
    assert TOKEN not in json.dumps(refused.value.errors(include_input=False, include_url=False), default=str)
    for path in SOURCES:
        for name, call in calls(path):
            if name.endswith(".errors") and not call.args:
                assert flag(call, "include_input") is False, path.name


def test_sr_16_a_secret_cannot_be_pickled_for_a_worker_or_a_cache() -> None:
    for form in (pickle.dumps, lambda s: pickle.dumps({"graph": [s]})):
        with pytest.raises(TypeError):
            form(Secret(TOKEN))


@pytest.mark.parametrize(
    "body", [b"[" * 200 + b"]" * 200, b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": -Infinity}', b"{", b"", b"9" * 5000]
)
def test_sr_60_json_is_bounded_and_unambiguous(body: bytes) -> None:
    with pytest.raises(ReadFailure):
        read_json(body)


def test_sr_60_half_characters_are_made_whole() -> None:
    assert read_json(rb'{"a": "\ud800"}')["a"].encode()


def test_sr_61_no_loader_that_executes_or_expands() -> None:
    banned = ("yaml.load", "yaml.unsafe_load", "yaml.full_load", "pickle.load", "pickle.loads", "tarfile.open",
              "shelve.open", "marshal.loads", "eval", "exec", "read_pickle", "extractall")  # fmt: skip
    for path in SOURCES:
        assert not [f for f, _ in calls(path) if f in banned or f.rpartition(".")[2] in ("read_pickle", "extractall")]
    bomb = b"incident: A\na: &a [x]\nb: &b [*a, *a]\n"
    with pytest.raises(IncidentError, match="anchors and aliases"):
        read_incident(bomb, Path("x.yaml"))
    with pytest.raises(IncidentError, match="64 KiB"):
        read_incident(b"#" * 70_000, Path("x.yaml"))


def test_sr_64_the_notebooks_are_given_two_parameters_by_name() -> None:
    tree = ast.parse((ROOT / "scimrunbook" / "notebooks.py").read_text())
    given = [
        n
        for n in ast.walk(tree)
        if isinstance(n, ast.Dict) and {getattr(k, "value", None) for k in n.keys} == {"incident", "run"}
    ]
    assert len(given) == 1
    for hostile in ("x=1\nimport os", "a\nb", "a b", "x" * 65):
        with pytest.raises(IncidentError):
            read_incident(f"incident: {json.dumps(hostile)}\n".encode(), Path("x.yaml"))


def test_sr_67_nothing_from_a_log_becomes_markup() -> None:
    shown = [(path.name, calls(path)) for path in SOURCES]
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        code = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code")
        shown.append((path.name, called(ast.parse(code))))
    assert len(shown) > 100
    for place, found in shown:
        for name, call in found:
            last = name.rpartition(".")[2]
            assert last not in ("HTML", "Markdown", "Styler", "to_html") or place == "svg.py", f"{place}: {name}"
            assert flag(call, "escape") is not False, place
    assert not [p.name for p in SOURCES if "Styler" in p.read_text("utf-8")]


def test_sr_70_the_linters_gap_is_closed() -> None:
    config = (ROOT / "pyproject.toml").read_text()
    assert all(f'"{rule}"' in config for rule in ("S", "T20", "G"))
    for path in SOURCES:
        for name, call in calls(path):
            assert flag(call, "allow_pickle") is not True and flag(call, "follow_redirects") is not True, path.name
            assert name not in ("yaml.unsafe_load", "HTML") and flag(call, "escape") is not False
            assert not (name == "print" and "environ" in ast.unparse(call)), path.name


def test_every_requirement_has_a_test_or_a_reason_and_the_table_is_current() -> None:
    named = table.tests_by_requirement()
    assert sorted(table.REQUIREMENTS) == list(range(1, 73))
    lacking = [n for n in table.REQUIREMENTS if n not in named and n not in table.REASONS]
    assert lacking == []
    assert (ROOT / "docs" / "security.md").read_text("utf-8") == table.document(), "python -m tests.evidence.table"
