"""Redaction by schema: tables, findings and the diagnosis, field by field. Unknown fields are dropped and counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import re2

from scimrunbook.evidence.canonical import key_of
from scimrunbook.evidence.columns import ATTRIBUTES, CAUSE, DIAGNOSIS, EVIDENCE, FINDING, HEAD, TABLES, normal
from scimrunbook.evidence.freetext import GUID, OKTA_ID, TIME
from scimrunbook.evidence.identities import Person
from scimrunbook.evidence.redactor import Redactor, tenant_in
from scimrunbook.snapshot import TABLES as SNAPSHOT

_CODE = re2.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/+-]{0,119}")
_VENDOR = re2.compile(r"[A-Za-z0-9_-]{1,64}")
_NUMBER = re2.compile(r"[+-]?[\d.,:%]+")
DROPPED = "[value removed]"


class Records:
    """``Redactor`` applied to whole records; one per share."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self._kinds: dict[str, Callable[[Any, Person | None], Any]] = {
            "key": self._key,
            "login": lambda v, _: redactor.identity(str(v)),
            "logins": self._logins,
            "given": lambda v, p: redactor.given(str(v), p),
            "family": lambda v, p: redactor.family(str(v), p),
            "display": self._display,
            "group": lambda v, _: redactor.group(str(v)),
            "vendor": self._vendor,
            "operation": self._vendor,
            "code": self._code,
            "text": lambda v, _: redactor.text(str(v)),
            "changes": self._changes,
            "file": lambda v, _: redactor.file_name(str(v)),
            "digest": lambda v, _: str(v),
            "plain": lambda v, _: v,
            "url": lambda v, _: v,
        }

    # -- tables -----------------------------------------------------------------------------------

    def table(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """A table of the snapshot, or the trace; columns the schema does not know are dropped and counted."""
        kinds = TABLES[name]
        for unknown in [c for c in frame.columns if c not in kinds]:
            self.redactor.dropped[f"{name}.{unknown}"] += len(frame)
        known = [c for c in frame.columns if c in kinds]
        # a column the snapshot has and this schema does not know yet stays, without its values: faces can be rendered
        made = frame[[c for c in frame.columns if c in kinds or c in SNAPSHOT.get(name, {})]].copy()
        for unknown in [c for c in made.columns if c not in kinds]:
            made[unknown] = pd.Series([None] * len(made), index=made.index, dtype=frame[unknown].dtype)
        people = self._people(frame)
        groups = frame["object_type"].eq("group").fillna(False).tolist() if name == "events" else []
        for column in known:
            kind = kinds[column]
            if kind == "plain":
                continue
            values = frame[column].astype("object").where(frame[column].notna(), None).tolist()
            if kind == "subject":
                done = [None if v is None else self._subject(str(v), g) for v, g in zip(values, groups, strict=True)]
            else:
                work = self._kinds[kind]
                done = [None if v is None else work(v, p) for v, p in zip(values, people, strict=True)]
            made[column] = pd.Series(done, index=frame.index, dtype=frame[column].dtype)
        return made

    def _people(self, frame: pd.DataFrame) -> list[Person | None]:
        """Whose row it is: names can only be told by the id or login beside them."""
        columns = [c for c in ("person_key", "external_id", "login", "user_name", "email") if c in frame.columns]
        if not columns:
            return [None] * len(frame)
        rows = frame[columns].astype("object").where(frame[columns].notna(), None).itertuples(index=False)
        find = self.redactor.identities.find
        return [next((p for v in row if v and (p := find(str(v)))), None) for row in rows]

    # -- values -----------------------------------------------------------------------------------

    def _key(self, value: Any, _: Person | None = None) -> str:
        return self.redactor.id(str(value))

    def _logins(self, value: Any, _: Person | None) -> str:
        try:
            several = json.loads(value)
        except ValueError:
            return self.redactor.text(str(value))
        return json.dumps([self.redactor.identity(str(v)) for v in several] if isinstance(several, list) else [])

    def _display(self, value: Any, person: Person | None) -> str:
        found = self.redactor.identities.find(str(value))
        return self.redactor.identity(str(value)) if found else self.redactor.person_name(person, str(value))

    def _subject(self, value: str, group: bool) -> str:
        return self.redactor.group(value) if group else self.redactor.identity(value)

    def _vendor(self, value: Any, _: Person | None = None) -> str:
        """An id that the target gave, or that an operation has, stays unless it is somebody's or holds an address."""
        text = str(value)
        if tenant_in(text):
            return self.redactor.job(text)
        if self.redactor.identities.find(text) is not None or not _VENDOR.fullmatch(text):
            parts = text.split(".")  # a job's id is a template and two ids
            if len(parts) > 1 and all(_VENDOR.fullmatch(p) for p in parts) and not any(map(self._somebody, parts)):
                return text
            return self.redactor.id(text)
        return text

    def _somebody(self, text: str) -> bool:
        return self.redactor.identities.find(text) is not None

    def _code(self, value: Any, _: Person | None = None) -> str:
        """A word without blanks stays where it is nobody's; anything else is free text."""
        text = str(value)
        if _CODE.fullmatch(text) and not self._somebody(text) and not GUID.search(text) and not OKTA_ID.search(text):
            return text
        return self.redactor.text(text)

    def _changes(self, value: Any, person: Person | None) -> str:
        """``[{name, old, new}]``: names of attributes stay, values by what the attribute holds."""
        try:
            changes = json.loads(value)
        except ValueError:
            return self.redactor.text(str(value))
        made = []
        for change in changes if isinstance(changes, list) else []:
            if isinstance(change, Mapping):
                name = str(change.get("name"))
                done = {k: self._change(name, v, person) for k, v in change.items() if k in ("old", "new")}
                made.append({"name": self._code(name), **done})
        return json.dumps(made, ensure_ascii=False)

    def _change(self, name: str, value: Any, person: Person | None) -> Any:
        if value is None or value == "" or isinstance(value, bool):
            return value
        kind = ATTRIBUTES.get(
            normal(name).rpartition("urn:ietf:params:scim:schemas:core:2.0:user:")[2].replace("_", " ")
        )
        kind = kind or ATTRIBUTES.get(normal(name).replace('"', ""))
        if kind == "flag":
            return value if str(value).lower() in ("true", "false", "0", "1") else DROPPED
        if kind is None:
            self.redactor.dropped[f"changes.{self._code(name)}"] += 1
            return DROPPED
        return self._kinds[kind](value, person)

    # -- findings and diagnosis ---------------------------------------------------------------------

    def findings(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return self._fields("findings.json", HEAD, data)

    def diagnosis(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return self._fields("diagnosis.json", DIAGNOSIS, data)

    def _fields(self, place: str, kinds: Mapping[str, str], data: Mapping[str, Any]) -> dict[str, Any]:
        made = {}
        for name, value in data.items():
            if name not in kinds:
                self.redactor.dropped[f"{place}: {self._code(name)}"] += 1
            else:
                made[name] = None if value is None else self.field(kinds[name], value)
        return made

    def field(self, kind: str, value: Any) -> Any:
        if kind == "findings":
            return [self._fields("finding", FINDING, f) for f in value]
        if kind == "causes":
            return [self._fields("cause", CAUSE, c) for c in value]
        if kind == "evidence":
            return [self._evidence(e) for e in value]
        if kind == "affected":
            return self._affected(value)
        if kind == "actions":
            return [self._texts(a, ("where", "what", "why")) for a in value]
        if kind == "manual":
            lists = {k: [self.redactor.text(str(t)) for t in value.get(k, [])] for k in ("answers", "healthy")}
            return {**self._texts(value, ("question", "where")), **lists}
        if kind == "answer":
            return {
                k: v
                if k == "at"
                else self.redactor.identity(str(v))
                if k == "by" and v
                else v and self.redactor.text(str(v))
                for k, v in value.items()
                if k in ("answer", "by", "at", "note")
            }
        if kind == "codes":
            return [self._code(v) for v in value]
        if kind == "texts":
            return [{self._code(k): self.redactor.text(str(v)) for k, v in row.items()} for row in value]
        if kind == "mixed":
            return self._mixed(value)
        if kind == "support":
            return {"needed": bool(value.get("needed")), "reason": self.redactor.text(str(value.get("reason", "")))}
        if kind == "numbers":
            return {self._code(k): v for k, v in value.items() if isinstance(v, int)}
        return self._kinds[kind](value, None)

    def _mixed(self, value: Any) -> Any:
        """Numbers, switches and times as they are; every text judged."""
        if isinstance(value, str):
            return value if TIME.fullmatch(value) else self.redactor.text(value)
        if isinstance(value, Mapping):
            return {self._code(k): self._mixed(v) for k, v in value.items()}
        return [self._mixed(v) for v in value] if isinstance(value, list) else value

    def _texts(self, row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
        return {n: self.redactor.text(str(row[n])) if row.get(n) else "" for n in names if n in row}

    def _affected(self, value: Mapping[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in value.items() if k in ("count", "table")}
        return {**kept, "keys": [self.key_or_login(str(k)) for k in value.get("keys", [])]}

    def key_or_login(self, key: str) -> str:
        """A person's, group's or account's key: the vendor's own ids stay."""
        return key if key in self.redactor.keep else self.redactor.id(key)

    def _evidence(self, table: Mapping[str, Any]) -> dict[str, Any]:
        columns = [str(c) for c in table.get("columns", [])]
        kinds = [EVIDENCE.get(normal(c)) for c in columns]
        return {
            "caption": self.redactor.text(str(table.get("caption", ""))),
            "columns": [self.redactor.text(c) for c in columns],
            "rows": [self._row(kinds, row) for row in table.get("rows", [])],
            "total": table.get("total"),
        }

    def _row(self, kinds: list[str | None], row: list[Any]) -> list[str]:
        find = self.redactor.identities.find
        whose = next(
            (p for k, v in zip(kinds, row, strict=False) if k in ("login", "key") and (p := find(str(v)))), None
        )
        return [self._cell(k, str(v), whose) for k, v in zip(kinds, row, strict=False)]

    def _cell(self, kind: str | None, value: str, whose: Person | None) -> str:
        if value in ("", "—") or TIME.fullmatch(value) or _NUMBER.fullmatch(value):
            return value
        if kind is not None:
            return str(self._kinds[kind](value, whose))
        redactor = self.redactor
        if value in redactor.keep:
            return value
        if redactor.identities.find(value) is not None:
            return redactor.identity(value)
        if key_of(value) in redactor.identities.groups:
            return redactor.group(value)
        return redactor.text(value)
