"""The one place that knows scim2-models: PATCH (RFC 7644 section 3.5.2) and filters (section 3.4.2.2).

The policy is tolerant where Entra and Okta depart from the RFC: a ``remove`` that names members in its value, a path
filter that matches nothing yet, attributes and schema URNs nobody declared. Documents may be broken: an attribute the
models cannot read is passed over, and a PATCH changes in the raw document only what its operations changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from scim2_models import Extension, PatchOp, Resource, Schema, SCIMException, ScimFilter, ScimPolicy

from scimrunbook.simulator.catalog.schemas import SCHEMAS

Kind = Literal["Users", "Groups"]
Document = dict[str, Any]
_PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_TOLERANT = ScimPolicy(
    unknown=ScimPolicy.Unknown.keep,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


def _models() -> dict[Kind, Any]:
    """Built from the schemas of this server, not the library's own: those refuse addresses of a ``.local`` domain."""
    user, group, enterprise = (Schema.model_validate(s) for s in SCHEMAS)
    account: Any = Resource.from_schema(user)
    return {"Users": account[Extension.from_schema(enterprise)], "Groups": Resource.from_schema(group)}


_MODELS = _models()
_patch_of: Any = PatchOp  # subscripted with models that exist at run time only
_filter_of: Any = ScimFilter


class RefusedError(Exception):
    """The request cannot be carried out: ``scim_type`` and a sentence for the SCIM error body."""

    def __init__(self, scim_type: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.scim_type, self.detail, self.status = scim_type, detail, status


def patched(kind: Kind, document: Document, body: Document) -> Document:
    """The document after the PATCH. Raises RefusedError; the document given is left as it is."""
    operations = next((v for k, v in body.items() if k.lower() == "operations"), None)
    if not isinstance(operations, list) or not operations:
        raise RefusedError("invalidSyntax", "Operations must be a list that is not empty.")
    with _TOLERANT:
        try:
            patch = _patch_of[_MODELS[kind]].model_validate({"schemas": [_PATCH_OP], "Operations": operations})
            resource = _read(kind, document)
            before = _written(resource)
            patch.patch(resource)
            after = _written(resource)
        except ValidationError as invalid:
            raise _refusal(invalid) from invalid
        except SCIMException as refused:
            if isinstance(refused.__cause__, ValidationError):
                raise _refusal(refused.__cause__, refused.scim_type) from refused
            raise RefusedError(refused.scim_type or "invalidValue", refused.detail) from refused
    return _carried_over(document, before, after)


def matcher(kind: Kind, expression: str) -> Callable[[Document], bool]:
    """A predicate over documents for a filter. Raises RefusedError with ``invalidFilter``."""
    try:
        parsed = _filter_of[_MODELS[kind]](expression)
    except SCIMException as refused:
        raise RefusedError("invalidFilter", f"The filter cannot be read: {refused.detail}") from refused
    except (ValueError, RecursionError) as refused:
        raise RefusedError("invalidFilter", "The filter cannot be read.") from refused

    def matches(document: Document) -> bool:
        with _TOLERANT:
            return bool(parsed.match(_read(kind, document)))

    return matches


def _read(kind: Kind, document: Document) -> Any:
    """The document as a model, without the attributes the model cannot read. Needs the policy in force."""
    model = _MODELS[kind]
    try:
        return model.model_validate(document)
    except ValidationError:
        return model.model_validate({k: v for k, v in document.items() if _readable(model, {k: v})})


def _readable(model: Any, part: Document) -> bool:
    try:
        model.model_validate(part)
    except ValidationError:
        return False
    return True


def _written(resource: Any) -> Document:
    written: Document = resource.model_dump(exclude_none=True, by_alias=True, mode="json")
    written.pop("password", None)  # never returned, so never kept
    return written


def _carried_over(document: Document, before: Document, after: Document) -> Document:
    """``document`` with what differs between ``before`` and ``after``; everything else stays as it was stored."""
    changed = {k.lower() for k in {**before, **after} if before.get(k) != after.get(k)}
    named = {k.lower(): k for k in after}
    kept = {
        (named.get(k.lower(), k) if k.lower() in changed else k): (
            after[named[k.lower()]] if k.lower() in changed else v
        )
        for k, v in document.items()
        if k.lower() not in changed or k.lower() in named
    }
    present = {k.lower() for k in document}
    return {**kept, **{k: v for k, v in after.items() if k.lower() in changed - present}}


def _refusal(invalid: ValidationError, scim_type: str = "") -> RefusedError:
    """The first thing wrong, in SCIM's names; the library's own text would end up in a provider's log."""
    first = invalid.errors(include_input=False, include_url=False)[0]
    where = ".".join(to_camel(part) if isinstance(part, str) and "_" in part else str(part) for part in first["loc"])
    kind = first["type"].removeprefix("scim_") if first["type"].startswith("scim_") else scim_type or "invalidValue"
    return RefusedError(kind, f"{where}: {first['msg']}" if where else str(first["msg"]))
