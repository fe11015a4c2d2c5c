"""The System Log: targets by type, outcomes that are unknown stay unknown, other applications stay out."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrunbook.snapshot import ACTIONS, CHANGES, frame
from scimrunbook.sources import okta_log, okta_log_csv
from scimrunbook.sources.okta_changes import merged
from tests.sources import okta_data as data
from tests.sources.test_okta_directory import anything, damaged


def rows(*records: Any, app_id: str | None = data.APP) -> okta_log.LogRows:
    return okta_log.rows(okta_log.parse(records), app_id)


def one(**more: Any) -> dict[str, Any]:
    found = rows(data.event(**more))
    assert len(found.events) == 1
    return found.events[0]


def test_a_failed_push() -> None:
    row = one()
    assert (row["action"], row["status"], row["object_type"]) == ("create", "failure", "user")
    assert (row["person_key"], row["name"]) == (data.ADA, "ada@example.com")
    assert (row["http_status"], row["app_id"], row["actor"]) == (400, data.APP, "root@example.com")
    assert row["step"] == "app.api.error.create_user"
    assert row["change_id"] == "job1"


@given(order=st.permutations(range(3)))
def test_targets_are_found_wherever_they_stand(order: list[int]) -> None:
    targets = data.event()["target"]
    assert one(target=[targets[i] for i in order]) == one()


@pytest.mark.parametrize(
    ("result", "status"),
    [("SUCCESS", "success"), ("success", "success"), ("ALLOW", "success"), ("DENY", "failure"), ("SKIPPED", "skipped"),
     ("RATE_LIMIT", "warning"), ("DEFERRED", "warning"), ("ABANDONED", "unknown"), ("UNKNOWN", "unknown"),
     ("CHALLENGE", "unknown"), ("A_NEW_ONE", "unknown"), ("", "unknown"), (None, "unknown"), (7, "unknown")],
)  # fmt: skip
def test_an_outcome_nobody_knows_is_unknown(result: Any, status: str) -> None:
    assert one(outcome={"result": result, "reason": None})["status"] == status


@pytest.mark.parametrize(
    ("reason", "status"),
    [("Unauthorized. Errors reported by remote server: no", 401),
     ("Bad Gateway. Errors reported by the connector : {}", 502),
     ("Too Many Requests. Errors reported by remote server:", 429), ("Forbidden.", 403), ("Conflict", 409),
     ("Request failed with status code 503", 503), ("Unprocessable Entity. Errors", 422), (None, None), ("", None),
     ("Something else. Errors reported by remote server: Not Found", None), ("404 people", None)],
)  # fmt: skip
def test_the_status_is_read_from_the_reason_phrase(reason: str | None, status: int | None) -> None:
    assert okta_log.http_status(reason) == status


def test_a_failure_without_a_reason_is_a_failure() -> None:
    row = one(outcome={"result": "FAILURE", "reason": None})
    assert (row["status"], row["reason"], row["http_status"]) == ("failure", None, None)


def test_empty_texts_are_nulls() -> None:
    blank = data.event(legacyEventType="", transaction={"id": ""}, debugContext={"debugData": {}})
    null = data.event(legacyEventType=None, transaction=None, debugContext=None)
    assert rows(blank).events == rows(null).events


def test_keys_of_any_case_and_wrappers_give_the_same_row() -> None:
    def lowered(value: Any) -> Any:
        if isinstance(value, dict):
            return {k.lower(): lowered(v) for k, v in value.items()}
        return [lowered(v) for v in value] if isinstance(value, list) else value

    plain = one()
    assert rows(lowered(data.event())).events == [plain]
    assert rows({"source": "collector", "log": data.event()}).events == [plain]
    assert rows({"message": json.dumps(data.event()), "host": "h"}).events == [plain]


def test_other_applications_are_left_out_and_counted() -> None:
    other = data.event(number=2, target=[data.app_target(data.OTHER_APP, "Wiki"), data.target("User", data.ADA)])
    signed_in = data.event("user.session.start", 3, target=[data.target("User", data.ADA)], debugContext=None)
    sso = data.event("user.authentication.sso", 4)
    found = rows(data.event(), other, signed_in, sso)
    assert len(found.events) == 1
    assert (found.foreign, found.aside) == (1, 2)
    assert "Events of other applications left out: 1" in found.note


def test_without_an_application_target_the_name_in_debug_data_decides() -> None:
    bare = [data.target("AppUser", "0ua1", "ada@example.com")]
    ours = data.event(target=bare, debugContext={"debugData": {"AppName": "acme_scim2headerauth_1"}})
    theirs = data.event(number=2, target=bare, debugContext={"debugData": {"app_name": "acme_wiki_1"}})
    found = rows(ours, theirs)
    assert (len(found.events), found.foreign) == (1, 1)


def test_the_directory_belongs_to_every_application() -> None:
    left = data.event("user.lifecycle.deactivate", target=[data.target("User", data.BO, "bo@example.com")])
    pair = [data.target("User", data.BO, "bo@example.com"), data.target("UserGroup", data.GROUP, None, "Marketing")]
    joined = data.event("group.user_membership.add", 2, target=pair)
    first, second = rows(left, joined).events
    assert (first["person_key"], first["action"]) == (data.BO, "source_change")
    assert (second["person_key"], second["group_key"], second["name"]) == (data.BO, data.GROUP, "Marketing")


def test_a_type_the_guide_does_not_know_is_kept_and_named() -> None:
    found = rows(data.event("application.provision.user.teleport"))
    assert found.events[0]["action"] == "other"
    assert "application.provision.user.teleport" in found.note


def test_records_without_a_type_are_unreadable() -> None:
    log = okta_log.parse([data.event(), {"uuid": "x"}, "text", None, {**data.event(), "eventType": 5.5e300}])
    assert (len(log.entries), log.unreadable) == (1, 4)


def test_an_admins_change_says_from_and_to_and_no_secret() -> None:
    target = data.app_target() | {
        "changeDetails": {
            "from": {
                "createUsers": "true",
                "syncPassword": False,
                "apiToken": "x" * 12,
                "userNameFormat": {"type": "Email"},
            },
            "to": {"createUsers": "false", "syncPassword": True, "apiToken": "y" * 12, "userNameFormat": None},
        }
    }
    row = rows(data.event("application.lifecycle.update", target=[target])).changes[0]
    assert (row["what"], row["actor"]) == ("app_settings", "root@example.com")
    detail = json.loads(row["detail"])
    assert detail["createUsers"] == {"from": "true", "to": "false"}
    assert detail["syncPassword"] == {"from": "false", "to": "true"}
    assert detail["apiToken"] == {"from": "(not shown)", "to": "(not shown)"}
    assert "xxx" not in row["detail"]
    assert "yyy" not in row["detail"]
    assert detail["userNameFormat"] == {"from": '{"type":"Email"}', "to": None}


def test_a_mapping_change_tells_its_rows() -> None:
    told = {"attributes_modified": "{Attribute : email,Expression : user.login}", "requestUri": "/x"}
    row = rows(data.event("directory.mapping.update", debugContext={"debugData": told})).changes[0]
    assert row["what"] == "mapping"
    assert json.loads(row["detail"])["attributesmodified"]["to"] == told["attributes_modified"]


def test_changed_attributes_of_a_profile() -> None:
    told = {"debugData": {"changedAttributes": "firstName, lastName"}}
    changes = json.loads(one(kind="user.account.update_profile", debugContext=told)["changes"])
    assert [c["name"] for c in changes] == ["firstName", "lastName"]


def test_where_nothing_names_the_application_the_only_one_that_provisions_is_taken() -> None:
    sso = data.event("user.authentication.sso", 2, target=[data.app_target(data.OTHER_APP, "Wiki")], debugContext=None)
    choice = okta_log.the_app(okta_log.parse([data.event(debugContext=None), sso]))
    assert choice.app_id == data.APP
    assert "Catalog people" in (choice.note or "")


def test_of_several_applications_none_is_guessed() -> None:
    def of(app_id: str, label: str, number: int) -> dict[str, Any]:
        return data.event(number=number, target=[data.app_target(app_id, label)], debugContext=None)

    choice = okta_log.the_app(okta_log.parse([of(data.APP, "One", 1), of(data.OTHER_APP, "Two", 2)]))
    assert choice.app_id is None
    assert "One" in (choice.refused or "") and "Two" in (choice.refused or "")
    told = okta_log.the_app(okta_log.parse([of(data.APP, "Coalesce Catalog", 1), of(data.OTHER_APP, "Two", 2)]))
    assert told.app_id == data.APP


def test_a_person_known_by_the_app_username_only() -> None:
    bare = data.event(target=[data.target("AppUser", "0ua1", "ADA@example.com"), data.app_target()])
    accounts = [{"person_key": data.ADA, "user_name": "ada@example.com"}]
    assert okta_log.named(rows(bare).events, accounts, [])[0]["person_key"] == data.ADA
    twice = [*accounts, {"person_key": data.BO, "user_name": "Ada@example.com"}]
    assert okta_log.named(rows(bare).events, twice, [])[0]["person_key"] is None


def test_a_pushed_group_known_by_its_name_only() -> None:
    pushed = data.event("application.provision.group_push.pushed", target=[
        data.target("AppGroup", "AGr1", None, "Marketing"), data.app_target()])  # fmt: skip
    groups = [{"group_key": data.GROUP, "name": "Marketing"}]
    (row,) = okta_log.named(rows(pushed).events, [], groups)
    assert (row["group_key"], row["name"], row["person_key"]) == (data.GROUP, "Marketing", None)
    (row,) = okta_log.named(rows(pushed).events, [], [*groups, {"group_key": "00g2", "name": "marketing"}])
    assert row["group_key"] is None


HEADER = (
    "severity,event_type,display_message,uuid,version,timestamp,outcome.result,outcome.reason,actor.id,actor.type,"
    "actor.display_name,actor.alternate_id,transaction.id,transaction.type,legacy_event_type,"
    + ",".join(f"target{n}.{c}" for n in range(4) for c in ("id", "type", "alternate_id", "display_name"))
).split(",")


def as_csv(events: list[dict[str, Any]]) -> str:
    """The events as the console prints them."""
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, restval="")
    writer.writeheader()
    for e in events:
        line = {
            "event_type": e["eventType"], "uuid": e["uuid"], "timestamp": e["published"],
            "outcome.result": e["outcome"]["result"], "outcome.reason": e["outcome"]["reason"] or "",
            "actor.alternate_id": e["actor"]["alternateId"], "display_message": e["displayMessage"],
            "transaction.id": e["transaction"]["id"], "legacy_event_type": e["legacyEventType"],
        }  # fmt: skip
        for n, t in enumerate(e["target"][:4]):
            line |= {f"target{n}.id": t["id"], f"target{n}.type": t["type"]}
            line |= {f"target{n}.alternate_id": t["alternateId"], f"target{n}.display_name": t["displayName"]}
        writer.writerow(line)
    return out.getvalue()


def test_the_csv_gives_the_same_rows() -> None:
    events = [data.event(number=n) for n in range(1, 4)]
    lines = list(csv.reader(io.StringIO(as_csv(events))))
    assert rows(*okta_log_csv.events(lines[0], lines[1:])).events == rows(*events).events


def test_the_fuller_of_two_logs_tells_a_change_once() -> None:
    full = data.event("application.lifecycle.update", target=[data.app_target() | {
        "changeDetails": {"from": {"createUsers": "true"}, "to": {"createUsers": "false"}}}])  # fmt: skip
    lines = list(csv.reader(io.StringIO(as_csv([full]))))
    rich, poor = rows(full).changes, rows(*okta_log_csv.events(lines[0], lines[1:])).changes
    assert merged(list(poor), rich) == ([], rich)
    assert merged(list(rich), poor) == (rich, [])


@settings(max_examples=150, deadline=None)
@given(records=st.lists(damaged([data.event(), data.event("application.lifecycle.update")]) | anything, max_size=4))
def test_every_record_is_accounted_for(records: list[Any]) -> None:
    log = okta_log.parse(records)
    found = okta_log.rows(log, data.APP)
    assert len(log.entries) + log.unreadable == len(records)
    assert len(found.events) + found.foreign + found.aside == len(log.entries)
    okta_log.the_app(log)
    table = frame("events", found.events)
    assert set(table["action"].dropna()) <= set(ACTIONS)
    assert table["event_id"].notna().all()
    assert set(frame("config_changes", found.changes)["what"].dropna()) <= set(CHANGES)
