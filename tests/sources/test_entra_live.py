"""The live reader: against the practice Graph, and against answers made up for what that one does not do."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scimrunbook.evidence.secrets import Secret
from scimrunbook.incident import Incident
from scimrunbook.simulator.entra.api import GRAPH_HOST, Api
from scimrunbook.simulator.serve import serve
from scimrunbook.simulator.world import AS_OF
from scimrunbook.snapshot import Snapshot
from scimrunbook.sources import entra, graph
from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.http import BearerAuth, Reader
from scimrunbook.sources.parts import Parts
from scimrunbook.sources.window import log_window
from tests.sources import entra_made as made
from tests.sources.exports.folder import incident, read
from tests.sources.wires import always, answer, wire
from tests.tenants import quiet, tenant

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
SAME = ("people", "groups", "memberships", "assignments", "mappings", "jobs", "config_changes")


@contextlib.contextmanager
def practice(fault: str = "none", **settings: Any) -> Iterator[tuple[Any, Api, int]]:
    """The Graph of a practice tenant, with settings of ``Api``."""
    built = tenant("entra", fault)
    api = Api(built.engine, built.provider_token)
    for name, value in settings.items():
        setattr(api, name, value)
    with serve({GRAPH_HOST: api.build()}) as server:
        yield built, api, server.port


def ours(built: Any, **access: str) -> Incident:
    known = {"tenant_id": built.engine.tenant_id, "service_principal_id": built.engine.service_principal_id}
    return incident(entra={**known, **access})


def live(built: Any, port: int, about: Incident | None = None, token: str | None = None, **given: Any) -> Parts:
    about, parts = about or ours(built), Parts()
    auth = BearerAuth(Secret(token or built.provider_token))
    since, until = log_window(about, AS_OF)
    with Reader(f"https://{GRAPH_HOST}", auth, f"127.0.0.1:{port}", **given) as reader:
        entra.read(reader, about, parts, quiet, since=since, until=until)
    return parts


def sorted_rows(snapshot: Snapshot, table: str) -> pd.DataFrame:
    rows = snapshot[table]
    return rows.sort_values(list(rows.columns), ignore_index=True)


def coverage(parts: Parts) -> dict[str, dict[str, Any]]:
    rows = parts.rows["coverage"]
    assert len({r["what"] for r in rows}) == len(rows)
    return {r["what"]: dict(r) for r in rows}


@pytest.mark.parametrize("fault", ["none", "names_empty", "token_expired", "external_id_mailnickname"])
def test_live_and_exports_give_the_same_tables(fault: str, tmp_path: Path) -> None:
    with practice(fault) as (built, _, port):
        seen = live(built, port)
    built.export(tmp_path)
    about = ours(built)
    saved = read(tmp_path, about)
    one, two = seen.build(about), saved.build(about)
    assert one.facts.app == two.facts.app
    for table in SAME:
        pd.testing.assert_frame_equal(sorted_rows(one, table), sorted_rows(two, table), obj=table)
    events, all_events = sorted_rows(one, "events"), sorted_rows(two, "events")
    start = log_window(about, AS_OF)[0]
    assert len(events)
    pd.testing.assert_frame_equal(events, all_events[all_events["at"] > start].reset_index(drop=True))


def test_small_pages_give_the_same_rows() -> None:
    with practice() as (built, api, port):
        whole = live(built, port)
        api.page = 3
        paged = live(built, port)
    for table in (*SAME, "events"):
        assert paged.rows[table] == whole.rows[table], table


@pytest.mark.parametrize(
    ("permission", "refused"),
    [
        ("Synchronization.Read.All", {"entra.job", "entra.schema"}),
        ("AuditLog.Read.All", {"entra.provisioning_log", "entra.directory_audits"}),
        ("User.Read.All", {"entra.users"}),
        ("GroupMember.Read.All", {"entra.groups", "entra.members"}),
    ],
)
def test_a_missing_permission_is_named_and_the_rest_is_read(permission: str, refused: set[str]) -> None:
    with practice(denied=[permission]) as (built, _, port):
        rows = coverage(live(built, port))
    assert set(rows) == set(graph.PERMISSIONS)
    assert {w for w, r in rows.items() if r.get("refused")} == refused
    for what in refused - {"entra.schema"}:
        assert permission in rows[what]["refused"] and "403" in rows[what]["refused"]
        assert rows[what]["get_it"] and rows[what]["complete"] is False


def test_without_the_application_nothing_else_is_asked_for() -> None:
    with practice(denied=["Application.Read.All"]) as (built, _, port):
        rows = coverage(live(built, port))
    assert "Application.Read.All" in rows["entra.service_principal"]["refused"]
    assert {r["refused"] for w, r in rows.items() if w != "entra.service_principal"} == {
        "not asked for: the service principal could not be read"
    }


def test_a_dead_token_is_told() -> None:
    with practice() as (built, _, port):
        rows = coverage(live(built, port, token="x" * 40))
    assert "401" in rows["entra.service_principal"]["refused"]
    assert "Sign in again" in rows["entra.service_principal"]["get_it"]


def test_an_application_id_is_found_and_an_unknown_id_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with practice() as (built, _, port):
        parts = live(built, port, ours(built, service_principal_id=built.engine.app_id))
        monkeypatch.setattr(entra, "LATE", ())
        unknown = live(built, port, ours(built, service_principal_id="99999999-0000-4000-8000-000000000000"))
    assert parts.facts.app.id == built.engine.service_principal_id
    assert "application (client) id" in coverage(parts)["entra.service_principal"]["note"]
    assert len(parts.rows["events"])
    refused = coverage(unknown)["entra.service_principal"]
    assert "no service principal" in refused["refused"] and "Object ID" in refused["get_it"]


def test_no_id_at_all_says_what_to_write() -> None:
    with practice() as (built, _, port):
        rows = coverage(live(built, port, incident(entra={"tenant_id": built.engine.tenant_id})))
    assert "entra.service_principal_id" in rows["entra.service_principal"]["get_it"]


def test_throttling_is_waited_for() -> None:
    slept: list[float] = []
    with practice(allowance=4, retry_after=7) as (built, _, port):
        rows = coverage(live(built, port, sleep=slept.append))
    assert slept == [7.0] and not any(r.get("refused") for r in rows.values())


def test_a_large_directory_is_read_in_part_and_who_matters_singly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entra, "USER_PAGES", 1)
    with practice(page=5) as (built, _, port):
        parts = live(built, port)
    row = coverage(parts)["entra.users"]
    assert row["complete"] is False and "larger than" in row["note"]
    read_people = {p["person_key"] for p in parts.rows["people"]}
    members = {m["member_key"] for m in parts.rows["memberships"] if m["member_type"] == "user"}
    assert members and members <= read_people


# -- answers made up --------------------------------------------------------------------------


class Canned:
    """A reader that knows some paths; everything else is 404. ``asked`` are the paths in order."""

    date = UNTIL
    slept: list[float]

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, []  # type: ignore[var-annotated]

    def get(self, path: str, *, params: Any = None, **_: Any) -> Any:
        self.asked.append(path)
        found = self.answers.get(path)
        if isinstance(found, list) and LATER in found:
            found = found.pop(0) if len(found) > 1 else found
            found = None if found is LATER else found
        elif isinstance(found, list) and len(found) == 1 and isinstance(found[0], dict):
            found = found[0]
        if isinstance(found, Exception):
            raise found
        status, body = found if isinstance(found, tuple) else (404, {}) if found is None else (200, found)

        class Given:
            def json(self) -> Any:
                return json.loads(json.dumps(body))

        Given.status = status  # type: ignore[attr-defined]
        return Given()


LATER = object()  # [LATER, …, answer]: not found the first times
SP = f"/v1.0/servicePrincipals/{made.PRINCIPAL}"
JOBS = f"{SP}/synchronization/jobs"
INNER, DEEPER = "22222222-aaaa-4bbb-8ccc-000000000002", "22222222-aaaa-4bbb-8ccc-000000000003"


def world(**changed: Any) -> dict[str, Any]:
    typed = {"user": {"@odata.type": "#microsoft.graph.user"}, "group": {"@odata.type": "#microsoft.graph.group"}}
    known = {
        SP: made.principal(),
        JOBS: {"value": [made.job()]},
        f"{JOBS}/{made.JOB_ID}/schema": made.schema(),
        f"{SP}/appRoleAssignedTo": {"value": [made.assignment(made.TEAM, "Group", appRoleId="role-1")]},
        "/v1.0/auditLogs/provisioning": {"value": [made.record(1), made.record(1), made.failed(2), "noise"]},
        "/v1.0/auditLogs/directoryAudits": {
            "value": [made.audit(), made.audit("Other", targetResources=[{"id": "x"}])]
        },
        f"/v1.0/groups/{made.TEAM}": made.group(),
        f"/v1.0/groups/{made.TEAM}/members": {
            "value": [{**typed["user"], **made.user()}, {**typed["group"], **made.group(INNER, displayName="Inner")}]
        },
        f"/v1.0/groups/{INNER}/members": {
            "value": [{**typed["user"], "id": made.BEN}, {**typed["group"], **made.group(made.TEAM)}]
        },
        "/v1.0/users": {"value": [made.user(), made.user(made.BEN)]},
    }
    return {**known, **changed}


def canned(answers: dict[str, Any], **access: str) -> tuple[Parts, Canned]:
    parts, reader = Parts(), Canned(answers)
    about = incident(entra={"service_principal_id": made.PRINCIPAL, **access})
    slept: list[float] = []
    entra.read(reader, about, parts, quiet, since=SINCE, until=UNTIL, sleep=slept.append)  # type: ignore[arg-type]
    parts.build(about)
    reader.slept = slept
    return parts, reader


JUST_NOW = "2026-11-19T23:58:00Z"


def test_an_application_made_just_now_is_asked_for_again() -> None:
    parts, reader = canned(world(**{SP: [LATER, LATER, made.principal()], "/v1.0/servicePrincipals": {"value": []}}))
    assert parts.facts.app.id == made.PRINCIPAL and reader.slept == [2.0]
    parts, reader = canned({"/v1.0/servicePrincipals": {"value": []}})
    row = coverage(parts)["entra.service_principal"]
    assert "last hour" in row["get_it"] and reader.slept == [2.0, 4.0]


@pytest.mark.parametrize("shown", [True, False])
def test_a_group_assigned_just_now_is_waited_for_or_said_to_be_too_new(shown: bool) -> None:
    fresh = made.assignment(made.TEAM, "Group", createdDateTime=JUST_NOW)
    late = [LATER, made.group()] if shown else None
    parts, reader = canned(world(**{f"{SP}/appRoleAssignedTo": {"value": [fresh]}, f"/v1.0/groups/{made.TEAM}": late}))
    row = coverage(parts)["entra.groups"]
    assert (row["rows"], row["complete"]) == (int(shown), shown)
    assert ("too new to be seen" in (row["note"] or "")) is not shown
    assert reader.slept == ([2.0] if shown else [2.0, 4.0])


def test_people_assigned_just_now_are_asked_for_singly_and_few_are_waited_for() -> None:
    keys = [f"33333333-aaaa-4bbb-8ccc-00000000000{n}" for n in range(6)]
    fresh = {"value": [made.assignment(k, createdDateTime=JUST_NOW) for k in keys]}
    parts, reader = canned(world(**{f"{SP}/appRoleAssignedTo": fresh, f"/v1.0/users/{keys[0]}": made.user(keys[0])}))
    row = coverage(parts)["entra.users"]
    assert keys[0] in {p["person_key"] for p in parts.rows["people"]}
    assert row["complete"] is False and row["note"].startswith("5 assigned people are too new")
    assert len(reader.slept) == 2 * entra.MOST_LATE


def test_rows_read_twice_count_once_and_unreadable_ones_are_counted() -> None:
    row = coverage(canned(world())[0])["entra.provisioning_log"]
    assert (row["rows"], row["unreadable"], row["complete"]) == (2, 1, False)


def test_changes_of_other_applications_are_left_aside() -> None:
    parts, _ = canned(world())
    assert [c["what"] for c in parts.rows["config_changes"]] == ["credentials"]


def test_roles_are_named() -> None:
    assert canned(world())[0].rows["assignments"][0]["role"] == "Reader"


def test_nested_groups_are_read_without_going_round_in_circles() -> None:
    parts, reader = canned(world())
    found = {(m["group_key"], m["member_key"], m["member_type"]) for m in parts.rows["memberships"]}
    assert found == {
        (made.TEAM, made.ADA, "user"),
        (made.TEAM, INNER, "group"),
        (INNER, made.BEN, "user"),
        (INNER, made.TEAM, "group"),
    }
    assert reader.asked.count(f"/v1.0/groups/{made.TEAM}/members") == 1
    assert coverage(parts)["entra.members"]["complete"] is True


def test_of_several_jobs_the_active_scim_one_gives_the_mapping() -> None:
    old = made.job(code="Paused") | {"id": "customappsso.old", "templateId": "customappsso"}
    other = made.job() | {"id": "box.x", "templateId": "BoxOutDelta"}
    parts, reader = canned(world(**{JOBS: {"value": [other, old, made.job()]}}))
    assert f"{JOBS}/{made.JOB_ID}/schema" in reader.asked
    assert [(c.kind, c.id) for c in parts.facts.app.candidates] == [
        ("job", j) for j in sorted(["customappsso.old", "box.x", made.JOB_ID])
    ]
    assert len(parts.rows["jobs"]) == 3 and "3 jobs" in coverage(parts)["entra.job"]["note"]
    parts, reader = canned(world(**{JOBS: {"value": [other, old, made.job()]}}), job_id="box.x")
    assert f"{JOBS}/box.x/schema" in reader.asked
    assert [r["job_id"] for r in parts.rows["jobs"]] == ["box.x"] and parts.facts.app.candidates == []


def test_no_job_means_never_set_up() -> None:
    rows = coverage(canned(world(**{JOBS: {"value": []}}))[0])
    assert "never set up" in rows["entra.job"]["note"] and not rows["entra.job"].get("refused")
    assert "no provisioning job" in rows["entra.schema"]["refused"]


def test_a_job_that_could_not_be_read_is_not_taken_for_none() -> None:
    rows = coverage(canned(world(**{JOBS: (403, {"error": {"code": "Authorization_RequestDenied"}})}))[0])
    assert "Synchronization.Read.All" in rows["entra.schema"]["refused"]


def test_a_deleted_group_loses_nobody_else() -> None:
    answers = world()
    del answers[f"/v1.0/groups/{made.TEAM}"], answers[f"/v1.0/groups/{made.TEAM}/members"]
    rows = coverage(canned(answers)[0])
    assert rows["entra.groups"]["rows"] == 0 and not rows["entra.groups"].get("refused")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((429, {}), "limits the rate"),
        ((500, {"error": {"code": "generalException\u202e"}}), "HTTP 500"),
        ((500, ["x"]), "HTTP 500"),
        ({"value": "no list"}, "not a list"),
        ([1], "not an object"),
        (ReadFailure("timeout", "It did not answer.", "Try again."), "did not answer"),
    ],
)
def test_what_goes_wrong_is_told_and_never_raised(given: Any, said: str) -> None:
    rows = coverage(canned(world(**{"/v1.0/users": given}))[0])
    assert said in rows["entra.users"]["refused"] and "\u202e" not in rows["entra.users"]["refused"]
    assert not rows["entra.provisioning_log"].get("refused")


def test_what_breaks_off_keeps_what_came_before_it() -> None:
    log, following = "/v1.0/auditLogs/provisioning", {"@odata.nextLink": "https://graph.microsoft.com/next"}
    answers = world(**{
        log: {"value": [made.record(1)], **following},
        "/v1.0/users": {"value": [made.user()], **following},
        "https://graph.microsoft.com/next": (503, {}),
        f"/v1.0/groups/{INNER}/members": (403, {}),
    })  # fmt: skip
    parts, reader = canned(answers)
    rows = coverage(parts)
    for what in ("entra.provisioning_log", "entra.users"):
        assert (rows[what]["rows"], rows[what]["complete"]) == (1, False), what
        assert "broke off after 1 pages: HTTP 503" in rows[what]["note"]
    assert not [p for p in reader.asked if p.startswith("/v1.0/users/")]  # nobody is asked for singly where it broke
    assert (rows["entra.members"]["rows"], rows["entra.members"]["complete"]) == (2, False)
    assert "Members of 1 groups could not be read: 403" in rows["entra.members"]["note"]


@pytest.mark.parametrize("trouble", [ReadFailure("timeout", "It did not answer.", "Try again."), (429, {})])
def test_where_nothing_is_answered_any_more_no_further_group_is_asked_for(trouble: Any) -> None:
    keys = [f"33333333-aaaa-4bbb-8ccc-{n:012d}" for n in range(9)]
    given = [{**made.assignment(k, "Group", appRoleId="role-1"), "id": k} for k in (made.TEAM, *keys)]
    failing = {f"/v1.0/groups/{k}/members": trouble for k in keys}
    parts, reader = canned(world(**{f"{SP}/appRoleAssignedTo": {"value": given}, **failing}))
    assert len([p for p in reader.asked if p.endswith("/members")]) == 2
    told = coverage(parts)["entra.members"]
    assert (told["rows"], told["complete"]) == (2, False) and "broke off after 2 groups" in told["note"]


def test_sr_58_pages_that_lead_back_end() -> None:
    circle = {"value": [made.user()], "@odata.nextLink": "/v1.0/users"}
    row = coverage(canned(world(**{"/v1.0/users": circle}))[0])["entra.users"]
    assert row["complete"] is False


def test_sr_58_a_next_page_on_another_host_is_refused() -> None:
    page = {"value": [], "@odata.nextLink": "https://graph.example/v1.0/users"}
    with wire(always(answer(json.dumps(page).encode(), Content_Type="application/json"))) as there:
        reader = Reader(f"https://{GRAPH_HOST}", BearerAuth(Secret("y" * 40)), there.connect_to)
        listed = graph.Graph(reader).pages("entra.users", "/users")
    assert not listed.complete and "graph.example" in (listed.broke or "")
    assert len(there.heads) == 1
