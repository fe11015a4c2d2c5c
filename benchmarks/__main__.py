"""``python -m benchmarks [NAME …] [--quick] [--write[=FILE]]``: measures and prints one table, row by row.

--write keeps the table in RESULTS.md (or FILE), anew after every row: an interruption loses nothing that was measured.
--quick takes small sizes and one round, to try everything in a few minutes; such figures are no record.
Every benchmark runs in a process of its own: one that crashes, hangs or grows takes none of the others along.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.harness import HEAD, Row

# In the order of the table. Each is a module of this package with rows(quick).
NAMES = ("notebooks", "startup", "first_result", "scim_reading", "judging", "logs", "evidence")
LIBRARIES = ("pandas", "pyarrow", "duckdb", "papermill", "ipykernel", "httpx", "scim2-client", "detect-secrets")
HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
LIMIT = 1800.0  # seconds for one benchmark; on an idle machine the slowest takes a tenth of it
_ROW = "ROW "


def where() -> str:
    """The machine and the versions, without a name that identifies it."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores {platform.machine()}, {memory:.0f} GB, {platform.system()}, "
        f"Python {platform.python_version()}, {libraries}"
    )


def main(arguments: list[str]) -> int:
    quick = "--quick" in arguments
    kept = next((a for a in arguments if a == "--write" or a.startswith("--write=")), None)
    target = None if kept is None else Path(kept.removeprefix("--write").removeprefix("=") or RESULTS)
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
        return 0
    names = [a for a in arguments if not a.startswith("-")] or list(NAMES)
    options = {a for a in arguments if a.startswith("-")} - {"--quick", "--rows", kept}
    if options:
        print(f"No option {', '.join(sorted(options))}.\n\n{__doc__}", file=sys.stderr)
        return 2
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"No benchmark {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    if quick and target == RESULTS:
        print("Quick figures are no record. Name another file: --write=FILE.", file=sys.stderr)
        return 2
    if "--rows" in arguments:  # the process of one benchmark
        for row in importlib.import_module(f"benchmarks.{names[0]}").rows(quick):
            print(_ROW + json.dumps(asdict(row)), flush=True)
        return 0
    return table(names, quick, target)


def table(names: list[str], quick: bool, target: Path | None) -> int:
    """Prints the rows of these benchmarks and keeps them in ``target``. 0 where every goal is met, 130 on Ctrl-C."""
    rows: list[Row] = []
    print(HEAD, flush=True)
    for place, name in enumerate(names):
        try:
            for row in measured(name, quick):
                print(row.line(), flush=True)
                rows.append(row)
                if target:
                    write(rows, target, quick, names[place:])
        except KeyboardInterrupt:
            print(f"Stopped during {name}. {len(rows)} rows were measured.", file=sys.stderr)
            return 130
    if target:
        write(rows, target, quick)
    return 0 if all(row.met for row in rows) else 1


def measured(name: str, quick: bool = False, limit: float = LIMIT) -> Iterator[Row]:
    """The rows of one benchmark as they come; where it fails or takes over ``limit`` s, a last one says so."""
    command = [sys.executable, "-m", "benchmarks", name, "--rows", *(["--quick"] if quick else [])]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    late = threading.Event()

    def too_long() -> None:
        late.set()
        _stop(process)

    timer = threading.Timer(limit, too_long)
    timer.start()
    said = ""
    assert process.stdout
    try:
        for line in process.stdout:
            if line.startswith(_ROW):
                yield Row(**json.loads(line.removeprefix(_ROW)))
            elif line.strip():
                said = line.strip()
        code = process.wait()
    finally:
        timer.cancel()
        _stop(process)
        process.stdout.close()
    if late.is_set():
        yield Row.failed(name, f"stopped after {limit:.0f} s")
    elif code:
        yield Row.failed(name, said or f"ended with {code}")


def _stop(process: subprocess.Popen[str]) -> None:
    """Ctrl-C first, so that it takes its servers and kernels along; then the whole group, the hard way."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def write(rows: list[Row], target: Path = RESULTS, quick: bool = False, to_come: list[str] | None = None) -> None:
    """The file anew, in one step: the date, the machine, the table, and what is not measured yet."""
    day = datetime.now(UTC).date().isoformat()
    lines = "\n".join(row.line() for row in rows)
    rest = f"\nNot finished: {', '.join(to_come)}.\n" if to_come else ""
    small = " Quick sizes, one round: no record." if quick else ""
    drawn = [p for p in (HERE / f"growth-{name}.svg" for name in ("people", "logs")) if p.exists()]
    curves = "".join(f"\n![How time and memory grow]({p.name})\n" for p in drawn)
    head = f"# Measured\n\n{day}, {where()}. Written by `make bench`; how: `harness.py`.{small}"
    text = f"{head}\n\n{HEAD}\n{lines}\n{rest}{curves}"
    draft = target.with_name(target.name + ".part")
    draft.write_text(text, "utf-8")
    draft.replace(target)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
