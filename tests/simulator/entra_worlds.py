"""Small Entra worlds made by hand, provisioned into a served practice Catalog; every request is written down."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from scimrunbook.simulator.catalog import Catalog
from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.entra.engine import START, Engine
from scimrunbook.simulator.entra.settings import Settings
from scimrunbook.simulator.serve import serve
from scimrunbook.simulator.wire import ScimWire, WireAnswer
from scimrunbook.simulator.world import BEGIN, Group, Person, World

BASE = "https://api.us.castordoc.com/auth/scim"
TOKEN = "practice" * 4
HOUR = timedelta(hours=1)
ADA, BOB, CAT = (f"{n}{n}{n}{n}{n}{n}{n}{n}-0000-4000-8000-000000000001" for n in "abc")
TEAM, OTHER = "dddddddd-0000-4000-8000-00000000000d", "eeeeeeee-0000-4000-8000-00000000000e"


@dataclass
class Sent:
    at: datetime
    method: str
    path: str
    body: Any
    status: int
    test: bool  # the connection test: a look-up of a user nobody has

    @property
    def plain(self) -> str:
        return unquote_plus(self.path)


class RecordingWire(ScimWire):
    """The real wire; ``Practice.refuse`` may answer in the endpoint's place."""

    def __init__(self, practice: Practice, *given: Any) -> None:
        super().__init__(*given)
        self.practice = practice

    def request(self, method: str, path: str, body: Any = None, accept: str = "application/scim+json") -> WireAnswer:
        answer = self.practice.refuse(method, path) or super().request(method, path, body, accept)
        test = method == "GET" and "/Users?filter=" in path and not self.practice.known(unquote_plus(path))
        self.practice.sent.append(Sent(self.practice.clock.now, method, path, body, answer.status, test))
        return answer


def nothing(method: str, path: str) -> WireAnswer | None:
    return None


@dataclass
class Practice:
    world: World
    settings: Settings
    clock: Clock
    catalog: Catalog
    engine: Engine = field(init=False)
    sent: list[Sent] = field(default_factory=list)
    refuse: Callable[[str, str], WireAnswer | None] = nothing

    def at(self, hours: float, what: Any, **data: Any) -> datetime:
        """A change some hours after provisioning was started; returns its moment."""
        moment = START + hours * HOUR
        self.world.at(moment, what, **data)
        return moment

    def run(self, hours: float) -> list[Sent]:
        """Runs until so many hours after the start; returns what was sent since the last time, tests aside."""
        before = len(self.sent)
        self.engine.run(START + hours * HOUR)
        return [s for s in self.sent[before:] if not s.test]

    def tests(self) -> list[Sent]:
        return [s for s in self.sent if s.test]

    def known(self, plain: str) -> bool:
        people = [*self.world.people.values(), *(p for p, _ in self.engine.directory.soft_deleted.values())]
        values = {v for p in people for v in (p.login, p.login.split("#")[0], p.key, p.mail_nickname) if v}
        return any(f'"{v}"' in plain for v in values)

    def account(self, login: str) -> dict[str, Any]:
        (found,) = [u for u in self.catalog.store.users() if u["userName"] == login]
        return found

    def members(self, name: str) -> set[str]:
        (team,) = [g for g in self.catalog.store.groups() if g["displayName"] == name]
        names = {u["id"]: u["userName"] for u in self.catalog.store.users()}
        return {names[m["value"]] for m in team.get("members", [])}

    def rows(self, **wanted: str) -> list[dict[str, Any]]:
        """Log records by action, status and name of the source."""
        return [
            r
            for r in self.engine.log.records
            if wanted.get("action", r["provisioningAction"]) == r["provisioningAction"]
            and wanted.get("status", r["provisioningStatusInfo"]["status"]) == r["provisioningStatusInfo"]["status"]
            and wanted.get("name", r["sourceIdentity"]["displayName"]) == r["sourceIdentity"]["displayName"]
        ]


def person(key: str, given: str, family: str, **more: Any) -> Person:
    local = f"{given}.{family}".lower()
    return Person(key, given, family, f"{local}@example.com", more.pop("login", f"{local}@example.com"),
                  mail_nickname=f"{given[:1]}{family}".lower(), **more)  # fmt: skip


@contextlib.contextmanager
def practice(assigned: tuple[str, ...] = (ADA,), base_url: str = BASE, **settings: Any) -> Iterator[Practice]:
    """Ada and Bob in the directory, Ada assigned by name; a group "Data" (Bob) and one nested in it, not assigned."""
    people = {p.key: p for p in (person(ADA, "Ada", "Albers"), person(BOB, "Bob", "Brandt"))}
    groups = {TEAM: Group(TEAM, "Data", [BOB], [OTHER]), OTHER: Group(OTHER, "Data Interns", [])}
    world = World("entra", 1, people, groups, set(assigned))
    clock = Clock(BEGIN)
    catalog = Catalog(clock, random.Random(1), {TOKEN}, BASE)
    made = Practice(world, Settings(base_url=base_url, token=TOKEN, **settings), clock, catalog)
    with serve({"api.us.castordoc.com": catalog.app}) as server:
        made.engine = Engine(
            world,
            lambda base, authorization: RecordingWire(made, server.port, base, authorization),
            clock,
            random.Random(2),
            made.settings,
        )
        yield made
        made.engine.close()
