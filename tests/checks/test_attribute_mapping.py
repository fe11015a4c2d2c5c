"""04 Attribute mapping."""

from __future__ import annotations

import pytest

from scimrunbook.findings import Status
from tests.checks.build import Tenant


def mapping(tenant: Tenant, target: str) -> dict:
    return tenant.row("mappings", direction="to_app", object="user", target=target)


@pytest.mark.parametrize(
    ("provider", "finding_id", "target"),
    [("okta", "mapping.okta_to_app", "givenName"), ("entra", "mapping.entra_users_kept", "name.givenName")],
)
def test_a_name_that_is_not_mapped_concerns_those_whose_account_lacks_it(
    provider: str, finding_id: str, target: str
) -> None:
    tenant = Tenant(provider)
    tenant.rows["mappings"].remove(mapping(tenant, target))
    finding = tenant.find(finding_id)
    assert finding.status is Status.FAIL and finding.affected == ()
    tenant.row("accounts", account_id="cat-bob")["given_name"] = None
    finding = tenant.find(finding_id)
    assert finding.affected == ("bob",) and target in finding.actual
    tenant.unread("catalog.users")
    if provider == "entra":  # nothing tells what the accounts hold, so it may be anybody in scope
        assert tenant.find(finding_id).affected == ("ada", "bob")


def test_without_active_those_linger_who_left() -> None:
    tenant = Tenant("entra")
    tenant.rows["mappings"].remove(mapping(tenant, "active"))
    tenant.row("accounts", account_id="cat-cid")["active"] = True
    tenant.rows["events"] = [e for e in tenant.rows["events"] if e["action"] != "deactivate"]
    finding = tenant.find("mapping.entra_users_kept")
    assert (finding.status, finding.affected) == (Status.FAIL, ("cid",))
    assert tenant.find("assignments.leavers_were_unassigned_by_provider").blocked_by == "mapping.entra_users_kept"


def test_a_row_too_many_warns_and_fails_only_where_catalog_refuses_it() -> None:
    tenant = Tenant("entra")
    tenant.rows["mappings"].append({"direction": "to_app", "object": "user", "target": "title", "source": "[jobTitle]"})
    assert tenant.find("mapping.entra_no_extras").status is Status.WARN
    tenant.fail_all("StatusCode: BadRequest Message: title is not allowed", http_status=400)
    finding = tenant.find("mapping.entra_no_extras")
    assert (finding.status, finding.affected) == (Status.FAIL, ("bob",))


@pytest.mark.parametrize(
    "source", ["Not([IsSoftDeleted])", 'Switch([IsSoftDeleted], , "False", "True", "True", "False")']
)
def test_both_documented_expressions_for_active_are_right(source: str) -> None:
    tenant = Tenant("entra")
    mapping(tenant, "active")["source"] = source
    assert tenant.find("mapping.entra_users_kept").status is Status.PASS


def test_a_name_applied_on_create_only_concerns_who_was_renamed() -> None:
    tenant = Tenant("okta")
    mapping(tenant, "familyName")["flow"] = "DONT_PUSH"
    tenant.row("people", person_key="ada")["family_name"] = "Lindt"
    finding = tenant.find("mapping.okta_pushed_on_update")
    assert (finding.status, finding.affected) == (Status.FAIL, ("ada",))
    assert "familyName" in finding.actual and "givenName" not in finding.actual


def test_a_username_that_is_the_login_but_not_the_address_forks_people() -> None:
    tenant = Tenant("okta")
    assert tenant.find("mapping.okta_username_format").status is Status.PASS
    for table, key in (("people", "login"), ("app_accounts", "user_name")):
        tenant.row(table, person_key="bob")[key] = "bob@corp.example.com"
    tenant.row("accounts", account_id="cat-bob")["user_name"] = "bob@corp.example.com"
    finding = tenant.find("mapping.okta_username_format")
    assert (finding.status, finding.affected) == (Status.FAIL, ("bob",))


def test_what_is_empty_in_the_provider_is_named_there_and_not_as_a_difference() -> None:
    tenant = Tenant("okta")
    tenant.row("people", person_key="bob").update(given_name=None, family_name=" ")
    assert tenant.find("mapping.source_values_present").affected == ("bob",)
    assert "bob" not in tenant.find("mapping.values_arrive").affected
