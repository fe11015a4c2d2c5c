"""Two runs side by side: mended, new, unchanged, not judged; who moved on; the sentence for the ticket."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from scimrunbook.cli import app
from scimrunbook.compare import Judged, compare
from scimrunbook.problems import UserProblem
from scimrunbook.runfolder import find_run


def run(
    verdict: str, causes: dict[str, str], findings: dict[str, str], hops: dict[str, str], name: str = "r"
) -> Judged:
    diagnosis = {"incident": "CAT-1", "run": name, "as_of": "2026-11-20T14:00:00Z", "verdict": verdict,
                 "causes": [{"cause": c, "finding": f} for c, f in causes.items()]}  # fmt: skip
    people = pd.DataFrame(
        {"person_key": list(hops), "login": [f"{k}@example.com" for k in hops], "hop": list(hops.values())}
    )
    return Judged([{"id": i, "title": f"{i} is well", "status": s} for i, s in findings.items()], diagnosis, people)


BEFORE = run(
    "problem",
    {"url_or_token": "token.a", "attribute_mapping": "mapping.b", "sync_schedule": "sync.c"},
    {"token.a": "fail", "mapping.b": "warn", "sync.c": "fail", "start.d": "pass"},
    {"ada": "attempt", "bob": "attempt", "cid": "done", "dot": "attempt", "eve": "not_known"},
)
AFTER = run(
    "problem",
    {"attribute_mapping": "mapping.b"},
    {"token.a": "pass", "mapping.b": "fail", "sync.c": "skipped", "start.d": "fail"},
    {"ada": "done", "bob": "delivery", "cid": "account", "dot": "rightly_absent", "eve": "done", "fay": "done"},
)


def test_findings_are_mended_new_unchanged_or_not_judged() -> None:
    said = compare(BEFORE, AFTER)
    assert {k: [f["finding"] for f in said[k]] for k in ("fixed", "new", "unchanged", "not_judged")} == {
        "fixed": ["token.a"],
        "new": ["start.d"],
        "unchanged": ["mapping.b"],
        "not_judged": ["sync.c"],
    }
    assert said["causes"] == {
        "mended": ["url_or_token"],
        "unclear": ["sync_schedule"],
        "new": [],
        "same": ["attribute_mapping"],
    }
    json.dumps(said, allow_nan=False)


def test_people_arrive_move_on_and_fall_back() -> None:
    people = compare(BEFORE, AFTER)["people"]
    assert [p["key"] for p in people["arrived"]] == ["ada", "dot"]
    assert people["moved_on"] == [{"key": "bob", "login": "bob@example.com", "was": "attempt", "now": "delivery"}]
    assert [p["key"] for p in people["fell_back"]] == ["cid"]
    # from "not known" nobody moves: it is the knowledge that changed
    assert (people["unchanged"], people["only_before"], people["only_after"]) == (0, 0, 1)


def test_the_sentence_says_it_for_the_ticket() -> None:
    assert compare(BEFORE, AFTER)["sentence"] == (
        "Still a problem (mended: Base URL or token; not judged any more: Timing; still there: Attribute mapping); "
        "2 people arrived (ada@example.com, dot@example.com); 1 got further but stops at a later hop; "
        "1 person fell back (cid@example.com); 1 of the earlier findings could not be judged again."
    )
    healthy = run("healthy", {}, {"token.a": "pass"}, {"ada": "done"})
    assert compare(healthy, healthy)["sentence"] == "Healthy now; nobody moved."
    assert compare(healthy, BEFORE)["sentence"].startswith("Another problem now (new: Base URL or token, Attribute map")


def written(folder: Path, judged: Judged) -> Path:
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    (folder / "findings.json").write_text(json.dumps({"findings": judged.findings}))
    (folder / "diagnosis.json").write_text(json.dumps(judged.diagnosis))
    judged.hops.to_parquet(folder / "trace.parquet")
    return folder


def test_a_run_is_named_by_folder_by_incident_or_by_both(tmp_path: Path) -> None:
    old = written(tmp_path / "CAT-1" / "2026-11-20T14-00-00Z", BEFORE)
    new = written(tmp_path / "CAT-1" / "2026-11-20T15-00-00Z", AFTER)
    (tmp_path / "CAT-1" / "2026-11-20T16-00-00Z.partial").mkdir()
    assert find_run("CAT-1", tmp_path) == new
    assert find_run(f"CAT-1/{old.name}", tmp_path) == old
    assert find_run(str(old), Path("/nowhere")) == old
    with pytest.raises(UserProblem, match="CAT-1"):
        find_run("CAT-2", tmp_path)
    with pytest.raises(UserProblem, match="none yet"):
        find_run("CAT-2", tmp_path / "empty")


def test_the_verb_prints_the_sentence_and_json_alone(tmp_path: Path) -> None:
    old = written(tmp_path / "CAT-1" / "2026-11-20T14-00-00Z", BEFORE)
    written(tmp_path / "CAT-1" / "2026-11-20T15-00-00Z", AFTER)
    shown = CliRunner().invoke(app, ["compare", str(old), "CAT-1", "--outputs", str(tmp_path)])
    assert shown.exit_code == 1 and shown.output.startswith("Still a problem") and "Mended (1)" in shown.output
    data = CliRunner().invoke(app, ["compare", str(old), "CAT-1", "--outputs", str(tmp_path), "--json"])
    assert json.loads(data.stdout)["fixed"][0]["finding"] == "token.a"
    (old / "trace.parquet").unlink()
    broken = CliRunner().invoke(app, ["compare", str(old), "CAT-1", "--outputs", str(tmp_path)])
    assert broken.exit_code == 2 and "not a whole run" in broken.output
