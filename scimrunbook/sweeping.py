"""The verb ``sweep``: puts the parts together, says how far it is, and writes the index at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from scimrunbook.index import write_index
from scimrunbook.runfolder import outputs_of
from scimrunbook.show.progress import reporter
from scimrunbook.show.sweeping import before, line, summary
from scimrunbook.show.words import plain
from scimrunbook.sweep import Cluster, Ledger, checked, local, opened, sweep, worst
from scimrunbook.sweep_before import look
from scimrunbook.sweep_cluster import Tls, cluster
from scimrunbook.sweep_work import Task


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line said."""

    outputs: Path | None = None
    jobs: int | None = None
    notebooks: bool = True
    probe: str = "light"
    scheduler: str = ""
    tls: Tls = field(default_factory=Tls)
    fresh: bool = False


def run_sweep(files: Sequence[Path], options: Options, as_json: bool) -> int:
    """Runs the sweep; returns the worst exit code of its incidents. Raises UserProblem, KeyboardInterrupt."""
    given = checked(files)
    home = (options.outputs or outputs_of(given[0])).resolve()
    where: Cluster = cluster(options.scheduler, options.tls) if options.scheduler else local(options.jobs)
    with reporter() as progress:
        known = look(given, progress)
    begun = opened(given, home, {"notebooks": options.notebooks, "probe": options.probe}, fresh=options.fresh)
    where.check([home / ".sweeps" / begun.name, *(p for p in given if p.exists())])
    outputs = str(home) if options.outputs else ""
    tasks = [Task(str(path), begun.name, outputs, options.notebooks, options.probe) for path in known.paths]
    ledger = Ledger(home / ".sweeps" / begun.name, tasks)
    said = Console(stderr=True, highlight=False)
    for note in [*known.notes, *before(begun.too_old, list(ledger.finished.values()), len(tasks))]:
        said.print(plain(note), markup=False, soft_wrap=True)
    try:
        with reporter() as progress:
            for standing in sweep(tasks, ledger, where):
                progress(line(standing), standing.done, standing.total)
    finally:  # also of one that is cut off: what is finished can be looked up
        for root in {str(Path(o.folder).parents[1]) for o in ledger.finished.values() if o.folder} | {str(home)}:
            write_index(Path(root))
    ledger.end()
    outcomes = [ledger.finished[str(path)] for path in given]
    if as_json:
        json.dump({"sweep": begun.name, "incidents": [o.to_json() for o in outcomes]}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        summary(Console(highlight=False), outcomes, str(home / "index.html"))
    return worst(outcomes)
