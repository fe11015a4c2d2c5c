"""Small tenants built by hand: healthy as they come, broken by what a test changes.

Four people: Ada and Bob are in scope, Cid is a leaver with a deactivated account, Dot was never assigned. Everything
was read, everything was delivered, and the log has an old failure that healed.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from scimrunbook.checks.runner import run_check, run_checks
from scimrunbook.findings import Finding
from scimrunbook.incident import Incident
from scimrunbook.snapshot import AppFacts, Facts, Snapshot, TokenFacts, frame

AS_OF = "2026-11-20T14:00:00Z"
OLD, LATE, NOW = "2026-11-01T08:00:00Z", "2026-11-19T10:00:00Z", "2026-11-20T13:58:00Z"
HOST = "app.us.castordoc.com"
BASE = "https://api.us.castordoc.com/auth/scim"
OTHER = "https://api.castordoc.com/auth/scim"
WHATS = {
    "okta": ("app", "app_users", "app_groups", "push_mappings", "mappings", "users", "groups", "members", "system_log"),
    "entra": ("service_principal", "job", "schema", "assignments", "users", "groups", "members", "provisioning_log",
              "directory_audits"),
}  # fmt: skip
CREATE = {"okta": "application.provision.user.push", "entra": "create"}
FEATURES = ["PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "GROUP_PUSH"]


class Tenant:
    """Rows by table, facts and incident keys; change them, then ask for a snapshot or a finding."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.incident: dict[str, Any] = {
            "incident": "T-1",
            "summary": "A tenant built by hand",
            "identity_provider": provider,
            "catalog_host": HOST,
            "window": {"start": "2026-11-18T00:00:00Z", "end": AS_OF},
            "catalog": {"configured_base_url": BASE},
        }
        self.facts = Facts(as_of=AS_OF, as_of_is="provider_clock", source="live")
        self.rows: dict[str, list[dict[str, Any]]] = deepcopy(_common(provider))
        self.answers: dict[str, dict[str, Any]] = {}
        if provider == "okta":
            self.facts.app = AppFacts(id="0oa1", name="scim2headerauth", label="Catalog", status="ACTIVE",
                                      features=list(FEATURES), username_template="${source.login}")  # fmt: skip
            self.rows.update(deepcopy(_OKTA))
        else:
            flows = [{"object": o, "enabled": True, "flow_types": ["Add", "Update", "Delete"], "scope": []}
                     for o in ("user", "group")]  # fmt: skip
            self.facts.app = AppFacts(id="sp1", name="Catalog SCIM", status="ENABLED", object_mappings=flows)
            self.rows.update(deepcopy(_ENTRA))
        names = [f"{provider}.{w}" for w in WHATS[provider]] + ["catalog.users", "catalog.groups"]
        self.rows["coverage"] = [{"what": n, "source": "live", "name": n, "complete": True} for n in names]

    def read(self, what: str, **row: Any) -> None:
        """Something more was read (or ``refused``)."""
        self.rows["coverage"].append({"what": what, "source": "live", "name": what, "complete": True, **row})

    def unread(self, *whats: str) -> Tenant:
        """As if nobody had read these; their rows go too where a table is theirs alone."""
        self.rows["coverage"] = [r for r in self.rows["coverage"] if r["what"] not in whats]
        own = {"catalog.users": ("accounts", "team_members"), "catalog.groups": ("teams", "team_members"),
               "entra.job": ("jobs",), "entra.provisioning_log": ("events",), "okta.system_log": ("events",),
               "okta.mappings": ("mappings",), "entra.schema": ("mappings",)}  # fmt: skip
        for what in whats:
            for table in own.get(what, ()):
                self.rows[table] = []
        return self

    def row(self, table: str, **known: Any) -> dict[str, Any]:
        """The one row that has these values."""
        (found,) = [r for r in self.rows[table] if all(r.get(k) == v for k, v in known.items())]
        return found

    def hire(self, key: str, at: str, *, account: bool = True) -> None:
        """One more person, assigned at ``at``, with an account or not yet."""
        name = key.capitalize()
        person = {"person_key": key, "login": f"{key}@example.com", "email": f"{key}@example.com", "given_name": name,
                  "family_name": "New", "status": "ACTIVE", "active": True, "created_at": at}  # fmt: skip
        if self.provider == "okta":
            person["changed_at"] = at
            self.rows["app_accounts"].append(
                {"person_key": key, "user_name": person["login"], "external_id": f"cat-{key}" if account else None,
                 "scope": "GROUP", "status": "PROVISIONED" if account else "ACTIVE", "given_name": name,
                 "family_name": "New", "created_at": at})  # fmt: skip
        self.rows["people"].append(person)
        self.rows["memberships"].append({"group_key": "g1", "member_key": key, "member_type": "user"})
        if account:
            self.rows["accounts"].append(
                {"account_id": f"cat-{key}", "user_name": person["login"], "external_id": key, "active": True,
                 "given_name": name, "family_name": "New", "email": person["email"]})  # fmt: skip
            self.event("create", key, at)
            if any(m["account_id"] == "cat-ada" for m in self.rows["team_members"]):
                self.rows["team_members"].append({"team_id": "t1", "account_id": f"cat-{key}"})

    def event(self, action: str, key: str | None, at: str, status: str = "success", **more: Any) -> None:
        number = len(self.rows["events"])
        self.rows["events"].append(
            {"event_id": f"e{number}", "at": at, "event_type": CREATE[self.provider], "action": action,
             "status": status, "object_type": "user", "person_key": key, **more})  # fmt: skip

    def fail_all(self, reason: str, at: str = LATE, **more: Any) -> None:
        """Bob is hired anew, so to say: his push fails now, for this reason."""
        self.rows["accounts"] = [a for a in self.rows["accounts"] if a["account_id"] != "cat-bob"]
        self.rows["team_members"] = [m for m in self.rows["team_members"] if m["account_id"] != "cat-bob"]
        if self.provider == "okta":
            self.row("app_accounts", person_key="bob").update(external_id=None, status="STAGED", sync_state="ERROR")
            self.row("people", person_key="bob")["changed_at"] = at
        self.rows["events"] = [e for e in self.rows["events"] if e["person_key"] != "bob"]
        self.event("create", "bob", at, "failure", reason=reason, **more)

    def snapshot(self) -> Snapshot:
        tables = {name: frame(name, rows) for name, rows in self.rows.items()}
        return Snapshot(Incident.model_validate(self.incident), self.facts, tables, self.answers)

    def find(self, finding_id: str) -> Finding:
        return run_check(self.snapshot(), finding_id)

    def findings(self) -> dict[str, Finding]:
        return {f.id: f for f in run_checks(self.snapshot())}


def token(**known: Any) -> TokenFacts:
    return TokenFacts(**{"given": True, "usable": True, "source": "file", "length": 43, "kind": "opaque", **known})


def probe(name: str, status: int | None = 200, ok: bool = True, **more: Any) -> dict[str, Any]:
    return {"probe": name, "at": AS_OF, "host": "api.us.castordoc.com", "path": "/auth/scim/Users",
            "http_status": status, "ok": ok, "latency_ms": 20, **more}  # fmt: skip


def _person(key: str, given: str, family: str, **more: Any) -> dict[str, Any]:
    return {"person_key": key, "login": f"{key}@example.com", "email": f"{key}@example.com", "given_name": given,
            "family_name": family, "status": "ACTIVE", "active": True, "kind": "member", "mail_nickname": f"{key}.nick",
            "created_at": OLD, **more}  # fmt: skip


def _account(key: str, given: str, family: str, active: bool = True) -> dict[str, Any]:
    return {"account_id": f"cat-{key}", "user_name": f"{key}@example.com", "external_id": key, "active": active,
            "given_name": given, "family_name": family, "email": f"{key}@example.com", "created_at": OLD}  # fmt: skip


def _common(provider: str) -> dict[str, list[dict[str, Any]]]:
    okta = {"changed_at": OLD} if provider == "okta" else {}

    def event(number: int, action: str, key: str, at: str, status: str = "success", **more: Any) -> dict[str, Any]:
        return {"event_id": f"b{number}", "at": at, "event_type": CREATE[provider], "action": action, "status": status,
                "object_type": "user", "person_key": key, "name": f"{key}@example.com", **more}  # fmt: skip

    return {
        "people": [
            _person("ada", "Ada", "Lind", **okta),
            _person("bob", "Bob", "Marek", **okta),
            _person("cid", "Cid", "Holm", **{**okta, "status": "DEPROVISIONED", "active": False}),
            _person("dot", "Dot", "Weiss", **okta),
        ],
        "groups": [
            {"group_key": "g1", "name": "Everybody", "security_enabled": True},
            {"group_key": "g2", "name": "Data", "security_enabled": True},
        ],
        "memberships": [
            {"group_key": "g1", "member_key": "ada", "member_type": "user"},
            {"group_key": "g1", "member_key": "bob", "member_type": "user"},
            {"group_key": "g2", "member_key": "ada", "member_type": "user"},
        ],
        "accounts": [
            _account("ada", "Ada", "Lind"),
            _account("bob", "Bob", "Marek"),
            _account("cid", "Cid", "Holm", active=False),
        ],
        "events": [
            event(
                1,
                "create",
                "bob",
                "2026-11-01T09:00:00Z",
                "failure",
                reason="Internal Server Error. Errors reported by remote server: try later",
                http_status=500,
            ),
            event(2, "create", "ada", "2026-11-01T09:00:05Z"),
            event(3, "create", "bob", "2026-11-01T10:00:00Z"),
            event(4, "create", "cid", "2026-11-01T10:00:01Z"),
            event(5, "deactivate", "cid", "2026-11-19T09:00:00Z"),
        ],
    }


_OKTA: dict[str, list[dict[str, Any]]] = {
    "app_accounts": [
        {"person_key": "ada", "user_name": "ada@example.com", "external_id": "cat-ada", "scope": "GROUP",
         "status": "PROVISIONED", "given_name": "Ada", "family_name": "Lind", "created_at": OLD},
        {"person_key": "bob", "user_name": "bob@example.com", "external_id": "cat-bob", "scope": "GROUP",
         "status": "PROVISIONED", "given_name": "Bob", "family_name": "Marek", "created_at": OLD},
        {"person_key": "cid", "user_name": "cid@example.com", "scope": "USER", "status": "DEPROVISIONED"},
    ],
    "assignments": [
        {"target_key": "g1", "target_type": "group", "how": "assigned"},
        {"target_key": "g2", "target_type": "group", "how": "pushed", "status": "ACTIVE", "team_id": "t2"},
    ],
    "teams": [{"team_id": "t2", "name": "Data"}],
    "team_members": [{"team_id": "t2", "account_id": "cat-ada"}],
    "mappings": [
        {"direction": "to_app", "object": "user", "target": "givenName", "source": "user.firstName", "flow": "PUSH"},
        {"direction": "to_app", "object": "user", "target": "familyName", "source": "user.lastName", "flow": "PUSH"},
        {"direction": "from_app", "object": "user", "target": "firstName", "source": "appuser.givenName"},
        {"direction": "from_app", "object": "user", "target": "lastName", "source": "appuser.familyName"},
        {"direction": "from_app", "object": "user", "target": "email", "source": "appuser.userName"},
    ],
    "jobs": [{"job_id": "0oa1", "state": "ACTIVE", "schedule_state": "Active"}],
}  # fmt: skip
_ENTRA: dict[str, list[dict[str, Any]]] = {
    "assignments": [
        {"target_key": "g1", "target_type": "group", "how": "assigned", "at": OLD},
        {"target_key": "g2", "target_type": "group", "how": "assigned", "at": OLD},
    ],
    "teams": [{"team_id": "t1", "name": "Everybody", "external_id": "g1"},
              {"team_id": "t2", "name": "Data", "external_id": "g2"}],
    "team_members": [{"team_id": "t1", "account_id": "cat-ada"}, {"team_id": "t1", "account_id": "cat-bob"},
                     {"team_id": "t2", "account_id": "cat-ada"}],
    "mappings": [
        {"direction": "to_app", "object": kind, "target": target, "source": source, "flow": "Always",
         "matching_priority": 1 if target in ("userName", "displayName") else 0}
        for kind, target, source in (
            ("user", "userName", "[userPrincipalName]"), ("user", "active", "Not([IsSoftDeleted])"),
            ("user", "name.givenName", "[givenName]"), ("user", "name.familyName", "[surname]"),
            ("user", "externalId", "[objectId]"), ("group", "displayName", "[displayName]"),
            ("group", "externalId", "[objectId]"), ("group", "members", "[members]"))
    ],
    "jobs": [{"job_id": "scim.t.1", "template": "scim", "state": "Active", "schedule_state": "Active",
              "interval_seconds": 2400, "last_began_at": "2026-11-20T13:30:00Z",
              "last_ended_at": "2026-11-20T13:31:00Z", "last_state": "Succeeded",
              "last_success_at": "2026-11-20T13:31:00Z"}],
}  # fmt: skip
