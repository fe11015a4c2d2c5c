"""Section 03: base URL and token."""

from __future__ import annotations

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, changed_since
from scimrunbook.simulator.world import BREAK


def _token_expired(s: Scenario) -> None:
    s.world.at(BREAK, "catalog", do="tokens", tokens=[s.new_token])


def _wrong_region(s: Scenario) -> None:
    s.world.at(BREAK, "setting", base_url=s.regions["other"])


FAULTS = (
    Fault("token_expired", "The Catalog token expired", BOTH, "url_or_token", "token.did_not_change", "attempt",
          ("missing_people", "failing_jobs"), _token_expired, changed_since),
    Fault("wrong_region", "The base URL of the other region was typed in", BOTH, "url_or_token",
          "base_url.matches_the_region", "attempt", ("missing_people", "failing_jobs"), _wrong_region, changed_since),
)  # fmt: skip
