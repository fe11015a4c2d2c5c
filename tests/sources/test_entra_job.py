"""Job and schema: the traps of year 1, maximum time span, "Failed" that is none, and a source that is null."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrunbook.snapshot import frame
from scimrunbook.sources import entra_job
from tests.sources import entra_made as made
from tests.sources.test_entra_log import VALUES


def test_an_active_job() -> None:
    row = entra_job.job(made.job())
    assert row is not None
    assert (row["state"], row["schedule_state"], row["interval_seconds"]) == ("Active", "Active", 2400)
    assert (row["last_state"], row["escrowed"], row["last_error_code"]) == ("Succeeded", 3, None)
    assert row["last_success_at"] == datetime(2026, 11, 19, 12, 1, 30, tzinfo=UTC)


def test_a_job_that_never_ran_has_not_failed() -> None:
    never = {
        "state": "Failed",
        "timeBegan": "0001-01-01T00:00:00Z",
        "timeEnded": "0001-01-01T00:00:00Z",
        "error": {"code": "None", "message": "", "tenantActionable": False},
    }
    row = entra_job.job(made.job(code="NotRun", lastExecution=never, lastSuccessfulExecution=None))
    assert row is not None
    assert row["state"] == "NotRun"
    assert row["last_state"] is row["last_error_code"] is row["last_began_at"] is row["last_success_at"] is None


def test_the_maximum_time_span_is_no_interval() -> None:
    off = made.job(code="Paused")
    off["schedule"] = {"interval": "P10675199DT2H48M5.4775807S", "state": "Disabled"}
    row = entra_job.job(off)
    assert row is not None and row["interval_seconds"] is None and row["schedule_state"] == "Disabled"


def test_quarantine_says_since_when_why_and_when_next() -> None:
    error = {"code": "SystemForCrossDomainIdentityManagementInvalidCredentials", "message": "m"}
    quarantine = {
        "currentBegan": "2026-11-19T10:00:00.4981365Z",
        "nextAttempt": "2026-11-20T10:00:00Z",
        "reason": "EncounteredQuarantineException",
        "seriesBegan": "2026-11-19T10:00:00Z",
        "error": error,
    }
    row = entra_job.job(made.job(code="Quarantine", quarantine=quarantine))
    assert row is not None
    assert row["quarantine_reason"] == "EncounteredQuarantineException"
    assert row["quarantine_error_code"] == error["code"]
    assert row["quarantine_next_at"] == datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_a_quarantine_of_empty_texts_beside_another_state_is_none() -> None:
    empty = {"currentBegan": "", "nextAttempt": "", "reason": "", "seriesCount": 2, "error": {"code": "Old"}}
    row = entra_job.job(made.job(code="Paused", quarantine=empty))
    assert row is not None and not any(k.startswith("quarantine") for k, v in row.items() if v)


def test_mappings_are_printed_as_the_portal_prints_them() -> None:
    found = entra_job.object_mappings(made.schema())
    rows, unreadable = entra_job.mappings(found[0])
    assert unreadable == 0
    assert [(r["target"], r["source"], r["source_kind"]) for r in rows] == [
        ("userName", "userPrincipalName", "attribute"),
        ("externalId", "mailNickname", "attribute"),
        ("active", "Not([IsSoftDeleted])", "function"),
        ("locale", None, "none"),
    ]
    assert {r["object"] for r in rows} == {"user"} and rows[0]["matching_priority"] == 1


def test_how_users_and_groups_flow() -> None:
    users, groups = map(entra_job.flow, entra_job.object_mappings(made.schema()))
    assert users == {
        "object": "user",
        "enabled": True,
        "flow_types": ["Add", "Update"],
        "scope": ["department EQUALS 'Data' AND city EQUALS 'Data'"],
    }
    assert groups == {"object": "group", "enabled": False, "flow_types": [], "scope": []}


def test_a_rule_that_reads_from_the_application_is_the_other_direction() -> None:
    document = made.schema()
    document["synchronizationRules"][0]["targetDirectoryName"] = "Azure Active Directory"
    rows, _ = entra_job.mappings(entra_job.object_mappings(document)[0])
    assert {r["direction"] for r in rows} == {"from_app"}


@pytest.mark.parametrize("part", ["rule", "mapping"])
def test_parts_of_a_schema_are_read_as_well(part: str) -> None:
    rule = made.schema()["synchronizationRules"][0]
    document = rule if part == "rule" else rule["objectMappings"][0]
    assert entra_job.is_schema(document)
    assert len(entra_job.mappings(entra_job.object_mappings(document)[0])[0]) == 4


@given(st.sampled_from(["id", "templateId", "schedule", "status", "synchronizationJobSettings"]), VALUES)
def test_any_field_of_a_job_never_crashes(field: str, value: object) -> None:
    spoiled = {**made.job(), field: value}
    entra_job.skips_deletions(spoiled)
    row = entra_job.job(spoiled)
    assert row is None or len(frame("jobs", [row])) == 1


@given(VALUES, VALUES)
def test_any_execution_and_quarantine_never_crash(execution: object, quarantine: object) -> None:
    spoiled = made.job(lastExecution=execution, quarantine=quarantine, lastSuccessfulExecution=quarantine)
    row = entra_job.job(spoiled)
    assert row is not None and len(frame("jobs", [row])) == 1


@given(VALUES, VALUES)
def test_every_attribute_mapping_is_read_or_counted(spoiled: object, scope: object) -> None:
    mapping = {**made.schema()["synchronizationRules"][0]["objectMappings"][0], "scope": scope, "flowTypes": scope}
    mapping["attributeMappings"] = [
        *mapping["attributeMappings"],
        spoiled,
        {"targetAttributeName": "x", "source": spoiled},
    ]
    found = entra_job.object_mappings(mapping)
    rows, unreadable = entra_job.mappings(found[0])
    assert len(rows) + unreadable == 6
    assert len(frame("mappings", rows)) == len(rows)
    assert isinstance(entra_job.flow(found[0])["scope"], list)
