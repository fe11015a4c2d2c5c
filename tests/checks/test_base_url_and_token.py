"""03 Base URL and token."""

from __future__ import annotations

import pytest

from scimrunbook import guide
from scimrunbook.checks._base_url import differences
from scimrunbook.findings import Cause, Status
from tests.checks.build import BASE, HOST, LATE, OTHER, Tenant, probe, token

US = guide.REGIONS[HOST]
PROVIDERS = ("okta", "entra")


@pytest.mark.parametrize(
    ("typed", "kinds"),
    [
        (BASE, []),
        (BASE + "/", ["trailing_slash"]),
        (OTHER, ["other_region"]),
        ("http://api.us.castordoc.com/auth/scim", ["scheme"]),
        ("https://app.us.castordoc.com/auth/scim", ["web_address"]),
        ("https://example.com/auth/scim", ["host"]),
        ("https://api.us.castordoc.com.example.com/auth/scim", ["host"]),
        ("https://API.us.castordoc.com/auth/scim", ["host_case"]),
        ("https://api.us.castordoc.com:8443/auth/scim", ["port"]),
        ("https://api.us.castordoc.com:443/auth/scim", []),
        ("https://api.us.castordoc.com/scim/v2", ["path"]),
        ("https://api.us.castordoc.com", ["path"]),
        ("https://api.us.castordoc.com/auth/SCIM", ["path"]),
        (BASE + "?aadOptscim062020", ["entra_flag"]),
        (BASE + "/?AzureAdScimPatch2017", ["trailing_slash", "entra_flag"]),
        (BASE + "?x=1", ["query"]),
        (BASE + "#top", ["fragment"]),
        (" " + BASE, ["blanks"]),
        ("https://me:secret@api.us.castordoc.com/auth/scim", ["user"]),
        ("api.us.castordoc.com/auth/scim", ["scheme"]),
        ("https://[bad/auth/scim", ["unreadable"]),
        ("https://api.us.castordoc.com:port/auth/scim", ["unreadable"]),
    ],
)
def test_each_difference_is_told_apart(typed: str, kinds: list[str]) -> None:
    assert [d.kind for d in differences(typed, US)] == kinds


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_other_region_fails_and_says_what_to_type(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.incident["catalog"] = {"configured_base_url": OTHER}
    finding = tenant.find("base_url.matches_the_region")
    assert finding.status is Status.FAIL and finding.causes == (Cause.URL_OR_TOKEN,)
    assert BASE in finding.actions[0].what


def test_a_trailing_slash_is_a_fault_only_where_nothing_gets_through() -> None:
    tenant = Tenant("okta")
    tenant.incident["catalog"] = {"configured_base_url": BASE + "/"}
    assert tenant.find("base_url.matches_the_region").status is Status.PASS
    tenant.event("update", "ada", "2026-11-19T11:00:00Z", "failure", reason="Unauthorized", http_status=401)
    assert tenant.find("base_url.matches_the_region").status is Status.WARN


def test_an_unknown_base_url_is_asked_for_and_the_answer_counts() -> None:
    tenant = Tenant("entra")
    tenant.incident["catalog"] = {}
    assert tenant.find("base_url.matches_the_region").status is Status.MANUAL
    tenant.answers["base_url.matches_the_region"] = {"answer": "no"}
    assert tenant.find("base_url.matches_the_region").status is Status.FAIL


def test_a_401_at_a_wrong_host_proves_nothing_about_the_token() -> None:
    tenant = Tenant("okta")
    tenant.fail_all("Unauthorized. Errors reported by remote server: who are you", http_status=401)
    assert tenant.find("token.did_not_change").status is Status.FAIL
    tenant.incident["catalog"] = {"configured_base_url": OTHER}
    assert tenant.find("token.did_not_change").blocked_by == "base_url.matches_the_region"


def test_the_other_region_in_a_changed_setting_is_remarked_until_it_is_put_right() -> None:
    tenant = Tenant("entra")
    assert tenant.find("base_url.other_region_not_used").status is Status.PASS
    tenant.rows["config_changes"] = [{"at": LATE, "what": "credentials", "detail": f"BaseAddress: {BASE} → {OTHER}"}]
    assert tenant.find("base_url.other_region_not_used").status is Status.WARN
    tenant.rows["config_changes"].append({"at": "2026-11-19T12:00:00Z", "what": "credentials", "detail": f"→ {BASE}"})
    assert tenant.find("base_url.other_region_not_used").status is Status.PASS


@pytest.mark.parametrize(
    "text", ["Unauthorized. Errors reported by remote server: x", "Forbidden", "StatusCode: Unauthorized"]
)
def test_a_success_and_then_only_refusals_is_a_dead_token(text: str) -> None:
    tenant = Tenant("okta")
    tenant.event("update", "ada", "2026-11-19T11:00:00Z", "failure", reason=text)
    finding = tenant.find("token.did_not_change")
    assert finding.status is Status.FAIL and finding.since == "2026-11-19T11:00:00Z"
    tenant.event("update", "ada", "2026-11-19T12:00:00Z")
    assert tenant.find("token.did_not_change").status is Status.PASS


def test_another_failure_is_no_dead_token() -> None:
    tenant = Tenant("okta")
    tenant.event("update", "ada", "2026-11-19T11:00:00Z", "failure", reason="Bad Request. x is required")
    assert tenant.find("token.did_not_change").status is Status.PASS


def test_entras_job_tells_a_dead_token_though_no_log_row_does() -> None:
    tenant = Tenant("entra")
    tenant.rows["jobs"][0].update(
        state="Quarantine",
        quarantine_since=LATE,
        quarantine_error_code="SystemForCrossDomainIdentityManagementInvalidCredentials",
        last_success_at="2026-11-19T09:20:00Z",
    )
    finding = tenant.find("token.did_not_change")
    assert finding.status is Status.FAIL and finding.since == "2026-11-19T10:00:00Z"
    tenant.rows["jobs"][0]["quarantine_error_code"] = "SystemForCrossDomainIdentityManagementServiceIncompatible"
    assert tenant.find("token.did_not_change").status is Status.PASS


@pytest.mark.parametrize(("token_is", "status"), [("as_typed_in_provider", Status.FAIL), ("issued", Status.PASS)])
def test_what_a_refused_probe_proves_depends_on_which_token_it_is(token_is: str, status: Status) -> None:
    tenant = Tenant("okta")
    tenant.facts.token = token(bearer_prefix=True)
    tenant.incident["catalog"] = {"configured_base_url": BASE, "token_is": token_is}
    tenant.read("catalog.probe")
    tenant.rows["probes"] = [probe("provider_test", 401, False), probe("no_token", 401), probe("wrong_token", 401)]
    assert tenant.find("token.did_not_change").status is status
    assert tenant.find("token.is_accepted").status is Status.FAIL
    assert tenant.find("token.is_required").status is Status.PASS


def test_an_open_endpoint_and_an_accepted_token() -> None:
    tenant = Tenant("okta")
    tenant.read("catalog.probe")
    tenant.rows["probes"] = [probe("provider_test"), probe("no_token", 200, False)]
    assert tenant.find("token.is_required").status is Status.FAIL
    assert tenant.find("token.is_accepted").status is Status.PASS


def test_a_token_that_is_refused_now_and_then() -> None:
    tenant = Tenant("okta")
    tenant.read("catalog.probe")
    tenant.rows["probes"] = [probe("provider_test"), probe("provider_test_again", 401, False), probe("list_users")]
    finding = tenant.find("token.is_accepted_every_time")
    assert finding.status is Status.FAIL and "1 of 3" in finding.actual
    tenant.rows["probes"] = [probe("provider_test")]
    assert tenant.find("token.is_accepted_every_time").status is Status.PASS


def test_refusals_between_successes_long_ago_are_healed() -> None:
    tenant = Tenant("okta")
    tenant.event("update", "ada", "2026-11-05T11:00:00Z", "failure", reason="Unauthorized")
    tenant.event("update", "ada", "2026-11-05T12:00:00Z")
    assert tenant.find("token.is_accepted_every_time").status is Status.PASS
    tenant.event("update", "ada", "2026-11-20T11:00:00Z", "failure", reason="Unauthorized")
    tenant.event("update", "ada", "2026-11-20T12:00:00Z")
    assert tenant.find("token.is_accepted_every_time").status is Status.FAIL


@pytest.mark.parametrize(
    ("provider", "known", "status"),
    [
        ("okta", {"problems": ["blanks"]}, Status.FAIL),
        ("okta", {"problems": ["doubled_bearer"]}, Status.FAIL),
        ("okta", {"bearer_prefix": False}, Status.PASS),
        ("entra", {"bearer_prefix": True}, Status.FAIL),
        ("entra", {"bearer_prefix": False}, Status.PASS),
        ("entra", {"kind": "jwt", "expires_at": "2026-11-19T00:00:00Z"}, Status.FAIL),
        ("entra", {"kind": "jwt", "expires_at": "2027-11-19T00:00:00Z"}, Status.PASS),
    ],
)
def test_the_shape_of_the_token(provider: str, known: dict[str, object], status: Status) -> None:
    tenant = Tenant(provider)
    tenant.incident["catalog"] = {"configured_base_url": BASE, "token_is": "as_typed_in_provider"}
    assert tenant.find("token.is_well_formed").status is Status.SKIPPED
    tenant.facts.token = token(**known)
    assert tenant.find("token.is_well_formed").status is status


def test_what_looks_like_a_token_in_a_file_is_named_by_file_and_line_only() -> None:
    tenant = Tenant("okta")
    tenant.facts.leaks = [{"file": "notes.txt", "line": 3, "rule": "bearer"}]
    finding = tenant.find("token.is_not_exposed")
    assert finding.status is Status.WARN and "notes.txt" in finding.actual
