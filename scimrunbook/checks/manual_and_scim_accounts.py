"""07 Manual and SCIM accounts: one account per person, managed by the provider."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.checks import check
from scimrunbook.checks._needs import how_to_get
from scimrunbook.checks._provisioning import BROKEN
from scimrunbook.checks._words import (
    catalog_admin,
    count,
    keys,
    listed,
    people,
    people_screen,
    provider,
    push_again,
    table_of,
    who,
)
from scimrunbook.derived import among, fold, looked_up, shared, yes
from scimrunbook.findings import Action, Cause, Evidence, Manual, Outcome, Status
from scimrunbook.history import open_failures
from scimrunbook.matching import accounts, catalog_known
from scimrunbook.pending import left_by_hand, pending, user_names
from scimrunbook.scope import aliases, scope
from scimrunbook.snapshot import Snapshot

S = "manual_and_scim_accounts"
TWICE = (Cause.DUPLICATE_IDENTITY,)
CATALOG = dict.fromkeys(("okta", "entra"), (("catalog.users",),))
LOG_OR_CATALOG = {
    "okta": (("catalog.users",), ("okta.system_log",)),
    "entra": (("catalog.users",), ("entra.provisioning_log",)),
}
_LIKENESS = " They are taken for the same person by full name and the part before the @; no id says so."
ROLES = ("VIEWER", "CONTRIBUTOR", "ADMIN")  # the highest last


@check(
    "accounts.one_per_person",
    "Nobody has two Catalog accounts",
    section=S,
    source="Coalesce guide: Manual Catalog users versus SCIM",
    needs=LOG_OR_CATALOG,
    causes=TWICE,
)
def one_per_person(snapshot: Snapshot) -> Outcome:
    if not snapshot.read("catalog.users"):
        return _conflicts(snapshot)
    table = accounts(snapshot)
    twice = shared(table["person_key"])
    same = shared(fold(table["user_name"])) | shared(table["external_id"])
    likely, one = _same_human(snapshot, table), _same_person(snapshot)
    # an account is compared with live ones: one that was switched off forks nobody
    on = table["active"].fillna(True).astype(bool)
    human = table["person_key"]
    if len(one) or likely.notna().any():
        human = human.fillna(likely)
        human = looked_up(human, one).fillna(human)
        twice |= shared(human.where(on))
    hit_rows = table[(twice | same) & on]
    owners = human.reindex(hit_rows.index).fillna(hit_rows["account_id"])
    group = owners.where(owners.duplicated(keep=False) | same.reindex(hit_rows.index))
    hit_rows = hit_rows.assign(owner=group).dropna(subset=["owner"]).sort_values(["owner", "managed"], kind="stable")
    if hit_rows.empty and not catalog_known(snapshot):
        return Outcome(
            Status.SKIPPED,
            f"Only {count(len(table), 'account')} of Catalog could be read, none shared or doubled among them.",
            needs=how_to_get(snapshot, "catalog.users"),
        )
    if hit_rows.empty:
        return Outcome(Status.PASS, f"{count(len(table), 'account')}, none shared or doubled.")
    hit = keys(hit_rows["person_key"].fillna(hit_rows["owner"]))
    if bool(hit_rows["managed"].all()) and bool(hit_rows["person_key"].isin(one.index).all()):
        return _recorded_twice(snapshot, hit, hit_rows)
    manual = hit_rows[~hit_rows["managed"]]
    shown = hit_rows.assign(managed=hit_rows["managed"].map({True: "yes", False: "no"}))
    by_likeness = bool((likely.reindex(manual.index).notna() & manual["person_key"].isna()).any())
    stays = f" Made by hand or by a first sign-in: {listed(list(manual['user_name'].fillna('?')[:3]), len(manual))}."
    return Outcome(
        Status.FAIL,
        f"{people(len(hit))} {'has' if len(hit) == 1 else 'have'} more than one active Catalog account: "
        f"{who(snapshot, hit)}.{stays if len(manual) else ''}{_LIKENESS if by_likeness else ''}",
        "One account per person.",
        (
            Evidence.of(
                "Accounts of the same person",
                shown[["owner", "user_name", "account_id", "external_id", "managed", "how", "active", "created_at"]],
            ),
        ),
        hit,
        (
            *(catalog_admin("First ask whether both are the same person: only their names tell so."),) * by_likeness,
            catalog_admin(
                "Move what the account made by hand owns to the one SCIM manages, then deactivate the manual one.",
                "Only the managed one follows the provider.",
            ),
            Action(
                people_screen(snapshot, "the person"),
                "Check that the person signs in with the address that is their username in Catalog, not with an alias.",
                "Otherwise the next sign-in makes the second account again.",
            ),
        ),
    )


def _recorded_twice(snapshot: Snapshot, hit: tuple[str, ...], rows: pd.DataFrame) -> Outcome:
    """Both accounts are the provider's own: there the person stands twice."""
    here = provider(snapshot)
    return Outcome(
        Status.FAIL,
        f"{here} holds {listed(list(rows['user_name'].fillna('?')[:4]), len(rows))}, records that share name and an "
        "address: one human with two Catalog accounts.",
        "One record, and so one account, per person.",
        (table_of(snapshot, "Records of the same human", hit),),
        hit,
        (
            Action(
                people_screen(snapshot),
                "Decide with HR which record stays; take the application, or the access, from the other one.",
                f"{here} deactivates the account of whoever is unassigned.",
            ),
            catalog_admin("First move what the account that goes owns to the one that stays."),
        ),
    )


def _same_person(snapshot: Snapshot) -> pd.Series[Any]:
    """Person key → the first of the records that are one human: active, in scope, same full name, a shared address."""
    table = scope(snapshot)
    table = table.loc[yes(table["in_scope"]), ["person_key", "given_name", "family_name", "email", "login"]]
    name = fold(table["given_name"] + " " + table["family_name"])
    # most names are borne once: only the others can be the same human
    twice = shared(name)
    table, name = table[twice], name[twice]
    other = aliases(snapshot)
    known = pd.concat(
        [
            table[["person_key"]].assign(address=fold(table["email"]), name=name),
            table[["person_key"]].assign(address=fold(table["login"]), name=name),
            other.rename(columns={"alias": "address"}).assign(
                name=looked_up(other["person_key"], pd.Series(name.to_numpy(), index=table["person_key"], dtype="str"))
            ),
        ]
    ).dropna()
    known = known.drop_duplicates().sort_values("person_key", kind="stable")
    first = known.groupby(["address", "name"])["person_key"].transform("first")
    alike = known.assign(first=first)[known.duplicated(["address", "name"], keep=False)]
    ends = alike.groupby("person_key")["first"].min()
    return ends[ends.index.isin(alike["person_key"])].astype("str")


def _same_human(snapshot: Snapshot, table: pd.DataFrame) -> pd.Series[str]:
    """The person key for accounts nobody owns that share name and local part (without plus tag) with an owned one.

    An owned account counts under its own name and under its owner's: a name may not have arrived.
    """
    free = table["person_key"].isna() & table["external_id"].isna()
    if not free.any():
        return pd.Series(index=table.index, dtype="str")
    local = fold(table["user_name"]).str.split("@").str[0].str.split("+").str[0]
    fingerprint = local + "|" + _full_name(table)
    owned = table[table["person_key"].notna()]
    people = scope(snapshot)
    own = local + "|" + looked_up(owned["person_key"], _full_name(people).set_axis(people["person_key"]))
    both = pd.concat([fingerprint.reindex(owned.index), own.reindex(owned.index)])
    pairs = pd.DataFrame({"key": pd.concat([owned["person_key"]] * 2), "as": both}).dropna().drop_duplicates()
    index = pairs.drop_duplicates("as", keep=False).set_index("as")["key"].astype("str")
    return looked_up(fingerprint, index).where(free).astype("str")


def _full_name(table: pd.DataFrame) -> pd.Series[Any]:
    """Given and family name, case-folded; missing where both are empty."""
    name = fold(table["given_name"].fillna("") + " " + table["family_name"].fillna(""))
    return name.where(name.str.len() > 2)


def _conflicts(snapshot: Snapshot) -> Outcome:
    """Without Catalog's list, answers that say an account exists already are the only trace."""
    rows = open_failures(snapshot)
    rows = rows[rows["family"].eq(Cause.DUPLICATE_IDENTITY.value) & rows["object_type"].eq("user")]
    if rows.empty:
        return Outcome(
            Status.SKIPPED,
            f"{provider(snapshot)}'s log shows no conflict; accounts beside SCIM are seen in Catalog's list only.",
            needs=how_to_get(snapshot, "catalog.users"),
        )
    hit = keys(rows["key"])
    return Outcome(
        Status.FAIL,
        f"Catalog answers that an account exists already for {people(len(hit))}: {who(snapshot, hit)}.",
        "One account per person.",
        (Evidence.of("Answers", rows[["at", "name", "reason"]]),),
        hit,
        (
            catalog_admin("Find the account with the same e-mail; align its e-mail, or deactivate it."),
            push_again(snapshot),
        ),
    )


@check(
    "accounts.all_have_a_source",
    "Every Catalog account is managed by the provider, or known to be made by hand",
    section=S,
    source="Coalesce guide: Manual Catalog users versus SCIM",
    needs=CATALOG,
    causes=TWICE,
    blocked_by=("accounts.one_per_person",),
)
def all_have_a_source(snapshot: Snapshot) -> Outcome:
    table = accounts(snapshot)
    manual = table[~table["managed"] & table["active"].fillna(True).astype(bool)]
    scoped = scope(snapshot)
    mine = manual[among(manual["person_key"], scoped["person_key"][yes(scoped["in_scope"])])]
    listing = Evidence.of("Made by hand", manual[["user_name", "how", "created_at"]])
    left = left_by_hand(snapshot)
    if left:
        return _outlives(snapshot, left, listing)
    rest = f" {count(len(manual) - len(mine), 'account')} made by hand: keep them only where somebody still needs them."
    more = rest if len(manual) > len(mine) else ""
    if mine.empty:
        return Outcome(
            Status.PASS,
            f"{count(int(table['managed'].sum()), 'account')} managed.{more}",
            evidence=(listing,) * bool(more),
        )
    hit = keys(mine["person_key"])
    return Outcome(
        Status.WARN,
        f"{people(len(hit))} in scope {'has' if len(hit) == 1 else 'have'} an account the provider has not taken over: "
        f"{who(snapshot, hit)}.{more}",
        "Accounts of people in scope carry the provider's id.",
        (listing,),
        hit,
        (push_again(snapshot), catalog_admin("If it stays so, align the account's e-mail with the provider's.")),
    )


def _outlives(snapshot: Snapshot, left: tuple[str, ...], listing: Evidence) -> Outcome:
    """A leaver's account made by hand: nobody but an admin of Catalog ever switches it off."""
    one = len(left) == 1
    return Outcome(
        Status.FAIL,
        f"{people(len(left))} without a right to Catalog {'has' if one else 'have'} an active account made by hand, "
        f"which {provider(snapshot)} does not manage and so never deactivates: {who(snapshot, left)}.",
        "No leaver has an active account.",
        (listing,),
        left,
        (
            catalog_admin(
                f"Deactivate {'this account' if one else 'these accounts'} by hand.",
                f"{provider(snapshot)} only deactivates accounts it made or took over.",
            ),
        ),
    )


@check(
    "accounts.none_is_stale",
    "No managed account is left over from someone gone",
    section=S,
    source="Coalesce guide: Manual Catalog users versus SCIM",
    needs={"okta": (("catalog.users", "okta.users"),), "entra": (("catalog.users", "entra.users"),)},
    causes=(Cause.SYNC_SCHEDULE,),
    blocked_by=(*BROKEN, "connection.actions_are_enabled"),
)
def none_is_stale(snapshot: Snapshot) -> Outcome:
    table = accounts(snapshot)
    stray = table[table["managed"] & table["person_key"].isna() & table["active"].fillna(False).astype(bool)]
    known = snapshot.whole(f"{snapshot.provider}.users")
    if stray.empty or not known:
        return Outcome(Status.PASS, "Every managed account that is active belongs to somebody of the directory.")
    return Outcome(
        Status.WARN,
        f"{count(len(stray), 'active account carries', 'active accounts carry')} the id of nobody in the directory: "
        f"{listed(list(stray['user_name'].fillna('?')[:3]), len(stray))}.",
        "No active account without a person.",
        (Evidence.of("Left over", stray[["user_name", "external_id", "changed_at"]]),),
        keys(stray["account_id"]),
        (catalog_admin("Deactivate them by hand: the provider no longer knows them and will not."),),
    )


@check(
    "accounts.emails_align",
    "E-mail, userName and provider login agree, so a sign-in does not fork a person",
    section=S,
    source="Coalesce guide: Manual Catalog users versus SCIM",
    needs={"okta": (("catalog.users", "okta.users"),), "entra": (("catalog.users", "entra.users"),)},
    causes=TWICE,
    blocked_by=(*BROKEN, "connection.actions_are_enabled", "mapping.okta_username_format"),
)
def emails_align(snapshot: Snapshot) -> Outcome:
    table = pending(snapshot)
    held = yes(table["in_scope"]) & yes(table["exists"]) & ~table["waiting"] & table["has_user_name"].notna()
    have = table.loc[held, ["person_key", "login", "email", "kind", "has_user_name"]]
    name = user_names(snapshot)["held"][held]
    guest = have["login"].fillna("").str.contains("#EXT#", case=False, regex=False) | have["kind"].eq("guest")
    address = have["email"].fillna(have["login"])
    off = have[~(name.eq(fold(address)) | address.isna() | guest).astype(bool)]
    hit = keys(off["person_key"])
    if not hit:
        return Outcome(Status.PASS, f"The userName of all {count(len(have), 'account')} is the person's e-mail.")
    by_login = bool(fold(off["has_user_name"]).eq(fold(off["login"])).all())
    told = f", but the {'login' if by_login else 'name'} {_told(off)}" if len(off) else ""
    align = (
        Action(
            people_screen(snapshot, "the person", "Properties"),
            "Make user principal name and e-mail the same; or let the single sign-on of Catalog send the user "
            "principal name as e-mail (Single sign-on > Attributes & Claims).",
            "Whoever signs in with another address than the userName gets a second account.",
        )
        if by_login and snapshot.provider == "entra"
        else push_again(snapshot)
    )
    return Outcome(
        Status.WARN,
        f"For {people(len(hit))} the userName in Catalog is not the e-mail address{told}: {who(snapshot, hit)}.",
        "userName, login and e-mail are one address.",
        (table_of(snapshot, "Names", hit, **_names(off)),),
        hit,
        (align, catalog_admin("If it stays so, correct the account's e-mail by hand.")),
    )


def _told(off: pd.DataFrame) -> str:
    """The name itself where there is one; of several each stands in the table."""
    return f"({off['has_user_name'].iloc[0]})" if len(off) == 1 else "of each"


def _names(off: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    table = off.set_index("person_key")
    return {"e_mail": table["email"], "user_name": table["has_user_name"]}


@check(
    "accounts.roles_follow_teams",
    "Roles follow the role mapping; with several teams the highest wins",
    section=S,
    source="Coalesce guide: What's next (roles)",
    causes=(Cause.ASSIGNMENT_SCOPE,),
)
def roles_follow_teams(snapshot: Snapshot) -> Outcome:
    mapping = snapshot.incident.role_mapping
    table = accounts(snapshot)
    if not mapping or table["role"].isna().all() or snapshot["team_members"].empty:
        return Outcome(
            Status.MANUAL,
            "The data does not tell the roles.",
            manual=Manual("Do people have the role their team is mapped to?", "Catalog > Settings > Role mapping"),
            actions=(catalog_admin("Correct the role mapping: with several teams the highest role wins."),),
        )
    rank = {team.casefold(): ROLES.index(role) for role, teams in mapping.items() for team in teams}
    teams = snapshot["teams"].dropna(subset=["team_id"]).drop_duplicates("team_id").set_index("team_id")
    members = snapshot["team_members"]
    ranks = looked_up(members["team_id"], fold(teams["name"])).map(rank)
    wanted = members.assign(rank=ranks).dropna(subset=["rank"]).groupby("account_id")["rank"].max()
    table = table[table["role"].notna() & table["active"].fillna(True).astype(bool)]
    want = table["account_id"].map(wanted)
    have = table["role"].str.upper().map({r: i for i, r in enumerate(ROLES)})
    off = table[want.notna() & have.notna() & (want != have)]
    if off.empty:
        return Outcome(Status.PASS, f"The roles of {count(int(want.notna().sum()), 'account')} follow the mapping.")
    hit = keys(off["person_key"].fillna(off["account_id"]))
    shown = off.assign(expected=want.reindex(off.index).map(lambda i: ROLES[int(i)]))
    return Outcome(
        Status.WARN,
        f"{count(len(off), 'account has', 'accounts have')} another role than the mapping gives: {who(snapshot, hit)}.",
        "The highest role of the person's teams.",
        (Evidence.of("Roles", shown[["user_name", "role", "expected"]]),),
        hit,
        (
            catalog_admin(
                "Compare Settings > Role mapping with the teams; a role given by hand stays until it is changed."
            ),
        ),
    )


from scimrunbook.checks import _removed  # noqa: E402, F401 - registers the section's last check after its own
