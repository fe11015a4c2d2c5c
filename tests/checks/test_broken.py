"""Every hand-built tenant breaks its check, and the tenant it was made from does not."""

from __future__ import annotations

import pytest

from scimrunbook.findings import Status
from tests.checks.broken import BROKEN, HEALTHY
from tests.checks.build import Tenant


@pytest.mark.parametrize("check_id", BROKEN)
def test_the_change_breaks_the_check_and_names_what_to_do(check_id: str) -> None:
    provider, make = BROKEN[check_id]
    finding = make().find(check_id)
    assert finding.status in (Status.FAIL, Status.WARN), finding.actual
    assert finding.actual and finding.actions and all(a.where and a.what for a in finding.actions)
    assert Tenant(provider).find(check_id).status in (Status.PASS, Status.SKIPPED, Status.MANUAL)


@pytest.mark.parametrize("check_id", HEALTHY)
def test_the_change_lets_the_check_pass(check_id: str) -> None:
    _, make = HEALTHY[check_id]
    assert make().find(check_id).status is Status.PASS
