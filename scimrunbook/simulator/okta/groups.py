"""Group push: groups become teams, members are pushed if they are assigned and provisioned themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from scimrunbook.simulator.okta.state import Push
from scimrunbook.simulator.wire import WireAnswer
from scimrunbook.simulator.world import Group

if TYPE_CHECKING:
    from scimrunbook.simulator.okta.engine import Engine

_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class GroupPush:
    """``pushes`` by group key, in the order in which the admin made them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.pushes: dict[str, Push] = {}

    def begin(self) -> None:
        """The admin selects the groups to push, once, after the first assignments."""
        for group in self.engine.world.groups.values():
            if group.pushed and group.key not in self.pushes:
                push = Push(self.engine.log._id("gpm"), group.key, self.engine.clock.now)
                self.pushes[group.key] = push
                self._write("mapping.created", "A new mapping has been created", group,
                            "app.user_management.grouppush.mapping.created")  # fmt: skip
        self.refresh()

    def refresh(self) -> None:
        """Brings every team up to date; sends nothing where nothing changed."""
        if not (self.engine.settings.app_active and self.engine.settings.provisioning):
            return
        for push in self.pushes.values():
            if push.status == "ACTIVE":
                self._push(push, self.engine.world.groups[push.group])

    def _push(self, push: Push, group: Group) -> None:
        wanted = {
            a.external_id
            for key in group.members
            if (a := self.engine.app_users.get(key)) and a.external_id and a.status == "PROVISIONED"
        }
        if push.team_id is None:
            answer = self._create(group)
            if not answer.ok:
                self._failed(push, group, answer)
                return
            push.team_id = str(answer.body["id"])
            self._write("pushed", "A group was pushed to an app", group, "app.user_management.grouppush.pushed")
        if wanted == push.sent or (group.assigned and push.sent):
            return  # pushing the group that assigns the app is unsupported: later members and leavers are not sent
        operations = []
        if added := sorted(wanted - push.sent):
            operations.append({"op": "add", "path": "members", "value": [{"value": m} for m in added]})
        operations += [{"op": "remove", "path": f'members[value eq "{m}"]'} for m in sorted(push.sent - wanted)]
        answer = self.engine.push.request(
            "PATCH", f"/Groups/{push.team_id}", {"schemas": [_PATCH], "Operations": operations}
        )
        if not answer.ok:
            self._failed(push, group, answer)
            return
        push.sent, push.last_push_at, push.error = wanted, self.engine.clock.now, None
        self._write("push_memberships", "Group push pushed memberships", group, "platform.group_push.push_memberships")

    def _create(self, group: Group) -> WireAnswer:
        ask = self.engine.push.request
        expression = quote(f'displayName eq "{group.name}"', safe="")
        found = ask("GET", f"/Groups?filter={expression}&startIndex=1&count=100")
        if not found.ok and found.status != 404:
            return found
        known = (found.body or {}).get("Resources") or []
        if known:
            return WireAnswer(200, known[0])
        return ask("POST", "/Groups", {"schemas": [_GROUP], "displayName": group.name, "members": []})

    def _failed(self, push: Push, group: Group, answer: WireAnswer) -> None:
        from scimrunbook.simulator.okta.push import reason

        push.status, push.error = "ERROR", reason(answer)
        self._write("mapping.update.or.delete.failed.with.error",
                    "Group push mapping change failed and cannot be retried", group,
                    "app.user_management.grouppush.mapping.update.or.delete.failed.with.error",
                    failure=push.error)  # fmt: skip

    def _write(self, event: str, text: str, group: Group, legacy: str, failure: str | None = None) -> None:
        log = self.engine.log
        targets = [log.group(group.key, group.name), log.app()]
        log.write(f"application.provision.group_push.{event}", text, targets=targets, legacy=legacy, failure=failure)
