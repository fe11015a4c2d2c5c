"""Raw JSON documents in SQLite: any broken state can be stored; look-ups by userName and externalId are indexed."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import uuid
from typing import Any

from scimrunbook.simulator.catalog.patch import Kind
from scimrunbook.simulator.clock import Clock

_TABLE = """
CREATE TABLE documents (
  kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT, external TEXT, seq INTEGER PRIMARY KEY AUTOINCREMENT,
  body TEXT NOT NULL, UNIQUE (kind, id));
CREATE INDEX by_name ON documents (kind, name);
CREATE INDEX by_external ON documents (kind, external);
"""
SCHEMAS = {
    "Users": "urn:ietf:params:scim:schemas:core:2.0:User",
    "Groups": "urn:ietf:params:scim:schemas:core:2.0:Group",
}


class Store:
    """Documents by kind (``Users``, ``Groups``), in the order of creation. Methods take and give plain dicts."""

    def __init__(self, clock: Clock, rng: random.Random, base_url: str) -> None:
        self.clock, self.rng, self.base_url = clock, rng, base_url
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.executescript(_TABLE)
        self._lock = threading.Lock()

    def add(self, kind: Kind, document: dict[str, Any]) -> dict[str, Any]:
        """Stores a document as it is, with an id and meta of its own where it has none."""
        identity = str(document.get("id") or uuid.UUID(int=self.rng.getrandbits(128), version=4))
        now = self._now()
        meta = {
            "resourceType": kind.removesuffix("s"),
            "created": now,
            "lastModified": now,
            "location": f"{self.base_url}/{kind}/{identity}",
            **document.get("meta", {}),
        }
        full = {"schemas": [SCHEMAS[kind]], **document, "id": identity, "meta": meta}
        with self._lock:
            self._db.execute(
                "INSERT INTO documents (kind, id, name, external, body) VALUES (?, ?, ?, ?, ?)",
                (kind, identity, _name(kind, full), full.get("externalId"), json.dumps(full)),
            )
        return full

    def get(self, kind: Kind, identity: str) -> dict[str, Any] | None:
        with self._lock:
            row = self._db.execute("SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, identity)).fetchone()
        return json.loads(row[0]) if row else None

    def replace(self, kind: Kind, identity: str, document: dict[str, Any]) -> dict[str, Any]:
        """Writes a document anew; ``meta.lastModified`` becomes now."""
        meta = {**document["meta"], "lastModified": self._now()}
        full = {**document, "id": identity, "meta": meta}
        with self._lock:
            self._db.execute(
                "UPDATE documents SET name = ?, external = ?, body = ? WHERE kind = ? AND id = ?",
                (_name(kind, full), full.get("externalId"), json.dumps(full), kind, identity),
            )
        return full

    def delete(self, kind: Kind, identity: str) -> bool:
        """Removes a document; a deleted user leaves every group."""
        with self._lock:
            gone = self._db.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, identity)).rowcount > 0
        if gone and kind == "Users":
            for group in self.all("Groups"):
                members = [m for m in group.get("members", []) if m.get("value") != identity]
                if len(members) != len(group.get("members", [])):
                    self.replace("Groups", group["id"], {**group, "members": members})
        return gone

    def page(self, kind: Kind, start: int, count: int) -> list[dict[str, Any]]:
        """``count`` documents from the 1-based position ``start``."""
        with self._lock:
            rows = self._db.execute(
                "SELECT body FROM documents WHERE kind = ? ORDER BY seq LIMIT ? OFFSET ?", (kind, count, start - 1)
            ).fetchall()
        return [json.loads(r[0]) for r in rows]

    def count(self, kind: Kind) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM documents WHERE kind = ?", (kind,)).fetchone()[0])

    def by_name(self, kind: Kind, name: str) -> list[dict[str, Any]]:
        """Documents whose userName (or displayName of a group) is ``name``, case aside."""
        return self._indexed("name", kind, name.casefold())

    def by_external(self, kind: Kind, external: str) -> list[dict[str, Any]]:
        return self._indexed("external", kind, external)

    def _indexed(self, column: str, kind: Kind, value: str) -> list[dict[str, Any]]:
        with self._lock:
            rows = self._db.execute(
                f"SELECT body FROM documents WHERE kind = ? AND {column} = ? ORDER BY seq",  # noqa: S608 - our column
                (kind, value),
            ).fetchall()
        return [json.loads(r[0]) for r in rows]

    def all(self, kind: Kind) -> list[dict[str, Any]]:
        return self.page(kind, 1, -1)

    def users(self) -> list[dict[str, Any]]:
        return self.all("Users")

    def groups(self) -> list[dict[str, Any]]:
        return self.all("Groups")

    def add_user(self, document: dict[str, Any]) -> dict[str, Any]:
        """An account made by hand."""
        return self.add("Users", document)

    def replace_user(self, identity: str, document: dict[str, Any]) -> dict[str, Any]:
        return self.replace("Users", identity, document)

    def delete_user(self, identity: str) -> bool:
        return self.delete("Users", identity)

    def _now(self) -> str:
        return self.clock.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _name(kind: Kind, document: dict[str, Any]) -> str | None:
    value = document.get("userName" if kind == "Users" else "displayName")
    return str(value).casefold() if value is not None else None
