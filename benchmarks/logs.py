"""Scanning a System Log of any size: ours (keeps what one application needs) against DuckDB reading the same columns.

The log is generated: nine of ten records are sign-ins, most others belong to other applications, one in a hundred
thousand is broken. ``SCIMRUNBOOK_BENCH_LOG_MB`` sets the size; below 257 it would not be read as a large file.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Child, Row, python

APP = "0oaBENCH000000000001"
OURS = """
import sys, time
from pathlib import Path
from scimrunbook.incident import Incident
from scimrunbook.sources.exports import read_folder
from scimrunbook.sources.parts import Parts
incident = Incident.model_validate({"incident": "B-1", "identity_provider": "okta", "catalog_host": "app.castordoc.com",
    "okta": {"org_url": "https://acme.okta.com", "app_id": sys.argv[2]}})
parts = Parts()
began = time.perf_counter()
read_folder(Path(sys.argv[1]), incident, parts, lambda *_: None)
took = time.perf_counter() - began
row = next(r for r in parts.rows["coverage"] if r.get("sha256"))
import resource
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print("RESULT", row["rows"], row["unreadable"], len(parts.table("events")), peak, round(took, 3))
"""
RESULT = r"RESULT (?P<rows>\d+) (?P<refused>\d+) (?P<kept>\d+) (?P<peak>\d+) (?P<seconds>[\d.]+)"
_DUCKDB = """
import sys, duckdb
path = next(__import__("pathlib").Path(sys.argv[1]).iterdir())
columns = "{uuid: 'VARCHAR', published: 'VARCHAR', eventType: 'VARCHAR', outcome: 'JSON', actor: 'JSON', "
columns += "transaction: 'JSON', debugContext: 'JSON', target: 'JSON'}"
read = "read_json(?, ignore_errors=true, columns=" + columns + ", format='newline_delimited')"
con = duckdb.connect()
con.execute("COPY (SELECT * FROM " + read + ") TO '" + sys.argv[2] + "' (FORMAT parquet)", [str(path)])
"""


def rows(quick: bool = False) -> Iterator[Row]:
    rounds = 1 if quick else 3
    megabytes = int(os.environ.get("SCIMRUNBOOK_BENCH_LOG_MB", "256"))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "log"
        folder.mkdir()
        count = write(folder / "log.ndjson", max(megabytes, 257))
        ours: list[Child] = []
        other: list[Child] = []
        for _ in range(rounds):
            ours.append(python(OURS, str(folder), APP))
            other.append(python(_DUCKDB, str(folder), str(Path(place) / "out.parquet")))
        found = re.search(RESULT, ours[0].output)
        assert found and int(found[1]) + int(found[2]) == count, ours[0].output
        size = (folder / "log.ndjson").stat().st_size >> 20
        mine, theirs = (sorted(c.seconds for c in side)[rounds // 2] for side in (ours, other))
        note = f"{size} MB NDJSON, {count:,} records, {found[2]} refused, {found[3]} kept, peak {found[4]} MB"
        yield Row("reading a System Log", "DuckDB, same columns to Parquet", mine, theirs, 3, rounds=rounds, note=note)


def write(path: Path, megabytes: int) -> int:
    """A log of about that size; returns how many lines it has."""
    wide = {"userAgent": {"rawUserAgent": "Mozilla/5.0 " + "x" * 120, "os": "Linux"}, "ipAddress": "192.0.2.10"}
    count = 0
    with path.open("w", encoding="utf-8") as out:
        while out.tell() < megabytes << 20:
            block = []
            for _ in range(2000):
                ours = count % 100 < 3
                kind = "application.provision.user.push_profile" if count % 10 == 0 else "user.session.start"
                app = APP if ours else "0oaOTHER000000000001"
                record = {
                    "actor": {"id": "00uadmin", "type": "User", "alternateId": "admin@example.com", "displayName": "A"},
                    "client": wide, "displayMessage": "something happened " * 4, "eventType": kind,
                    "outcome": {"result": "SUCCESS", "reason": None}, "severity": "INFO",
                    "published": f"2026-11-{1 + count // 50000 % 28:02d}T{count // 3600 % 24:02d}:00:00.000Z",
                    "debugContext": {"debugData": {"requestUri": "/x", "requestId": "r" * 24}},
                    "transaction": {"type": "WEB", "id": f"t{count}", "detail": {}}, "uuid": f"u{count}",
                    "target": [
                        {"id": f"00u{count % 9999}", "type": "User", "alternateId": f"p{count % 9999}@example.com"},
                        {"id": app, "type": "AppInstance", "alternateId": "App", "displayName": "App"},
                    ],
                }  # fmt: skip
                count += 1
                block.append("{broken" if count % 100_000 == 0 else json.dumps(record, separators=(",", ":")))
            out.write("\n".join(block) + "\n")
    return count
