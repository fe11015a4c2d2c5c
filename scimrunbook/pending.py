"""What Catalog still lacks, person by person: to create, to update, to deactivate, or nothing.

Judged from Catalog's own list where it was read; else from what the provider remembers (Okta app users: an external id
is proof of an account) and from what its log says was accepted last. What neither tells is unknown, never missing.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.derived import among, derived, fold, latest, looked_up, no, places, rows_at, trimmed, worded, yes
from scimrunbook.history import SETTLED_SKIPS, last_of, log_span, settled_before
from scimrunbook.jobs import own_jobs
from scimrunbook.matching import account_of, accounts, catalog_known
from scimrunbook.scope import ENDED, scope
from scimrunbook.snapshot import Snapshot

# Expressions that give the plain name, as the two providers print them.
PLAIN_SOURCES = {
    "givenName": ("user.firstname", "firstname", "[givenname]", "givenname"),
    "familyName": ("user.lastname", "lastname", "[surname]", "surname", "familyname"),
}


@derived
def presence(snapshot: Snapshot) -> pd.DataFrame:
    """Everybody's account as far as it is known.

    Columns of ``scope`` plus ``exists``, ``on`` (nullable: active), ``managed``, ``has_given``, ``has_family``,
    ``has_user_name``, ``copies``, ``proof`` (catalog | app_users | log) and ``account_id``.
    """
    people = scope(snapshot).reset_index(drop=True)
    key = people["person_key"]
    if catalog_known(snapshot):
        mine = account_of(snapshot)
        place = places(key, mine.index)
        exists = pd.Series(place >= 0, dtype="boolean")
        kinds = {"active": "boolean", "managed": "boolean", "copies": "Int64"}
        texts = ["given_name", "family_name", "user_name", "account_id"]
        own = rows_at(mine[[*kinds, *texts]].astype(kinds), place, key.index)
        frame = people.assign(
            exists=exists,
            on=own["active"].where(exists, False),
            managed=yes(own["managed"]),
            has_given=own["given_name"],
            has_family=own["family_name"],
            has_user_name=own["user_name"],
            copies=own["copies"].fillna(0).astype("int64"),
            account_id=own["account_id"],
            proof="catalog",
        )
        return frame.assign(named_where_known=True)
    app = snapshot["app_accounts"].dropna(subset=["person_key"]).drop_duplicates("person_key", keep="last")
    app = app.set_index("person_key")
    exists, on = _from_provider(snapshot, people, looked_up(key, last_of(snapshot)["state"]), app)
    return people.assign(
        exists=exists,
        on=on,
        managed=yes(exists),
        has_given=looked_up(key, app["given_name"]),
        has_family=looked_up(key, app["family_name"]),
        has_user_name=looked_up(key, app["user_name"]),
        copies=0,
        account_id=looked_up(key, app["external_id"]),
        proof="app_users" if len(app) else "log",
        named_where_known=among(key, app.index),
    )


def _from_provider(
    snapshot: Snapshot, people: pd.DataFrame, state: pd.Series[Any], app: pd.DataFrame
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """``exists`` and ``on`` without Catalog's list: app users first, then what was accepted last, else unknown."""
    key = people["person_key"]
    exists = pd.Series(pd.NA, index=people.index, dtype="boolean")
    on = exists.copy()
    exists = exists.mask(state.isin(("on", "off")), True).mask(state == "gone", False)
    on = on.mask(state == "on", True).mask(state.isin(("off", "gone")), False)
    live = among(key, app.index[~app["status"].isin(ENDED)])
    linked = looked_up(key, app["external_id"]).notna()
    exists = exists.mask(live & linked, True).mask(live & ~linked, False)
    on = on.mask(live & linked & on.isna(), True).mask(live & ~linked, False)
    failed = _never_succeeded(snapshot, key)
    exists, on = exists.mask(exists.isna() & failed, False), on.mask(on.isna() & failed, False)
    fresh = _newer_than_log(snapshot, people) & exists.isna()
    return exists.mask(fresh, False), on.mask(fresh, False)


def _never_succeeded(snapshot: Snapshot, key: pd.Series[Any]) -> pd.Series[Any]:
    """Whose create failed and who never had a success."""
    last = last_of(snapshot)
    never = last.index[last["ok_at"].isna() & last["failed_action"].isin(("create", "lookup", "sync"))]
    return among(key, never)


def _newer_than_log(snapshot: Snapshot, people: pd.DataFrame) -> pd.Series[Any]:
    """Who came after the log begins (an account of theirs would stand in a whole log) or after the last cycle."""
    born = latest(people["created_at"], people["assigned_at"])
    span, jobs = log_span(snapshot), own_jobs(snapshot)
    starts = [span.first] if span.first is not None and span.whole else []
    if snapshot.provider == "entra" and len(jobs):
        failed = jobs["state"].eq("Quarantine") | jobs["last_state"].eq("Failed")
        ran = jobs["last_began_at"].where(~failed, jobs["last_success_at"])
        starts += [ran.max()] if ran.notna().all() else []
    return (born > min(starts)).fillna(False).astype(bool) if starts else pd.Series(False, index=people.index)


@derived
def pending(snapshot: Snapshot) -> pd.DataFrame:
    """``presence`` plus ``need``, ``since``, ``waiting``, ``differs`` (attributes that differ, text).

    ``need``: create | reactivate | update | deactivate | none | unknown. ``since``: the latest change of the person or
    the assignment that is known. ``waiting``: that change is too young to have arrived.
    """
    frame = presence(snapshot)
    wanted, exists, on = frame["in_scope"], frame["exists"], frame["on"]
    differs = _differs(snapshot, frame)
    due, gone, there, off = yes(wanted), no(wanted), yes(exists), no(on)
    lacking = due & no(exists)
    skipped = _kept_out(snapshot, frame["person_key"])
    need = worded(
        frame.index,
        "unknown",
        (due & there & ~off, "none"),
        (due & there & ~off & differs.notna(), "update"),
        (due & there & off, "reactivate"),
        (lacking, "create"),
        (skipped.notna() & (lacking | (due & there & (off | differs.notna()))), "scope"),
        (gone & (no(exists) | off | (there & yes(on))), "none"),
        (gone & there & yes(on) & frame["managed"], "deactivate"),
    )
    frame = frame.assign(unassigned_at=_unassigned_at(snapshot, frame["person_key"]))
    since = latest(*(frame[c] for c in ("created_at", "changed_at", "assigned_at", "unassigned_at")))
    # Entra does not tell when a person was changed: for whoever had an account the time is then unknown
    dated = frame[["changed_at", "unassigned_at"]].notna().any(axis=1) | need.isin(("create", "scope", "none"))
    since = since.where(dated)
    silent = need.eq("create") & _silently_out(snapshot, frame, since)
    need, skipped = need.mask(silent, "scope"), skipped.mask(silent, "scoping filter")
    waiting = need.isin(("create", "reactivate", "update", "deactivate")) & (since > settled_before(snapshot)).fillna(
        False
    )
    return frame.assign(need=need, since=since, waiting=waiting.astype(bool), differs=differs, kept_out=skipped)


@derived
def left_by_hand(snapshot: Snapshot) -> tuple[str, ...]:
    """Keys of leavers with an active account that provisioning did not make, and so never switches off.

    Leavers are deactivated people, and those whom an incident about lingering access names. Somebody active and out of
    scope may have an account made by hand on purpose.
    """
    table = pending(snapshot)
    asked = table["named"] & ("lingering_access" in snapshot.incident.symptoms)
    gone = table[no(table["in_scope"]) & ~table["waiting"] & (no(table["active"]) | asked)]["person_key"]
    manual = accounts(snapshot)
    manual = manual[~manual["managed"] & yes(manual["active"])]
    return tuple(sorted(gone[among(gone, manual["person_key"].dropna())]))


def _differs(snapshot: Snapshot, frame: pd.DataFrame) -> pd.Series[Any]:
    """The attributes in which account and person differ (``givenName, familyName``); missing where none does.

    What is empty at the provider is never sent, so it cannot differ; a row mapped from something else cannot be
    compared.
    """
    said = pd.Series("", index=frame.index, dtype="str")
    pairs = [("givenName", "given_name", "has_given"), ("familyName", "family_name", "has_family")]
    for attribute, wanted, has in pairs:
        if not mapped_plainly(snapshot, attribute):
            continue
        want, have = trimmed(frame[wanted]), trimmed(frame[has]).fillna("")
        sent = frame["named_where_known"] & want.fillna("").ne("")
        said = said.mask(sent & (want.fillna("") != have), said + f", {attribute}")
    said = said.mask((frame["proof"] == "catalog") & user_names(snapshot)["differ"], said + ", userName")
    return said.str.slice(2).mask(said == "")


@derived
def user_names(snapshot: Snapshot) -> pd.DataFrame:
    """Row by row of ``presence``: the userName that is ``sent``, the one the account has (``held``), both case-folded;
    ``differ`` where both are known and not the same."""
    frame = presence(snapshot)
    sent, held = user_name_of(snapshot, frame), fold(frame["has_user_name"])
    differ = sent.notna() & held.notna() & (sent.fillna("") != held.fillna(""))
    return pd.DataFrame({"sent": sent, "held": held, "differ": differ})


def user_name_of(snapshot: Snapshot, people: pd.DataFrame) -> pd.Series[Any]:
    """The userName the provider sends for each person, case-folded; missing where it is not known (guests of Entra)."""
    if snapshot.provider == "okta":
        app = snapshot["app_accounts"].dropna(subset=["person_key"]).drop_duplicates("person_key", keep="last")
        return fold(looked_up(people["person_key"], app.set_index("person_key")["user_name"]))
    rows = to_app(snapshot, "user")
    source = rows[rows["target"] == "userName"]["source"].str.strip("[] ").str.casefold()
    column = {"mail": "email", "userprincipalname": "login"}.get(source.iloc[0] if len(source) else "userprincipalname")
    if column is None:
        return pd.Series(index=people.index, dtype="str")
    plain = ~people["login"].fillna("").str.contains("#EXT#", regex=False, case=False) & (people["kind"] != "guest")
    return fold(people[column]).where(plain)


def to_app(snapshot: Snapshot, kind: str) -> pd.DataFrame:
    """Mapping rows that go to Catalog, of ``user`` or ``group``."""
    rows = snapshot["mappings"]
    return rows[(rows["direction"] == "to_app") & (rows["object"].fillna("user") == kind)]


def mapped_plainly(snapshot: Snapshot, attribute: str) -> bool:
    """Whether ``givenName``/``familyName`` is mapped from the plain name (or nothing is known of the mapping)."""
    rows = to_app(snapshot, "user")
    if rows.empty:
        return True
    target = rows["target"].str.removeprefix("name.")
    source = rows[target == attribute]["source"].str.casefold().str.strip()
    return bool(len(source)) and source.iloc[0] in PLAIN_SOURCES[attribute]


def _unassigned_at(snapshot: Snapshot, key: pd.Series[Any]) -> pd.Series[Any]:
    """When the log says the person was last assigned or unassigned."""
    events = snapshot["events"]
    events = events[events["action"].isin(("assign", "unassign"))].dropna(subset=["person_key", "at"])
    return looked_up(key, events.groupby("person_key")["at"].max())


def _kept_out(snapshot: Snapshot, key: pd.Series[Any]) -> pd.Series[Any]:
    """The skip reason where the log's last word on an assigned person is that scoping keeps them out."""
    events = snapshot["events"]
    events = events[(events["object_type"] == "user") & events["status"].isin(("success", "failure", "skipped"))]
    if not events["skip_reason"].isin(("NotEffectivelyEntitled", "OutOfScope")).any():
        return pd.Series(index=key.index, dtype="str")
    events = events.dropna(subset=["person_key"]).sort_values("at", kind="stable", na_position="first")
    last = events.drop_duplicates("person_key", keep="last").set_index("person_key")
    last = last[(last["status"] == "skipped") & ~last["skip_reason"].isin(SETTLED_SKIPS)]
    last = last[last["skip_reason"].isin(("NotEffectivelyEntitled", "OutOfScope"))]
    return looked_up(key, last["skip_reason"])


def _silently_out(snapshot: Snapshot, frame: pd.DataFrame, since: pd.Series[Any]) -> pd.Series[Any]:
    """Who was there before the job's last good cycle, has no account and no record, while a scoping filter is set.

    Entra says once that a filter keeps somebody out; a log that begins later does not tell it again.
    """
    filtered = any(m.get("scope") for m in snapshot.facts.app.object_mappings if m.get("object") == "user")
    ran = own_jobs(snapshot)["last_success_at"].max()
    if not filtered or pd.isna(ran):
        return pd.Series(False, index=frame.index)
    older: pd.Series[Any] = (since < ran).fillna(False)
    return older & ~among(frame["person_key"], snapshot["events"]["person_key"])
