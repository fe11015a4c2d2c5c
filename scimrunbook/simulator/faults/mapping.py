"""Section 04: attribute mapping and the values it carries."""

from __future__ import annotations

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, in_scope, marked


def _names_empty(s: Scenario) -> None:
    """HR created two of the new hires without first and last name."""
    for person in s.hired("joiner_after")[:2]:
        person.given = person.family = ""
        person.trait = "names_empty"


def _external_id(s: Scenario) -> None:
    """The default row was never edited."""
    s.settings.users.map("externalId", "mailNickname")


FAULTS = (
    Fault("names_empty", "First and last name are empty in the provider", BOTH, "attribute_mapping",
          "mapping.source_values_present", "mapping", ("empty_names",), _names_empty, marked("names_empty")),
    Fault("external_id_mailnickname", "externalId still comes from mailNickname", ("entra",), "attribute_mapping",
          "mapping.entra_external_id", "mapping", ("stale_attributes",), _external_id, in_scope),
)  # fmt: skip
