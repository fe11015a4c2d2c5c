"""Okta's objects become rows; whatever is missing or strange becomes None, never a crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrunbook.snapshot import TABLES, AppFacts, frame
from scimrunbook.sources import okta_directory as directory
from tests.sources import okta_data as data

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn, records: list[dict[str, Any]]) -> Any:
    """One of the records with some of its fields, at any depth, missing, null or of another type."""
    record = json.loads(json.dumps(draw(st.sampled_from(records))))
    for _ in range(draw(st.integers(0, 4))):
        place = record
        while isinstance(place, dict | list) and place:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = draw(st.sampled_from(keys))
            if isinstance(place[key], dict | list) and draw(st.booleans()):
                place = place[key]
                continue
            if draw(st.booleans()):
                del place[key]
            else:
                place[key] = draw(anything)
            break
    return record


READERS = {
    "app_user": (directory.app_user, data.app_user()),
    "app_group": (directory.app_group, data.app_group()),
    "push": (lambda r: {"assignments": [row]} if (row := directory.push(r)) else None, data.push()),
    "mapping": (lambda r: None if (rows := directory.mapping(r)) is None else {"mappings": rows}, data.mapping()),
    "person": (lambda r: {"people": [row]} if (row := directory.person(r)) else None, data.user()),
    "group": (lambda r: {"groups": [row]} if (row := directory.group(r)) else None, data.group()),
    "member": (lambda r: directory.member(data.GROUP, r), data.user()),
    "app": (lambda r: {"jobs": [row]} if (row := directory.app(r, AppFacts())) else None, data.app()),
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, deadline=None)
@given(draw=st.data())
def test_a_damaged_record_is_rows_or_none(name: str, draw: st.DataObject) -> None:
    read, record = READERS[name]
    found = read(draw.draw(damaged([record]) | anything))
    for table, rows in (found or {}).items():
        assert len(frame(table, rows)) == len(rows)
        assert {key for row in rows for key in row} <= set(TABLES[table])


def test_the_application_fills_facts_and_its_job() -> None:
    facts = AppFacts()
    job = directory.app(data.app(), facts)
    assert job == {"job_id": data.APP, "template": "scim2headerauth", "state": "ACTIVE", "schedule_state": "Active"}
    assert (facts.features, facts.username_template) == (["PUSH_NEW_USERS", "GROUP_PUSH"], "${source.login}")


@pytest.mark.parametrize(
    ("features", "schedule"),
    [(["GROUP_PUSH", "SCIM_PROVISIONING"], "Disabled"), ([], "Disabled"), (None, None), (["PUSH_NEW_USERS"], "Active")],
)
def test_provisioning_is_on_where_a_push_feature_is(features: list[str] | None, schedule: str | None) -> None:
    job = directory.app(data.app(features=features), AppFacts())
    assert job is not None
    assert job["schedule_state"] == schedule


def test_only_a_person_assigned_by_name_is_an_assignment() -> None:
    direct, by_group = directory.app_user(data.app_user()), directory.app_user(data.app_user(scope="GROUP"))
    assert direct and by_group
    assert direct["assignments"][0]["target_key"] == data.ADA
    assert "assignments" not in by_group
    assert list(by_group) == ["app_accounts", "people"]


def test_active_without_an_id_at_the_application_stays_so() -> None:
    """ACTIVE also stands where nothing is provisioned: only the id tells."""
    found = directory.app_user(data.app_user(status="ACTIVE", externalId=None, syncState="DISABLED", lastSync=None))
    assert found is not None
    account = found["app_accounts"][0]
    told = [account[k] for k in ("status", "external_id", "sync_state", "last_sync_at")]
    assert told == ["ACTIVE", None, "DISABLED", None]


def test_a_push_mapping_says_status_error_and_team() -> None:
    row = directory.push(data.push())
    assert row is not None
    assert (row["how"], row["status"], row["team_id"]) == ("pushed", "ERROR", "team-1")
    assert row["error"] == "A group of this name exists already"


def test_the_direction_of_a_mapping_is_told_by_the_type_of_its_ends() -> None:
    there = directory.mapping(data.mapping())
    back = directory.mapping(data.mapping(source=data.mapping()["target"], target=data.mapping()["source"]))
    assert there and back
    assert {r["direction"] for r in there} == {"to_app"}
    assert {r["direction"] for r in back} == {"from_app"}
    assert [(r["target"], r["source_kind"], r["flow"]) for r in there] == [
        ("givenName", "attribute", "PUSH"),
        ("familyName", "function", "DONT_PUSH"),
        ("locale", "constant", "PUSH"),
    ]
    assert directory.mapping_app(data.mapping()) == data.APP


def test_a_mapping_between_two_okta_types_is_none_of_ours() -> None:
    assert directory.mapping(data.mapping(target={"id": "oty2", "type": "user"})) is None


@pytest.mark.parametrize(
    ("status", "active"),
    [("ACTIVE", True), ("LOCKED_OUT", True), ("PROVISIONED", True), ("STAGED", False), ("SUSPENDED", False),
     ("DEPROVISIONED", False), ("SOMETHING_NEW", None), (None, None)],
)  # fmt: skip
def test_who_is_active(status: str | None, active: bool | None) -> None:
    row = directory.person(data.user(status=status))
    assert row is not None
    assert row["active"] is active


def test_the_second_address_is_kept() -> None:
    row = directory.person(data.user(profile={"secondEmail": "ada.private@example.net", "lastName": ""}))
    assert row is not None
    assert json.loads(row["other_emails"]) == ["ada.private@example.net"]
    assert row["family_name"] is None


def test_lower_cased_keys_and_empty_texts_give_the_same_row() -> None:
    def lowered(value: Any) -> Any:
        return {k.lower(): lowered(v) for k, v in value.items()} if isinstance(value, dict) else value

    record = data.user(activated=None)
    assert directory.person(lowered(record)) == directory.person(record)
    assert directory.person({**record, "profile": record["profile"] | {"secondEmail": ""}}) == directory.person(record)


def test_capabilities_name_the_features_that_are_on() -> None:
    told = {
        "name": "USER_PROVISIONING",
        "capabilities": {
            "create": {"lifecycleCreate": {"status": "ENABLED"}},
            "update": {"profile": {"status": "DISABLED"}, "lifecycleDeactivate": {"status": "ENABLED"}},
        },
    }
    assert directory.capabilities(told) == ["PUSH_NEW_USERS", "PUSH_USER_DEACTIVATION"]
    assert directory.capabilities({"errorCode": "E0000001"}) is None
