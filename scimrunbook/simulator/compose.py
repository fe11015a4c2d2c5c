"""Several faults in one world: each does what it does alone, and two that would overwrite each other are refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from scimrunbook.simulator.faults import FAULTS, Scenario


def inject(faults: Iterable[str], scenario: Scenario) -> None:
    """Injects the faults in order. Raises ValueError, naming both, where two set the same thing."""
    by: dict[str, str] = {}
    for name in faults:
        before, known = _values(scenario.settings), {id(c) for c in scenario.world.timeline}
        FAULTS[name].inject(scenario)
        for what in _written(scenario, before, known):
            first = by.setdefault(what, name)
            if first != name:
                raise ValueError(f"the faults {first} and {name} cannot be combined: both set {what}")


def _written(scenario: Scenario, before: dict[str, Any], known: set[int]) -> set[str]:
    """What a fault set: settings at once, settings and switches of Catalog at their time."""
    now = _values(scenario.settings)
    out = {f"setting {key}" for key, value in now.items() if value is not before.get(key)}
    for change in scenario.world.timeline:
        if id(change) in known:
            continue
        if change.what == "setting":
            out |= {f"setting {key}" for key in change.data}
        elif change.what == "catalog" and change.data["do"] == "tokens":
            out.add("Catalog's tokens")
        elif change.what == "catalog" and change.data["do"] == "misbehave":
            out |= {f"Catalog's {key}" for key in change.data if key != "do"}
    return out


def _values(settings: Any) -> dict[str, Any]:
    return {f.name: getattr(settings, f.name) for f in fields(settings)}
