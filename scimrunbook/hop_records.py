"""The records behind the hops: the very rows of the snapshot that show what happened to one person or one group.

Every answer is ``{proof, record, at}``: a sentence, the row (table and its filled columns as text) and its time.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.derived import fold, yes
from scimrunbook.history import iso, operations, when
from scimrunbook.matching import accounts, catalog_known
from scimrunbook.pending import pending, to_app
from scimrunbook.scope import assigned_groups, direct_members, team_groups
from scimrunbook.snapshot import Snapshot
from scimrunbook.teams import members_known, wanted_teams

_DONE = {"create": "created", "update": "updated", "deactivate": "deactivated", "reactivate": "reactivated"}
_LONG = 300
# Attribute of Catalog → column of ``people``, to show the value a mapping row carries.
_SOURCES = {
    "firstname": "given_name", "givenname": "given_name", "lastname": "family_name", "surname": "family_name",
    "familyname": "family_name", "mail": "email", "email": "email", "login": "login", "userprincipalname": "login",
    "objectid": "person_key", "mailnickname": "mail_nickname", "displayname": "display_name",
}  # fmt: skip


def record(table: str, row: pd.Series[Any], columns: tuple[str, ...] = ()) -> dict[str, Any]:
    """A row as cards carry it: the columns that are filled, as text."""
    picked = row[list(columns)] if columns else row
    fields = {str(k): _text(v) for k, v in picked.items() if not pd.isna(v)}
    return {"table": table, "fields": fields}


def seen(proof: str, found: dict[str, Any] | None = None, at: Any = None) -> dict[str, Any]:
    return {"proof": proof, "record": found, "at": iso(at)}


def _text(value: Any) -> str:
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).replace("+00:00", "Z")
    return str(value)[:_LONG]


def _last(table: pd.DataFrame) -> pd.Series[Any] | None:
    return None if table.empty else table.iloc[-1]


class _Records:
    """What both kinds share: the operations in the log that concern ``key``."""

    def __init__(self, snapshot: Snapshot, key: str) -> None:
        self.snapshot, self.key = snapshot, key
        rows = operations(snapshot)
        self.rows = rows[rows["key"] == key]
        self.provider = "Okta" if snapshot.provider == "okta" else "Entra"

    def of(self, hop: str, state: str) -> dict[str, Any]:
        """What was seen at the hop; ``state`` is what the trace says of it."""
        found: dict[str, Any] = getattr(self, f"_{hop}")()
        if state == "not reached" and hop in ("attempt", "delivery"):
            return seen("Not reached: it stops before.")
        return found

    def _attempt(self) -> dict[str, Any]:
        row = _last(self.rows)
        if row is None:
            return seen(f"No operation stands in {self.provider}'s log as far as it was read.")
        return seen(f"Tried last at {when(row['at'])}: {row['action']}.", record("events", row, _EVENT), row["at"])

    def _delivery(self) -> dict[str, Any]:
        row = _last(self.rows)
        if row is None:
            return seen("No answer of Catalog stands in the log as far as it was read.")
        at = when(row["at"])
        if row["failed"]:
            why = row["reason"] if not pd.isna(row["reason"]) else row["error_code"]
            text = f"Catalog did not accept the {row['action']} at {at}: {'no reason given' if pd.isna(why) else why}"
            return seen(text[:_LONG], record("events", row, _EVENT), row["at"])
        said = _DONE.get(str(row["action"]), str(row["action"]))
        word = f"Accepted ({said}) at {at}." if row["ok"] else f"The log says {row['status']} at {at}."
        return seen(word, record("events", row, _EVENT), row["at"])


_EVENT = (
    "event_id", "at", "event_type", "action", "status", "name", "error_code", "reason", "http_status", "skip_reason",
    "step", "next_attempt_at",
)  # fmt: skip


class PersonRecords(_Records):
    """The rows that concern one person."""

    def __init__(self, snapshot: Snapshot, key: str) -> None:
        super().__init__(snapshot, key)
        people = pending(snapshot)
        found = _last(people[people["person_key"] == key])
        assert found is not None, key
        self.person: pd.Series[Any] = found
        mine = accounts(snapshot)
        self.mine = mine[mine["person_key"] == key]

    def ids(self) -> dict[str, str | None]:
        account = _last(self.mine)
        outer = self.person["account_id"] if account is None else account["account_id"]
        external = None if account is None else account["external_id"]
        values = {"email": self.person["email"], "account_id": outer, "external_id": external}
        return {k: None if v is None or pd.isna(v) else str(v) for k, v in values.items()}

    def _directory(self) -> dict[str, Any]:
        rows = self.snapshot["people"]
        row = _last(rows[rows["person_key"] == self.key])
        if row is None:
            return seen(f"{self.provider}'s list of people, as far as it was read, does not hold them.")
        status = row["status"] if not pd.isna(row["status"]) else "active" if yes_(row["active"]) else "inactive"
        return seen(f"{self.provider} knows them; status {status}.", record("people", row), row["changed_at"])

    def _assignment(self) -> dict[str, Any]:
        p = self.person
        apps = self.snapshot["app_accounts"]
        row = _last(apps[apps["person_key"] == self.key])
        table = self.snapshot["assignments"]
        direct = _last(table[(table["target_key"] == self.key) & (table["how"] == "assigned")])
        proof = record("app_accounts", row) if row is not None else None
        proof = record("assignments", direct) if proof is None and direct is not None else proof
        groups = assigned_groups(self.snapshot).set_index("group_key")["name"]
        if yes_(p["assigned"]):
            by = groups.get(str(p["group_key"]), p["group_key"])
            if proof is None and not pd.isna(p["group_key"]):
                rows = self.snapshot["memberships"]
                inside = _last(rows[(rows["group_key"] == p["group_key"]) & (rows["member_key"] == self.key)])
                proof = None if inside is None else record("memberships", inside)
            text = "Assigned directly." if p["direct"] or pd.isna(by) else f"Assigned through the group {by}."
            return seen(text, proof, p["assigned_at"])
        if pd.isna(p["assigned"]):
            return seen("The assignments were not read whole, so nothing tells.", proof)
        member = direct_members(self.snapshot)
        own = member[member["person_key"] == self.key]["group_key"]
        every = self.snapshot["groups"]
        names = sorted(every[every["group_key"].isin(own)]["name"].dropna())
        if not names:
            return seen("Not assigned, and a member of no group that was read.", proof)
        return seen(f"Not assigned. Member of {', '.join(names[:5])}, none of which assigns the application.", proof)

    def _scope(self) -> dict[str, Any]:
        if not pd.isna(self.person["kept_out"]):
            events = self.snapshot["events"]
            row = _last(events[(events["person_key"] == self.key) & (events["status"] == "skipped")])
            proof = None if row is None else record("events", row, _EVENT)
            return seen(f"Left out: {self.person['kept_out']}.", proof, None if row is None else row["at"])
        inside = self.person["in_scope"]
        if pd.isna(inside):
            return seen("Whether they are in scope is not known.")
        return seen("In scope: assigned and active." if inside else "Not in scope: not assigned, or not active.")

    def _mapping(self) -> dict[str, Any]:
        rows = to_app(self.snapshot, "user")
        if rows.empty:
            return seen("The attribute mapping was not read.")
        folded = fold(rows["source"]).str.strip("[] ").str.removeprefix("user.")
        values: dict[str, str] = {}
        for target, source, name in zip(rows["target"], rows["source"], folded, strict=True):
            column = _SOURCES.get(str(name))
            value = self.person[column] if column and column in self.person.index else None
            held = " = empty" if column and pd.isna(value) else f" = {value}" if column else ""
            values[str(target)] = f"{source}{held}"[:_LONG]
        empty = [t for t, v in values.items() if v.endswith(" = empty")]
        text = f"Empty at the provider: {', '.join(empty)}." if empty else "The mapped values are filled."
        return seen(text, {"table": "mappings", "fields": values})

    def _account(self) -> dict[str, Any]:
        row = _last(self.mine.sort_values("active", na_position="first", kind="stable"))
        if row is not None:
            state = "active" if yes_(row["active"]) else "inactive"
            more = f"; {len(self.mine)} accounts are theirs" if len(self.mine) > 1 else ""
            differs = self.person["differs"]
            odd = "" if pd.isna(differs) else f"; it differs in {differs}"
            text = f"Catalog has the account {row['user_name']}, {state}{more}{odd}."
            return seen(text, record("accounts", row), row["changed_at"])
        if catalog_known(self.snapshot):
            return seen("Catalog's list of accounts was read whole and holds none that is theirs.")
        exists = self.person["exists"]
        how = {"app_users": "the provider's app users", "log": "the provider's log"}.get(
            self.person["proof"], "the log"
        )
        if pd.isna(exists):
            return seen("Catalog's accounts were not read, and the provider's records do not tell.")
        return seen(f"Catalog's accounts were not read; {how} says there is {'one' if exists else 'none'}.")

    def _teams(self) -> dict[str, Any]:
        wanted = wanted_teams(self.snapshot)
        members = direct_members(self.snapshot)
        mine = members[members["person_key"] == self.key]["group_key"]
        due = sorted(wanted[wanted["group_key"].isin(mine)]["name"])
        if not members_known(self.snapshot):
            said = f" Should be in {', '.join(due[:5])}." if due else ""
            return seen(f"The members of Catalog's teams were not read.{said}")
        real = self.snapshot["team_members"]
        held = real[real["account_id"].isin(self.mine["account_id"])]["team_id"]
        teams = self.snapshot["teams"]
        has = sorted(teams[teams["team_id"].isin(held)]["name"].dropna())
        fields = {"should be in": ", ".join(due) or "none", "is in": ", ".join(has) or "none"}
        return seen(f"In {len(has)} of Catalog's teams.", {"table": "team_members", "fields": fields})

    def _role(self) -> dict[str, Any]:
        row = _last(self.mine)
        if row is None or pd.isna(row["role"]):
            return seen("Catalog's answer carries no role; look in Catalog > Settings > Users and teams.")
        return seen(f"Catalog gives the role {row['role']}.", record("accounts", row, ("user_name", "role")))


class TeamRecords(_Records):
    """The rows that concern one group."""

    def ids(self) -> dict[str, str | None]:
        row = self._wanted()
        team = None if row is None or pd.isna(row["catalog_id"]) else str(row["catalog_id"])
        return {"object_id": self.key, "team_id": team}

    def _wanted(self) -> pd.Series[Any] | None:
        rows = wanted_teams(self.snapshot)
        return _last(rows[rows["group_key"] == self.key])

    def _directory(self) -> dict[str, Any]:
        rows = self.snapshot["groups"]
        row = _last(rows[rows["group_key"] == self.key])
        if row is None:
            return seen(f"{self.provider}'s list of groups, as far as it was read, does not hold it.")
        members = int((direct_members(self.snapshot)["group_key"] == self.key).sum())
        return seen(f"{self.provider} knows the group; {members} direct members were read.", record("groups", row))

    def _assignment(self) -> dict[str, Any]:
        how = "pushed" if self.snapshot.provider == "okta" else "assigned"
        rows = self.snapshot["assignments"]
        row = _last(rows[(rows["target_key"] == self.key) & (rows["how"] == how)])
        if row is None:
            return seen(f"The group is not {how}.")
        groups = team_groups(self.snapshot)
        state = _last(groups[groups["group_key"] == self.key])
        status = "" if state is None or pd.isna(state["status"]) else f"; status {state['status']}"
        return seen(f"The group is {how}{status}.", record("assignments", row), row["at"])

    def _mapping(self) -> dict[str, Any]:
        rows = to_app(self.snapshot, "group")
        if rows.empty:
            okta = self.snapshot.provider == "okta"
            return seen("Okta pushes name and members; there is nothing to map." if okta else "Not read.")
        values = dict(zip(rows["target"].astype(str), rows["source"].fillna("nothing").astype(str), strict=True))
        return seen("The group mapping as it stands.", {"table": "mappings", "fields": values})

    def _team(self) -> dict[str, Any]:
        row = self._wanted()
        teams = self.snapshot["teams"]
        team = None if row is None else _last(teams[teams["team_id"] == row["catalog_id"]])
        if team is not None:
            return seen(f"Catalog has the team {team['name']}.", record("teams", team))
        if self.snapshot.whole("catalog.groups"):
            return seen("Catalog's list of teams was read whole and does not hold it.")
        if row is not None and yes_(row["exists"]):
            return seen("Catalog's teams were not read; the provider's records say the team exists.")
        return seen("Catalog's teams were not read.")

    def _members(self) -> dict[str, Any]:
        row = self._wanted()
        if row is None or not members_known(self.snapshot):
            return seen("The members of Catalog's teams were not read.")
        people = pending(self.snapshot)
        holders = people[yes(people["in_scope"]) & yes(people["exists"])]["person_key"]
        direct = direct_members(self.snapshot)
        direct = direct[direct["group_key"] == self.key]
        due = int(direct["person_key"].isin(holders).sum())
        held = int((self.snapshot["team_members"]["team_id"] == row["catalog_id"]).sum())
        fields = {
            "direct members of the group": str(len(direct)),
            "of them active, assigned and with an account": str(due),
            "members of the team": str(held),
        }
        text = f"Of the group's {len(direct)} direct members {due} should be in the team; it holds {held}."
        return seen(text, {"table": "team_members", "fields": fields})


def yes_(flag: Any) -> bool:
    """True only where a nullable flag is known to be true."""
    return not pd.isna(flag) and bool(flag)
