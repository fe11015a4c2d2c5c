"""Answers of humans: appended, scrubbed, the newest counts, and the next judgement uses them."""

from __future__ import annotations

import base64
import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scimrunbook.answers import FILE, merged, record, recorded
from scimrunbook.evidence.secrets import register
from scimrunbook.incident import Incident
from scimrunbook.problems import UserProblem
from scimrunbook.run import judge_again, run_incident
from scimrunbook.runfolder import head_of
from tests.conftest import ROOT
from tests.tenants import quiet

CHECK = "start.setup_completed"


def incident(**answers: dict[str, str]) -> Incident:
    return Incident.model_validate(
        {"incident": "T-1", "identity_provider": "okta", "catalog_host": "app.castordoc.com", "answers": answers}
    )


def test_answers_are_appended_and_the_newest_counts(tmp_path: Path) -> None:
    record(tmp_path, CHECK, "no", by="ada", at=datetime(2026, 11, 20, tzinfo=UTC))
    first = (tmp_path / FILE).read_bytes()
    record(tmp_path, CHECK, "yes", note="asked Bob", by="bob", at=datetime(2026, 11, 21, tzinfo=UTC))
    assert (tmp_path / FILE).read_bytes().startswith(first), "what was said stays said"
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    newest = merged(incident(), tmp_path)[CHECK]
    assert (newest["answer"], newest["by"], newest["note"]) == ("yes", "bob", "asked Bob")
    later = {"answer": "cannot tell", "at": "2026-11-22T00:00:00Z"}
    assert merged(incident(**{CHECK: later}), tmp_path)[CHECK]["answer"] == "cannot tell"
    assert merged(incident(**{CHECK: {"answer": "no"}}), tmp_path)[CHECK]["answer"] == "yes"


def test_a_torn_line_hides_no_other_answer(tmp_path: Path) -> None:
    record(tmp_path, CHECK, "yes", by=None)
    with (tmp_path / FILE).open("a") as file:
        file.write('{"check": "start.x", "answer": \n[]\n"text"\n{"check": "No Id", "answer": "yes"}\n\xff\n')
    record(tmp_path, "token.not_shared_elsewhere", "no", by=None)
    assert [r["check"] for r in recorded(tmp_path)] == [CHECK, "token.not_shared_elsewhere"]


def test_an_answer_behind_a_torn_line_and_one_with_a_foreign_line_end_are_kept(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"check": "start.setup')  # killed while it wrote
    record(tmp_path, "start.setup_completed", "yes", note="pasted\u2028in two lines\x85", by="ada")
    assert [(row["answer"], row["note"]) for row in recorded(tmp_path)] == [("yes", "pasted\u2028in two lines")]


def test_a_note_keeps_no_token(tmp_path: Path) -> None:
    register("a-secret-that-was-typed-1234")
    part = base64.urlsafe_b64encode(b'{"alg": "HS256", "of": "nobody"}').decode().rstrip("=")
    jwt = ".".join([part, part, part])
    record(tmp_path, CHECK, "yes", note=f"a-secret-that-was-typed-1234 and {jwt}", by="ada")
    text = (tmp_path / FILE).read_text()
    assert "a-secret-that" not in text and jwt not in text and "REDACTED" in text


def test_no_answer_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserProblem):
        record(tmp_path, CHECK, "  ", by=None)
    assert not (tmp_path / FILE).exists()


def test_the_next_judgement_uses_the_answer_and_leaves_the_earlier_run_alone(tmp_path: Path) -> None:
    file = ROOT / "parameters" / "demo-okta.yaml"
    first = run_incident(file, progress=quiet, notebooks=False, outputs=tmp_path)
    before = {p.name: p.read_bytes() for p in first.folder.iterdir() if p.is_file()}
    assert next(f for f in first.judgement.findings if f.id == CHECK).status == "manual"
    record(first.folder.parent, CHECK, "no", by="ada", note="Catalog ops never saw it")
    second = judge_again(file, first.folder, progress=quiet)
    said = next(f for f in second.judgement.findings if f.id == CHECK)
    assert said.status == "fail" and said.answer and said.answer["by"] == "ada"
    assert {p.name: p.read_bytes() for p in first.folder.iterdir() if p.is_file()} == before
    head = head_of(second.folder)
    assert head["snapshot_of"] == first.folder.name and head["state"] == "complete"
    assert head["inputs"] == json.loads(before["run.json"])["inputs"]
    assert "Catalog ops never saw it" in (second.folder / "report.html").read_text()
