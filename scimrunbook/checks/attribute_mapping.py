"""04 Attribute mapping: each attribute Catalog needs comes from the right place, and the source holds a value."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.checks import check
from scimrunbook.checks._mapping import by_target, compared, mapping_screen, normal, wanted_rows
from scimrunbook.checks._words import (
    count,
    keys,
    listed,
    people,
    people_screen,
    provider,
    push_again,
    screen,
    table_of,
    who,
)
from scimrunbook.derived import fold, yes
from scimrunbook.findings import Action, Cause, Evidence, Outcome, Reach, Status
from scimrunbook.history import open_failures
from scimrunbook.matching import accounts
from scimrunbook.pending import mapped_plainly, pending, to_app
from scimrunbook.scope import scope
from scimrunbook.snapshot import Snapshot

S = "attribute_mapping"
MAP = (Cause.ATTRIBUTE_MAPPING,)
BROKEN = (
    "connection.app_is_active",
    "connection.provisioning_is_on",
    "base_url.matches_the_region",
    "token.did_not_change",
    "token.is_accepted",
    "connection.not_quarantined",
)
OKTA = {"okta": (("okta.mappings",),)}
SCHEMA = {"entra": (("entra.schema",),)}


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
    name = fold(table["user_name"])
    fine = (name == fold(table["email"])) | (name == fold(table["login"])) | table["email"].isna()
    template = snapshot.facts.app.username_template
    told = f" (format {template})" if template else ""
    hit = keys(table[~fine]["person_key"])
    if not hit:
        return Outcome(Status.PASS, f"All {people(len(table))} have their e-mail or login as username{told}.")
    return Outcome(
        Status.FAIL,
        f"The application username of {people(len(hit))} is neither their e-mail nor their login{told}: "
        f"{who(snapshot, hit)}.",
        "The application username is the e-mail address.",
        (table_of(snapshot, "Usernames", hit, username=table.set_index("person_key")["user_name"]),),
        hit,
        (
            Action(
                screen(snapshot, "Sign On", "Edit"),
                "Set Application username format to Email (or Okta username, if it is the e-mail), choose Update now.",
                "Catalog looks people up by this name: another one makes a second account.",
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


@check(
    "mapping.entra_users_kept",
    "userName, active and the two names are mapped as documented",
    section=S,
    providers=("entra",),
    source="Coalesce set-up guide for Microsoft Entra ID",
    needs=SCHEMA,
    causes=MAP,
    reach=Reach.TENANT,
)
def entra_users_kept(snapshot: Snapshot) -> Outcome:
    wanted = [r for r in wanted_rows("entra", "to_app", "user") if r.target != "externalId"]
    return compared(snapshot, wanted, "to_app", extras=False)


@check(
    "mapping.entra_external_id",
    "externalId comes from objectId (not mailNickname)",
    section=S,
    providers=("entra",),
    source="Coalesce set-up guide for Microsoft Entra ID",
    needs={"entra": (("entra.schema",), ("catalog.users", "entra.users"))},
    causes=MAP,
    reach=Reach.TENANT,
)
def entra_external_id(snapshot: Snapshot) -> Outcome:
    table = scope(snapshot)
    hit = keys(table[yes(table["in_scope"])]["person_key"])
    mend = (
        Action(
            mapping_screen(snapshot, "to_app"),
            "Edit the row externalId: source attribute objectId, save. Saving restarts provisioning.",
            "objectId never changes and is never given to somebody else; a mail nickname is.",
        ),
        Action(screen(snapshot, "Provisioning", "Overview"), "Look again after the initial cycle that follows."),
    )
    rows = to_app(snapshot, "user")
    if len(rows):
        source = by_target(rows).get("externalId")
        if source is None:
            return Outcome(
                Status.FAIL,
                "externalId is not mapped at all.",
                "externalId from objectId.",
                (),
                hit,
                (
                    Action(mapping_screen(snapshot, "to_app"), "Add a row: target externalId, source objectId."),
                    *mend[1:],
                ),
            )
        if normal(source) == "objectid":
            return Outcome(Status.PASS, "externalId comes from objectId.")
        shown = rows[rows["target"] == "externalId"][["target", "source", "flow", "matching_priority"]]
        return Outcome(
            Status.FAIL,
            f"externalId comes from {normal(source, keep_case=True)}, not from objectId; that concerns all "
            f"{people(len(hit))} in scope.",
            "externalId from objectId.",
            (Evidence.of("The row", shown),),
            hit,
            mend,
        )
    return _external_ids_seen(snapshot, mend)


def _external_ids_seen(snapshot: Snapshot, mend: tuple[Action, ...]) -> Outcome:
    """Without the schema the values in Catalog tell."""
    table = accounts(snapshot)
    table = table[table["external_id"].notna() & table["person_key"].notna()]
    if table.empty:
        return Outcome(Status.SKIPPED, "No account carries an externalId that could be compared.")
    wrong = table[table["external_id"] != table["person_key"]]
    if wrong.empty:
        return Outcome(Status.PASS, f"The externalId of all {count(len(table), 'account')} is the person's object id.")
    hit = keys(wrong["person_key"])
    return Outcome(
        Status.FAIL,
        f"{count(len(wrong), 'account carries', 'accounts carry')} another externalId than the object id: "
        f"{who(snapshot, hit)}.",
        "externalId is the object id.",
        (Evidence.of("Accounts", wrong[["user_name", "external_id", "person_key"]]),),
        hit,
        mend,
        reach=Reach.TENANT if len(wrong) * 2 > len(table) else Reach.PEOPLE,
    )


@check(
    "mapping.entra_no_extras",
    "Every other user attribute has been deleted",
    section=S,
    providers=("entra",),
    source="Coalesce set-up guide for Microsoft Entra ID",
    needs=SCHEMA,
    causes=MAP,
    reach=Reach.TENANT,
)
def entra_no_extras(snapshot: Snapshot) -> Outcome:
    rows = to_app(snapshot, "user")
    kept = {r.target for r in wanted_rows("entra", "to_app", "user")}
    extra = rows[~rows["target"].isin(kept)]
    if extra.empty:
        return Outcome(Status.PASS, "Only the documented attributes are mapped.")
    names = sorted(extra["target"].dropna())
    failures = open_failures(snapshot)
    refused = failures[failures["reason"].fillna("").map(lambda text: any(n in text for n in names)).astype(bool)]
    hit = keys(refused["person_key"])
    return Outcome(
        Status.FAIL if hit else Status.WARN,
        f"{count(len(names), 'attribute is', 'attributes are')} mapped that Catalog does not need: "
        f"{listed(names[:5], len(names))}." + (f" Catalog refuses them for {people(len(hit))}." if hit else ""),
        "Only userName, active, name.givenName, name.familyName and externalId.",
        (Evidence.of("Rows to delete", extra[["target", "source"]]),),
        hit,
        (Action(mapping_screen(snapshot, "to_app"), f"Delete {listed(names[:8], len(names))}, save."),),
    )


@check(
    "mapping.entra_groups",
    "The group mapping is displayName, externalId, members, and is enabled",
    section=S,
    providers=("entra",),
    source="Coalesce set-up guide for Microsoft Entra ID",
    needs=SCHEMA,
    causes=MAP,
    reach=Reach.TENANT,
)
def entra_groups(snapshot: Snapshot) -> Outcome:
    flows = [m for m in snapshot.facts.app.object_mappings if m.get("object") == "group"]
    if any(m.get("enabled") is False for m in flows):
        return Outcome(
            Status.FAIL,
            "The mapping of groups is switched off: no group becomes a team.",
            "Enabled: Yes.",
            actions=(Action(mapping_screen(snapshot, "to_app", "group"), "Set Enabled to Yes, save."),),
        )
    if to_app(snapshot, "group").empty and not flows:
        return Outcome(Status.SKIPPED, "The schema that was read holds no mapping of groups.")
    return compared(snapshot, wanted_rows("entra", "to_app", "group"), "to_app", kind="group", extras=False)


@check(
    "mapping.entra_matching_attribute",
    "The matching attribute exists for everyone and is unique",
    section=S,
    providers=("entra",),
    source="Microsoft Learn: customize application attributes",
    needs={"entra": (("entra.schema", "entra.users"),)},
    causes=MAP,
)
def entra_matching_attribute(snapshot: Snapshot) -> Outcome:
    rows = to_app(snapshot, "user")
    first = rows[rows["matching_priority"].fillna(0) > 0].sort_values("matching_priority", kind="stable")
    where = mapping_screen(snapshot, "to_app")
    if first.empty:
        return Outcome(
            Status.FAIL,
            "No row of the user mapping is used to match people.",
            "userName matches, precedence 1.",
            actions=(Action(where, "Edit the row userName: Match objects using this attribute: Yes, precedence 1."),),
            reach=Reach.TENANT,
        )
    source = normal(first["source"].iloc[0])
    column = {"userprincipalname": "login", "mail": "email", "objectid": "person_key", "mailnickname": "mail_nickname"}
    if source not in column:
        return Outcome(Status.SKIPPED, f"People are matched by {first['target'].iloc[0]}; its values were not read.")
    table = scope(snapshot)
    table = table[yes(table["in_scope"]) & table["in_directory"]]
    value = fold(table[column[source]])
    hit = keys(table[value.isna() | (value.duplicated(keep=False) & value.notna())]["person_key"])
    if not hit:
        return Outcome(Status.PASS, f"{first['target'].iloc[0]} ({source}) is there and unique for everyone in scope.")
    return Outcome(
        Status.FAIL,
        f"{people(len(hit))} in scope {'has' if len(hit) == 1 else 'have'} no {source}, or share one: "
        f"{who(snapshot, hit)}.",
        "One value per person.",
        (table_of(snapshot, "People who cannot be matched", hit, value=table.set_index("person_key")[column[source]]),),
        hit,
        (Action(people_screen(snapshot, "the person", "Properties"), f"Fill {source}, one value per person."),),
    )


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
    table = table[yes(table["in_scope"]) & table["in_directory"]]
    if table.empty:
        return Outcome(Status.SKIPPED, "Nobody of the directory that was read is known to be in scope.")
    empty = pd.Series(False, index=table.index)
    labels = {"okta": ("First name", "Last name"), "entra": ("First name", "Last name")}[snapshot.provider]
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
                f"Fill {labels[0]} and {labels[1]} (where HR is the source: there), save.",
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
    stale = table[(table["need"] == "update") & ~table["waiting"]]
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
