"""The Entra directory: applies what happens in the world and remembers whom the next cycle has to look at."""

from __future__ import annotations

from datetime import datetime, timedelta

from scimrunbook.simulator.world import Change, Group, Person, World

PURGE_AFTER = timedelta(days=30)  # a soft-deleted user is deleted for good (facts: Entra section 7)


class Directory:
    """Views of the world as the provisioning service sees it.

    ``changed_people`` and ``changed_groups`` are the delta since the last cycle, in the order of the changes (dicts
    used as ordered sets: key → moment of the change).
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.changed_people: dict[str, datetime] = {}
        self.changed_groups: dict[str, datetime] = {}
        self.soft_deleted: dict[str, tuple[Person, datetime]] = {}
        self.purged: dict[str, Person] = {}
        self.assigned_at: dict[str, datetime] = {}  # person or group key → moment of its latest assignment

    def apply(self, change: Change) -> None:
        """Applies one change of people, groups or assignments. Raises KeyError for somebody who does not exist."""
        getattr(self, f"_{change.what}")(change)

    def person(self, key: str) -> Person | None:
        """The person, soft-deleted and purged ones included."""
        if key in self.world.people:
            return self.world.people[key]
        return self.soft_deleted[key][0] if key in self.soft_deleted else self.purged.get(key)

    def active(self, key: str) -> bool:
        """Account enabled and not deleted."""
        person = self.world.people.get(key)
        return person is not None and person.status == "active"

    def entitled(self, key: str) -> bool:
        """Assigned directly, or a direct member of an assigned group; nested groups are never expanded."""
        return key in self.world.people and (key in self.world.assigned or bool(self._assigned_groups(key)))

    def members(self, group: Group) -> list[str]:
        return [key for key in group.members if key in self.world.people]

    def touch_everybody(self, at: datetime) -> None:
        """An initial cycle looks at everybody again."""
        self.changed_people = dict.fromkeys([*self.world.people, *self.soft_deleted], at)
        self.changed_groups = {g.key: at for g in self.world.groups.values() if g.assigned}

    def purge_due(self, now: datetime) -> None:
        """Soft-deleted for 30 days: gone for good, and a change the next cycle sees."""
        for key, (person, at) in list(self.soft_deleted.items()):
            if at + PURGE_AFTER <= now:
                del self.soft_deleted[key]
                self.purged[key] = person
                self.changed_people[key] = now

    def _assigned_groups(self, key: str) -> list[Group]:
        return [g for g in self.world.groups.values() if g.assigned and key in g.members]

    def _touch(self, key: str, at: datetime, groups: bool = False) -> None:
        self.changed_people[key] = at
        if groups:
            self.changed_groups |= {g.key: at for g in self._assigned_groups(key)}

    def _hire(self, change: Change) -> None:
        person: Person = change.data["person"]
        person.created_at = person.changed_at = change.at
        self.world.people[person.key] = person
        for group in change.data.get("groups", ()):
            if person.key not in self.world.groups[group].members:
                self.world.groups[group].members.append(person.key)
        self._touch(person.key, change.at, groups=True)

    def _status(self, change: Change, status: str) -> None:
        person = self.world.people[change.data["key"]]
        person.status, person.changed_at = status, change.at
        self._touch(person.key, change.at)

    def _disable(self, change: Change) -> None:
        self._status(change, "disabled")

    def _suspend(self, change: Change) -> None:
        self._status(change, "suspended")  # Entra knows enabled and disabled only; Graph shows accountEnabled false

    def _enable(self, change: Change) -> None:
        self._status(change, "active")

    def _delete(self, change: Change) -> None:
        """Soft delete; ``purge: True`` empties the recycle bin as well. Memberships and assignments go with it."""
        key = change.data["key"]
        self._touch(key, change.at, groups=True)
        person = self.world.people.pop(key)
        person.changed_at = change.at
        self.world.assigned.discard(key)
        for group in self.world.groups.values():
            if key in group.members:
                group.members.remove(key)
        if change.data.get("purge"):
            self.purged[key] = person
        else:
            self.soft_deleted[key] = (person, change.at)

    def _rename(self, change: Change) -> None:
        person = self.world.people[change.data["key"]]
        for name, value in change.data.items():
            if name != "key":
                setattr(person, name, value)
        person.changed_at = change.at
        self._touch(person.key, change.at)

    def _join(self, change: Change) -> None:
        group = self.world.groups[change.data["group"]]
        if change.data["key"] not in group.members:
            group.members.append(change.data["key"])
        self._touch(change.data["key"], change.at)
        if group.assigned:
            self.changed_groups[group.key] = change.at

    def _leave(self, change: Change) -> None:
        group = self.world.groups[change.data["group"]]
        if change.data["key"] in group.members:
            group.members.remove(change.data["key"])
        self._touch(change.data["key"], change.at)
        if group.assigned:
            self.changed_groups[group.key] = change.at

    def _assign(self, change: Change) -> None:
        self.world.assigned.add(change.data["key"])
        self.assigned_at[change.data["key"]] = change.at
        self._touch(change.data["key"], change.at)

    def _unassign(self, change: Change) -> None:
        self.world.assigned.discard(change.data["key"])
        self._touch(change.data["key"], change.at)

    def _assign_group(self, change: Change) -> None:
        self._group_assignment(change, assigned=True)
        self.assigned_at[change.data["group"]] = change.at

    def _unassign_group(self, change: Change) -> None:
        self._group_assignment(change, assigned=False)

    def _group_assignment(self, change: Change, *, assigned: bool) -> None:
        group = self.world.groups[change.data["group"]]
        group.assigned = assigned
        self.changed_groups[group.key] = change.at
        for key in group.members:
            self._touch(key, change.at)


def display_name(person: Person) -> str:
    """What Entra shows; a person without names is shown by the alias, as portals do."""
    return " ".join(part for part in (person.given, person.family) if part) or alias(person)


def alias(person: Person) -> str:
    return person.mail_nickname or person.login.split("@")[0].replace("#EXT#", "")


def person_attributes(person: Person, *, soft_deleted: bool) -> dict[str, str | None]:
    """Source attributes by the names of the mapping editor. Empty is null.

    ``IsSoftDeleted`` is no directory attribute: the service computes it from deletion, block and scope.
    """
    login = person.login
    if "#EXT#" in login:  # a B2B guest's userPrincipalName is sent without the marker and the host tenant
        login = login.split("#EXT#")[0]
    return {
        "objectId": person.key,
        "accountEnabled": str(person.status == "active"),
        "department": person.department or None,
        "displayName": display_name(person),
        "givenName": person.given or None,
        "mail": person.email or None,
        "mailNickname": alias(person),
        "surname": person.family or None,
        "userPrincipalName": login,
        "originalUserPrincipalName": person.login,
        "IsSoftDeleted": str(soft_deleted),
        "appRoleAssignments": "User",
    }


def group_attributes(group: Group) -> dict[str, str | None]:
    return {
        "objectId": group.key,
        "displayName": group.name,
        "mailEnabled": "False",
        "mailNickname": f"{group.key[:8]}-{len(group.name)}",
        "securityEnabled": "True",
    }
