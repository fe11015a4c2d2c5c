"""Saved answers and logs of Okta: recognised by content, accounted for to the last record."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrunbook.incident import Incident
from scimrunbook.snapshot import Snapshot
from scimrunbook.sources.exports import read_folder
from scimrunbook.sources.exports.documents import Document
from scimrunbook.sources.exports.registry import Recognised, recognise
from scimrunbook.sources.parts import Parts
from tests.sources import okta_data as data
from tests.sources.test_okta_directory import damaged
from tests.sources.test_okta_log import as_csv
from tests.tenants import quiet

SHARED = Path(os.environ.get("SCIMRUNBOOK_SHARED", Path(__file__).parents[4] / "shared")) / "samples" / "okta"
needs_samples = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not beside this checkout")


def folder(where: Path, files: dict[str, Any], incident: Incident | None = None) -> tuple[Snapshot, dict[str, Any]]:
    """The snapshot of a folder of files, and the coverage row of each file by its name."""
    for name, content in files.items():
        (where / name).write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    parts, incident = Parts(), incident or data.incident()
    read_folder(where, incident, parts, quiet)
    snapshot = parts.build(incident)
    rows = snapshot["coverage"].to_dict("records")
    return snapshot, {r["name"]: {str(k): None if pd.isna(v) else v for k, v in r.items()} for r in rows}


def document(content: Any, name: str = "a.json", incident: Incident | None = None) -> Document:
    text = content if isinstance(content, str) else json.dumps(content)
    return Document(name, text, incident or data.incident(None))


def known(content: Any, name: str = "a.json", incident: Incident | None = None) -> tuple[str, Recognised]:
    hit = recognise(document(content, name, incident))
    assert hit is not None
    return hit[0].what, hit[1]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (data.app(), "okta.app"),
        ([data.app()], "okta.app"),
        ([data.app_user()], "okta.app_users"),
        ([data.app_user(_embedded=None), data.app_user(data.BO)], "okta.app_users"),
        ([data.app_group()], "okta.app_groups"),
        ([data.app_group(_embedded={"group": data.group()})], "okta.app_groups"),
        ([data.push()], "okta.push_mappings"),
        (data.mapping(), "okta.mappings"),
        ([data.mapping()], "okta.mappings"),
        ([data.user()], "okta.users"),
        (data.user(), "okta.users"),
        ([data.group()], "okta.groups"),
        ([data.event()], "okta.system_log"),
        ([[data.event()], [data.event(number=2)]], "okta.system_log"),
        ("\n".join(json.dumps(data.event(number=n)) for n in (1, 2)), "okta.system_log"),
        (as_csv([data.event()]), "okta.system_log"),
    ],
)
def test_a_file_is_known_by_what_it_holds(content: Any, what: str) -> None:
    assert known(content)[0] == what


def test_a_name_promises_nothing() -> None:
    assert known([data.user()], "system-log.json")[0] == "okta.users"
    assert known([data.app_user()], "users.json")[0] == "okta.app_users"


def test_a_members_file_belongs_to_the_group_its_name_tells(tmp_path: Path) -> None:
    name = f"group-{data.GROUP}-members.json"
    snapshot, rows = folder(tmp_path, {name: [data.user()]})
    assert list(snapshot["memberships"].itertuples(index=False, name=None)) == [(data.GROUP, data.ADA, "user")]
    assert rows[name]["what"] == "okta.members"
    assert len(snapshot["people"]) == 1


def test_a_members_file_may_be_named_after_the_group(tmp_path: Path) -> None:
    snapshot, _ = folder(tmp_path, {"members of Marketing.json": [data.user()], "g.json": [data.group()]})
    assert list(snapshot["memberships"]["group_key"]) == [data.GROUP]


def test_a_members_file_of_an_unknown_group_says_so_and_keeps_the_people(tmp_path: Path) -> None:
    snapshot, rows = folder(tmp_path, {"members.json": [data.user()]})
    assert "which one" in rows["members.json"]["refused"]
    assert "id of the group" in rows["members.json"]["get_it"]
    assert snapshot["memberships"].empty
    assert list(snapshot["people"]["person_key"]) == [data.ADA]


def test_members_that_say_their_group_themselves(tmp_path: Path) -> None:
    wrapped = {"group": data.group(), "members": [data.user(), {"id": None}]}
    snapshot, rows = folder(tmp_path, {"x.json": wrapped})
    assert list(snapshot["memberships"]["group_key"]) == [data.GROUP]
    assert (rows["x.json"]["rows"], rows["x.json"]["unreadable"], rows["x.json"]["complete"]) == (1, 1, False)


def test_a_group_without_members_is_known_to_have_none(tmp_path: Path) -> None:
    name = f"group-{data.GROUP}-members.json"
    snapshot, rows = folder(tmp_path, {name: [], "g.json": [data.group()]})
    assert (rows[name]["what"], rows[name]["rows"]) == ("okta.members", 0)
    assert snapshot.whole("okta.members")


def test_csv_and_json_of_one_log_are_one_log(tmp_path: Path) -> None:
    change = {"from": {"createUsers": "true"}, "to": {"createUsers": "false"}}
    update = data.event("application.lifecycle.update", 9, target=[data.app_target() | {"changeDetails": change}])
    events = [data.event(number=n) for n in range(1, 4)] + [update]
    both, rows = folder(tmp_path, {"z.csv": as_csv(events), "a.json": events})
    assert len(both["events"]) == 4
    assert len(both["config_changes"]) == 1
    assert "createUsers" in both["config_changes"]["detail"][0]
    assert rows["z.csv"]["rows"] == rows["a.json"]["rows"] == 4
    assert "changed from and to" in rows["z.csv"]["note"]


def test_other_applications_in_a_log_are_counted_in_the_note(tmp_path: Path) -> None:
    other = data.event(number=2, target=[data.app_target(data.OTHER_APP, "Wiki")])
    snapshot, rows = folder(tmp_path, {"log.json": [data.event(), other]})
    assert len(snapshot["events"]) == 1
    assert "Events of other applications left out: 1" in rows["log.json"]["note"]
    assert rows["log.json"]["rows"] == 2


def test_the_application_file_says_whose_log_it_is(tmp_path: Path) -> None:
    mine, other = data.event(debugContext=None), data.event(number=2, target=[data.app_target(data.OTHER_APP, "Wiki")],
                                                            debugContext=None)  # fmt: skip
    snapshot, _ = folder(tmp_path, {"log.json": [mine, other], "z-app.json": data.app()}, data.incident(None))
    assert list(snapshot["events"]["app_id"]) == [data.APP]


def test_a_log_of_several_applications_is_not_guessed_at(tmp_path: Path) -> None:
    both = [data.event(number=n, target=[data.app_target(a, f"App {n}")], debugContext=None)
            for n, a in enumerate((data.APP, data.OTHER_APP), 1)]  # fmt: skip
    snapshot, rows = folder(tmp_path, {"log.json": both}, data.incident(None))
    assert "App 1" in rows["log.json"]["refused"] and "App 2" in rows["log.json"]["refused"]
    assert snapshot["events"].empty


def test_the_span_of_a_log_is_that_of_all_its_records(tmp_path: Path) -> None:
    aside = data.event("user.session.start", 5, published="2026-11-12T00:00:00Z", target=[], debugContext=None)
    _, rows = folder(tmp_path, {"log.json": [data.event(), aside]})
    assert rows["log.json"]["last_at"] == pd.Timestamp("2026-11-12T00:00:00Z")


@pytest.mark.parametrize(
    "content", [[data.app_user()], [data.app_group(_links={"app": {"href": f"https://x.okta.com/api/v1/apps/{data.APP}"}})],
                data.mapping(), data.app()],
)  # fmt: skip
def test_a_file_of_another_application_is_refused(content: Any) -> None:
    what, found = known(content, incident=data.incident(data.OTHER_APP))
    assert "application" in (found.refused or ""), what
    assert found.get_it


def test_the_list_of_mappings_lacks_their_rows() -> None:
    listed = {k: v for k, v in data.mapping().items() if k != "properties"}
    what, found = known([listed])
    assert what == "okta.mappings"
    assert "leaves out their rows" in (found.refused or "")
    assert "/api/v1/mappings/<id>" in (found.get_it or "")


def test_a_list_of_mappings_names_those_that_no_other_file_holds(tmp_path: Path) -> None:
    one, other = data.mapping(), data.mapping(id="prm00000000000000002")
    listed = [{k: v for k, v in m.items() if k != "properties"} for m in (one, other)]
    snapshot, rows = folder(tmp_path, {"list.json": listed, "single.json": one})
    assert len(snapshot["mappings"]) and rows["list.json"]["refused"] is None
    assert rows["list.json"]["complete"] is False and other["id"] in rows["list.json"]["note"]
    assert one["id"] not in rows["list.json"]["note"]
    _, rows = folder(tmp_path, {"z.json": other})
    assert rows["list.json"]["complete"] is None and rows["list.json"]["refused"] is None


FEATURE = {
    "name": "USER_PROVISIONING",
    "status": "ENABLED",
    "capabilities": {
        "create": {"lifecycleCreate": {"status": "ENABLED"}},
        "update": {"profile": {"status": "ENABLED"}, "lifecycleDeactivate": {"status": "DISABLED"}},
    },
}
REFUSED = {"errorCode": "E0000001", "errorSummary": "Api validation failed: feature", "errorCauses": []}


def test_features_are_read_and_the_applications_own_count_before_them(tmp_path: Path) -> None:
    snapshot, rows = folder(tmp_path, {"f.json": [FEATURE, {**FEATURE, "name": "INBOUND_PROVISIONING"}]})
    assert snapshot.facts.app.features == ["PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES"]
    assert (rows["f.json"]["what"], rows["f.json"]["rows"], rows["f.json"]["refused"]) == ("okta.app", 2, None)
    snapshot, _ = folder(tmp_path, {"a.json": data.app()})
    assert snapshot.facts.app.features == data.app()["features"]


def test_features_of_another_application_or_of_none_are_refused(tmp_path: Path) -> None:
    link = {"self": {"href": f"https://acme.okta.com/api/v1/apps/{data.OTHER_APP}/features/USER_PROVISIONING"}}
    files = {"o.json": {**FEATURE, "_links": link}, "i.json": {**FEATURE, "name": "INBOUND_PROVISIONING"}}
    snapshot, rows = folder(tmp_path, {**files, "g.json": [data.group()]})
    assert snapshot.facts.app.features is None
    assert data.OTHER_APP in rows["o.json"]["refused"] and "USER_PROVISIONING" in rows["i.json"]["refused"]


@pytest.mark.parametrize(
    ("cause", "features", "refused"),
    [("Provisioning is not supported.", None, "usual and no error"),
     ("Provisioning is not enabled for the app instance.", [], None)],
)  # fmt: skip
def test_a_saved_refusal_of_the_features_says_what_it_means(
    cause: str, features: Any, refused: str | None, tmp_path: Path
) -> None:
    answer = {**REFUSED, "errorCauses": [{"errorSummary": cause}]}
    snapshot, rows = folder(tmp_path, {"f.json": answer, "g.json": [data.group()]})
    assert snapshot.facts.app.features == features
    assert (rows["f.json"]["refused"] or "").endswith(refused or "")
    assert not refused or "/api/v1/apps/" in rows["f.json"]["get_it"]


@pytest.mark.parametrize(
    ("status", "schedule"), [("ENABLED", "Active"), ("DISABLED", "Disabled"), ("UNKNOWN", "Active")]
)
def test_the_provisioning_connection(status: str, schedule: str, tmp_path: Path) -> None:
    connection = {"status": status, "profile": {"authScheme": "TOKEN"}, "authScheme": "TOKEN"}
    snapshot, rows = folder(tmp_path, {"c.json": connection, "z.json": data.app()})
    assert list(snapshot["jobs"]["schedule_state"]) == [schedule]
    assert (rows["c.json"]["refused"] is None) == (status != "UNKNOWN")


def test_a_disabled_connection_alone_is_told_of_the_named_application(tmp_path: Path) -> None:
    link = {"self": {"href": f"https://acme.okta.com/api/v1/apps/{data.APP}/connections/default"}}
    snapshot, _ = folder(tmp_path, {"c.json": {"status": "DISABLED", "authScheme": "TOKEN", "_links": link}})
    assert list(snapshot["jobs"]["job_id"]) == [data.APP]


def test_among_all_applications_the_one_of_catalogs_kind_is_taken(tmp_path: Path) -> None:
    several = [data.app(id=data.OTHER_APP, name="wiki", label="Wiki"), data.app()]
    snapshot, _ = folder(tmp_path, {"apps.json": several}, data.incident(None))
    assert snapshot.facts.app.id == data.APP


def test_a_list_of_strangers_names_no_application(tmp_path: Path) -> None:
    strangers = [data.app(id=data.OTHER_APP, name="wiki"), data.app(id="0oa1", name="chat")]
    snapshot, rows = folder(tmp_path, {"apps.json": strangers, "g.json": [data.group()]}, data.incident(None))
    assert "scim2headerauth" in rows["apps.json"]["refused"]
    assert snapshot.facts.app.id is None


def test_a_full_page_is_not_everything_unless_another_follows(tmp_path: Path) -> None:
    page = [data.app_user(f"00u{n:017d}") for n in range(50)]
    snapshot, rows = folder(tmp_path, {"1.json": page})
    assert not snapshot.whole("okta.app_users")
    assert "exactly 50" in rows["1.json"]["note"]
    more, _ = folder(tmp_path, {"2.json": [data.app_user(data.BO)]})
    assert more.whole("okta.app_users")


def test_a_part_of_the_directory_is_not_the_directory(tmp_path: Path) -> None:
    snapshot, rows = folder(tmp_path, {"app-users.json": [data.app_user(), data.app_user(data.BO)],
                                       "engineering.json": [data.user()]})  # fmt: skip
    assert not snapshot.whole("okta.users")
    assert "part of the directory" in rows["engineering.json"]["note"]
    whole, rows = folder(tmp_path, {"more.json": [data.user(data.BO, "bo@example.com")]})
    assert whole.whole("okta.users")
    assert "part of the directory" not in rows["engineering.json"]["note"]


SAVED = {
    "app_users": data.app_user(),
    "app_groups": data.app_group(),
    "pushes": data.push(),
    "mappings": data.mapping(),
    "users": data.user(),
    "groups": data.group(),
    "events": data.event(),
}


@pytest.mark.parametrize("name", SAVED)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(draw=st.data())
def test_records_in_are_records_read_or_unreadable(name: str, draw: st.DataObject) -> None:
    record = SAVED[name]
    records = [record] * 4 + [*draw.draw(st.lists(damaged([record]), max_size=3))]
    hit = recognise(document(records))
    assert hit is not None
    assert hit[1].rows + hit[1].unreadable == len(records)
    if hit[1].settle:
        hit[1].settle(hit[1], Parts())


# -- what others recorded ------------------------------------------------------------------------


def lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (SHARED / name).read_text("utf-8").splitlines() if line.strip()]


@needs_samples
@pytest.mark.parametrize("name", ["tenzir_system_log.ndjson", "demisto_app_membership_add.ndjson",
                                  "panther_analysis_rule_tests.ndjson", "demisto_get_logs_response_first.json",
                                  "scim2headerauth_sync_failure.truncated.json"])  # fmt: skip
def test_every_recorded_log_is_read(name: str) -> None:
    what, found = known((SHARED / "system_log" / name).read_text("utf-8"), name)
    assert what == "okta.system_log"
    assert found.unreadable == 0
    assert found.rows > 0
    assert found.settle
    found.settle(found, Parts())


@needs_samples
def test_the_one_record_of_our_own_application() -> None:
    parts = Parts()
    _, found = known((SHARED / "system_log" / "scim2headerauth_sync_failure.truncated.json").read_text("utf-8"))
    assert found.settle
    found.settle(found, parts)
    (row,) = found.tables["events"]
    assert (row["action"], row["status"], row["reason"]) == ("sync", "failure", None)


@needs_samples
def test_the_header_alone_is_a_log_without_events() -> None:
    what, found = known((SHARED / "system_log" / "system_log_csv_header.csv").read_text("utf-8"), "log.csv")
    assert (what, found.rows, found.unreadable) == ("okta.system_log", 0, 0)


@needs_samples
@pytest.mark.parametrize(
    ("name", "what"),
    [("app_users.recorded.ndjson", "okta.app_users"), ("app_groups.recorded.ndjson", "okta.app_groups"),
     ("profile_mappings.recorded.ndjson", "okta.mappings"),
     ("group_push_mappings.sample.ndjson", "okta.push_mappings"),
     ("connections_default.recorded.ndjson", "okta.app"), ("features.recorded.ndjson", "okta.app")],
)  # fmt: skip
def test_every_recorded_answer_is_read_or_refused_with_a_reason(name: str, what: str) -> None:
    seen = 0
    for exchange in lines(f"api/{name}"):
        body = exchange["body"]
        told = exchange["status"] == 200 or (exchange["method"] == "GET" and "not supported" in json.dumps(body))
        if not told or not body or exchange["method"] not in ("GET", "POST", "PUT"):
            continue
        hit = recognise(document(body))
        assert hit is not None, exchange["url"]
        assert hit[0].what == what
        assert hit[1].unreadable == 0
        assert hit[1].rows == (len(body) if isinstance(body, list) else 1)
        assert hit[1].refused is None or hit[1].get_it
        seen += 1
    assert seen


@needs_samples
def test_recorded_applications_are_none_of_catalogs() -> None:
    what, found = known((SHARED / "api" / "apps_with_features.recorded.json").read_text("utf-8"))
    assert what == "okta.app"
    assert "scim2headerauth" in (found.refused or "")


@needs_samples
@pytest.mark.parametrize(
    ("path", "what"),
    [("/api/v1/apps/{appId}/users", "okta.app_users"), ("/api/v1/apps/{appId}/groups", "okta.app_groups"),
     ("/api/v1/apps/{appId}/group-push/mappings", "okta.push_mappings"),
     ("/api/v1/mappings/{mappingId}", "okta.mappings"),
     ("/api/v1/mappings", "okta.mappings"), ("/api/v1/apps/{appId}", "okta.app"), ("/api/v1/logs", "okta.system_log")],
)  # fmt: skip
def test_the_examples_of_the_api_are_recognised(path: str, what: str) -> None:
    examples = json.loads((SHARED / "api" / "openapi_examples.json").read_text("utf-8"))[path]["200"]
    whole = [e for e in examples.values() if isinstance(e, list) or not {"from", "to"} <= set(e)]
    assert {known(e)[0] for e in whole} == {what}
