"""Plausible people and what happens to them: the same seed gives the same world to the byte.

Every name is invented. The cast always has joiners, leavers, renamed and moved people shortly before and after
``world.BREAK``, so that a fault that strikes there has somebody to hurt, and the oddities that must fool nobody:
guests, contractors out of scope, plus-addresses, non-ASCII names, a group that is empty by design.
"""

from __future__ import annotations

import random
import string
import unicodedata
import uuid
from datetime import datetime, timedelta
from typing import Literal

from scimrunbook.simulator.world import AS_OF, BEGIN, BREAK, Group, Person, World

Provider = Literal["okta", "entra"]

GIVEN = (
    "Ada", "Bruno", "Carla", "Dario", "Elif", "Farid", "Greta", "Hana", "Ivo", "Jana", "Kofi", "Lena", "Mira", "Nils",
    "Odile", "Pavel", "Quinn", "Rosa", "Sami", "Tilda", "Umar", "Vera", "Wim", "Xenia", "Yara", "Zeno", "Amal", "Bela",
    "Chidi", "Dunja", "Esme", "Felix", "Gisela", "Hugo", "Ines", "Jonas", "Kira", "Luca", "Maren", "Noor",
)  # fmt: skip
FAMILY = (
    "Albers", "Bianchi", "Castell", "Dorn", "Engel", "Farkas", "Grau", "Holm", "Ibsen", "Janssen", "Keller", "Lindt",
    "Marek", "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Sander", "Tanaka", "Urban", "Vidal", "Weiss", "Yilmaz",
    "Zeller", "Amsel", "Brandt", "Cordes", "Drews", "Ewald", "Fuchs", "Gerlach", "Hinz", "Jessen", "Kranz", "Lauer",
)  # fmt: skip
NON_ASCII = (("Zoë", "Strauß"), ("Łukasz", "Wójcik"), ("Noémie", "Lefèvre"), ("Søren", "Ångström"), ("美咲", "山田"))
DEPARTMENTS = ("Data", "Marketing", "Sales", "Founders")
EVERYBODY = "Catalog Users"  # Okta: the group the app is assigned to; teams are pushed from other groups
EMPTY = "Archive 2024"  # a team without members, by design
DOMAIN = "example.com"

# Who always takes part, in this order; the rest are plain.
CAST = (
    "admin", "guest", "contractor", "plus_address", "non_ascii", "non_ascii", "leaver_before", "leaver_after",
    "leaver_after", "renamed_before", "renamed_after", "moved_before", "moved_after", "joiner_before", "joiner_after",
    "joiner_after", "joiner_after",
)  # fmt: skip
MINIMUM = 20
JOINED = {"joiner_before": AS_OF - timedelta(days=5), "joiner_after": BREAK + timedelta(hours=4)}


def generate(provider: Provider, seed: int, count: int) -> World:
    """A healthy world of ``count`` people (at least ``MINIMUM``); an hour after BEGIN everybody is assigned."""
    rng = random.Random(f"{provider}-{seed}")  # noqa: S311 - reproducible, not secret
    makers = _Makers(provider, rng)
    people = [makers.person(i, CAST[i] if i < len(CAST) else "plain") for i in range(max(count, MINIMUM))]
    groups = {name: makers.group(name) for name in (*DEPARTMENTS, EMPTY)}
    if provider == "okta":
        groups[EVERYBODY] = makers.group(EVERYBODY)
    world = World(provider, seed, {}, {g.key: g for g in groups.values()})
    for group in groups.values():
        group.pushed = group.name != EVERYBODY
    _settle(world, groups, people)
    _happen(world, groups, people)
    return world


class _Makers:
    def __init__(self, provider: Provider, rng: random.Random) -> None:
        self.provider, self.rng = provider, rng
        self.taken: set[str] = set()
        self.names = rng.sample([(g, f) for g in GIVEN for f in FAMILY], len(GIVEN) * len(FAMILY))
        self.foreign = list(NON_ASCII)
        rng.shuffle(self.foreign)

    def key(self, prefix: str) -> str:
        if self.provider == "entra":
            return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        return prefix + "".join(self.rng.choices(string.ascii_letters + string.digits, k=17))

    def group(self, name: str) -> Group:
        return Group(self.key("00g"), name)

    def person(self, number: int, trait: str) -> Person:
        if trait == "non_ascii" and self.foreign:
            given, family = self.foreign.pop()
        else:
            given, family = self.names[number % len(self.names)]
        local = self.free(f"{ascii_of(given)}.{ascii_of(family)}", trait)
        email = login = f"{local}@{DOMAIN}"
        kind = {"guest": "guest", "contractor": "contractor", "admin": "admin"}.get(trait, "member")
        if trait == "guest":
            email = f"{local}@partner.example.net"
            guest_login = f"{email.replace('@', '_')}#EXT#@practice.onmicrosoft.com"
            login = guest_login if self.provider == "entra" else email
        short = f"{ascii_of(given)[:1]}{ascii_of(family)}{number}"
        return Person(
            self.key("00u"),
            given,
            family,
            email,
            login,
            kind=kind,
            mail_nickname=short,
            department=DEPARTMENTS[number % len(DEPARTMENTS)],
            aliases=[f"{short}@{DOMAIN}"],
            trait=trait,
        )

    def free(self, local: str, trait: str) -> str:
        if trait == "plus_address":
            local += "+catalog"
        number = 1
        wanted = local
        while wanted in self.taken:
            number += 1
            wanted = f"{local}{number}"
        self.taken.add(wanted)
        return wanted


def ascii_of(name: str) -> str:
    """The name as it stands in an address: ``Strauß`` → ``strauss``; what has no Latin letters is ``user``."""
    folded = name.replace("ß", "ss").replace("Ł", "L").replace("ł", "l").replace("ø", "o").replace("Ø", "O")
    letters = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    return "".join(c for c in letters.lower() if c.isalnum()) or "user"


def _settle(world: World, groups: dict[str, Group], people: list[Person]) -> None:
    """Who is there at the beginning, and the assignments an admin makes an hour later."""
    start = BEGIN + timedelta(hours=1)
    for person in people:
        if person.trait in JOINED:
            continue
        world.people[person.key] = person
        if person.kind in ("contractor", "admin"):
            continue  # contractors have no business in Catalog; the admin is assigned by name
        groups[person.department].members.append(person.key)
        if EVERYBODY in groups:
            groups[EVERYBODY].members.append(person.key)
    if EVERYBODY in groups:
        world.at(start, "assign_group", group=groups[EVERYBODY].key)
    else:
        for name in (*DEPARTMENTS, EMPTY):
            world.at(start, "assign_group", group=groups[name].key)
    for person in people:
        if person.kind == "admin":
            world.at(start + timedelta(minutes=5), "assign", key=person.key)


def _happen(world: World, groups: dict[str, Group], people: list[Person]) -> None:
    """Joining, leaving, renaming, moving: before BREAK and after it, the last at least three hours before AS_OF."""
    seen: dict[str, int] = {}
    for person in people:
        turn = seen[person.trait] = seen.get(person.trait, -1) + 1
        what, _, side = person.trait.rpartition("_")
        at = (BREAK + timedelta(hours=6 + 11 * turn)) if side == "after" else AS_OF - timedelta(days=9, hours=turn)
        if what == "leaver":
            world.at(at, "disable", key=person.key)
        elif what == "renamed":
            world.at(at + timedelta(minutes=20), "rename", key=person.key, family=f"{person.family}-{FAMILY[turn]}")
        elif what == "moved":
            after = DEPARTMENTS[(DEPARTMENTS.index(person.department) + 1) % len(DEPARTMENTS)]
            world.at(at + timedelta(minutes=40), "leave", key=person.key, group=groups[person.department].key)
            world.at(at + timedelta(minutes=41), "join", key=person.key, group=groups[after].key)
        elif what == "joiner":
            joined: datetime = JOINED[person.trait] + timedelta(hours=9 * turn, minutes=7)
            into = [groups[person.department].key, *([groups[EVERYBODY].key] if EVERYBODY in groups else [])]
            world.at(joined, "hire", person=person, groups=into)
