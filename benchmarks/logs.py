"""Scanning a log of any size: ours (keeps what one application needs) against DuckDB reading the same columns.

``python -m benchmarks.logs [MB …] [FORM …] [--write [--add]]`` measures these forms at these sizes, once each, and
keeps the rows in LOGS.md as they come (``--add``: beside those that are there). ``make bench`` takes 257 MB of each,
in turn, medians of three.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import logs_made
from benchmarks.__main__ import where
from benchmarks.harness import HEAD, Child, Row, child

RESULTS = Path(__file__).with_name("LOGS.md")
MEGABYTES = 257
GOAL = 3.0
OKTA = {"identity_provider": "okta", "okta": {"org_url": "https://acme.okta.com", "app_id": logs_made.APP}}
ENTRA = {"identity_provider": "entra", "entra": {"service_principal_id": logs_made.PRINCIPAL}}
OURS = """
import json, sys, time
from pathlib import Path
from scimrunbook.incident import Incident
from scimrunbook.sources.exports import read_folder
from scimrunbook.sources.parts import Parts
incident = Incident.model_validate({"incident": "B-1", "catalog_host": "app.castordoc.com", **json.loads(sys.argv[2])})
parts, told = Parts(), []
began = time.perf_counter()
read_folder(Path(sys.argv[1]), incident, parts, lambda *said: told.append(said))
took = time.perf_counter() - began
row = next(r for r in parts.rows["coverage"] if r.get("sha256"))
import resource
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print("RESULT", row["rows"], row["unreadable"], len(parts.table("events")), peak, round(took, 3), len(told))
"""
RESULT = r"RESULT (?P<rows>\d+) (?P<refused>\d+) (?P<kept>\d+) (?P<peak>\d+) (?P<seconds>[\d.]+) (?P<told>\d+)"
_DUCKDB = """
import sys, duckdb
path = next(__import__("pathlib").Path(sys.argv[1]).iterdir())
with duckdb.connect() as con:
    con.execute("COPY (SELECT * FROM " + sys.argv[3] + ") TO '" + sys.argv[2] + "' (FORMAT parquet)", [str(path)])
"""
_OKTA_COLUMNS = "uuid published eventType outcome:JSON actor:JSON transaction:JSON debugContext:JSON target:JSON"
_ENTRA_COLUMNS = (
    "id activityDateTime provisioningAction jobId cycleId changeId servicePrincipal:JSON sourceIdentity:JSON "
    "targetIdentity:JSON provisioningStatusInfo:JSON provisioningSteps:JSON modifiedProperties:JSON initiatedBy:JSON"
)


def _json(columns: str, form: str) -> str:
    pairs = (c.partition(":")[::2] for c in columns.split())
    typed = ", ".join(f"{name}: '{kind or 'VARCHAR'}'" for name, kind in pairs)
    loose = ", ignore_errors=true" if form == "newline_delimited" else ""
    return f"read_json(?{loose}, columns={{{typed}}}, format='{form}', maximum_object_size=67108864)"


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of log: how it is made, whose it is, and how DuckDB reads it."""

    title: str
    file: str
    incident: Mapping[str, object]
    record: Callable[[int], str]
    form: str
    duckdb: str


FORMS = {
    "ndjson": Form(
        "System Log, NDJSON", "log.ndjson", OKTA, logs_made.okta, "ndjson", _json(_OKTA_COLUMNS, "newline_delimited")
    ),
    "gzip": Form(
        "System Log, NDJSON gzipped", "log.ndjson.gz", OKTA, logs_made.okta, "ndjson",
        _json(_OKTA_COLUMNS, "newline_delimited"),
    ),
    "json": Form("System Log, JSON array", "log.json", OKTA, logs_made.okta, "json", _json(_OKTA_COLUMNS, "array")),
    "csv": Form(
        "System Log, CSV", "log.csv", OKTA, logs_made.okta_csv, "csv",
        "read_csv(?, header=true, all_varchar=true, ignore_errors=true, quote='\"')",
    ),
    "entra": Form(
        "provisioning log, NDJSON", "log.ndjson", ENTRA, logs_made.entra, "ndjson",
        _json(_ENTRA_COLUMNS, "newline_delimited"),
    ),
}  # fmt: skip


def read(folder: Path, incident: Mapping[str, object]) -> Child:
    """Our reading in a process of its own; its output matches ``RESULT``."""
    return child([sys.executable, "-c", OURS, str(folder), json.dumps(incident)], timeout=7200)


def measured(form: Form, megabytes: int, rounds: int, place: Path) -> Row:
    """The log is written below ``place``, read by both sides in turn, removed; every record must be accounted for."""
    folder = place / "log"
    folder.mkdir()
    path, out = folder / form.file, place / "out.parquet"
    count = logs_made.write(path, megabytes, form.record, form.form)
    size = path.stat().st_size / 2**20
    ours: list[Child] = []
    other: list[Child] = []
    for _ in range(rounds):
        ours.append(read(folder, form.incident))
        other.append(child([sys.executable, "-c", _DUCKDB, str(folder), str(out), form.duckdb], timeout=7200))
    path.unlink()
    folder.rmdir()
    out.unlink()
    found = re.search(RESULT, ours[0].output)
    assert found and int(found["rows"]) + int(found["refused"]) == count, ours[0].output[-500:]
    mine, theirs = (sorted(c.seconds for c in side)[rounds // 2] for side in (ours, other))
    peak, bare = (max(c.peak_mb for c in side) for side in (ours, other))
    packed = f" ({size:,.0f} MB packed)" if path.suffix == ".gz" else ""
    note = (
        f"{megabytes:,} MB{packed}, {count:,} records, {found['refused']} refused, {int(found['kept']):,} kept, peak "
        f"{peak:,.0f} MB (DuckDB {bare:,.0f} MB), {megabytes / mine:,.0f} MB/s"
    )
    return Row(form.title, "DuckDB, same columns to Parquet", mine, theirs, GOAL, rounds=rounds, note=note)


def rows(quick: bool = False) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as place:
        for form in FORMS.values():
            found = measured(form, 40 if quick else MEGABYTES, 1 if quick else 3, Path(place))
            yield replace(found, what=f"reading a {found.what}")


def main(arguments: list[str]) -> int:
    sizes = [int(a) for a in arguments if a.isdigit()] or [10, 100, 257, 1024, 2048]
    names = [a for a in arguments if a in FORMS] or list(FORMS)
    kept = RESULTS.read_text("utf-8").splitlines() if RESULTS.exists() and "--add" in arguments else []
    lines = [line for line in kept if line.startswith("| ") and not line.startswith("| ours")]
    print(HEAD)
    met = True
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            for megabytes in sizes:
                began = time.monotonic()
                row = measured(FORMS[name], megabytes, 1, Path(place))
                met = met and row.met
                lines.append(row.line())
                print(row.line(), f"({time.monotonic() - began:.0f} s in all)", flush=True)
                if "--write" in arguments:
                    write(lines)
    return int(not met)


def write(lines: list[str]) -> None:
    day = datetime.now(UTC).date().isoformat()
    RESULTS.write_text(
        f"# Logs, read once\n\n{day}, {where()}.\nWritten by `python -m benchmarks.logs --write`; each side once, in "
        f"turn, each in a process of its own.\n\n{HEAD}\n" + "\n".join(lines) + "\n",
        "utf-8",
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
