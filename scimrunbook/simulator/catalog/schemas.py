"""The attributes the practice Catalog declares (RFC 7643 sections 4 and 7): what ``/Schemas`` tells and PATCH obeys.

Addresses are plain strings here: a directory with a ``.local`` domain is provisioned like any other.
"""

from __future__ import annotations

from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"


def _attribute(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """One attribute with the defaults of RFC 7643 section 2.2; ``more`` overrides its characteristics."""
    plain = {
        "name": name,
        "type": kind,
        "multiValued": False,
        "required": False,
        "mutability": "readWrite",
        "returned": "default",
    }
    textual = {"caseExact": False, "uniqueness": "none"} if kind == "string" else {}
    return {**plain, **textual, **more}


def _complex(name: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**_attribute(name, "complex", **more), "subAttributes": list(parts)}


def _labelled(name: str, *kinds: str) -> dict[str, Any]:
    """A list of values with a label each, one of which may be primary (section 2.4)."""
    label = _attribute("type", canonicalValues=list(kinds)) if kinds else _attribute("type")
    parts = (_attribute("value"), _attribute("display"), label, _attribute("primary", "boolean"))
    return _complex(name, *parts, multiValued=True)


def _reference(*kinds: str, **more: Any) -> dict[str, Any]:
    return _attribute("$ref", "reference", caseExact=True, referenceTypes=list(kinds), **more)


_FIXED = {"mutability": "immutable"}
_GIVEN = {"mutability": "readOnly"}

_USER = (
    _attribute("userName", required=True, uniqueness="server"),
    _complex(
        "name",
        *map(_attribute, ("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")),
    ),
    *map(_attribute, ("displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone")),
    _attribute("profileUrl", "reference", caseExact=True, referenceTypes=["external"]),
    _attribute("active", "boolean"),
    _attribute("password", mutability="writeOnly", returned="never"),
    _labelled("emails", "work", "home", "other"),
    _labelled("phoneNumbers", "work", "home", "mobile", "fax", "pager", "other"),
    _complex(
        "addresses",
        *map(_attribute, ("formatted", "streetAddress", "locality", "region", "postalCode", "country")),
        _attribute("type", canonicalValues=["work", "home", "other"]),
        _attribute("primary", "boolean"),
        multiValued=True,
    ),
    _complex(
        "groups",
        _attribute("value", caseExact=True, **_GIVEN),
        _reference("Group", **_GIVEN),
        _attribute("display", **_GIVEN),
        multiValued=True,
        **_GIVEN,
    ),
    _labelled("entitlements"),
    _labelled("roles"),
)
_GROUP = (
    _attribute("displayName", required=True, uniqueness="server"),
    _complex(
        "members",
        _attribute("value", caseExact=True, **_FIXED),
        _reference("User", "Group", **_FIXED),
        _attribute("type", canonicalValues=["User", "Group"], **_FIXED),
        _attribute("display"),  # Okta sends it
        multiValued=True,
    ),
)
_ENTERPRISE = (
    *map(_attribute, ("employeeNumber", "costCenter", "organization", "division", "department")),
    _complex("manager", _attribute("value", caseExact=True), _reference("User"), _attribute("displayName", **_GIVEN)),
)

SCHEMAS: tuple[dict[str, Any], ...] = tuple(
    {"schemas": [SCHEMA], "id": urn, "name": name, "description": description, "attributes": list(attributes)}
    for urn, name, description, attributes in (
        (USER, "User", "An account of the practice Catalog", _USER),
        (GROUP, "Group", "A team of the practice Catalog", _GROUP),
        (ENTERPRISE, "EnterpriseUser", "What companies keep of an account beyond the core", _ENTERPRISE),
    )
)
