"""What sources hand over: rows for the snapshot's tables, what was read, and facts about the application."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import pandas as pd

from scimrunbook.incident import Incident
from scimrunbook.snapshot import TABLES, Facts, Snapshot, frame
from scimrunbook.sources.spool import Spool

# Rows that stand twice (a page read again, two overlapping exports) are one row; the last one read wins.
_KEYS = {
    "people": ["person_key"],
    "groups": ["group_key"],
    "memberships": ["group_key", "member_key", "member_type"],
    "assignments": ["target_key", "target_type", "how"],
    "app_accounts": ["person_key"],
    "mappings": ["direction", "object", "target"],
    "events": ["event_id"],
    "accounts": ["account_id"],
    "teams": ["team_id"],
    "team_members": ["team_id", "account_id"],
    "jobs": ["job_id"],
    "config_changes": ["at", "what", "actor", "detail", "raw_type"],
}


class Progress(Protocol):
    """Told what is being done; ``total`` is None where nobody knows it."""

    def __call__(self, step: str, done: int, total: int | None = None) -> None: ...


class Parts:
    """Collects rows from any number of sources; ``build`` makes the snapshot of them."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self.facts = Facts()
        self.on_cover: Callable[[str], None] = lambda _: None  # told of every part as it is covered
        self.met: set[str] = set()  # people named in events that were spooled
        self._spools: dict[str, Spool] = {}

    def add(self, table: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Adds rows (keys of ``TABLES[table]``, missing ones allowed); returns how many."""
        if table not in TABLES:
            raise KeyError(table)
        before = len(self.rows[table])
        self.rows[table].extend(rows)
        return len(self.rows[table]) - before

    def cover(self, what: str, *, source: str, name: str, **known: Any) -> None:
        """Records what was read or refused: keys of the ``coverage`` table."""
        self.rows["coverage"].append({"what": what, "source": source, "name": name, **known})
        self.on_cover(what)

    def beside(self, records: int) -> None:
        """So many records of an exported log were about anything but the application."""
        self.facts.log_beside = (self.facts.log_beside or 0) + records

    def spool(self, table: str) -> Spool:
        """Where a source puts many rows of ``table`` as columns; they come after those given to ``add``."""
        if table not in self._spools:
            self._spools[table] = Spool(table)
        return self._spools[table]

    def absorb(self, other: Parts) -> None:
        """Takes over what another source has collected; its facts stay its own."""
        for table, rows in other.rows.items():
            self.rows[table].extend(rows)
        for table, spool in other._spools.items():
            if table in self._spools:
                raise ValueError(f"{table} was spooled by two sources")
            self._spools[table] = spool

    def build(self, incident: Incident) -> Snapshot:
        answers = {k: a.model_dump(mode="json") for k, a in incident.answers.items()}
        return Snapshot(incident, self.facts, {name: self.table(name) for name in TABLES}, answers)

    def table(self, name: str) -> pd.DataFrame:
        """One table as it stands now, each row once."""
        table = frame(name, self.rows[name])
        if name in self._spools:
            spooled = self._spools[name].frame()
            table = pd.concat([table, spooled], ignore_index=True) if len(table) else spooled
        if name in _KEYS and len(table):
            table = table.drop_duplicates(_KEYS[name], keep="last").reset_index(drop=True)
        return table
