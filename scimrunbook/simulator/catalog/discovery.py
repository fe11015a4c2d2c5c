"""What the simulated Catalog says of itself: ServiceProviderConfig, ResourceTypes, Schemas (RFC 7643)."""

from __future__ import annotations

from functools import cache
from typing import Any

from scim2_models import EnterpriseUser, Group, User

_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def _meta(base: str, kind: str, place: str) -> dict[str, str]:
    return {"resourceType": kind, "location": f"{base}/{place}"}


def config(base: str) -> dict[str, Any]:
    """PATCH and filters yes; bulk, sorting, ETags and passwords no."""
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": 1000},
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
    kinds = (("User", "/Users", User, True), ("Group", "/Groups", Group, False))
    types = []
    for name, endpoint, model, extended in kinds:
        described: dict[str, Any] = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name,
            "name": name,
            "endpoint": endpoint,
            "description": f"{name} of the practice Catalog",
            "schema": str(model.__schema__),
            "meta": _meta(base, "ResourceType", f"ResourceTypes/{name}"),
        }
        if extended:
            described["schemaExtensions"] = [{"schema": _ENTERPRISE, "required": False}]
        types.append(described)
    return types


@cache
def schemas(base: str) -> list[dict[str, Any]]:
    described = []
    for model in (User, Group, EnterpriseUser):
        schema = model.to_schema().model_dump(exclude_none=True, by_alias=True, mode="json")
        schema["schemas"] = ["urn:ietf:params:scim:schemas:core:2.0:Schema"]
        schema["meta"] = _meta(base, "Schema", f"Schemas/{schema['id']}")
        described.append(schema)
    return described
