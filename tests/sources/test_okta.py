"""Reading an org live: over loopback from the simulated Okta, and page by page from answers made here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pandas as pd
import pytest
from starlette.applications import Starlette

from scimrunbook.evidence.secrets import Secret
from scimrunbook.incident import Incident
from scimrunbook.simulator.okta.api import Api
from scimrunbook.simulator.okta.engine import ORG_HOST
from scimrunbook.simulator.serve import serve
from scimrunbook.simulator.tenant import Tenant
from scimrunbook.simulator.world import AS_OF, BEGIN
from scimrunbook.snapshot import Snapshot
from scimrunbook.sources import exports, okta
from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.http import Answer, BearerAuth, Reader
from scimrunbook.sources.parts import Parts
from tests.sources import okta_data as data
from tests.tenants import quiet, tenant

SINCE = BEGIN - timedelta(days=1)
EVERY_STEP = [
    "okta.app", "okta.app_users", "okta.app_groups", "okta.push_mappings", "okta.mappings", "okta.users",
    "okta.groups", "okta.members", "okta.system_log",
]  # fmt: skip


def of(built: Tenant, **more: Any) -> Incident:
    return data.incident(built.engine.app_id, **more)


@contextmanager
def org(built: Tenant, api: Api | None = None, token: str | None = None) -> Iterator[Reader]:
    api = api or Api(built.engine, {built.provider_token})
    app: Starlette = api.build()
    auth = BearerAuth(Secret(token or built.provider_token), "SSWS")
    with serve({ORG_HOST: app}) as server, Reader(f"https://{ORG_HOST}", auth, f"127.0.0.1:{server.port}") as reader:
        yield reader


def live(built: Tenant, incident: Incident | None = None, api: Api | None = None) -> tuple[Parts, Snapshot]:
    incident, parts = incident or of(built), Parts()
    with org(built, api) as reader:
        okta.read(reader, incident, parts, quiet, since=SINCE, until=AS_OF)
    return parts, parts.build(incident)


def covered(snapshot: Snapshot, what: str) -> dict[str, Any]:
    rows = snapshot["coverage"]
    (row,) = rows[rows["what"] == what].to_dict("records")
    return {str(k): None if pd.isna(v) else v for k, v in row.items()}


@pytest.fixture(scope="module")
def healthy() -> Snapshot:
    return live(tenant("okta", "none"))[1]


def test_everything_is_read_and_said_to_be(healthy: Snapshot) -> None:
    assert list(healthy["coverage"]["what"]) == EVERY_STEP
    assert all(healthy.whole(what) for what in EVERY_STEP)
    assert healthy.facts.app.name == "scim2headerauth"
    assert healthy["coverage"]["unreadable"].sum() == 0


def test_the_tables_are_those_of_the_world(healthy: Snapshot) -> None:
    world = tenant("okta", "none").world
    assert set(healthy["people"]["person_key"]) == set(world.people)
    assert set(healthy["groups"]["name"]) == {g.name for g in world.groups.values()}
    pairs = set(zip(healthy["memberships"]["group_key"], healthy["memberships"]["member_key"], strict=True))
    assert pairs == {(g.key, m) for g in world.groups.values() for m in g.members}
    pushed = healthy["assignments"][healthy["assignments"]["how"] == "pushed"]
    assert set(pushed["target_key"]) == {g.key for g in world.groups.values() if g.pushed}
    assert pushed["team_id"].notna().all()


@pytest.mark.parametrize("fault", ["none", "token_expired", "create_off", "names_empty"])
def test_live_and_exports_of_a_tenant_give_the_same_tables(fault: str, tmp_path: Path) -> None:
    built = tenant("okta", fault)
    parts, there = live(built)
    built.export(tmp_path)
    files = Parts()
    exports.read_folder(tmp_path, of(built), files, quiet)
    here = files.build(of(built))
    assert parts.facts.app == files.facts.app
    tables = ("people", "groups", "memberships", "assignments", "app_accounts", "mappings", "events", "jobs",
              "config_changes")  # fmt: skip
    for name in tables:
        columns = list(there[name].columns)
        frames = [s[name].sort_values(columns).reset_index(drop=True) for s in (there, here)]
        pd.testing.assert_frame_equal(*frames)
        assert len(frames[0]), name


@pytest.mark.parametrize(
    ("denied", "what", "table"),
    [("/apps/[^/]+/users", "okta.app_users", "app_accounts"), ("/mappings.*", "okta.mappings", "mappings"),
     ("/logs", "okta.system_log", "events"), ("/groups", "okta.groups", None), ("/apps/[^/]+", "okta.app", "jobs")],
)  # fmt: skip
def test_what_is_denied_is_named_and_the_rest_is_read(denied: str, what: str, table: str | None) -> None:
    built = tenant("okta", "none")
    api = Api(built.engine, {built.provider_token})
    api.denied = [denied]
    _, snapshot = live(built, api=api)
    row = covered(snapshot, what)
    assert row["refused"].startswith("403")
    assert "okta." in row["get_it"] or "read-only admin" in row["get_it"]
    assert not snapshot.read(what)
    assert all(snapshot.whole(other) for other in EVERY_STEP if other != what)
    if table:
        assert snapshot[table].empty


def test_a_group_that_may_not_be_read_leaves_the_others() -> None:
    built = tenant("okta", "none")
    api = Api(built.engine, {built.provider_token})
    group = next(g for g in built.world.groups.values() if g.members)
    api.denied = [f"/groups/{group.key}/users"]
    _, snapshot = live(built, api=api)
    row = covered(snapshot, "okta.members")
    assert not snapshot.whole("okta.members")
    assert snapshot.read("okta.members")
    assert "403" in row["note"] and "okta.groups.read" in row["note"]
    assert group.key not in set(snapshot["memberships"]["group_key"])


def test_an_invalid_token_is_asked_about_once() -> None:
    built, parts = tenant("okta", "none"), Parts()
    with org(built, token="not-" + "the-one") as reader:
        okta.read(reader, of(built), parts, quiet, since=SINCE, until=AS_OF)
        assert reader.requests == 1
    table = parts.build(of(built))["coverage"]
    assert list(table["what"]) == EVERY_STEP
    assert table["refused"].str.contains("401").all()
    assert table["get_it"].notna().all()


def test_nobody_listens(tmp_path: Path) -> None:
    parts = Parts()
    with Reader(f"https://{ORG_HOST}", connect_to="127.0.0.1:9") as reader:
        okta.read(reader, data.incident(), parts, quiet)
        assert reader.requests == 1
    assert {row["refused"] for row in parts.rows["coverage"]} == {row["refused"] for row in parts.rows["coverage"][:1]}


def test_rate_limits_are_waited_for() -> None:
    built = tenant("okta", "none")
    api = Api(built.engine, {built.provider_token})
    api.allowance = 3
    waits: list[float] = []
    parts = Parts()
    auth = BearerAuth(Secret(built.provider_token), "SSWS")
    with (
        serve({ORG_HOST: api.build()}) as server,
        Reader(f"https://{ORG_HOST}", auth, f"127.0.0.1:{server.port}", sleep=waits.append) as reader,
    ):
        okta.read(reader, of(built), parts, quiet, since=SINCE, until=AS_OF)
    assert len(waits) == 1
    assert all(parts.build(of(built)).whole(what) for what in EVERY_STEP)


def test_the_application_is_found_by_its_kind(healthy: Snapshot) -> None:
    built = tenant("okta", "none")
    _, snapshot = live(built, data.incident(None))
    assert snapshot.facts.app.id == built.engine.app_id
    for table in ("people", "app_accounts", "events", "mappings"):
        pd.testing.assert_frame_equal(snapshot[table], healthy[table])


def test_another_application_than_catalogs_kind_names_the_ones_that_could_be_meant() -> None:
    built = tenant("okta", "none")
    other = "0oa" + built.engine.app_id[3:][::-1]
    _, snapshot = live(built, data.incident(other))
    assert snapshot.facts.app.name == "castordoc"
    assert [built.engine.app_id == c.id for c in snapshot.facts.app.candidates] == [True]


def test_somebody_named_and_not_assigned_is_in_the_directory() -> None:
    built = tenant("okta", "not_assigned")
    person = built.world.people[built.truth[0].affected[0]]
    _, snapshot = live(built, of(built, people=[person.email, "nobody@example.net"]))
    assert person.key in set(snapshot["people"]["person_key"])
    assert person.key not in set(snapshot["app_accounts"]["person_key"])
    assert "1 of the people the incident names were not found" in covered(snapshot, "okta.users")["note"]


# -- answers made here ---------------------------------------------------------------------------


class Pages:
    """A reader of prepared answers: path → list of pages, or one document, or a status. Remembers what was asked."""

    date = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, list[str]()

    def get(self, path: str, **_: Any) -> Answer:
        self.asked.append(path)
        url = urlsplit(path)
        query = parse_qs(url.query)
        told = self.answers.get(url.path.removeprefix("/api/v1"), [])
        links, status = {}, 200
        if callable(told):
            told = told(query)
        if isinstance(told, Exception):
            raise told
        if isinstance(told, int):
            told, status = {"errorCode": "E0000006"}, told
        elif isinstance(told, list):
            number = int(query.get("after", ["0"])[0])
            if number + 1 < len(told):
                links["next"] = f"{url.path}?after={number + 1}"
            told = told[number] if told else []
            if isinstance(told, Exception):
                raise told
        return Answer(status, url.path, httpx.Headers(), json.dumps(told).encode(), links, 1)


def read(answers: dict[str, Any], incident: Incident | None = None) -> tuple[Snapshot, Pages]:
    pages, parts, incident = Pages(answers), Parts(), incident or data.incident()
    okta.read(pages, incident, parts, quiet)  # type: ignore[arg-type]
    return parts.build(incident), pages


def test_pages_are_followed_to_the_end() -> None:
    two = [[data.app_user()], [data.app_user(data.BO, _embedded={"user": data.user(data.BO, "bo@example.com")})]]
    snapshot, _ = read({f"/apps/{data.APP}": data.app(), f"/apps/{data.APP}/users": two})
    assert set(snapshot["app_accounts"]["person_key"]) == {data.ADA, data.BO}
    assert snapshot.whole("okta.app_users")


def test_a_list_that_breaks_off_keeps_what_came() -> None:
    cut = [[data.app_user()], ReadFailure("timeout", "acme did not answer in time.", "Try again.")]
    snapshot, _ = read({f"/apps/{data.APP}": data.app(), f"/apps/{data.APP}/users": cut})
    row = covered(snapshot, "okta.app_users")
    assert (row["rows"], row["refused"], row["complete"]) == (1, None, False)
    assert "did not answer in time" in row["note"]


def test_sr_58_a_next_link_that_goes_round_ends() -> None:
    def round_and_round(_: Any) -> list[Any]:
        return [[data.group()], [data.group()], [data.group()]]

    class Circle(Pages):
        def get(self, path: str, **more: Any) -> Answer:
            answer = super().get(path.replace("after=2", "after=0"), **more)
            return answer

    pages, parts = Circle({"/groups": round_and_round}), Parts()
    okta.read(pages, data.incident(), parts, quiet)  # type: ignore[arg-type]
    assert not parts.build(data.incident()).whole("okta.groups")


def test_deactivated_people_are_asked_for_because_the_list_omits_them() -> None:
    def people(query: dict[str, list[str]]) -> list[Any]:
        gone = 'status eq "DEPROVISIONED"' in query.get("filter", [""])[0]
        return [[data.user(data.BO, "bo@example.com", status="DEPROVISIONED") if gone else data.user()]]

    snapshot, _ = read({f"/apps/{data.APP}": data.app(), "/users": people})
    active = dict(zip(snapshot["people"]["person_key"], snapshot["people"]["active"], strict=True))
    assert active == {data.ADA: True, data.BO: False}
    assert covered(snapshot, "okta.users")["rows"] == 2


def test_whoever_the_incident_names_is_looked_up_by_login_then_by_address() -> None:
    def search(query: dict[str, list[str]]) -> list[Any]:
        asked = query.get("search", [""])[0]
        return [[data.user(data.BO, "bo@example.com")]] if 'profile.email eq "bo.b@example.com"' in asked else [[]]

    answers = {
        f"/apps/{data.APP}": data.app(),
        "/users": search,
        "/users/ada%40example.com": data.user(),
        "/users/bo.b%40example.com": 404,
    }
    snapshot, pages = read(answers, data.incident(people=["ada@example.com", "bo.b@example.com"]))
    assert set(snapshot["people"]["person_key"]) == {data.ADA, data.BO}
    assert covered(snapshot, "okta.users")["note"] is None
    assert sum("search=" in p for p in pages.asked) == 1


def test_the_log_is_bounded_and_asked_for_by_application() -> None:
    snapshot, pages = read({f"/apps/{data.APP}": data.app(), "/logs": [[data.event(), data.event(number=2)]]})
    asked = [parse_qs(urlsplit(p).query) for p in pages.asked if "/logs" in p]
    assert all({"since", "until"} <= set(q) for q in asked)
    assert asked[0]["filter"] == [f'target.id eq "{data.APP}"']
    assert len(snapshot["events"]) == 2  # the same events answer every filter
    row = covered(snapshot, "okta.system_log")
    assert (row["rows"], row["complete"]) == (2, True)
    assert (row["last_at"] - row["first_at"]).days == 14


def test_the_log_reaches_ninety_days_back() -> None:
    window = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
    snapshot, _ = read({f"/apps/{data.APP}": data.app()}, data.incident(window=window))
    row = covered(snapshot, "okta.system_log")
    assert "90 days" in row["note"]
    assert row["first_at"] == pd.Timestamp(Pages.date - timedelta(days=90))


def test_features_and_connection_are_asked_where_the_application_does_not_tell() -> None:
    capabilities = {"create": {"lifecycleCreate": {"status": "ENABLED"}}}
    answers = {
        f"/apps/{data.APP}": data.app(features=None),
        f"/apps/{data.APP}/connections/default": {"status": "DISABLED"},
        f"/apps/{data.APP}/features/USER_PROVISIONING": {"capabilities": capabilities},
    }
    snapshot, _ = read(answers)
    assert snapshot.facts.app.features == ["PUSH_NEW_USERS"]
    assert list(snapshot["jobs"]["schedule_state"]) == ["Disabled"]
    usual, _ = read({**answers, f"/apps/{data.APP}/connections/default": {"status": "UNKNOWN"},
                     f"/apps/{data.APP}/features/USER_PROVISIONING": 400})  # fmt: skip
    assert usual.facts.app.features is None
    assert usual.whole("okta.app")
    assert "its own features count" in covered(usual, "okta.app")["note"]


def test_without_an_application_the_directory_and_its_log_are_still_read() -> None:
    snapshot, _ = read({"/apps": [[]], "/users": [[data.user()]], "/groups": [[data.group()]]}, data.incident(None))
    assert "no application of the kind" in covered(snapshot, "okta.app")["refused"]
    assert "not known" in covered(snapshot, "okta.app_users")["refused"]
    assert len(snapshot["people"]) == 1
    assert not snapshot.whole("okta.system_log")


def test_several_applications_of_the_kind_are_told() -> None:
    second = data.app(id=data.OTHER_APP, label="Second", status="INACTIVE")
    snapshot, _ = read({"/apps": [[second, data.app()]]}, data.incident(None))
    assert snapshot.facts.app.id == data.APP
    assert [str(c) for c in snapshot.facts.app.candidates] == [f"Second ({data.OTHER_APP}, INACTIVE)"]
    assert "2 applications could be meant" in covered(snapshot, "okta.app")["note"]


def test_members_are_not_called_read_where_the_groups_are_unknown() -> None:
    app = f"/apps/{data.APP}"
    snapshot, _ = read({app: data.app(), f"{app}/groups": 403, f"{app}/group-push/mappings": 403})
    assert not snapshot.read("okta.members")
    half, _ = read({app: data.app(), f"{app}/groups": [[data.app_group()]], f"{app}/group-push/mappings": 403,
                    f"/groups/{data.GROUP}/users": [[data.user()]]})  # fmt: skip
    assert half.read("okta.members")
    assert not half.whole("okta.members")


def test_a_strange_answer_is_a_refusal_not_a_crash() -> None:
    app = f"/apps/{data.APP}"
    snapshot, _ = read({app: {"id": None}, f"{app}/users": {"not": "a list"}, "/users": [["text", None, {}]]})
    assert covered(snapshot, "okta.app")["refused"]
    assert covered(snapshot, "okta.app_users")["refused"] == "the answer is not a list"
    assert snapshot["people"].empty
