"""Pushing one person: exists? create, update, deactivate; the log entries are written from what came back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from scimrunbook.simulator.okta.state import AppUser
from scimrunbook.simulator.wire import ScimWire, WireAnswer, WireFactory

if TYPE_CHECKING:
    from scimrunbook.simulator.okta.engine import Engine

# Okta: SCIM concepts, rate limits.
_ATTEMPTS = 10
_PAUSE = timedelta(minutes=5)
USER_AGENT = "Okta SCIM Client 1.0.0"
_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def reason(answer: WireAnswer) -> str:
    """The wording of ``outcome.reason``: the HTTP reason phrase, then the detail of the remote server."""
    if answer.status == 0:
        return f"Error while trying to reach the remote server: {answer.error}"
    if answer.text.lstrip().startswith("<"):
        return f"{answer.phrase}. Errors reported by remote server: Invalid JSON: Unexpected character '<'"
    return f"{answer.phrase}. Errors reported by remote server: {answer.detail or answer.phrase}"


class UserPush:
    """The app user's way to Catalog."""

    def __init__(self, engine: Engine, wires: WireFactory) -> None:
        self.engine, self.wires = engine, wires
        self._wire: tuple[tuple[str, str], ScimWire] | None = None

    def wire(self) -> ScimWire:
        settings = self.engine.settings
        key = (settings.base_url, settings.token)
        if self._wire is None or self._wire[0] != key:
            if self._wire:
                self._wire[1].close()
            wire = self.wires(*key)
            wire.user_agent = USER_AGENT
            self._wire = (key, wire)
        return self._wire[1]

    def request(self, method: str, path: str, body: Any = None) -> WireAnswer:
        """One SCIM request; a 429 is waited for as it asks, else five minutes, doubled each time, ten times at most."""
        pause = _PAUSE
        for _ in range(_ATTEMPTS - 1):
            answer = self.wire().request(method, path, body)
            if answer.status != 429:
                return answer
            self.engine.wait(timedelta(seconds=answer.retry_after) if answer.retry_after else pause)
            pause *= 2
        return self.wire().request(method, path, body)

    def close(self) -> None:
        if self._wire:
            self._wire[1].close()
            self._wire = None

    def test_connection(self) -> WireAnswer:
        """What saving the API integration sends."""
        answer = self.request("GET", "/Users?startIndex=1&count=2")
        if not answer.ok:
            self.engine.log.write("application.configuration.update", "Okta couldn't verify api credentials",
                                  targets=[self.engine.log.app()], legacy="verificationFailed",
                                  failure=reason(answer))  # fmt: skip
        return answer

    def target(self, app_user: AppUser) -> dict[str, Any]:
        person = self.engine.world.people[app_user.person]
        return self.engine.log.app_user(app_user.id, app_user.user_name, person)

    def targets(self, app_user: AppUser) -> list[dict[str, Any]]:
        log = self.engine.log
        return [self.target(app_user), log.app(), log.user(self.engine.world.people[app_user.person])]

    def write(self, app_user: AppUser, event: str, text: str, legacy: str, answer: WireAnswer | None, job: str) -> None:
        failure = None if answer is None or answer.ok else reason(answer)
        # the one public record of this kind of application: the wrapper of a job fails and tells no reason
        told = None if event == "sync" else failure
        self.engine.log.write(f"application.provision.user.{event}", text, targets=self.targets(app_user),
                              legacy=legacy, failure=told, failed=failure is not None, job=job)  # fmt: skip
        if answer is not None and answer.status == 401:
            self.engine.log.write("application.integration.authentication_failure", "Error authenticating",
                                  targets=[self.engine.log.app()], legacy="app.api.error.auth",
                                  failure=failure, job=job)  # fmt: skip

    def profile(self, app_user: AppUser, *, creating: bool) -> dict[str, str]:
        """What the mapping makes of the person, by target; the names are kept as the app user's own.

        A row that is applied on create only (``DONT_PUSH``) keeps what the app user got then.
        """
        person = self.engine.world.people[app_user.person]
        values = {"user.firstName": person.given, "user.lastName": person.family, "user.title": person.department,
                  "user.department": person.department}  # fmt: skip
        kept = {"givenName": app_user.given, "familyName": app_user.family}
        made = {
            target: values.get(source, "") if creating or push == "PUSH" else kept.get(target, "")
            for target, (source, push) in self.engine.settings.to_app.items()
        }
        app_user.given, app_user.family = made.get("givenName", ""), made.get("familyName", "")
        return {target: value for target, value in made.items() if value}

    def body(self, app_user: AppUser, *, creating: bool) -> dict[str, Any]:
        """The full document: mapped names, userName, the standing attributes, ``externalId`` the Okta id."""
        person = self.engine.world.people[app_user.person]
        made = self.profile(app_user, creating=creating)
        name = {target: made.pop(target) for target in ("givenName", "familyName") if target in made}
        display = f"{person.given} {person.family}".strip()
        return {
            "schemas": [_USER],
            "userName": app_user.user_name,
            "name": name,
            "emails": [{"primary": True, "value": person.email, "type": "work"}],
            **({"displayName": display} if display else {}),
            **made,
            "locale": "en-US",
            "externalId": app_user.person,
            "groups": [],
            "active": True,
        }

    def create(self, app_user: AppUser) -> None:
        engine, now = self.engine, self.engine.clock.now
        if not engine.settings.on("create_users"):
            # No push feature: the assignment alone makes it ACTIVE, without an account at the other side.
            app_user.turn("ACTIVE", "DISABLED", now)
            return
        job = engine.log.job()
        found = self.lookup(app_user.user_name)
        if not found.ok and found.status != 404:
            self.write(app_user, "verify_exists", "Verify user exists in external application",
                       "app.api.error.check_user_exists", found, job)  # fmt: skip
            app_user.turn("STAGED", "ERROR", now)
            return
        known = (found.body or {}).get("Resources") or []
        body = {
            **self.body(app_user, creating=True),
            "password": "".join(engine.rng.choices("abcdefghjkmnpqrstuvwxyz23456789", k=8)),
        }
        if known:
            answer = self.request("PUT", f"/Users/{known[0]['id']}", body)
        else:
            answer = self.request("POST", "/Users", body)
        self.write(app_user, "push", "Push new user to external application",
                   "app.user_management.push_new_user" if answer.ok else "app.api.error.create_user",
                   answer, job)  # fmt: skip
        if answer.status != 401:
            self.write(app_user, "sync", "Sync user in external application",
                       "app.user_management.provision_user" if answer.ok
                       else "app.user_management.provision_user_failed", answer, job)  # fmt: skip
        if not answer.ok:
            app_user.turn("STAGED", "ERROR", now)
            return
        engine.log.write("app.user_management.push_new_user_success", "Successfully pushed new user account to app",
                         targets=self.targets(app_user), legacy="app.user_management.push_new_user_success",
                         job=job)  # fmt: skip
        app_user.external_id = str(answer.body["id"])
        app_user.last_sync_at = now
        app_user.turn("PROVISIONED", "SYNCHRONIZED", now)
        engine.groups.refresh()

    def update(self, app_user: AppUser) -> None:
        engine = self.engine
        if not engine.settings.on("update_users"):
            return
        if app_user.external_id is None:
            return  # an account that was never created is a task for the admin, not an update
        job = engine.log.job()
        answer = self.request("GET", f"/Users/{app_user.external_id}")
        if answer.ok:
            merged = {**answer.body, **{k: v for k, v in self.body(app_user, creating=False).items() if k != "groups"}}
            answer = self.request("PUT", f"/Users/{app_user.external_id}", merged)
        legacy = f"app.user_management.push_profile_{'success' if answer.ok else 'failure'}"
        self.write(app_user, "push_profile", "Push user's profile to external application", legacy, answer, job)
        app_user.turn(app_user.status, "SYNCHRONIZED" if answer.ok else "ERROR", engine.clock.now)
        if answer.ok:
            app_user.last_sync_at = engine.clock.now

    def deactivate(self, app_user: AppUser) -> None:
        """Sent once: the assignment is gone already, a failure leaves a manual task."""
        engine, now = self.engine, self.engine.clock.now
        external = app_user.external_id
        if external and engine.settings.on("deactivate_users"):
            body = {"schemas": [_PATCH], "Operations": [{"op": "replace", "value": {"active": False}}]}
            answer = self.request("PATCH", f"/Users/{external}", body)
            legacy = "app.user_management.deactivate_user" + ("" if answer.ok else "_failed")
            self.write(app_user, "deactivate", "Push user deactivation to external application", legacy, answer,
                       engine.log.job())  # fmt: skip
        app_user.external_id = None
        app_user.turn("DEPROVISIONED", "DISABLED", now)

    def lookup(self, user_name: str) -> WireAnswer:
        expression = quote(f'userName eq "{user_name}"', safe="")
        return self.request("GET", f"/Users?filter={expression}&startIndex=1&count=100")
