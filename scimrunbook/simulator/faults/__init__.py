"""Faults by name, one module per section of the guide in which they are found."""

from __future__ import annotations

from scimrunbook.simulator.faults import (
    accounts,
    assignments,
    connection,
    credentials,
    endpoint,
    mapping,
    surface,
    sync,
)
from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, Truth


def _nothing(_: Scenario) -> None:
    """A healthy tenant."""


NONE = Fault("none", "A healthy tenant", BOTH, "", "", "", (), _nothing, lambda _: [])
_ROOMS = (surface, connection, credentials, endpoint, mapping, assignments, sync, accounts)
FAULTS: dict[str, Fault] = {f.name: f for f in (NONE, *(f for room in _ROOMS for f in room.FAULTS))}

__all__ = ["FAULTS", "Fault", "Scenario", "Truth"]
