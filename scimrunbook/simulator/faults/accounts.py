"""Section 07: accounts beside the ones SCIM manages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, marked
from scimrunbook.simulator.world import AS_OF, Person


def by_hand(person: Person, address: str) -> dict[str, Any]:
    """The account a first sign-in, or an admin's invitation, makes: no externalId."""
    return {
        "userName": address,
        "name": {"givenName": person.given, "familyName": person.family},
        "emails": [{"value": address, "primary": True}],
        "active": True,
    }


def _beside(s: Scenario, trait: str, address: Any) -> None:
    person = next(p for p in s.world.people.values() if p.trait == "plain" and p.aliases)
    person.trait = trait
    document = by_hand(person, address(person))
    s.world.at(AS_OF - timedelta(days=4), "catalog", do="add_user", document=document)


def _manual_account(s: Scenario) -> None:
    """A first sign-in by an alias made an account beside the one SCIM manages."""
    _beside(s, "manual_account", lambda p: p.aliases[0])


def _other_case(s: Scenario) -> None:
    """Signing in compares the address to the letter, so capitals made a second account."""
    _beside(s, "other_case", lambda p: p.email.title())


def _other_domain(s: Scenario) -> None:
    """The account of the company's former name."""
    _beside(s, "other_domain", lambda p: p.email.split("@")[0] + "@former.example.org")


def _twice(s: Scenario) -> None:
    """Somebody came back and HR made a second record: another address, the old one as a further address."""
    first = next(p for p in s.world.people.values() if p.trait == "plain")
    key = first.key[:-4] + ("ZZZ2" if s.provider == "okta" else "fff2")
    local, domain = first.email.split("@")
    second = replace(first, key=key, email=f"{local}.2@{domain}", login=f"{local}.2@{domain}", aliases=[first.email],
                     mail_nickname=first.mail_nickname + "b", trait="twice")  # fmt: skip
    first.trait = "twice"
    groups = [g.key for g in s.world.groups.values() if first.key in g.members]
    s.world.at(AS_OF - timedelta(days=6), "hire", person=second, groups=groups)


FAULTS = (
    Fault("manual_account", "An account made by hand stands beside the SCIM one", BOTH, "duplicate_identity",
          "accounts.one_per_person", "account", ("stale_attributes",), _manual_account, marked("manual_account")),
    Fault("manual_account_other_case", "The second account differs in capitals only", BOTH, "duplicate_identity",
          "accounts.one_per_person", "account", ("stale_attributes",), _other_case, marked("other_case")),
    Fault("manual_account_other_domain", "The second account has the address of another domain", BOTH,
          "duplicate_identity", "accounts.one_per_person", "account", ("stale_attributes",), _other_domain,
          marked("other_domain")),
    Fault("person_twice", "One human stands in the provider twice", BOTH, "duplicate_identity",
          "accounts.one_per_person", "account", ("stale_attributes",), _twice, marked("twice")),
)  # fmt: skip
