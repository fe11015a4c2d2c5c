"""People, groups, assignments and changes of settings out of Graph's answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrunbook.snapshot import CHANGES, frame
from scimrunbook.sources import entra_directory as directory
from tests.sources import entra_made as made
from tests.sources.test_entra_log import VALUES


def test_a_person_and_the_other_addresses() -> None:
    row = directory.person(made.user())
    assert row is not None
    assert (row["login"], row["given_name"], row["family_name"]) == ("ada.berg@example.com", "Ada", "Berg")
    assert (row["status"], row["active"], row["kind"]) == ("ENABLED", True, "member")
    assert json.loads(row["other_emails"]) == ["ada@old.example", "aberg@example.com"]


def test_a_blocked_guest_without_names() -> None:
    row = directory.person(made.user(accountEnabled=False, userType="Guest", givenName="", surname=None))
    assert row is not None
    assert (row["active"], row["status"], row["kind"]) == (False, "DISABLED", "guest")
    assert row["given_name"] is row["family_name"] is None


def test_a_state_that_was_not_asked_for_is_not_known() -> None:
    slim = {"id": made.ADA, "userPrincipalName": "ada.berg@example.com"}
    row = directory.person(slim)
    assert row is not None and row["active"] is None and row["status"] is None


def test_groups() -> None:
    plain = directory.group(made.group())
    assert plain is not None
    assert (plain["kind"], plain["security_enabled"], plain["dynamic"]) == ("security", True, False)
    dynamic = directory.group(made.group(groupTypes=["Unified", "DynamicMembership"]))
    assert dynamic is not None and (dynamic["kind"], dynamic["dynamic"]) == ("m365", True)


def test_members_are_people_or_nested_groups() -> None:
    people = directory.membership("g", {"@odata.type": "#microsoft.graph.user", "id": "1"})
    nested = directory.membership("g", {"@odata.type": "#microsoft.graph.group", "id": "2"})
    untyped = directory.membership("g", made.group("3"))
    assert people and nested and untyped
    assert [r["member_type"] for r in (people, nested, untyped)] == ["user", "group", "group"]


def test_assignments_name_their_role() -> None:
    names = directory.roles(made.principal())
    assert directory.assignment(made.assignment(), names)["role"] == "default access"  # type: ignore[index]
    row = directory.assignment(made.assignment(made.TEAM, "Group", appRoleId="role-1"), names)
    assert row is not None and (row["target_type"], row["role"]) == ("group", "Reader")


@pytest.mark.parametrize(
    ("activity", "what"),
    [
        ("Update provisioning setting or credentials", "credentials"),
        ("Update attribute mappings or scope", "mapping"),
        ("Enable/start provisioning configuration", "provisioning_started"),
        ("Enable/restart provisioning configuration", "provisioning_restarted"),
        ("Disable/pause provisioning configuration", "provisioning_stopped"),
        ("Quarantine", "quarantined"),
        ("Add app role assignment grant to user", "other"),
    ],
)
def test_changes_by_their_activity(activity: str, what: str) -> None:
    row = directory.config_change(made.audit(activity))
    assert row is not None and row["what"] == what and what in CHANGES
    assert row["actor"] == "ben.ito@example.com"


def test_a_secret_that_changed_is_named_and_never_repeated() -> None:
    row = directory.config_change(made.audit())
    assert row is not None
    assert "BaseAddress: https://old.example → https://new.example" in row["detail"]
    assert "SecretToken changed" in row["detail"]
    assert "before" not in row["detail"] and "after" not in row["detail"]


def test_the_application_id_given_for_the_object_id_is_found_and_said_so() -> None:
    hit, remark = directory.about([made.principal()], made.APP_ID)
    assert hit is not None and hit["id"] == made.PRINCIPAL
    assert remark is not None and made.PRINCIPAL in remark
    assert directory.about([made.principal()], made.PRINCIPAL)[1] is None
    assert directory.about([made.principal()], "another") == (None, None)
    assert directory.about([made.principal(), made.principal(id="2")], None) == (None, None)


MAKERS = {
    "people": (made.user, directory.person),
    "groups": (made.group, directory.group),
    "assignments": (made.assignment, lambda r: directory.assignment(r, {})),
    "memberships": (made.user, lambda r: directory.membership("g", r)),
    "config_changes": (made.audit, directory.config_change),
}


@given(st.sampled_from(sorted(MAKERS)), st.data(), VALUES)
def test_any_field_of_any_type_never_crashes(table: str, data: st.DataObject, value: object) -> None:
    make, read = MAKERS[table]
    record = make()
    row = read({**record, data.draw(st.sampled_from(sorted(record))): value})
    assert row is None or len(frame(table, [row])) == 1
    assert isinstance(value, dict) or read(value) is None
