"""Okta's side of provisioning: every change of the directory is acted on at once, over real SCIM requests.

Source of the behaviour: Okta's SCIM protocol pages and what third parties saw in real tenants (facts: Okta, sections 4
and 5). Nothing is retried by itself but a 429; a failed operation stays as an error on the app user, and people who
were assigned while pushes were off are not pushed by waiting.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.okta.groups import GroupPush
from scimrunbook.simulator.okta.log import SystemLog
from scimrunbook.simulator.okta.push import UserPush
from scimrunbook.simulator.okta.settings import TOGGLES, Settings
from scimrunbook.simulator.okta.state import AppUser
from scimrunbook.simulator.wire import WireFactory
from scimrunbook.simulator.world import AS_OF, Change, World

ORG_HOST = "acme-practice.okta.com"
_DELAY = timedelta(seconds=3)  # between a change and what it sets off


class Engine:
    """Walks the world's timeline. ``app_users`` by person key; ``log``; ``settings`` as they are now."""

    def __init__(self, world: World, wires: WireFactory, clock: Clock, rng: random.Random, settings: Settings) -> None:
        self.world, self.clock, self.rng, self.settings = world, clock, rng, settings
        self.app_id = "0oa" + "".join(rng.choices("abcdefghijkmnpqrstuvwxyz123456789", k=17))
        self.created_at = clock.now
        self.updated_at = clock.now
        self.log = SystemLog(clock, rng, self.app_id, ORG_HOST)
        self.log.label = settings.label
        self.app_users: dict[str, AppUser] = {}
        self.push = UserPush(self, wires)
        self.groups = GroupPush(self)
        self._done = 0

    def run(self, until: datetime) -> None:
        """Applies every change up to ``until`` (Catalog's own ones aside) and moves the clock there."""
        while self._done < len(self.world.timeline) and self.world.timeline[self._done].at <= until:
            change = self.world.timeline[self._done]
            self._done += 1
            if change.what == "catalog":
                continue
            self.clock.to(max(self.clock.now, change.at))
            getattr(self, f"_{change.what}")(change)
        if until == AS_OF:  # whoever looks at all this has just signed in
            self.clock.to(max(self.clock.now, AS_OF - timedelta(minutes=4)))
            self.log.write("user.session.access_admin_app", "User accessing Okta admin app", actor="admin@example.com",
                           targets=[self.log.console()])  # fmt: skip
        self.clock.to(max(self.clock.now, until))

    def close(self) -> None:
        """Ends the connection to Catalog."""
        self.push.close()

    def wait(self, span: timedelta = _DELAY) -> None:
        self.clock.to(self.clock.now + span)

    # -- assignments ------------------------------------------------------------------------

    def _assign_group(self, change: Change) -> None:
        group = self.world.groups[change.data["group"]]
        group.assigned = True
        targets = [self.log.group(group.key, group.name), self.log.app()]
        self.log.write("group.application_assignment.add", "Add assigned application to group", targets=targets,
                       actor=change.by)  # fmt: skip
        for key in list(group.members):
            self.assigned(key, "GROUP")
        self.groups.begin()

    def _unassign_group(self, change: Change) -> None:
        group = self.world.groups[change.data["group"]]
        group.assigned = False
        targets = [self.log.group(group.key, group.name), self.log.app()]
        self.log.write("group.application_assignment.remove", "Remove assigned application from group",
                       targets=targets, actor=change.by)  # fmt: skip
        for key in list(group.members):
            self.unassigned(key)

    def _assign(self, change: Change) -> None:
        self.world.assigned.add(change.data["key"])
        self.assigned(change.data["key"], "USER")

    def _unassign(self, change: Change) -> None:
        self.world.assigned.discard(change.data["key"])
        self.unassigned(change.data["key"])

    def assigned(self, key: str, scope: str) -> None:
        """A person came into scope: an app user, and where Create Users is on, a push."""
        person = self.world.people[key]
        known = self.app_users.get(key)
        if person.status != "active" or (known and known.status != "DEPROVISIONED"):
            return
        app_user = known or AppUser(key, self.log._id("0ua"), scope, self.user_name(key), self.clock.now)
        app_user.scope = scope
        self.app_users[key] = app_user
        self.push.profile(app_user, creating=True)
        targets = [self.push.target(app_user), self.log.app(), self.log.user(person)]
        self.log.write("application.user_membership.add", "Add user to application membership", targets=targets,
                       legacy="app.generic.provision.assign_user_to_app")  # fmt: skip
        self.wait()
        if self.settings.queue and self.clock.now + self.settings.queue > AS_OF:
            app_user.turn("STAGED", "SYNCING", self.clock.now)
            return
        self.push.create(app_user)

    def unassigned(self, key: str) -> None:
        """A person left the scope; nothing happens as long as another assignment holds."""
        app_user = self.app_users.get(key)
        person = self.world.people[key]
        if app_user is None or app_user.status == "DEPROVISIONED":
            return
        if person.status == "active" and key in self.world.in_scope():
            return
        targets = [self.push.target(app_user), self.log.app(), self.log.user(person)]
        self.log.write("application.user_membership.remove", "Remove user's application membership", targets=targets,
                       legacy="app.generic.provision.deactivate_user_from_app")  # fmt: skip
        self.wait(timedelta(seconds=2))
        self.push.deactivate(app_user)
        self.groups.refresh()

    # -- directory ------------------------------------------------------------------------

    def _hire(self, change: Change) -> None:
        person = change.data["person"]
        person.created_at = person.changed_at = change.at
        self.world.people[person.key] = person
        self.log.write("user.lifecycle.create", "Create Okta user", targets=[self.log.user(person)], actor=change.by)
        for group in change.data.get("groups", ()):
            self.join(person.key, group, change.by)

    def _join(self, change: Change) -> None:
        self.join(change.data["key"], change.data["group"], change.by)

    def join(self, key: str, group_key: str, by: str) -> None:
        group = self.world.groups[group_key]
        if key not in group.members:
            group.members.append(key)
        targets = [self.log.user(self.world.people[key]), self.log.group(group.key, group.name)]
        self.log.write("group.user_membership.add", "Add user to group membership", targets=targets, actor=by,
                       legacy="core.user_group_member.user_add")  # fmt: skip
        if group.assigned:
            self.assigned(key, "GROUP")
        self.groups.refresh()

    def _leave(self, change: Change) -> None:
        group = self.world.groups[change.data["group"]]
        group.members.remove(change.data["key"])
        targets = [self.log.user(self.world.people[change.data["key"]]), self.log.group(group.key, group.name)]
        self.log.write("group.user_membership.remove", "Remove user from group membership", targets=targets,
                       actor=change.by, legacy="core.user_group_member.user_remove")  # fmt: skip
        if group.assigned:
            self.unassigned(change.data["key"])
        self.groups.refresh()

    def _rename(self, change: Change) -> None:
        person = self.world.people[change.data["key"]]
        for name in ("given", "family", "email", "login"):
            if name in change.data:
                setattr(person, name, change.data[name])
        person.changed_at = change.at
        self.log.write("user.account.update_profile", "Update user profile for Okta", targets=[self.log.user(person)],
                       actor=change.by, legacy="core.user.config.profile_update.success")  # fmt: skip
        app_user = self.app_users.get(person.key)
        if app_user and app_user.status != "DEPROVISIONED":
            self.wait()
            app_user.user_name = self.user_name(person.key)
            self.push.update(app_user)

    def _disable(self, change: Change) -> None:
        self._ends(change, "disabled", "user.lifecycle.deactivate", "Deactivate Okta user")

    def _suspend(self, change: Change) -> None:
        person = self.world.people[change.data["key"]]
        person.status, person.changed_at = "suspended", change.at
        self.log.write("user.lifecycle.suspend", "Suspend Okta user", targets=[self.log.user(person)], actor=change.by)

    def _enable(self, change: Change) -> None:
        person = self.world.people[change.data["key"]]
        person.status, person.changed_at = "active", change.at
        self.log.write("user.lifecycle.activate", "Activate Okta user", targets=[self.log.user(person)],
                       actor=change.by)  # fmt: skip
        if person.key in self.world.in_scope():
            self.assigned(person.key, "GROUP")

    def _delete(self, change: Change) -> None:
        self._ends(change, "disabled", "user.lifecycle.delete.initiated", "Delete Okta user")

    def _ends(self, change: Change, status: str, event: str, text: str) -> None:
        person = self.world.people[change.data["key"]]
        person.status, person.changed_at = status, change.at
        self.log.write(event, text, targets=[self.log.user(person)], actor=change.by)
        self.unassigned(person.key)

    # -- settings ------------------------------------------------------------------------

    def _setting(self, change: Change) -> None:
        changed = self.settings.change(change.data)
        if set(changed) == {"queue"}:
            return  # the weather, not a click
        self.updated_at = change.at
        self.log.label = self.settings.label
        toggles = {t: v for t, v in changed.items() if t in TOGGLES or t == "provisioning"}
        names = {"create_users": "createUsers", "update_users": "updateUserAttributes",
                 "deactivate_users": "deactivateUsers", "provisioning": "enableProvisioning"}  # fmt: skip
        target = self.log.app()
        if toggles:
            target["changeDetails"] = {
                "from": {names[t]: str(old).lower() for t, (old, _) in toggles.items()},
                "to": {names[t]: str(new).lower() for t, (_, new) in toggles.items()},
            }
        event, text = "application.lifecycle.update", "Update application"
        if "to_app" in changed or "from_app" in changed:
            event, text = "directory.mapping.update", "Update universal directory mappings"
        if "app_active" in changed:
            on = changed["app_active"][1]
            event = f"application.lifecycle.{'activate' if on else 'deactivate'}"
            text = f"{'Activate' if on else 'Deactivate'} application"
        self.log.write(event, text, targets=[target], actor=change.by)
        if {"base_url", "token"} & set(changed):
            self.push.test_connection()

    def user_name(self, key: str) -> str:
        """The application username (``credentials.userNameTemplate``)."""
        person = self.world.people[key]
        by_template: dict[str, Any] = {"${source.email}": person.email, "${source.login}": person.login}
        return str(by_template[self.settings.username_template])
