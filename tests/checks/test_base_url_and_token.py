"""03 Base URL and token."""

from __future__ import annotations

import pytest

from scimrunbook import guide
from scimrunbook.checks._base_url import differences
from scimrunbook.checks.runner import run_checks
from scimrunbook.diagnosis import diagnose
from scimrunbook.findings import Cause, Status
from scimrunbook.trace import trace
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


def okta_probed(bearer: bool, with_bearer: int, alone: int, token_is: str = "as_typed_in_provider") -> Tenant:
    """Okta, its token typed with Bearer or without, and what Catalog answers to it with Bearer and alone."""
    tenant = Tenant("okta")
    tenant.facts.token = token(bearer_prefix=bearer)
    tenant.incident["catalog"] = {"configured_base_url": BASE, "token_is": token_is}
    tenant.read("catalog.probe")
    tenant.rows["probes"] = [
        probe("provider_test", with_bearer, with_bearer < 300),
        probe("provider_test_again", with_bearer, with_bearer < 300),
        probe("no_token", 401),
        probe("wrong_token", 401),
        probe("token_without_bearer", alone, alone == 401),
    ]
    return tenant


@pytest.mark.parametrize("bearer", [True, False])
def test_okta_is_judged_by_the_request_that_carries_what_okta_sends(bearer: bool) -> None:
    """Its Header Auth app sends the field verbatim; which form Catalog wants is not public."""
    works = okta_probed(bearer, *((200, 401) if bearer else (401, 200)))
    found = works.findings()
    wanted = ("token.is_well_formed", "token.did_not_change", "token.is_accepted", "token.is_accepted_every_time")
    assert {i: found[i].status for i in wanted} == dict.fromkeys(wanted, Status.PASS)
    assert not [f.id for f in found.values() if f.status in (Status.FAIL, Status.WARN)]
    if not bearer:
        assert "Catalog accepts it so" in found["token.is_well_formed"].actual


@pytest.mark.parametrize(("bearer", "say"), [(True, "without Bearer"), (False, "Type Bearer and a blank")])
def test_the_other_form_is_advised_where_catalog_takes_it_and_no_new_token_is_asked_for(bearer: bool, say: str) -> None:
    found = okta_probed(bearer, *((401, 200) if bearer else (200, 401))).findings()
    well = found["token.is_well_formed"]
    assert well.status is Status.FAIL and say in well.actions[0].what
    assert len(well.evidence[0].rows) == 3  # both ways it was asked
    for other in ("token.did_not_change", "token.is_accepted"):
        assert (found[other].status, found[other].blocked_by) != (Status.FAIL, None)
    assert found["support.not_needed"].status is Status.PASS


@pytest.mark.parametrize("bearer", [True, False])
def test_a_token_that_catalog_takes_in_neither_form_is_dead_and_both_forms_are_to_be_tried(bearer: bool) -> None:
    found = okta_probed(bearer, 401, 401).findings()
    for failed in ("token.did_not_change", "token.is_accepted"):
        assert found[failed].status is Status.FAIL, failed
        assert "with Bearer" in found[failed].actions[1].why and "without" in found[failed].actions[1].why
    assert found["token.is_well_formed"].status is Status.PASS
    assert found["support.not_needed"].status is Status.WARN


def test_a_form_that_got_no_answer_says_nothing_about_the_token_in_okta() -> None:
    tenant = okta_probed(False, 401, 401)
    tenant.rows["probes"][-1] = probe("token_without_bearer", None, False, failure="timeout")
    assert tenant.find("token.is_accepted").status is Status.SKIPPED
    assert tenant.find("token.did_not_change").status is Status.PASS  # by the log


def test_an_issued_token_that_is_taken_alone_is_accepted_and_it_is_said_how_okta_has_to_hold_it() -> None:
    finding = okta_probed(False, 401, 200, "issued").find("token.is_accepted")
    assert finding.status is Status.PASS and "without Bearer" in finding.actual


@pytest.mark.parametrize("answer", [404, 500, 503])
def test_a_control_that_is_neither_refused_nor_let_in_shows_nothing(answer: int) -> None:
    tenant = Tenant("okta")
    tenant.read("catalog.probe")
    tenant.rows["probes"] = [probe("no_token", answer, False), probe("wrong_token", 401)]
    finding = tenant.find("token.is_required")
    assert finding.status is Status.SKIPPED and f"no token ({answer})" in finding.actual
    tenant.rows["probes"][0] = probe("no_token", 200, False, failure="html")
    assert tenant.find("token.is_required").status is Status.SKIPPED
    tenant.rows["probes"] = [probe("provider_test", answer, False)]
    assert tenant.find("token.is_accepted").status is Status.SKIPPED


def old_log(provider: str, at: str) -> Tenant:
    """The log's newest record is of ``at``; it and the directory are all that was read."""
    tenant = Tenant(provider).unread("catalog.users", "catalog.groups")
    for row in tenant.rows["events"]:
        row["at"] = at
    for row in tenant.rows["people"]:
        row.update(created_at="2026-09-01T08:00:00Z", changed_at=None)
    return tenant


def test_a_success_of_long_ago_does_not_say_that_the_token_works_now() -> None:
    tenant = old_log("okta", "2026-10-01T08:00:00Z")
    finding = tenant.find("token.did_not_change")
    assert finding.status is Status.SKIPPED and not finding.against
    assert "2026-10-01" in finding.actual and "Test API Credentials" in finding.needs
    assert verdict(tenant) == "inconclusive"
    near = old_log("okta", "2026-11-19T08:00:00Z")
    assert near.find("token.did_not_change").status is Status.PASS
    assert verdict(near) == "healthy"


@pytest.mark.parametrize(
    ("start", "last", "status"),
    [
        (None, "2026-11-18T08:00:00Z", Status.PASS),
        (None, "2026-11-16T08:00:00Z", Status.SKIPPED),
        ("2026-11-14T00:00:00Z", "2026-11-14T08:00:00Z", Status.PASS),  # in the window
        ("2026-09-01T00:00:00Z", "2026-10-01T08:00:00Z", Status.SKIPPED),  # in a long window, and long ago
        ("2026-11-20T12:00:00Z", "2026-11-20T09:00:00Z", Status.PASS),  # before a short one, and lately
    ],
)
def test_how_long_a_success_speaks_for_the_token(start: str | None, last: str, status: Status) -> None:
    tenant = old_log("okta", last)
    tenant.incident.pop("window")
    if start:
        tenant.incident["window"] = {"start": start, "end": "2026-11-20T14:00:00Z"}
    assert tenant.find("token.did_not_change").status is status


def test_an_empty_log_says_nothing_though_an_account_was_made() -> None:
    tenant = Tenant("okta")
    tenant.rows["events"] = []
    for made in ("2026-11-01T08:00:00Z", "2026-11-20T13:00:00Z"):
        tenant.row("accounts", account_id="cat-bob")["created_at"] = made
        finding = tenant.find("token.did_not_change")
        assert finding.status is Status.SKIPPED and finding.needs
        assert "neither a success nor a refusal" in finding.actual
        assert verdict(tenant) == "inconclusive"


def test_the_token_as_typed_that_is_let_in_now_outweighs_an_old_log() -> None:
    tenant = okta_probed(True, 200, 401)
    tenant.rows["probes"].append(probe("unknown_id", 404))
    tenant.rows["events"] = []
    assert tenant.find("token.did_not_change").status is Status.PASS
    assert verdict(tenant) == "healthy"


def test_a_request_that_carries_no_token_is_no_refusal_of_it() -> None:
    tenant = okta_probed(True, 200, 401)
    tenant.rows["probes"].append(probe("config_without_token", 401))
    assert tenant.find("token.is_accepted_every_time").status is Status.PASS
    assert tenant.find("support.not_needed").status is Status.PASS


def verdict(tenant: Tenant) -> str:
    snapshot = tenant.snapshot()
    findings = run_checks(snapshot)
    return diagnose(snapshot, findings, trace(snapshot, findings)).verdict


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
