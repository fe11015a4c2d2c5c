"""What can be wrong, and one thing to do about it: all that the error reader needs of a finding."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Cause families: the guide's five, and three it does not know."""

    INTEGRATION_NOT_ENABLED = "integration_not_enabled"
    URL_OR_TOKEN = "url_or_token"
    ASSIGNMENT_SCOPE = "assignment_scope"
    ATTRIBUTE_MAPPING = "attribute_mapping"
    SYNC_SCHEDULE = "sync_schedule"
    DUPLICATE_IDENTITY = "duplicate_identity"
    CATALOG_SIDE = "catalog_side"
    WRONG_SURFACE = "wrong_surface"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: the exact screen, then the exact click.

    ``where`` is a breadcrumb in the provider's own words (``Applications > Coalesce > Provisioning > To App``),
    ``what`` the step in the imperative, ``why`` what it will achieve (optional).
    """

    where: str
    what: str
    why: str = ""
