"""Every quirk that a GET can show: one answer that shows it, and a healthy endpoint that shows none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrunbook import guide
from scimrunbook.sources.scim_quirks import Exchange, observe
from scimrunbook.sources.scim_records import ERROR_SCHEMA, LIST_SCHEMA

BASE = "https://api.us.castordoc.com/auth/scim"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
SCIM = "application/scim+json"


def user(n: int, **more: Any) -> dict[str, Any]:
    return {
        "schemas": [USER],
        "id": f"u{n}",
        "userName": f"u{n}@example.com",
        "externalId": f"e{n}",
        "active": True,
        "name": {"givenName": "A", "familyName": "B"},
        "emails": [{"value": f"u{n}@example.com"}],
        "meta": {"location": f"{BASE}/Users/u{n}"},
        **more,
    }


def listing(items: list[Any], total: int | None = None, count: int = 10, start: int = 1, **more: Any) -> Exchange:
    body = {"schemas": [LIST_SCHEMA], "totalResults": len(items) if total is None else total, "startIndex": start,
            "itemsPerPage": len(items), "Resources": items, **more}  # fmt: skip
    return Exchange(200, SCIM, {}, body, count=count, start=start)


def error(status: int, **headers: str) -> Exchange:
    return Exchange(status, SCIM, headers, {"schemas": [ERROR_SCHEMA], "status": str(status)})


FIRST, SECOND = [user(n) for n in range(10)], [user(n) for n in range(10, 20)]
UNAUTHORISED = error(401, **{"www-authenticate": "Bearer"})
HTML = Exchange(200, "text/html", html=True)
HEALTHY: dict[str, Exchange] = {
    "provider_test": listing(FIRST[:2], 30, 2),
    "no_token": UNAUTHORISED,
    "wrong_token": UNAUTHORISED,
    "token_without_bearer": UNAUTHORISED,
    "list_users": listing(FIRST, 30),
    "list_users_again": listing(FIRST, 30),
    "page_two": listing(SECOND, 30, start=11),
    "page_two_again": listing(SECOND, 30, start=11),
    "past_the_end": listing([], 30, 1, 31),
    "filter_nobody": listing([]),
    "filter_nonsense": error(400),
    "filter_known": listing(FIRST[:1]),
    "filter_upper_case": listing(FIRST[:1]),
    "filter_external_id": listing(FIRST[:1]),
    "unknown_id": error(404),
    "list_groups": listing([{"id": "g", "displayName": "G"}], count=1),
    "filter_display_name": listing([{"id": "g", "displayName": "G"}]),
    "service_provider_config": Exchange(200, SCIM, {}, {"schemas": [], "filter": {"supported": True}}),
    "schemas": listing([]),
    "resource_types": listing([{"name": "User", "endpoint": "/Users", "schema": USER}]),
    "without_accept": listing(FIRST[:1], 30, 1),
    "config_without_token": UNAUTHORISED,
    "default_page": replace(listing([user(n) for n in range(30)], 30), count=None),
    "large_page": listing([user(n) for n in range(30)], 30, 1000),
    "count_zero": listing([], 30, 0),
    "start_zero": listing(FIRST[:1], 30, 1),
    "filter_plus": listing(FIRST[:1]),
    "filter_inactive": listing(FIRST[:1]),
}
TEXT_COUNTERS = listing(FIRST, 30, totalResults="30")
SHOWN: dict[str, dict[str, Exchange]] = {
    "config_without_token": {"config_without_token": HEALTHY["service_provider_config"]},
    "unauthorised_not_scim": {"no_token": replace(UNAUTHORISED, content_type="text/plain", value=None)},
    "unauthorised_scheme": {"no_token": error(401, **{"www-authenticate": "Basic realm=x"})},
    "unauthenticated_500": {"no_token": error(500)},
    "token_not_enforced": {"wrong_token": listing(FIRST, 30)},
    "bearer_refused": {"token_without_bearer": listing(FIRST, 30), "provider_test": error(401)},
    "no_match_404": {"filter_nobody": error(404)},
    "zero_based": {"start_zero": listing([user(99)], 30, 1)},
    "start_index_ignored": {"page_two": HEALTHY["list_users"], "page_two_again": HEALTHY["list_users"]},
    "pages_overlap": dict.fromkeys(("page_two", "page_two_again"), listing([FIRST[9], *SECOND[:9]], 30, start=11)),
    "total_is_page_length": {"list_users": listing(FIRST, 10), "list_users_again": listing(FIRST, 10)},
    "filtered_total_wrong": {"filter_known": listing(FIRST[:1], 30)},
    "unstable_order": {"list_users_again": listing(FIRST[::-1], 30)},
    "rows_past_the_end": {"past_the_end": listing(FIRST[:1], 30, 1, 31)},
    "items_per_page": {"list_users": listing(FIRST, 30, itemsPerPage=100)},
    "short_page": {"list_users": listing(FIRST[:7], 30), "list_users_again": listing(FIRST[:7], 30)},
    "start_zero_refused": {"start_zero": error(400)},
    "count_zero_rows": {"count_zero": listing(FIRST, 30, 0)},
    "small_page": {"default_page": replace(listing(FIRST, 30), count=None)},
    "counters_text": {"list_users": TEXT_COUNTERS},
    "nobody_shape": {"filter_nobody": Exchange(200, SCIM, {}, {"schemas": [LIST_SCHEMA], "totalResults": 0})},
    "discovery_no_total": {"schemas": Exchange(200, SCIM, {}, [{"id": USER}])},
    "content_type": {"list_groups": replace(HEALTHY["list_groups"], content_type="text/json")},
    "accept_required": {"without_accept": error(406)},
    "html_answer": {"list_groups": HTML},
    "schemas_missing": {"filter_known": listing([user(0, schemas=None)])},
    "schemas_text": {"filter_known": listing([user(0, schemas=USER)])},
    "undeclared_extension": {"filter_known": listing([user(0, schemas=[USER, "urn:example:own"])])},
    "discovery_extra": {"service_provider_config": Exchange(200, SCIM, {}, {"filter": {"supported": True}, "xmlX": 1})},
    "odd_keys": {"filter_known": listing([user(0, name=None)])},
    "integer_id": {"filter_known": listing([user(0, id=7)])},
    "filter_misdeclared": {"service_provider_config": Exchange(200, SCIM, {}, {"filter": {"supported": False}})},
    "discovery_absent": {"schemas": error(404)},
    "resource_endpoint": {"resource_types": listing([{"name": "User", "endpoint": "/User", "schema": USER}])},
    "user_name_case": {"filter_upper_case": listing([])},
    "plus_lost": {"filter_plus": listing([])},
    "unknown_filter_everybody": {"filter_nonsense": listing(FIRST, 30)},
    "external_id_filter": {"filter_external_id": error(400)},
    "disabled_hidden": {"filter_inactive": listing([])},
    "active_odd": {"filter_known": listing([user(0, active="True")])},
    "members_not_excluded": {"filter_display_name": listing([{"id": "g", "displayName": "G", "members": []}])},
    "error_shape": {"unknown_id": Exchange(404, SCIM, {}, {"schemas": [ERROR_SCHEMA], "status": 404})},
    "location_odd": {"filter_known": listing([user(0, meta={"location": "http://10.0.0.1/Users/u0"})])},
    "throttled": {"list_groups": error(429)},
    "firewall": {"list_groups": Exchange(403, "text/html", {"cf-ray": "1"}, html=True)},
    "redirects": {"list_groups": Exchange(302, "", {"location": "https://login.example/"})},
}


def shown(asked: dict[str, Exchange]) -> set[str]:
    return {s.quirk for s in observe(asked, BASE)}


def test_a_healthy_endpoint_shows_none() -> None:
    assert shown(HEALTHY) == set()


@pytest.mark.parametrize("name", SHOWN)
def test_each_is_seen_and_brings_no_unrelated_one(name: str) -> None:
    found = shown(HEALTHY | SHOWN[name])
    together = {"start_index_ignored": {"rows_past_the_end"}, "total_is_page_length": set()}
    assert name in found and found - {name} <= together.get(name, set())


def test_all_fifty_are_there_and_every_one_a_get_can_show_has_its_rule() -> None:
    assert sorted(q.number for q in guide.SCIM_QUIRKS.values()) == list(range(1, 51))
    assert {n for n, q in guide.SCIM_QUIRKS.items() if q.seen == "get"} == set(SHOWN)
    assert all(set(q.breaks) <= {"okta", "entra", "reader"} and q.cases for q in guide.SCIM_QUIRKS.values())


def test_what_was_not_asked_shows_nothing() -> None:
    assert shown({}) == set()
    for name in HEALTHY:
        assert shown({name: HEALTHY[name]}) == set(), name


def test_no_value_of_a_person_is_quoted() -> None:
    for changed in SHOWN.values():
        for seen in observe(HEALTHY | changed, BASE):
            assert "@" not in seen.shown and len(seen.shown) <= 140


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda c: st.lists(c, max_size=3)
    | st.dictionaries(
        st.sampled_from(["Resources", "totalResults", "itemsPerPage", "startIndex", "id", "schemas", "meta", "location",
                         "filter", "supported", "name", "endpoint", "active", "status"]), c, max_size=4),
    max_leaves=10,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(list(HEALTHY)), st.tuples(st.sampled_from([200, 401, 404]), JSON), max_size=8))
def test_no_answer_breaks_a_rule(answers: dict[str, tuple[int, Any]]) -> None:
    observe({n: Exchange(s, SCIM, {}, v) for n, (s, v) in answers.items()}, BASE)
