"""On a healthy tenant nothing is broken, whichever part of it was read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrunbook.checks import REGISTRY, SECTIONS
from scimrunbook.checks.runner import run_check, run_checks
from scimrunbook.diagnosis import diagnose
from scimrunbook.findings import Status
from scimrunbook.trace import trace
from tests.checks.build import WHATS, Tenant

PROVIDERS = ("okta", "entra")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_healthy_tenant_has_no_fail_and_no_error_and_the_verdict_is_healthy(provider: str) -> None:
    snapshot = Tenant(provider).snapshot()
    findings = run_checks(snapshot)
    broken = {f.id: f.actual for f in findings if f.status in (Status.FAIL, Status.ERROR, Status.WARN)}
    assert broken == {}
    hops = trace(snapshot, findings)
    assert dict(zip(hops["person_key"], hops["hop"], strict=True)) == {
        "ada": "done",
        "bob": "done",
        "cid": "rightly_absent",
        "dot": "rightly_absent",
    }
    assert diagnose(snapshot, findings, hops).verdict == "healthy"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_whatever_single_thing_was_not_read_health_does_not_turn_into_a_fault(provider: str) -> None:
    for name in (*(f"{provider}.{w}" for w in WHATS[provider]), "catalog.users", "catalog.groups"):
        findings = run_checks(Tenant(provider).unread(name).snapshot())
        assert [f.id for f in findings if f.status in (Status.FAIL, Status.ERROR)] == [], name


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(data=st.data(), provider=st.sampled_from(PROVIDERS))
def test_whatever_was_not_read_or_is_empty_all_is_judged_and_nothing_errs(data, provider: str) -> None:
    names = [*(f"{provider}.{w}" for w in WHATS[provider]), "catalog.users", "catalog.groups"]
    gone = data.draw(st.sets(st.sampled_from(names), max_size=len(names)))
    tenant = Tenant(provider).unread(*gone)
    empty = data.draw(st.sets(st.sampled_from(sorted(set(tenant.rows) - {"coverage"}))))
    for table in empty:  # read or not: there is nothing in it
        tenant.rows[table] = []
    snapshot = tenant.snapshot()
    findings = run_checks(snapshot)
    assert [f.id for f in findings if f.status is Status.ERROR] == []
    hops = trace(snapshot, findings)
    verdict = diagnose(snapshot, findings, hops).verdict
    assert empty or verdict in ("healthy", "inconclusive")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_section_has_at_least_two_checks_each_with_title_and_source(provider: str) -> None:
    findings = run_checks(Tenant(provider).snapshot())
    for section in SECTIONS:
        assert len([f for f in findings if f.section == section]) >= 2, section
    assert all(f.title and f.source and f.guide.startswith("https://") for f in findings)
    assert len({c.id for c in REGISTRY.values()}) == len(REGISTRY)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_refused_is_said_with_the_way_to_get_it(provider: str) -> None:
    tenant = Tenant(provider).unread("catalog.users")
    tenant.read("catalog.users", refused="401: the token is not accepted", get_it="Ask for a new token", complete=False)
    finding = tenant.find("accounts.all_have_a_source")
    assert finding.status is Status.SKIPPED
    assert "401" in finding.needs and "Ask for a new token" in finding.needs


def test_a_section_alone_says_the_same_as_with_all_the_others() -> None:
    tenant = Tenant("okta")
    tenant.facts.app.features = []
    snapshot = tenant.snapshot()
    whole = {f.id: f.to_json() for f in run_checks(snapshot)}
    for section in SECTIONS:
        for finding in run_checks(snapshot, [section]):
            assert finding.section == section
            assert finding.to_json() == whole[finding.id]
    assert {i: run_check(snapshot, i).to_json() for i in whole} == whole
