"""Entra's directory as rows: users, groups, members, the application, its assignments, changes of its settings.

Facts: entra.md sections 1, 6, 7, 9; Graph v1.0 resource types user, group, servicePrincipal, appRoleAssignment,
directoryAudit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from scimrunbook.evidence.secret_words import PATTERN as SECRET_WORDS
from scimrunbook.sources.fields import as_json, first, flag, moment, obj, objects, text, texts

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
# Activities of the audit log about provisioning, by what their name begins with (entra.md section 7); the more
# telling ones first.
_CHANGES = (
    ("update provisioning setting", "credentials"),
    ("update attribute mapping", "mapping"),
    ("update attribute mappings or scope", "mapping"),
    ("enable/restart", "provisioning_restarted"),
    ("restart provisioning", "provisioning_restarted"),
    ("enable/start", "provisioning_started"),
    ("start provisioning", "provisioning_started"),
    ("disable/pause", "provisioning_stopped"),
    ("pause provisioning", "provisioning_stopped"),
    ("stop provisioning", "provisioning_stopped"),
    ("add provisioning configuration", "app_settings"),
    ("delete provisioning configuration", "app_settings"),
)
_SECRET = re.compile(f"{SECRET_WORDS}|key", re.IGNORECASE)


def person(record: Any) -> dict[str, Any] | None:
    """The row of ``people`` from a Graph user; None without an id."""
    r = obj(record)
    key = text(r.get("id"))
    if key is None:
        return None
    login, mail = text(r.get("userprincipalname")), text(r.get("mail"))
    enabled = flag(r.get("accountenabled"))
    kind = (text(r.get("usertype")) or "").lower()
    return {
        "person_key": key,
        "login": login,
        "email": mail,
        "given_name": text(r.get("givenname")),
        "family_name": text(r.get("surname")),
        "display_name": text(r.get("displayname")),
        "status": None if enabled is None else "ENABLED" if enabled else "DISABLED",
        "active": enabled,
        "kind": kind or None,
        "mail_nickname": text(r.get("mailnickname")),
        "other_emails": _other_emails(r, login, mail),
        "created_at": moment(r.get("createddatetime")),
    }


def _other_emails(r: dict[str, Any], login: str | None, mail: str | None) -> str | None:
    """Alternate and proxy addresses (``smtp:`` only) that are neither the login nor the mail address."""
    proxies = [p for p in texts(r.get("proxyaddresses")) if p.lower().startswith("smtp:")]
    known = {v.casefold() for v in (login, mail) if v}
    found: dict[str, str] = {}
    for address in [*texts(r.get("othermails")), *(p[5:] for p in proxies)]:
        if address.casefold() not in known:
            found.setdefault(address.casefold(), address)
    return as_json(list(found.values())) if found else None


def group(record: Any) -> dict[str, Any] | None:
    """The row of ``groups``; None without an id."""
    r = obj(record)
    key = text(r.get("id"))
    if key is None:
        return None
    told = "grouptypes" in r
    types = {t.lower() for t in texts(r.get("grouptypes"))}
    security = flag(r.get("securityenabled"))
    kind = "m365" if "unified" in types else "security" if security else "distribution" if security is False else None
    dynamic = "dynamicmembership" in types or text(r.get("membershiprule")) is not None
    return {
        "group_key": key,
        "name": text(r.get("displayname")),
        "kind": kind,
        "security_enabled": security,
        "dynamic": dynamic if told or dynamic else None,
    }


def member_type(record: Any) -> str | None:
    """user | group | … by ``@odata.type``; without it by the keys a user or a group has. None: neither tells."""
    r = obj(record)
    named = text(r.get("@odata.type"))
    if named:
        return named.rsplit(".", 1)[-1].lower()
    if "userprincipalname" in r:
        return "user"
    return "group" if r.keys() & {"securityenabled", "grouptypes", "mailenabled"} else None


def membership(group_key: str, record: Any) -> dict[str, Any] | None:
    """The row of ``memberships``; None without an id. Graph lists direct members only, nested groups as such."""
    key = text(obj(record).get("id"))
    if key is None:
        return None
    return {"group_key": group_key, "member_key": key, "member_type": member_type(record) or "user"}


def is_service_principal(record: Any) -> bool:
    r = obj(record)
    return "appid" in r and "id" in r and bool(r.keys() & {"serviceprincipaltype", "approles", "serviceprincipalnames"})


def roles(principal: Any) -> dict[str, str]:
    """Names of the application's roles by id."""
    named = (
        (text(r.get("id")), first(r.get("displayname"), r.get("value")))
        for r in objects(obj(principal).get("approles"))
    )
    return {k: v for k, v in named if k and v}


def assignment(record: Any, role_names: Mapping[str, str]) -> dict[str, Any] | None:
    """The row of ``assignments`` from an ``appRoleAssignment``; None without a principal."""
    r = obj(record)
    key = text(r.get("principalid"))
    if key is None:
        return None
    role = text(r.get("approleid"))
    kind = text(r.get("principaltype")) or ""
    return {
        "target_key": key,
        "target_type": {"user": "user", "group": "group"}.get(kind.lower(), kind.lower() or None),
        "how": "assigned",
        "role": "default access" if role == DEFAULT_ACCESS else role_names.get(role or "", role),
        "at": moment(r.get("createddatetime")),
    }


def is_assignment(record: Any) -> bool:
    r = obj(record)
    return "principalid" in r and "resourceid" in r


def is_audit(record: Any) -> bool:
    r = obj(record)
    return "activitydisplayname" in r and "targetresources" in r


def config_change(record: Any) -> dict[str, Any] | None:
    """The row of ``config_changes`` from a ``directoryAudit``; None without a time."""
    r = obj(record)
    at, activity = moment(r.get("activitydatetime")), text(r.get("activitydisplayname"))
    if at is None or activity is None or not is_audit(record):
        return None
    by = obj(r.get("initiatedby"))
    user, app = obj(by.get("user")), obj(by.get("app"))
    return {
        "at": at,
        "what": _what(activity),
        "actor": first(user.get("userprincipalname"), user.get("displayname"), app.get("displayname"), user.get("id")),
        "detail": _detail(r, activity),
        "raw_type": activity,
    }


def _what(activity: str) -> str:
    name = activity.strip().lower()
    if "quarantine" in name:
        return "quarantined"
    return next((what for begins, what in _CHANGES if name.startswith(begins)), "other")


def _detail(r: dict[str, Any], activity: str) -> str | None:
    """What changed, old and new. Values of secret settings are named, never repeated."""
    said = [text(r.get("resultreason"))] if text(r.get("resultreason")) not in (None, activity) else []
    for target in objects(r.get("targetresources")):
        for p in objects(target.get("modifiedproperties")):
            name = text(p.get("displayname"))
            if name:
                said.append(f"{name} changed" if _SECRET.search(name) else _changed(name, p))
    for extra in objects(r.get("additionaldetails")):
        name, value = text(extra.get("key")), text(extra.get("value"))
        if name and value and not _SECRET.search(name):
            said.append(f"{name}: {value}")
    return "; ".join(s for s in said if s)[:4000] or None


def _changed(name: str, p: dict[str, Any]) -> str:
    # Graph prints these values as JSON texts: "\"https://…\"".
    old, new = ((text(p.get(k)) or "").strip().strip('"') for k in ("oldvalue", "newvalue"))
    return f"{name}: {old or 'nothing'} → {new or 'nothing'}"


def concerns(record: Any, principal: str) -> bool:
    """Whether an audit record is about this service principal, or names nothing it is about."""
    ids = {t for t in (text(x.get("id")) for x in objects(obj(record).get("targetresources"))) if t}
    return not ids or principal in ids


def about(principals: Iterable[Any], wanted: str | None) -> tuple[dict[str, Any] | None, str | None]:
    """The service principal that is meant, and a remark. ``wanted`` is an object id or, mistaken for it, an appId.

    Without ``wanted`` the only one there is; None where several could be meant.
    """
    known = [obj(p) for p in principals if is_service_principal(p)]
    if wanted is None:
        return (known[0], None) if len(known) == 1 else (None, None)
    hit = next((p for p in known if text(p.get("id")) == wanted), None)
    if hit:
        return hit, None
    hit = next((p for p in known if text(p.get("appid")) == wanted), None)
    if hit:
        return hit, (
            f"The incident names the application (client) id {wanted}; the object id of its service principal is "
            f"{text(hit.get('id'))}. Graph paths need the object id."
        )
    return None, None
