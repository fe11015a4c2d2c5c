"""The one place that knows scim2-models: PATCH (RFC 7644 section 3.5.2) and filters (section 3.4.2.2).

The policy is tolerant where Entra and Okta depart from the RFC: a ``remove`` that names members in its value, a path
filter that matches nothing yet, attributes and schema URNs nobody declared.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationError
from scim2_models import (
    EnterpriseUser,
    Group,
    PatchOp,
    Resource,
    SCIMException,
    ScimFilter,
    ScimPolicy,
    User,
)

Kind = Literal["Users", "Groups"]
TOLERANT = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
_MODELS: dict[str, Any] = {"Users": User[EnterpriseUser], "Groups": Group}
_PATCHES: dict[str, Any] = {"Users": PatchOp[User[EnterpriseUser]], "Groups": PatchOp[Group]}
_FILTERS: dict[str, Any] = {"Users": ScimFilter[User[EnterpriseUser]], "Groups": ScimFilter[Group]}


class RefusedError(Exception):
    """The request cannot be carried out: ``scim_type`` and a sentence for the SCIM error body."""

    def __init__(self, scim_type: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.scim_type, self.detail, self.status = scim_type, detail, status


def _read(kind: Kind, document: dict[str, Any]) -> Resource[Any]:
    known: Resource[Any] = _MODELS[kind].model_validate(document, scim_policy=TOLERANT)
    return known


def patched(kind: Kind, document: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """The document after the PATCH. Raises RefusedError; the document given is left as it is."""
    try:
        with TOLERANT:
            operations = _PATCHES[kind].model_validate(
                {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], **_lowered(body)}
            )
            resource = _read(kind, document)
            operations.patch(resource, scim_policy=TOLERANT)
            after: dict[str, Any] = resource.model_dump(exclude_none=True, by_alias=True, mode="json")
    except SCIMException as refused:
        raise RefusedError(getattr(refused, "scim_type", "") or "invalidValue", str(refused)) from refused
    except ValidationError as refused:
        first = refused.errors(include_input=False, include_url=False)[0]
        raise RefusedError("invalidSyntax", str(first["msg"])) from refused
    after.pop("password", None)  # never returned, so never kept
    return {**after, "schemas": document["schemas"], "id": document["id"], "meta": document["meta"]}


def _lowered(body: dict[str, Any]) -> dict[str, Any]:
    """Top-level keys as the RFC writes them: Okta's template sends ``Operations``, others ``operations``."""
    return {("Operations" if k.lower() == "operations" else k): v for k, v in body.items()}


def matcher(kind: Kind, expression: str) -> Any:
    """A predicate over documents for a filter. Raises RefusedError with ``invalidFilter``."""
    try:
        parsed = _FILTERS[kind](expression)
    except (SCIMException, ValueError) as refused:
        raise RefusedError("invalidFilter", f"The filter cannot be read: {refused}") from refused

    def matches(document: dict[str, Any]) -> bool:
        try:
            return bool(parsed.match(_read(kind, document)))
        except (ValidationError, SCIMException):
            return False  # a document stored broken matches nothing but itself by id

    return matches
