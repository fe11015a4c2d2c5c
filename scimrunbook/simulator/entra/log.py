"""The provisioning log: ``provisioningObjectSummary`` records in the shape Graph v1.0 really sends.

Own traps of the wire (facts: Entra section 2): ``servicePrincipal`` is one object; ``errorInformation`` is null for
success and skipped; a skip's reason stands in a step; details of export steps lose the punctuation of their keys; times
have whole seconds; non-gallery applications log ``customappsso``.
"""

from __future__ import annotations

import json
import random
import re
import uuid
from datetime import datetime
from typing import Any

from scimrunbook.simulator.wire import WireAnswer

TEMPLATE_APP = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"  # the fixed id of every custom application
_NAMES = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict",
          429: "TooManyRequests", 500: "InternalServerError", 502: "BadGateway", 503: "ServiceUnavailable",
          504: "GatewayTimeout"}  # fmt: skip


class ProvisioningLog:
    """``records`` in the order of time."""

    def __init__(self, rng: random.Random, tenant_id: str, job_id: str, principal: dict[str, str]) -> None:
        self.rng, self.tenant_id, self.job_id, self.principal = rng, tenant_id, job_id, principal
        self.records: list[dict[str, Any]] = []

    def guid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def write(
        self,
        *,
        at: datetime,
        cycle: str,
        action: str,
        status: str,
        source: dict[str, Any],
        target: dict[str, Any],
        steps: list[dict[str, Any]],
        changes: list[tuple[str, str | None, str | None]] = (),  # type: ignore[assignment]
        error: dict[str, Any] | None = None,
    ) -> None:
        self.records.append(
            {
                "id": self.guid(),
                "activityDateTime": stamp(at),
                "tenantId": self.tenant_id,
                "jobId": self.job_id,
                "cycleId": cycle,
                "changeId": self.guid(),
                "provisioningAction": action,
                "durationInMilliseconds": self.rng.randrange(80, 900),
                "servicePrincipal": self.principal,
                "sourceSystem": {"id": self.guid(), "displayName": "Microsoft Entra ID", "details": {}},
                "targetSystem": {
                    "id": self.guid(),
                    "displayName": "customappsso",
                    "details": {
                        "ApplicationId": TEMPLATE_APP,
                        "ServicePrincipalId": self.principal["id"],
                        "ServicePrincipalDisplayName": self.principal["displayName"],
                    },
                },
                "initiatedBy": {"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"},
                "sourceIdentity": source,
                "targetIdentity": target,
                "provisioningStatusInfo": {"status": status, "errorInformation": error},
                "provisioningSteps": steps,
                "modifiedProperties": [
                    {"displayName": name, "oldValue": old, "newValue": new} for name, old, new in changes
                ],
            }
        )


def step(name: str, kind: str, status: str, text: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """One provisioning step; details are all texts."""
    return {
        "name": name,
        "description": text,
        "provisioningStepType": kind,
        "status": status,
        "details": {k: "" if v is None else str(v) for k, v in (details or {}).items()},
    }


def exported(values: dict[str, str | None]) -> dict[str, str | None]:
    """Details of an export step: ``name.givenName`` becomes ``namegivenName``."""
    return {re.sub(r'[.:\[\]" ]', "", k): v for k, v in values.items()}


def error_of(answer: WireAnswer, retries: int, next_attempt: datetime | None) -> dict[str, Any]:
    """``errorInformation`` for an answer of the endpoint."""
    name = _NAMES.get(answer.status, "BadRequest") if answer.status else "Timeout"
    prefix = "SystemForCrossDomainIdentityManagement"
    code = f"{prefix}ServiceIncompatibleFiltering" if answer.status == 409 else f"{prefix}{name}"
    if answer.status == 429:
        code = "TooManyRequests"
    body = json.dumps(answer.body) if answer.body is not None else answer.text[:300]
    reason = f"StatusCode: {name}\r\nMessage: Processing of the HTTP request resulted in an exception.\r\n"
    reason += f"Web Response: \r\n{body}. This operation was retried {retries} times."
    if next_attempt:
        reason += f" It will be retried again after this date: {stamp(next_attempt)} UTC"
    return {
        "errorCode": code,
        "reason": reason,
        "additionalDetails": None,
        "errorCategory": "nonServiceFailure",
        "recommendedAction": None,
    }


def stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
