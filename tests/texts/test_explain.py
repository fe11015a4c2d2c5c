"""``scimrunbook explain``: for a text, a stream, an id; completion; no pandas at the start."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from scimrunbook import guide
from scimrunbook.checks import REGISTRY, SECTIONS, checks_of
from scimrunbook.cli import app
from scimrunbook.explain import MAX_LINE, check_ids, close_to, explain_id, explain_stream, known_ids
from tests.conftest import ROOT


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["explain", *arguments])
    return result.exit_code, " ".join(result.output.split())


def test_a_text_is_explained_for_people() -> None:
    code, out = run("--text", "Unauthorized. Errors reported by remote server: token expired", "--provider", "okta")
    assert code == 0 and "Base URL or token" in out and "Test API Credentials" in out and "Source:" in out
    code, out = run("--text", "it does not work")
    assert code == 3 and "Find out next:" in out and "log entry of one affected person" in out


def test_json_is_the_contract() -> None:
    code, out = run("--text", "user already exists", "--json")
    told = json.loads(out)
    assert code == 0 and told["cause"] == "duplicate_identity" and told["ask"] is None
    assert {"cause", "confidence", "meaning", "actions", "ask", "source"} <= set(told)


def test_whom_it_hits_and_whether_others_succeed_are_weighed() -> None:
    told = [json.loads(run("--text", "Forbidden", "--json", *more)[1]) for more in ((), ("--others-succeed",))]
    assert told[0]["confidence"] != told[1]["confidence"] or told[0]["cause"] != told[1]["cause"]
    out = io.StringIO()
    explain_stream(io.BytesIO(b'{"text": "Forbidden"}\n{"text": "Forbidden", "reach": "one"}'), out)
    alone, one = map(json.loads, out.getvalue().splitlines())
    assert alone != one
    assert run("--text", "Forbidden", "--reach", "most")[0] == 2


@pytest.mark.parametrize(
    "arguments", [(), ("--text", "a", "--stdin"), ("--text", " "), ("--text", "a", "--provider", "x")]
)
def test_bad_usage_is_told(arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2


def test_a_stream_goes_on_after_a_bad_line() -> None:
    lines = [
        b'{"text": "rate limit exceeded", "provider": "other", "kind": "odd", "http_status": 429}',
        b"nonsense \xff",
        b"[1]",
        b'{"text": 5}',
        b"",
        b'{"text": "x", "http_status": "soon"}',
        b'{"text": "x", "http_status": 1e999}',
        b'{"text": "' + b"y" * (MAX_LINE + 5) + b'"}',
        b'{"text": "no seats left", "http_status": "402"}',
    ]
    out = io.StringIO()
    explain_stream(io.BytesIO(b"\n".join(lines)), out)
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [t.get("cause", "error") for t in told] == ["catalog_side", *["error"] * 6, "catalog_side"]
    assert [t["line"] for t in told if "error" in t] == [2, 3, 4, 6, 7, 8]


def test_the_stream_answers_each_line_at_once_and_without_pandas() -> None:
    program = "import sys; sys.argv = ['scimrunbook', 'explain', '--stdin']; from scimrunbook.cli import app\n"
    program += (
        "try: app()\nfinally: sys.stderr.write(' '.join(m for m in ('pandas', 'numpy', 'pyarrow') if m in sys.modules))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        for text in ("token expired", "user already exists"):
            process.stdin.write(json.dumps({"text": text}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["cause"] in ("url_or_token", "duplicate_identity")
        process.stdin.close()
        assert process.stderr.read() == b"" and process.wait(30) == 0


def test_a_text_is_explained_on_the_terminal_without_pandas() -> None:
    program = (
        "import sys; sys.argv = ['scimrunbook', 'explain', '--text', 'token expired']\n"
        "from scimrunbook.cli import app\n"
        "try: app()\nfinally: sys.stderr.write(' '.join(m for m in ('pandas', 'pyarrow', 'httpx') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert "Base URL or token" in done.stdout and done.stderr == ""


def test_every_id_is_explained() -> None:
    for section in SECTIONS:
        checks_of(section, "okta")
    assert set(check_ids()) == {c for c in REGISTRY if c.split(".")[0] != "test"}
    names = [n for n, _ in known_ids()]
    assert {*guide.CAUSES, *guide.ENTRA_ERRORS, *guide.OKTA_EVENTS, *guide.ENTRA_SKIPS, *check_ids()} <= set(names)
    for name in names:
        told = explain_id(name)
        assert told and told["meaning"] and told["fix"] and told["source"], name


def test_an_id_is_shown_or_the_like_of_it_named() -> None:
    assert "Speaks for" in run("ContosoEntryConflict")[1]
    code, out = run("token.is_accepted")
    assert code == 0 and "Healthy is: The token is accepted" in out and "Base URL and token" in out
    code, out = run("url_or_tokn")
    assert code == 2 and "Did you mean: url_or_token" in out
    assert close_to("entryconflict")[0] == "EntryConflict"


def test_ids_are_completed() -> None:
    from scimrunbook.cli.meaning import _ids

    started = time.process_time()
    assert ("duplicate_identity", "cause") in _ids("dup")
    assert {n for n, _ in _ids("token.is_")} >= {"token.is_accepted", "token.is_well_formed"}
    assert time.process_time() - started < 2
