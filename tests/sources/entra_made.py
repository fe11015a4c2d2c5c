"""Records of Entra as Graph prints them, made up for tests; every value is ours."""

from __future__ import annotations

import uuid
from typing import Any

PRINCIPAL = "5b0d9a5e-4d4c-4ad5-9d0e-0c9f5f5a1d11"
APP_ID = "0a6c3c55-6a9e-4f39-9f1c-9c4b7f9a2e22"
JOB_ID = "scim.6f0c7d1b2a3e4c5d8e9f0a1b2c3d4e5f.9c1e2d3f-4a5b-4c6d-8e7f-0a9b8c7d6e5f"
ADA = "11111111-aaaa-4bbb-8ccc-000000000001"
BEN = "11111111-aaaa-4bbb-8ccc-000000000002"
TEAM = "22222222-aaaa-4bbb-8ccc-000000000001"
CONFLICT = (
    "StatusCode: Conflict\r\nMessage: The endpoint answered with an error.\r\nWeb Response: \r\n"
    '{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness"}. '
    "This operation was retried 2 times. It will be retried again after this date: 2026-11-19T18:22:53.1296153Z UTC"
)


def step(name: str, kind: str, status: str = "success", description: str = "", **details: str) -> dict[str, Any]:
    return {
        "name": name,
        "provisioningStepType": kind,
        "status": status,
        "description": description,
        "details": details,
    }


def record(number: int = 1, **given: Any) -> dict[str, Any]:
    """A successful create of Ada by Graph v1.0; ``given`` replaces whole fields."""
    return {
        "id": str(uuid.UUID(int=number)),
        "activityDateTime": f"2026-11-19T12:{number % 60:02d}:44Z",
        "tenantId": "6f0c7d1b-2a3e-4c5d-8e9f-0a1b2c3d4e5f",
        "jobId": JOB_ID,
        "cycleId": "cycle-1",
        "changeId": f"change-{number}",
        "provisioningAction": "create",
        "durationInMilliseconds": 812,
        "servicePrincipal": {"id": PRINCIPAL, "displayName": "Catalog SCIM"},
        "sourceSystem": {"id": "s", "displayName": "Azure Active Directory", "details": {}},
        "targetSystem": {"id": "t", "displayName": "customappsso", "details": {"ServicePrincipalId": PRINCIPAL}},
        "initiatedBy": {"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"},
        "sourceIdentity": {
            "id": ADA,
            "displayName": "Ada Berg",
            "identityType": "User",
            "details": {"id": ADA, "odatatype": "User", "UserPrincipalName": "ada.berg@example.com"},
        },
        "targetIdentity": {"id": "", "displayName": "", "identityType": "urn:x:core:2.0:User", "details": {}},
        "provisioningStatusInfo": {"status": "success", "errorInformation": None},
        "provisioningSteps": [step("EntryImportAdd", "import"), step("EntryExportAdd", "export")],
        "modifiedProperties": [{"displayName": "name.givenName", "oldValue": None, "newValue": "Ada"}],
        **given,
    }


def failed(number: int = 2, code: str = "ScimEntryConflict", reason: str = CONFLICT) -> dict[str, Any]:
    return record(
        number,
        provisioningStatusInfo={
            "status": "failure",
            "errorInformation": {
                "errorCode": code,
                "reason": reason,
                "additionalDetails": None,
                "errorCategory": "failure",
                "recommendedAction": None,
            },
        },
        provisioningSteps=[
            step("EntryImportAdd", "import"),
            step("EntryExportAdd", "export", "failure", "Could not create User 'ada.berg@example.com'"),
        ],
    )


def skipped(number: int = 3) -> dict[str, Any]:
    return record(
        number,
        provisioningAction="other",
        provisioningStatusInfo={"status": "skipped", "errorInformation": None},
        provisioningSteps=[
            step(
                "EntrySynchronizationScoping",
                "scoping",
                **{"Active in the source system": "True", "Assigned to the application": "False"},
            ),
            step(
                "EntrySynchronizationSkip",
                "processing",
                "skipped",
                "Nobody asked for this User",
                SkipReason="NotEffectivelyEntitled",
                IsActive="True",
            ),
        ],
    )


def beta(number: int = 4) -> dict[str, Any]:
    """The flat shape of Graph beta."""
    made = failed(number)
    error = made.pop("provisioningStatusInfo")["errorInformation"]
    made["action"] = made.pop("provisioningAction").capitalize()
    made["statusInfo"] = {"@odata.type": "#microsoft.graph.statusDetails", "status": "failure", **error}
    return made


def envelope(number: int = 5) -> dict[str, Any]:
    """The envelope of diagnostic settings: other names, numbers for enumerations, seven decimals."""
    inner = record(
        number,
        activityDateTime="2026-11-19T13:36:50.3538931Z",
        action="Create",
        servicePrincipal={"Id": PRINCIPAL, "Name": "Catalog SCIM"},
        provisioningStatusInfo={"Status": "skipped", "errorInformation": None},
        statusInfo={"Status": 2},
        sourceIdentity={
            "Id": ADA,
            "Name": "Ada",
            "identityType": "User",
            "details": {"UserPrincipalName": "a@x.example"},
        },
        provisioningSteps=[
            {
                "name": "EntrySynchronizationSkip",
                "provisioningStepType": 3,
                "status": 2,
                "description": "The property name.familyName is not valid",
                "details": {"SkipReason": "AttributeValidationFailed", "PropertyName": "name.familyName"},
            }
        ],
        modifiedProperties=[],
    )
    return {
        "time": "2026-11-19T13:36:50.3538931Z",
        "category": "ProvisioningLogs",
        "resultType": "Success",
        "durationMs": "828",
        "identity": inner["id"],
        "properties": inner,
    }


def job(**status: Any) -> dict[str, Any]:
    execution = {
        "state": "Succeeded",
        "timeBegan": "2026-11-19T12:00:00.1234567Z",
        "timeEnded": "2026-11-19T12:01:30Z",
        "countEscrowed": 3,
        "error": None,
    }
    return {
        "id": JOB_ID,
        "templateId": "scim",
        "schedule": {"expiration": None, "interval": "PT40M", "state": "Active"},
        "status": {
            "code": "Active",
            "lastExecution": execution,
            "lastSuccessfulExecution": execution,
            "quarantine": None,
            **status,
        },
        "synchronizationJobSettings": [],
    }


def source(name: str, kind: str = "Attribute", expression: str | None = None) -> dict[str, Any]:
    return {"type": kind, "name": name, "expression": expression or f"[{name}]", "parameters": []}


def attribute(target: str, of: dict[str, Any] | None, matching: int = 0) -> dict[str, Any]:
    return {"targetAttributeName": target, "source": of, "matchingPriority": matching, "flowType": "Always"}


def schema() -> dict[str, Any]:
    clause = {
        "sourceOperandName": "department",
        "operatorName": "EQUALS",
        "targetOperand": {"values": ["Data"]},
    }
    users = {
        "name": "Users",
        "enabled": True,
        "flowTypes": "Add, Update",
        "sourceObjectName": "User",
        "targetObjectName": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "scope": {"groups": [{"name": "Only data", "clauses": [clause, {**clause, "sourceOperandName": "city"}]}]},
        "attributeMappings": [
            attribute("userName", source("userPrincipalName"), 1),
            attribute("externalId", source("mailNickname")),
            attribute("active", source("Not", "Function", "Not([IsSoftDeleted])")),
            attribute("locale", None),
        ],
    }
    groups = {
        "name": "Groups",
        "enabled": False,
        "flowTypes": "None",
        "sourceObjectName": "Group",
        "targetObjectName": "urn:ietf:params:scim:schemas:core:2.0:Group",
        "scope": None,
        "attributeMappings": [attribute("displayName", source("displayName"), 1)],
    }
    rule = {"sourceDirectoryName": "Microsoft Entra ID", "targetDirectoryName": "customappsso"}
    return {"id": JOB_ID, "synchronizationRules": [{**rule, "objectMappings": [users, groups]}]}


def user(key: str = ADA, **given: Any) -> dict[str, Any]:
    return {
        "id": key,
        "userPrincipalName": "ada.berg@example.com",
        "displayName": "Ada Berg",
        "givenName": "Ada",
        "surname": "Berg",
        "mail": "Ada.Berg@example.com",
        "mailNickname": "aberg",
        "otherMails": ["ada@old.example"],
        "proxyAddresses": ["SMTP:ada.berg@example.com", "smtp:aberg@example.com", "x500:/o=old/cn=ada"],
        "accountEnabled": True,
        "userType": "Member",
        "createdDateTime": "2026-10-01T08:00:00Z",
        **given,
    }


def group(key: str = TEAM, **given: Any) -> dict[str, Any]:
    return {
        "id": key,
        "displayName": "Data Platform",
        "groupTypes": [],
        "securityEnabled": True,
        "mailEnabled": False,
        "membershipRule": None,
        **given,
    }


def principal(**given: Any) -> dict[str, Any]:
    role = {"id": "role-1", "displayName": "Reader", "value": "reader"}
    return {
        "id": PRINCIPAL,
        "appId": APP_ID,
        "displayName": "Catalog SCIM",
        "accountEnabled": True,
        "servicePrincipalType": "Application",
        "appRoles": [role],
        **given,
    }


def assignment(key: str = ADA, kind: str = "User", **given: Any) -> dict[str, Any]:
    return {
        "id": f"assignment-{key[-4:]}",
        "appRoleId": "00000000-0000-0000-0000-000000000000",
        "createdDateTime": "2026-10-30T15:00:00Z",
        "principalId": key,
        "principalType": kind,
        "principalDisplayName": "shown",
        "resourceId": PRINCIPAL,
        "resourceDisplayName": "Catalog SCIM",
        **given,
    }


def audit(activity: str = "Update provisioning setting or credentials", **given: Any) -> dict[str, Any]:
    changed = [
        {"displayName": "BaseAddress", "oldValue": '"https://old.example"', "newValue": '"https://new.example"'},
        {"displayName": "SecretToken", "oldValue": '"before"', "newValue": '"after"'},
    ]
    return {
        "id": f"audit-{activity}",
        "activityDateTime": "2026-11-18T09:00:00Z",
        "activityDisplayName": activity,
        "category": "ProvisioningManagement",
        "loggedByService": "Account Provisioning",
        "initiatedBy": {"user": {"id": BEN, "userPrincipalName": "ben.ito@example.com"}, "app": None},
        "targetResources": [{"id": PRINCIPAL, "type": "ServicePrincipal", "modifiedProperties": changed}],
        **given,
    }


def page(kind: str, items: list[Any], **given: Any) -> dict[str, Any]:
    return {"@odata.context": f"https://graph.microsoft.com/v1.0/$metadata#{kind}", **given, "value": items}
