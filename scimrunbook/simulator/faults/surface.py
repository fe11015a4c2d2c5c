"""Section 00: a question that is not about Catalog's provisioning at all."""

from __future__ import annotations

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, nobody


def _elsewhere(_: Scenario) -> None:
    """Nothing of Catalog is broken: somebody cannot sign in to Transform."""


FAULTS = (
    Fault("transform_login", "The question is about signing in to Transform", BOTH, "wrong_surface",
          "start.question_is_about_catalog", "", ("transform_login",), _elsewhere, nobody),
)  # fmt: skip
