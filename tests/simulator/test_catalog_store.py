"""Any broken state can be stored, is told as it is, and does not break the requests of others."""

from __future__ import annotations

import pytest

from tests.simulator.catalogs import group, patch, user

BROKEN = [
    {"userName": "x@example.com", "active": "perhaps", "name": "A B"},
    {"active": True},
    {"userName": 5, "externalId": {"a": 1}},
    {"userName": "y@example.com", "meta": None, "emails": "y@example.com"},
    {"userName": "z@example.com", "schemas": "urn:none", "meta": 3, "externalId": 7},
    {"userName": "half \ud800", "id": 12, "members": None},
]


@pytest.mark.parametrize("document", BROKEN)
def test_broken_documents_are_told_as_they_were_stored(served, document: dict) -> None:
    made, client = served
    stored = made.store.add_user(document)
    told = client.get(f"/Users/{stored['id']}").json()
    assert {k: told[k] for k in document if k not in ("meta", "id")} == {
        k: v for k, v in document.items() if k not in ("meta", "id")
    }
    assert client.get("/Users").json()["Resources"] == [told]
    assert client.get("/Users", params={"filter": 'title eq "x" or id pr'}).json()["totalResults"] == 1


@pytest.mark.parametrize("document", BROKEN)
def test_a_patch_of_a_broken_document_changes_what_it_names_and_nothing_else(served, document: dict) -> None:
    made, client = served
    stored = made.store.add_user(document)
    answer = patch(client, f"/Users/{stored['id']}", {"op": "replace", "value": {"active": False}})
    assert answer.status_code == 200
    assert {**made.store.get("Users", stored["id"]), "meta": 0} == {**stored, "active": False, "meta": 0}


def test_a_broken_attribute_does_not_hide_a_person_from_other_filters(served) -> None:
    made, client = served
    made.store.add_user({"name": "A B", "emails": [{"value": "a@example.com", "type": "work"}]})
    found = client.get("/Users", params={"filter": 'emails[type eq "work"].value eq "A@example.com"'}).json()
    assert found["totalResults"] == 1


def test_two_of_one_name_can_be_stored_and_still_be_deactivated(served) -> None:
    made, client = served
    made.store.add_user(user("a@example.com"))
    second = made.store.add_user(user("A@example.com"))
    assert client.get("/Users", params={"filter": 'userName eq "a@example.com"'}).json()["totalResults"] == 2
    assert patch(client, f"/Users/{second['id']}", {"op": "replace", "value": {"active": False}}).status_code == 200
    assert client.post("/Users", json=user("a@example.com")).status_code == 409


def test_undeclared_attributes_outlive_a_patch(served) -> None:
    made, client = served
    kept = {"urn:example:catalog": {"role": "ADMIN"}, "nick": "q", "roles": [{"value": "v", "odd": 3}]}
    one = made.store.add_user(user("a@example.com", **kept))
    after = patch(client, f"/Users/{one['id']}", {"op": "Replace", "path": "title", "value": "Dr"}).json()
    assert {k: after[k] for k in kept} == kept and after["title"] == "Dr"
    more = {"op": "Add", "path": "roles", "value": [{"value": "w"}]}
    assert patch(client, f"/Users/{one['id']}", more).json()["roles"] == [{"value": "v", "odd": 3}, {"value": "w"}]


def test_a_deleted_account_leaves_its_teams(served) -> None:
    made, client = served
    one, other = (client.post("/Users", json=user(f"{n}@example.com")).json()["id"] for n in "ab")
    team = made.store.add_group(group("Data", members=[{"value": one}, {"value": other, "display": one}]))
    made.store.add_group(group("Broken", members=None, note=one))
    made.store.add_group(group("Broken too", members=[one, {"value": one}]))
    assert client.delete(f"/Users/{one}").status_code == 204
    assert client.delete(f"/Users/{one}").status_code == 404
    assert client.get(f"/Groups/{team['id']}").json()["members"] == [{"value": other, "display": one}]
    assert made.store.by_name("Groups", "broken too")[0]["members"] == [one]


def test_the_helpers_by_hand(served) -> None:
    made, _ = served
    one, team = made.store.add_user(user("a@example.com")), made.store.add_group(group("Data"))
    assert made.store.by_name("Users", "A@EXAMPLE.COM") == [one] and made.store.users() == [one]
    again = made.store.replace_user(one["id"], {"userName": "b@example.com", "externalId": "E1"})
    assert made.store.by_external("Users", "E1") == [again] and made.store.by_external("Users", "e1") == []
    assert made.store.by_name("Users", "a@example.com") == [] and again["meta"]["created"] == one["meta"]["created"]
    made.store.replace_group(team["id"], group("Data 2"))
    assert [g["displayName"] for g in made.store.groups()] == ["Data 2"]
    assert made.store.delete_group(team["id"]) and not made.store.delete_group(team["id"])
    with pytest.raises(ValueError, match="holds a document with the id"):
        made.store.add_user({"id": one["id"]})
    with pytest.raises(KeyError, match="no document"):
        made.store.replace_user("none", {})
