"""The way of every group that should be a team, for all at once: where it stops, the proof, the next action.

The hops of a person that make sense for a group: ``directory → assignment → mapping → attempt → delivery → team →
members``. Nobody signs in as a group, and a role is a person's. Column operations only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from scimrunbook.derived import looked_up, yes
from scimrunbook.findings import Finding, Status
from scimrunbook.history import last_of
from scimrunbook.snapshot import Snapshot
from scimrunbook.teams import members_known, team_gaps, wanted_teams
from scimrunbook.trace import BEHIND, PASSED, STOPPED, UNKNOWN, blocks, first_sentence

TEAM_HOPS = ("directory", "assignment", "mapping", "attempt", "delivery", "team", "members")
SETTLED = ("done", "waiting", "not_known")
COLUMNS = ("group_key", "name", "hop", *TEAM_HOPS, "proof", "action")
_PUSH = ("assignments.group_push_is_healthy", "assignments.groups_are_assigned", "mapping.entra_groups")


def team_trace(snapshot: Snapshot, findings: Sequence[Finding]) -> pd.DataFrame:
    """One row per group that is, or is wanted to be, a team; columns ``COLUMNS``, all text, ordered by name.

    ``hop`` is where it stops, or one of ``SETTLED``; ``action`` the id of the finding whose actions mend it.
    """
    broken = [f for f in findings if f.status in (Status.FAIL, Status.WARN)]
    teams = _groups(snapshot, broken)
    key = teams["group_key"]
    stop = pd.DataFrame(False, index=teams.index, columns=list(TEAM_HOPS))
    proof = pd.DataFrame("", index=teams.index, columns=list(TEAM_HOPS)).astype("str")
    action = proof.copy()

    def stopped(hop: str, who: pd.Series[Any], said: Any, finding: str) -> None:
        fresh = who.astype(bool) & ~stop[hop]
        stop[hop] = stop[hop] | fresh
        proof[hop] = proof[hop].mask(fresh, said).astype("str")
        action[hop] = action[hop].mask(fresh, finding).astype("str")

    def owner(*ids: str) -> str:
        return next((i for i in ids if any(f.id == i for f in broken)), "")

    listed = key.isin(snapshot["groups"]["group_key"])
    read = snapshot.whole(f"{snapshot.provider}.groups")
    gone = ~listed & read
    stopped("directory", gone, "no longer among the provider's groups", owner("assignments.groups_are_assigned"))
    how = "pushed" if snapshot.provider == "okta" else "assigned"
    stopped("assignment", ~teams["wanted"], f"the group is not {how}", owner("assignments.groups_are_assigned"))
    mapping = next((f for f in broken if f.id == "mapping.entra_groups" and f.status is Status.FAIL), None)
    if mapping:
        stopped("mapping", teams["wanted"], first_sentence(mapping.actual), mapping.id)
    gaps = team_gaps(snapshot)
    gaps = gaps[~gaps["waiting"]]
    off = key.map(gaps.groupby("group_key").size()).fillna(0).astype(int)
    absent = ~teams["exists"].astype("boolean").fillna(True).astype(bool)
    failing = yes(looked_up(key, last_of(snapshot)["open"].astype("boolean")))
    for block in blocks(findings):
        stopped("attempt", (absent | off.gt(0) | failing) & ~teams["waiting"], first_sentence(block.actual), block.id)
    idle = teams["status"].str.upper().isin(("INACTIVE", "DISABLED"))
    stopped("attempt", idle.fillna(False), "the push of this group is switched off", owner(*_PUSH))
    last = last_of(snapshot)
    reason = looked_up(key, last["reason"]).fillna(looked_up(key, last["error_code"]))
    said = teams["error"].fillna(reason).fillna("failed without a reason")
    delivery = owner("assignments.group_push_is_healthy", "sync.endpoint_keeps_up", "sync.no_failed_operations")
    stopped("delivery", failing | teams["error"].notna(), said, delivery)
    stopped("team", absent & ~teams["waiting"], "no team of that name or id in Catalog", owner(*_PUSH))
    missing = key.map(gaps[gaps["gap"] == "missing"].groupby("group_key").size()).fillna(0).astype(int)
    words = missing.astype("str") + " missing, " + (off - missing).astype("str") + " left over in Catalog's team"
    stopped("members", off > 0, words, owner(*_PUSH, "mapping.values_arrive"))

    known = pd.DataFrame(True, index=teams.index, columns=list(TEAM_HOPS))
    known["directory"] = listed | read
    known["mapping"] = snapshot.provider == "okta" or len(snapshot["mappings"]) > 0
    tried = looked_up(key, last[["ok_at", "failed_at"]].max(axis=1)).notna()
    there = yes(teams["exists"])
    known["attempt"] = tried | there
    known["delivery"] = looked_up(key, last["ok_at"]).notna() | failing | there
    known["team"] = teams["exists"].notna()
    known["members"] = members_known(snapshot) & there
    return _table(teams, stop, known, proof, action)


def _groups(snapshot: Snapshot, broken: Sequence[Finding]) -> pd.DataFrame:
    """Groups that are pushed or assigned, and those a finding misses among them."""
    teams = wanted_teams(snapshot).assign(wanted=True)
    missed = {k for f in broken if f.id == "assignments.groups_are_assigned" for k in f.affected}
    groups = snapshot["groups"].drop_duplicates("group_key", keep="last")
    more = groups[groups["group_key"].isin(missed - set(teams["group_key"]))][["group_key", "name"]]
    if len(more):
        unknown = pd.Series(pd.NA, index=more.index, dtype="boolean")
        more = (
            more.assign(exists=unknown, waiting=False, wanted=False)
            .reindex(columns=teams.columns)
            .astype(dict(teams.dtypes.items()))
        )
        teams = pd.concat([teams, more], ignore_index=True)
    return teams.sort_values(["name", "group_key"], kind="stable").reset_index(drop=True)


def _table(
    teams: pd.DataFrame, stop: pd.DataFrame, known: pd.DataFrame, proof: pd.DataFrame, action: pd.DataFrame
) -> pd.DataFrame:
    out = stop.any(axis=1)
    place = pd.Series(stop.to_numpy().argmax(axis=1), index=teams.index).where(out, len(TEAM_HOPS))
    hop = place.map(dict(enumerate((*TEAM_HOPS, "done")))).astype("str")
    hop = hop.mask(~out & ~known["team"], "not_known").mask(~out & teams["waiting"], "waiting")
    frame = pd.DataFrame({"group_key": teams["group_key"], "name": teams["name"], "hop": hop})
    said = pd.Series("", index=teams.index, dtype="str")
    then = said.copy()
    for number, name in enumerate(TEAM_HOPS):
        state = pd.Series(PASSED, index=teams.index, dtype="str").mask(~known[name], UNKNOWN)
        frame[name] = state.mask(place == number, STOPPED).mask(place < number, BEHIND)
        said = said.mask(place == number, proof[name])
        then = then.mask(place == number, action[name])
    whole = "the team is there" + pd.Series(" with its members", index=teams.index).where(known["members"], "")
    said = said.mask(hop == "done", whole).mask(hop == "waiting", "changed too recently to have arrived")
    said = said.mask(hop == "not_known", "the data does not tell whether the team exists")
    return frame.assign(proof=said, action=then).astype("str")[list(COLUMNS)]
