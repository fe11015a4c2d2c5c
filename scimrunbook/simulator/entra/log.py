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
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any

from scimrunbook.simulator.wire import WireAnswer

TEMPLATE_APP = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"  # the fixed id of every custom application
_PREFIX = "SystemForCrossDomainIdentityManagement"
# A 409 really arrives under this misleading name; only the reason tells (facts: Entra section 4).
_CODES = {400: f"{_PREFIX}BadRequest", 401: "Unauthorized", 403: "InsufficientRights", 404: "InvalidAnchor",
          405: "MethodNotAllowed", 409: f"{_PREFIX}ServiceIncompatibleFiltering", 422: "UnprocessableEntity",
          429: "TooManyRequests", 501: "NotImplemented"}  # fmt: skip
Change = tuple[str, str | None, str | None]  # attribute, old, new
Error = dict[str, str | None]


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
        changes: Sequence[Change] = (),
        error: Error | None = None,
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


def step(name: str, kind: str, status: str, text: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One provisioning step; details are all texts."""
    return {
        "name": name,
        "description": text,
        "provisioningStepType": kind,
        "status": status,
        "details": {k: "" if v is None else str(v) for k, v in (details or {}).items()},
    }


def scoping(
    kind: str, active: bool, assigned: bool, admitted: bool, clauses: Mapping[str, bool] | None = None
) -> dict[str, Any]:
    """The step that says who is in scope, and by which of the tests somebody is not."""
    details = {
        "Active in the source system": active,
        "Assigned to the application": assigned,
        f"{kind} has the required role": True,
        "Scoping filter evaluation passed": admitted,
        "ScopeEvaluationResult": json.dumps(clauses or {}, separators=(",", ":")),
    }
    status = "success" if active and assigned and admitted else "skipped"
    return step("EntrySynchronizationScoping", "scoping", status, f"Checked whether the {kind} is in scope", details)


def exported(values: Mapping[str, str | None], reportable: str) -> dict[str, str | None]:
    """Details of an export step: dots and colons of the keys are lost (``name.givenName`` → ``namegivenName``)."""
    return {re.sub(r"[.:]", "", k): v for k, v in values.items()} | {"ReportableIdentifier": reportable}


def status_name(status: int) -> str:
    """The status as .NET prints it: ``Conflict``, ``BadRequest``."""
    try:
        return re.sub(r"\W", "", HTTPStatus(status).phrase)
    except ValueError:
        return str(status)


def error_of(answer: WireAnswer, *, retries: int, next_attempt: datetime | None) -> Error:
    """``errorInformation`` for an answer of the endpoint, or for none (``status`` 0)."""
    if answer.status == 0:
        code = "Timeout" if "timeout" in answer.error.lower() else "WebExceptionProtocolError"
        reason = f"Message: The request got no answer ({answer.error})."
    elif answer.status < 300:
        code = f"{_PREFIX}ServiceIncompatible"
        reason = f"StatusCode: {status_name(answer.status)}\r\nMessage: The answer is not what SCIM 2.0 describes.\r\n"
        reason += f"Web Response: \r\n{answer.text[:300]}."
    else:
        code = _CODES.get(answer.status, "InternalServerError" if answer.status >= 500 else "UnprocessableEntity")
        body = json.dumps(answer.body) if answer.body is not None else answer.text[:300]
        reason = f"StatusCode: {status_name(answer.status)}\r\nMessage: The endpoint did not accept the request.\r\n"
        reason += f"Web Response: \r\n{body}."
    return error(code, reason, retries=retries, next_attempt=next_attempt)


def error(code: str, reason: str, *, retries: int, next_attempt: datetime | None) -> Error:
    """``errorInformation``; the reason ends with how often the row was retried, and when it will be again."""
    reason += f" This operation was retried {retries} times."
    if next_attempt:
        reason += f" It will be retried again after this date: {precise(next_attempt)} UTC"
    return {
        "errorCode": code,
        "reason": reason,
        "additionalDetails": None,
        "errorCategory": "nonServiceFailure",
        "recommendedAction": None,
    }


def stamp(at: datetime) -> str:
    """Whole seconds, as Graph prints the time of a record."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def precise(at: datetime) -> str:
    """Seven decimals, as .NET prints a time by itself."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def us_date(at: datetime) -> str:
    """``3/24/2026 7:17:42 AM``: the next attempt in a step that records a retry."""
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"
