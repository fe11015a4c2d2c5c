"""Groups become teams: matched by name, created without members, members patched in; direct members only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from scimrunbook.simulator.entra.log import error_of, exported, step
from scimrunbook.simulator.entra.settings import CORE_GROUP
from scimrunbook.simulator.entra.state import Escrow, Team
from scimrunbook.simulator.entra.users import PATCH
from scimrunbook.simulator.wire import WireAnswer
from scimrunbook.simulator.world import Group

if TYPE_CHECKING:
    from scimrunbook.simulator.entra.engine import Engine

_MICROSOFT = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


class Teams:
    """``teams`` by group key; ``escrows``: failed rows by group."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.teams: dict[str, Team] = {}
        self.escrows: dict[str, Escrow] = {}

    def sync(self, key: str) -> None:
        group = self.engine.world.groups[key]
        if not self.engine.settings.groups.enabled or not group.assigned:
            return
        team = self.teams.get(key) or self.found_or_made(group)
        if team is None:
            return
        if team.name != group.name:
            self.patch(group, team, [{"op": "Replace", "path": "displayName", "value": group.name}],
                       [("displayName", team.name, group.name)])  # fmt: skip
            team.name = group.name
        wanted = {
            link.account_id
            for member in self.engine.directory.members(group)
            if (link := self.engine.users.links.get(member)) and link.managed and link.sent.get("active") != "False"
        }
        added, removed = sorted(wanted - team.members), sorted(team.members - wanted)
        operations: list[dict[str, Any]] = []
        changes: list[tuple[str, str | None, str | None]] = []
        if added:
            value = [{"$ref": None, "value": m} for m in added]
            operations.append({"op": "Add", "path": "members", "value": value})
            changes += [("members", None, m) for m in added]
        if removed:
            operations.append(
                {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": m} for m in removed]}
            )
            changes += [("members", m, None) for m in removed]
        if operations and self.patch(group, team, operations, changes):
            team.members = wanted

    def found_or_made(self, group: Group) -> Team | None:
        expression = quote_plus(f'displayName eq "{group.name}"', safe="")
        answer = self.engine.wire().request("GET", f"/Groups?excludedAttributes=members&filter={expression}")
        known = (answer.body or {}).get("Resources") or [] if answer.ok else []
        values: dict[str, str | None] = {"displayName": group.name, "externalId": group.key}
        if answer.ok and not known:
            body = {"schemas": [CORE_GROUP, _MICROSOFT], **values, "meta": {"resourceType": "Group"}}
            answer = self.engine.wire().request("POST", "/Groups", body)
        if not answer.ok:
            self.failed(group, "create", answer, values, None)
            return None
        document = known[0] if known else answer.body
        team = self.teams[group.key] = Team(str(document["id"]), group.name)
        if not known:
            text = f"Group '{group.name}' was created in customappsso"
            steps = [self.scoping(), step("EntryExportAdd", "export", "success", text, exported(values))]
            self.write(group, "create", "success", steps, [(k, None, v) for k, v in values.items()], team)
        return team

    def patch(self, group: Group, team: Team, operations: list[dict[str, Any]],
              changes: list[tuple[str, str | None, str | None]]) -> bool:  # fmt: skip
        body = {"schemas": [PATCH], "Operations": operations}
        answer = self.engine.wire().request("PATCH", f"/Groups/{team.team_id}", body)
        if not answer.ok:
            self.failed(group, "update", answer, {n: v for n, _, v in changes}, team)
            return False
        self.escrows.pop(group.key, None)
        text = f"Group '{group.name}' was updated in customappsso"
        steps = [self.scoping(), step("EntryExportUpdate", "export", "success", text)]
        self.write(group, "update", "success", steps, changes, team)
        return True

    def failed(self, group: Group, action: str, answer: WireAnswer, values: dict[str, str | None],
               team: Team | None) -> None:  # fmt: skip
        escrow = self.escrows.setdefault(group.key, Escrow(self.engine.clock.now))
        escrow.failed(self.engine.clock.now)
        error = error_of(answer, escrow.tries - 1, escrow.next_attempt)
        kind = "EntryExportAdd" if action == "create" else "EntryExportUpdate"
        steps = [self.scoping(), step(kind, "export", "failure", error["reason"], exported(values))]
        self.write(group, action, "failure", steps, [(k, None, v) for k, v in values.items()], team, error)

    @staticmethod
    def scoping() -> dict[str, Any]:
        details = {"Assigned to the application": "True", "Group has the required role": "True",
                   "Scoping filter evaluation passed": "True", "ScopeEvaluationResult": "{}"}  # fmt: skip
        return step(
            "EntrySynchronizationScoping", "scoping", "success", "Determined that the group is in scope", details
        )

    def write(self, group: Group, action: str, status: str, steps: list[dict[str, Any]],
              changes: list[tuple[str, str | None, str | None]], team: Team | None,
              error: dict[str, Any] | None = None) -> None:  # fmt: skip
        source = {"id": group.key, "displayName": group.name, "identityType": "Group",
                  "details": {"id": group.key, "odatatype": "Group", "DisplayName": group.name}}  # fmt: skip
        target = {"id": team.team_id if team else "", "displayName": "", "identityType": CORE_GROUP, "details": {}}
        self.engine.log.write(at=self.engine.clock.now, cycle=self.engine.cycle_id, action=action, status=status,
                              source=source, target=target, steps=steps, changes=changes, error=error)  # fmt: skip
