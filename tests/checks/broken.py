"""Hand-built tenants for checks that no fault of the simulator breaks, or that pass on none of its tenants.

``BROKEN`` and ``HEALTHY``: check id → (provider, what makes the tenant). Each is the smallest change of the healthy
tenant of ``build`` that the check answers with a failure or warning, or with a pass.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.checks.build import BASE, LATE, OTHER, Tenant, probe, token

Made = tuple[str, Callable[[], Tenant]]


def _of(provider: str, change: Callable[[Tenant], Any]) -> Made:
    def make() -> Tenant:
        tenant = Tenant(provider)
        change(tenant)
        return tenant

    return provider, make


def _answer(check_id: str, answer: str) -> Callable[[Tenant], Any]:
    return lambda t: t.answers.update({check_id: {"answer": answer, "by": "ada", "at": LATE}})


def _probed(*rows: dict[str, Any]) -> Callable[[Tenant], Any]:
    def change(tenant: Tenant) -> None:
        tenant.read("catalog.probe")
        tenant.rows["probes"] = list(rows)
        tenant.facts.token = token(bearer_prefix=tenant.provider == "okta")

    return change


def _refused_read(tenant: Tenant) -> None:
    tenant.unread("okta.mappings")
    tenant.read("okta.mappings", refused="403 Forbidden", get_it="okta.profileMappings.read", complete=False)


def _saml_app(tenant: Tenant) -> None:
    tenant.facts.app.name, tenant.facts.app.features = "coalesce_saml", []


def _other_region_works(tenant: Tenant) -> None:
    tenant.incident["catalog"] = {"configured_base_url": OTHER}


def _pointed_elsewhere(tenant: Tenant) -> None:
    tenant.rows["config_changes"] = [{"at": LATE, "what": "credentials", "detail": f"BaseAddress: {BASE} → {OTHER}"}]


def _typed_with_blanks(tenant: Tenant) -> None:
    tenant.incident["catalog"] = {"configured_base_url": BASE, "token_is": "as_typed_in_provider"}
    tenant.facts.token = token(problems=["blanks"])


def _group_mapping_off(tenant: Tenant) -> None:
    next(m for m in tenant.facts.app.object_mappings if m["object"] == "group")["enabled"] = False


def _two_logins_alike(tenant: Tenant) -> None:
    tenant.row("people", person_key="bob")["login"] = "ada@example.com"


def _email_row_kept(tenant: Tenant) -> None:
    tenant.row("mappings", direction="from_app", target="email")["source"] = "appuser.email"


def _other_name_there(tenant: Tenant) -> None:
    tenant.row("accounts", account_id="cat-ada")["family_name"] = "Maiden"


def _lingers(tenant: Tenant) -> None:
    """Cid left, nothing was ever sent about it."""
    tenant.row("accounts", account_id="cat-cid")["active"] = True
    tenant.rows["events"] = [e for e in tenant.rows["events"] if e["person_key"] != "cid" or e["action"] == "create"]


def _ignored(tenant: Tenant) -> None:
    """Cid's deactivation was accepted, the account is active all the same."""
    tenant.row("accounts", account_id="cat-cid")["active"] = True


def _outage_over(tenant: Tenant) -> None:
    """Bob's creation met an outage; Eve, created afterwards, shows that it is over; Bob's retry is tomorrow."""
    tenant.fail_all("StatusCode: InternalServerError", http_status=500, next_attempt_at="2026-11-21T10:00:00Z")
    tenant.hire("eve", "2026-11-20T09:00:00Z")


def _silent_log(tenant: Tenant) -> None:
    """Ada was renamed after the last operation, and nothing was tried."""
    tenant.row("people", person_key="ada").update(family_name="Lindt", changed_at="2026-11-20T06:00:00Z")


def _fixed_not_run(tenant: Tenant) -> None:
    _silent_log(tenant)
    tenant.row("people", person_key="ada")["changed_at"] = "2026-11-19T08:00:00Z"
    tenant.rows["config_changes"] = [{"at": "2026-11-20T08:00:00Z", "what": "mapping", "actor": "root@example.com"}]


def _not_taken_over(tenant: Tenant) -> None:
    """Ada's only account was made by hand."""
    tenant.row("accounts", account_id="cat-ada")["external_id"] = None
    tenant.rows["events"] = [e for e in tenant.rows["events"] if e["person_key"] != "ada"]


def _left_over(tenant: Tenant) -> None:
    tenant.rows["accounts"].append({"account_id": "cat-old", "user_name": "old@example.com", "external_id": "gone",
                                    "active": True, "email": "old@example.com"})  # fmt: skip


def _roles(role: str) -> Callable[[Tenant], Any]:
    def change(tenant: Tenant) -> None:
        tenant.incident["role_mapping"] = {"CONTRIBUTOR": ["Data"]}
        tenant.row("accounts", account_id="cat-ada")["role"] = role

    return change


def _nothing_to_tell(tenant: Tenant) -> None:
    tenant.unread("okta.system_log")
    tenant.incident.pop("window")
    tenant.incident["summary"] = ""


def _unknown_failure(tenant: Tenant) -> None:
    tenant.event("update", "ada", LATE, "failure", reason=None)


BROKEN: dict[str, Made] = {
    "start.setup_completed": _of("okta", _answer("start.setup_completed", "no")),
    "start.region_is_known": _of("okta", _other_region_works),
    "start.provider_is_accessible": _of("okta", _refused_read),
    "start.app_is_the_right_one": _of("okta", _saml_app),
    "start.clock_is_right": _of("okta", lambda t: setattr(t.facts, "clock_skew_seconds", 300.0)),
    "connection.app_is_active": _of("okta", lambda t: setattr(t.facts.app, "status", "INACTIVE")),
    "connection.endpoint_is_reachable": _of("entra", _probed(probe("provider_test", None, False, failure="dns"))),
    "connection.provider_test_passes": _of("entra", _probed(probe("provider_test", 500, False))),
    "connection.answers_are_scim": _of("entra", _probed(probe("list_users", 200, False, failure="html"))),
    "connection.paging_is_sound": _of("entra", _probed(probe("page_two", 200, False, detail="the same ids again"))),
    "connection.filters_work": _of("entra", _probed(probe("filter_known", 200, False))),
    "base_url.other_region_not_used": _of("entra", _pointed_elsewhere),
    "token.is_well_formed": _of("okta", _typed_with_blanks),
    "token.is_required": _of("okta", _probed(probe("provider_test"), probe("no_token", 200, False))),
    "token.is_accepted_every_time": _of(
        "okta", _probed(probe("provider_test"), probe("provider_test_again", 401, False), probe("list_users"))
    ),
    "token.is_not_exposed": _of("okta", lambda t: t.facts.leaks.append({"file": "n.txt", "line": 3, "rule": "bearer"})),
    "token.not_shared_elsewhere": _of("okta", _answer("token.not_shared_elsewhere", "no")),
    "mapping.entra_groups": _of("entra", _group_mapping_off),
    "mapping.entra_matching_attribute": _of("entra", _two_logins_alike),
    "mapping.okta_from_app": _of("okta", _email_row_kept),
    "mapping.values_arrive": _of("okta", _other_name_there),
    "assignments.leavers_were_unassigned_by_provider": _of("okta", _lingers),
    "sync.no_failed_operations": _of("okta", lambda t: t.fail_all("Bad Request. name is required", http_status=400)),
    "sync.errors_are_understood": _of("okta", _unknown_failure),
    "sync.no_retry_backlog": _of("entra", _outage_over),
    "sync.deactivations_were_delivered": _of("okta", _ignored),
    "sync.endpoint_keeps_up": _of("okta", lambda t: t.fail_all("Service Unavailable", http_status=503)),
    "sync.log_does_not_stop": _of("okta", _silent_log),
    "sync.fresh_run_queued_after_fix": _of("okta", _fixed_not_run),
    "accounts.all_have_a_source": _of("entra", _not_taken_over),
    "accounts.none_is_stale": _of("okta", _left_over),
    "accounts.roles_follow_teams": _of("okta", _roles("VIEWER")),
    "support.request_is_complete": _of("okta", _nothing_to_tell),
}
HEALTHY: dict[str, Made] = {
    "start.setup_completed": _of("okta", _answer("start.setup_completed", "yes")),
    "token.not_shared_elsewhere": _of("okta", _answer("token.not_shared_elsewhere", "yes")),
    "accounts.roles_follow_teams": _of("okta", _roles("CONTRIBUTOR")),
}
