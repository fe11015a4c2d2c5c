"""04 Attribute mapping, what is special to Okta. Imported by ``attribute_mapping``."""

from __future__ import annotations

from scimrunbook.checks import check
from scimrunbook.checks._mapping import compared, mapping_screen, wanted_rows
from scimrunbook.checks._words import (
    keys,
    listed,
    people,
    push_again,
    screen,
    table_of,
    who,
)
from scimrunbook.derived import fold, yes
from scimrunbook.findings import Action, Cause, Evidence, Outcome, Reach, Status
from scimrunbook.pending import pending, to_app
from scimrunbook.scope import scope
from scimrunbook.snapshot import Snapshot

S = "attribute_mapping"
MAP = (Cause.ATTRIBUTE_MAPPING,)
OKTA = {"okta": (("okta.mappings",),)}


@check(
    "mapping.okta_to_app",
    "Okta User to app keeps only givenName from firstName and familyName from lastName",
    section=S,
    providers=("okta",),
    source="Coalesce set-up guide for Okta",
    needs=OKTA,
    causes=MAP,
    reach=Reach.TENANT,
)
def okta_to_app(snapshot: Snapshot) -> Outcome:
    return compared(snapshot, wanted_rows("okta", "to_app"), "to_app", ignored=("userName",))


@check(
    "mapping.okta_from_app",
    "App to Okta User keeps only the names and e-mail from userName",
    section=S,
    providers=("okta",),
    source="Coalesce set-up guide for Okta",
    needs=OKTA,
    causes=MAP,
    reach=Reach.TENANT,
)
def okta_from_app(snapshot: Snapshot) -> Outcome:
    return compared(snapshot, wanted_rows("okta", "from_app"), "from_app", grave=False, ignored=("login",))


@check(
    "mapping.okta_username_format",
    "The application username gives the e-mail address people use in Catalog",
    section=S,
    providers=("okta",),
    source="Okta Management API: credentials.userNameTemplate",
    needs={"okta": (("okta.app_users", "okta.users"),)},
    causes=(Cause.DUPLICATE_IDENTITY, Cause.ATTRIBUTE_MAPPING),
)
def okta_username_format(snapshot: Snapshot) -> Outcome:
    app = snapshot["app_accounts"].dropna(subset=["person_key", "user_name"])
    table = scope(snapshot)
    table = table[yes(table["in_scope"])].merge(app[["person_key", "user_name"]], on="person_key")
    fine = fold(table["user_name"]).eq(fold(table["email"])) | table["email"].isna()
    template = snapshot.facts.app.username_template
    told = f" (format {template})" if template else ""
    hit = keys(table[~fine]["person_key"])
    if not hit:
        return Outcome(Status.PASS, f"All {people(len(table))} have their e-mail as username{told}.")
    return Outcome(
        Status.FAIL,
        f"The application username of {people(len(hit))} is not their e-mail address{told}: {who(snapshot, hit)}.",
        "The application username is the e-mail address.",
        (table_of(snapshot, "Usernames", hit, username=table.set_index("person_key")["user_name"]),),
        hit,
        (
            Action(
                screen(snapshot, "Sign On", "Edit"),
                "Set Application username format to Email, save, choose Update now.",
                "Catalog knows people by this name; who signs in with the e-mail address gets a second account.",
            ),
        ),
    )


@check(
    "mapping.okta_pushed_on_update",
    "Mapped attributes are pushed on create and on update",
    section=S,
    providers=("okta",),
    source="Okta Management API: ProfileMapping.pushStatus",
    needs=OKTA,
    causes=MAP,
    reach=Reach.TENANT,
)
def okta_pushed_on_update(snapshot: Snapshot) -> Outcome:
    wanted = [r.target for r in wanted_rows("okta", "to_app")]
    rows = to_app(snapshot, "user")
    rows = rows[rows["target"].str.removeprefix("name.").isin(wanted) & rows["flow"].eq("DONT_PUSH")]
    if rows.empty:
        return Outcome(Status.PASS, "No mapped name is sent on create only.")
    table = pending(snapshot)
    hit = keys(table[table["need"] == "update"]["person_key"])
    targets = listed(sorted(rows["target"]))
    return Outcome(
        Status.FAIL,
        f"{targets} {'is' if len(rows) == 1 else 'are'} applied on create only: later changes of a name never arrive.",
        "Apply mapping on user create and update.",
        (Evidence.of("Rows", rows[["target", "source", "flow"]]),),
        hit,
        (
            Action(
                mapping_screen(snapshot, "to_app"),
                f"For {targets} choose 'Apply mapping on user create and update', save, apply the update to everybody.",
            ),
            push_again(snapshot),
        ),
    )
