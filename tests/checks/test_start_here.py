"""00 Start here."""

from __future__ import annotations

import pandas as pd
import pytest

from scimrunbook.findings import Cause, Status
from scimrunbook.snapshot import Candidate
from tests.checks.build import Tenant


def test_a_transform_login_question_is_told_apart_and_names_its_cause() -> None:
    tenant = Tenant("okta")
    assert tenant.find("start.question_is_about_catalog").status is Status.PASS
    tenant.incident["symptoms"] = ["transform_login"]
    finding = tenant.find("start.question_is_about_catalog")
    assert (finding.status, finding.causes) == (Status.WARN, (Cause.WRONG_SURFACE,))
    assert finding.actions


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("yes", Status.PASS),
        ("YES", Status.PASS),
        ("no", Status.FAIL),
        ("cannot tell", Status.MANUAL),
        ("42", Status.MANUAL),
    ],
)
def test_an_answer_decides_a_manual_step_and_is_recorded(answer: str, status: Status) -> None:
    tenant = Tenant("entra")
    assert tenant.find("start.setup_completed").status is Status.MANUAL
    tenant.answers["start.setup_completed"] = {"answer": answer, "by": "ada", "at": "2026-11-20T08:00:00Z"}
    finding = tenant.find("start.setup_completed")
    assert finding.status is status
    assert finding.answer is not None and finding.answer["by"] == "ada"


def test_the_region_is_told_with_its_base_url() -> None:
    assert "https://api.us.castordoc.com/auth/scim" in Tenant("okta").find("start.region_is_known").actual


def test_refused_reads_are_a_warning_that_rests_no_cause() -> None:
    tenant = Tenant("okta").unread("okta.mappings")
    tenant.read("okta.mappings", refused="403 Forbidden", get_it="scope okta.profileMappings.read", complete=False)
    finding = tenant.find("start.provider_is_accessible")
    assert finding.status is Status.WARN and not finding.deciding
    assert "okta.profileMappings.read" in finding.actions[0].what


def test_what_nobody_was_asked_for_counts_as_not_refused() -> None:
    tenant = Tenant("okta").unread("okta.mappings")
    tenant.read("okta.mappings", refused="nothing tells where to read it", name="okta", complete=False)
    assert tenant.find("start.provider_is_accessible").status is Status.PASS


def test_nothing_read_at_all_asks_whether_the_settings_can_be_opened() -> None:
    tenant = Tenant("entra")
    tenant.rows["coverage"] = []
    assert tenant.find("start.provider_is_accessible").status is Status.MANUAL


def test_the_saml_application_is_told_from_the_scim_one_by_its_type_not_by_its_label() -> None:
    tenant = Tenant("okta")
    tenant.facts.app.label = "Some SAML thing"
    assert tenant.find("start.app_is_the_right_one").status is Status.PASS
    tenant.facts.app.name, tenant.facts.app.features = "coalesce_saml", []
    assert tenant.find("start.app_is_the_right_one").status is Status.WARN


def test_a_log_that_ends_before_the_window_is_said_to_prove_nothing() -> None:
    tenant = Tenant("entra")
    assert tenant.find("start.evidence_covers_the_window").status is Status.PASS
    tenant.incident["window"] = {"start": "2026-11-20T00:00:00Z", "end": "2026-11-20T14:00:00Z"}
    finding = tenant.find("start.evidence_covers_the_window")
    assert finding.status is Status.WARN and "older than the window" in finding.actual


def test_an_empty_log_is_no_proof_of_health() -> None:
    tenant = Tenant("okta")
    tenant.rows["events"] = []
    assert tenant.find("start.evidence_covers_the_window").status is Status.WARN


def test_a_log_of_failures_only_looks_filtered() -> None:
    tenant = Tenant("okta")
    tenant.rows["events"] = []
    for minute in range(6):
        tenant.event("update", "ada", f"2026-11-19T10:0{minute}:00Z", "failure", reason="Unauthorized")
    assert "filter" in tenant.find("start.evidence_covers_the_window").actual


@pytest.mark.parametrize(
    ("provider", "key", "line"),
    [
        ("okta", "app_id", "okta: {app_id: 0oa2}"),
        ("entra", "service_principal_id", "entra: {service_principal_id: 0oa2}"),
    ],
)
def test_several_applications_are_a_choice_with_the_very_line_to_write(provider: str, key: str, line: str) -> None:
    tenant = Tenant(provider)
    tenant.facts.app.candidates = [
        Candidate("0oa2", name="Catalog (old)", status="INACTIVE"),
        Candidate("0oa3", name="Catalog, 3rd", status="ACTIVE"),
    ]
    access = {"org_url": "https://acme.okta.com"} if provider == "okta" else {}
    tenant.incident[provider] = access
    finding = tenant.find("start.app_is_the_right_one")
    assert finding.status is Status.WARN and not finding.deciding
    assert "Catalog (old) (0oa2, INACTIVE)" in finding.actual and "3 applications could be meant" in finding.actual
    assert any(a.what.endswith(line) for a in finding.actions) and len(finding.actions) == 3
    tenant.incident[provider] = {**access, key: "0oa1"}
    assert tenant.find("start.app_is_the_right_one").status is Status.PASS


def test_several_jobs_of_one_entra_application_are_a_choice() -> None:
    tenant = Tenant("entra")
    tenant.facts.app.candidates = [Candidate("customappsso.old", "job"), Candidate("scim.new", "job")]
    finding = tenant.find("start.app_is_the_right_one")
    assert finding.status is Status.WARN and "2 provisioning jobs" in finding.actual
    assert [a.what for a in finding.actions][1].endswith("write: entra: {job_id: scim.new}")


@pytest.mark.parametrize(("provider", "kept"), [("okta", 90), ("entra", 30)])
def test_a_window_older_than_the_provider_keeps_its_log_is_said_so(provider: str, kept: int) -> None:
    tenant = Tenant(provider)
    end = tenant.incident["window"]["end"]
    for days, status in ((kept - 1, Status.PASS), (kept + 1, Status.WARN)):
        start = pd.Timestamp(end) - pd.Timedelta(days=days)
        tenant.incident["window"] = {"start": start.isoformat(), "end": end}
        finding = tenant.find("start.evidence_covers_the_window")
        assert finding.status is status, finding.actual
    assert f"the {kept} days" in finding.actual


@pytest.mark.parametrize(("days", "back", "status"), [(20, 7, Status.WARN), (20, 9, Status.PASS), (5, 4, Status.PASS)])
def test_a_log_of_a_free_tenant_is_told_by_its_seven_days(days: int, back: int, status: Status) -> None:
    tenant = Tenant("entra")
    end = pd.Timestamp(tenant.incident["window"]["end"])
    tenant.incident["window"] = {"start": (end - pd.Timedelta(days=days)).isoformat(), "end": end.isoformat()}
    first = (end - pd.Timedelta(days=back) + pd.Timedelta(minutes=9)).isoformat()
    tenant.rows["events"] = [e for e in tenant.rows["events"] if e["at"] > first]
    tenant.read("entra.provisioning_log", source="file", first_at=first)
    finding = tenant.find("start.evidence_covers_the_window")
    assert finding.status is status, finding.actual
    assert ("without a P1 or P2 licence keeps (30 days with one)" in finding.actual) == (status is Status.WARN)


@pytest.mark.parametrize("provider", ["okta", "entra"])
@pytest.mark.parametrize(("beside", "said"), [(0, True), (7, False), (None, False)])
def test_a_log_of_one_application_says_what_it_cannot_show(provider: str, beside: int | None, said: bool) -> None:
    tenant = Tenant(provider)
    tenant.facts.log_beside = beside
    finding = tenant.find("start.evidence_covers_the_window")
    assert finding.status is Status.PASS
    assert ("whether another application provisions Catalog too" in finding.actual) is said
    assert ("people and groups in Okta" in finding.actual) is (said and provider == "okta")


def test_an_exported_log_that_ends_before_the_last_push_stops_early() -> None:
    tenant = Tenant("okta")
    tenant.rows["app_accounts"][0]["last_sync_at"] = "2026-11-20T13:00:00Z"
    assert tenant.find("start.evidence_covers_the_window").status is Status.PASS  # read live: nothing is missing
    tenant.read("okta.system_log", source="file")
    assert "it stops at" in tenant.find("start.evidence_covers_the_window").actual


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_a_log_of_successes_only_is_doubted_only_where_other_data_show_failures(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.rows["events"] = [e for e in tenant.rows["events"] if e["status"] == "success"]
    assert tenant.find("start.evidence_covers_the_window").status is Status.PASS
    if provider == "okta":
        tenant.rows["assignments"][0]["error"] = "Failed on 11-19: remote server error"
    else:
        job = tenant.rows["jobs"][0]
        job |= {"state": "Quarantine", "quarantine_reason": "EncounteredEscrowProportionThreshold"}
    finding = tenant.find("start.evidence_covers_the_window")
    assert finding.status is Status.WARN and "successes only" in finding.actual


def test_a_log_that_stops_because_the_job_was_not_let_in_is_whole() -> None:
    """A job whose credentials are refused writes no record of any person: nothing was filtered out."""
    tenant = Tenant("entra")
    tenant.rows["events"] = [e for e in tenant.rows["events"] if e["status"] == "success"]
    last = pd.Timestamp(max(e["at"] for e in tenant.rows["events"]))
    job = tenant.rows["jobs"][0]
    job |= {"state": "Quarantine", "quarantine_reason": "EncounteredQuarantineException"}
    job["quarantine_since"] = (last + pd.Timedelta(hours=1)).isoformat()
    tenant.incident["window"]["start"] = (last + pd.Timedelta(minutes=30)).isoformat()
    finding = tenant.find("start.evidence_covers_the_window")
    assert finding.status is Status.PASS and "quarantine" in finding.actual, finding.actual
    job["quarantine_since"] = (
        last - pd.Timedelta(days=9)
    ).isoformat()  # it got through since: the log does lack a part
    assert tenant.find("start.evidence_covers_the_window").status is Status.WARN


@pytest.mark.parametrize(
    ("ahead", "said"), [(300.0, "300 seconds behind Okta's"), (-61.0, "61 seconds ahead of Okta's")]
)
def test_sr_52_a_clock_that_is_off_is_a_warning_and_decides_nothing(ahead: float, said: str) -> None:
    tenant = Tenant("okta")
    for agreed in (None, 2.0, -59.0):
        tenant.facts.clock_skew_seconds = agreed
        assert tenant.find("start.clock_is_right").status is Status.PASS
    tenant.facts.clock_skew_seconds = ahead
    finding = tenant.find("start.clock_is_right")
    assert (finding.status, finding.deciding) == (Status.WARN, False)
    assert said in finding.actual and finding.actions
    tenant.facts.practice = True
    assert tenant.find("start.clock_is_right").status is Status.PASS
