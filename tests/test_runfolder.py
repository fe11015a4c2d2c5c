"""A run folder: private, partial until whole, read-only after, never written twice."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

from scimrunbook.runfolder import PARTIAL, RunFolder, complete_runs, head_of, home_of, outputs_of, write

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_partial_until_finished_then_read_only(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "CAT-1", NOON)
    assert run.path.name == "2026-11-20T12-00-00Z" + PARTIAL
    assert complete_runs(tmp_path / "CAT-1") == []
    run.json("findings.json", {"findings": []})
    done = run.finish()
    assert done.name == "2026-11-20T12-00-00Z"
    assert complete_runs(tmp_path / "CAT-1") == [done]
    assert head_of(done)["state"] == "complete"
    assert {stat.S_IMODE(f.stat().st_mode) for f in done.rglob("*") if f.is_file()} == {0o400}
    assert stat.S_IMODE(done.stat().st_mode) == 0o700


def test_two_runs_of_one_second_get_two_names(tmp_path: Path) -> None:
    first, second = (RunFolder(tmp_path / "CAT-1", NOON) for _ in range(2))
    assert first.path != second.path
    names = {first.finish().name, second.finish().name}
    third = RunFolder(tmp_path / "CAT-1", NOON)
    assert third.finish().name not in names
    assert len(complete_runs(tmp_path / "CAT-1")) == 3


def test_what_stops_a_run_never_changes_a_complete_one(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "CAT-1", NOON)
    run.stopped("interrupted")
    assert head_of(run.path)["state"] == "interrupted" and head_of(run.path)["holds"] == ["run.json"]
    before, done = run.path, run.finish()
    run.stopped("failed")
    run.path = before  # interrupted between the renaming and the note of it
    run.stopped("failed")
    assert head_of(done)["state"] == "complete" and not before.exists()


def test_a_refused_run_takes_no_folder_from_one_that_begins(tmp_path: Path, monkeypatch) -> None:
    mkdir, taken = Path.mkdir, []

    def raced(path: Path, *args: object, **options: object) -> None:
        if path.name.endswith(PARTIAL) and not taken:
            taken.append(path.parent.rmdir())  # the other's discard, between our two steps
        mkdir(path, *args, **options)

    monkeypatch.setattr(Path, "mkdir", raced)
    assert RunFolder(tmp_path / "CAT-1", NOON).path.is_dir() and taken


def test_discard_leaves_nothing(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "CAT-1", NOON)
    run.json("deep/findings.json", {})
    run.discard()
    assert list(tmp_path.iterdir()) == []


def test_discard_keeps_earlier_runs(tmp_path: Path) -> None:
    kept = RunFolder(tmp_path / "CAT-1", NOON).finish()
    RunFolder(tmp_path / "CAT-1", NOON).discard()
    assert list((tmp_path / "CAT-1").iterdir()) == [kept]


def test_files_are_private_and_whole(tmp_path: Path) -> None:
    target = tmp_path / "sub" / "x.json"
    write(target, '{"a": 1}')
    write(target, '{"a": 2}')
    assert json.loads(target.read_text()) == {"a": 2}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [p.name for p in target.parent.iterdir()] == ["x.json"]


def test_outputs_belong_to_the_project_of_the_incident(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("SCIMRUNBOOK_OUTPUTS", raising=False)
    (tmp_path / "parameters" / "team").mkdir(parents=True)
    inside = tmp_path / "parameters" / "team" / "a.yaml"
    assert home_of(inside) == tmp_path
    assert outputs_of(inside) == tmp_path / "outputs"
    elsewhere = tmp_path / "parameters" / "elsewhere.yaml"
    monkeypatch.setenv("SCIMRUNBOOK_OUTPUTS", str(tmp_path / "o"))
    assert outputs_of(elsewhere) == tmp_path / "o"
