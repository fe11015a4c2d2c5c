"""What Okta sends, in our words, and Okta's own published suites and documented requests where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.simulator import runscope
from tests.simulator.catalogs import TOKEN, group, members, patch, user

AGENT = {"User-Agent": "Okta SCIM Client 1.0.0", "Accept": "application/scim+json", "Accept-Charset": "utf-8"}


def test_the_connection_test_and_an_import(served) -> None:
    made, client = served
    for number in range(230):
        made.store.add_user(user(f"p{number}@example.com"))
    first = client.get("/Users?startIndex=1&count=2", headers=AGENT)
    assert first.status_code == 200 and first.headers["content-type"] == "application/scim+json"
    assert len(first.json()["Resources"]) == 2
    for key in ("totalResults", "startIndex", "itemsPerPage"):
        assert type(first.json()[key]) is int  # Okta fails an import on "1"
    pages = [client.get(f"/Users?startIndex={s}&count=100", headers=AGENT).json()["Resources"] for s in (1, 101, 201)]
    assert [len(p) for p in pages] == [100, 100, 30]
    assert len({r["id"] for p in pages for r in p}) == 230
    assert client.get("/Groups?startIndex=1&count=100", headers=AGENT).json()["Resources"] == []


def test_a_person_is_looked_up_created_read_and_refused_twice(served) -> None:
    _, client = served
    look_up = "/Users?filter=userName%20eq%20%22new.hire%40okta.local%22&startIndex=1&count=100"
    assert client.get(look_up, headers=AGENT).json()["totalResults"] == 0
    profile = user("new.hire@okta.local", displayName="New Hire", locale="en-US", externalId="00u9", groups=[])
    created = client.post("/Users", json={**profile, "password": "y" * 12}, headers=AGENT)
    assert created.status_code == 201
    told = created.json()
    assert told["active"] is True and told["id"] and "password" not in told
    assert told["name"] == profile["name"] and told["externalId"] == "00u9"
    assert client.get(f"/Users/{told['id']}").json() == told
    assert client.get(look_up.upper().replace("/USERS?FILTER", "/Users?filter")).status_code == 200
    again = client.post("/Users", json=profile)
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")


def test_a_person_is_updated_deactivated_and_comes_back(served) -> None:
    """Profile changes are PUT; only ``active`` is a PATCH, without a path. A ``.local`` address is no obstacle."""
    made, client = served
    one = client.post("/Users", json=user("a@okta.local", externalId="00u1")).json()["id"]
    profile = user("a@okta.local", externalId="00u1", name={"givenName": "Bo", "familyName": "Beck"}, id=one, groups=[])
    assert client.put(f"/Users/{one}", json=profile).json()["name"] == {"givenName": "Bo", "familyName": "Beck"}
    made.clock.to(made.clock.now)
    for active in (False, True):
        answer = patch(client, f"/Users/{one}", {"op": "replace", "value": {"active": active}})
        assert (answer.status_code, answer.json()["active"]) == (200, active)
    assert client.put(f"/Users/{one}", json={**profile, "active": False}).json()["active"] is False
    assert client.get('/Users?filter=userName eq "a@okta.local"').json()["Resources"][0]["active"] is False


def test_a_group_is_pushed_renamed_and_unlinked(served) -> None:
    _, client = served
    one, other = (client.post("/Users", json=user(f"{n}@example.com")).json()["id"] for n in "ab")
    team = client.post("/Groups", json=group("Data", members=[])).json()["id"]
    added = {"op": "add", "path": "members", "value": [{"value": one, "display": "a@example.com"}]}
    assert patch(client, f"/Groups/{team}", added).status_code == 204
    patch(client, f"/Groups/{team}", added)
    assert members(client, team) == [one]  # a member pushed twice is a member once
    full = {"op": "replace", "path": "members", "value": [{"value": other}, {"value": one}]}
    assert patch(client, f"/Groups/{team}", full).status_code == 204
    assert members(client, team) == [other, one]
    moved = ({"op": "remove", "path": f'members[value eq "{one}"]'}, {"op": "add", "path": "members", "value": []})
    patch(client, f"/Groups/{team}", *moved)
    assert members(client, team) == [other]
    assert patch(
        client, f"/Groups/{team}", {"op": "replace", "value": {"id": team, "displayName": "Data 2"}}
    ).is_success
    assert client.get(f"/Groups/{team}").json()["displayName"] == "Data 2"
    assert members(client, team) == [other]
    assert client.delete(f"/Groups/{team}").status_code == 204
    assert client.get(f"/Groups/{team}").status_code == 404 and client.get(f"/Users/{other}").status_code == 200


def test_a_member_that_is_not_there_is_removed_without_complaint(served) -> None:
    _, client = served
    team = client.post("/Groups", json=group("Data")).json()["id"]
    assert patch(client, f"/Groups/{team}", {"op": "remove", "path": 'members[value eq "none"]'}).status_code == 204


@pytest.mark.parametrize(
    ("name", "requests", "assertions"),
    [
        ("Okta-SCIM-20-SPEC-Test.json", 12, 52),
        ("Okta-SCIM-20-SPEC-Test-old.json", 10, 44),
        ("okta-scim-beta_SCIM_tests_for_Runscope.json", 7, 37),
    ],
)
def test_oktas_own_suites(served, shared: Path, name: str, requests: int, assertions: int) -> None:
    made, client = served
    made.store.add_user(user("somebody@example.com"))
    made.store.add_group(group("Somebody's team"))
    login = "run.one@example.com"
    variables = {
        "SCIMBaseURL": made.base_url,
        "SCIM Base URL": made.base_url,
        "auth": f"Bearer {TOKEN}",
        "InvalidUserEmail": "nobody@example.com",
        "UserIdThatDoesNotExist": "1" * 32,
        "userIdThatDoesNotExist": "1" * 32,
        "randomEmail": login,
        "randomUsername": login,
        "randomUsernameCaps": login.upper(),
        "randomGivenName": "Run",
        "randomFamilyName": "One",
    }
    suite = json.loads((shared / "samples" / "scim" / name).read_text("utf-8"))
    played = runscope.play(suite, client, variables, {"Bearer Runscope": f"Bearer {TOKEN}"})
    assert played.failures == []
    assert (played.requests, played.assertions) == (requests, assertions)


def test_oktas_documented_requests(served, shared: Path) -> None:
    """The bodies of Okta's SCIM page, in the order an account and a team live through them."""
    made, client = served
    folder = shared / "samples" / "scim" / "okta"

    def body(name: str, **ids: str) -> bytes:
        text = (folder / f"{name}.request.json").read_text("utf-8")
        for old, new in ids.items():
            text = text.replace(known[old], new)
        return text.encode()

    known = {
        "one": json.loads((folder / "put_update_user.request.json").read_text())["id"],
        "team": json.loads((folder / "oin_patch_group_rename.request.json").read_text())["Operations"][0]["value"][
            "id"
        ],
    }
    created = client.post("/Users", content=body("create_user"))
    one = created.json()["id"]
    documented = json.loads((folder / "create_user.response.201.json").read_text())
    assert created.status_code == 201
    assert {k: created.json()[k] for k in documented if k not in ("id", "meta", "groups")} == {
        k: v for k, v in documented.items() if k not in ("id", "meta", "groups")
    }
    assert json.loads(body("create_user"))["password"] not in json.dumps(made.store.users())
    assert client.post("/Users", content=body("create_user")).status_code == 409
    assert client.put(f"/Users/{one}", content=body("put_update_user", one=one)).json()["name"]["middleName"]
    answer = client.patch(f"/Users/{one}", content=body("oin_patch_deactivate_user"))
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    assert client.put(f"/Users/{one}", content=body("aiw_put_deactivate_user", one=one)).json()["active"] is False
    team = client.post("/Groups", content=body("create_group")).json()["id"]
    assert client.patch(f"/Groups/{team}", content=body("oin_patch_group_full_push", one=one)).status_code == 204
    assert len(members(client, team)) == 2 and one in members(client, team)
    assert client.patch(f"/Groups/{team}", content=body("oin_patch_group_members", one=one)).status_code == 204
    assert members(client, team) == [one]
    assert client.patch(f"/Groups/{team}", content=body("oin_patch_group_rename", team=team)).status_code == 204
