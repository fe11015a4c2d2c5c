"""A snapshot of any size, built column by column: an Entra tenant whose token died two days ago.

Everybody is in ``each`` of the groups; at least forty of these, or a tenth of all, are assigned to the application and
stand in it as teams. Of every hundred people two were hired since the break, one was renamed
since, one left since, one was never assigned, one has an empty name; one account in two hundred was made by hand under
another address. The log holds the create of everybody who has an account, and old failures that healed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from scimrunbook.incident import Incident
from scimrunbook.snapshot import TABLES, AppFacts, Facts, Snapshot, empty, frame

AS_OF = pd.Timestamp("2026-11-20T14:00:00Z")
BREAK = AS_OF - pd.Timedelta(days=2)
GROUPS = 40


def snapshot(people: int, seed: int = 1, groups: int = GROUPS, each: int = 1) -> Snapshot:
    """The snapshot; the same seed gives the same tables. ``each``: how many groups a person is in."""
    dice = np.random.default_rng(seed)
    number = pd.Series(np.arange(people))
    text = number.astype("str").str.zfill(8)
    key = "00000000-0000-4000-8000-0000" + text
    login = "person" + text + "@example.com"
    slot = (number % 100).to_numpy()
    hired, renamed, left, loose, nameless = (np.isin(slot, s) for s in ((0, 1), (2,), (3,), (4,), (5,)))
    family = pd.Series(np.where(renamed, "New-", ""), dtype="str") + "Family" + text
    born = pd.Series(AS_OF - pd.Timedelta(days=300), index=number.index)
    made = born.mask(hired, BREAK + pd.Timedelta(hours=5))
    made = made + pd.to_timedelta(dice.integers(0, 3600, people), unit="s")
    given = ("Given" + text).mask(nameless)
    tables: dict[str, pd.DataFrame] = {}
    tables["people"] = _table(
        "people", people, person_key=key, login=login, email=login, given_name=given, family_name=family.mask(nameless),
        display_name="Person " + text, status=np.where(left, "DISABLED", "ENABLED"), active=~left, kind="member",
        mail_nickname="person" + text, created_at=made,
    )  # fmt: skip
    assigned = min(groups, max(GROUPS, groups // 10))
    first = np.arange(people) % groups  # a person's groups are spread evenly, so that everybody is in assigned ones
    names = pd.Series([f"g{n}" for n in range(groups)], dtype="str")
    member = ~loose
    spread = (first[member, None] + np.arange(each) * (groups // each)) % groups
    tables["memberships"] = _table(
        "memberships", spread.size, group_key=names.take(spread.ravel()), member_key=key[member].repeat(each),
        member_type="user",
    )  # fmt: skip
    tables["groups"] = frame("groups", [{"group_key": g, "name": f"Team {g}", "security_enabled": True} for g in names])
    pushed = list(names[:assigned])
    tables["assignments"] = frame(
        "assignments",
        [{"target_key": g, "target_type": "group", "how": "assigned", "at": "2026-01-01T00:00:00Z"} for g in pushed],
    )
    held = ~hired & ~loose & ~nameless
    foreign = held & (np.arange(people) % 200 == 7)
    own = held & ~foreign
    account = "acc-" + text
    tables["accounts"] = _table(
        "accounts", int(held.sum()), account_id=account[held], user_name=login.mask(foreign, "alias" + text)[held],
        external_id=key.mask(foreign)[held], active=True, given_name=given[held], family_name=("Family" + text)[held],
        email=login[held], created_at=made[held],
    )  # fmt: skip
    tables["teams"] = frame("teams", [{"team_id": f"t-{g}", "name": f"Team {g}", "external_id": g} for g in pushed])
    theirs = own[member]
    within, who = spread[theirs], np.repeat(np.flatnonzero(own), each).reshape(-1, each)
    there = within < assigned
    tables["team_members"] = _table(
        "team_members", int(there.sum()), team_id="t-" + names.take(within[there]), account_id=account.take(who[there])
    )
    tables["events"] = _events(key, login, account, made, own, dice)
    tables["mappings"] = frame("mappings", list(_mappings()))
    tables["jobs"] = frame("jobs", [_JOB])
    tables["coverage"] = frame("coverage", [{"what": w, "source": "file", "name": w, "complete": True} for w in _READ])
    facts = Facts(as_of=AS_OF.isoformat().replace("+00:00", "Z"), as_of_is="newest_record", source="exports")
    flows = [{"object": o, "enabled": True, "flow_types": ["Add", "Update", "Delete"]} for o in ("user", "group")]
    facts.app = AppFacts(id="sp1", name="Catalog SCIM", status="ENABLED", object_mappings=flows)
    return Snapshot(Incident.model_validate(_INCIDENT), facts, tables)


def _events(key: Any, login: Any, account: Any, made: Any, own: Any, dice: Any) -> pd.DataFrame:
    """A create per managed account, and for one person in fifty a failure before it."""
    rows = int(own.sum())
    created = _table(
        "events", rows, event_id="c" + key[own], at=(made + pd.Timedelta(hours=1))[own], log="provisioning_log",
        event_type="create", action="create", status="success", object_type="user", person_key=key[own],
        name=login[own], target_id=account[own],
    )  # fmt: skip
    some = own & (dice.integers(0, 50, len(own)) == 0)
    failed = _table(
        "events", int(some.sum()), event_id="f" + key[some], at=made[some], log="provisioning_log", event_type="create",
        action="create", status="failure", object_type="user", person_key=key[some], name=login[some],
        error_code="SystemForCrossDomainIdentityManagementServiceIncompatible", reason="Internal Server Error",
    )  # fmt: skip
    return pd.concat([failed, created], ignore_index=True)


def _table(name: str, rows: int, /, **columns: Any) -> pd.DataFrame:
    index = pd.RangeIndex(rows)
    kinds = {c: t.dtype for c, t in empty(name).items()}
    made = {}
    for column in TABLES[name]:
        value = columns.get(column)
        if isinstance(value, pd.Series):
            value = value.set_axis(index)
        made[column] = pd.Series(value, index=index, dtype=kinds[column])
    return pd.DataFrame(made)


def _mappings() -> Any:
    for kind, target, source in (
        ("user", "userName", "[userPrincipalName]"), ("user", "active", "Not([IsSoftDeleted])"),
        ("user", "name.givenName", "[givenName]"), ("user", "name.familyName", "[surname]"),
        ("user", "externalId", "[objectId]"), ("group", "displayName", "[displayName]"),
        ("group", "externalId", "[objectId]"), ("group", "members", "[members]"),
    ):  # fmt: skip
        first = 1 if target in ("userName", "displayName") else 0
        yield {"direction": "to_app", "object": kind, "target": target, "source": source, "flow": "Always",
               "matching_priority": first}  # fmt: skip


_READ = (
    "entra.service_principal", "entra.job", "entra.schema", "entra.assignments", "entra.users", "entra.groups",
    "entra.members", "entra.provisioning_log", "entra.directory_audits", "catalog.users", "catalog.groups",
)  # fmt: skip
_JOB = {
    "job_id": "scim.t.1", "template": "scim", "state": "Quarantine", "schedule_state": "Active",
    "interval_seconds": 2400,
    "last_began_at": "2026-11-20T13:30:00Z", "last_ended_at": "2026-11-20T13:31:00Z", "last_state": "Failed",
    "last_success_at": "2026-11-18T13:20:00Z", "quarantine_since": "2026-11-18T14:00:00Z",
    "quarantine_reason": "EncounteredQuarantineException",
    "quarantine_error_code": "SystemForCrossDomainIdentityManagementInvalidCredentials",
    "quarantine_error_message": "Please provide a valid tenant URL for your application.",
}  # fmt: skip
_INCIDENT = {
    "incident": "BENCH-1", "summary": "A very large tenant", "identity_provider": "entra",
    "catalog_host": "app.us.castordoc.com", "symptoms": ["missing_people"],
    "catalog": {"configured_base_url": "https://api.us.castordoc.com/auth/scim"},
}  # fmt: skip
