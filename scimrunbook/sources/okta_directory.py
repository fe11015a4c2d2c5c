"""Okta's API objects as rows: the application, who is assigned, group push, mappings, people, groups, members.

Facts: Okta Management API (Application, ApplicationUser, ProfileMapping, User, Group). Every function takes a record
nobody vouches for and gives a row, or None where the record has no id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal

from scimrunbook.guide import OKTA_TOGGLES
from scimrunbook.snapshot import AppFacts, Candidate
from scimrunbook.sources.fields import as_json, first, moment, obj, objects, text, texts

Row = dict[str, Any]
# Whom Okta provisions: PROVISIONED and RECOVERY people have yet to sign in or to choose a password. Nobody is sent
# while STAGED (not activated yet), SUSPENDED or DEPROVISIONED. A status that is not listed is not known.
_ACTIVE = {
    "ACTIVE": True,
    "PROVISIONED": True,
    "RECOVERY": True,
    "LOCKED_OUT": True,
    "PASSWORD_EXPIRED": True,
    "STAGED": False,
    "SUSPENDED": False,
    "DEPROVISIONED": False,
}
_ATTRIBUTE = re.compile(r"[A-Za-z_]\w*(\.\w+)*")
_APP_LINK = re.compile(r"/apps/(0oa[0-9A-Za-z]{10,30})(?:/|$)")
_PUSH_FEATURES = {t.feature for t in OKTA_TOGGLES}
# Where a capability of the feature USER_PROVISIONING stands, and the entry of features[] it stands for.
_CAPABILITIES = {
    ("create", "lifecyclecreate"): "PUSH_NEW_USERS",
    ("update", "profile"): "PUSH_PROFILE_UPDATES",
    ("update", "lifecycledeactivate"): "PUSH_USER_DEACTIVATION",
}


def candidates(records: Iterable[Any]) -> list[Candidate]:
    """Applications that could be meant besides; a record without an id can be chosen by nobody."""
    return [
        Candidate(key, name=text(r.get("label")), status=text(r.get("status")))
        for r in map(obj, records)
        if (key := text(r.get("id")))
    ]


def app(record: Any, facts: AppFacts) -> Row | None:
    """Fills ``facts`` from an Application and gives its row of ``jobs``; None without an id."""
    r = obj(record)
    key = text(r.get("id"))
    if key is None:
        return None
    template = obj(obj(r.get("credentials")).get("usernametemplate"))
    facts.id, facts.name, facts.label = key, text(r.get("name")), text(r.get("label"))
    facts.status = text(r.get("status"))
    facts.features = texts(r.get("features")) if isinstance(r.get("features"), list) else None
    facts.username_template = text(template.get("template"))
    facts.username_push = text(template.get("pushstatus"))
    pushing = None if facts.features is None else bool(_PUSH_FEATURES & set(facts.features))
    schedule = {None: None, True: "Active", False: "Disabled"}[pushing]
    return {"job_id": key, "template": facts.name, "state": facts.status, "schedule_state": schedule}


def capabilities(record: Any) -> list[str] | None:
    """The features that are on by the feature USER_PROVISIONING (only some applications answer it); None without."""
    told = obj(obj(record).get("capabilities"))
    if not told:
        return None
    states = {
        feature: text(obj(obj(told.get(group)).get(name)).get("status"))
        for (group, name), feature in _CAPABILITIES.items()
    }
    return [feature for feature, status in states.items() if status == "ENABLED"]


def features_refused(record: Any) -> Literal["not_supported", "not_enabled"] | None:
    """What a 400 for the features says: this kind of application does not tell them, or provisioning is not enabled."""
    said = " ".join(text(c.get("errorsummary")) or "" for c in objects(obj(record).get("errorcauses"))).casefold()
    if "provisioning is not supported" in said:
        return "not_supported"
    return "not_enabled" if "provisioning is not enabled" in said else None


def app_of(record: Any) -> str | None:
    """The application a list row belongs to, where its links say so."""
    r = obj(record)
    href = text(obj(obj(r.get("_links")).get("app")).get("href")) or ""
    found = _APP_LINK.search(href)
    return found.group(1) if found else None


def app_user(record: Any) -> dict[str, list[Row]] | None:
    """Rows of ``app_accounts``, of ``assignments`` where the person is assigned by name, of ``people`` if embedded."""
    r = obj(record)
    key = text(r.get("id"))
    if key is None:
        return None
    profile = obj(r.get("profile"))
    scope = text(r.get("scope"))
    account = {
        "person_key": key,
        "user_name": text(obj(r.get("credentials")).get("username")),
        "external_id": text(r.get("externalid")),
        "scope": scope,
        "status": text(r.get("status")),
        "sync_state": text(r.get("syncstate")),
        "given_name": first(profile.get("givenname"), profile.get("firstname")),
        "family_name": first(profile.get("familyname"), profile.get("lastname")),
        "email": text(profile.get("email")),
        "created_at": moment(r.get("created")),
        "status_changed_at": moment(r.get("statuschanged")),
        "last_sync_at": moment(r.get("lastsync")),
    }
    rows: dict[str, list[Row]] = {"app_accounts": [account]}
    if scope == "USER":
        rows["assignments"] = [
            {
                "target_key": key,
                "target_type": "user",
                "how": "assigned",
                "status": account["status"],
                "at": account["created_at"],
            }
        ]
    embedded = person(obj(r.get("_embedded")).get("user"))
    if embedded:
        rows["people"] = [embedded]
    return rows


def app_group(record: Any) -> dict[str, list[Row]] | None:
    """Rows of ``assignments``, and of ``groups`` if embedded."""
    r = obj(record)
    key = text(r.get("id"))
    if key is None:
        return None
    rows: dict[str, list[Row]] = {"assignments": [{"target_key": key, "target_type": "group", "how": "assigned"}]}
    embedded = group(obj(r.get("_embedded")).get("group"))
    if embedded:
        rows["groups"] = [embedded]
    return rows


def push(record: Any) -> Row | None:
    """The row of ``assignments`` (how=pushed) of a group push mapping."""
    r = obj(record)
    key = text(r.get("sourcegroupid"))
    if key is None:
        return None
    return {
        "target_key": key,
        "target_type": "group",
        "how": "pushed",
        "status": text(r.get("status")),
        "error": text(r.get("errorsummary")),
        "team_id": text(r.get("targetgroupid")),
        "at": moment(r.get("created")),
    }


def mapping(record: Any) -> list[Row] | None:
    """Rows of ``mappings`` of one ProfileMapping; None where it is none. A list row has no properties: no rows.

    The direction is told by the type of its ends: ``appuser`` is the application's side.
    """
    r = obj(record)
    direction = _direction(r)
    if direction is None:
        return None
    properties = r.get("properties")
    if not isinstance(properties, dict):
        return []
    rows = []
    for name, value in properties.items():
        expression = text(obj(value).get("expression"))
        rows.append(
            {
                "direction": direction,
                "object": "user",
                "target": str(name),
                "source": expression,
                "source_kind": _kind(expression) if isinstance(value, dict) else "unknown",
                "flow": text(obj(value).get("pushstatus")),
            }
        )
    return rows


def mapping_app(record: Any) -> str | None:
    """The application of a ProfileMapping: the id of its ``appuser`` end."""
    r = obj(record)
    direction = _direction(r)
    return None if direction is None else text(obj(r.get("target" if direction == "to_app" else "source")).get("id"))


def _direction(r: dict[str, Any]) -> str | None:
    kinds = [text(obj(r.get(end)).get("type")) for end in ("source", "target")]
    if kinds.count("appuser") != 1:
        return None
    return "to_app" if kinds[1] == "appuser" else "from_app"


def _kind(expression: str | None) -> str:
    if expression is None:
        return "none"
    if expression.startswith(('"', "'")) or expression.isdigit() or expression in ("true", "false"):
        return "constant"
    return "attribute" if _ATTRIBUTE.fullmatch(expression) else "function"


def person(record: Any) -> Row | None:
    """The row of ``people`` from a User."""
    r = obj(record)
    key = text(r.get("id"))
    profile = obj(r.get("profile"))
    if key is None or not profile:
        return None  # the list of groups, or a link only
    status = text(r.get("status"))
    email, second = text(profile.get("email")), text(profile.get("secondemail"))
    given, family = text(profile.get("firstname")), text(profile.get("lastname"))
    return {
        "person_key": key,
        "login": text(profile.get("login")),
        "email": email,
        "given_name": given,
        "family_name": family,
        "display_name": first(profile.get("displayname"), " ".join(p for p in (given, family) if p)),
        "status": status,
        "active": _ACTIVE.get(status or ""),
        "kind": (text(profile.get("usertype")) or "member").lower(),
        "other_emails": as_json([second]) if second and second != email else None,
        "created_at": moment(r.get("created")),
        "changed_at": moment(r.get("lastupdated")),
    }


def group(record: Any) -> Row | None:
    """The row of ``groups`` from a Group."""
    r = obj(record)
    key = text(r.get("id"))
    if key is None:
        return None
    return {"group_key": key, "name": text(obj(r.get("profile")).get("name")), "kind": text(r.get("type"))}


def member(group_key: str, record: Any) -> dict[str, list[Row]] | None:
    """Rows of ``memberships`` and ``people`` from a User in the list of a group's members."""
    found = person(record)
    if found is None:
        return None
    link = {"group_key": group_key, "member_key": found["person_key"], "member_type": "user"}
    return {"memberships": [link], "people": [found]}
