"""04 Attribute mapping: each attribute Catalog needs comes from the right place, and the source holds a value."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.checks import _mapping_entra, _mapping_okta, check  # noqa: F401 - they register their checks
from scimrunbook.checks._mapping import mapping_screen
from scimrunbook.checks._provisioning import BROKEN
from scimrunbook.checks._words import (
    ask_catalog,
    keys,
    people,
    people_screen,
    provider,
    push_again,
    table_of,
    who,
)
from scimrunbook.derived import among, looked_up, yes
from scimrunbook.findings import Action, Cause, Outcome, Status
from scimrunbook.history import last_of, refusals
from scimrunbook.jobs import own_jobs
from scimrunbook.pending import mapped_plainly, pending
from scimrunbook.scope import scope
from scimrunbook.snapshot import Snapshot

S = "attribute_mapping"
MAP = (Cause.ATTRIBUTE_MAPPING,)


@check(
    "mapping.source_values_present",
    "Everyone in scope has given and family name in the provider",
    section=S,
    source="Coalesce set-up guides; Microsoft Learn: known issues (null is not sent)",
    needs={"okta": (("okta.users",), ("okta.app_users",)), "entra": (("entra.users",),)},
    causes=MAP,
)
def source_values_present(snapshot: Snapshot) -> Outcome:
    table = scope(snapshot)
    names = ["person_key", "given_name", "family_name"]
    table = table.loc[yes(table["in_scope"]) & table["in_directory"], names]
    if table.empty:
        return Outcome(Status.SKIPPED, "Nobody of the directory that was read is known to be in scope.")
    empty = pd.Series(False, index=table.index)
    for attribute, column in (("givenName", "given_name"), ("familyName", "family_name")):
        if mapped_plainly(snapshot, attribute):
            empty |= table[column].isna() | table[column].str.strip().eq("")
    hit = keys(table[empty]["person_key"])
    if not hit:
        return Outcome(Status.PASS, f"All {people(len(table))} in scope have first and last name.")
    tab = "Profile" if snapshot.provider == "okta" else "Properties"
    return Outcome(
        Status.FAIL,
        f"{people(len(hit))} in scope {'has' if len(hit) == 1 else 'have'} no first or no last name in "
        f"{provider(snapshot)}: {who(snapshot, hit)}. What is empty there cannot arrive in Catalog.",
        "First and last name of everyone in scope.",
        (table_of(snapshot, "Names in the provider", hit),),
        hit,
        (
            Action(
                people_screen(snapshot, "the person", tab, "Edit"),
                "Fill First name and Last name (where HR is the source: there), save.",
            ),
            push_again(snapshot),
        ),
    )


@check(
    "mapping.values_arrive",
    "What the provider holds is what Catalog holds",
    section=S,
    source="Comparison of the provider's and Catalog's records",
    needs={
        "okta": (("catalog.users",), ("okta.app_users", "okta.users")),
        "entra": (("catalog.users", "entra.users"),),
    },
    causes=MAP,
    blocked_by=(
        *BROKEN,
        "connection.actions_are_enabled",
        "mapping.okta_to_app",
        "mapping.okta_pushed_on_update",
        "mapping.entra_users_kept",
    ),
)
def values_arrive(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    last = last_of(snapshot)
    stale = table[(table["need"] == "update") & ~table["waiting"]]
    # whose operation failed has other values because of that, whatever the mapping says
    stale = stale[~among(stale["person_key"], last.index[last["open"]])]
    hit = keys(stale["person_key"])
    if not hit:
        compared_to = int(table["named_where_known"].sum())
        if compared_to == 0:
            return Outcome(Status.SKIPPED, "There was nothing to compare.")
        return Outcome(Status.PASS, "Names and userName agree wherever they could be compared.")
    here = "Catalog" if bool(stale["proof"].eq("catalog").any()) else "Okta's record of the account"
    indexed: dict[str, pd.Series[Any]] = {
        "differs": stale.set_index("person_key")["differs"],
        "first_name_there": stale.set_index("person_key")["has_given"],
        "last_name_there": stale.set_index("person_key")["has_family"],
    }
    accepted = looked_up(stale["person_key"], last["ok_at"])
    names = ~stale["differs"].fillna("").str.contains("userName")
    # Entra does not tell when a person changed; while its job runs and its flows were read, whatever is older than a
    # cycle was sent
    stands = own_jobs(snapshot)["state"].eq("Quarantine").any() or refusals(snapshot).broken
    runs = bool(snapshot.facts.app.object_mappings) and not stands
    sent = (accepted >= stale["since"]) | (stale["since"].isna() & accepted.notna() & runs)
    if here == "Catalog" and bool((names & sent.fillna(False)).all()):
        return Outcome(
            Status.FAIL,
            f"Catalog accepted the names of {people(len(hit))} and does not hold them (or somebody changed them there "
            f"by hand): {who(snapshot, hit)}.",
            "Catalog keeps what it accepts.",
            (table_of(snapshot, "What differs", hit, **indexed, accepted_at=accepted.set_axis(stale["person_key"])),),
            hit,
            (
                ask_catalog("Report that names are accepted and not kept, with the people and times shown here."),
                push_again(snapshot),
            ),
            causes=(Cause.CATALOG_SIDE,),
        )
    return Outcome(
        Status.FAIL,
        f"For {people(len(hit))} {here} holds other values than {provider(snapshot)}: {who(snapshot, hit)}.",
        "The same names and userName on both sides.",
        (table_of(snapshot, "What differs", hit, **indexed),),
        hit,
        (
            push_again(snapshot),
            Action(mapping_screen(snapshot, "to_app"), "If it stays so: check that the attributes named are mapped."),
        ),
    )
