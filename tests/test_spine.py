"""The whole way: a tenant that really syncs, with a fault; from the incident file to the ranked cause."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tenants import CASES, QUICK
from tests.truth import assert_affected, assert_truth, judge


@pytest.mark.parametrize(("provider", "fault", "source"), QUICK)
def test_the_injected_finding_leads_the_first_cause(provider: str, fault: str, source: str, tmp_path: Path) -> None:
    built, result = judge(provider, fault, source, tmp_path)
    assert_truth(source, built, result)


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "fault", "source"), CASES)
def test_every_fault_is_found_by_its_own_check_for_whom_it_hurts(
    provider: str, fault: str, source: str, tmp_path: Path
) -> None:
    built, result = judge(provider, fault, source, tmp_path)
    assert_truth(source, built, result)
    if built.truth:
        assert_affected(source, built, result)
