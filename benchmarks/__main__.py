"""``python -m benchmarks [NAME …] [--write]``: measures, prints one table, and with --write keeps it in RESULTS.md."""

from __future__ import annotations

import importlib
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.harness import HEAD, Row

# In the order of the table. Each is a module of this package with rows().
NAMES = ("notebooks", "startup", "scim_reading", "evidence", "first_result", "logs", "judging")
LIBRARIES = ("pandas", "pyarrow", "papermill", "ipykernel", "httpx")
RESULTS = Path(__file__).with_name("RESULTS.md")


def where() -> str:
    """The machine and the versions, without a name that identifies it."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores {platform.machine()}, {memory:.0f} GB, {platform.system()}, "
        f"Python {platform.python_version()}, {libraries}"
    )


def main(arguments: list[str]) -> int:
    keep = "--write" in arguments
    names = [a for a in arguments if not a.startswith("-")] or list(NAMES)
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"No benchmark {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    rows: list[Row] = []
    print(HEAD)
    for name in names:
        for row in importlib.import_module(f"benchmarks.{name}").rows():
            print(row.line(), flush=True)
            rows.append(row)
    if keep:
        write(rows)
    return 0 if all(row.met for row in rows) else 1


def write(rows: list[Row]) -> None:
    """RESULTS.md anew: the date, the machine, the table."""
    day = datetime.now(UTC).date().isoformat()
    lines = "\n".join(row.line() for row in rows)
    RESULTS.write_text(
        f"# Measured\n\n{day}, {where()}. Written by `make bench`; how: `harness.py`.\n\n{HEAD}\n{lines}\n", "utf-8"
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
