"""custody.json: who made the bundle, when, with what, from which originals, and what is not in it."""

from __future__ import annotations

import getpass
import hashlib
import platform
import socket
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scimrunbook import __version__
from scimrunbook.evidence import gate, rules
from scimrunbook.evidence.redactor import Redactor
from scimrunbook.snapshot import CLOCK_OFF_SECONDS, Snapshot

SCHEMA_VERSION = 1

_TEXT, _WHOLE, _LIST, _MAYBE = {"type": "string"}, {"type": "integer"}, {"type": "array"}, {"type": ["string", "null"]}
_NUMBER = {"type": ["number", "null"]}
_TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
_SHA = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def _object(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


SCHEMA = _object(
    schema_version=_WHOLE, bundle_id=_TEXT, incident=_TEXT, run=_TEXT, practice={"type": "boolean"}, created_utc=_TIME,
    operator=_MAYBE, organisation=_MAYBE, purpose=_TEXT, authorisation=_MAYBE,
    tool=_object(name=_TEXT, version=_TEXT, source_sha256=_SHA), python=_TEXT, system=_TEXT,
    parameters={"type": "object"},
    sources={
        "type": "array",
        "items": _object(
            name=_TEXT, kind=_TEXT, source=_MAYBE, records={"type": ["integer", "null"]}, since=_MAYBE, until=_MAYBE,
            refused=_MAYBE, sha256_raw={"anyOf": [_SHA, {"type": "null"}]},
        ),
    },
    originals={"type": "object", "additionalProperties": _SHA},
    time_source=_object(as_of=_TEXT, as_of_is=_TEXT, local_utc=_TIME, skew_seconds=_NUMBER, remark=_MAYBE),
    notebooks={
        "type": "array",
        "items": _object(
            name=_TEXT, sha256_source=_SHA, sha256_shared=_MAYBE, status_in_run=_TEXT, status_shared=_TEXT
        ),
    },
    complete={"type": "boolean"}, redaction={"type": "object"}, disclosures=_LIST,
    gate=_object(
        version=_WHOLE, rules=_WHOLE, findings=_WHOLE, secrets_known=_WHOLE, secrets_not_available=_LIST, waivers=_LIST
    ),
    omitted=_LIST, events={"type": "array", "items": _object(utc=_TIME, who=_MAYBE, action=_TEXT, purpose=_TEXT)},
    signature=_MAYBE,
)  # fmt: skip

OMITTED = (
    "snapshot/*.parquet (the tables are in tables/ as CSV)",
    "ticket-comment.md (raw; its facts are in report.html)",
    "screenshots (never packed: add one yourself)",
    "every token, its location and the pseudonym key and map (they stay in private/)",
)  # fmt: skip


def custody(
    *,
    saved: Snapshot,
    redacted: Snapshot,
    head: dict[str, Any],
    run: Path,
    redactor: Redactor,
    notebooks: list[dict[str, Any]],
    created: datetime,
    purpose: str,
    waivers: list[dict[str, str]],
    secrets_known: int,
    not_available: Iterable[str],
    signature: str | None,
) -> dict[str, Any]:
    """The record. ``redacted`` names what is told; hashes are of the private originals."""
    by = operator()
    who = redactor.identity(by) if by else None
    stamp = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    whole = not any("error" in (n["status_shared"], n["status_in_run"]) for n in notebooks)
    return {
        "schema_version": SCHEMA_VERSION,
        "bundle_id": redactor.pseudonyms.handle("bundle", f"{head['incident']}/{head['run']}"),
        "incident": head["incident"],
        "run": head["run"],
        "practice": bool(head.get("practice")),
        "created_utc": stamp,
        "operator": who,
        "organisation": None,
        "purpose": purpose,
        "authorisation": None,
        "tool": {"name": "scimrunbook", "version": __version__, "source_sha256": source_digest()},
        "python": platform.python_version(),
        "system": platform.system(),
        "parameters": _parameters(redacted),
        "sources": _sources(redacted),
        "originals": originals(run, redactor),
        "time_source": _clock(saved, stamp),
        "notebooks": notebooks,
        "complete": whole,
        "redaction": redactor.report(),
        "disclosures": list(saved.incident.reveal),
        "gate": {
            "version": gate.VERSION,
            "rules": rules.VERSION,
            "findings": 0,
            "secrets_known": secrets_known,
            "secrets_not_available": sorted(not_available),
            "waivers": waivers,
        },
        "omitted": list(OMITTED),
        "events": [
            {"utc": str(head["started_at"]), "who": None, "action": "collected", "purpose": "diagnosis"},
            {"utc": stamp, "who": who, "action": "shared", "purpose": purpose},
        ],
        "signature": signature,
    }


def originals(run: Path, redactor: Redactor) -> dict[str, str]:
    """sha256 of every file of the private run: which original a line came from can be shown later."""
    files = sorted(p for p in run.rglob("*") if p.is_file() and not p.is_symlink())
    return {
        redactor.file_name(p.relative_to(run).as_posix()): hashlib.sha256(p.read_bytes()).hexdigest() for p in files
    }


def source_digest() -> str:
    """One sha256 over the package's sources: two bundles of the same code agree."""
    package = Path(__file__).resolve().parents[1]
    total = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".toml", ".txt", ".css") and path.is_file():
            total.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def operator() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None


def machine() -> frozenset[str]:
    """What names this machine and its user; short and common words are nobody's."""
    common = {"root", "user", "admin", "runner", "ubuntu", "localhost", "jovyan", "work", "home", "node", "app", "main"}
    names = {n.lower() for n in (operator() or "", socket.gethostname()) if len(n) >= 4 and n.lower() not in common}
    home = str(Path.home()).lower()
    return frozenset(names | ({home} if home.count("/") > 1 or len(home) > 6 else set()))


def _parameters(redacted: Snapshot) -> dict[str, Any]:
    """The incident file, redacted, without where tokens lie."""
    return redacted.incident.model_dump(mode="json", exclude={"reveal", "connect_to"}, exclude_none=True)


def _sources(redacted: Snapshot) -> list[dict[str, Any]]:
    frame = redacted["coverage"]
    rows = frame.astype("object").where(frame.notna(), None).to_dict("records")
    return [
        {
            "name": str(row["name"] or row["what"]),
            "kind": str(row["what"]),
            "source": row["source"],
            "records": None if row["rows"] is None else int(row["rows"]),
            "since": _moment(row["first_at"]),
            "until": _moment(row["last_at"]),
            "refused": row["refused"],
            "sha256_raw": row["sha256"],
        }
        for row in rows
    ]


def _moment(value: Any) -> str | None:
    return None if value is None else str(value.isoformat()).replace("+00:00", "Z")


def _clock(saved: Snapshot, local: str) -> dict[str, Any]:
    skew = saved.facts.clock_skew_seconds
    off = skew is not None and abs(skew) >= CLOCK_OFF_SECONDS
    return {
        "as_of": saved.facts.as_of,
        "as_of_is": saved.facts.as_of_is,
        "local_utc": local,
        "skew_seconds": skew,
        "remark": f"This machine's clock was {abs(skew):.0f} s {'behind' if skew > 0 else 'ahead of'} the provider's."
        if off and skew
        else None,
    }
