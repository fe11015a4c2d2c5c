"""07 Manual and SCIM accounts."""

from __future__ import annotations

import json

import pytest

from scimrunbook.findings import Status
from tests.checks.build import Tenant


def beside(tenant: Tenant, address: str, given: str = "Ada", family: str = "Lind", active: bool = True) -> None:
    tenant.rows["accounts"].append({"account_id": "cat-x", "user_name": address, "email": address, "active": active,
                                    "given_name": given, "family_name": family})  # fmt: skip


@pytest.mark.parametrize("address", ["Ada@Example.com", "ada+data@example.com", "ada@former.example.org"])
def test_another_case_a_plus_tag_and_another_domain_are_the_same_human(address: str) -> None:
    tenant = Tenant("okta")
    beside(tenant, address)
    finding = tenant.find("accounts.one_per_person")
    assert (finding.status, finding.affected) == (Status.FAIL, ("ada",))
    assert address in finding.actual


def test_a_name_that_never_arrived_hides_no_second_account() -> None:
    tenant = Tenant("okta")
    tenant.row("accounts", account_id="cat-ada")["family_name"] = None
    beside(tenant, "ada@former.example.org")
    assert tenant.find("accounts.one_per_person").affected == ("ada",)


def test_an_alias_of_the_directory_is_the_same_human() -> None:
    tenant = Tenant("entra")
    tenant.row("people", person_key="ada")["other_emails"] = json.dumps(["lovelace@example.com"])
    beside(tenant, "lovelace@example.com", "A.", "L.")
    assert tenant.find("accounts.one_per_person").affected == ("ada",)


@pytest.mark.parametrize(
    ("address", "given", "family", "active"),
    [
        ("ada@former.example.org", "Adele", "Lind", True),  # another name
        ("adele@former.example.org", "Ada", "Lind", True),  # a namesake with another address
        ("ada@former.example.org", "Ada", "Lind", False),  # switched off: it forks nobody
    ],
)
def test_what_is_no_second_account(address: str, given: str, family: str, active: bool) -> None:
    tenant = Tenant("okta")
    beside(tenant, address, given, family, active)
    assert tenant.find("accounts.one_per_person").status is Status.PASS


def test_two_records_of_one_human_share_a_name_and_an_address() -> None:
    tenant = Tenant("okta")
    tenant.hire("ada2", "2026-11-10T08:00:00Z")
    for table, key in (("people", "person_key"), ("accounts", "external_id")):
        tenant.row(table, **{key: "ada2"}).update(given_name="Ada", family_name="Lind")
    assert tenant.find("accounts.one_per_person").status is Status.PASS  # a namesake
    tenant.row("people", person_key="ada2")["other_emails"] = json.dumps(["ada@example.com"])
    finding = tenant.find("accounts.one_per_person")
    assert (finding.status, finding.affected) == (Status.FAIL, ("ada", "ada2"))
    assert "record" in finding.actions[0].what


def test_a_user_name_that_is_not_the_address_is_remarked_but_not_for_guests() -> None:
    tenant = Tenant("entra")
    tenant.row("people", person_key="bob")["email"] = "bob@mail.example.com"
    finding = tenant.find("accounts.emails_align")
    assert (finding.status, finding.affected) == (Status.WARN, ("bob",))
    tenant.row("people", person_key="bob")["kind"] = "guest"
    assert tenant.find("accounts.emails_align").status is Status.PASS


def test_the_name_of_one_is_not_told_as_the_name_of_several() -> None:
    tenant = Tenant("entra")
    for key in ("ada", "bob"):
        tenant.row("people", person_key=key)["email"] = f"{key}@mail.example.com"
    assert "ada@example.com)" not in tenant.find("accounts.emails_align").actual


def test_accounts_taken_for_one_person_by_their_names_only_are_confirmed_first() -> None:
    tenant = Tenant("okta")
    beside(tenant, "ada@former.example.org", "Ada", "Lind")
    finding = tenant.find("accounts.one_per_person")
    assert "no id says so" in finding.actual and "First ask" in finding.actions[0].what
    tenant = Tenant("entra")
    tenant.row("people", person_key="ada")["other_emails"] = json.dumps(["lovelace@example.com"])
    beside(tenant, "lovelace@example.com", "A.", "L.")
    finding = tenant.find("accounts.one_per_person")
    assert "no id says so" not in finding.actual and "First ask" not in finding.actions[0].what


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_an_account_made_by_hand_that_outlives_its_person_is_named_with_who_can_end_it(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.row("people", person_key="dot")["active"] = False
    account = {"account_id": "cat-dot", "user_name": "dot@example.com", "external_id": None, "active": True}
    tenant.rows["accounts"].append(account)
    finding = tenant.find("accounts.all_have_a_source")
    assert (finding.status, finding.affected) == (Status.FAIL, ("dot",))
    assert "by hand" in finding.actions[0].what
