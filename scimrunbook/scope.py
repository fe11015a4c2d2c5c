"""Who is who at the provider: everybody it knows, who is assigned, who is named in the incident, who is in scope.

The one truth checks and trace share. Unknown is ``<NA>``: whoever was not read is neither assigned nor unassigned.
Sources: Okta Management API (ApplicationUser.status); Microsoft Learn (how provisioning works: direct members only).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scimrunbook.derived import (
    among,
    derived,
    first_of,
    fold,
    looked_up,
    moments,
    numbered,
    places,
    taken,
    ticks,
    yes,
)
from scimrunbook.snapshot import Snapshot

# App-user states in which Okta no longer provisions the person.
ENDED = ("DEPROVISIONED", "UNASSIGNED", "REVOKED")


def what(snapshot: Snapshot, name: str) -> str:
    """``users`` → ``okta.users``: the name of the coverage row for this provider."""
    return f"{snapshot.provider}.{name}"


def log_of(snapshot: Snapshot) -> str:
    """The provider's log in the words of ``coverage``."""
    return "okta.system_log" if snapshot.provider == "okta" else "entra.provisioning_log"


@derived
def everybody(snapshot: Snapshot) -> pd.DataFrame:
    """One row per person any provider table knows: columns of ``people`` plus ``in_directory``, ordered by key.

    People who stand only in assignments, app accounts or the log are added with what is known of them. Where the
    directory was read whole, they are gone from it and hence inactive; else their state is not known.
    """
    people = snapshot["people"].dropna(subset=["person_key"]).drop_duplicates("person_key", keep="last")
    parts = [people.assign(in_directory=True)]
    accounts = snapshot["app_accounts"].rename(columns={"user_name": "login"})
    parts.append(accounts[["person_key", "login", "email", "given_name", "family_name"]])
    direct = snapshot["assignments"]
    direct = direct[(direct["target_type"] == "user") & (direct["how"] == "assigned")]
    parts.append(direct[["target_key"]].rename(columns={"target_key": "person_key"}))
    events = snapshot["events"]
    events = events.loc[events["object_type"] == "user", ["person_key", "name", "at"]].dropna(subset=["person_key"])
    events = events[~among(events["person_key"], people["person_key"])].sort_values("at", kind="stable")
    events = events.drop_duplicates("person_key", keep="last")
    parts.append(events[["person_key", "name"]].rename(columns={"name": "login"}))
    parts.append(_strangers(snapshot, pd.concat(parts, ignore_index=True)))
    parts = [parts[0], *(p for p in parts[1:] if len(p))]  # a column in several pieces is put together at every use
    every = pd.concat(parts, ignore_index=True)
    if len(parts) > 1:
        every = every.dropna(subset=["person_key"]).drop_duplicates("person_key", keep="first")
    every = every.astype({**dict(people.dtypes.items()), "in_directory": "boolean"})
    every = every.assign(in_directory=yes(every["in_directory"]))
    if snapshot.whole(what(snapshot, "users")):
        every["active"] = every["active"].mask(~every["in_directory"], False)
    return every.sort_values("person_key", kind="stable", ignore_index=True)


def aliases(snapshot: Snapshot) -> pd.DataFrame:
    """Further addresses of people: ``person_key``, ``alias`` (case-folded)."""
    some = snapshot["people"].dropna(subset=["other_emails", "person_key"])[["person_key", "other_emails"]]
    rows = [
        (key, address)
        for key, text in zip(some["person_key"], some["other_emails"], strict=True)
        for address in _addresses(text)
    ]
    frame = pd.DataFrame({"person_key": [k for k, _ in rows], "alias": [a for _, a in rows]}, dtype="str")
    return frame.assign(alias=fold(frame["alias"])) if len(frame) else frame


def _addresses(text: str) -> list[str]:
    try:
        values = json.loads(text)
    except ValueError:
        return [text]
    return [v for v in values if isinstance(v, str) and v] if isinstance(values, list) else []


def _keys_of(snapshot: Snapshot, people: pd.DataFrame) -> pd.Series[Any]:
    """Case-folded name of any kind → person key; e-mail and login before aliases."""
    other = aliases(snapshot)
    pairs = [(fold(people[c]), people["person_key"]) for c in ("email", "login", "person_key") if c in people]
    pairs.append((other["alias"], other["person_key"]))
    names = pd.concat([n for n, _ in pairs], ignore_index=True)
    keys = pd.concat([k for _, k in pairs], ignore_index=True)
    table = pd.Series(keys.to_numpy(), index=names, dtype="str")
    table = table[table.index.notna()]
    return table[~table.index.duplicated()]


def _strangers(snapshot: Snapshot, known: pd.DataFrame) -> pd.DataFrame:
    """People named in the incident whom no table knows; their key is the case-folded address."""
    asked = fold(pd.Series(snapshot.incident.people, dtype="str")).drop_duplicates()
    if asked.empty:
        return pd.DataFrame({"person_key": asked, "login": asked, "email": asked}, dtype="str")
    asked = asked[~among(asked, _keys_of(snapshot, known).index)]
    return pd.DataFrame({"person_key": asked, "login": asked, "email": asked}, dtype="str")


@derived
def named(snapshot: Snapshot) -> pd.DataFrame:
    """The people the incident names, in its order: ``asked`` (as written), ``person_key``."""
    asked = pd.Series(snapshot.incident.people, dtype="str")
    if asked.empty:
        return pd.DataFrame({"asked": asked, "person_key": asked})
    keys = looked_up(fold(asked), _keys_of(snapshot, everybody(snapshot)))
    return pd.DataFrame({"asked": asked, "person_key": keys}).dropna().drop_duplicates("person_key")


@derived
def assigned_groups(snapshot: Snapshot) -> pd.DataFrame:
    """Groups the app is assigned to: ``group_key``, ``name`` (key where the name is not known)."""
    return _groups(snapshot, "assigned")


@derived
def team_groups(snapshot: Snapshot) -> pd.DataFrame:
    """Groups that should be teams (Okta: pushed, Entra: assigned), with ``status``, ``error``, ``team_id``."""
    return _groups(snapshot, "pushed" if snapshot.provider == "okta" else "assigned")


def _groups(snapshot: Snapshot, how: str) -> pd.DataFrame:
    table = snapshot["assignments"]
    table = table[(table["target_type"] == "group") & (table["how"] == how)].dropna(subset=["target_key"])
    table = table.drop_duplicates("target_key", keep="last").rename(columns={"target_key": "group_key"})
    groups = snapshot["groups"].dropna(subset=["group_key"]).drop_duplicates("group_key", keep="last")
    names = looked_up(table["group_key"], groups.set_index("group_key")["name"])
    return table.assign(name=names.fillna(table["group_key"])).reset_index(drop=True)[
        ["group_key", "name", "status", "error", "team_id", "at"]
    ]


@dataclass(frozen=True, slots=True)
class Members:
    """Who stands in which group, each pair once and in the table's order: ``group[i]`` is the number of a key of
    ``groups``, ``person[i]`` of one of ``people``. Numbers, since there are twenty memberships to a person."""

    group: np.ndarray[Any, np.dtype[np.int32]]
    person: np.ndarray[Any, np.dtype[np.int32]]
    groups: pd.Series[Any]
    people: pd.Series[Any]


@derived
def members(snapshot: Snapshot) -> Members:
    """The people who stand in a group themselves."""
    table = snapshot["memberships"]
    group, groups = numbered(table["group_key"])
    person, people = numbered(table["member_key"])
    kept = (group >= 0) & (person >= 0) & (table["member_type"] != "group").to_numpy(bool)
    if not kept.all():
        group, person = group[kept], person[kept]
    pair = person.astype("int64") * len(groups) + group
    ordered = np.sort(pair)  # half the memory of a hash of all pairs, which is needed only where one stands twice
    if (ordered[1:] == ordered[:-1]).any():
        first = ~pd.Series(pair).duplicated().to_numpy()
        group, person = group[first], person[first]
    return Members(group, person, pd.Series(groups), pd.Series(people))


@derived
def direct_members(snapshot: Snapshot) -> pd.DataFrame:
    """``group_key``, ``person_key``: ``members`` as texts; only for whoever needs few of them, or for one person."""
    every = members(snapshot)
    return pd.DataFrame(
        {"group_key": every.groups.take(every.group).array, "person_key": every.people.take(every.person).array}
    )


@derived
def assignments_known(snapshot: Snapshot) -> bool:
    """Whether who is not listed as assigned is really not assigned."""
    if snapshot.provider == "okta":
        return snapshot.whole("okta.app_users")  # groups alone do not show who is assigned one by one
    return snapshot.whole("entra.assignments") and _members_known(snapshot)


def _members_known(snapshot: Snapshot) -> bool:
    if assigned_groups(snapshot).empty:
        return True
    name = what(snapshot, "members")
    return snapshot.whole(name)


@derived
def assigned(snapshot: Snapshot) -> pd.DataFrame:
    """One row per assigned person: ``person_key``, ``direct``, ``group_key`` (first by name), ``at`` (latest known)."""
    table = snapshot["assignments"]
    direct = table[(table["target_type"] == "user") & (table["how"] == "assigned") & ~table["status"].isin(ENDED)]
    parts = [direct[["target_key", "at"]].rename(columns={"target_key": "person_key"}).assign(direct=True)]
    accounts = snapshot["app_accounts"]
    accounts = accounts[~accounts["status"].isin(ENDED)]
    parts.append(
        accounts[["person_key", "created_at"]]
        .rename(columns={"created_at": "at"})
        .assign(direct=accounts["scope"].ne("GROUP"))
    )
    parts.append(_by_group(snapshot).assign(direct=False))
    every = pd.concat([p for p in parts if len(p)] or parts, ignore_index=True).dropna(subset=["person_key"])
    if "group_key" not in every:  # nobody by a group
        every = every.assign(group_key=pd.Series(pd.NA, index=every.index, dtype="str"))
    if every.empty:
        return every[["person_key", "direct", "group_key", "at"]]
    code, people = numbered(every["person_key"])
    one = np.zeros(len(people), bool)
    one[code[every["direct"].to_numpy(bool)]] = True
    group = first_of(code, every["group_key"].notna().to_numpy(), len(people))
    latest = np.full(len(people), np.iinfo("int64").min)
    np.maximum.at(latest, code, ticks(every["at"]))
    found = {
        "person_key": pd.Series(people),
        "direct": one,
        "group_key": taken(every["group_key"], group, pd.RangeIndex(len(people))),
        "at": moments(latest),
    }
    return pd.DataFrame(found).sort_values("person_key", kind="stable").reset_index(drop=True)


def _by_group(snapshot: Snapshot) -> pd.DataFrame:
    """Members of assigned groups, each once: ``person_key``, ``group_key`` (the first by name), ``at`` (the latest)."""
    # in the order of the groups' names, so that the first is the same whatever the order of the memberships
    groups = assigned_groups(snapshot).sort_values("name", kind="stable").reset_index(drop=True)
    every = members(snapshot)
    place = places(every.groups, groups["group_key"])[every.group]
    person, place = every.person[place >= 0], place[place >= 0]
    first = np.full(len(every.people), len(groups))
    np.minimum.at(first, person, place)
    latest = np.full(len(every.people), np.iinfo("int64").min)
    np.maximum.at(latest, person, ticks(groups["at"])[place])
    there = np.flatnonzero(first < len(groups))
    return pd.DataFrame(
        {
            "person_key": every.people.take(there).array,
            "group_key": groups["group_key"].take(first[there]).array,
            "at": moments(latest[there]).array,
        }
    )


@derived
def scope(snapshot: Snapshot) -> pd.DataFrame:
    """Everybody with ``assigned``, ``in_scope`` (nullable), ``direct``, ``group_key``, ``assigned_at``, ``named``.

    In scope is who is assigned and active. That a scoping filter keeps somebody out is told by the log, see history.
    """
    every = everybody(snapshot)
    who = assigned(snapshot)
    place = places(every["person_key"], who["person_key"])
    listed = pd.Series(place >= 0, index=every.index)
    held = {c: taken(who[c], place, every.index) for c in ("direct", "group_key", "at")}
    flag = pd.Series(listed, dtype="boolean")
    if not assignments_known(snapshot):
        flag = flag.mask(~listed)
    return every.assign(
        assigned=flag,
        in_scope=flag & every["active"],
        direct=yes(held["direct"]),
        group_key=held["group_key"],
        assigned_at=held["at"],
        named=among(every["person_key"], named(snapshot)["person_key"]),
    )
