"""A folder of whatever an admin could export, read into the snapshot's tables.

Files are recognised by what they hold (``registry``). Each gets exactly one row of ``coverage``: what it is, how many
records, how many of them could not be read, from when to when; or why it was not recognised.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from scimrunbook.guide import HOW_TO_GET
from scimrunbook.incident import Incident
from scimrunbook.problems import UserProblem
from scimrunbook.snapshot import WHATS
from scimrunbook.sources.exports.catalog import without_twins
from scimrunbook.sources.exports.documents import Document, decode
from scimrunbook.sources.exports.files import Found, contents, listing
from scimrunbook.sources.exports.large import read_large, streams, turn
from scimrunbook.sources.exports.leaks import take_out
from scimrunbook.sources.exports.registry import Format, Parse, Recognised, formats, parser, recognise
from scimrunbook.sources.fields import obj, text, texts
from scimrunbook.sources.parts import Parts, Progress

__all__ = ["Document", "ExportsError", "Parse", "Recognised", "parser", "read_folder", "wanted"]

MOST_NAMED = 12  # files or columns an error message lists
_ONE_ROW_EACH = {
    "people": "person_key",
    "groups": "group_key",
    "app_accounts": "person_key",  # a report of assignments, without states and ids, must not replace the API's answer
    "accounts": "account_id",
}
_NAMES = {"okta": "Okta", "entra": "Microsoft Entra ID"}


class ExportsError(UserProblem):
    """The folder of exports cannot be used; the message says what was seen and what is expected."""


def read_folder(folder: Path, incident: Incident, parts: Parts, progress: Progress) -> None:
    """Reads every file below ``folder`` into ``parts``.

    Raises ExportsError where the folder is absent or empty, or where nothing in it was recognised.
    """
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise ExportsError(
            f"The folder of exports {kind}: {folder}\n"
            "Name a folder under 'exports' in the incident file (relative to that file), or remove the line."
        )
    paths = listing(folder)
    if not paths:
        raise ExportsError(f"The folder of exports is empty: {folder}\n{_expected(incident)}")
    seen: list[tuple[str, str]] = []
    known: list[tuple[Found, Format, Recognised]] = []
    large: list[Found] = []

    def unknown(found: Found, reason: str) -> None:
        seen.append((found.name, reason))
        parts.cover("unrecognised", source="file", name=found.name, refused=reason, sha256=found.sha256)

    for number, found in enumerate(contents(folder, paths, partial(streams, incident=incident))):
        progress(f"exports: {found.name}", min(number, len(paths)), len(paths))
        if found.large:
            large.append(found)
            continue
        hit, reason = _read(found, incident, parts)
        if hit is None:
            unknown(found, reason)
        else:
            known.append((found, *hit))
    progress("exports", len(paths), len(paths))
    if not known and not large:
        raise ExportsError(
            f"Nothing in the folder of exports could be used: {folder}\n{_listed(seen)}\n{_expected(incident)}"
        )
    # What stands by itself first: the others are settled against it. Loose formats come last, see ``_merge``.
    for _, _, result in sorted(known, key=lambda k: (k[2].settle is not None, k[1].rank)):
        if result.settle:
            result.settle(result, parts)
        _take(parts, result)
    # Logs that are not held last: by now it is known whose records are to be kept.
    for found in sorted(large, key=lambda f: turn(f.large, incident) if f.large else 0):
        assert found.large is not None
        hit, reason, sha256 = read_large(found.large, found.name, incident, parts, progress)
        if hit is None and found.reason is None:  # small enough to be held: the formats say what it is, or why not
            found = found.large.hold(found.name)
            hit, reason = _read(found, incident, parts)
            if hit and hit[1].settle:
                hit[1].settle(hit[1], parts)
            if hit:
                _take(parts, hit[1])
        elif hit is None:
            found, reason = replace(found, sha256=sha256), f"{found.reason}; {reason}"
        else:
            found = replace(found, sha256=sha256)
        if hit is None:
            unknown(found, reason)
        else:
            known.append((found, *hit))
    if not known:
        raise ExportsError(
            f"Nothing in the folder of exports could be used: {folder}\n{_listed(seen)}\n{_expected(incident)}"
        )
    for table, key in _ONE_ROW_EACH.items():
        parts.rows[table] = _merge(parts.rows[table], key)
    parts.rows["accounts"] = without_twins(parts.rows["accounts"])
    _cover(parts, known)
    _missing(incident, parts, folder.name)


def take_small(folder: Path, incident: Incident, parts: Parts, most: int) -> None:
    """Takes over what the files of at most ``most`` bytes tell; passes over what cannot be read."""
    paths = [p for p in listing(folder) if p.is_file() and p.stat().st_size <= most]
    hits = [_read(found, incident, parts)[0] for found in contents(folder, paths)]
    for _, result in sorted((h for h in hits if h), key=lambda h: (h[1].settle is not None, h[0].rank)):
        if result.settle:
            result.settle(result, parts)
        _take(parts, result)


def _read(found: Found, incident: Incident, parts: Parts) -> tuple[tuple[Format, Recognised] | None, str]:
    """The format and content of a file, or the reason why it is of no use."""
    if found.data is None:
        return None, found.reason or "not read"
    if not found.data:
        return None, "empty (0 bytes): the download did not work, export it again"
    written, assumed = decode(found.data)
    if written is None:
        return None, "not a text file"
    if not written.strip():
        return None, "empty: it holds nothing but blanks"
    written, leaks = take_out(written)
    parts.facts.leaks.extend({"file": found.name, "line": line, "rule": rule} for line, rule in leaks)
    document = Document(found.name, written, incident)
    hit = recognise(document)
    if hit is None:
        return None, _why_not(document)
    entry, result = hit
    if entry.provider not in (None, incident.identity_provider):
        return None, (
            f"{entry.title}: a file of {_NAMES[entry.provider]}, while this incident's identity provider is "
            f"{_NAMES[incident.identity_provider]}"
        )
    if not result.rows and result.unreadable:
        result.refused = result.refused or f"none of its {result.unreadable} records could be read"
    for said in (assumed, document.csv.assumed if document.csv else None):
        if said:
            result.remark(said)
    return hit, ""


def _why_not(document: Document) -> str:
    if document.text.lstrip().startswith("<"):
        return "a web page or XML, not an export: save the answer itself, or download again after signing in"
    if document.json is None and document.ndjson is None and document.problem and document.text.lstrip()[:1] in "{[":
        return f"{document.problem}: save or export it again"
    if document.records is not None and not document.records.items:
        return "an empty list that does not say of what: name the file after it, as in catalog-users.json"
    if document.records is not None:
        first = document.records.objects[:1]
        if said := _error_answer(obj(first[0]) if first else {}):
            return said
        keys = ", ".join(_short(k) for k in list(first[0])[:6]) if first else "none"
        return f"JSON of a kind that is not known (keys: {keys})"
    if document.csv is not None:
        return f"a CSV with columns that are not known: {', '.join(_short(h) for h in document.csv.header[:6])}"
    return "neither JSON nor CSV"


def _error_answer(first: dict[str, Any]) -> str | None:
    """Where an API's refusal was saved in place of the data: what it said, and what to do."""
    error = obj(first.get("error"))
    code, said = text(first.get("errorcode")), text(first.get("errorsummary"))
    if not (code and said):
        code, said = text(error.get("code")), text(error.get("message"))
    if not (code and said) and any(s.endswith("messages:2.0:Error") for s in texts(first.get("schemas"))):
        code, said = text(first.get("status")), text(first.get("detail")) or "no detail"
    if not (code and said):
        return None
    return (
        f"an error in place of the data ({_short(code)}: {_short(said)}): sign in with an account that may read it "
        "and save it again"
    )


def _short(said: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in said[:40])


def _take(parts: Parts, result: Recognised) -> None:
    if result.refused:
        return
    for table, rows in result.tables.items():
        parts.add(table, rows)
    if result.facts:
        result.facts(parts.facts)


def _merge(rows: list[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    """One row a person, group or account that stands in several files: the first file counts, later ones fill gaps."""
    merged: dict[Any, Mapping[str, Any]] = {}
    for row in rows:
        known = merged.get(row.get(key), {})
        merged[row.get(key)] = {**row, **{k: v for k, v in known.items() if v is not None}}
    return list(merged.values())


def _cover(parts: Parts, known: list[tuple[Found, Format, Recognised]]) -> None:
    """One coverage row a file. A page that says "more follows" is made whole by a last page of the same kind."""
    ended: dict[tuple[str, str], int] = defaultdict(int)
    for _, entry, result in known:
        ended[entry.what, result.subject] += not result.more and not result.refused
    held = {entry.what for _, entry, result in known if not (result.part or result.refused)}
    there = {id(entry): _of_the_list(entry, known) for _, entry, _ in known}
    for found, entry, result in known:
        beside = result.part and entry.what in held
        complete = None if beside else result.complete
        if result.unreadable and not beside:
            complete = False
        if result.of is not None and there[id(entry)] < result.of:
            # a last page does not tell that a middle one is there: the list's own count does
            complete = False
            result.remark(f"The list counts {result.of}, and the pages in the folder hold {there[id(entry)]} of it.")
        if result.more and not ended[entry.what, result.subject]:
            complete = False
            result.remark("The file says that further pages exist, and they are not in the folder.")
        parts.cover(
            entry.what,
            source="file",
            name=found.name,
            rows=result.rows,
            unreadable=result.unreadable,
            first_at=result.first_at,
            last_at=result.last_at,
            complete=complete,
            refused=result.refused,
            get_it=result.get_it,
            sha256=found.sha256,
            note=f"{entry.title}. {result.note}" if result.note else f"{entry.title}.",
        )


def _of_the_list(entry: Format, known: list[tuple[Found, Format, Recognised]]) -> int:
    """How many of one list all of its pages hold, those that could not be read included."""
    pages = [result for _, other, result in known if other is entry and result.of is not None]
    return len(frozenset().union(*(p.ids for p in pages))) + sum(p.unreadable for p in pages)


def _missing(incident: Incident, parts: Parts, folder: str) -> None:
    """What the folder does not hold and nothing else can be asked for, with how to export it."""
    covered = {row["what"] for row in parts.rows["coverage"]}
    live = {
        "okta": incident.okta is not None and bool(incident.okta.token or incident.okta.private_key),
        "entra": incident.entra is not None and bool(incident.entra.credential or incident.entra.sign_in),
        "catalog": incident.catalog.token is not None,
    }
    for what in wanted(incident):
        if what not in covered and not live[what.split(".")[0]]:
            parts.cover(
                what, source="file", name=folder, refused="not among the exported files", get_it=HOW_TO_GET[what].export
            )


def wanted(incident: Incident) -> list[str]:
    """What of the incident's provider and of Catalog may stand in files, the more telling first."""
    readable = {f.what for f in formats()}
    return [w for w in WHATS if w.startswith((f"{incident.identity_provider}.", "catalog.")) and w in readable]


def _listed(seen: list[tuple[str, str]]) -> str:
    lines = [f"  {_short(name)}: {reason}" for name, reason in seen[:MOST_NAMED]]
    if len(seen) > MOST_NAMED:
        lines.append(f"  and {len(seen) - MOST_NAMED} more")
    return "\n".join(["Seen:", *lines])


def _expected(incident: Incident) -> str:
    lines = [f"  {HOW_TO_GET[w].title}: {HOW_TO_GET[w].export}" for w in wanted(incident)]
    return "\n".join(["Put any of these there, under any file name:", *lines])
