"""Everybody the run knows: one person per cluster of ids, logins and names, and the forms in which they are written.

Ids, logins and e-mails that one record holds together belong to one person; so do Catalog's account and the
directory's person where externalId, login or e-mail joins them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scimrunbook.evidence.canonical import canonical, key_of, without_accents
from scimrunbook.evidence.policy import Policy
from scimrunbook.evidence.pseudonyms import Pseudonymiser
from scimrunbook.evidence.vocabulary import known

SHORTEST_LOCAL = 5  # letters of a local part that is looked for on its own; shorter ones are words
SHORTEST_NAME = 4  # letters of a login or name that is looked for in prose


@dataclass(slots=True)
class Person:
    """One person: the handle, and the first value seen of each kind (folded), so that others are told apart."""

    handle: str
    revealed: bool = False
    local: str = ""
    given: str = ""
    family: str = ""
    display: str = ""


@dataclass(slots=True)
class Record:
    """What one row says of somebody: ids and logins that join, and names."""

    ids: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()
    given: str = ""
    family: str = ""
    display: str = ""


@dataclass(slots=True)
class Identities:
    """The registry. ``by_id``: lower-case object id, ``by_login``: folded login or e-mail → person."""

    by_id: dict[str, Person] = field(default_factory=dict)
    by_login: dict[str, Person] = field(default_factory=dict)
    derived: dict[str, Person | None] = field(default_factory=dict)  # jdoe; None: several people
    groups: dict[str, str] = field(default_factory=dict)  # folded name → handle
    forms: dict[str, tuple[str, Person | None]] = field(default_factory=dict)  # folded text → (kind, person)
    records: list[Record] = field(default_factory=list)

    def find(self, value: str) -> Person | None:
        """The person a login, e-mail or object id names."""
        return self.by_id.get(value.lower()) or self.by_login.get(key_of(value))


def build(records: Iterable[Record], groups: Iterable[str], pseudonyms: Pseudonymiser, policy: Policy) -> Identities:
    """The registry of all records and group names."""
    made = Identities()
    joined = _Joined()
    for record in records:
        keys = [f"i:{i.lower()}" for i in record.ids] + [f"l:{key_of(n)}" for n in record.logins]
        if keys:
            joined.join(keys)
            made.records.append(record)
    people: dict[str, Person] = {}
    for record in made.records:
        first = f"i:{record.ids[0].lower()}" if record.ids else f"l:{key_of(record.logins[0])}"
        root = joined.root(first)
        person = people.get(root)
        if person is None:
            person = people[root] = Person(pseudonyms.handle("person", root[2:]))
        _tell(made, person, record, policy)
    for record in made.records:
        person = made.find((*record.ids, *record.logins)[0])
        if person is not None:
            _forms(made, person, record)
    for group in groups:
        folded = key_of(group)
        if folded and folded not in made.groups:
            made.groups[folded] = pseudonyms.handle("group", group)
            if len(folded) >= SHORTEST_NAME and not all(known(w) for w in folded.replace("-", " ").split()):
                made.forms.setdefault(folded, ("group", None))
    return made


class _Joined:
    """Union-find over keys."""

    def __init__(self) -> None:
        self.above: dict[str, str] = {}

    def root(self, key: str) -> str:
        above = self.above
        above.setdefault(key, key)
        while above[key] != key:
            above[key] = above[above[key]]
            key = above[key]
        return key

    def join(self, keys: list[str]) -> None:
        """Ids outrank logins as the name of a cluster, and the smaller outranks the larger: runs agree on it."""
        roots = sorted({self.root(k) for k in keys})
        for other in roots[1:]:
            self.above[other] = roots[0]


def _tell(made: Identities, person: Person, record: Record, policy: Policy) -> None:
    for one in record.ids:
        made.by_id[one.lower()] = person
    for login in record.logins:
        folded = key_of(login)
        made.by_login[folded] = person
        person.local = person.local or folded.rpartition("@")[0] or folded
        person.revealed = person.revealed or folded in policy.reveal
    person.given = person.given or key_of(record.given)
    person.family = person.family or key_of(record.family)
    person.display = person.display or key_of(record.display)


def _forms(made: Identities, person: Person, record: Record) -> None:
    """Every form of a record that is looked for in prose, by folded text; the first owner of a form keeps it."""
    forms = made.forms
    for login in record.logins:
        folded = key_of(login)
        local, at, domain = folded.partition("@")
        if at:
            forms.setdefault(folded, ("email", person))
            forms.setdefault(f"{local}_{domain}#ext#", ("local", person))
            if len(local) >= SHORTEST_LOCAL and not known(local):
                forms.setdefault(local, ("local", person))
        elif len(folded) >= SHORTEST_NAME and not known(folded):
            forms.setdefault(folded, ("login", person))
    for name in _names(record):
        for folded in {key_of(name), key_of(without_accents(name)), " ".join(canonical(name).lower().split())}:
            if len(folded) >= SHORTEST_NAME and not (known(folded) and " " not in folded):
                forms.setdefault(folded, ("display", person))
    for short in derived_forms(record.given, record.family):
        if made.derived.setdefault(short, person) is not person:
            made.derived[short] = None


def _names(record: Record) -> Iterator[str]:
    given, family = record.given.strip(), record.family.strip()
    if given and family:
        yield f"{given} {family}"
        yield f"{family}, {given}"
        yield f"{family} {given}"
        for between in "._-":
            yield f"{given}{between}{family}"
    if " " in record.display.strip():  # a single word is no name to look for in prose
        yield record.display


def derived_forms(given: str, family: str) -> set[str]:
    """``jdoe``, ``janed``, ``janedoe``, ``doej``: account names made from a name, without accents."""
    first = "".join(c for c in without_accents(given).casefold() if c.isalnum())
    last = "".join(c for c in without_accents(family).casefold() if c.isalnum())
    if not first or not last:
        return set()
    return {first[0] + last, first + last[0], first + last, last + first[0], f"{first}.{last}", f"{first[0]}.{last}"}


def records_of(snapshot: Any) -> Iterator[Record]:
    """What the tables of a snapshot, its incident and its answers say of people."""
    yield from _rows(snapshot["people"], ["person_key"], ["login", "email", "mail_nickname"], "other_emails")
    yield from _rows(snapshot["app_accounts"], ["person_key"], ["user_name", "email"])
    yield from _rows(snapshot["accounts"], ["external_id"], ["user_name", "email"])
    events = snapshot["events"]
    users = events[events["object_type"].isna() | (events["object_type"] == "user")]
    yield from _rows(users.drop_duplicates(["person_key", "name"]), ["person_key"], ["name"])
    for table in ("events", "config_changes"):
        yield from (Record(logins=(str(a),)) for a in snapshot[table]["actor"].dropna().unique() if _is_login(str(a)))
    incident = snapshot.incident
    yield from (Record(logins=(p,)) for p in (*incident.people, *incident.reveal))
    answered = [a.by for a in incident.answers.values()] + [a.get("by") for a in snapshot.answers.values()]
    yield from (Record(logins=(str(by),)) for by in answered if by)


def groups_of(snapshot: Any) -> Iterator[str]:
    """Names of groups and teams."""
    for table in ("groups", "teams"):
        yield from (str(n) for n in snapshot[table]["name"].dropna())
    events = snapshot["events"]
    yield from (str(n) for n in events.loc[events["object_type"] == "group", "name"].dropna().unique())
    yield from (team for teams in snapshot.incident.role_mapping.values() for team in teams)


def _rows(frame: Any, ids: list[str], logins: list[str], several: str | None = None) -> Iterator[Record]:
    names = [c for c in ("given_name", "family_name", "display_name") if c in frame.columns]
    columns = [*ids, *logins, *names, *([several] if several else [])]
    for row in frame[columns].astype("object").where(frame[columns].notna(), None).itertuples(index=False):
        told = dict(zip(columns, row, strict=True))
        more = _several(told.get(several)) if several else []
        yield Record(
            tuple(str(told[c]) for c in ids if told[c]),
            tuple(str(told[c]) for c in logins if told[c]) + tuple(more),
            told.get("given_name") or "",
            told.get("family_name") or "",
            told.get("display_name") or "",
        )


def _several(text: Any) -> list[str]:
    try:
        value = json.loads(text) if text else []
    except ValueError:
        return []
    return [str(v) for v in value] if isinstance(value, list) else []


def _is_login(actor: str) -> bool:
    """An actor is a person where it is an address or at least no word of the provider's."""
    return "@" in actor or not all(known(w) for w in actor.split())
