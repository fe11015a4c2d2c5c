"""Section 07: accounts beside the ones SCIM manages."""

from __future__ import annotations

from datetime import timedelta

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, marked
from scimrunbook.simulator.world import AS_OF


def _manual_account(s: Scenario) -> None:
    """A first sign-in by an alias made an account beside the one SCIM manages."""
    person = next(p for p in s.world.people.values() if p.trait == "plain" and p.aliases)
    person.trait = "manual_account"
    document = {
        "userName": person.aliases[0],
        "name": {"givenName": person.given, "familyName": person.family},
        "emails": [{"value": person.aliases[0], "primary": True}],
        "active": True,
    }
    s.world.at(AS_OF - timedelta(days=4), "catalog", do="add_user", document=document)


FAULTS = (
    Fault("manual_account", "An account made by hand stands beside the SCIM one", BOTH, "duplicate_identity",
          "accounts.one_per_person", "account", ("stale_attributes",), _manual_account, marked("manual_account")),
)  # fmt: skip
