"""The snapshot: typed tables whatever the rows were, saved and loaded without a difference."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrunbook.incident import Incident
from scimrunbook.snapshot import TABLES, AppFacts, Candidate, Facts, Snapshot, SnapshotError, empty, frame, load, save

INCIDENT = Incident(incident="1e5", identity_provider="entra", catalog_host="app.castordoc.com")

scalars = st.none() | st.text(max_size=20)
times = st.sampled_from(
    [None, "", "0001-01-01T00:00:00Z", "2026-11-20T14:00:00Z", "2026-11-20T14:00:00.1234567Z", "no time", "2026-11-20"]
)
values = {"text": scalars, "bool": st.none() | st.booleans(), "int": st.none() | st.integers(-9, 9), "time": times}


@st.composite
def table_rows(draw: st.DrawFn) -> tuple[str, list[dict]]:
    name = draw(st.sampled_from(sorted(TABLES)))
    columns = {c: values[k] for c, k in TABLES[name].items()}
    return name, draw(st.lists(st.fixed_dictionaries({}, optional=columns), max_size=4))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine draws slowly
@given(table_rows())
def test_any_rows_give_the_schema(made: tuple[str, list[dict]]) -> None:
    name, rows = made
    table = frame(name, rows)
    assert list(table.columns) == list(TABLES[name])
    assert len(table) == len(rows)
    assert (table.dtypes == empty(name).dtypes).all()


def test_year_one_and_empty_text_are_missing() -> None:
    table = frame("jobs", [{"job_id": "", "last_ended_at": "0001-01-01T00:00:00Z", "last_began_at": "2026-11-20"}])
    assert table.iloc[0][["job_id", "last_ended_at"]].isna().all()
    assert table.iloc[0]["last_began_at"] == pd.Timestamp("2026-11-20", tz="UTC")


def test_an_unknown_column_is_a_programming_error() -> None:
    with pytest.raises(KeyError, match="no column loginn"):
        frame("people", [{"loginn": "x"}])


def snapshot() -> Snapshot:
    facts = Facts(
        as_of="2026-11-20T14:00:00Z",
        app=AppFacts(id="x", features=["A"], object_mappings=[{"object": "user"}], candidates=[Candidate("j", "job")]),
    )
    people = frame(
        "people", [{"person_key": "1", "login": "é@example.com", "active": None, "created_at": "2026-11-01"}]
    )
    return Snapshot(INCIDENT, facts, {"people": people}, {"start.setup_completed": {"answer": "yes"}})


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    before = snapshot()
    save(before, tmp_path / "s")
    after = load(tmp_path / "s")
    assert (after.incident, after.facts, after.answers) == (before.incident, before.facts, before.answers)
    for name in TABLES:
        pd.testing.assert_frame_equal(after[name], before[name])


def test_what_is_no_snapshot_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="Collect again"):
        load(tmp_path)
    save(snapshot(), tmp_path / "s")
    head = json.loads((tmp_path / "s" / "facts.json").read_text())
    (tmp_path / "s" / "facts.json").write_text(json.dumps({**head, "schema_version": 99}))
    with pytest.raises(SnapshotError, match="version 99"):
        load(tmp_path / "s")


def test_read_and_refused_are_told_apart() -> None:
    made = snapshot()
    made.tables["coverage"] = frame(
        "coverage",
        [
            {
                "what": "entra.job",
                "source": "live",
                "refused": "403: missing Synchronization.Read.All",
                "get_it": "ask",
            },
            {"what": "entra.users", "source": "file", "rows": 3},
        ],
    )
    assert made.read("entra.users") and not made.read("entra.job")
    assert made.refusal("entra.job") == ("403: missing Synchronization.Read.All", "ask")
    assert made.refusal("entra.users") is None
    assert made.refusal("entra.groups") is None
