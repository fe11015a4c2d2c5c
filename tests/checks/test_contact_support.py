"""08 Contact support."""

from __future__ import annotations

import pytest

from scimrunbook.findings import Status
from tests.checks.build import BASE, NOW, OLD, OTHER, Tenant


def test_a_refused_token_is_coalesces_to_renew_unless_the_address_is_wrong() -> None:
    tenant = Tenant("okta")
    assert tenant.find("support.not_needed").status is Status.PASS
    tenant.fail_all("Unauthorized. Errors reported by remote server: no", http_status=401)
    assert "token" in tenant.find("support.not_needed").actual
    tenant.incident["catalog"] = {"configured_base_url": OTHER}
    assert tenant.find("support.not_needed").status is Status.PASS


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_server_errors_are_told_to_support(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.fail_all("Service Unavailable", http_status=503)
    assert "fails by itself" in tenant.find("support.not_needed").actual


def test_a_request_lacks_what_support_asks_first() -> None:
    tenant = Tenant("entra")
    tenant.incident["catalog"] = {"configured_base_url": BASE}
    assert tenant.find("support.request_is_complete").status is Status.PASS
    tenant.incident.pop("window")
    finding = tenant.find("support.request_is_complete")
    assert finding.status is Status.WARN and "time" in finding.actual


def test_another_job_of_the_application_changes_no_finding() -> None:
    tenant = Tenant("entra")
    alone = {key: (f.status, f.actual) for key, f in tenant.findings().items()}
    tenant.rows["jobs"].append(
        {"job_id": "AzureADToSAML.x", "template": "Other", "state": "Quarantine", "schedule_state": "Active",
         "last_began_at": NOW, "last_ended_at": NOW, "last_success_at": OLD, "interval_seconds": 86400,
         "quarantine_reason": "EncounteredQuarantineException", "quarantine_since": OLD,
         "quarantine_error_code": "InvalidCredentials", "last_state": "Failed", "last_error_code": "InvalidCredentials"}
    )  # fmt: skip
    assert {key: (f.status, f.actual) for key, f in tenant.findings().items()} == alone
