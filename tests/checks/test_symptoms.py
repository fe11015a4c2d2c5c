"""01 Symptoms: they describe what is seen and never decide a cause."""

from __future__ import annotations

import pytest

from scimrunbook.findings import Finding, Status
from tests.checks.build import LATE, NOW, Tenant

PROVIDERS = ("okta", "entra")


def symptom(tenant: Tenant, name: str) -> Finding:
    finding = tenant.find(f"symptoms.{name}")
    assert not finding.deciding
    return finding


@pytest.mark.parametrize("provider", PROVIDERS)
def test_somebody_in_scope_without_an_account_is_missing(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.hire("eve", LATE, account=False)
    assert symptom(tenant, "nobody_missing").affected == ("eve",)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_who_came_a_moment_ago_is_on_the_way_not_missing(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.hire("eve", NOW, account=False)
    finding = symptom(tenant, "nobody_missing")
    assert finding.status is Status.PASS and "too recently" in finding.actual


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_account_that_is_inactive_though_the_person_is_in_scope_is_missing_too(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.row("accounts", account_id="cat-ada")["active"] = False
    assert symptom(tenant, "nobody_missing").affected == ("ada",)


def test_somebody_named_who_is_not_assigned_is_missing_and_others_are_not() -> None:
    tenant = Tenant("okta")
    tenant.incident["people"] = ["DOT@example.com"]
    assert symptom(tenant, "nobody_missing").affected == ("dot",)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_names_that_differ_are_out_of_date(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.row("people", person_key="ada")["family_name"] = "Lind-Marek"
    finding = symptom(tenant, "attributes_current")
    assert finding.affected == ("ada",) and finding.status is Status.FAIL


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_same_name_in_another_unicode_form_is_no_difference(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.row("people", person_key="ada")["given_name"] = "Zoe\u0308"
    tenant.row("accounts", account_id="cat-ada")["given_name"] = "Zo\u00eb"
    assert symptom(tenant, "attributes_current").status is Status.PASS


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_wrong_team_is_out_of_date(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.rows["team_members"].append({"team_id": "t2", "account_id": "cat-bob"})
    assert symptom(tenant, "attributes_current").affected == ("bob",)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_leaver_whose_account_is_active_lingers(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.row("accounts", account_id="cat-cid")["active"] = True
    assert symptom(tenant, "nobody_lingers").affected == ("cid",)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_manual_account_of_somebody_unassigned_does_not_linger(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.rows["accounts"].append({"account_id": "m", "user_name": "dot@example.com", "active": True})
    assert symptom(tenant, "nobody_lingers").status is Status.PASS


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_open_failure_shows_and_a_healed_one_does_not(provider: str) -> None:
    tenant = Tenant(provider)
    assert symptom(tenant, "jobs_succeed").status is Status.PASS
    tenant.fail_all("Bad Request. Errors reported by remote server: familyName is required")
    assert symptom(tenant, "jobs_succeed").affected == ("bob",)


def test_a_quarantined_job_shows_though_the_log_is_silent() -> None:
    tenant = Tenant("entra")
    tenant.rows["jobs"][0].update(state="Quarantine", quarantine_since=LATE)
    assert symptom(tenant, "jobs_succeed").status is Status.FAIL


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_account_without_a_name_is_seen(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.row("accounts", account_id="cat-bob").update(given_name=None, family_name="")
    assert symptom(tenant, "names_present").affected == ("bob",)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_group_without_its_team_is_seen_and_an_empty_one_is_fine(provider: str) -> None:
    tenant = Tenant(provider)
    how = "pushed" if provider == "okta" else "assigned"
    tenant.rows["groups"].append({"group_key": "g3", "name": "Archive"})
    tenant.rows["assignments"].append({"target_key": "g3", "target_type": "group", "how": how})
    assert symptom(tenant, "teams_present").affected == ("g3",)
    tenant.rows["teams"].append({"team_id": "t3", "name": "archive"})
    assert symptom(tenant, "teams_present").status is Status.PASS


def test_without_catalog_the_okta_app_users_tell_who_is_missing() -> None:
    tenant = Tenant("okta").unread("catalog.users", "catalog.groups")
    assert symptom(tenant, "nobody_missing").status is Status.PASS
    tenant.hire("eve", LATE, account=False)
    assert symptom(tenant, "nobody_missing").affected == ("eve",)


def test_without_catalog_the_entra_log_tells_who_is_missing() -> None:
    tenant = Tenant("entra").unread("catalog.users", "catalog.groups")
    assert symptom(tenant, "nobody_missing").status is Status.PASS
    tenant.hire("eve", LATE, account=False)
    assert symptom(tenant, "nobody_missing").affected == ("eve",)


def test_without_catalog_and_without_a_log_entra_cannot_tell() -> None:
    tenant = Tenant("entra").unread("catalog.users", "catalog.groups", "entra.provisioning_log")
    finding = symptom(tenant, "nobody_missing")
    assert finding.status is Status.SKIPPED and finding.needs


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_leaver_lingers_also_by_an_account_made_by_hand(provider: str) -> None:
    tenant = Tenant(provider)
    account = {"account_id": "cat-guy", "user_name": "dot@example.com", "external_id": None, "active": True}
    tenant.rows["accounts"].append(account)
    # Dot is active and was never assigned: somebody may have made the account on purpose
    assert symptom(tenant, "nobody_lingers").status is Status.PASS
    tenant.row("people", person_key="dot")["active"] = False
    assert symptom(tenant, "nobody_lingers").affected == ("dot",)
    tenant.row("people", person_key="dot")["active"] = True
    tenant.incident.update(symptoms=["lingering_access"], people=["dot@example.com"])
    assert symptom(tenant, "nobody_lingers").affected == ("dot",)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_leaver_whose_account_does_not_tell_whether_it_is_active_is_not_fine(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.row("accounts", account_id="cat-cid")["active"] = None
    finding = symptom(tenant, "nobody_lingers")
    assert finding.status is Status.SKIPPED and "cid@example.com" in finding.actual


def test_a_name_of_blanks_is_no_name() -> None:
    tenant = Tenant("okta")
    tenant.row("accounts", account_id="cat-bob")["given_name"] = "  "
    assert symptom(tenant, "names_present").affected == ("bob",)
