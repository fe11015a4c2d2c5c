"""The provisioning log: one row whatever the spelling, and no record that breaks the reader."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrunbook.snapshot import ACTIONS, frame
from scimrunbook.sources import entra_log
from tests.sources import entra_made as made

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_a_success_names_person_job_and_what_was_sent() -> None:
    row = entra_log.event(made.record())
    assert row is not None
    assert (row["action"], row["status"], row["object_type"]) == ("create", "success", "user")
    assert (row["person_key"], row["name"]) == (made.ADA, "ada.berg@example.com")
    assert row["at"] == datetime(2026, 11, 19, 12, 1, 44, tzinfo=UTC)
    assert json.loads(row["changes"]) == [{"name": "name.givenName", "old": None, "new": "Ada"}]
    assert (row["job_id"], row["app_id"]) == (made.JOB_ID, made.PRINCIPAL)
    assert row["reason"] is row["error_code"] is row["step"] is row["http_status"] is None


def test_a_failure_tells_status_step_and_when_it_is_tried_again() -> None:
    row = entra_log.event(made.failed())
    assert row is not None
    assert (row["status"], row["http_status"], row["error_code"]) == ("failure", 409, "ScimEntryConflict")
    assert row["step"] == "EntryExportAdd"
    assert row["next_attempt_at"] == datetime(2026, 11, 19, 18, 22, 53, 129615, tzinfo=UTC)


def test_beta_gives_the_same_row_as_v1() -> None:
    v1, beta = entra_log.event(made.failed(4)), entra_log.event(made.beta(4))
    assert v1 is not None
    assert beta == {**v1, "event_type": "Create"}


def test_a_skip_takes_its_reason_from_the_step_and_says_which_test_of_the_scope_failed() -> None:
    row = entra_log.event(made.skipped())
    assert row is not None
    assert (row["status"], row["skip_reason"]) == ("skipped", "NotEffectivelyEntitled")
    assert row["step"] == "EntrySynchronizationSkip"
    assert "Assigned to the application" in row["reason"]
    assert "Active in the source system" not in row["reason"]


def test_the_envelope_of_diagnostic_settings_is_read_through() -> None:
    row = entra_log.event(made.envelope())
    assert row is not None
    assert (row["status"], row["skip_reason"]) == ("skipped", "AttributeValidationFailed")
    assert (row["person_key"], row["name"], row["action"]) == (made.ADA, "a@x.example", "create")
    assert row["at"].microsecond == 353893


@pytest.mark.parametrize(
    ("kind", "action", "properties", "expected"),
    [
        ("User", "disable", [], "deactivate"),
        ("User", "stagedDelete", [], "other"),  # held back: nothing was deleted
        ("User", "update", [("active", "False", "True")], "reactivate"),
        ("User", "update", [("active", "True", "False")], "deactivate"),
        ("User", "update", [("active", "True", "True")], "update"),
        ("urn:ietf:params:scim:schemas:core:2.0:Group", "update", [("members", None, "x")], "membership"),
        ("Group", "update", [("members", None, "x"), ("displayName", "a", "b")], "group_update"),
        ("Group", "create", [], "group_create"),
        ("ServicePrincipal", "create", [], "other"),
        ("User", "somethingNew", [], "other"),
        ("User", 3, [], "deactivate"),
    ],
)
def test_actions(kind: str, action: object, properties: list, expected: str) -> None:
    changes = [{"displayName": n, "oldValue": o, "newValue": v} for n, o, v in properties]
    identity = {"id": made.ADA, "displayName": "x", "identityType": kind, "details": {}}
    row = entra_log.event(made.record(provisioningAction=action, modifiedProperties=changes, sourceIdentity=identity))
    assert row is not None and row["action"] == expected
    assert expected in ACTIONS


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("StatusCode: Unauthorized\r\nMessage: x", 401),
        ("Failed to create User 'x' in customappsso; Error: StatusCode: BadRequest Message: y", 400),
        ("StatusCode: UnprocessableEntity", 422),
        ("StatusCode: 503 Message: z", 503),
        ("It answered with the HTTP status code 409.", 409),
        ("StatusCode: Peculiar", None),
        ("nothing of the kind", None),
    ],
)
def test_the_http_status_stands_in_the_reason(reason: str, status: int | None) -> None:
    assert entra_log.http_status(reason) == status


def test_a_retry_names_its_next_attempt_in_spreadsheet_form() -> None:
    retried = made.record(
        provisioningSteps=[made.step("EntryEscrowRetry", "export", NextAttempt="3/24/2026 7:17:42 AM")]
    )
    row = entra_log.event(retried)
    assert row is not None and row["next_attempt_at"] == datetime(2026, 3, 24, 7, 17, 42, tzinfo=UTC)


def test_an_unknown_status_stays_visible_as_unknown() -> None:
    row = entra_log.event(made.record(provisioningStatusInfo={"status": "pondering"}))
    assert row is not None and row["status"] == "unknown"


@pytest.mark.parametrize("broken", [None, 7, "text", [], {}, {"id": "1", "provisioningAction": "create"}])
def test_what_is_no_record_is_told_apart(broken: object) -> None:
    assert entra_log.event(broken) is None


@given(st.sampled_from(sorted(made.record())), VALUES, st.sampled_from([made.record, made.failed, made.beta]))
def test_any_field_of_any_type_never_crashes_and_always_fits_the_table(field: str, value: object, kind) -> None:
    spoiled = {**kind(), field: value}
    row = entra_log.event(spoiled)
    assert row is None or len(frame("events", [row])) == 1


@given(VALUES, VALUES)
def test_any_step_and_any_error_never_crash(step: object, error: object) -> None:
    spoiled = made.record(
        provisioningSteps=[step, {"status": "failure", "details": step, "description": error}],
        provisioningStatusInfo={"status": "failure", "errorInformation": error},
        modifiedProperties=[error, {"displayName": step, "newValue": error}],
    )
    row = entra_log.event(spoiled)
    assert row is not None and len(frame("events", [row])) == 1
