"""Catalog read live: the probe and the walk, against the practice Catalog and against endpoints that misbehave."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrunbook import guide
from scimrunbook.evidence.secrets import Secret
from scimrunbook.incident import Incident
from scimrunbook.simulator.catalog import Catalog
from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.serve import serve
from scimrunbook.simulator.world import AS_OF
from scimrunbook.snapshot import Snapshot
from scimrunbook.sources import catalog, scim_records
from scimrunbook.sources.catalog_probe import Probe
from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.http import BearerAuth, Reader
from scimrunbook.sources.parts import Parts

HOST = "api.us.castordoc.com"
TOKEN = "practice-" * 4
LIST = scim_records.LIST_SCHEMA
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def incident(provider: str = "okta") -> Incident:
    return Incident(incident="T-1", identity_provider=provider, catalog_host="app.us.castordoc.com")


def quiet(step: str, done: int, total: int | None = None) -> None: ...


def practice(users: int = 25, groups: int = 2) -> Catalog:
    made = Catalog(Clock(AS_OF), random.Random(7), {TOKEN}, f"https://{HOST}/auth/scim")
    ids = [
        made.store.add_user(
            {
                "schemas": [USER],
                "userName": f"Person.{n}+x@example.com",
                "externalId": f"ext-{n}",
                "active": n % 5 != 0,
                "name": {"givenName": f"Given {n}", "familyName": "Müller"},
                "emails": [{"value": f"p{n}@example.com", "primary": True}],
            }
        )["id"]
        for n in range(users)
    ]
    for n in range(groups):
        members = [{"value": i} for i in ids[: n + 2]]
        made.store.add_group({"schemas": [GROUP], "displayName": f"Team {n}", "members": members})
    return made


def collected(
    app: Any, *, secret: str | None = TOKEN, provider: str = "okta", parts: Parts | None = None, **how: Any
) -> Snapshot:
    parts = parts or Parts()
    with serve({HOST: app}) as server:
        target = f"127.0.0.1:{server.port}"
        catalog.read(
            lambda auth: Reader(f"https://{HOST}", auth, target, patience=0),
            Secret(secret) if secret else None,
            incident(provider),
            parts,
            quiet,
            **how,
        )
    return parts.build(incident(provider))


def probed(snapshot: Snapshot) -> dict[str, tuple[Any, bool]]:
    rows = snapshot["probes"]
    return {p: (s, bool(ok)) for p, s, ok in zip(rows["probe"], rows["http_status"], rows["ok"], strict=True)}


def covered(snapshot: Snapshot, what: str) -> Any:
    rows = snapshot["coverage"]
    return rows[rows["what"] == what].iloc[0]


# -- a healthy Catalog ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_a_healthy_catalog_passes_every_probe_within_twenty_requests(provider: str) -> None:
    made = practice()
    got = collected(made.app, provider=provider)
    rows = got["probes"]
    assert rows["ok"].all(), rows[["probe", "detail"]]
    assert rows["failure"].isna().all()
    assert set(rows["probe"]) >= {"provider_test", "no_token", "wrong_token", "page_two", "filter_known", "schemas"}
    assert len(rows) <= 20
    assert rows["probe"].is_unique
    assert (rows["host"] == HOST).all()
    assert (rows["at"] == AS_OF).all()
    assert {r.method for r in made.requests} == {"GET"}
    assert bool(covered(got, "catalog.probe")["complete"])


def test_the_names_of_the_probes_are_those_the_module_documents() -> None:
    documented = catalog.catalog_probe.__doc__ or ""
    for provider in ("okta", "entra"):
        for name in collected(practice().app, provider=provider)["probes"]["probe"]:
            assert name in documented


def test_the_connection_tests_are_the_providers_own() -> None:
    okta, entra = practice(), practice()
    collected(okta.app, provider="okta")
    collected(entra.app, provider="entra")
    first = okta.requests[0]
    assert (first.path, first.query) == ("/auth/scim/Users", "startIndex=1&count=2")
    assert first.user_agent == "Okta SCIM Client 1.0.0"
    first = entra.requests[0]
    assert first.query.startswith("filter=userName+eq+%22")
    assert len(first.query) == len("filter=userName+eq+%22%22") + 36


def test_entras_test_asks_for_the_configured_matching_attribute() -> None:
    made, parts = practice(), Parts()
    parts.add("mappings", [{"object": "user", "target": "externalId", "matching_priority": 1}])
    collected(made.app, provider="entra", parts=parts)
    assert made.requests[0].query.startswith("filter=externalId+eq+%22")


def test_everybody_is_read_once_whatever_the_page_size() -> None:
    got = collected(practice(users=251, groups=103).app, probe="off")
    assert len(got["accounts"]) == 251
    assert len(got["teams"]) == 103
    assert got["probes"].empty
    for what, rows in (("catalog.users", 251), ("catalog.groups", 103)):
        row = covered(got, what)
        assert (row["rows"], row["unreadable"], bool(row["complete"])) == (rows, 0, True)
        assert row[["refused", "note"]].isna().all()
    person = got["accounts"].set_index("user_name").loc["Person.3+x@example.com"]
    assert (person["given_name"], person["family_name"], person["email"], person["external_id"]) == (
        "Given 3",
        "Müller",
        "p3@example.com",
        "ext-3",
    )
    assert bool(person["active"])
    assert not bool(got["accounts"].set_index("external_id").loc["ext-5", "active"])
    assert len(got["team_members"]) == sum(range(2, 105))


def test_an_empty_catalog_is_read_and_empty() -> None:
    got = collected(practice(users=0, groups=0).app)
    assert got["accounts"].empty
    assert got.read("catalog.users")
    assert bool(covered(got, "catalog.users")["complete"])
    assert got["probes"]["ok"].all()


# -- who may not come in ----------------------------------------------------------------------------------------------


def test_a_refused_token_is_told_and_nothing_else_is_asked() -> None:
    made = practice()
    got = collected(made.app, secret="an-expired-token-of-yesterday")
    rows = got["probes"]
    assert probed(got)["provider_test"] == (401, False)
    assert probed(got)["no_token"] == (401, True)
    assert (rows["probe"] == "provider_test_again").sum() == 2
    assert "list_users" not in set(rows["probe"])
    why, how = got.refusal("catalog.users") or ("", "")
    assert "401" in why
    assert how
    assert got.refusal("catalog.groups")
    assert got["accounts"].empty


def test_without_a_token_only_the_controls_are_asked() -> None:
    made = practice()
    got = collected(made.app, secret=None)
    assert set(got["probes"]["probe"]) == {"no_token", "wrong_token"}
    assert len(made.requests) == 2
    assert not bool(covered(got, "catalog.probe")["complete"])


def test_an_endpoint_nobody_answers_at_is_asked_once() -> None:
    parts = Parts()
    catalog.read(lambda auth: Reader(f"https://{HOST}", auth, "127.0.0.1:9"), Secret(TOKEN), incident(), parts, quiet)
    got = parts.build(incident())
    assert list(got["probes"]["failure"]) == ["refused"]
    assert not got.read("catalog.users")
    assert "nobody listens" in (got.refusal("catalog.users") or ("", ""))[0]


# -- endpoints that misbehave -----------------------------------------------------------------------------------------

Answer = tuple[int, Any]


def scripted(answer: Callable[[str, dict[str, str]], Answer], kind: bytes = b"application/scim+json") -> Any:
    """An endpoint of one function: path below the base and query → status and body (JSON, or bytes as they are)."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
        headers = dict(scope["headers"])
        known = headers.get(b"authorization", b"") == f"Bearer {TOKEN}".encode()
        status, body = answer(scope["path"].removeprefix("/auth/scim"), query) if known else (401, {})
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": data})

    return app


def listing(items: list[Any], total: Any = None, **more: Any) -> Answer:
    return 200, {"schemas": [LIST], "totalResults": len(items) if total is None else total, "Resources": items, **more}


def people(first: int, last: int) -> list[dict[str, Any]]:
    return [{"id": f"u{n}", "userName": f"u{n}@example.com", "active": True} for n in range(first, last)]


def paged(total: int, most: int = 100, *, from_zero: bool = False, overlap: int = 0) -> Callable[..., Answer]:
    def answer(path: str, query: dict[str, str]) -> Answer:
        if path != "/Users":
            return listing([])
        start = max(0, int(query.get("startIndex", 1)) - (not from_zero) - overlap)
        return listing(people(start, min(total, start + min(most, int(query["count"])))), total)

    return answer


def test_short_pages_and_overlaps_lose_and_double_nobody() -> None:
    for quirk in ({"most": 7}, {"overlap": 2}, {"most": 7, "overlap": 3}):
        got = collected(scripted(paged(230, **quirk)), probe="off")
        assert got["accounts"]["account_id"].nunique() == len(got["accounts"])
        note = covered(got, "catalog.users")["note"]
        if "overlap" in quirk:
            assert "more than once" in note
        else:
            assert len(got["accounts"]) == 230


def test_start_index_ignored_is_noticed_and_ends() -> None:
    asked: list[str] = []

    def answer(path: str, query: dict[str, str]) -> Answer:
        asked.append(path)
        return listing(people(0, 20), 230) if path == "/Users" else listing([])

    got = collected(scripted(answer))
    assert not probed(got)["page_two"][1]
    assert not probed(got)["past_the_end"][1]
    assert not probed(got)["filter_nonsense"][1]
    assert not probed(got)["filter_nobody"][1]
    row = covered(got, "catalog.users")
    assert row["rows"] == 20
    assert not bool(row["complete"])
    assert "does not advance" in row["note"]
    assert len(asked) < 30


def test_sr_58_endless_pages_end_at_the_cap() -> None:
    asked: list[int] = []

    def answer(path: str, query: dict[str, str]) -> Answer:
        start = int(query["startIndex"])
        asked.append(start)
        return listing(people(start, start + 1), 10**6 if start > 1 else 50)

    got = collected(scripted(answer), probe="off")
    assert len(asked) <= 2 * (int(50 * 1.2) + 2)
    assert "stopped after" in covered(got, "catalog.users")["note"]


def test_breaking_off_midway_keeps_what_came() -> None:
    def answer(path: str, query: dict[str, str]) -> Answer:
        if path == "/Users" and int(query["startIndex"]) > 100:
            return 500, {}
        return listing(people(0, 100), 230) if path == "/Users" else listing([])

    got = collected(scripted(answer), probe="off")
    row = covered(got, "catalog.users")
    assert len(got["accounts"]) == 100
    assert got.read("catalog.users")
    assert not bool(row["complete"])
    assert "broke off" in row["note"]
    assert "500" in row["note"]


def test_a_web_page_a_redirect_and_nonsense_are_told_apart() -> None:
    page = collected(scripted(lambda p, q: (200, b"<html>Sign in</html>"), b"text/html"))
    assert page["probes"].set_index("probe").loc["provider_test", "failure"] == "html"
    assert "web page" in (page.refusal("catalog.users") or ("", ""))[0]
    for body in (b"", b"nonsense", b'{"a": 1}', b'"x"', b"null", b"[" * 5000):
        got = collected(scripted(lambda p, q, b=body: (200, b)))
        assert not probed(got)["provider_test"][1], body
        assert got.refusal("catalog.users"), body


def test_intermittent_refusals_are_counted_and_reading_goes_on() -> None:
    count = iter(range(1000))

    def answer(path: str, query: dict[str, str]) -> Answer:
        return (401, {}) if next(count) == 0 else listing(people(0, 3)) if path == "/Users" else listing([])

    got = collected(scripted(answer))
    rows = got["probes"]
    assert list(rows[rows["probe"].str.startswith("provider_test")]["http_status"]) == [401, 200, 200]
    assert "list_users" in set(rows["probe"])
    assert len(got["accounts"]) == 3


def test_where_the_token_is_taken_without_bearer_only_its_lists_are_read_so() -> None:
    made = practice()

    async def alone(scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Knows the token by itself only: what is shown to the endpoint behind it is the other way round."""
        shown = dict(scope["headers"]).get(b"authorization", b"")
        turned = b"Bearer " + shown if not shown.startswith(b"Bearer ") else shown.removeprefix(b"Bearer ")
        headers = [(k, v) for k, v in scope["headers"] if k != b"authorization"]
        await made.app(
            {**scope, "headers": [*headers, *([(b"authorization", turned)] if shown else [])]}, receive, send
        )

    got = collected(alone)
    assert probed(got)["provider_test"] == (401, False) and probed(got)["token_without_bearer"][0] == 200
    assert (len(got["accounts"]), len(got["teams"])) == (25, 2)
    assert covered(got, "catalog.users")["complete"] and covered(got, "catalog.groups")["complete"]
    assert not len(collected(alone, provider="entra")["accounts"])  # Entra adds Bearer by itself: it is never let in so


def test_members_that_nobody_told_make_a_list_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "MAX_SINGLE", 3)

    def answer(path: str, query: dict[str, str]) -> Answer:
        if path == "/Groups":
            return listing([{"id": f"g{n}", "displayName": f"G{n}"} for n in range(5)])
        return (500, {}) if path == "/Groups/g1" else (200, {"id": path.rpartition("/")[2], "displayName": "G"})

    told = covered(collected(scripted(answer), probe="off"), "catalog.groups")
    assert not told["complete"] and told["rows"] == 5
    assert "those of 3 groups were not read" in told["note"]


def test_where_one_group_is_not_answered_no_other_is_asked_for_singly(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    get = Reader.get

    def silent(reader: Reader, path: str, **how: Any) -> Any:
        if "/Groups/" in path:
            asked.append(path)
            raise ReadFailure("timeout", "It did not answer.")
        return get(reader, path, **how)

    monkeypatch.setattr(Reader, "get", silent)
    groups = [{"id": f"g{n}", "displayName": "G"} for n in range(5)]
    app = scripted(lambda path, query: listing(groups if path == "/Groups" else []))
    told = covered(collected(app, probe="off"), "catalog.groups")
    assert not told["complete"] and "those of 5 groups were not read" in told["note"]
    assert len(asked) == 1


def test_groups_listed_without_members_are_fetched_one_by_one() -> None:
    def answer(path: str, query: dict[str, str]) -> Answer:
        if path == "/Groups":
            return listing([{"id": "g/1", "displayName": "One"}])
        if path == "/Groups/g/1":
            return 200, {"id": "g/1", "displayName": "One", "members": [{"value": "u1"}]}
        return listing([])

    got = collected(scripted(answer), probe="off")
    assert got["team_members"].to_dict("records") == [{"team_id": "g/1", "account_id": "u1"}]


@pytest.mark.parametrize(("full", "most"), [(True, 59), (False, 20)])
@pytest.mark.parametrize("provider", ["okta", "entra"])
@pytest.mark.parametrize("throttles", [False, True])
def test_no_probe_sends_more_than_its_bound_counted_at_the_server(
    full: bool, most: int, provider: str, throttles: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reader, "_wait", lambda self, seconds: None)
    made, came = practice(), []

    async def counted(scope: dict[str, Any], receive: Any, send: Any) -> None:
        came.append(scope["path"])
        if not throttles:
            return await made.app(scope, receive, send)
        await send({"type": "http.response.start", "status": 429, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    parts = Parts()
    with serve({HOST: counted}) as server:

        def opened(auth: BearerAuth | None) -> Reader:
            return Reader(f"https://{HOST}", auth, f"127.0.0.1:{server.port}", patience=1e30)

        secret = Secret(TOKEN)
        with opened(BearerAuth(secret)) as reader:
            Probe(opened, reader, secret, incident(provider), parts, full=full).run()
    assert len(came) <= most and len(came) == parts.rows["coverage"][-1]["rows"]
    if full:
        assert len(came) == most


def test_full_asks_nearly_always_with_the_token_so_that_one_failure_in_twenty_shows() -> None:
    made = practice()
    got = collected(made.app, probe="full")
    rows = got["probes"]
    without = rows["probe"].isin(("no_token", "wrong_token", "token_without_bearer", "config_without_token"))
    assert len(rows) == 59 and (~without).sum() == 55
    assert (rows["probe"] == "provider_test_again").sum() > 25
    assert {"default_page", "count_zero", "filter_inactive", "filter_plus"} <= set(rows["probe"])
    assert {r.method for r in made.requests} == {"GET"}


def test_the_practice_catalog_shows_no_quirk_that_breaks_anybody() -> None:
    for provider in ("okta", "entra"):
        rows = collected(practice().app, provider=provider, probe="full")["probes"]
        shown = {q for names in rows["quirks"].dropna() for q in json.loads(names)}
        assert not {q for q in shown if guide.SCIM_QUIRKS[q].breaks}, rows[rows["quirks"].notna()]["detail"].tolist()


# -- documents --------------------------------------------------------------------------------------------------------


def test_odd_documents_are_read_and_the_unreadable_counted() -> None:
    odd = [
        {"id": 7, "userName": "seven@example.com", "active": "True"},
        {"ID": "8", "UserName": "eight@example.com", "Active": "false", "Name": {"GivenName": "E"}},
        {"userName": "nine@example.com", "emails": ["nine@example.com"], "name": "Nine Lives"},
        {"id": "10", "userName": "ten", "active": "maybe", "emails": None, "roles": [{"value": "ADMIN"}]},
        {"id": "11", "userName": "", "emails": [{"value": "a@x"}, {"value": "b@x", "primary": "True"}]},
        {"displayName": "nobody"},
        "not an object",
        None,
    ]
    body = json.dumps({"totalResults": "8", "Resources": odd}).encode()
    page = scim_records.read_page(b"\xef\xbb\xbf" + body)
    rows, unreadable = scim_records.accounts(page.documents)
    by = {r["account_id"]: r for r in rows}
    assert list(by) == ["7", "8", "nine@example.com", "10", "11"]
    assert [by[k]["active"] for k in ("7", "8", "10")] == [True, False, None]
    assert (by["8"]["user_name"], by["8"]["given_name"]) == ("eight@example.com", "E")
    assert by["nine@example.com"]["email"] == "nine@example.com"
    assert (by["10"]["role"], by["11"]["email"], by["11"]["user_name"]) == ("ADMIN", "b@x", None)
    assert page.unreadable + unreadable == 3
    assert page.total == 8
    assert {"byte order mark", "totalResults is text"} <= set(page.quirks)


def test_one_broken_item_loses_nobody_else() -> None:
    deep = "[" * 70 + "]" * 70
    items = f'{{"id":"1"}},{{"id":"\\ud800x"}},{{"id":"3","deep":{deep}}},{{"id":"4","n":{10**400}}},{{"id":"5"}}'
    page = scim_records.read_page(f'{{"totalResults":5,"schemas":["{LIST}"],"Resources":[{items}]}}'.encode())
    assert [d["id"] for d in page.documents if d["id"] != "4"] == ["1", "\ufffdx", "5"]
    assert len(page.documents) + page.unreadable == 5
    for document in page.documents:
        document["id"].encode()


@pytest.mark.parametrize(
    ("body", "quirk"),
    [
        (b'[{"id":"1"}]', "bare list"),
        (b'{"totalresults":1,"resources":[{"id":"1"}]}', "Resources missing or in other capitals"),
        (b'{"Resources":[{"id":"1"}]}', "totalResults missing"),
    ],
)
def test_lists_of_another_shape(body: bytes, quirk: str) -> None:
    page = scim_records.read_page(body)
    assert [d["id"] for d in page.documents] == ["1"]
    assert quirk in page.quirks


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda c: st.lists(c, max_size=3) | st.dictionaries(st.sampled_from(["id", "userName", "name", "emails", "value",
                                                                        "active", "meta", "members"]), c, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(JSON, max_size=4))
def test_whatever_an_endpoint_lists_becomes_rows_or_is_counted(items: list[Any]) -> None:
    body = json.dumps({"schemas": [LIST], "totalResults": len(items), "Resources": items}).encode()
    page = scim_records.read_page(body)
    rows, unreadable = scim_records.accounts(page.documents)
    assert len(rows) + unreadable + page.unreadable == len(items)
    teams, members, lost = scim_records.teams(page.documents)
    assert len(teams) + lost + page.unreadable == len(items)
    parts = Parts()
    parts.add("accounts", rows)
    parts.add("teams", teams)
    parts.add("team_members", members)
    parts.build(incident())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_no_body_raises_anything_but_a_read_failure(body: bytes) -> None:
    with contextlib.suppress(ReadFailure):
        scim_records.read_page(body)
