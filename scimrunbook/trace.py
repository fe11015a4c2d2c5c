"""The way of every identity over nine hops, for everybody at once: where they stop, the proof, the next action.

``directory → assignment → scope → mapping → attempt → delivery → account → teams → role``. Every hop says ``passed``,
``stopped``, ``not reached`` (behind the stop) or ``not known``; what the data cannot show never counts as stopped.
A broken connection (a failed tenant-wide finding of section 02 or 03) stops at ``attempt`` everybody who has something
to deliver since the break. Column operations only, no loop over people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from scimrunbook.derived import among, latest, looked_up, no, rows_for, worded, yes
from scimrunbook.findings import Finding, Reach, Status
from scimrunbook.history import last_of
from scimrunbook.pending import left_by_hand, pending
from scimrunbook.ranking import specificity
from scimrunbook.scope import assigned_groups
from scimrunbook.snapshot import Snapshot
from scimrunbook.teams import members_known, team_gaps

HOPS = ("directory", "assignment", "scope", "mapping", "attempt", "delivery", "account", "teams", "role")
# What ``hop`` may hold besides: the way is whole, the person rightly has no account, a change is on its way, or the
# data does not tell.
SETTLED = ("done", "rightly_absent", "waiting", "not_known")
COLUMNS = ("person_key", "login", "name", "hop", *HOPS, "need", "proof", "action", "next_action")
PASSED, STOPPED, BEHIND, UNKNOWN = "passed", "stopped", "not reached", "not known"

_BLOCKS = ("connection", "base_url_and_token")
# Providers ask for one account at a time: that pages are wrong hurts only who reads them all.
_NO_BLOCK = ("connection.paging_is_sound",)
_NO_CYCLE = "sync.runs_on_schedule"  # holds up everybody as well, and is the provider's own
_ASSIGNED = (
    "assignments.people_are_assigned",
    "assignments.no_nested_groups",
    "assignments.groups_are_assigned",
)
# Stops that are never the mere consequence of an earlier one.
_OWN_CAUSE = ("directory", "assignment", "scope", "mapping", "attempt", "account")
_DELIVER = ("create", "reactivate", "update", "deactivate")


def trace(snapshot: Snapshot, findings: Sequence[Finding]) -> pd.DataFrame:
    """One row per person of the provider, ordered by key; columns ``COLUMNS``, all text.

    ``action`` is the id of the finding whose actions mend it; empty where nothing is to be done. ``next_action`` is
    the finding at which they would stop next, where that is no consequence of the first.
    """
    return _Trace(snapshot, findings).table()


class _Trace:
    def __init__(self, snapshot: Snapshot, findings: Sequence[Finding]) -> None:
        self.snapshot = snapshot
        self.people = pending(snapshot).reset_index(drop=True)
        self.key = self.people["person_key"]
        self.failed = [f for f in findings if f.status in (Status.FAIL, Status.WARN) and f.deciding]
        self.last = rows_for(self.key, last_of(snapshot)[["ok_at", "failed_at", "reason", "error_code", "open"]])
        self.stop = pd.DataFrame(False, index=self.people.index, columns=list(HOPS))
        self.known = pd.DataFrame(True, index=self.people.index, columns=list(HOPS))
        # (who, proof, action) hop by hop, nobody twice in a hop. Written out once, for the hop at which each stopped:
        # texts written over texts, step by step, were most of the work of a large tenant.
        self.stops: dict[str, list[tuple[pd.Series[Any], Any, str]]] = {name: [] for name in HOPS}
        self.assigned_by = pd.Series("", index=self.people.index, dtype="str")

    def table(self) -> pd.DataFrame:
        people = self.people
        absent = self._absent()
        for step in (self._directory, self._assignment, self._scope, self._mapping, self._attempt, self._delivery):
            step()
        self._account()
        self._teams()
        self._role()
        # who has no business in Catalog has no way to go; a leaver who lingers stops where the farewell got stuck
        self.stop = self.stop.mask(absent, False)
        first = self.stop.to_numpy().argmax(axis=1)
        stopped = self.stop.any(axis=1)
        place = pd.Series(first, index=people.index).where(stopped, len(HOPS))
        reached_account = self.known["account"] & self.known["assignment"]
        hop = worded(
            people.index,
            "done",
            *((place == number, name) for number, name in enumerate(HOPS)),
            (~stopped & ~reached_account, "not_known"),
            (~stopped & people["waiting"], "waiting"),
            (absent, "rightly_absent"),
        )
        states = pd.DataFrame(index=people.index)
        for number, name in enumerate(HOPS):
            states[name] = worded(
                people.index,
                PASSED,
                (~self.known[name], UNKNOWN),
                (place == number, STOPPED),
                ((place < number) | absent, BEHIND),
            )
        said, then = self._said(hop, place)
        names = (people["given_name"].fillna("") + " " + people["family_name"].fillna("")).str.strip()
        names = names.mask(names == "").fillna(people["display_name"])
        return pd.DataFrame(
            {
                "person_key": self.key,
                "login": people["login"].fillna(people["email"]),
                "name": names,
                "hop": hop,
                **{n: states[n] for n in HOPS},
                "need": people["need"],
                "proof": said,
                "action": then,
                "next_action": self._next(place),
            }
        ).astype("str")[list(COLUMNS)]

    # -- hop by hop ------------------------------------------------------------------------------

    def _absent(self) -> pd.Series[Any]:
        p = self.people
        wanted = p["named"] & among(p["person_key"], self._affected("assignments."))
        lingers = among(p["person_key"], left_by_hand(self.snapshot))
        return yes(~p["in_scope"]) & p["need"].isin(("none",)) & ~wanted & ~lingers

    def _directory(self) -> None:
        missing = ~self.people["in_directory"]
        self.known["directory"] = ~missing
        gone = missing & self.people["named"] & among(self.key, self._affected("assignments.people_are_assigned"))
        self._stopped("directory", gone, "not found in the provider's directory", "assignments.people_are_assigned")
        off = self._hit("assignments.people_are_active_in_provider")
        status = self.people["status"].fillna("inactive")
        self._stopped("directory", off, "status " + status, "assignments.people_are_active_in_provider")

    def _assignment(self) -> None:
        p = self.people
        self.known["assignment"] = p["assigned"].notna()
        groups = assigned_groups(self.snapshot).set_index("group_key")["name"]
        by = looked_up(p["group_key"], groups).fillna(p["group_key"])
        how = ("member of " + by).where(~p["direct"], "assigned directly").fillna("assigned")
        self.assigned_by = how.where(yes(p["assigned"]), "")
        for finding in _ASSIGNED:
            self._stopped("assignment", self._hit(finding), "neither assigned nor a direct member of a group", finding)

    def _scope(self) -> None:
        out = self.people["need"] == "scope"
        self._stopped("scope", out, self.people["kept_out"].fillna("left out"), "assignments.scope_admits_them")

    def _mapping(self) -> None:
        for finding in self.failed:
            if finding.section == "attribute_mapping" and finding.status is Status.FAIL and finding.affected:
                self._stopped("mapping", self._hit(finding.id), first_sentence(finding.actual), finding.id)

    def _attempt(self) -> None:
        p = self.people
        due = p["need"].isin(_DELIVER)
        # what failed and was never healed is something to deliver, whatever else is known
        failing = yes(self.last["open"]) & ~p["need"].eq("none")
        for block in self._breaks():
            since = pd.to_datetime(block.since, utc=True, errors="coerce") if block.since else pd.NaT
            refused = self.last["failed_at"]
            # who joined a group later than they were hired has no younger date in Entra
            undated = p["since"].isna() | (p["changed_at"].isna() & p["need"].eq("create"))
            fresh = undated | (p["since"] >= since) | (refused >= since)
            fresh = fresh.astype(bool) if pd.notna(since) else pd.Series(True, index=p.index)
            concerned = among(self.key, block.affected) if block.affected else pd.Series(True, index=p.index)
            # where nothing was ever set up, the finding names people of whom nothing else is known
            named = p["need"].eq("unknown") & among(self.key, block.affected)
            held = ((due | named) & concerned & fresh) | (failing & (refused >= since).fillna(False))
            self._stopped("attempt", held, first_sentence(block.actual), block.id)
        tried_at = latest(self.last["ok_at"], self.last["failed_at"])
        tried = tried_at.notna() & ~(p["since"] > tried_at).fillna(False)
        removed = self._hit("accounts.none_was_removed_by_hand")  # they had one: its making is no open attempt
        quiet = due & ~tried & ~p["waiting"] & ~removed
        owner = self._owner(
            "assignments.assigned_after_enabling",
            "assignments.leavers_were_unassigned_by_provider",
            "sync.runs_on_schedule",
            "sync.fresh_run_queued_after_fix",
            "sync.log_does_not_stop",
        )
        self._stopped("attempt", quiet, "no operation was tried since the last change", owner)
        self.known["attempt"] = tried | yes(p["exists"]) | quiet

    def _delivery(self) -> None:
        p = self.people
        failing = yes(self.last["open"])
        reason = self.last["reason"].fillna(self.last["error_code"])
        owner = self._owner(
            "sync.fresh_run_queued_after_fix",
            "sync.deactivations_were_delivered",
            "sync.endpoint_keeps_up",
            "sync.no_failed_operations",
            "sync.no_retry_backlog",
        )
        self._stopped("delivery", failing & ~p["need"].eq("none"), reason.fillna("failed without a reason"), owner)
        self.known["delivery"] = self.last["ok_at"].notna() | failing | yes(p["exists"])

    def _account(self) -> None:
        p = self.people
        self.known["account"] = p["exists"].notna()
        twice = self._hit("accounts.one_per_person")
        self._stopped("account", twice, "more than one account", "accounts.one_per_person")
        removed = self._hit("accounts.none_was_removed_by_hand")
        self._stopped("account", removed, "the account was removed in Catalog", "accounts.none_was_removed_by_hand")
        lingers = among(self.key, left_by_hand(self.snapshot))
        manual = self._owner("accounts.all_have_a_source")
        self._stopped("account", lingers, "an account made by hand is still active", manual)
        words = {
            "create": "no account in Catalog",
            "reactivate": "the account is inactive",
            "update": "the account holds other values",
            "deactivate": "the account is still active",
        }
        owner = self._owner("mapping.values_arrive", "sync.deactivations_were_delivered")
        rest = p["need"].isin(_DELIVER) & ~p["waiting"]
        self._stopped("account", rest, p["need"].map(words).astype("str").fillna(""), owner)

    def _teams(self) -> None:
        gaps = team_gaps(self.snapshot)
        gaps = gaps[~gaps["waiting"]].sort_values("name", kind="stable").drop_duplicates("person_key")
        team = looked_up(self.key, gaps.set_index("person_key")["name"])
        kind = looked_up(self.key, gaps.set_index("person_key")["gap"])
        self.known["teams"] = members_known(self.snapshot) & yes(self.people["exists"])
        text = kind.map({"missing": "not in the team ", "left_over": "still in the team "}).astype("str") + team
        block = next(iter(self._breaks()), None)
        owner = block.id if block else self._owner("assignments.group_push_is_healthy", "mapping.entra_groups")
        # a move that a broken connection kept back is something to deliver
        self._stopped("attempt" if block else "teams", team.notna(), text, owner)

    def _role(self) -> None:
        off = self._hit("accounts.roles_follow_teams")
        judged = any(f.id == "accounts.roles_follow_teams" for f in self.failed)
        self.known["role"] = judged
        self._stopped("role", off, "another role than the mapping gives", "accounts.roles_follow_teams")

    def _next(self, place: pd.Series[Any]) -> pd.Series[Any]:
        """The finding of the next stop behind the first that stands by itself."""
        open_ = pd.Series(True, index=place.index)
        rules: list[tuple[pd.Series[Any], str]] = []
        for number, name in enumerate(HOPS):
            if name not in _OWN_CAUSE:
                continue
            for who, _, action in self.stops[name]:
                # other values or no account at all follow from what stopped them before
                if not action or (name == "account" and action != "accounts.one_per_person"):
                    continue
                behind = who & self.stop[name] & (place < number) & open_
                if bool(behind.any()):
                    rules.append((behind, action))
                    open_ &= ~behind
        return worded(place.index, "", *rules)

    # -- helpers ----------------------------------------------------------------------------------

    def _stopped(self, hop: str, who: pd.Series[Any], proof: Any, action: str) -> None:
        fresh = who.astype(bool) & ~self.stop[hop]
        if not bool(fresh.any()):
            return
        self.stop[hop] = self.stop[hop] | fresh
        self.stops[hop].append((fresh, proof, action))

    def _breaks(self) -> list[Finding]:
        return blocks(self.failed)

    def _affected(self, prefix: str) -> set[str]:
        return {k for f in self.failed if f.id.startswith(prefix) for k in f.affected}

    def _hit(self, finding_id: str) -> pd.Series[Any]:
        return among(self.key, self._affected(finding_id))

    def _owner(self, *ids: str) -> str:
        broken = {f.id for f in self.failed}
        return next((i for i in ids if i in broken), "")

    def _said(self, hop: pd.Series[Any], place: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
        p = self.people
        alike: list[tuple[pd.Series[Any], str]] = []
        own: list[tuple[pd.Series[Any], pd.Series[Any]]] = []
        does: list[tuple[pd.Series[Any], str]] = []
        for number, name in enumerate(HOPS):
            for who, proof, action in self.stops[name]:
                here = who & (place == number)
                if not bool(here.any()):
                    continue
                does.append((here, action))
                if isinstance(proof, str):
                    alike.append((here, proof))
                else:
                    own.append((here, proof))
        settled = hop.isin(("rightly_absent", "waiting", "not_known"))
        said = worded(
            p.index,
            "",
            *alike,
            (settled, "not in scope, and no active account"),
            (settled & no(p["assigned"]), "not assigned, and no active account"),
            (settled & no(p["active"]), "inactive, and no active account"),
            (settled & ~p["in_directory"], "gone, and no active account"),
            (hop == "waiting", "changed too recently to have arrived"),
            (hop == "not_known", "the data does not tell whether an account exists"),
        )
        for here, proof in own:
            said = said.mask(here, proof)
        done = hop == "done"
        if bool(done.any()):
            by = self.assigned_by[done]
            said = said.mask(done, "account active, " + by.mask(by == "", "in scope"))
        then = worded(p.index, "", *does, (hop.isin(SETTLED), ""), (hop == "waiting", "sync.enough_time_has_passed"))
        return said.astype("str"), then


def counts(hops: pd.DataFrame) -> dict[str, int]:
    """How many people stop at each hop, then how many are settled; every key is always there."""
    seen: dict[Any, Any] = hops["hop"].value_counts().to_dict() if len(hops) else {}
    return {name: int(seen.get(name, 0)) for name in (*HOPS, *SETTLED)}


def stopped(hops: pd.DataFrame, at: Iterable[str] = HOPS) -> pd.DataFrame:
    """The rows of people who stop on the way."""
    return hops[hops["hop"].isin(tuple(at))]


def blocks(findings: Sequence[Finding]) -> list[Finding]:
    """Failed tenant-wide findings of sections 02 and 03: nothing gets past them. The most specific first."""
    found = [
        f
        for f in findings
        if ((f.section in _BLOCKS and f.id not in _NO_BLOCK) or f.id == _NO_CYCLE)
        and f.reach is Reach.TENANT
        and f.status is Status.FAIL
        and f.deciding
    ]
    return sorted(found, key=lambda f: specificity(f.id))


def first_sentence(text: str) -> str:
    return text.split(". ")[0][:300]
