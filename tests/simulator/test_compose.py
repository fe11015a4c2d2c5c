"""Faults compose: any two that touch different things build a tenant; two that set the same are refused by name."""

from __future__ import annotations

import random
import time
from itertools import combinations

import pytest

from scimrunbook.simulator.faults import FAULTS
from scimrunbook.simulator.tenant import Tenant, build


def pairs(provider: str, seed: int) -> list[tuple[str, str]]:
    names = [n for n, f in FAULTS.items() if n != "none" and provider in f.providers]
    every = list(combinations(names, 2))
    random.Random(seed).shuffle(every)
    return every


def both(provider: str, pair: tuple[str, str]) -> Tenant | None:
    """The tenant with both faults, each with its truth; None where they were refused by name."""
    try:
        made = build(provider, pair, people=15, seed=3)  # type: ignore[arg-type] # a literal in a list
    except ValueError as refused:
        assert all(f in str(refused) for f in pair), refused
        return None
    assert [t.fault for t in made.truth] == list(pair)
    return made


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_two_faults_build_a_tenant_or_are_refused_by_name(provider: str) -> None:
    assert [both(provider, pair) for pair in pairs(provider, 1)[:2]]


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_many_pairs_build_a_tenant_or_are_refused_by_name(provider: str) -> None:
    until, built, refused = time.monotonic() + 12, 0, 0
    for pair in pairs(provider, 2):
        if time.monotonic() > until:
            break
        made = both(provider, pair)
        built, refused = built + (made is not None), refused + (made is None)
    assert built > 5 * refused, "most faults touch different things"


def test_what_cannot_both_be_is_refused_by_name() -> None:
    for provider, pair in (
        ("okta", ("wrong_region", "url_path")),
        ("entra", ("token_mistyped", "token_blanks")),
        ("entra", ("create_off", "update_off")),
        ("okta", ("paused", "never_configured")),
    ):
        with pytest.raises(ValueError, match=f"{pair[0]} and {pair[1]} cannot be combined: both set setting"):
            build(provider, pair)  # type: ignore[arg-type] # a literal in a list
