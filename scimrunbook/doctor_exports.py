"""What a folder of exports will and will not be able to tell, for ``scimrunbook doctor``: read as a run reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from scimrunbook.guide import HOW_TO_GET
from scimrunbook.incident_file import LoadedIncident
from scimrunbook.sources.exports import ExportsError, read_folder, wanted
from scimrunbook.sources.parts import Parts

State = Literal["ok", "warn", "fail", "info"]
PART = "What can be told"
MAX_BYTES = 64 << 20  # a larger folder is only counted here: a check reads it, with progress
MOST_FILES = 25


@dataclass(frozen=True, slots=True)
class Checked:
    """One line: ``name`` in ``part``, how it is, and what to do where it is not well."""

    part: str
    name: str
    state: State
    said: str
    remedy: str = ""


def exported(loaded: LoadedIncident, *, live: bool) -> Iterator[Checked]:
    """A line for each file, and one for what none of them holds. ``live``: the provider is read too."""
    named = str(loaded.incident.exports)
    folder = loaded.resolve(named)
    sizes = [p.stat().st_size for p in folder.rglob("*") if p.is_file()] if folder.is_dir() else []
    if not sizes:
        yield Checked(PART, "exports", "fail", "the folder holds no file", f"Put the exported files into {named}.")
        return
    if sum(sizes) > MAX_BYTES:
        said = f"{len(sizes)} files of {sum(sizes) >> 20} MB; a check reads them and says what each of them is"
        yield Checked(PART, "exports", "info", said)
        return
    parts = Parts()
    try:
        read_folder(folder, loaded.incident, parts, lambda *_: None)
    except ExportsError as problem:
        seen = " ".join(line.strip() for line in str(problem).split("Put any of these")[0].splitlines())
        yield Checked(PART, "exports", "fail", seen, "How to export: scimrunbook init --how-to-export")
        return
    rows = list(parts.rows["coverage"])
    files = [r for r in rows if r.get("sha256") or r["what"] == "unrecognised"]
    for row in files[:MOST_FILES]:
        yield _file(row)
    if len(files) > MOST_FILES:
        yield Checked(PART, "exports", "info", f"and {len(files) - MOST_FILES} more files")
    held = {r["what"] for r in files if not r.get("refused")}
    lacking = [HOW_TO_GET[w].title for w in wanted(loaded.incident) if w not in held]
    if lacking and not live:
        said = f"{'; '.join(lacking)}. What needs them stays 'not checked'"
        yield Checked(PART, "not among the files", "info", said, "How to export them: scimrunbook init --how-to-export")


def _file(row: Any) -> Checked:
    name = "".join(c if c.isprintable() else "?" for c in f"exports/{row['name']}"[:120])
    if row.get("refused"):
        return Checked(PART, name, "warn", str(row["refused"]), str(row.get("get_it") or ""))
    span = "".join(f", {word} {at:%Y-%m-%d %H:%M}" for word, at in _times(row))
    lost = f", {row['unreadable']} of them unreadable" if row.get("unreadable") else ""
    note = f" {row['note']}" if row.get("note") else ""
    count = (row.get("rows") or 0) + (row.get("unreadable") or 0)
    said = f"{count} {'record' if count == 1 else 'records'}{lost}{span}.{note}"
    return Checked(PART, name, "warn" if lost or row.get("complete") is False else "ok", said)


def _times(row: Any) -> list[tuple[str, Any]]:
    return [(word, row[key]) for word, key in (("from", "first_at"), ("to", "last_at")) if row.get(key)]
