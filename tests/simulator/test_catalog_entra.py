"""What Entra sends, with and without its flag ``aadOptscim062020``, in our words and as published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scimrunbook.simulator.catalog.schemas import ENTERPRISE, GROUP
from tests.simulator.catalogs import group, members, patch, user

MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


@pytest.fixture
def one(served) -> str:
    _, client = served
    return client.post("/Users", json=user("a@example.com", externalId="object-1")).json()["id"]


@pytest.fixture
def team(served) -> str:
    _, client = served
    body = {
        **group("Data", externalId="group-1"),
        "schemas": [GROUP, MICROSOFT_GROUP],
        "meta": {"resourceType": "Group"},
    }
    answer = client.post("/Groups", json=body)
    assert answer.status_code == 201
    return answer.json()["id"]


def test_the_connection_test_finds_nobody_and_that_is_fine(served) -> None:
    _, client = served
    answer = client.get(
        "/Users?filter=userName+eq+%229edf3db5-0000-4000-8000-000000000000%22", headers={"Accept": "*/*"}
    )
    assert (answer.status_code, answer.json()["totalResults"], answer.json()["Resources"]) == (200, 0, [])


@pytest.mark.parametrize("value", ["False", "false", False])
@pytest.mark.parametrize("op", ["Replace", "replace", "Add"])
def test_a_person_is_disabled_by_text_or_boolean(served, one: str, op: str, value: object) -> None:
    _, client = served
    assert patch(client, f"/Users/{one}", {"op": op, "path": "active", "value": value}).json()["active"] is False
    assert patch(client, f"/Users/{one}", {"op": op, "path": "active", "value": "True"}).json()["active"] is True
    assert client.post("/Users", json=user("b@example.com", active="False")).json()["active"] is False


def test_attributes_are_replaced_one_by_one(served, one: str) -> None:
    _, client = served
    several = (
        {"op": "Replace", "path": "displayName", "value": "Zoë B"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "b@example.com"},
        {"op": "Replace", "path": "name.givenName", "value": "Zoë"},
        {"op": "Replace", "path": "externalId", "value": "object-2"},
        {"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "7"},
        {"op": "Add", "path": 'addresses[type eq "work"].country', "value": "DE"},
    )
    after = patch(client, f"/Users/{one}", *several).json()
    assert (after["displayName"], after["name"]) == ("Zoë B", {"givenName": "Zoë", "familyName": "Albers"})
    assert after["emails"] == [{"primary": True, "value": "b@example.com", "type": "work"}]
    assert (after["externalId"], after[ENTERPRISE]["employeeNumber"]) == ("object-2", "7")
    assert after["addresses"] == [{"type": "work", "country": "DE"}]
    assert client.get('/Users?filter=externalId eq "object-2"').json()["totalResults"] == 1
    assert client.get('/Users?filter=externalId eq "object-1"').json()["totalResults"] == 0


def test_attributes_are_replaced_in_one_operation_with_dotted_keys(served, one: str) -> None:
    _, client = served
    value = {"displayName": "Q", "name.givenName": "Quin", "name.familyName": "Q", f"{ENTERPRISE}:employeeNumber": "8"}
    after = patch(client, f"/Users/{one}", {"op": "replace", "value": value}).json()
    assert after["name"] == {"givenName": "Quin", "familyName": "Q"} and after["displayName"] == "Q"
    assert after[ENTERPRISE] == {"employeeNumber": "8"} and "name.givenName" not in after


def test_an_address_that_is_not_there_yet_is_added(served, one: str) -> None:
    _, client = served
    after = patch(
        client, f"/Users/{one}", {"op": "Add", "path": 'emails[type eq "other"].value', "value": "o@x.example"}
    )
    assert [e["value"] for e in after.json()["emails"]] == ["a@example.com", "o@x.example"]


def test_what_is_not_declared_is_passed_over_and_the_rest_applied(served, one: str) -> None:
    _, client = served
    unknown = {"op": "Add", "path": "extensionAttribute1", "value": "x"}
    alone = patch(client, f"/Users/{one}", unknown)
    assert alone.status_code == 200 and "extensionAttribute1" not in alone.json()
    both = patch(client, f"/Users/{one}", unknown, {"op": "Replace", "path": "active", "value": "False"})
    assert both.json()["active"] is False


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "object-9"}, "invalidValue"),
        ({"op": "Replace", "path": "active", "value": "perhaps"}, "invalidValue"),
        ({"op": "Replace", "path": "userName", "value": ""}, "invalidValue"),
        ({"op": "Remove", "path": "userName"}, "mutability"),
        ({"op": "Replace", "path": "id", "value": "other"}, "mutability"),
        ({"op": "Replace", "path": "emails[", "value": "x"}, "invalidPath"),
        ({"op": "Dance", "path": "active", "value": "x"}, "invalidValue"),
        ({"op": "Remove"}, "noTarget"),
    ],
)
def test_what_cannot_be_done_is_refused_whole(served, one: str, operation: dict, kind: str) -> None:
    _, client = served
    before = client.get(f"/Users/{one}").json()
    answer = patch(client, f"/Users/{one}", {"op": "Replace", "path": "title", "value": "Dr"}, operation)
    assert (answer.status_code, answer.json()["scimType"]) == (400, kind)
    assert "pydantic" not in answer.text
    assert client.get(f"/Users/{one}").json() == before


def test_a_patch_without_operations_is_refused(served, one: str) -> None:
    _, client = served
    for operations in (None, [], {}, 5, ["x"]):
        assert client.patch(f"/Users/{one}", json={"Operations": operations}).status_code == 400
    assert client.patch("/Users/none", json={"Operations": []}).status_code == 404


def test_a_group_is_matched_without_its_members(served, one: str, team: str) -> None:
    made, client = served
    made.store.replace_group(team, {**made.store.get("Groups", team), "members": [{"value": one}]})
    (found,) = client.get('/Groups?excludedAttributes=members&filter=displayName eq "data"').json()["Resources"]
    assert found["id"] == team and "members" not in found and found["schemas"] == [GROUP]
    assert "members" not in client.get(f"/Groups/{team}?excludedAttributes=members").json()


@pytest.mark.parametrize("flag", [False, True])
def test_members_are_added_and_removed(served, one: str, team: str, flag: bool) -> None:
    _, client = served
    other = client.post("/Users", json=user("b@example.com")).json()["id"]
    both = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": one}, {"$ref": None, "value": other}]}
    answer = patch(client, f"/Groups/{team}", both)
    assert (answer.status_code, answer.content) == (204, b"")
    assert members(client, team) == [one, other]
    assert "$ref" not in client.get(f"/Groups/{team}").text
    gone = (
        {"op": "remove", "path": f'members[value eq "{one}"]'}
        if flag
        else {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": one}]}
    )
    assert patch(client, f"/Groups/{team}", gone).status_code == 204
    assert members(client, team) == [other]


def test_all_members_are_removed_without_a_value(served, one: str, team: str) -> None:
    _, client = served
    patch(client, f"/Groups/{team}", {"op": "Add", "path": "members", "value": [{"value": one}]})
    patch(client, f"/Groups/{team}", {"op": "Remove", "path": "members"})
    assert members(client, team) == []


@pytest.mark.parametrize("folder", ["entra/scim-requests", "scim/entra"])
def test_published_bodies_do_what_they_say(served, shared: Path, folder: str) -> None:
    made, client = served
    bodies = {p.name: p.read_text("utf-8") for p in (shared / "samples" / folder).glob("*.json")}

    def named(*words: str) -> dict[str, dict]:
        found = {n: json.loads(t) for n, t in bodies.items() if all(w in n for w in words) and "response" not in n}
        assert found, words
        return found

    (new,) = [b for n, b in named("user").items() if n.startswith(("post", "create"))]
    created = client.post("/Users", json=new)
    assert created.status_code == 201 and created.json()["externalId"] == new["externalId"]
    one = created.json()["id"]
    for body in named("disable").values():
        made.store.replace_user(one, {**made.store.get("Users", one), "active": True})
        assert client.patch(f"/Users/{one}", json=body).json()["active"] is False
    for body in [b for n, b in named("patch").items() if "member" not in n and "disable" not in n]:
        after = client.patch(f"/Users/{one}", json=body).json()
        for path, value in asked(body):
            assert told(after, path) == value, path
    (new,) = [b for n, b in named("group").items() if n.startswith(("post", "create"))]
    team = client.post("/Groups", json=new).json()["id"]
    (added,) = [b for n, b in named("add").items() if "member" in n]
    assert client.patch(f"/Groups/{team}", json=added).status_code == 204
    assert members(client, team) == [m["value"] for m in added["Operations"][0]["value"]]
    for name, body in named("remove").items():
        operation = body["Operations"][0]
        quoted = operation["path"].split('"')
        leaving = operation["value"][0]["value"] if "value" in operation else quoted[1]
        made.store.replace_group(team, group("Data", members=[{"value": leaving}, {"value": "stays"}]))
        assert client.patch(f"/Groups/{team}", json=body).status_code == 204, name
        assert members(client, team) == ["stays"], name


def asked(body: dict) -> list[tuple[str, object]]:
    """What a PATCH asks for: path and value, dotted keys of a pathless operation taken apart."""
    pairs: list[tuple[str, object]] = []
    for operation in body["Operations"]:
        pairs += [(operation["path"], operation["value"])] if "path" in operation else operation["value"].items()
    return pairs


def told(document: dict, path: str) -> object:
    if path.startswith("emails["):
        return next(e["value"] for e in document["emails"] if e["type"] == "work")
    if path.startswith(ENTERPRISE):
        return document[ENTERPRISE][path.removeprefix(ENTERPRISE + ":")]
    for step in path.split("."):
        document = document[step]
    return document
