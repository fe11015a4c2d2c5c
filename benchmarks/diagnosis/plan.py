"""Which incidents: every fault with every provider, live and from exports, over and over with new seeds and sizes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Literal

from scimrunbook.simulator.faults import FAULTS

Provider = Literal["okta", "entra"]
PROVIDERS: tuple[Provider, ...] = ("okta", "entra")
SOURCES = ("live", "exports")
SIZES, SHARES = (25, 100, 400), (80, 18, 2)  # people, and how many incidents in a hundred have so many
# Pairs of which one takes the other's mark out of the world, so that nothing is left to be found: a token that was
# entered anew heals every token that was typed wrong before; where nobody was ever pushed, no account stands beside
# another and none can be deleted.
_TOKENS = ("token_expired", "token_mistyped", "bearer_missing", "bearer_doubled", "token_blanks")
_ACCOUNTS = (
    "manual_account", "manual_account_other_case", "manual_account_other_domain", "person_twice", "deleted_by_hand"
)  # fmt: skip
UNDONE = {
    *(frozenset({"token_rotated_mended", f}) for f in _TOKENS),
    *(frozenset({w, f}) for w in ("never_configured", "assigned_before_enabling") for f in _ACCOUNTS),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A tenant to build; judged once per source."""

    kind: Literal["single", "double", "healthy", "withheld"]
    provider: Provider
    faults: tuple[str, ...]
    people: int
    seed: int

    @property
    def name(self) -> str:
        return f"{self.provider}-{'+'.join(self.faults) or 'healthy'}-{self.people}-{self.seed}"


def singles(tenants: int, seed: int = 0) -> list[Case]:
    """Every fault of every provider in turn, until there are ``tenants``."""
    pairs = [(p, f) for f, fault in FAULTS.items() if f != "none" for p in fault.providers]
    return _cases("single", (((f,), p) for n in count() for p, f in pairs), tenants, seed)


def doubles(tenants: int, seed: int = 0) -> list[Case]:
    """Two faults of different cause families that leave each other standing, drawn without favour."""
    dice = random.Random(f"doubles-{seed}")

    def draw() -> Iterator[tuple[tuple[str, ...], Provider]]:
        while True:
            provider = dice.choice(PROVIDERS)
            families: dict[str, list[str]] = {}
            for name, fault in FAULTS.items():
                if name != "none" and provider in fault.providers:
                    families.setdefault(fault.cause, []).append(name)
            one, other = dice.sample(sorted(families), 2)
            pair = (dice.choice(families[one]), dice.choice(families[other]))
            if frozenset(pair) not in UNDONE:
                yield pair, provider

    return _cases("double", draw(), tenants, seed)


def healthy(tenants: int, seed: int = 0) -> list[Case]:
    """Tenants without a fault, with the noise every tenant has: leavers, guests, healed failures, late changes."""
    return _cases("healthy", (((), p) for n in count() for p in PROVIDERS), tenants, seed)


def _cases(kind: str, drawn: Iterator[tuple[tuple[str, ...], Provider]], tenants: int, seed: int) -> list[Case]:
    dice = random.Random(f"{kind}-{seed}-sizes")
    return [
        Case(kind, provider, faults, dice.choices(SIZES, SHARES)[0], 1000 * (seed + 1) + number)  # type: ignore[arg-type]
        for number, (faults, provider) in enumerate(islice(drawn, tenants))
    ]
