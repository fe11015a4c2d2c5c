"""The snapshot: a handful of tidy tables plus a few facts, everything a check may look at.

One schema for whatever the source was. Saved once per run as Parquet (``<table>.parquet``) and ``facts.json``, so
that nine notebooks, an offline re-run and a colleague's laptop judge the same data.

Column kinds: ``text`` (pandas ``str``), ``bool`` (nullable ``boolean``), ``int`` (``Int64``), ``time``
(``datetime64[us, UTC]``). Missing is missing: never an empty string, never False for "not told".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from scimrunbook.incident import Incident

SCHEMA_VERSION = 1
CLOCK_OFF_SECONDS = 60  # from here on a machine's clock is said to be off

# fmt: off
TABLES: dict[str, dict[str, str]] = {
    # One row per person of the provider's directory. person_key: Okta/Entra object id, else case-folded userName.
    "people": {
        "person_key": "text", "login": "text", "email": "text", "given_name": "text", "family_name": "text",
        "display_name": "text", "status": "text", "active": "bool", "kind": "text",  # member | guest | …,
        "mail_nickname": "text", "other_emails": "text",  # JSON list
        "created_at": "time", "changed_at": "time",
    },
    "groups": {
        "group_key": "text", "name": "text", "kind": "text", "security_enabled": "bool", "dynamic": "bool",
    },
    "memberships": {"group_key": "text", "member_key": "text", "member_type": "text"},  # user | group
    # Who is assigned to the app (how=assigned) and, in Okta, which groups are pushed (how=pushed).
    "assignments": {
        "target_key": "text", "target_type": "text",  # user | group
        "how": "text", "role": "text", "status": "text", "error": "text",
        "team_id": "text",  # pushed: the group at the Catalog's side,
        "at": "time",
    },
    # The provider's own record of the app account (Okta app users; Entra keeps none).
    "app_accounts": {
        "person_key": "text", "user_name": "text", "external_id": "text",  # id at the Catalog's side
        "scope": "text",  # USER | GROUP
        "status": "text", "sync_state": "text", "given_name": "text", "family_name": "text", "email": "text",
        "created_at": "time", "status_changed_at": "time", "last_sync_at": "time",
    },
    "mappings": {
        "direction": "text",  # to_app | from_app
        "object": "text",  # user | group
        "target": "text", "source": "text",  # source: expression as the provider prints it
        "source_kind": "text",  # attribute | constant | function | none | unknown
        "flow": "text",  # Okta PUSH/DONT_PUSH; Entra Always/ObjectAddOnly/…
        "matching_priority": "int",
    },
    # One row per operation, whatever the log.
    "events": {
        "event_id": "text", "at": "time", "log": "text",  # system_log | provisioning_log
        "event_type": "text",  # as the provider names it
        "action": "text",  # see ACTIONS
        "status": "text",  # success | failure | skipped | warning | unknown
        "object_type": "text",  # user | group | app
        "person_key": "text", "group_key": "text", "name": "text",  # login or group name as printed
        "target_id": "text", "error_code": "text", "reason": "text", "http_status": "int",
        "skip_reason": "text", "step": "text",  # the step that failed or skipped,
        "changes": "text",  # JSON: [{name, old, new}]
        "job_id": "text", "cycle_id": "text", "change_id": "text", "next_attempt_at": "time", "app_id": "text",
        "actor": "text",
    },
    # Catalog's view.
    "accounts": {
        "account_id": "text", "user_name": "text", "external_id": "text", "active": "bool",
        "given_name": "text", "family_name": "text", "display_name": "text", "email": "text", "role": "text",
        "created_at": "time", "changed_at": "time",
    },
    "teams": {"team_id": "text", "name": "text", "external_id": "text"},
    "team_members": {"team_id": "text", "account_id": "text"},
    # Entra: one row per synchronization job. Okta: one row, the app's provisioning.
    "jobs": {
        "job_id": "text", "template": "text", "state": "text",  # status.code; Okta: ACTIVE | INACTIVE
        "schedule_state": "text", "interval_seconds": "int", "last_began_at": "time", "last_ended_at": "time",
        "last_state": "text", "last_error_code": "text", "last_error_message": "text",
        "last_success_at": "time", "quarantine_reason": "text", "quarantine_since": "time",
        "quarantine_next_at": "time", "quarantine_error_code": "text", "quarantine_error_message": "text",
        "escrowed": "int",
    },
    "config_changes": {
        "at": "time", "what": "text",  # see CHANGES
        "actor": "text", "detail": "text", "raw_type": "text",
    },
    # One row per request of the probe.
    "probes": {
        "probe": "text", "at": "time", "host": "text", "path": "text", "http_status": "int", "ok": "bool",
        "latency_ms": "int", "content_type": "text",
        "failure": "text",  # dns | refused | tls | certificate | timeout | reset | truncated | html | redirect | …,
        "detail": "text", "total_results": "int", "rows": "int",
        "quirks": "text",  # JSON list of names in guide.SCIM_QUIRKS
    },
    # What was read, from where, how complete, and what was refused.
    "coverage": {
        "what": "text",  # see WHATS
        "source": "text",  # live | file
        "name": "text",  # path template or file name
        "rows": "int", "unreadable": "int", "first_at": "time", "last_at": "time", "complete": "bool",
        "refused": "text",  # the missing scope, role or reason; missing where it was read,
        "get_it": "text",  # how to get it
        "sha256": "text", "note": "text",
    },
}
# fmt: on

ACTIONS = (
    "create",
    "update",
    "deactivate",
    "reactivate",
    "delete",
    "lookup",
    "sync",
    "group_create",
    "group_update",
    "group_delete",
    "membership",
    "connection",
    "rate_limit",
    "assign",
    "unassign",
    "source_change",
    "other",
)
CHANGES = (
    "app_settings",
    "app_activated",
    "app_deactivated",
    "credentials",
    "mapping",
    "scope",
    "provisioning_started",
    "provisioning_stopped",
    "provisioning_restarted",
    "quarantined",
    "other",
)
WHATS = (
    "okta.app",
    "okta.app_users",
    "okta.app_groups",
    "okta.push_mappings",
    "okta.mappings",
    "okta.users",
    "okta.groups",
    "okta.members",
    "okta.system_log",
    "entra.service_principal",
    "entra.job",
    "entra.schema",
    "entra.assignments",
    "entra.users",
    "entra.groups",
    "entra.members",
    "entra.provisioning_log",
    "entra.directory_audits",
    "catalog.users",
    "catalog.groups",
    "catalog.probe",
    "unrecognised",  # a file in the folder of exports that is none of these
)
_DTYPES = {"text": "str", "bool": "boolean", "int": "Int64", "time": "datetime64[us, UTC]"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another application, or another job of the same one (``kind``: application | job), that could have been meant."""

    id: str
    kind: str = "application"
    name: str | None = None
    status: str | None = None

    def __str__(self) -> str:
        """As people read it: ``Catalog (0oa1, ACTIVE)``; a job has no name but its id."""
        if self.kind == "job":
            return self.id
        return f"{self.name or 'application'} ({', '.join(filter(None, (self.id, self.status)))})"


@dataclass(slots=True)
class AppFacts:
    """The provider's application that provisions Catalog (Okta app; Entra service principal)."""

    id: str | None = None
    name: str | None = None  # Okta: scim2headerauth; Entra: template or display name
    label: str | None = None
    status: str | None = None  # Okta ACTIVE/INACTIVE; Entra accountEnabled as ENABLED/DISABLED
    features: list[str] | None = None  # Okta app.features[]; None: not read
    username_template: str | None = None  # Okta credentials.userNameTemplate.template
    username_push: str | None = None
    object_mappings: list[dict[str, Any]] = field(default_factory=list)
    # Entra: [{object: user|group, enabled: bool, flow_types: [Add, Update, Delete], scope: [..clauses as text]}]
    skip_out_of_scope_deletions: bool | None = None
    candidates: list[Candidate] = field(default_factory=list)


@dataclass(slots=True)
class TokenFacts:
    """The shape of the Catalog token, never a part of it (security: only length, kind, expiry, prefix, blanks)."""

    given: bool = False
    usable: bool = False
    source: str | None = None  # env | keyring | file | prompt
    length: int | None = None
    kind: str | None = None  # jwt | opaque
    expires_at: str | None = None
    bearer_prefix: bool | None = None
    problems: list[str] = field(default_factory=list)  # blanks, quotes, line_break, non_ascii, doubled_bearer, …
    fingerprint: str | None = None


@dataclass(slots=True)
class Facts:
    as_of: str = ""  # ISO 8601 UTC
    as_of_is: str = ""  # provider_clock | local_clock | newest_record
    clock_skew_seconds: float | None = None
    source: str = ""  # live | exports | live+exports
    practice: bool = False  # connect_to was set
    app: AppFacts = field(default_factory=AppFacts)
    token: TokenFacts = field(default_factory=TokenFacts)
    leaks: list[dict[str, Any]] = field(default_factory=list)  # [{file, line, rule}] token-looking values seen
    reference_problems: list[dict[str, str]] = field(default_factory=list)  # [{key, problem, remedy}]
    log_beside: int | None = None  # records of exported logs about anything but the application; None: no such file


def empty(table: str) -> pd.DataFrame:
    return pd.DataFrame({c: pd.Series(dtype=_DTYPES[k]) for c, k in TABLES[table].items()})


def frame(table: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows (mappings, keys may be missing) as the table's data frame, typed. An unknown key is a programming error.

    Times: ISO 8601 text or aware datetimes; year 1 means never and becomes missing, so does what is no time at all.
    """
    rows = list(rows)
    kinds = TABLES[table]
    unknown = {k for row in rows for k in row} - set(kinds)
    if unknown:
        raise KeyError(f"{table} has no column {', '.join(sorted(unknown))}")
    if not rows:
        return empty(table)
    return pd.DataFrame({c: column([row.get(c) for row in rows], kind) for c, kind in kinds.items()})


def column(values: list[Any], kind: str) -> pd.Series[Any]:
    """Values as a column of this kind (see the module); what cannot be read as a time is missing."""
    if kind == "time":
        texts = [None if v is None or v == "" or str(v).startswith(("0001-", "1601-")) else v for v in values]
        return pd.Series(
            pd.to_datetime(pd.Series(texts, dtype="object"), utc=True, errors="coerce", format="ISO8601")
        ).astype("datetime64[us, UTC]")
    if kind == "text":
        return pd.Series([None if v is None or v == "" else str(v) for v in values], dtype="str")
    return pd.Series(values, dtype=_DTYPES[kind])


@dataclass(slots=True)
class Snapshot:
    """Everything a check may look at. ``facts.as_of`` is the only "now" there is."""

    incident: Incident
    facts: Facts = field(default_factory=Facts)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # check id → {answer, by, at, note}
    memo: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)  # see derived.py; never saved

    def __getitem__(self, table: str) -> pd.DataFrame:
        """The table, empty where nothing was read. Raises KeyError for a table that does not exist."""
        if table not in TABLES:
            raise KeyError(table)
        if table not in self.tables:
            self.tables[table] = empty(table)
        return self.tables[table]

    @property
    def provider(self) -> str:
        return self.incident.identity_provider

    @property
    def as_of(self) -> pd.Timestamp:
        return pd.Timestamp(self.facts.as_of)

    def whole(self, what: str) -> bool:
        """Whether ``what`` was read and nothing says that a part is missing: only then does absence prove anything."""
        c = self["coverage"]
        return self.read(what) and not bool(((c["what"] == what) & ~c["complete"].fillna(True)).any())

    def read(self, what: str) -> bool:
        """Whether ``what`` (one of WHATS) was read, live or from a file, at least in part."""
        c = self["coverage"]
        return bool(((c["what"] == what) & c["refused"].isna()).any())

    def refusal(self, what: str) -> tuple[str, str] | None:
        """(why, how to get it) where ``what`` was asked for and refused; None where it was read or never asked."""
        c = self["coverage"]
        if self.read(what):
            return None
        hit = c[(c["what"] == what) & c["refused"].notna()]
        return None if hit.empty else (str(hit.iloc[0]["refused"]), str(hit.iloc[0]["get_it"]))


def save(snapshot: Snapshot, folder: Path) -> None:
    """Writes every table and the facts. The incident is saved as it was read; it holds references, no tokens."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in TABLES:
        snapshot[name].to_parquet(folder / f"{name}.parquet", index=False)
    head = {
        "schema_version": SCHEMA_VERSION,
        "facts": asdict(snapshot.facts),
        "answers": snapshot.answers,
        "incident": snapshot.incident.model_dump(mode="json"),
    }
    (folder / "facts.json").write_text(json.dumps(head, indent=2, ensure_ascii=False) + "\n", "utf-8")


class SnapshotError(Exception):
    """A saved snapshot cannot be used; the message names the cause and the remedy."""


def load(folder: Path) -> Snapshot:
    """Reads a snapshot back. Raises SnapshotError where it is absent, damaged or of an unknown version."""
    try:
        head = json.loads((folder / "facts.json").read_text("utf-8"))
        if head["schema_version"] != SCHEMA_VERSION:
            raise SnapshotError(
                f"{folder}: snapshot version {head['schema_version']}, this scimrunbook reads {SCHEMA_VERSION}. "
                "Collect again, or open it with the version that wrote it (run.json names it)."
            )
        facts = dict(head["facts"])
        app = facts["app"]
        app["candidates"] = [Candidate(**c) for c in app["candidates"]]
        facts["app"], facts["token"] = AppFacts(**app), TokenFacts(**facts["token"])
        tables = {n: pd.read_parquet(folder / f"{n}.parquet") for n in TABLES}
        for name, table in tables.items():
            if list(table.columns) != list(TABLES[name]):
                raise SnapshotError(f"{folder}/{name}.parquet does not have the columns of version {SCHEMA_VERSION}.")
            tables[name] = table.astype({c: _DTYPES[k] for c, k in TABLES[name].items()})
        return Snapshot(Incident.model_validate(head["incident"]), Facts(**facts), tables, head["answers"])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise SnapshotError(f"{folder}: no usable snapshot ({type(problem).__name__}). Collect again.") from problem
