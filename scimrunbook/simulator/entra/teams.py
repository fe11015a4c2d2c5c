"""Groups become teams: matched by name, created without members, members patched in; direct members only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scimrunbook.simulator.entra import requests
from scimrunbook.simulator.entra.answers import FailedError, document, listed
from scimrunbook.simulator.entra.directory import group_attributes
from scimrunbook.simulator.entra.log import Change, Error, exported, scoping, step, us_date
from scimrunbook.simulator.entra.requests import Values
from scimrunbook.simulator.entra.settings import CORE_GROUP, FLAG
from scimrunbook.simulator.entra.state import Escrow, Team
from scimrunbook.simulator.world import Group

if TYPE_CHECKING:
    from scimrunbook.simulator.entra.engine import Engine


@dataclass(slots=True)
class Row:
    """A row of the log in the making: the group, its team, the steps so far."""

    group: Group
    steps: list[dict[str, Any]]
    team: Team | None = None


class Teams:
    """``teams`` by group key; ``escrows``: failed rows by group."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.teams: dict[str, Team] = {}
        self.escrows: dict[str, Escrow] = {}

    def restart(self) -> None:
        """A restart looks again at members once found out of scope."""
        for team in self.teams.values():
            team.omitted.clear()
            team.unresolved.clear()

    def sync(self, key: str, *, changed: bool, retry: bool = False) -> None:
        """Brings one team up to date; ``changed`` is False where only its members' accounts may have changed."""
        group, records = self.engine.world.groups[key], self.engine.log.records
        if not self.engine.settings.groups.enabled:
            return
        team, before = self.teams.get(key), len(records)
        if not group.assigned:
            if team:
                self.delete(group, team)
            return
        if not changed and not retry and key in self.escrows:
            return  # its time comes
        if changed or retry or team is None:
            team = self.itself(group, team, retry)
        if team and any(r.target == "members" for r in self.engine.settings.groups.rows):
            self.members(group, team, retry and key in self.escrows)
        if changed and len(records) == before:
            row = Row(group, [self.imported(group, team, False), scoping("Group", True, True, True)], team)
            self.skipped(row, "RedundantExport")

    # -- the group itself -----------------------------------------------------------------

    def itself(self, group: Group, team: Team | None, retry: bool) -> Team | None:
        """Finds, creates or updates the team, in a row of its own; None where that failed."""
        row = Row(group, [self.imported(group, team, retry)], team)
        if not retry:
            row.steps.append(scoping("Group", True, True, True))
        wanted = self.values(group)
        action = "update" if team else "create"
        try:
            if team is None:
                team = row.team = self.matched(group, wanted)
            if team is None:
                answer = self.engine.wire().request("POST", "/Groups", requests.group_body(wanted))
                team = row.team = Team(str(document(answer)["id"]), dict(wanted))
                self.done(row, "create", [(k, None, v) for k, v in wanted.items()])
            else:
                self.update(row, team, {k: v for k, v in wanted.items() if team.sent.get(k) != v})
        except FailedError as problem:
            if problem.answer and problem.answer.status == 404:
                self.teams.pop(group.key, None)
            self.failed(row, action, problem, [(k, None, v) for k, v in wanted.items()])
            return None
        self.teams[group.key] = team
        return team

    def values(self, group: Group) -> Values:
        attributes = group_attributes(group)
        made = {r.target: e.value(attributes) for r in self.engine.settings.groups.rows
                if r.target != "members" and (e := r.expression())}  # fmt: skip
        return {k: v for k, v in made.items() if v is not None}

    def matched(self, group: Group, wanted: Values) -> Team | None:
        for mapping in self.engine.settings.groups.matching():
            value = wanted.get(mapping.target) or ""
            found = listed(self.engine.wire().request("GET", requests.lookup("Groups", mapping.target, value)))
            if len(found) > 1:
                reason = f"Message: {len(found)} entries of the target have {mapping.target} '{group.name}'."
                raise FailedError(code="DuplicateTargetEntries", reason=reason)
            if found:
                return Team(str(found[0]["id"]), {t: requests.current(found[0], t) for t in wanted})
        return None

    def update(self, row: Row, team: Team, changed: Values) -> None:
        if not changed:
            return
        before = {k: team.sent.get(k) for k in changed}
        self.patch(team, requests.replacing(before, changed, flag=self.flag))
        team.sent.update(changed)
        self.done(row, "update", [(k, before[k], v) for k, v in changed.items()])

    def delete(self, group: Group, team: Team) -> None:
        """A group that is no longer assigned: groups know no ``active``, so the team is deleted (our judgement)."""
        settings = self.engine.settings
        if "Delete" not in settings.groups.flows or settings.skip_out_of_scope_deletions:
            return
        row = Row(group, [self.imported(group, team, False), scoping("Group", True, False, True)], team)
        answer = self.engine.wire().request("DELETE", requests.path("Groups", team.team_id))
        if not answer.ok and answer.status != 404:
            self.failed(row, "delete", FailedError(answer), [])
            return
        del self.teams[group.key]
        self.done(row, "delete", [])

    @property
    def flag(self) -> bool:
        return FLAG in self.engine.settings.base_url

    def patch(self, team: Team, body: dict[str, Any]) -> None:
        answer = self.engine.wire().request("PATCH", requests.path("Groups", team.team_id), body)
        if not answer.ok:
            raise FailedError(answer)

    # -- its members ----------------------------------------------------------------------

    def members(self, group: Group, team: Team, retry: bool) -> None:
        """Adds and removes members by the ids of their accounts, in a row of its own.

        A member out of scope is taken out and not picked up again until a restart, even when the block is lifted.
        """
        users, directory = self.engine.users, self.engine.directory
        direct = directory.members(group)
        team.omitted = {k for k in direct if k in team.omitted or not directory.active(k)}
        present = [k for k in direct if k not in team.omitted]
        wanted = {k: link.account_id for k in present if (link := users.links.get(k)) and link.managed}
        self.unresolved(group, team, {k for k in present if k not in wanted})
        added = {k: i for k, i in wanted.items() if team.members.get(k) != i}
        removed = {k: i for k, i in team.members.items() if wanted.get(k) != i}
        if not added and not removed:
            self.escrows.pop(group.key, None)
            return
        row = Row(group, [self.imported(group, team, retry)], team)
        if not retry:
            row.steps.append(scoping("Group", True, True, True))
        changes: list[Change] = [*(("members", None, i) for i in added.values()),
                                 *(("members", i, None) for i in removed.values())]  # fmt: skip
        try:
            self.patch(team, requests.membership(added.values(), removed.values(), flag=self.flag))
        except FailedError as problem:
            self.failed(row, "update", problem, changes)
            return
        team.members = wanted
        self.done(row, "update", changes)

    def unresolved(self, group: Group, team: Team, keys: set[str]) -> None:
        """Members whose account was not made: said once, and picked up as soon as there is one."""
        for key in sorted(keys - team.unresolved):
            person = self.engine.directory.person(key)
            text = f"User '{person.login if person else key}' cannot be made a member of Group '{group.name}' yet"
            details = {"SkipReason": "UnableToResolveReferenceAttributeValue", "ReportableIdentifier": group.name}
            row = Row(group, [self.imported(group, team, False)], team)
            row.steps.append(step("EntrySynchronizationSkip", "referenceResolution", "skipped", text, details))
            self.write(row, "other", "skipped", [])
        team.unresolved = keys

    # -- log ------------------------------------------------------------------------------

    def imported(self, group: Group, team: Team | None, retry: bool) -> dict[str, Any]:
        if retry:
            escrow = self.escrows[group.key]
            details = {"Identifier": group.key, "NextAttempt": us_date(escrow.next_attempt or escrow.first),
                       "CountProcessed": escrow.tries, "ModificationType": "Update" if team else "Add"}  # fmt: skip
            text = f"Trying again what failed for Group '{group.name}'"
            return step("EntryEscrowRetry", "import", "success", text, details)
        kind = "Update" if team else "Add"
        text = f"A change ({kind}) of Group '{group.name}' came from Microsoft Entra ID"
        return step(f"EntryImport{kind}", "import", "success", text, group_attributes(group))

    def done(self, row: Row, action: str, changes: list[Change]) -> None:
        self.escrows.pop(row.group.key, None)
        kind = {"create": "Add", "delete": "Delete"}.get(action, "Update")
        text = f"Group '{row.group.name}' was {action}d in customappsso"
        row.steps.append(step(f"EntryExport{kind}", "export", "success", text, self.details(row, changes)))
        self.write(row, action, "success", changes)

    def failed(self, row: Row, action: str, problem: FailedError, changes: list[Change]) -> None:
        escrow = self.escrows.setdefault(row.group.key, Escrow(self.engine.clock.now))
        escrow.failed(self.engine.clock.now)
        kind = {"create": "Add", "delete": "Delete"}.get(action, "Update")
        text = f"Group '{row.group.name}' could not be exported to customappsso"
        row.steps.append(step(f"EntryExport{kind}", "export", "failure", text, self.details(row, changes)))
        self.write(row, action, "failure", changes, problem.told(escrow))

    def skipped(self, row: Row, reason: str) -> None:
        self.escrows.pop(row.group.key, None)
        details = {"SkipReason": reason, "ReportableIdentifier": row.group.name}
        text = f"Nothing is exported for Group '{row.group.name}'"
        row.steps.append(step("EntrySynchronizationSkip", "export", "skipped", text, details))
        self.write(row, "other", "skipped", [])

    @staticmethod
    def details(row: Row, changes: list[Change]) -> Values:
        return exported({name: new for name, _, new in changes if name != "members"}, row.group.name)

    def write(self, row: Row, action: str, status: str, changes: list[Change], problem: Error | None = None) -> None:
        group = row.group
        source = {"id": group.key, "displayName": group.name, "identityType": "Group",
                  "details": {"id": group.key, "odatatype": "Group", "DisplayName": group.name}}  # fmt: skip
        target_id = row.team.team_id if row.team else ""
        target = {"id": target_id, "displayName": "", "identityType": CORE_GROUP, "details": {}}
        self.engine.log.write(
            at=self.engine.clock.now,
            cycle=self.engine.cycle_id,
            action=action,
            status=status,
            source=source,
            target=target,
            steps=row.steps,
            changes=changes,
            error=problem,
        )
