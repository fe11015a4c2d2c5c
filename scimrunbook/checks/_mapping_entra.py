"""04 Attribute mapping, what is special to Entra. Imported by ``attribute_mapping``."""

from __future__ import annotations

from scimrunbook.checks import check
from scimrunbook.checks._mapping import by_target, compared, mapping_screen, normal, refused_for, wanted_rows
from scimrunbook.checks._words import (
    count,
    keys,
    listed,
    people,
    people_screen,
    screen,
    table_of,
    who,
)
from scimrunbook.derived import fold, shared, yes
from scimrunbook.findings import Action, Cause, Evidence, Outcome, Reach, Status
from scimrunbook.matching import accounts
from scimrunbook.pending import to_app
from scimrunbook.scope import scope
from scimrunbook.snapshot import Snapshot

S = "attribute_mapping"
MAP = (Cause.ATTRIBUTE_MAPPING,)
SCHEMA = {"entra": (("entra.schema",),)}


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
    hit = keys(table["person_key"][yes(table["in_scope"])])
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
    hit = refused_for(snapshot, names)
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
    table = table.loc[yes(table["in_scope"]) & table["in_directory"], list(column.values())]
    value = fold(table[column[source]])
    hit = keys(table["person_key"][value.isna() | shared(value)])
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
