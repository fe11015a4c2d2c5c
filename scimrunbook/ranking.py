"""The declared orders a diagnosis goes by: which finding decides, which cause comes first, what explains what."""

from __future__ import annotations

from dataclasses import dataclass

from scimrunbook.findings import Cause

ORDER = (
    Cause.INTEGRATION_NOT_ENABLED,
    Cause.URL_OR_TOKEN,
    Cause.ATTRIBUTE_MAPPING,
    Cause.ASSIGNMENT_SCOPE,
    Cause.SYNC_SCHEDULE,
    Cause.DUPLICATE_IDENTITY,
    Cause.CATALOG_SIDE,
    Cause.WRONG_SURFACE,
)
# Most specific first: a setting that is seen to be wrong says more than the operations that fail by it.
SPECIFIC = (
    "connection.app_is_active",
    "connection.provisioning_is_on",
    "connection.actions_are_enabled",
    "assignments.assigned_after_enabling",
    "base_url.matches_the_region",
    "token.is_well_formed",
    "token.did_not_change",
    "token.is_accepted",
    "token.is_accepted_every_time",
    "mapping.entra_external_id",
    "mapping.source_values_present",
    "mapping.okta_to_app",
    "mapping.entra_users_kept",
    "mapping.okta_pushed_on_update",
    "mapping.okta_username_format",
    "mapping.entra_matching_attribute",
    "mapping.entra_groups",
    "mapping.entra_no_extras",
    "mapping.okta_from_app",
    "assignments.no_nested_groups",
    "assignments.groups_are_assigned",
    "assignments.people_are_assigned",
    "assignments.scope_admits_them",
    "assignments.group_push_is_healthy",
    "assignments.people_are_active_in_provider",
    "accounts.one_per_person",
    "accounts.none_was_removed_by_hand",
    "sync.endpoint_keeps_up",
    "sync.runs_on_schedule",
    "sync.enough_time_has_passed",
    "sync.fresh_run_queued_after_fix",
    "sync.deactivations_were_delivered",
    "assignments.leavers_were_unassigned_by_provider",
    "sync.no_retry_backlog",
    "connection.not_quarantined",
    "mapping.values_arrive",
    "sync.no_failed_operations",
    "sync.log_does_not_stop",
)
# Which causes can bring a symptom about; what nothing listed here explains is unknown.
EXPLAINS: dict[str, tuple[Cause, ...]] = {
    "missing_people": tuple(c for c in ORDER if c is not Cause.WRONG_SURFACE),
    "stale_attributes": tuple(c for c in ORDER if c is not Cause.WRONG_SURFACE),
    "lingering_access": tuple(c for c in ORDER if c is not Cause.WRONG_SURFACE),
    "failing_jobs": tuple(c for c in ORDER if c is not Cause.WRONG_SURFACE),
    "empty_names": (Cause.ATTRIBUTE_MAPPING, Cause.CATALOG_SIDE, Cause.INTEGRATION_NOT_ENABLED, Cause.URL_OR_TOKEN),
    "missing_teams": tuple(c for c in ORDER if c is not Cause.WRONG_SURFACE),
    "transform_login": (Cause.WRONG_SURFACE,),
}
# Answered directly, or else by the provider's log; where neither is, no verdict of health is possible.
QUESTIONS = {
    "connection": ("connection.provisioning_is_on", "token.did_not_change", "token.is_accepted"),
    "token": ("token.did_not_change", "token.is_accepted"),
}
# Symptoms people see in Catalog: what the provider's own records say refutes none of them.
NEEDS_CATALOG = ("missing_people", "stale_attributes", "lingering_access", "empty_names", "missing_teams")
# What would tell most, in this order.
TELLING = (
    "token.did_not_change",
    "connection.provisioning_is_on",
    "connection.actions_are_enabled",
    "symptoms.nobody_missing",
    "sync.no_failed_operations",
    "base_url.matches_the_region",
    "accounts.one_per_person",
    "mapping.source_values_present",
    "mapping.entra_external_id",
    "mapping.okta_to_app",
    "assignments.people_are_assigned",
)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A question a block hides: the finding that would answer it, its cause family, why it cannot be answered."""

    finding: str
    cause: Cause
    why: str
    setting: bool = False  # read directly, and so hidden only where it could not be read


_SIGN_IN = Hidden(
    "token.did_not_change",
    Cause.URL_OR_TOKEN,
    "nothing was sent, so whether base URL and token still work is not seen. Test the connection before switching on.",
)
_ANSWERS = Hidden(
    "sync.no_failed_operations",
    Cause.CATALOG_SIDE,
    "what Catalog answers to the changes that are held back is seen only when they are sent.",
)
_YOUNG = Hidden(
    "sync.enough_time_has_passed",
    Cause.SYNC_SCHEDULE,
    "whether the latest changes only need their time is seen once something gets through.",
)
_MAPPING = Hidden(
    "mapping.entra_users_kept",
    Cause.ATTRIBUTE_MAPPING,
    "there is no attribute mapping to look at before the job exists. Go through it before starting the first cycle.",
    setting=True,
)
# What nobody can see while this stands. Whatever was read directly (a setting, a probe) is not hidden by it.
HIDES: dict[str, tuple[Hidden, ...]] = {
    "connection.app_is_active": (_SIGN_IN, _ANSWERS, _YOUNG),
    "connection.provisioning_is_on": (_SIGN_IN, _ANSWERS, _YOUNG, _MAPPING),
    "base_url.matches_the_region": (_SIGN_IN, _ANSWERS, _YOUNG),
    "token.is_well_formed": (_SIGN_IN, _ANSWERS, _YOUNG),
    "token.did_not_change": (_ANSWERS, _YOUNG),
    "token.is_accepted": (_ANSWERS, _YOUNG),
    "connection.not_quarantined": (_SIGN_IN, _ANSWERS, _YOUNG),
    "sync.fresh_run_queued_after_fix": (_ANSWERS,),
}
# What only Catalog's own list of accounts shows: where it cannot be read, these stay open.
UNREAD = (
    Hidden(
        "accounts.one_per_person",
        Cause.DUPLICATE_IDENTITY,
        "Catalog's accounts could not be read, so whether somebody has two of them is not seen.",
    ),
    Hidden(
        "assignments.scope_admits_them",
        Cause.ASSIGNMENT_SCOPE,
        "a scoping filter is set, and whom it keeps out is seen only beside Catalog's accounts.",
    ),
)
# Besides the blocks: what makes Catalog's list of accounts unreadable.
UNREADABLE = (
    "connection.paging_is_sound",
    "connection.answers_are_scim",
    "connection.provider_test_passes",
    "sync.endpoint_keeps_up",
)

_PLACE = {name: place for place, name in enumerate(SPECIFIC)}


def specificity(finding_id: str) -> int:
    """The finding's place in ``SPECIFIC``; the smaller, the more it says. Unlisted ones come last."""
    return _PLACE.get(finding_id, len(SPECIFIC))
