"""The System Log: LogEvent records in the shape of the Management API, written as things happen."""

from __future__ import annotations

import random
import string
import uuid
from datetime import datetime, timedelta
from typing import Any

from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.world import Person

_REASON_LENGTH = 255  # Okta cuts the strings of a LogEvent there
APP_NAME = "scim2headerauth"


class SystemLog:
    """``events`` in the order of time. Each entry comes a second or so after the one before it in the same job."""

    def __init__(self, clock: Clock, rng: random.Random, app_id: str, org_host: str) -> None:
        self.clock, self.rng, self.app_id, self.org_host = clock, rng, app_id, org_host
        self.label = ""
        self.events: list[dict[str, Any]] = []
        self._latest = clock.now

    def write(
        self,
        event_type: str,
        text: str,
        *,
        targets: list[dict[str, Any]],
        legacy: str | None = None,
        failure: str | None = None,
        failed: bool = False,
        actor: str | None = None,
        debug: dict[str, Any] | None = None,
        job: str | None = None,
    ) -> dict[str, Any]:
        """Appends an event. ``actor`` None is Okta itself (a job); ``failure`` the reason, ``failed`` without one."""
        at = max(self.clock.now, self._latest + timedelta(milliseconds=self.rng.randrange(200, 900)))
        self._latest = at
        broken = failed or failure is not None
        by_admin = actor is not None
        event: dict[str, Any] = {
            "actor": self._actor(actor),
            "client": self._client(by_admin),
            "authenticationContext": {
                "authenticationProvider": None,
                "credentialProvider": None,
                "credentialType": None,
                "issuer": None,
                "interface": None,
                "authenticationStep": 0,
                "externalSessionId": self._id("trs") if by_admin else None,
            },
            "displayMessage": text,
            "eventType": event_type,
            "outcome": {
                "result": "FAILURE" if broken else "SUCCESS",
                "reason": failure[:_REASON_LENGTH] if failure else None,
            },
            "published": _stamp(at),
            "securityContext": {"asNumber": None, "asOrg": None, "isp": None, "domain": None, "isProxy": None},
            "severity": "WARN" if broken else "INFO",
            "debugContext": {"debugData": {**({"appname": APP_NAME} if not by_admin else {}), **(debug or {})}},
            "legacyEventType": legacy,
            "transaction": {"type": "WEB" if by_admin else "JOB", "id": job or self._id("wtx"), "detail": {}},
            "uuid": str(uuid.UUID(int=self.rng.getrandbits(128), version=4)),
            "version": "0",
            "request": {"ipChain": self._chain(by_admin)},
            "target": targets or None,
        }
        self.events.append(event)
        return event

    def job(self) -> str:
        """An id that the events of one job share."""
        return self._id("job")

    # -- targets: Okta says to search them by type, not by position -------------------------------------------------

    def app(self) -> dict[str, Any]:
        return _target(self.app_id, "AppInstance", self.label, self.label)

    @staticmethod
    def console() -> dict[str, Any]:
        return _target("0oaconsole", "AppInstance", "Okta Admin Console", "Okta Admin Console")

    def user(self, person: Person) -> dict[str, Any]:
        return _target(person.key, "User", person.login, f"{person.given} {person.family}".strip())

    def app_user(self, app_user_id: str, user_name: str, person: Person) -> dict[str, Any]:
        return _target(app_user_id, "AppUser", user_name, f"{person.given} {person.family}".strip())

    def group(self, key: str, name: str) -> dict[str, Any]:
        return _target(key, "UserGroup", "unknown", name)

    # -- parts ------------------------------------------------------------------------

    def _id(self, prefix: str) -> str:
        return prefix + "".join(self.rng.choices(string.ascii_letters + string.digits, k=17))

    def _actor(self, login: str | None) -> dict[str, Any]:
        if login is None:
            return {
                "id": "okta.system",
                "type": "SystemPrincipal",
                "alternateId": "system@okta.com",
                "displayName": "Okta System",
                "detailEntry": None,
            }
        return {"id": "00uadmin", "type": "User", "alternateId": login, "displayName": "Admin", "detailEntry": None}

    @staticmethod
    def _client(by_admin: bool) -> dict[str, Any]:
        agent = {"rawUserAgent": "Mozilla/5.0", "os": "Linux", "browser": "FIREFOX"} if by_admin else None
        return {
            "userAgent": agent,
            "zone": "null" if by_admin else None,
            "device": "Computer" if by_admin else None,
            "id": None,
            "ipAddress": "192.0.2.10" if by_admin else None,
            "geographicalContext": None,
        }

    @staticmethod
    def _chain(by_admin: bool) -> list[dict[str, Any]]:
        return [{"ip": "192.0.2.10", "geographicalContext": None, "version": "V4", "source": None}] if by_admin else []


def _target(key: str, kind: str, alternate: str, name: str) -> dict[str, Any]:
    return {"id": key, "type": kind, "alternateId": alternate, "displayName": name, "detailEntry": None}


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
