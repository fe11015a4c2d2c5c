"""The practice Catalog speaks SCIM 2.0 as any client expects it: refusals, lists, shapes, discovery."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrunbook.simulator.catalog.schemas import ENTERPRISE, USER
from tests.simulator.catalogs import BASE, TOKEN, empty, fresh, group, patch, user


@pytest.mark.parametrize("path", ["/Users", "/Users/none", "/Nothing", "/ServiceProviderConfig", "/Schemas"])
@pytest.mark.parametrize("header", ["", TOKEN, f"bearer {TOKEN}", f"Bearer Bearer {TOKEN}", f"Bearer {TOKEN}x"])
def test_nothing_is_told_without_the_exact_token(served, path: str, header: str) -> None:
    made, client = served
    answer = client.get(path, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/scim+json"
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer.json()["status"] == "401"
    assert TOKEN not in repr(made.requests) and made.requests[-1].status == 401


def test_a_token_is_exchanged_while_serving(served) -> None:
    made, client = served
    made.tokens.clear()
    assert client.get("/Users").status_code == 401
    made.tokens.update({"other", TOKEN})
    assert client.get("/Users").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "/Users/none", None, 404, None),
        ("GET", "/Users/", None, 404, None),
        ("GET", "/Nothing", None, 404, None),
        ("GET", "/Schemas/urn:none", None, 404, None),
        ("PUT", "/Users", b"{}", 405, None),
        ("POST", "/Schemas", b"{}", 405, None),
        ("GET", "/Schemas?filter=id pr", None, 403, None),
        ("POST", "/Users", b"{", 400, "invalidSyntax"),
        ("POST", "/Users", b"[]", 400, "invalidSyntax"),
        ("POST", "/Users", b"\xff", 400, "invalidSyntax"),
        ("POST", "/Users", b"[" * 100_000, 400, "invalidSyntax"),
        ("POST", "/Users", json.dumps(user("a@example.com", nick=float("nan"))).encode(), 400, "invalidSyntax"),
        ("POST", "/Users", json.dumps({"userName": "a"}).encode(), 400, "invalidSyntax"),
        ("POST", "/Users", json.dumps(user(" ")).encode(), 400, "invalidValue"),
        ("POST", "/Users", json.dumps(user("a@example.com", active="perhaps")).encode(), 400, "invalidValue"),
        ("GET", "/Users?filter=userName eq", None, 400, "invalidFilter"),
        ("GET", "/Users?filter=externalId eq jyoung", None, 400, "invalidFilter"),
        ("GET", "/Users?filter=active gt true", None, 400, "invalidFilter"),
        ("GET", "/Users?startIndex=one", None, 400, "invalidValue"),
        ("GET", "/Users?count=" + "9" * 30, None, 400, "invalidValue"),
        ("POST", "/Users/.search", b'{"startIndex": "one"}', 400, "invalidValue"),
        ("POST", "/Users/.search", b'{"count": true}', 400, "invalidValue"),
    ],
)
def test_refusals_are_scim(served, method: str, path: str, body: bytes | None, status: int, kind: str | None) -> None:
    _, client = served
    answer = client.request(method, path, content=body)
    told = answer.json()
    assert (answer.status_code, told["status"], told.get("scimType")) == (status, str(status), kind)
    assert told["detail"] and len(answer.headers.get_list("date")) == 1


def test_an_own_mistake_is_a_scim_answer_too_and_costs_no_connection(served, monkeypatch, caplog) -> None:
    made, client = served
    monkeypatch.setattr(made.store, "count", lambda _: 1 / 0)
    for _ in range(20):
        answer = client.get("/Users")
        assert (answer.status_code, answer.json()["status"]) == (500, "500")
    assert "date" in answer.headers and made.requests[-1].status == 500
    assert "ZeroDivisionError" in caplog.text and TOKEN not in caplog.text


def test_the_clock_and_the_log_of_requests(served) -> None:
    made, client = served
    answer = client.get("/Users", params={"count": 0}, headers={"User-Agent": "Okta SCIM Client 1.0.0"})
    assert answer.headers.get_list("date") == ["Fri, 20 Nov 2026 14:00:00 GMT"]
    (seen,) = made.requests
    assert (seen.method, seen.path, seen.query, seen.status) == ("GET", "/auth/scim/Users", "count=0", 200)
    assert seen.user_agent == "Okta SCIM Client 1.0.0" and seen.at == "2026-11-20T14:00:00+00:00"
    assert made.requests.maxlen


def test_an_account_is_told_as_it_was_given(served) -> None:
    made, client = served
    sent = user("Zoë+team@example.com", externalId="00u1", password="x" * 9, nick="undeclared", title=None)
    answer = client.post("/Users", json=sent)
    made_one = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == made_one["meta"]["location"] == f"{made.base_url}/Users/{made_one['id']}"
    assert made_one["meta"]["created"] == made_one["meta"]["lastModified"] == "2026-11-20T14:00:00.000Z"
    assert client.get(answer.headers["location"]).json() == made_one
    assert {k: v for k, v in made_one.items() if k not in ("id", "meta")} == {
        k: v for k, v in sent.items() if k not in ("password", "title")
    }


def test_a_name_is_unique_case_aside_and_may_be_kept(served) -> None:
    _, client = served
    one = client.post("/Users", json=user("Ada@example.com")).json()["id"]
    other = client.post("/Users", json=user("bo@example.com")).json()["id"]
    assert client.post("/Users", json=user("ADA@example.com")).json()["scimType"] == "uniqueness"
    assert client.put(f"/Users/{other}", json=user("ada@EXAMPLE.com")).status_code == 409
    assert patch(client, f"/Users/{other}", {"op": "replace", "path": "userName", "value": "ADA@example.com"}).is_error
    assert client.put(f"/Users/{one}", json=user("ada@example.com")).json()["userName"] == "ada@example.com"
    assert client.post("/Groups", json=group("Data")).status_code == 201
    assert client.post("/Groups", json=group("DATA")).status_code == 409


def test_put_replaces_and_keeps_what_is_the_servers(served) -> None:
    _, client = served
    before = client.post("/Users", json=user("a@example.com", title="Dr")).json()
    after = client.put(f"/Users/{before['id']}", json=user("a@example.com", id="mine", meta={"created": "x"})).json()
    assert (after["id"], after["meta"]["created"]) == (before["id"], before["meta"]["created"])
    assert "title" not in after
    assert client.put("/Users/none", json=user("b@example.com")).status_code == 404


def test_parts_of_a_document_are_told_on_request(served) -> None:
    made, client = served
    extension = {"department": "Data", "division": "EU"}
    one = made.store.add_user(user("a@example.com", **{ENTERPRISE: extension}))

    def told(**params: str) -> dict:
        return client.get(f"/Users/{one['id']}", params=params).json()

    assert set(told(attributes="userName")) == {"schemas", "id", "userName"}
    assert told(attributes=f"name.givenName, {ENTERPRISE}:department") == {
        "schemas": [USER],
        "id": one["id"],
        "name": {"givenName": "Ada"},
        ENTERPRISE: {"department": "Data"},
    }
    assert told(attributes=f"{USER}:EMAILS.value")["emails"] == [{"value": "a@example.com"}]
    assert told(attributes=ENTERPRISE)[ENTERPRISE] == extension
    assert told(attributes="name,name.givenName")["name"] == one["name"]
    left = told(excludedAttributes="id,emails,name.familyName,meta")
    assert "emails" not in left and "meta" not in left and left["id"] == one["id"]
    assert left["name"] == {"givenName": "Ada"}


def test_search_by_post_finds_over_both_kinds(served) -> None:
    made, client = served
    made.store.add_user(user("a@example.com", displayName="Data"))
    made.store.add_group(group("Data"))
    body = {"filter": 'displayName eq "data"', "attributes": ["displayName"], "startIndex": 1, "count": None}
    both = client.post("/.search", json=body).json()
    assert [set(r) for r in both["Resources"]] == [{"schemas", "id", "displayName"}] * 2
    assert client.post("/Groups/.search", json=body).json()["totalResults"] == 1


def test_discovery_tells_what_is_there(served) -> None:
    _, client = served
    config = client.get("/ServiceProviderConfig").json()
    assert config["patch"]["supported"] and config["filter"]["maxResults"] == 1000
    assert not config["bulk"]["supported"]
    for kind in ("ResourceTypes", "Schemas"):
        listed = client.get(f"/{kind}").json()
        assert listed["totalResults"] == len(listed["Resources"]) > 1
        for one in listed["Resources"]:
            assert client.get(one["meta"]["location"]).json() == one
    user_schema = client.get(f"/Schemas/{USER}").json()
    names = {a["name"]: a for a in user_schema["attributes"]}
    assert names["userName"]["required"] and names["userName"]["uniqueness"] == "server"
    assert names["password"]["returned"] == "never"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 12), people=st.integers(0, 25), filtered=st.booleans())
def test_paging_gives_everybody_once(served, size: int, people: int, filtered: bool) -> None:
    made, client = served
    empty(made)
    for number in range(people):
        made.store.add_user(user(f"p{number}@example.com"))
    if people > 3:  # a gap in the order of creation must not cost a row
        made.store.delete_user(made.store.by_name("Users", "p2@example.com")[0]["id"])
    expected = [u["userName"] for u in made.store.users()]
    seen: list[str] = []
    for _ in range(people + 2):
        params = {"startIndex": len(seen) + 1, "count": size, **({"filter": "userName pr"} if filtered else {})}
        page = client.get("/Users", params=params).json()
        assert page["totalResults"] == len(expected)
        assert page["itemsPerPage"] == len(page["Resources"]) <= size and page["startIndex"] == len(seen) + 1
        if not page["Resources"]:
            break
        seen += [r["userName"] for r in page["Resources"]]
    assert seen == expected


def test_the_edges_of_paging(served) -> None:
    made, client = served
    for number in range(3):
        made.store.add_user(user(f"p{number}@example.com"))

    def page(**params: int) -> tuple:
        told = client.get("/Users", params=params).json()
        counters = [told[k] for k in ("totalResults", "itemsPerPage", "startIndex")]
        assert all(type(c) is int for c in counters)
        return (*counters, len(told["Resources"]))

    assert page() == (3, 3, 1, 3)
    assert page(count=0) == page(count=-1) == (3, 0, 1, 0)
    assert page(startIndex=0, count=1) == page(startIndex=-7, count=1) == (3, 1, 1, 1)
    assert page(startIndex=4) == (3, 0, 4, 0)
    assert page(count=5000) == (3, 3, 1, 3)


def test_the_same_seed_gives_the_same_catalog_to_the_byte() -> None:
    async def play(seed: int) -> list[bytes]:
        made = fresh(seed)
        wire, headers = httpx.ASGITransport(app=made.app), {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(transport=wire, base_url=BASE, headers=headers) as client:
            said = [await client.post("/Users", json=user(f"{n}@example.com")) for n in "abc"]
            ids = [a.json()["id"] for a in said]
            said.append(await client.post("/Groups", json=group("Data", members=[{"value": i} for i in ids])))
            several = [{"op": "replace", "value": {"title": "Dr", "nickName": "Z", "active": "False", "locale": "de"}}]
            said.append(await client.patch(f"/Users/{ids[0]}", json={"Operations": several}))
            said.append(await client.delete(f"/Users/{ids[1]}"))
            said += [await client.get("/Users"), await client.get("/Groups")]
        return [a.content for a in said]

    first, again, other = (asyncio.run(play(seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert BASE.encode() in first[0]
