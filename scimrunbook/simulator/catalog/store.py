"""Raw JSON documents in SQLite: any broken state can be stored; look-ups by name and externalId are indexed."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import unicodedata
import uuid
from typing import Any, TypeGuard

from scimrunbook.simulator.catalog.documents import NAME_OF, SCHEMA_OF
from scimrunbook.simulator.catalog.patch import Document, Kind
from scimrunbook.simulator.clock import Clock

_TABLE = """
CREATE TABLE documents (
  kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT, external TEXT, seq INTEGER PRIMARY KEY AUTOINCREMENT,
  body TEXT NOT NULL, UNIQUE (kind, id));
CREATE INDEX by_name ON documents (kind, name);
CREATE INDEX by_external ON documents (kind, external);
"""


class Store:
    """Documents by kind (``Users``, ``Groups``) in the order of creation; methods take and give plain dicts.

    Nothing is checked: tests and faults store what a server with a past may hold (a missing userName, two equal
    ones, ``active`` as text). Only HTTP requests are held to the protocol. ``add`` gives an id from the seeded
    generator and a ``meta`` of the virtual clock where the document brings none.
    """

    def __init__(self, clock: Clock, rng: random.Random, base_url: str) -> None:
        self.clock, self.rng, self.base_url = clock, rng, base_url
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.executescript(_TABLE)
        self._lock = threading.RLock()

    def add(self, kind: Kind, document: Document) -> Document:
        """Stores a document as it is and gives it back complete. Raises ValueError where the id is taken."""
        identity = str(document.get("id") or uuid.UUID(int=self.rng.getrandbits(128), version=4))
        now = self._now()
        meta: Any = {
            "resourceType": kind.removesuffix("s"),
            "created": now,
            "lastModified": now,
            "location": f"{self.base_url}/{kind}/{identity}",
        }
        given = document.get("meta", {})
        meta = {**meta, **given} if isinstance(given, dict) else given
        full = {"schemas": [SCHEMA_OF[kind]], **document, "id": identity, "meta": meta}
        with self._lock:
            try:
                self._db.execute(
                    "INSERT INTO documents (kind, id, name, external, body) VALUES (?, ?, ?, ?, ?)",
                    (kind, identity, *_keys(kind, full), json.dumps(full)),
                )
            except sqlite3.IntegrityError:
                raise ValueError(f"{kind} holds a document with the id {identity} already") from None
        return full

    def get(self, kind: Kind, identity: str) -> Document | None:
        with self._lock:
            row = self._db.execute("SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, identity)).fetchone()
        return json.loads(row[0]) if row else None

    def replace(self, kind: Kind, identity: str, document: Document) -> Document:
        """Writes a document anew; ``meta`` is kept where none is given, its lastModified becomes now.

        Raises KeyError where there is no such document.
        """
        with self._lock:
            stored = self.get(kind, identity)
            if stored is None:
                raise KeyError(f"{kind} holds no document with the id {identity}")
            meta = document.get("meta", stored.get("meta"))
            if isinstance(meta, dict):
                meta = {**meta, "lastModified": self._now()}
            full = {"schemas": [SCHEMA_OF[kind]], **document, "id": identity, "meta": meta}
            self._db.execute(
                "UPDATE documents SET name = ?, external = ?, body = ? WHERE kind = ? AND id = ?",
                (*_keys(kind, full), json.dumps(full), kind, identity),
            )
        return full

    def delete(self, kind: Kind, identity: str) -> bool:
        """Removes a document, tells whether there was one; a deleted user leaves every group."""
        with self._lock:
            gone = self._db.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, identity)).rowcount > 0
            if gone and kind == "Users":
                for group in self._rows("instr(body, ?) > 0", ("Groups", json.dumps(identity))):
                    members = group.get("members")
                    if isinstance(members, list) and any(_is(m, identity) for m in members):
                        left = [m for m in members if not _is(m, identity)]
                        self.replace("Groups", group["id"], {**group, "members": left})
        return gone

    def page(self, kind: Kind, start: int, count: int) -> list[Document]:
        """``count`` documents (-1: all that follow) from the 1-based position ``start``."""
        return self._rows("TRUE", (kind, count, start - 1), "LIMIT ? OFFSET ?")

    def count(self, kind: Kind) -> int:
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM documents WHERE kind = ?", (kind,)).fetchone()[0])

    def by_name(self, kind: Kind, name: str) -> list[Document]:
        """Documents whose userName (or displayName of a group) is ``name``, case aside."""
        return self._rows("name = ?", (kind, _folded(name)))

    def by_external(self, kind: Kind, external: str) -> list[Document]:
        """Documents of this externalId, to the letter (RFC 7643 section 3.1)."""
        return self._rows("external = ?", (kind, unicodedata.normalize("NFC", external)))

    def _rows(self, where: str, values: tuple[Any, ...], tail: str = "") -> list[Document]:
        statement = f"SELECT body FROM documents WHERE kind = ? AND {where} ORDER BY seq {tail}"  # noqa: S608 - our words
        with self._lock:
            return [json.loads(row[0]) for row in self._db.execute(statement, values)]

    def all(self, kind: Kind) -> list[Document]:
        return self.page(kind, 1, -1)

    def users(self) -> list[Document]:
        return self.all("Users")

    def groups(self) -> list[Document]:
        return self.all("Groups")

    def add_user(self, document: Document) -> Document:
        """An account made by hand."""
        return self.add("Users", document)

    def add_group(self, document: Document) -> Document:
        """A team made by hand."""
        return self.add("Groups", document)

    def replace_user(self, identity: str, document: Document) -> Document:
        return self.replace("Users", identity, document)

    def replace_group(self, identity: str, document: Document) -> Document:
        return self.replace("Groups", identity, document)

    def delete_user(self, identity: str) -> bool:
        return self.delete("Users", identity)

    def delete_group(self, identity: str) -> bool:
        return self.delete("Groups", identity)

    def _now(self) -> str:
        return self.clock.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _keys(kind: Kind, document: Document) -> tuple[str | None, str | None]:
    """What is indexed: name and externalId, where they are text that UTF-8 can carry."""
    name, external = document.get(NAME_OF[kind]), document.get("externalId")
    return (
        _folded(name) if _is_text(name) else None,
        unicodedata.normalize("NFC", external) if _is_text(external) else None,
    )


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)


def _folded(name: str) -> str:
    """The same form that filters compare in, so that an indexed look-up and a filter agree."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


def _is(member: Any, identity: str) -> bool:
    return isinstance(member, dict) and member.get("value") == identity
