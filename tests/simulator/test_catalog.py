"""The practice Catalog speaks SCIM as Okta's and Entra's clients and any other client expect."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.catalogs import TOKEN, catalog, group, user


@pytest.fixture
def served():
    with catalog() as both:
        yield both


def patch(client, path: str, *operations: dict):
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
    return client.patch(path, json=body)


def test_refusals_are_scim(served) -> None:
    _, client = served
    for headers in ({"Authorization": ""}, {"Authorization": TOKEN}, {"Authorization": f"Bearer Bearer {TOKEN}"}):
        answer = client.get("/Users", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["status"] == "401"
    assert client.get("/Users/none").json()["status"] == "404"
    assert client.get("/Nothing").status_code == 404
    assert client.put("/Users", json={}).status_code == 405
    assert client.post("/Users", content=b"{").status_code == 400
    assert client.post("/Users", json=user(" ")).status_code == 400
    assert client.get("/Users", params={"filter": "userName eq"}).json()["scimType"] == "invalidFilter"


def test_the_clock_and_the_log_of_requests(served) -> None:
    made, client = served
    answer = client.get("/Users", params={"count": 0})
    assert answer.headers.get_list("date") == ["Fri, 20 Nov 2026 14:00:00 GMT"]
    assert made.requests[-1].path == "/auth/scim/Users"
    assert TOKEN not in repr(made.requests)


def test_a_password_is_not_kept_and_a_name_is_unique_case_aside(served) -> None:
    _, client = served
    first = client.post("/Users", json=user("Ada@example.com", password="x" * 9))
    assert first.status_code == 201
    assert "password" not in client.get(f"/Users/{first.json()['id']}").json()
    assert client.post("/Users", json=user("ADA@example.com")).json()["scimType"] == "uniqueness"
    assert client.get("/Users", params={"filter": 'userName eq "ADA@EXAMPLE.COM"'}).json()["totalResults"] == 1


def test_okta_forms(served) -> None:
    """Okta: PATCH without a path for active, PUT of the whole profile, members by filter path, DELETE of a group."""
    _, client = served
    one = client.post("/Users", json=user("a@example.com", externalId="00u1")).json()["id"]
    assert patch(client, f"/Users/{one}", {"op": "replace", "value": {"active": False}}).json()["active"] is False
    changed = user("a@example.com", externalId="00u1", name={"givenName": "B", "familyName": "C"})
    assert client.put(f"/Users/{one}", json=changed).json()["name"]["givenName"] == "B"
    team = client.post("/Groups", json=group("Data", members=[])).json()["id"]
    patch(client, f"/Groups/{team}", {"op": "add", "path": "members", "value": [{"value": one}]})
    assert [m["value"] for m in client.get(f"/Groups/{team}").json()["members"]] == [one]
    renamed = {"op": "replace", "value": {"id": team, "displayName": "Data 2"}}
    assert patch(client, f"/Groups/{team}", renamed).status_code == 204
    patch(client, f"/Groups/{team}", {"op": "remove", "path": f'members[value eq "{one}"]'})
    after = client.get(f"/Groups/{team}").json()
    assert (after["displayName"], after.get("members", [])) == ("Data 2", [])
    assert client.delete(f"/Groups/{team}").status_code == 204


def test_entra_forms(served) -> None:
    """Entra: texts for booleans, capital operations, one per attribute; members removed by value; 200 for no match."""
    _, client = served
    empty = client.get('/Users?filter=userName+eq+"9edf3db5-0000-4000-8000-000000000000"')
    assert (empty.status_code, empty.json()["totalResults"]) == (200, 0)
    one = client.post("/Users", json=user("a@example.com")).json()["id"]
    disable = {"op": "Replace", "path": "active", "value": "False"}
    assert patch(client, f"/Users/{one}", disable).json()["active"] is False
    several = [{"op": "Replace", "path": "name.givenName", "value": "Zoë"},
               {"op": "Add", "path": "externalId", "value": "abc"},
               {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "b@example.com"}]  # fmt: skip
    after = patch(client, f"/Users/{one}", *several).json()
    assert (after["name"]["givenName"], after["externalId"]) == ("Zoë", "abc")
    assert after["emails"][0]["value"] == "b@example.com"
    flagged = {"op": "replace", "value": {"name.familyName": "Q", "active": True}}
    after = patch(client, f"/Users/{one}", flagged).json()
    assert (after["name"]["familyName"], after["active"]) == ("Q", True)
    microsoft = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
    made = client.post("/Groups", json={**group("Data"), "schemas": [group("x")["schemas"][0], microsoft]})
    team = made.json()["id"]
    assert made.status_code == 201
    patch(client, f"/Groups/{team}", {"op": "Add", "path": "members", "value": [{"$ref": None, "value": one}]})
    found = client.get('/Groups?excludedAttributes=members&filter=displayName eq "data"').json()["Resources"][0]
    assert "members" not in found
    patch(client, f"/Groups/{team}", {"op": "Remove", "path": "members", "value": [{"value": one}]})
    assert client.get(f"/Groups/{team}").json().get("members", []) == []


def test_a_deleted_account_leaves_its_teams_and_broken_documents_can_be_stored(served) -> None:
    made, client = served
    one = client.post("/Users", json=user("a@example.com")).json()["id"]
    team = client.post("/Groups", json=group("Data", members=[{"value": one}])).json()["id"]
    assert client.delete(f"/Users/{one}").status_code == 204
    assert client.get(f"/Groups/{team}").json()["members"] == []
    made.store.add_user({"userName": "x@example.com", "active": "perhaps", "name": "A B"})
    assert client.get("/Users").json()["Resources"][0]["active"] == "perhaps"
    assert client.get("/Users", params={"filter": 'title eq "x"'}).json()["totalResults"] == 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 12), people=st.integers(0, 25))
def test_paging_gives_everybody_once(size: int, people: int) -> None:
    with catalog() as (made, client):
        for number in range(people):
            made.store.add_user(user(f"p{number}@example.com"))
        seen: list[str] = []
        while True:
            page = client.get("/Users", params={"startIndex": len(seen) + 1, "count": size}).json()
            assert page["totalResults"] == people and page["itemsPerPage"] == len(page["Resources"])
            if not page["Resources"]:
                break
            seen += [r["userName"] for r in page["Resources"]]
        assert seen == [f"p{n}@example.com" for n in range(people)]


def test_no_error_by_the_conformance_tester() -> None:
    """scim2-tester writes: it is pointed at the practice Catalog only, never at anything else."""
    import httpx2
    from scim2_client.engines.httpx2 import SyncSCIMClient
    from scim2_tester import Status, check_server

    with catalog() as (made, _):
        assert made.base_url.startswith("http://127.0.0.1:")
        client = httpx2.Client(base_url=made.base_url, headers={"Authorization": f"Bearer {TOKEN}"})
        scim = SyncSCIMClient(client)
        scim.discover()
        results = check_server(scim)
    assert len(results) > 100
    assert [(r.title, r.reason) for r in results if r.status in (Status.ERROR, Status.CRITICAL)] == []


# -- Okta's own suite, as published in Runscope's format -----------------------------------------


def _value(data: object, path: str) -> object:
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path or ""):
        data = data[int(index)] if index else (data.get(name) if isinstance(data, dict) else None)
        if data is None:
            return None
    return data


def _holds(check: dict, answer, variables: dict[str, str]) -> bool:
    wanted = _filled(check.get("value") or "", variables)
    if check["source"] == "response_status":
        return answer.status_code == int(wanted)
    if check["source"] == "response_time":
        return answer.elapsed.total_seconds() * 1000 < float(wanted) * 10  # a practice server on a busy machine
    value = _value(answer.json(), check.get("property") or "")
    return {
        "not_empty": lambda: value not in (None, "", [], {}),
        "equal": lambda: str(value).lower() == wanted.lower(),
        "equal_number": lambda: float(value) == float(wanted),
        "has_value": lambda: wanted in (value or []),
        "is_a_number": lambda: isinstance(value, int),
        "contains": lambda: wanted in str(value),
    }[check["comparison"]]()


def _filled(text: str, variables: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda m: variables.get(m.group(1), ""), text)


def test_oktas_own_suite(served, shared: Path) -> None:
    made, client = served
    made.store.add_user(user("somebody@example.com"))
    suite = json.loads((shared / "samples" / "scim" / "Okta-SCIM-20-SPEC-Test.json").read_text())
    variables = {
        "SCIMBaseURL": made.base_url,
        "auth": f"Bearer {TOKEN}",
        "InvalidUserEmail": "nobody@example.com",
        "UserIdThatDoesNotExist": "010101001010101011001010101011",
        "randomEmail": "run.one@example.com",
        "randomUsername": "run.one@example.com",
        "randomUsernameCaps": "RUN.ONE@EXAMPLE.COM",
        "randomGivenName": "Run",
        "randomFamilyName": "One",
        "randomUserEmail": "run.one@example.com",
    }
    asserted = 0
    for step in (s for s in suite["steps"] if s["step_type"] == "request"):
        headers = {k: _filled(v[0], variables) for k, v in step["headers"].items()}
        body = _filled(step.get("body") or "", variables)
        answer = client.request(step["method"], _filled(step["url"], variables), headers=headers, content=body or None)
        for check in step["assertions"]:
            assert _holds(check, answer, variables), (step["note"], check, answer.status_code, answer.text)
            asserted += 1
        for variable in step["variables"]:
            variables[variable["name"]] = str(_value(answer.json(), variable["property"]))
    assert asserted > 40


def test_entra_requests_as_published(served, shared: Path) -> None:
    """Every published Entra body is accepted as it stands."""
    _, client = served
    folder = shared / "samples" / "entra" / "scim-requests"
    one = client.post("/Users", json=json.loads((folder / "post-user.json").read_text()))
    assert one.status_code == 201
    team = client.post("/Groups", json=json.loads((folder / "post-group.json").read_text()))
    assert team.status_code == 201
    done = 0
    for path in sorted(folder.glob("patch-*.json")):
        kind = "Groups" if "member" in path.name else "Users"
        identity = (team if kind == "Groups" else one).json()["id"]
        answer = client.patch(f"/{kind}/{identity}", content=path.read_text())
        assert answer.status_code in (200, 204), (path.name, answer.text)
        done += 1
    assert done == 7
