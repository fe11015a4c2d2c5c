"""07 Manual and SCIM accounts, continued: accounts that were provisioned and are gone. Imported by that module."""

from __future__ import annotations

from scimrunbook.checks import check
from scimrunbook.checks._provisioning import BROKEN
from scimrunbook.checks._words import (
    catalog_admin,
    keys,
    people,
    provider,
    screen,
    table_of,
    who,
)
from scimrunbook.derived import among
from scimrunbook.findings import Action, Cause, Outcome, Status
from scimrunbook.history import last_of
from scimrunbook.pending import pending
from scimrunbook.snapshot import Snapshot


@check(
    "accounts.none_was_removed_by_hand",
    "Every account that was provisioned still exists in Catalog",
    section="manual_and_scim_accounts",
    source="Observed: an account deleted in the target answers 404 to the id that the provider remembers",
    needs={
        "okta": (("catalog.users",), ("okta.app_users", "okta.system_log")),
        "entra": (("catalog.users",), ("entra.provisioning_log",)),
    },
    causes=(Cause.DUPLICATE_IDENTITY,),
    blocked_by=BROKEN,
)
def none_was_removed_by_hand(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    lacking = table[(table["need"] == "create") & (table["proof"] == "catalog")]
    last = last_of(snapshot)
    app = snapshot["app_accounts"]
    linked = among(lacking["person_key"], app[app["external_id"].notna()]["person_key"])
    hit = keys(lacking["person_key"][linked | among(lacking["person_key"], last.index[last["state"] == "on"])])
    if not hit:
        return Outcome(Status.PASS, f"Catalog holds every account that {provider(snapshot)} made.")
    if snapshot.provider == "okta":
        mend = Action(
            screen(snapshot, "Assignments"),
            "Remove these people from the application and assign them again (by group: take them out and put them "
            "back).",
            "Okta remembers the id of the deleted account; Retry and Force Sync only ask for that id again.",
        )
    else:
        mend = Action(
            screen(snapshot, "Provisioning", "Overview"),
            "Choose Provision on demand for each of them, or press Restart provisioning.",
            "Entra then finds that it is gone and makes it anew; else it waits until the person changes.",
        )
    return Outcome(
        Status.FAIL,
        f"{provider(snapshot)} made an account for {people(len(hit))}, and Catalog no longer holds it: "
        f"{who(snapshot, hit)}.",
        "Accounts of people in scope stay, and are deactivated by the provider alone.",
        (table_of(snapshot, "Made, and gone", hit, accepted_at=last["ok_at"]),),
        hit,
        (mend, catalog_admin("Ask who deletes accounts there by hand, and agree that the provider does it.")),
    )
