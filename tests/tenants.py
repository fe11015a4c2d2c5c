"""Practice tenants for tests: built once per provider, fault, size and seed in a test process, served or exported."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scimrunbook.simulator.faults import FAULTS
from scimrunbook.simulator.files import write_incident
from scimrunbook.simulator.tenant import Tenant, build

PAIRS = [(p, f) for f, fault in FAULTS.items() for p in fault.providers]
CASES = [(p, f, s) for p, f in PAIRS for s in ("live", "exports")]


@cache
def tenant(provider: str, fault: str, people: int = 25, seed: int = 3) -> Tenant:
    return build(provider, () if fault == "none" else (fault,), people=people, seed=seed)


@contextlib.contextmanager
def incident(provider: str, fault: str, source: str, folder: Path) -> Iterator[tuple[Path, Tenant]]:
    """The incident file of a tenant, live (served meanwhile) or with its exports, and the tenant."""
    built = tenant(provider, fault)
    if source == "live":
        with built.serve() as port:
            yield write_incident(built, folder, port=port), built
    else:
        built.export(folder / "exports")
        yield write_incident(built, folder, exports=folder / "exports"), built


def quiet(step: str, done: int, total: int | None = None) -> None:
    """A progress that says nothing."""
