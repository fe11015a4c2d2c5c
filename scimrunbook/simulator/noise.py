"""What a healthy tenant has seen besides, and must fool nobody: composable like faults, with nothing to find.

Leavers, guests, contractors out of scope, plus-addresses, non-ASCII names and a team that is empty by design are in
every world already (``people``). Each entry here adds one more oddity before the engines run; what they log and send
of it is, as ever, what really happened.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.faults.accounts import by_hand
from scimrunbook.simulator.faults.base import Scenario
from scimrunbook.simulator.people import DOMAIN, EVERYBODY
from scimrunbook.simulator.world import AS_OF, BEGIN, Person

AHEAD = timedelta(minutes=6)  # how far Catalog's clock is off where it is


class SkewedClock(Clock):
    """Follows another clock at a distance; it cannot be moved itself."""

    def __init__(self, base: Clock, distance: timedelta) -> None:
        self._base, self._distance = base, distance

    @property
    def now(self) -> Any:  # type: ignore[override] # derived, not stored
        return self._base.now + self._distance


def _plain(s: Scenario, trait: str) -> Person:
    """Somebody to whom nothing else happens, in scope from the beginning; taken once."""
    person = next(p for p in reversed(s.world.people.values()) if p.trait == "plain")
    person.trait = trait
    return person


def _scope_groups(s: Scenario, person: Person) -> list[str]:
    return [g.key for g in s.world.groups.values() if person.key in g.members]


def _healed_failures(s: Scenario) -> None:
    """A failure twelve days ago, mended the same week."""
    person = _plain(s, "healed")
    if s.provider == "entra":  # two accounts of one name: the match is ambiguous until both are gone
        for _ in range(2):
            s.world.at(BEGIN + timedelta(minutes=10), "catalog", do="add_user", document=by_hand(person, person.login))
        s.world.at(BEGIN + timedelta(days=3), "catalog", do="delete_user", user_name=person.login)
        return
    at = AS_OF - timedelta(days=12)
    s.world.at(at, "catalog", do="tokens", tokens=[s.new_token])
    s.world.at(at + timedelta(minutes=20), "rename", key=person.key, family=person.family + "-Vogt")
    old = s.settings.token.removeprefix("Bearer ")
    s.world.at(at + timedelta(hours=1), "catalog", do="tokens", tokens=[old])
    s.world.at(at + timedelta(hours=3), "rename", key=person.key, family=person.family)


def _namesakes(s: Scenario) -> None:
    """Two humans of one name, each with an address and an account of their own."""
    first = _plain(s, "namesake")
    key = first.key[:-4] + ("YYY2" if s.provider == "okta" else "eee2")
    local = first.email.split("@")[0]
    second = replace(first, key=key, email=f"{local}9@{DOMAIN}", login=f"{local}9@{DOMAIN}", aliases=[],
                     mail_nickname=first.mail_nickname + "x", trait="namesake")  # fmt: skip
    s.world.at(AS_OF - timedelta(days=7), "hire", person=second, groups=_scope_groups(s, first))


def _new_address(s: Scenario) -> None:
    """Married: another family name, and with it another address and login; the old one stays as an alias."""
    person = _plain(s, "new_address")
    address = f"{person.email.split('@')[0]}.keller@{DOMAIN}"
    person.aliases = [*person.aliases, person.email]
    s.world.at(AS_OF - timedelta(days=8), "rename", key=person.key, family="Keller", email=address, login=address)


def _outsiders(s: Scenario) -> None:
    """Accounts made by hand for people the directory does not know, and for a contractor out of scope."""
    contractor = next(p for p in s.world.people.values() if p.kind == "contractor")
    stranger = replace(contractor, given="Otto", family="Fremd", email="otto.fremd@consulting.example.net")
    for person in (contractor, stranger):
        s.world.at(BEGIN + timedelta(days=2), "catalog", do="add_user", document=by_hand(person, person.email))


def _deleted(s: Scenario) -> None:
    """Somebody left and was deleted at once."""
    person = _plain(s, "deleted")
    s.world.at(AS_OF - timedelta(days=10), "delete", key=person.key)


def _label(s: Scenario) -> None:
    """The application bears the name of another one."""
    if s.provider == "okta":
        s.settings.label = "Castor (SAML, do not use)"
    else:
        s.settings.app_name = "Castor SSO test - old"


def _leave_of_absence(s: Scenario) -> None:
    """Blocked for a day and back; with Entra an admin restarts, since teams do not come back by themselves."""
    person = _plain(s, "absent")
    s.world.at(AS_OF - timedelta(days=11), "disable", key=person.key)
    s.world.at(AS_OF - timedelta(days=10), "enable", key=person.key)
    if s.provider == "entra":
        s.world.at(AS_OF - timedelta(days=9, hours=12), "setting", restart=True)


def _changed_jobs(s: Scenario) -> None:
    """Moved to a department that has no business in Catalog: the account rightly went."""
    person = _plain(s, "changed_jobs")
    groups = _scope_groups(s, person)
    groups.sort(key=lambda key: s.world.groups[key].name == EVERYBODY)
    for number, group in enumerate(groups):
        s.world.at(AS_OF - timedelta(days=6, minutes=-number), "leave", key=person.key, group=group)


def _service_account(s: Scenario) -> None:
    """An account of a machine: no names, nobody's, not assigned."""
    like = next(p for p in s.world.people.values() if p.kind == "contractor")
    key = like.key[:-4] + ("SVC1" if s.provider == "okta" else "ccc1")
    machine = replace(like, key=key, given="", family="", email=f"svc-backup@{DOMAIN}", login=f"svc-backup@{DOMAIN}",
                      mail_nickname="svcbackup", aliases=[], kind="member", trait="machine")  # fmt: skip
    s.world.people[key] = machine


def _elsewhere(_: Scenario) -> None:
    """What is no part of the world: the tenant does it when it builds Catalog or exports."""


NOISE: dict[str, Callable[[Scenario], None]] = {
    "healed_failures": _healed_failures,
    "namesakes": _namesakes,
    "new_address": _new_address,
    "outsiders_by_hand": _outsiders,
    "deleted": _deleted,
    "misleading_label": _label,
    "leave_of_absence": _leave_of_absence,
    "changed_jobs": _changed_jobs,
    "service_account": _service_account,
    "clock_skew": _elsewhere,
    "filtered_export": _elsewhere,
}


def filter_logs(folder: Path, provider: str) -> None:
    """What an admin saves who looked for trouble: the log of failures alone."""
    if provider == "entra":
        path = folder / "provisioning-log.json"
        records = json.loads(path.read_text("utf-8"))
        kept = [r for r in records if r["provisioningStatusInfo"]["status"] == "failure"]
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
        return
    path = folder / "system-log.json"
    failed = [r for r in json.loads(path.read_text("utf-8")) if r["outcome"]["result"] == "FAILURE"]
    path.write_text(json.dumps(failed, indent=1, ensure_ascii=False) + "\n", "utf-8")
    table = folder / "system-log.csv"
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(r for r in rows if r["outcome.result"] == "FAILURE")
    table.write_text(out.getvalue(), "utf-8")
