"""05 Assignments."""

from __future__ import annotations

import pytest

from scimrunbook.findings import Status
from tests.checks.build import LATE, OLD, Tenant

BOTH = pytest.mark.parametrize("provider", ["okta", "entra"])


def outsider(tenant: Tenant, key: str, group: str | None = None) -> None:
    """Somebody active who is not assigned, and whom the incident names."""
    tenant.rows["people"].append({"person_key": key, "login": f"{key}@example.com", "email": f"{key}@example.com",
                                  "given_name": key, "family_name": "New", "status": "ACTIVE", "active": True,
                                  "created_at": LATE})  # fmt: skip
    tenant.incident.setdefault("people", []).append(f"{key}@example.com")
    if group:
        tenant.rows["memberships"].append({"group_key": group, "member_key": key, "member_type": "user"})


@BOTH
def test_only_whom_the_incident_names_has_to_be_assigned(provider: str) -> None:
    tenant = Tenant(provider)
    assert tenant.find("assignments.people_are_assigned").status is Status.PASS
    tenant.incident["people"] = ["dot@example.com"]
    finding = tenant.find("assignments.people_are_assigned")
    assert (finding.status, finding.affected) == (Status.FAIL, ("dot",))


@BOTH
def test_a_forgotten_group_is_named_once_for_all_its_members(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.rows["groups"].append({"group_key": "g9", "name": "Berlin", "security_enabled": True})
    for key in ("eve", "fay"):
        outsider(tenant, key, "g9")
    outsider(tenant, "gil", "g9")
    tenant.incident["people"] = ["eve@example.com", "fay@example.com"]
    finding = tenant.find("assignments.groups_are_assigned")
    assert (finding.status, finding.affected) == (Status.FAIL, ("eve", "fay", "gil"))
    assert "Berlin" in finding.actions[0].what
    assert tenant.find("assignments.people_are_assigned").status is Status.PASS
    # one of them has Catalog by another way: then the group is not what was forgotten
    tenant.rows["memberships"].append({"group_key": "g9", "member_key": "ada", "member_type": "user"})
    assert tenant.find("assignments.groups_are_assigned").status is Status.PASS
    assert tenant.find("assignments.people_are_assigned").affected == ("eve", "fay")


def test_a_member_of_a_nested_group_is_found_there_and_only_there() -> None:
    tenant = Tenant("entra")
    tenant.rows["groups"].append({"group_key": "g9", "name": "Inner", "security_enabled": True})
    tenant.rows["memberships"].append({"group_key": "g1", "member_key": "g9", "member_type": "group"})
    outsider(tenant, "eve", "g9")
    finding = tenant.find("assignments.no_nested_groups")
    assert (finding.status, finding.affected) == (Status.FAIL, ("eve",))
    assert tenant.find("assignments.people_are_assigned").status is Status.PASS


def test_a_filter_is_seen_though_the_log_no_longer_tells_whom_it_kept_out() -> None:
    tenant = Tenant("entra")
    tenant.hire("eve", "2026-11-02T08:00:00Z", account=False)
    assert tenant.find("assignments.scope_admits_them").status is Status.PASS
    users = next(m for m in tenant.facts.app.object_mappings if m["object"] == "user")
    users["scope"] = ["department NOT EQUALS Sales"]
    assert tenant.find("assignments.scope_admits_them").affected == ("eve",)
    tenant.rows["jobs"][0]["last_success_at"] = "2026-11-01T08:00:00Z"  # nobody has looked at her yet
    assert tenant.find("assignments.scope_admits_them").status is Status.PASS


def test_pushing_the_assignment_group_warns_until_the_team_lacks_somebody() -> None:
    tenant = Tenant("okta")
    tenant.rows["assignments"].append({"target_key": "g1", "target_type": "group", "how": "pushed",
                                       "status": "ACTIVE", "team_id": "t1"})  # fmt: skip
    tenant.rows["teams"].append({"team_id": "t1", "name": "Everybody"})
    for account in ("cat-ada", "cat-bob"):
        tenant.rows["team_members"].append({"team_id": "t1", "account_id": account})
    finding = tenant.find("assignments.group_push_is_healthy")
    assert (finding.status, finding.affected) == (Status.WARN, ("g1",))
    tenant.rows["team_members"].pop()
    finding = tenant.find("assignments.group_push_is_healthy")
    assert (finding.status, finding.affected) == (Status.FAIL, ("bob",))


def test_somebody_suspended_answers_a_ticket_about_missing_people_only() -> None:
    tenant = Tenant("okta")
    tenant.incident["people"] = ["cid@example.com"]
    tenant.incident["symptoms"] = ["missing_people"]
    assert tenant.find("assignments.people_are_active_in_provider").affected == ("cid",)
    tenant.incident["symptoms"] = ["lingering_access"]
    assert tenant.find("assignments.people_are_active_in_provider").status is Status.PASS


def test_a_suspended_person_who_never_had_an_account_is_told_apart_from_a_leaver_in_the_same_ticket() -> None:
    tenant = Tenant("okta")
    tenant.incident["people"] = ["cid@example.com", "ada@example.com"]
    tenant.incident["symptoms"] = ["missing_people"]
    # Cid left and has a deactivated account: as it should be
    assert tenant.find("assignments.people_are_active_in_provider").status is Status.PASS
    for table in ("accounts", "app_accounts", "events"):
        tenant.rows[table] = [r for r in tenant.rows.get(table, []) if "cid" not in str(r)]
    assert tenant.find("assignments.people_are_active_in_provider").affected == ("cid",)
    tenant.incident["symptoms"] = ["missing_people", "lingering_access"]  # of two troubles it can only be the first
    assert tenant.find("assignments.people_are_active_in_provider").affected == ("cid",)
    for table in ("accounts", "app_accounts"):  # provisioning never made an account for anybody
        tenant.rows[table] = []
    assert tenant.find("assignments.people_are_active_in_provider").status is Status.PASS


def test_who_belongs_by_a_group_in_a_group_in_a_group_is_nested_as_well() -> None:
    tenant = Tenant("entra")
    tenant.rows["groups"] += [{"group_key": k, "name": k, "security_enabled": True} for k in ("g3", "g4")]
    inside = [("g1", "g3", "group"), ("g3", "g4", "group"), ("g4", "g3", "group"), ("g4", "dot", "user")]
    tenant.rows["memberships"] += [{"group_key": g, "member_key": m, "member_type": t} for g, m, t in inside]
    assert tenant.find("assignments.no_nested_groups").affected == ("dot",)


def left_out() -> Tenant:
    """Bob is active and assigned, and the log says that he is not entitled."""
    tenant = Tenant("entra")
    for table, key in (("accounts", "account_id"), ("team_members", "account_id"), ("events", "person_key")):
        tenant.rows[table] = [r for r in tenant.rows[table] if r[key] not in ("cat-bob", "bob")]
    tenant.event("create", "bob", LATE, "skipped", skip_reason="NotEffectivelyEntitled")
    return tenant


def test_nobody_is_unassigned_before_the_condition_that_fails_is_known() -> None:
    tenant = left_out()
    steps = tenant.find("assignments.scope_admits_them").actions
    assert "scoping details" in steps[0].what and not any("remove" in a.what.casefold() for a in steps)
    tenant.rows["assignments"].append({"target_key": "bob", "target_type": "user", "how": "assigned", "at": OLD})
    assert "remove their own assignment" in tenant.find("assignments.scope_admits_them").actions[-1].what
    tenant.unread("entra.schema").facts.app.object_mappings = []
    steps = tenant.find("assignments.scope_admits_them").actions
    assert "was not read" in steps[-1].what and not any("remove" in a.what.casefold() for a in steps)


@BOTH
def test_who_left_unnoticed_is_switched_off_by_hand_first(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.row("people", person_key="bob").update(active=False, status="DEPROVISIONED", changed_at=LATE)
    finding = tenant.find("assignments.leavers_were_unassigned_by_provider")
    assert finding.affected == ("bob",) and finding.actions[0].where.startswith("Catalog >")
    said = " ".join(a.what for a in finding.actions)
    assert "Force Sync" not in said and "once more" not in said  # Okta cannot assign whom it has deactivated
    tenant.row("people", person_key="bob").update(active=True, status="ACTIVE")
    tenant.rows["memberships"] = [m for m in tenant.rows["memberships"] if m["member_key"] != "bob"]
    if provider == "okta":
        tenant.row("app_accounts", person_key="bob")["status"] = "DEPROVISIONED"
    said = " ".join(a.what for a in tenant.find("assignments.leavers_were_unassigned_by_provider").actions)
    assert ("once more" in said) == (provider == "okta") and ("Restart" in said) == (provider == "entra")
