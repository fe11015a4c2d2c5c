"""The command line is lean: it imports only what a verb needs, and reads options as typer itself would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from scimrunbook.cli.lean import Verbs, name_of, only
from tests.conftest import ROOT

READING = {"pandas", "numpy", "pyarrow", "httpx", "yaml", "msgspec"}
NOTEBOOKS = {"papermill", "nbformat", "nbclient", "ipykernel", "IPython", "ipywidgets", "jupyter_client", "matplotlib"}
TOOLS = {"rich.markdown", "rich.traceback", "jinja2", "starlette", "scim2_models", "distributed", "duckdb"}
NEVER: dict[str, set[str]] = {
    "--help": READING | NOTEBOOKS | TOOLS | {"pydantic", "rich", "pygments", "tomllib"},
    "explain --help": READING | NOTEBOOKS | TOOLS | {"pydantic", "rich", "pygments", "tomllib"},
    "explain --text gibberish": READING | NOTEBOOKS | TOOLS | {"pydantic", "pygments", "tomllib"},
    "check absent.yaml": NOTEBOOKS | TOOLS | {"tomllib"},
    "trace absent.yaml ada@example.com": NOTEBOOKS | TOOLS | {"tomllib"},
}


@pytest.mark.parametrize("line", NEVER)
def test_a_verb_imports_no_more_than_it_needs(line: str, tmp_path: Path) -> None:
    program = (
        "import json, sys\nfrom scimrunbook.cli import main\n"
        "try: main()\nfinally: print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, *line.split()]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, timeout=60, env={"PYTHONPATH": str(ROOT), "HOME": ""}
    )
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert "scimrunbook.cli.meaning" in loaded and (done.stdout or "no such file" in done.stderr)
    assert sorted(NEVER[line] & loaded) == []


def _verb(
    name: Annotated[str, typer.Argument()],
    word: Annotated[str, typer.Option()] = "w",
    maybe: Annotated[str | None, typer.Option()] = None,
    many: Annotated[list[str] | None, typer.Option()] = None,
    number: Annotated[int | None, typer.Option(min=1, max=9)] = None,
    path: Annotated[Path | None, typer.Option()] = None,
    flag: Annotated[bool | None, typer.Option("--flag/--no-flag")] = None,
    shouted: Annotated[str | None, typer.Option(parser=str.upper)] = None,
    called: Annotated[str | None, typer.Option(callback=lambda value: f"<{value}>")] = None,
) -> None:
    """One of everything."""
    typer.echo(repr((name, word, maybe, many, number, path, flag, shouted, called)))


def _other() -> None:
    """Another."""


def _app(group: type[TyperGroup]) -> typer.Typer:
    app = typer.Typer(cls=group, rich_markup_mode=None)
    app.command("verb")(_verb)
    app.command("other")(_other)
    return app


@pytest.mark.parametrize(
    "line",
    [
        "a",
        "",
        "a --word x --maybe y",
        "a --many x --many y --number 3",
        "a --number 10",
        "a --number x",
        "a --path p --flag",
        "a --no-flag --shouted x --called y",
        "a --word",
        "a --none",
        "--help",
    ],
)
def test_options_are_read_as_typer_reads_them(line: str) -> None:
    ours, theirs = (CliRunner().invoke(_app(group), ["verb", *line.split()]) for group in (Verbs, TyperGroup))
    assert (ours.exit_code, ours.output) == (theirs.exit_code, theirs.output)


def test_only_the_verb_that_is_asked_for_is_built_and_the_list_stays_whole() -> None:
    whole = CliRunner().invoke(_app(Verbs), ["--help"]).output
    for arguments, left in ((["verb", "a"], ["verb"]), (["--help"], ["verb", "other"]), (["no"], ["verb", "other"])):
        app = _app(Verbs)
        only(app, arguments)
        assert [name_of(c) for c in app.registered_commands] == left
        if arguments == ["--help"]:
            assert CliRunner().invoke(app, arguments).output == whole and "One of everything." in whole
