"""Groups that should be teams, and who should be in them.

Okta: groups that Group Push pushes. Entra: groups the application is assigned to; direct members only. A group that is
empty by design is a team without members.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.derived import among, derived, fold, looked_up, yes
from scimrunbook.history import last_of, settled_before
from scimrunbook.matching import accounts, catalog_known
from scimrunbook.pending import pending
from scimrunbook.scope import direct_members, team_groups
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
    holders = people[yes(people["in_scope"]) & yes(people["exists"])]["person_key"]
    wanted = direct_members(snapshot)
    wanted = wanted[among(wanted["group_key"], groups["group_key"]) & among(wanted["person_key"], holders)]
    owner = accounts(snapshot).dropna(subset=["person_key"]).set_index("account_id")["person_key"]
    team = groups.dropna(subset=["catalog_id"]).drop_duplicates("catalog_id").set_index("catalog_id")["group_key"]
    members = snapshot["team_members"]
    real = pd.DataFrame(
        {"person_key": looked_up(members["account_id"], owner), "group_key": looked_up(members["team_id"], team)}
    )
    # whoever lost the application is dealt with as a person, not team by team
    real = real[real["group_key"].notna() & among(real["person_key"], holders)].drop_duplicates()
    due, held = (t["person_key"] + "\n" + t["group_key"] for t in (wanted, real))
    both = pd.concat(
        [wanted[~among(due, held)].assign(gap="missing"), real[~among(held, due)].assign(gap="left_over")],
        ignore_index=True,
    )[["person_key", "group_key", "gap"]].astype("str")
    both = both.merge(groups[["group_key", "name"]], on="group_key")
    fresh = _fresh_moves(snapshot)
    young = people[people["waiting"]]["person_key"]
    pair = both["person_key"] + "\n" + both["group_key"]
    return both.assign(waiting=among(pair, fresh) | among(both["person_key"], young))[columns]


def _fresh_moves(snapshot: Snapshot) -> pd.Series[Any]:
    """Person and group (joined by a line break) of memberships the log says changed a moment ago."""
    events = snapshot["events"].dropna(subset=["person_key", "group_key", "at"])
    events = events[events["at"] > settled_before(snapshot)]
    return events["person_key"] + "\n" + events["group_key"]
