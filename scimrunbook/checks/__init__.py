"""One module per guide section; each check is a pure function of a Snapshot that returns an Outcome.

A check never fetches, prints, reads the clock or knows a face. It declares what it needs; where that was not read,
the registry answers ``skipped`` with how to get it, so a check body only sees data that is there.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from scimrunbook.findings import Cause, Outcome, Reach
from scimrunbook.snapshot import Snapshot

SECTIONS = (
    "start_here",
    "symptoms",
    "connection",
    "base_url_and_token",
    "attribute_mapping",
    "assignments",
    "sync_and_logs",
    "manual_and_scim_accounts",
    "contact_support",
)

CheckFunction = Callable[[Snapshot], Outcome]


@dataclass(frozen=True, slots=True)
class Check:
    """What is fixed about a check.

    ``needs`` are alternatives per provider: every name of WHATS (or ``incident``) in at least one of the tuples must
    have been read. ``blocks`` marks a check whose failure makes dependent findings say ``blocked_by``.
    """

    id: str
    title: str
    section: str
    run: CheckFunction
    providers: tuple[str, ...]
    needs: Mapping[str, tuple[tuple[str, ...], ...]]
    causes: tuple[Cause, ...]
    reach: Reach
    deciding: bool
    blocked_by: tuple[str, ...]
    source: str


REGISTRY: dict[str, Check] = {}


def check(
    id: str,
    title: str,
    *,
    section: str,
    source: str,
    providers: tuple[str, ...] = ("okta", "entra"),
    needs: Mapping[str, tuple[tuple[str, ...], ...]] | None = None,
    causes: tuple[Cause, ...] = (),
    reach: Reach = Reach.PEOPLE,
    deciding: bool = True,
    blocked_by: tuple[str, ...] = (),
) -> Callable[[CheckFunction], CheckFunction]:
    """Registers a check. ``title`` states the healthy state; ``source`` where its facts come from."""

    def register(function: CheckFunction) -> CheckFunction:
        if id in REGISTRY:
            raise ValueError(f"check {id} is registered twice")
        if section not in SECTIONS:
            raise ValueError(f"check {id}: unknown section {section}")
        REGISTRY[id] = Check(
            id, title, section, function, providers, needs or {}, causes, reach, deciding, blocked_by, source
        )
        return function

    return register


def checks_of(section: str, provider: str) -> list[Check]:
    """The checks of a section for a provider, in the order in which its module declares them."""
    importlib.import_module(f"scimrunbook.checks.{section}")
    return [c for c in REGISTRY.values() if c.section == section and provider in c.providers]
