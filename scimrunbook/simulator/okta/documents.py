"""The engine's state as Okta's API prints it; API and exports share these documents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scimrunbook.simulator.okta.engine import ORG_HOST, Engine
from scimrunbook.simulator.okta.log import APP_NAME
from scimrunbook.simulator.okta.state import AppUser
from scimrunbook.simulator.world import Group, Person

_URL = f"https://{ORG_HOST}/api/v1"
_STATUS = {"active": "ACTIVE", "suspended": "SUSPENDED", "disabled": "DEPROVISIONED"}


def stamp(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def app(engine: Engine) -> dict[str, Any]:
    settings = engine.settings
    return {
        "id": engine.app_id,
        "name": APP_NAME,
        "label": settings.label,
        "status": "ACTIVE" if settings.app_active else "INACTIVE",
        "lastUpdated": stamp(engine.updated_at),
        "created": stamp(engine.created_at),
        "accessibility": {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None},
        "visibility": {"autoSubmitToolbar": False, "hide": {"iOS": True, "web": True}, "appLinks": {"login": True}},
        "features": settings.features,
        "signOnMode": "AUTO_LOGIN",
        "credentials": {
            "scheme": "EDIT_USERNAME_AND_PASSWORD",
            "userNameTemplate": {"template": settings.username_template, "type": "BUILT_IN", "pushStatus": "PUSH"},
            "signing": {},
        },
        "settings": {
            "app": {},
            "notifications": {"vpn": {"network": {"connection": "DISABLED"}, "message": None, "helpUrl": None}},
            "signOn": {"loginUrl": None, "redirectUrl": None},
        },
        "_links": {"users": {"href": f"{_URL}/apps/{engine.app_id}/users"}},
    }


def other_apps(engine: Engine) -> list[dict[str, Any]]:
    """The sign-on app an admin may look at by mistake: the same product, another application."""
    other = app(engine)
    return [{**other, "id": "0oa" + engine.app_id[3:][::-1], "name": "castordoc", "label": "Coalesce Catalog (sign-in)",
             "status": "ACTIVE", "features": [], "signOnMode": "SAML_2_0",
             "_links": {}}]  # fmt: skip


def app_users(engine: Engine, expand: bool = False) -> list[dict[str, Any]]:
    """Assigned people. Somebody who was unassigned is no longer listed."""
    return [_app_user(engine, a, expand) for a in engine.app_users.values() if a.status != "DEPROVISIONED"]


def _app_user(engine: Engine, a: AppUser, expand: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": a.person,
        "externalId": a.external_id,
        "created": stamp(a.created_at),
        "lastUpdated": stamp(a.status_changed_at or a.created_at),
        "scope": a.scope,
        "status": a.status,
        "statusChanged": stamp(a.status_changed_at or a.created_at),
        "passwordChanged": None,
        "syncState": a.sync_state,
        "lastSync": stamp(a.last_sync_at),
        "credentials": {"userName": a.user_name},
        "profile": {"givenName": a.given or None, "familyName": a.family or None,
                    "email": a.user_name},
        "_links": {"user": {"href": f"{_URL}/users/{a.person}"}},
    }  # fmt: skip
    if expand:
        row["_embedded"] = {"user": user(engine.world.people[a.person])}
    return row


def app_groups(engine: Engine, expand: bool = False) -> list[dict[str, Any]]:
    rows = []
    for priority, group in enumerate(g for g in engine.world.groups.values() if g.assigned):
        row: dict[str, Any] = {
            "id": group.key,
            "lastUpdated": stamp(engine.created_at),
            "priority": priority,
            "profile": {},
            "_links": {"group": {"href": f"{_URL}/groups/{group.key}"}},
        }
        if expand:
            row["_embedded"] = {"group": _group(group)}
        rows.append(row)
    return rows


def pushes(engine: Engine) -> list[dict[str, Any]]:
    return [
        {
            "id": p.id,
            "status": p.status,
            "sourceGroupId": p.group,
            "targetGroupId": p.team_id,
            "created": stamp(p.created_at),
            "lastUpdated": stamp(p.last_push_at or p.created_at),
            "lastPush": stamp(p.last_push_at),
            **({"errorSummary": p.error} if p.error else {}),
        }
        for p in engine.groups.pushes.values()
    ]


def mappings(engine: Engine) -> list[dict[str, Any]]:
    app_side = {"id": engine.app_id, "name": APP_NAME, "type": "appuser", "_links": {}}
    okta_side = {"id": "oty" + engine.app_id[3:], "name": "user", "type": "user", "_links": {}}
    pairs = (("prmTo", okta_side, app_side, engine.settings.to_app),
             ("prmFrom", app_side, okta_side, engine.settings.from_app))  # fmt: skip
    return [
        {
            "id": prefix + engine.app_id[3:],
            "source": source,
            "target": target,
            "properties": {t: {"expression": e, "pushStatus": p} for t, (e, p) in rows.items()},
            "_links": {"self": {"href": f"{_URL}/mappings/{prefix}{engine.app_id[3:]}"}},
        }
        for prefix, source, target, rows in pairs
    ]


def users(engine: Engine) -> list[dict[str, Any]]:
    return [user(p) for p in engine.world.people.values()]


def user(person: Person) -> dict[str, Any]:
    return {
        "id": person.key,
        "status": _STATUS[person.status],
        "created": stamp(person.created_at),
        "activated": stamp(person.created_at),
        "statusChanged": stamp(person.changed_at),
        "lastLogin": None,
        "lastUpdated": stamp(person.changed_at),
        "passwordChanged": None,
        "type": {"id": "otypractice"},
        "profile": {
            "firstName": person.given or None,
            "lastName": person.family or None,
            "mobilePhone": None,
            "secondEmail": person.aliases[0] if person.aliases else None,
            "login": person.login,
            "email": person.email,
            "userType": person.kind,
            "department": person.department,
        },
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
        "_links": {"self": {"href": f"{_URL}/users/{person.key}"}},
    }


def groups(engine: Engine) -> list[dict[str, Any]]:
    return [_group(g) for g in engine.world.groups.values()]


def _group(group: Group) -> dict[str, Any]:
    return {
        "id": group.key,
        "created": stamp(group.created_at),
        "lastUpdated": stamp(group.created_at),
        "lastMembershipUpdated": stamp(group.created_at),
        "objectClass": ["okta:user_group"],
        "type": "OKTA_GROUP",
        "profile": {"name": group.name, "description": None},
        "_links": {"users": {"href": f"{_URL}/groups/{group.key}/users"}},
    }
