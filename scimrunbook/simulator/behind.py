"""Who is behind in the practice Catalog at the end: whom a fault that strikes by chance has really hurt."""

from __future__ import annotations

from scimrunbook.simulator.catalog.patch import Document
from scimrunbook.simulator.catalog.store import Store
from scimrunbook.simulator.world import Person, World


def behind(world: World, store: Store) -> frozenset[str]:
    """Keys of people whose account, name or teams in Catalog are not what the provider holds."""
    accounts = {str(d.get("externalId")): d for d in store.users()}
    teams = {str(d.get("externalId") or d.get("displayName")): d for d in store.groups()}
    scope = world.in_scope()
    found = {
        key
        for key, person in world.people.items()
        if _differs(person, key in scope and person.status == "active", accounts.get(key))
    }
    for group in world.groups.values():
        team = teams.get(group.key) or teams.get(group.name)
        if team is None:
            continue
        held = {str(m.get("value")) for m in team.get("members", [])}
        for key in scope - found:
            account = accounts.get(key)
            if account is not None and account.get("active"):
                found |= {key} if (key in group.members) != (account["id"] in held) else set()
    return frozenset(found)


def _differs(person: Person, wanted: bool, account: Document | None) -> bool:
    if account is None or not wanted:
        return wanted or bool(account and account.get("active"))
    name = account.get("name", {})
    same = name.get("givenName") == person.given and name.get("familyName") == person.family
    return not (account.get("active") and same)
