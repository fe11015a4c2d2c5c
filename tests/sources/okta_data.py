"""Okta records for tests, made here: invented people, ids of the right shape."""

from __future__ import annotations

from typing import Any

from scimrunbook.incident import Incident

APP = "0oaCatalogPracticeAA1"[:20]
OTHER_APP = "0oaSomethingElseBBB2"
GROUP = "00gMarketingTeamCCC3"
ADA, BO = "00uAdaPractice000001", "00uBoPractice0000002"


def incident(app_id: str | None = APP, **more: Any) -> Incident:
    okta = {"org_url": "https://acme-practice.okta.com", "app_id": app_id}
    return Incident.model_validate(
        {"incident": "T-1", "identity_provider": "okta", "catalog_host": "app.castordoc.com", "okta": okta, **more}
    )


def user(key: str = ADA, login: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    profile = {"firstName": "Ada", "lastName": "Albers", "login": login, "email": login, "secondEmail": None}
    return {
        "id": key,
        "status": "ACTIVE",
        "created": "2026-10-01T08:00:00.000Z",
        "lastUpdated": "2026-10-02T08:00:00.000Z",
        "profile": profile | more.pop("profile", {}),
        **more,
    }


def app(**more: Any) -> dict[str, Any]:
    return {
        "id": APP,
        "name": "scim2headerauth",
        "label": "Catalog people",
        "status": "ACTIVE",
        "signOnMode": "AUTO_LOGIN",
        "features": ["PUSH_NEW_USERS", "GROUP_PUSH"],
        "credentials": {"userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN", "pushStatus": "PUSH"}},
        **more,
    }


def app_user(key: str = ADA, **more: Any) -> dict[str, Any]:
    return {
        "id": key,
        "externalId": "cat-1",
        "created": "2026-10-01T09:00:00.000Z",
        "scope": "USER",
        "status": "PROVISIONED",
        "statusChanged": "2026-10-01T09:00:05.000Z",
        "syncState": "SYNCHRONIZED",
        "lastSync": "2026-10-03T09:00:00.000Z",
        "credentials": {"userName": "ada@example.com"},
        "profile": {"givenName": "Ada", "familyName": "Albers", "email": "ada@example.com"},
        "_links": {"app": {"href": f"https://acme-practice.okta.com/api/v1/apps/{APP}"}},
        "_embedded": {"user": user(key)},
        **more,
    }


def app_group(**more: Any) -> dict[str, Any]:
    return {
        "id": GROUP,
        "priority": 0,
        "profile": {},
        "_links": {"group": {"href": f"https://acme-practice.okta.com/api/v1/groups/{GROUP}"}},
        **more,
    }


def push(**more: Any) -> dict[str, Any]:
    return {
        "id": "gPm00000000000000001",
        "sourceGroupId": GROUP,
        "targetGroupId": "team-1",
        "status": "ERROR",
        "errorSummary": "A group of this name exists already",
        "created": "2026-10-01T09:00:00Z",
        **more,
    }


def mapping(**more: Any) -> dict[str, Any]:
    return {
        "id": "prm00000000000000001",
        "source": {"id": "oty00000000000000001", "name": "user", "type": "user"},
        "target": {"id": APP, "name": "scim2headerauth", "type": "appuser"},
        "properties": {
            "givenName": {"expression": "user.firstName", "pushStatus": "PUSH"},
            "familyName": {"expression": 'String.toUpperCase(user.lastName) + ""', "pushStatus": "DONT_PUSH"},
            "locale": {"expression": '"en"', "pushStatus": "PUSH"},
        },
        **more,
    }


def group(key: str = GROUP, name: str = "Marketing") -> dict[str, Any]:
    return {"id": key, "objectClass": ["okta:user_group"], "type": "OKTA_GROUP", "profile": {"name": name}}


def target(kind: str, key: str, alternate: str | None = None, display: str | None = None) -> dict[str, Any]:
    return {"id": key, "type": kind, "alternateId": alternate, "displayName": display, "detailEntry": None}


def app_target(key: str = APP, label: str = "Catalog people") -> dict[str, Any]:
    return target("AppInstance", key, label, label)


def event(kind: str = "application.provision.user.push", number: int = 1, **more: Any) -> dict[str, Any]:
    """A LogEvent with the application in the middle of its targets."""
    return {
        "uuid": f"00000000-0000-4000-8000-{number:012d}",
        "published": f"2026-11-10T10:00:{number % 60:02d}.500Z",
        "eventType": kind,
        "legacyEventType": "app.api.error.create_user",
        "displayMessage": "What happened",
        "severity": "WARN",
        "version": "0",
        "outcome": {"result": "FAILURE", "reason": "Bad Request. Errors reported by remote server: team is required"},
        "actor": {"id": "00uadmin", "type": "User", "alternateId": "root@example.com", "displayName": "Root"},
        "transaction": {"type": "JOB", "id": f"job{number}", "detail": {}},
        "debugContext": {"debugData": {"appname": "scim2headerauth"}},
        "target": [
            target("AppUser", "0uaAppUser", "ada.app@example.com", "Ada Albers"),
            app_target(),
            target("User", ADA, "ada@example.com", "Ada Albers"),
        ],
        **more,
    }
