"""What the simulated Catalog says of itself: ServiceProviderConfig, ResourceTypes, Schemas (RFC 7644 section 4)."""

from __future__ import annotations

from typing import Any

from scimrunbook.simulator.catalog.schemas import ENTERPRISE, GROUP, SCHEMAS, USER

MAX_COUNT = 1000


def _meta(base: str, kind: str, place: str) -> dict[str, str]:
    return {"resourceType": kind, "location": f"{base}/{place}"}


def config(base: str) -> dict[str, Any]:
    """PATCH and filters yes; bulk, sorting, ETags and passwords no."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MAX_COUNT},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": False},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The token that Catalog operations issued.",
                "primary": True,
            }
        ],
        "meta": _meta(base, "ServiceProviderConfig", "ServiceProviderConfig"),
    }


def resource_types(base: str) -> list[dict[str, Any]]:
    """User (with the enterprise extension) and Group."""
    types = []
    for name, schema, extensions in (
        ("User", USER, [{"schema": ENTERPRISE, "required": False}]),
        ("Group", GROUP, []),
    ):
        described: dict[str, Any] = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name,
            "name": name,
            "endpoint": f"/{name}s",
            "description": f"{name} of the practice Catalog",
            "schema": schema,
            "meta": _meta(base, "ResourceType", f"ResourceTypes/{name}"),
        }
        if extensions:
            described["schemaExtensions"] = extensions
        types.append(described)
    return types


def schemas(base: str) -> list[dict[str, Any]]:
    """The declared schemas, each with its location."""
    return [{**schema, "meta": _meta(base, "Schema", f"Schemas/{schema['id']}")} for schema in SCHEMAS]
