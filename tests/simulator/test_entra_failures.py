"""What goes wrong, and what the log and the job tell of it: from what really came back, in the shape Graph sends."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pytest

from scimrunbook.simulator.entra import documents
from scimrunbook.simulator.entra.engine import START
from scimrunbook.simulator.entra.expressions import parse
from scimrunbook.simulator.entra.settings import SWITCH_ACTIVE, Settings
from scimrunbook.simulator.wire import WireAnswer
from tests.simulator.entra_worlds import ADA, BOB, HOUR, TEAM, TOKEN, practice
from tests.tenants import tenant

UPN = "ada.albers@example.com"


def steps(row: dict) -> list[str]:
    return [s["name"] for s in row["provisioningSteps"]]


def by_external_id(p) -> None:
    """Lets the service look by externalId, so that it cannot see an account it does not manage."""
    for row in p.settings.users.rows:
        row.matching = int(row.target == "externalId")


# -- rows that fail -------------------------------------------------------------------------------


def test_a_failed_row_is_tried_after_6_12_and_24_hours_then_daily() -> None:
    with practice() as p:
        by_external_id(p)
        p.catalog.store.add_user({"userName": UPN, "active": True})
        p.run(100)
        posts = [s for s in p.sent if s.method == "POST"]
        assert [s.status for s in posts] == [409] * 7
        since = [round((s.at - posts[0].at) / HOUR, 1) for s in posts]
        for hours, wanted in zip(since, (0, 6, 12, 24, 48, 72, 96), strict=True):
            assert wanted <= hours <= wanted + 0.7, "in the first cycle after its time"
        first, second = p.rows(status="failure")[:2]
        error = first["provisioningStatusInfo"]["errorInformation"]
        assert error["errorCode"] == "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering"
        assert error["additionalDetails"] is None and error["recommendedAction"] is None
        told = re.fullmatch(r"StatusCode: Conflict\r\nMessage: .+\r\nWeb Response: \r\n(\{.+\})\. This operation was "
                            r"retried 0 times\. It will be retried again after this date: (\S+) UTC",
                            error["reason"])  # fmt: skip
        assert told
        assert json.loads(told[1])["scimType"] == "uniqueness", "the endpoint's own words"
        assert datetime.fromisoformat(told[2]) - posts[0].at == timedelta(hours=6)
        assert "retried 1 times" in second["provisioningStatusInfo"]["errorInformation"]["reason"]
        assert steps(second)[0] == "EntryEscrowRetry" and "EntrySynchronizationScoping" not in steps(second)
        attempted = {c["displayName"]: c["newValue"] for c in first["modifiedProperties"]}
        assert attempted["userName"] == UPN, "what was attempted is listed though it never arrived"


def test_after_the_obstacle_is_gone_the_next_retry_heals_and_the_job_succeeds_again() -> None:
    with practice() as p:
        by_external_id(p)
        obstacle = p.catalog.store.add_user({"userName": UPN, "active": True})
        p.run(3)
        status = documents.job(p.engine)["status"]
        assert status["lastExecution"]["state"] == "EntryLevelErrors"
        assert status["lastExecution"]["countEscrowed"] == 1
        assert status["lastSuccessfulExecution"] is None
        p.catalog.store.delete_user(obstacle["id"])
        p.run(5.9)
        assert p.catalog.store.users() == [], "nobody tries before the time"
        p.run(7)
        assert p.account(UPN)["externalId"] == ADA
        assert documents.job(p.engine)["status"]["lastExecution"]["state"] == "Succeeded"
        assert steps(p.rows(action="create", status="success")[0])[0] == "EntryEscrowRetry"


def test_a_restart_tries_at_once() -> None:
    with practice() as p:
        by_external_id(p)
        obstacle = p.catalog.store.add_user({"userName": UPN, "active": True})
        p.at(2, "setting", restart=True)
        p.run(1)
        p.catalog.store.delete_user(obstacle["id"])
        p.run(2.2)
        assert p.account(UPN)["externalId"] == ADA


def test_a_failed_disable_is_tried_again() -> None:
    with practice() as p:
        p.at(1, "unassign", key=ADA)
        p.run(0.9)
        p.refuse = lambda m, _: WireAnswer(503, None, "<html>busy</html>") if m == "PATCH" else None
        p.run(2)
        (row,) = p.rows(status="failure")
        assert row["provisioningAction"] == "disable"
        error = row["provisioningStatusInfo"]["errorInformation"]
        assert error["errorCode"] == "InternalServerError"
        assert "StatusCode: ServiceUnavailable" in error["reason"] and "<html>busy</html>" in error["reason"]
        p.refuse = lambda m, _: None
        p.run(9)
        assert p.account(UPN)["active"] is False


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (WireAnswer(400, {"detail": "x"}), "SystemForCrossDomainIdentityManagementBadRequest", "BadRequest"),
        (WireAnswer(401, {"detail": "x"}), "Unauthorized", "Unauthorized"),
        (WireAnswer(403), "InsufficientRights", "Forbidden"),
        (WireAnswer(429), "TooManyRequests", "TooManyRequests"),
        (WireAnswer(418), "UnprocessableEntity", "StatusCode: "),
        (WireAnswer(599), "InternalServerError", "StatusCode: 599"),
        (WireAnswer(0, error="TimeoutError"), "Timeout", "no answer"),
        (WireAnswer(0, error="ConnectionResetError"), "WebExceptionProtocolError", "ConnectionResetError"),
        (WireAnswer(201, None, "<html>"), "SystemForCrossDomainIdentityManagementServiceIncompatible", "<html>"),
        (WireAnswer(201, []), "SystemForCrossDomainIdentityManagementServiceIncompatible", "Created"),
    ],
)
def test_what_came_back_decides_the_code(answer: WireAnswer, code: str, said: str) -> None:
    with practice() as p:
        p.refuse = lambda m, _: answer if m == "POST" else None
        p.run(1)
        (row,) = p.rows(status="failure")
        error = row["provisioningStatusInfo"]["errorInformation"]
        assert error["errorCode"] == code
        assert said in error["reason"]


def test_two_accounts_for_one_person_fail_the_row() -> None:
    with practice() as p:
        by_external_id(p)
        for name in ("a@example.com", "b@example.com"):
            p.catalog.store.add_user({"userName": name, "externalId": ADA, "active": True})
        p.run(1)
        (row,) = p.rows(status="failure")
        assert row["provisioningStatusInfo"]["errorInformation"]["errorCode"] == "DuplicateTargetEntries"
        assert not [s for s in p.sent if s.method != "GET"]


def test_without_a_value_to_match_by_the_person_is_not_imported() -> None:
    with practice() as p:
        p.world.people[ADA].email = ""
        p.settings.users.map("userName", "mail")
        p.run(1)
        (row,) = p.rows(status="failure")
        assert row["provisioningStatusInfo"]["errorInformation"]["errorCode"] == "ImportSkipped"


def test_an_account_deleted_by_hand_is_an_invalid_anchor_and_made_anew_later() -> None:
    with practice() as p:
        p.at(1, "rename", key=ADA, family="Amsel")
        p.run(0.9)
        p.catalog.store.delete_user(p.account(UPN)["id"])
        p.run(2)
        (row,) = p.rows(status="failure")
        assert row["provisioningStatusInfo"]["errorInformation"]["errorCode"] == "InvalidAnchor"
        p.run(9)
        assert p.account(UPN)["name"]["familyName"] == "Amsel"


def test_a_groups_members_that_are_refused_wait_for_their_retry() -> None:
    with practice(assigned=()) as p:
        p.world.groups[TEAM].assigned = True
        p.refuse = lambda m, path: WireAnswer(400) if m == "PATCH" and "/Groups" in path else None
        p.at(1, "join", key=ADA, group=TEAM)
        p.run(5.9)
        tries = [s.at for s in p.sent if s.method == "PATCH" and "/Groups" in s.path]
        assert len(tries) == 2, "the group's own change is a reason to try, the passing of cycles is not"
        p.refuse = lambda m, path: None
        p.run(7)
        assert p.members("Data") == {"bob.brandt@example.com", UPN}
        assert p.engine.teams.escrows == {}


# -- quarantine -----------------------------------------------------------------------------------


def test_a_dead_token_is_a_quarantine_and_no_row() -> None:
    with practice() as p:
        p.at(30, "rename", key=ADA, family="Amsel")
        p.run(10)
        rows = len(p.engine.log.records)
        p.catalog.tokens.clear()
        assert p.run(70) == [], "nothing but the test is sent"
        assert len(p.engine.log.records) == rows
        failed = [e.began for e in p.engine.executions if e.state == "Failed"]
        spans = [b - failed[0] for b in failed]
        assert spans == [timedelta(0), timedelta(minutes=5), *(timedelta(minutes=5, days=d) for d in (1, 2))]
        job = documents.job(p.engine)
        quarantine = job["status"]["quarantine"]
        assert job["status"]["code"] == "Quarantine" and job["schedule"]["state"] == "Active"
        assert quarantine["reason"] == "EncounteredQuarantineException"
        assert quarantine["seriesCount"] == 4
        assert quarantine["error"]["code"] == "SystemForCrossDomainIdentityManagementInvalidCredentials"
        assert job["status"]["lastExecution"]["error"] == quarantine["error"]
        assert datetime.fromisoformat(quarantine["currentBegan"]) == failed[0]
        assert datetime.fromisoformat(quarantine["nextAttempt"]) == failed[-1] + timedelta(days=1)
        last_good = datetime.fromisoformat(job["status"]["lastSuccessfulExecution"]["timeBegan"])
        assert last_good == failed[0] - timedelta(minutes=40)
        assert [a["activityDisplayName"] for a in p.engine.audits] == ["Quarantine"]


def test_a_new_token_ends_the_quarantine_with_the_next_cycle() -> None:
    with practice() as p:
        p.run(1)
        p.catalog.tokens.clear()
        p.at(30, "setting", token="other" * 6)
        p.at(29, "rename", key=ADA, family="Amsel")
        p.run(29.5)
        p.catalog.tokens.add("other" * 6)
        p.run(56)
        assert p.engine.quarantine is None
        assert documents.job(p.engine)["status"]["code"] == "Active"
        assert p.account(UPN)["name"]["familyName"] == "Amsel"
        assert TOKEN not in json.dumps(p.engine.audits) and "other" * 6 not in json.dumps(p.engine.audits)


@pytest.mark.parametrize(
    ("base_url", "said"),
    [
        ("https://api.us.castordoc.com/scim", "NotFound"),
        ("https://app.us.castordoc.com/auth/scim", "MisdirectedRequest"),
    ],
)
def test_a_wrong_address_is_unavailable_credentials(base_url: str, said: str) -> None:
    with practice(base_url=base_url) as p:
        p.run(1)
        status = documents.job(p.engine)["status"]
        assert status["quarantine"]["error"]["code"].endswith("CredentialValidationUnavailable")
        assert said in status["quarantine"]["error"]["message"]
        assert p.engine.log.records == []


def test_after_four_weeks_of_quarantine_the_job_is_disabled() -> None:
    with practice() as p:
        p.catalog.tokens.clear()
        p.run(24 * 31)
        job = documents.job(p.engine)
        assert (job["schedule"]["state"], job["status"]["code"]) == ("Disabled", "Paused")
        assert p.engine.next_cycle is None
        assert p.engine.executions[-1].began - START < timedelta(days=30)


def test_a_job_never_started_has_no_execution() -> None:
    with practice(provisioning=False) as p:
        p.run(5)
        job = documents.job(p.engine)
        assert job["status"]["code"] == "Paused" and job["status"]["lastExecution"] is None
        assert job["status"]["steadyStateFirstAchievedTime"].startswith("0001-01-01")
        assert p.sent == []


# -- records --------------------------------------------------------------------------------------


def test_every_record_has_the_shape_of_the_wire() -> None:
    rows = [r for f in ("none", "names_empty", "manual_account") for r in tenant("entra", f).engine.log.records]
    assert {r["provisioningAction"] for r in rows} == {"create", "update", "disable", "other"}
    for row in rows:
        assert isinstance(row["servicePrincipal"], dict)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["activityDateTime"]), "whole seconds"
        assert row["targetSystem"]["displayName"] == "customappsso" and row["jobId"].startswith("scim.")
        assert row["initiatedBy"]["id"] == ""
        info = row["provisioningStatusInfo"]
        assert (info["errorInformation"] is None) is (info["status"] != "failure")
        for s in row["provisioningSteps"]:
            assert all(isinstance(v, str) for v in s["details"].values())
            if s["provisioningStepType"] == "export":
                assert not [k for k in s["details"] if "." in k or ":" in k]
        if info["status"] == "skipped":
            assert row["provisioningSteps"][-1]["details"]["SkipReason"]
            assert row["modifiedProperties"] == []
    assert len({r["id"] for r in rows}) == len(rows) or len(rows) % 3 == 0
    names = {c["displayName"] for r in rows for c in r["modifiedProperties"]}
    assert "name.givenName" in names, "here the punctuation stays"


def test_records_are_in_order_and_belong_to_an_execution() -> None:
    engine = tenant("entra", "none").engine
    times = [r["activityDateTime"] for r in engine.log.records]
    assert times == sorted(times)
    assert {r["cycleId"] for r in engine.log.records} <= {e.activity for e in engine.executions}


def test_a_blocked_account_is_not_entitled_and_says_which() -> None:
    with practice(assigned=(ADA, BOB)) as p:
        p.world.people[BOB].status = "disabled"
        p.run(1)
        (row,) = p.rows(name="Bob Brandt")
        details = row["provisioningSteps"][-1]["details"]
        assert (details["SkipReason"], details["IsActive"], details["Assigned"]) == (
            "NotEffectivelyEntitled",
            "False",
            "True",
        )


# -- what each fault leaves behind ------------------------------------------------------------------


def test_each_fault_shows_where_an_admin_would_look() -> None:
    def job(fault: str) -> dict:
        return documents.job(tenant("entra", fault).engine)

    def logged(fault: str, key: str) -> list[dict]:
        return [r for r in tenant("entra", fault).engine.log.records if r["sourceIdentity"]["id"] == key]

    assert (job("none")["status"]["code"], job("none")["schedule"]["interval"]) == ("Active", "PT40M")
    assert (job("paused")["status"]["code"], job("paused")["schedule"]["state"]) == ("Paused", "Disabled")
    for fault in ("token_expired", "wrong_region"):
        assert job(fault)["status"]["quarantine"]["error"]["code"].endswith("InvalidCredentials")
    audits = {f: [a["activityDisplayName"] for a in tenant("entra", f).engine.audits] for f in ("token_expired",
              "wrong_region", "paused")}  # fmt: skip
    assert audits == {
        "token_expired": ["Quarantine"],
        "wrong_region": ["Update provisioning setting or credentials", "Quarantine"],
        "paused": ["Disable/pause provisioning configuration"],
    }
    (stray,) = tenant("entra", "not_assigned").truth[0].affected
    assert stray not in {a["principalId"] for a in documents.assignments(tenant("entra", "not_assigned").engine)}
    (row,) = logged("not_assigned", stray)
    assert row["provisioningSteps"][-1]["details"]["Assigned"] == "False"
    for key in tenant("entra", "names_empty").truth[0].affected:
        (row,) = logged("names_empty", key)
        assert not {"name.givenName", "name.familyName"} & {c["displayName"] for c in row["modifiedProperties"]}
    made = tenant("entra", "external_id_mailnickname")
    (rule,) = documents.schema(made.engine)["synchronizationRules"]
    mapped = {
        m["targetAttributeName"]: m["source"]["expression"] for m in rule["objectMappings"][0]["attributeMappings"]
    }
    assert mapped["externalId"] == "[mailNickname]"
    names = {p.mail_nickname for p in made.world.people.values()}
    assert {u["externalId"] for u in made.catalog.store.users()} <= names


# -- expressions and settings -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "deleted", "value"),
    [
        (SWITCH_ACTIVE, "True", "False"),
        (SWITCH_ACTIVE, "False", "True"),
        ("Not([IsSoftDeleted])", "True", "False"),
        ("objectId", "False", "k"),
        ('Join(" ", [givenName], [surname])', "False", "Ada"),
        ('Append([objectId], "@x")', "False", "k@x"),
        ("ToLower([givenName])", "False", "ada"),
        ("Coalesce([surname], [givenName])", "False", "Ada"),
        ('"a \\" b"', "False", 'a \\" b'),
        ("[surname]", "False", None),
    ],
)
def test_expressions(text: str, deleted: str, value: str | None) -> None:
    expression = parse(text)
    assert expression.value({"IsSoftDeleted": deleted, "objectId": "k", "givenName": "Ada", "surname": None}) == value
    told = expression.graph()
    assert told["expression"] == (text if text != "objectId" else "[objectId]")
    if text == SWITCH_ACTIVE:
        assert [p["key"] for p in told["parameters"]] == ["source", "defaultValue", "key1", "value1", "key2", "value2"]
        assert told["parameters"][1]["value"] is None, "a parameter left empty"


@pytest.mark.parametrize("text", ["", "Nonsense([x])", "Not(", "Not([x]", "[a] [b]", "Not([x] [y])", ", "])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expression|function"):
        parse(text)


def test_settings_know_their_names() -> None:
    settings = Settings()
    assert settings.change(
        {"token": "x", "map_user": {"externalId": None}, "provisioning": False, "restart": True}
    ) == {
        "credentials",
        "mapping",
        "status",
        "restart",
    }
    assert "externalId" not in [r.target for r in settings.users.rows]
    with pytest.raises(AttributeError, match="create_users"):
        settings.change({"create_users": False})
