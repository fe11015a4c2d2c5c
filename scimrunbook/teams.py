"""Groups that should be teams, and who should be in them.

Okta: groups that Group Push pushes. Entra: groups the application is assigned to; direct members only. A group that is
empty by design is a team without members.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scimrunbook.derived import among, derived, fold, looked_up, places, yes
from scimrunbook.history import last_of, settled_before
from scimrunbook.matching import accounts, catalog_known
from scimrunbook.pending import pending
from scimrunbook.scope import members, team_groups
from scimrunbook.snapshot import Snapshot


def teams_known(snapshot: Snapshot) -> bool:
    return snapshot.whole("catalog.groups")


def members_known(snapshot: Snapshot) -> bool:
    """Whether the list of teams came with members (a list without any, where some are wanted, tells nothing).

    Members are accounts: whose they are is known only where the list of accounts is whole.
    """
    return teams_known(snapshot) and catalog_known(snapshot) and not snapshot["team_members"].empty


@derived
def wanted_teams(snapshot: Snapshot) -> pd.DataFrame:
    """One row per group that should be a team: ``group_key``, ``name``, ``status``, ``error``, ``catalog_id``,
    ``exists`` (nullable), ``waiting``."""
    groups = team_groups(snapshot)
    key = groups["group_key"]
    waiting = (groups["at"] > settled_before(snapshot)).fillna(False).astype(bool)
    if teams_known(snapshot):
        found = _catalog_id(snapshot, groups)
        return groups.assign(catalog_id=found, exists=found.notna().astype("boolean"), waiting=waiting)
    last = last_of(snapshot)
    state = looked_up(key, last["state"]) if len(last) else pd.Series(index=groups.index, dtype="str")
    seen = looked_up(key, last["ok_at"]).notna() if len(last) else pd.Series(False, index=groups.index)
    exists = pd.Series(pd.NA, index=groups.index, dtype="boolean")
    exists = exists.mask(groups["team_id"].notna() | seen, True).mask(state == "gone", False)
    return groups.assign(catalog_id=groups["team_id"], exists=exists, waiting=waiting)


def _catalog_id(snapshot: Snapshot, groups: pd.DataFrame) -> pd.Series[Any]:
    teams = snapshot["teams"].dropna(subset=["team_id"]).drop_duplicates("team_id", keep="last")
    own = pd.Series(teams["team_id"].to_numpy(), index=pd.Index(teams["team_id"], dtype="str"), dtype="str")
    outer = teams.dropna(subset=["external_id"]).drop_duplicates("external_id")
    outer_ids = pd.Series(outer["team_id"].to_numpy(), index=pd.Index(outer["external_id"], dtype="str"), dtype="str")
    named = teams.assign(folded=fold(teams["name"])).dropna(subset=["folded"]).drop_duplicates("folded")
    names = pd.Series(named["team_id"].to_numpy(), index=pd.Index(named["folded"], dtype="str"), dtype="str")
    found = looked_up(groups["team_id"], own)
    found = found.fillna(looked_up(groups["group_key"], outer_ids))
    return found.fillna(looked_up(fold(groups["name"]), names))


@derived
def team_gaps(snapshot: Snapshot) -> pd.DataFrame:
    """Who should be in a team and is not, or the reverse: one row per person and group, with ``gap`` and ``waiting``.

    ``gap``: missing | left_over. Only of teams that exist, of people with an account; accounts nobody knows are left
    out.
    """
    columns = ["person_key", "group_key", "name", "gap", "waiting"]
    if not members_known(snapshot):
        return pd.DataFrame({c: pd.Series(dtype="bool" if c == "waiting" else "str") for c in columns})
    groups = wanted_teams(snapshot)
    groups = groups[yes(groups["exists"])]
    people = pending(snapshot)
    # whoever lost the application is dealt with as a person, not team by team
    holder = (yes(people["in_scope"]) & yes(people["exists"])).to_numpy()
    due, held = (
        (person.astype("int64") * len(groups) + group)[(group >= 0) & np.append(holder, False)[person]]
        for person, group in (_due(snapshot, people, groups), _held(snapshot, people, groups))
    )
    held = pd.unique(held)
    missing, left = due[~_in(due, held)], held[~_in(held, due)]
    person, group = np.divmod(np.concatenate([missing, left]), max(len(groups), 1))
    both = pd.DataFrame(
        {
            "person_key": people["person_key"].take(person).array,
            "group_key": groups["group_key"].take(group).array,
            "name": groups["name"].take(group).array,
            "gap": pd.array(["missing", "left_over"], dtype="str").take(np.repeat([0, 1], [len(missing), len(left)])),
        }
    )
    pair = both["person_key"] + "\n" + both["group_key"]
    return both.assign(waiting=among(pair, _fresh_moves(snapshot)) | people["waiting"].to_numpy(bool)[person])[columns]


# Rows of ``people`` and of ``groups``, side by side; -1 where it is none of them.
_Pairs = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def _due(snapshot: Snapshot, people: pd.DataFrame, groups: pd.DataFrame) -> _Pairs:
    """Who is a direct member of which group."""
    every = members(snapshot)
    group = places(every.groups, groups["group_key"])[every.group]
    some = group >= 0
    return places(every.people, people["person_key"])[every.person[some]], group[some]


def _held(snapshot: Snapshot, people: pd.DataFrame, groups: pd.DataFrame) -> _Pairs:
    """Who is in which group's team."""
    rows, own = snapshot["team_members"], accounts(snapshot)
    account = places(rows["account_id"], own["account_id"])
    owner = np.append(places(own["person_key"], people["person_key"]), -1)
    return owner[account], places(rows["team_id"], groups["catalog_id"])


def _in(numbers: np.ndarray[Any, Any], others: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return pd.Series(numbers).isin(others).to_numpy()


def _fresh_moves(snapshot: Snapshot) -> pd.Series[Any]:
    """Person and group (joined by a line break) of memberships the log says changed a moment ago."""
    events = snapshot["events"].dropna(subset=["person_key", "group_key", "at"])
    events = events[events["at"] > settled_before(snapshot)]
    return events["person_key"] + "\n" + events["group_key"]
