"""Entra's provisioning service: cycles of 40 minutes on the virtual clock, quarantine, retries, an audit log.

Source of the behaviour: Microsoft Learn (how provisioning works, quarantine status, known issues) and published records
(facts: Entra, sections 4 to 8). A dead token or a wrong URL leaves no row in the provisioning log: every cycle begins
with a test request, and where that fails the cycle ends and the job goes to quarantine.
"""

from __future__ import annotations

import random
import uuid
from datetime import datetime, timedelta
from typing import Any

from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.entra import requests
from scimrunbook.simulator.entra.directory import Directory
from scimrunbook.simulator.entra.log import ProvisioningLog, stamp, status_name
from scimrunbook.simulator.entra.settings import Settings
from scimrunbook.simulator.entra.state import DROPPED_AFTER, Execution, Quarantine
from scimrunbook.simulator.entra.teams import Teams
from scimrunbook.simulator.entra.users import Users
from scimrunbook.simulator.wire import ScimWire, WireAnswer, WireFactory
from scimrunbook.simulator.world import BEGIN, Change, World

IN_QUARANTINE = timedelta(days=1)  # cycles slow to once a day
DISABLED_AFTER = timedelta(weeks=4)  # a job in quarantine for longer is disabled
SOON = timedelta(minutes=2)  # until a job that was started or restarted runs
START = BEGIN + timedelta(minutes=75)  # the admin starts provisioning once everybody is assigned
_SERVICE = "Microsoft.Azure.SyncFabric"  # the provisioning service, as it signs its own rows of the audit log
_REFUSED = "SystemForCrossDomainIdentityManagementInvalidCredentials"
_UNAVAILABLE = "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable"


class Engine:
    """Walks the world's timeline and runs the job. ``log``, ``audits``, ``executions`` are what Graph would tell."""

    def __init__(self, world: World, wires: WireFactory, clock: Clock, rng: random.Random, settings: Settings) -> None:
        self.world, self.wires, self.clock, self.rng, self.settings = world, wires, clock, rng, settings
        self.tenant_id, self.service_principal_id, self.app_id = self.guid(), self.guid(), self.guid()
        self.admin_id = self.guid()
        self.job_id = f"scim.{self.tenant_id.replace('-', '')}.{self.guid()}"
        principal = {"id": self.service_principal_id, "displayName": settings.app_name}
        self.log = ProvisioningLog(rng, self.tenant_id, self.job_id, principal)
        self.directory = Directory(world)
        self.users, self.teams = Users(self), Teams(self)
        self.audits: list[dict[str, Any]] = []
        self.executions: list[Execution] = []
        self.first_good: Execution | None = None
        self.last_good: Execution | None = None
        self.last_exporting: Execution | None = None
        self.quarantine: Quarantine | None = None
        self.cycle_id = ""
        self.next_cycle: datetime | None = None
        self._initial = True
        self._wire: tuple[tuple[str, str], ScimWire] | None = None
        self._done = 0

    def guid(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def run(self, until: datetime) -> None:
        """Applies changes and runs cycles in the order of time, up to ``until``; Catalog's own are passed over."""
        while True:
            change = self.world.timeline[self._done] if self._done < len(self.world.timeline) else None
            if self.next_cycle is None and not self.executions and self.settings.provisioning:
                self.next_cycle = START
            due = None if self.settings.stalled else self.next_cycle
            moments = [m for m in (change.at if change else None, due) if m and m <= until]
            if not moments:
                break
            now = min(moments)
            self.clock.to(max(self.clock.now, now))
            if change and change.at == now:
                self._done += 1
                self.apply(change)
            else:
                self.cycle()
        self.clock.to(max(self.clock.now, until))

    @property
    def interval(self) -> timedelta:
        return timedelta(minutes=self.settings.interval_minutes)

    def wire(self) -> ScimWire:
        key = (self.settings.base_url, self.settings.token)
        if self._wire is None or self._wire[0] != key:
            if self._wire:
                self._wire[1].close()
            self._wire = (key, self.wires(key[0], f"Bearer {key[1]}"))
        return self._wire[1]

    def close(self) -> None:
        """Ends the connection to Catalog."""
        if self._wire:
            self._wire[1].close()
            self._wire = None

    # -- changes --------------------------------------------------------------------------

    def apply(self, change: Change) -> None:
        if change.what == "catalog":
            return
        if change.what == "setting":
            self.setting(change)
        else:
            self.directory.apply(change)

    def setting(self, change: Change) -> None:
        touched = self.settings.change(change.data)
        if "credentials" in touched:
            self.audit("Update provisioning setting or credentials", change)
        if "mapping" in touched:
            self.audit("Update attribute mappings or scope", change)
        if "status" in touched:
            on = self.settings.provisioning
            self.audit(f"{'Enable/start' if on else 'Disable/pause'} provisioning configuration", change)
            self.next_cycle = self.clock.now + SOON if on else None
        if "restart" in touched:
            self.audit("Enable/restart provisioning configuration", change)
        if touched & {"restart", "mapping"}:
            self.restart()

    def restart(self) -> None:
        """What the portal's button does, and what saving a mapping does by itself: quarantine, watermark, escrows."""
        self.quarantine = None
        self.users.escrows.clear()
        self.teams.escrows.clear()
        self.teams.restart()
        self._initial = True
        if self.executions and self.settings.provisioning:
            self.next_cycle = self.clock.now + SOON

    def audit(self, activity: str, change: Change | None = None) -> None:
        """A row of the audit log; without a change the service itself did it."""
        principal = {"id": self.service_principal_id, "displayName": self.settings.app_name,
                     "type": "ServicePrincipal", "modifiedProperties": []}  # fmt: skip
        user = app = None
        if change:
            user = {"id": self.admin_id, "displayName": "Admin", "userPrincipalName": change.by, "ipAddress": None}
        else:
            app = dict.fromkeys(("appId", "servicePrincipalId", "servicePrincipalName")) | {"displayName": _SERVICE}
        self.audits.append(
            {
                "id": f"Sync_{self.guid()}",
                "category": "ProvisioningManagement",
                "correlationId": self.guid(),
                "result": "success",
                "resultReason": activity,
                "activityDisplayName": activity,
                "activityDateTime": stamp(self.clock.now),
                "loggedByService": "Account Provisioning",
                "operationType": "Update",
                "initiatedBy": {"user": user, "app": app},
                "targetResources": [principal],
                "additionalDetails": [],
            }
        )

    # -- cycles ---------------------------------------------------------------------------

    def cycle(self) -> None:
        now = self.clock.now
        self.cycle_id = self.guid()
        answer = self.test_connection()
        if not answer.ok:
            self.fail(answer, now)
            return
        self.directory.purge_due(now)
        if self._initial:
            self.directory.touch_everybody(now)
            self._initial = False
        if gone := self.too_many_deletions():
            self.hold_deletions(now, gone)
            return
        self.quarantine = None
        people, groups = list(self.directory.changed_people), list(self.directory.changed_groups)
        self.directory.changed_people.clear()
        self.directory.changed_groups.clear()
        again, teams_again = self.due(self.users.escrows, now), self.due(self.teams.escrows, now)
        before = len(self.log.records)
        for key in dict.fromkeys([*people, *again]):
            self.clock.to(self.clock.now + timedelta(seconds=1))
            self.users.sync(key, retry=key not in people)
        for group in self.world.groups.values():  # members may have got their accounts in this very cycle
            if group.key in groups or group.key in teams_again or people or again:
                changed = group.key in groups
                self.teams.sync(group.key, changed=changed, retry=group.key in teams_again and not changed)
        self.finish(now, self.log.records[before:], len(people) + len(groups))
        self.next_cycle = max(now + self.interval, self.clock.now)

    def too_many_deletions(self) -> list[str]:
        """Keys of whom this cycle would disable, where they are more than "Prevent accidental deletion" allows."""
        limit, directory = self.settings.deletion_threshold, self.directory
        gone = [
            key
            for key in directory.changed_people
            if (link := self.users.links.get(key))
            and link.managed
            and not link.disabled
            and not (directory.active(key) and directory.entitled(key))
        ]
        return gone if 0 < limit < len(gone) else []

    def hold_deletions(self, now: datetime, gone: list[str]) -> None:
        """Quarantine for too many deletions; what the cycle would have done waits with them, logged as staged."""
        if self.quarantine is None:
            for key in gone:
                self.users.staged(key)
        message = f"The cycle would disable more than {self.settings.deletion_threshold} entries."
        self.held(now, {"code": "TooManyDeletes", "message": message, "tenantActionable": True}, "TooManyDeletes")

    def finish(self, began: datetime, rows: list[dict[str, Any]], imported: int) -> None:
        """Records the iteration: one with failures, or with some waiting to be tried again, has entry level errors."""
        statuses = [r["provisioningStatusInfo"]["status"] for r in rows]
        escrowed = len(self.users.escrows) + len(self.teams.escrows)
        good = "failure" not in statuses and not escrowed
        state = "Succeeded" if good else "EntryLevelErrors"
        exports = statuses.count("success")
        entitled = len(self.world.in_scope()) + sum(g.assigned for g in self.world.groups.values())
        execution = Execution(self.cycle_id, began, self.clock.now, state, None, exports, imported, escrowed, entitled)
        self.executions.append(execution)
        if good:
            self.first_good = self.first_good or execution
            self.last_good = execution
            if exports:
                self.last_exporting = execution

    def due(self, escrows: dict[str, Any], now: datetime) -> list[str]:
        for key in [k for k, e in escrows.items() if e.first + DROPPED_AFTER <= now]:
            del escrows[key]
        return [k for k, e in escrows.items() if e.next_attempt and e.next_attempt <= now]

    def test_connection(self) -> WireAnswer:
        """The request Entra's Test connection sends, also at the start of every cycle: 200 with an empty list."""
        row = self.settings.users.matching()[0]
        return self.wire().request("GET", requests.lookup("Users", row.target, self.guid()))

    def fail(self, answer: WireAnswer, now: datetime) -> None:
        """Quarantine: no row in the provisioning log, only the job tells. Again after 5 minutes, then once a day."""
        refused = answer.status in (401, 403)
        got = f"Response Status Code: {status_name(answer.status)}" if answer.status else f"No answer ({answer.error})"
        problem = {
            "code": _REFUSED if refused else _UNAVAILABLE,
            # The service words a refused token this way, whatever the URL.
            "message": "Please provide a valid tenant URL for your application."
            if refused
            else f"The application gave an unexpected answer. Resource: {self.settings.base_url}/Users {got}",
            "tenantActionable": True,
        }
        self.held(now, problem, "EncounteredQuarantineException")

    def held(self, now: datetime, problem: dict[str, Any], reason: str) -> None:
        self.executions.append(Execution(self.cycle_id, now, now, "Failed", problem))
        if self.quarantine is None:
            self.quarantine = Quarantine(now, now + timedelta(minutes=5), 1, problem, reason)
            self.audit("Quarantine")
        else:
            self.quarantine.count += 1
            self.quarantine.error = problem
            self.quarantine.next_attempt = now + IN_QUARANTINE
        if now - self.quarantine.began > DISABLED_AFTER:
            self.settings.provisioning = False
            self.next_cycle = None
            self.audit("Disable/pause provisioning configuration")
            return
        self.next_cycle = self.quarantine.next_attempt
