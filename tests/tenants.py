"""Practice tenants for tests: built once per provider, fault, size and seed in a test process, served or exported."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from scimrunbook.simulator.faults import FAULTS
from scimrunbook.simulator.files import write_incident
from scimrunbook.simulator.tenant import Tenant, build

NINE = [
    "00_start_here",
    "01_symptoms",
    "02_connection",
    "03_base_url_and_token",
    "04_attribute_mapping",
    "05_assignments",
    "06_sync_and_logs",
    "07_manual_and_scim_accounts",
    "08_contact_support",
]
PAIRS = [(p, f) for f, fault in FAULTS.items() for p in fault.providers]
CASES = [(p, f, s) for p, f in PAIRS for s in ("live", "exports")]
# The thin cut of the quick suite: a section's fault each, by turns live and from exports.
QUICK = [
    *((p, "none", s) for p in ("okta", "entra") for s in ("live", "exports")),
    ("okta", "create_off", "live"),
    ("okta", "token_expired", "exports"),
    ("okta", "names_empty", "exports"),
    ("okta", "push_group_is_assignment_group", "exports"),
    ("okta", "person_twice", "live"),
    ("entra", "paused", "exports"),
    ("entra", "wrong_region", "live"),
    ("entra", "external_id_mailnickname", "exports"),
    ("entra", "nested_group", "exports"),
    ("entra", "cycle_overdue", "live"),
    ("entra", "transform_login", "exports"),
]


@cache
def tenant(provider: str, fault: str, people: int = 25, seed: int = 3) -> Tenant:
    """``fault``: a name, several joined by ``+``, or ``none``."""
    return build(provider, () if fault == "none" else tuple(fault.split("+")), people=people, seed=seed)


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
