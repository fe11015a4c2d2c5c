"""06 Sync and logs."""

from __future__ import annotations

import pytest

from scimrunbook.findings import Cause, Status
from tests.checks.build import Tenant

TOMORROW = "2026-11-21T10:00:00Z"


def test_an_overdue_cycle_holds_up_whoever_has_something_to_deliver() -> None:
    tenant = Tenant("entra")
    tenant.rows["jobs"][0].update(last_began_at="2026-11-19T08:00:00Z", last_ended_at="2026-11-19T08:01:00Z")
    tenant.hire("eve", "2026-11-19T12:00:00Z", account=False)
    finding = tenant.find("sync.runs_on_schedule")
    assert (finding.status, finding.affected) == (Status.FAIL, ("eve",))
    assert tenant.find("sync.log_does_not_stop").blocked_by in (None, "sync.runs_on_schedule")


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_a_moment_ago_is_waiting_for_those_whom_the_ticket_means(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.hire("eve", "2026-11-20T13:57:00Z", account=False)
    assert tenant.find("sync.enough_time_has_passed").status is Status.PASS
    tenant.incident.update(symptoms=["missing_people"], people=["eve@example.com"])
    finding = tenant.find("sync.enough_time_has_passed")
    assert (finding.status, finding.affected) == (Status.WARN, ("eve",))
    assert "look again 2026-11-20 14:" in finding.actual


def outage(tenant: Tenant) -> None:
    tenant.fail_all("StatusCode: InternalServerError", http_status=500, next_attempt_at=TOMORROW)


def test_after_an_outage_only_the_retry_is_waited_for() -> None:
    tenant = Tenant("entra")
    outage(tenant)
    assert tenant.find("sync.endpoint_keeps_up").status is Status.FAIL  # nothing shows that it is over
    tenant.hire("eve", "2026-11-20T09:00:00Z")
    assert tenant.find("sync.endpoint_keeps_up").status is Status.PASS
    assert tenant.find("sync.no_failed_operations").status is Status.PASS
    finding = tenant.find("sync.no_retry_backlog")
    assert (finding.status, finding.causes, finding.affected) == (Status.WARN, (Cause.SYNC_SCHEDULE,), ("bob",))
    assert "answers again" in finding.actual


def test_an_endpoint_that_fails_now_and_then_has_not_recovered() -> None:
    tenant = Tenant("entra")
    outage(tenant)
    tenant.hire("eve", "2026-11-20T09:00:00Z")
    tenant.hire("fay", "2026-11-20T09:30:00Z", account=False)
    more = {"reason": "StatusCode: InternalServerError", "http_status": 500, "next_attempt_at": TOMORROW}
    tenant.event("create", "fay", "2026-11-20T10:00:00Z", "failure", **more)
    tenant.hire("gil", "2026-11-20T11:00:00Z")
    assert tenant.find("sync.endpoint_keeps_up").affected == ("bob", "fay")


def test_a_success_of_another_kind_does_not_show_that_an_outage_is_over() -> None:
    tenant = Tenant("entra")
    outage(tenant)
    tenant.event("update", "ada", "2026-11-20T09:00:00Z")
    assert tenant.find("sync.endpoint_keeps_up").status is Status.FAIL


def test_in_a_log_of_failures_alone_only_what_is_still_lacking_stands() -> None:
    tenant = Tenant("okta")
    tenant.rows["events"] = []
    tenant.event("update", "ada", "2026-11-10T10:00:00Z", "failure", reason="Bad Request. nope", http_status=400)
    assert tenant.find("sync.no_failed_operations").status is Status.PASS
    tenant.rows["accounts"] = [a for a in tenant.rows["accounts"] if a["account_id"] != "cat-ada"]
    assert tenant.find("sync.no_failed_operations").affected == ("ada",)


def test_a_refusal_before_an_account_was_made_is_healed_whatever_the_log_holds() -> None:
    tenant = Tenant("okta")
    tenant.rows["events"] = []
    tenant.event("update", "ada", "2026-11-10T10:00:00Z", "failure", reason="Unauthorized", http_status=401)
    assert tenant.find("token.did_not_change").status is Status.FAIL
    tenant.row("accounts", account_id="cat-bob")["created_at"] = "2026-11-12T10:00:00Z"
    assert tenant.find("token.did_not_change").status is not Status.FAIL


def job_file(tenant: Tenant, ended: str) -> None:
    """The job was saved as a file, at a moment nothing tells."""
    tenant.row("coverage", what="entra.job")["source"] = "file"
    tenant.rows["jobs"][0].update(last_began_at=ended, last_ended_at=ended, last_success_at=ended)


def test_a_job_file_older_than_the_log_is_not_an_overdue_cycle() -> None:
    tenant = Tenant("entra")
    job_file(tenant, "2026-11-20T10:02:00Z")
    finding = tenant.find("sync.runs_on_schedule")
    assert (finding.status, bool(finding.needs)) == (Status.SKIPPED, True)  # nobody waited: nothing tells
    tenant.hire("eve", "2026-11-20T12:00:00Z")
    finding = tenant.find("sync.runs_on_schedule")
    assert finding.status is Status.PASS and "2026-11-20 12:00" in finding.actual


def test_somebody_passed_over_shows_that_a_cycle_of_a_job_file_did_not_run() -> None:
    tenant = Tenant("entra")
    job_file(tenant, "2026-11-20T10:02:00Z")
    tenant.fail_all("Bad Request. familyName is required", at="2026-11-19T10:00:00Z")
    assert tenant.find("sync.runs_on_schedule").status is Status.SKIPPED  # fails for a reason of his own
    tenant.hire("eve", "2026-11-20T11:00:00Z", account=False)
    finding = tenant.find("sync.runs_on_schedule")
    assert (finding.status, finding.affected) == (Status.FAIL, ("bob", "eve"))
    assert "save the job and the log anew" in finding.actions[0].what


def test_a_cycle_that_runs_for_hours_is_waited_for_and_never_begun_anew() -> None:
    tenant = Tenant("entra")
    tenant.rows["jobs"][0].update(last_began_at="2026-11-20T11:00:00Z", last_ended_at="2026-11-20T10:31:00Z")
    assert tenant.find("sync.runs_on_schedule").status is Status.PASS
    tenant.hire("eve", "2026-11-20T10:50:00Z", account=False)
    tenant.incident.update(symptoms=["missing_people"], people=["eve@example.com"])
    finding = tenant.find("sync.enough_time_has_passed")
    assert finding.affected == ("eve",) and "running since 2026-11-20 11:00" in finding.actual
    assert "look again 2026-11-20 14:50" in finding.actual
    assert tenant.find("symptoms.nobody_missing").status is Status.PASS
    tenant.rows["jobs"][0].update(last_began_at="2026-11-18T11:00:00Z", last_ended_at="2026-11-18T10:31:00Z")
    finding = tenant.find("sync.runs_on_schedule")
    assert finding.status is Status.FAIL and "has not ended" in finding.actual
    tenant.row("coverage", what="entra.job")["source"] = "file"  # saved while it ran; it may have ended since
    assert "has not ended" not in tenant.find("sync.runs_on_schedule").actual


def test_who_waits_for_a_cycle_is_never_told_to_restart() -> None:
    tenant = Tenant("entra")
    tenant.hire("eve", "2026-11-20T13:57:00Z", account=False)
    tenant.incident["symptoms"] = ["missing_people"]
    where = [a.where for a in tenant.find("sync.enough_time_has_passed").actions]
    assert len(where) == 2 and where[1].endswith("Provision on demand")
    tenant.event("unassign", "dot", "2026-11-20T13:57:00Z")
    tenant.rows["accounts"].append({"account_id": "cat-dot", "user_name": "dot@example.com", "external_id": "dot",
                                    "active": True, "given_name": "Dot", "family_name": "Weiss"})  # fmt: skip
    tenant.incident["symptoms"] = ["lingering_access"]
    finding = tenant.find("sync.enough_time_has_passed")
    assert finding.affected == ("dot",)
    assert [a.where for a in finding.actions if "Catalog > Settings" in a.where] and len(finding.actions) == 2
