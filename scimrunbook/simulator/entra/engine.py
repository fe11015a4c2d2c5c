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
from urllib.parse import quote_plus

from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.entra.directory import Directory
from scimrunbook.simulator.entra.log import ProvisioningLog, stamp
from scimrunbook.simulator.entra.settings import Settings
from scimrunbook.simulator.entra.state import DROPPED_AFTER, Execution, Quarantine
from scimrunbook.simulator.entra.teams import Teams
from scimrunbook.simulator.entra.users import Users
from scimrunbook.simulator.wire import ScimWire, WireAnswer, WireFactory
from scimrunbook.simulator.world import BEGIN, Change, World

INTERVAL = timedelta(minutes=40)
IN_QUARANTINE = timedelta(days=1)  # cycles slow to once a day
DISABLED_AFTER = timedelta(weeks=4)  # a job in quarantine for longer is disabled
START = BEGIN + timedelta(minutes=75)  # the admin starts provisioning once everybody is assigned
_REFUSED = "SystemForCrossDomainIdentityManagementInvalidCredentials"
_UNAVAILABLE = "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable"


class Engine:
    """Walks the world's timeline and runs the job. ``log``, ``audits``, ``executions`` are what Graph would tell."""

    def __init__(self, world: World, wires: WireFactory, clock: Clock, rng: random.Random, settings: Settings) -> None:
        self.world, self.wires, self.clock, self.rng, self.settings = world, wires, clock, rng, settings
        self.tenant_id, self.service_principal_id, self.app_id = self.guid(), self.guid(), self.guid()
        self.job_id = f"scim.{self.tenant_id.replace('-', '')}.{self.guid()}"
        principal = {"id": self.service_principal_id, "displayName": settings.app_name}
        self.log = ProvisioningLog(rng, self.tenant_id, self.job_id, principal)
        self.directory = Directory(world)
        self.users, self.teams = Users(self), Teams(self)
        self.audits: list[dict[str, Any]] = []
        self.executions: list[Execution] = []
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
            moments = [m for m in (change.at if change else None, self.next_cycle) if m and m <= until]
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
            self.next_cycle = self.clock.now + timedelta(minutes=2) if on else None
        if "restart" in touched:
            self.audit("Enable/restart provisioning configuration", change)
        if touched & {"restart", "mapping"} and self.settings.provisioning:
            self.restart()

    def restart(self) -> None:
        """What the portal's button does, and what saving a mapping does by itself: quarantine, watermark, escrows."""
        self.quarantine = None
        self.users.escrows.clear()
        self.teams.escrows.clear()
        self._initial = True
        if self.executions:
            self.next_cycle = self.clock.now + timedelta(minutes=2)

    def audit(self, activity: str, change: Change) -> None:
        principal = {"id": self.service_principal_id, "displayName": self.settings.app_name,
                     "type": "ServicePrincipal", "modifiedProperties": []}  # fmt: skip
        user = {"id": "00000000-aaaa-4bbb-8ccc-000000000001", "displayName": "Admin", "userPrincipalName": change.by}
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
                "initiatedBy": {"user": user, "app": None},
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
        if self.quarantine:
            self.quarantine = None
        self.directory.purge_due(now)
        if self._initial:
            self.directory.touch_everybody(now)
            self._initial = False
        people, groups = list(self.directory.changed_people), list(self.directory.changed_groups)
        self.directory.changed_people.clear()
        self.directory.changed_groups.clear()
        people += [k for k in self.due(self.users.escrows, now) if k not in people]
        groups += [k for k in self.due(self.teams.escrows, now) if k not in groups]
        before = len(self.log.records)
        for key in people:
            self.clock.to(self.clock.now + timedelta(seconds=1))
            self.users.sync(key)
        for group in self.world.groups.values():  # members may have got their accounts in this very cycle
            if group.key in groups or (people and group.assigned):
                self.teams.sync(group.key)
        written = self.log.records[before:]
        failures = sum(r["provisioningStatusInfo"]["status"] == "failure" for r in written)
        exports = sum(r["provisioningStatusInfo"]["status"] == "success" for r in written)
        escrowed = len(self.users.escrows) + len(self.teams.escrows)
        execution = Execution(now, self.clock.now, "EntryLevelErrors" if failures else "Succeeded", None, exports,
                              len(people) + len(groups), escrowed)  # fmt: skip
        self.executions.append(execution)
        if not failures:
            self.last_good = execution
            if exports:
                self.last_exporting = execution
        self.next_cycle = max(now + INTERVAL, self.clock.now)

    def due(self, escrows: dict[str, Any], now: datetime) -> list[str]:
        for key in [k for k, e in escrows.items() if e.first + DROPPED_AFTER <= now]:
            del escrows[key]
        return [k for k, e in escrows.items() if e.next_attempt and e.next_attempt <= now]

    def test_connection(self) -> WireAnswer:
        """The request Entra's Test connection sends, also at the start of every cycle: 200 with an empty list."""
        row = self.settings.users.matching()[0]
        expression = quote_plus(f'{row.target} eq "{self.guid()}"', safe="")
        return self.wire().request("GET", f"/Users?filter={expression}")

    def fail(self, answer: WireAnswer, now: datetime) -> None:
        refused = answer.status in (401, 403)
        error = {
            "code": _REFUSED if refused else _UNAVAILABLE,
            "message": f"The tenant URL or the secret token was not accepted (HTTP {answer.status or 'no answer'}).",
            "tenantActionable": True,
        }
        self.executions.append(Execution(now, now, "Failed", error))
        if self.quarantine is None:
            self.quarantine = Quarantine(now, now + timedelta(minutes=5), 1, error)
        else:
            self.quarantine.count += 1
            self.quarantine.error = error
            self.quarantine.next_attempt = now + IN_QUARANTINE
        if now - self.quarantine.began > DISABLED_AFTER:
            self.settings.provisioning = False
            self.next_cycle = None
            return
        self.next_cycle = self.quarantine.next_attempt
