"""02 Connection."""

from __future__ import annotations

from typing import Any

import pytest

from scimrunbook.findings import Cause, Reach, Status
from tests.checks.build import LATE, Tenant, probe

OFF = Cause.INTEGRATION_NOT_ENABLED


def test_an_inactive_okta_application_blocks_what_rests_on_it() -> None:
    tenant = Tenant("okta")
    tenant.facts.app.status, tenant.facts.app.features = "INACTIVE", []
    tenant.rows["config_changes"] = [{"at": LATE, "what": "app_deactivated", "actor": "root@example.com"}]
    finding = tenant.find("connection.app_is_active")
    assert (finding.status, finding.causes, finding.reach) == (Status.FAIL, (OFF,), Reach.TENANT)
    assert finding.since == "2026-11-19T10:00:00Z"
    assert tenant.find("connection.provisioning_is_on").blocked_by == "connection.app_is_active"


def test_an_entra_application_without_sign_in_is_remarked_but_no_cause() -> None:
    tenant = Tenant("entra")
    tenant.facts.app.status = "DISABLED"
    finding = tenant.find("connection.app_is_active")
    assert finding.status is Status.WARN and finding.causes == ()


def test_paused_and_create_off_are_told_apart_in_okta() -> None:
    paused, create_off = Tenant("okta"), Tenant("okta")
    paused.facts.app.features = ["GROUP_PUSH", "SCIM_PROVISIONING"]
    create_off.facts.app.features = ["PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION"]
    assert paused.find("connection.provisioning_is_on").status is Status.FAIL
    assert paused.find("connection.actions_are_enabled").blocked_by == "connection.provisioning_is_on"
    assert create_off.find("connection.provisioning_is_on").status is Status.PASS
    finding = create_off.find("connection.actions_are_enabled")
    assert finding.status is Status.FAIL and "Create Users" in finding.actual
    assert "Update User Attributes" not in finding.actual


@pytest.mark.parametrize(
    ("feature", "label", "need"),
    [
        ("PUSH_NEW_USERS", "Create Users", "eve"),
        ("PUSH_PROFILE_UPDATES", "Update User Attributes", "ada"),
        ("PUSH_USER_DEACTIVATION", "Deactivate Users", "cid"),
    ],
)
def test_each_toggle_that_is_off_concerns_those_who_need_it(feature: str, label: str, need: str) -> None:
    tenant = Tenant("okta")
    assert tenant.facts.app.features is not None
    tenant.facts.app.features.remove(feature)
    tenant.hire("eve", LATE, account=False)
    tenant.row("people", person_key="ada")["family_name"] = "Other"
    tenant.row("accounts", account_id="cat-cid")["active"] = True
    finding = tenant.find("connection.actions_are_enabled")
    assert finding.affected == (need,)
    assert any(label in a.what and "To App > Edit" in a.where for a in finding.actions)


def test_features_that_nobody_read_are_asked_for() -> None:
    tenant = Tenant("okta")
    tenant.facts.app.features = None
    assert tenant.find("connection.provisioning_is_on").status is Status.MANUAL


@pytest.mark.parametrize(
    "job",
    [
        {"schedule_state": "Paused", "state": "Paused"},
        {"schedule_state": "Disabled", "state": "Active"},
        {"state": "NotConfigured"},
    ],
)
def test_an_entra_job_that_is_off_fails(job: dict[str, str]) -> None:
    tenant = Tenant("entra")
    tenant.rows["jobs"][0].update(job)
    tenant.rows["config_changes"] = [{"at": LATE, "what": "provisioning_stopped", "actor": "root@example.com"}]
    finding = tenant.find("connection.provisioning_is_on")
    assert (finding.status, finding.since) == (Status.FAIL, "2026-11-19T10:00:00Z")


def test_entra_without_a_job_was_never_configured_and_a_first_cycle_is_no_fault() -> None:
    tenant = Tenant("entra")
    tenant.rows["jobs"][0].update(state="NotRun")
    assert tenant.find("connection.provisioning_is_on").status is Status.PASS
    tenant.rows["jobs"] = []
    assert "never configured" in tenant.find("connection.provisioning_is_on").actual
    assert tenant.unread("entra.job").find("connection.provisioning_is_on").status is Status.MANUAL


def test_the_scim_job_is_judged_where_there_are_several() -> None:
    tenant = Tenant("entra")
    tenant.rows["jobs"].append({"job_id": "AzureAD.x", "template": "gallery", "state": "Paused",
                                "schedule_state": "Paused", "last_began_at": "2026-11-20T13:50:00Z"})  # fmt: skip
    assert tenant.find("connection.provisioning_is_on").status is Status.PASS


@pytest.mark.parametrize(
    ("mapping", "status"),
    [
        ({"flow_types": ["Update", "Delete"]}, Status.FAIL),
        ({"flow_types": ["Add", "Delete"]}, Status.FAIL),
        ({"enabled": False}, Status.FAIL),
        ({}, Status.PASS),
    ],
)
def test_entra_flow_types(mapping: dict[str, Any], status: Status) -> None:
    tenant = Tenant("entra")
    tenant.facts.app.object_mappings[0].update(mapping)
    assert tenant.find("connection.actions_are_enabled").status is status


def test_skipping_out_of_scope_deletions_fails_only_where_somebody_lingers_by_it() -> None:
    tenant = Tenant("entra")
    tenant.facts.app.skip_out_of_scope_deletions = True
    assert tenant.find("connection.actions_are_enabled").status is Status.WARN
    tenant.row("accounts", account_id="cat-cid")["active"] = True
    assert tenant.find("connection.actions_are_enabled").affected == ("cid",)


def test_a_quarantine_names_reason_since_and_when_it_ends() -> None:
    tenant = Tenant("entra")
    tenant.rows["jobs"][0].update(
        state="Quarantine",
        quarantine_since=LATE,
        quarantine_reason="TooManyDeletes",
        quarantine_next_at="2026-11-21T10:00:00Z",
    )
    finding = tenant.find("connection.not_quarantined")
    assert finding.status is Status.FAIL and finding.causes == (Cause.ASSIGNMENT_SCOPE,)
    assert "2026-12-17" in finding.actual and "2026-11-21 10:00" in finding.actual


PROBES: list[tuple[str, dict[str, Any], Status]] = [
    ("connection.endpoint_is_reachable", probe("provider_test", None, False, failure="dns"), Status.WARN),
    ("connection.provider_test_passes", probe("provider_test", 500, False), Status.FAIL),
    ("connection.provider_test_passes", probe("provider_test", 401, False), Status.SKIPPED),
    ("connection.answers_are_scim", probe("list_users", 200, False, failure="html"), Status.FAIL),
    ("connection.answers_are_scim", probe("unknown_id", 400, False), Status.WARN),
    ("connection.paging_is_sound", probe("page_two", 200, False, detail="the same ids again"), Status.FAIL),
    ("connection.paging_is_sound", probe("past_the_end", 200, False), Status.WARN),
    ("connection.filters_work", probe("filter_known", 200, False), Status.FAIL),
    ("connection.filters_work", probe("filter_nobody", 404, False), Status.FAIL),
    ("connection.filters_work", probe("filter_upper_case", 200, False), Status.WARN),
    ("connection.filters_work", probe("filter_nonsense", 200, False), Status.WARN),
    ("connection.filters_work", probe("filter_external_id", 200, False), Status.WARN),
    ("connection.filters_work", probe("filter_display_name", 400, False), Status.WARN),
]


@pytest.mark.parametrize(("finding_id", "row", "status"), PROBES)
def test_what_the_probe_shows(finding_id: str, row: dict[str, Any], status: Status) -> None:
    tenant = Tenant("entra")
    tenant.read("catalog.probe")
    tenant.rows["probes"] = [row]
    finding = tenant.find(finding_id)
    assert finding.status is status
    if status is Status.FAIL:
        assert finding.causes == (Cause.CATALOG_SIDE,)
    tenant.rows["probes"] = [probe(row["probe"])]
    assert tenant.find(finding_id).status is Status.PASS


def test_only_the_look_up_the_provider_sends_holds_everybody_up() -> None:
    okta, entra = Tenant("okta"), Tenant("entra")
    for tenant in (okta, entra):
        tenant.read("catalog.probe")
    okta.rows["probes"] = [probe("filter_nobody", 404, False)]  # to Okta this says that nobody is there
    assert okta.find("connection.filters_work").status is Status.WARN
    okta.rows["probes"] = [probe("filter_nobody", 200, False, detail="3 rows where nobody is")]
    assert okta.find("connection.filters_work").status is Status.FAIL
    entra.rows["probes"] = [probe("filter_known"), probe("filter_external_id", 200, False)]
    assert entra.find("connection.filters_work").status is Status.WARN
    for row in entra.rows["mappings"]:
        row["matching_priority"] = int((row["object"], row["target"]) == ("user", "externalId"))
    assert entra.find("connection.filters_work").status is Status.FAIL


def test_without_a_probe_nothing_is_said_of_the_endpoint() -> None:
    assert Tenant("okta").find("connection.filters_work").status is Status.SKIPPED


@pytest.mark.parametrize(
    ("quirk", "status"),
    [("counters_text", Status.WARN), ("disabled_hidden", Status.WARN), ("items_per_page", Status.PASS)],
)
def test_a_known_deviation_that_breaks_the_provider_is_a_warning_and_no_cause(quirk: str, status: Status) -> None:
    tenant = Tenant("okta")
    tenant.read("catalog.probe")
    tenant.rows["probes"] = [probe("list_users", quirks=f'["{quirk}"]')]
    finding = tenant.find("connection.answers_are_scim")
    assert (finding.status, finding.causes) == (status, () if status is Status.WARN else finding.causes)
    assert any("Known deviations" in e.caption for e in finding.evidence)


def test_what_breaks_the_other_provider_is_only_evidence() -> None:
    tenant = Tenant("okta")
    tenant.read("catalog.probe")
    tenant.rows["probes"] = [probe("filter_nobody", quirks='["no_match_404"]'), probe("list_users")]
    assert tenant.find("connection.answers_are_scim").status is Status.PASS


def test_without_the_job_the_log_tells_whose_deactivation_is_held_back_until_somebody_decided() -> None:
    tenant = Tenant("entra").unread("entra.job")
    assert tenant.find("connection.not_quarantined").status is Status.SKIPPED
    tenant.event("other", "bob", LATE, event_type="StagedDelete", name="bob@example.com")
    finding = tenant.find("connection.not_quarantined")
    assert finding.status is Status.FAIL and finding.causes == (Cause.ASSIGNMENT_SCOPE,)
    assert "1 person since" in finding.actual and "bob" in finding.affected
    assert "Allow deletes" in finding.actions[0].what
    tenant.event("deactivate", "bob", "2026-11-20T23:59:00Z")
    assert tenant.find("connection.not_quarantined").status is Status.SKIPPED
