"""Exported rows that a live read makes old: what is no longer there now would else stand beside what is.

Logs are history and are added to each other. A table of things as they are is taken from the live read alone, where
that read was whole; where it was not, the export fills its gaps as before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from scimrunbook.sources.exports.catalog import nameless
from scimrunbook.sources.parts import Parts

# Table → the reads that fill it. Entra's groups are read live only where they are assigned: the export may name more.
_FILLED_BY: dict[str, dict[str, tuple[str, ...]]] = {
    "okta": {
        "people": ("okta.users",),
        "groups": ("okta.groups",),
        "memberships": ("okta.members",),
        "assignments": ("okta.app_users", "okta.app_groups", "okta.push_mappings"),
        "app_accounts": ("okta.app_users",),
        "mappings": ("okta.mappings",),
        "jobs": ("okta.app",),
    },
    "entra": {
        "people": ("entra.users",),
        "memberships": ("entra.members",),
        "assignments": ("entra.assignments",),
        "mappings": ("entra.schema",),
        "jobs": ("entra.job",),
    },
    "catalog": {
        "accounts": ("catalog.users",),
        "teams": ("catalog.groups",),
        "team_members": ("catalog.groups",),
    },
}
NOTE = "It was read live as well, as it is now: the file was not used."


def take_live(parts: Parts, exported: Mapping[str, int], provider: str) -> None:
    """Leaves the exported rows out (the first ``exported[table]`` of each table) where the live read was whole."""
    cover = parts.rows["coverage"]
    whole = {r["what"] for r in cover if r["source"] == "live" and not r.get("refused") and r.get("complete")}
    unused: set[str] = set()
    for table, reads in {**_FILLED_BY[provider], **_FILLED_BY["catalog"]}.items():
        if exported.get(table) and whole.issuperset(reads):
            parts.rows[table] = parts.rows[table][exported[table] :]
            unused |= set(reads)
    if parts.rows["accounts"] and "catalog.users" not in unused:
        # an account of a CSV without ids would stand beside the very account that was read live
        live = parts.spool("accounts").frame()
        pairs = zip(live["user_name"], live["email"], strict=True)
        met = Counter(n for pair in pairs for n in {str(p).casefold() for p in pair if isinstance(p, str)})
        parts.rows["accounts"] = [r for r in parts.rows["accounts"] if not (nameless(r) and _taken(r, met))]
    parts.rows["coverage"] = [
        {**r, "complete": None, "note": " ".join(t for t in (r.get("note"), NOTE) if t)}
        if r["what"] in unused and r["source"] == "file" and not r.get("refused")
        else r
        for r in cover
    ]


def _taken(row: Mapping[str, Any], met: Counter[str]) -> bool:
    """Whether an account of that name was read live; each of those answers for one row, a second one stays."""
    name = str(row.get("user_name")).casefold()
    met[name] -= 1
    return met[name] >= 0
