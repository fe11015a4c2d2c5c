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
from scimrunbook.show.sweeping import line, summary
from scimrunbook.sweep import Cluster, Ledger, checked, local, opened, sweep, worst
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
    paths = checked(files)
    home = (options.outputs or outputs_of(paths[0])).resolve()
    where: Cluster = cluster(options.scheduler, options.tls) if options.scheduler else local(options.jobs)
    name = opened(paths, home, {"notebooks": options.notebooks, "probe": options.probe}, fresh=options.fresh)
    outputs = str(home) if options.outputs else ""
    tasks = [Task(str(path), name, outputs, options.notebooks, options.probe) for path in paths]
    ledger = Ledger(home / ".sweeps" / name, tasks)
    before = len(ledger.finished)
    with reporter() as progress:
        if before:
            progress(f"going on with the sweep of {name}: {before} of {len(tasks)} are done", before, len(tasks))
        for standing in sweep(tasks, ledger, where):
            progress(line(standing), standing.done, standing.total)
    ledger.end()
    outcomes = [ledger.finished[t.file] for t in tasks]
    for root in {str(Path(o.folder).parents[1]) for o in outcomes if o.folder} | {str(home)}:
        write_index(Path(root))
    if as_json:
        json.dump({"sweep": name, "incidents": [o.to_json() for o in outcomes]}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        summary(Console(highlight=False), outcomes, str(home / "index.html"))
    return worst(outcomes)
