"""The index over all runs: made from the run folders alone, and what came back is known."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from scimrunbook.cli import app
from scimrunbook.index import counted, latest, runs, selected, write_index

HOSTILE = "<img src=x onerror=alert(1)>"


def run(outputs: Path, incident: str, day: int, finding: str, cause: str = "url_or_token", **head: object) -> None:
    folder = outputs / incident / f"2026-11-{day:02d}T10-00-00Z"
    folder.mkdir(parents=True)
    known = {"incident": incident, "run": folder.name, "started_at": f"2026-11-{day:02d}T10:00:00Z", "version": "1"}
    (folder / "run.json").write_text(json.dumps({**known, "identity_provider": "okta", "practice": False, **head}))
    causes = [{"cause": cause, "finding": f, "affected": {"count": 3}} for f in finding.split()]
    verdict = str(head.pop("verdict", "problem" if finding else "healthy"))
    (folder / "diagnosis.json").write_text(json.dumps({"verdict": verdict, "causes": causes}))


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    for day, finding in ((1, "token.is_accepted"), (2, ""), (3, "token.is_accepted")):
        run(tmp_path, "A-1", day, finding, tenant="https://a.okta.com")
    for day, finding in ((1, "token.is_accepted"), (2, "token.is_accepted"), (4, "")):
        run(tmp_path, "B-2", day, finding, tenant="https://b.okta.com")
    for day, finding in ((1, "x.y"), (5, "token.is_accepted")):
        run(tmp_path, "C-3", day, finding, tenant=HOSTILE)
    run(tmp_path, "D-4", 6, "mapping.okta_to_app", cause="attribute_mapping", tenant="https://a.okta.com")
    (tmp_path / "E-5" / "2026-11-01T10-00-00Z").mkdir(parents=True)  # a run of something else
    (tmp_path / "E-5" / "2026-11-01T10-00-00Z" / "run.json").write_text("nonsense")
    (tmp_path / "D-4" / "2026-11-07T10-00-00Z.partial").mkdir()
    return tmp_path


def test_one_row_per_complete_run_the_newest_first(outputs: Path) -> None:
    frame = runs(outputs)
    assert len(frame) == 9 and frame["started_at"].is_monotonic_decreasing
    assert runs(outputs / "absent").empty and write_index(outputs / "new").empty


def test_what_was_gone_in_between_came_back(outputs: Path) -> None:
    newest = latest(runs(outputs)).set_index("incident")
    assert newest["came_back"].to_dict() == {"A-1": True, "B-2": False, "C-3": False, "D-4": False}
    assert newest["verdict"].to_dict() == {"A-1": "problem", "B-2": "healthy", "C-3": "problem", "D-4": "problem"}


def test_neither_an_undecided_run_nor_a_second_place_says_that_it_was_gone(tmp_path: Path) -> None:
    run(tmp_path, "U-1", 1, "token.is_accepted")
    run(tmp_path, "U-1", 2, "", verdict="inconclusive")
    run(tmp_path, "U-1", 3, "x.y token.is_accepted")
    run(tmp_path, "U-1", 4, "token.is_accepted")
    assert not latest(runs(tmp_path))["came_back"].any()
    assert set(selected(runs(tmp_path), cause="token.is")["run"].str[:10]) == {f"2026-11-0{d}" for d in (1, 3, 4)}


def test_two_that_write_the_index_at_once_do_not_meet(outputs: Path) -> None:
    problems: list[BaseException] = []

    def again() -> None:
        try:
            for _ in range(5):
                write_index(outputs)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=again) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert sorted(p.name for p in outputs.iterdir() if p.is_file()) == ["index.html", "index.parquet"]


def test_questions(outputs: Path) -> None:
    newest = latest(runs(outputs))
    assert set(selected(newest, tenant="a.okta")["incident"]) == {"A-1", "D-4"}
    assert set(selected(newest, cause="TOKEN")["incident"]) == {"A-1", "C-3"}
    assert set(selected(newest, verdict="healthy")["incident"]) == {"B-2"}
    assert selected(newest, days=1).empty
    by = counted(newest, "cause")
    assert next(zip(by["cause"], by["incidents"], strict=True)) == ("url_or_token", 2)
    assert by["incidents"].sum() == 4


def test_the_page_is_static_and_the_table_is_whole(outputs: Path) -> None:
    write_index(outputs)
    page = (outputs / "index.html").read_text()
    assert "<script" not in page and HOSTILE not in page and "&lt;img src=x" in page
    assert 'href="A-1/2026-11-03T10-00-00Z/report.html"' in page and page.count("came back") == 1
    assert len(pd.read_parquet(outputs / "index.parquet")) == 9
    assert (outputs / "index.html").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("arguments", "said"), [
    ([], "A-1 token.is_accepted (came back)"), (["--came-back", "--json"], '"incident": "A-1"'),
    (["--by", "cause"], "2 url_or_token"), (["--cause", "nothing"], "None of the newest runs of 4 incidents matches"),
    (["--all-runs", "--by", "cause"], "3 url_or_token"), (["--all-runs", "--cause", "x.y"], "2026-11-01 10:00 C-3 x.y"),
])  # fmt: skip
def test_the_verb_answers(arguments: list[str], said: str, outputs: Path) -> None:
    result = CliRunner().invoke(app, ["index", "--outputs", str(outputs), *arguments])
    assert result.exit_code == 0, result.output
    assert said in result.stdout


@pytest.mark.parametrize("arguments", [["--by", "nonsense"], ["--outputs", "absent"], ["--verdict", "sick"]])
def test_a_bad_question_is_told(arguments: list[str], outputs: Path) -> None:
    result = CliRunner().invoke(app, ["index", "--outputs", str(outputs), *arguments])
    assert result.exit_code == 2 and len(result.stderr.strip().splitlines()) == 2
