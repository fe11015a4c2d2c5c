"""Builds a tenant and judges its incident. What the judges read is the incident file and its sources, nothing else."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.diagnosis.plan import SOURCES, Case
from benchmarks.diagnosis.score import Result, result
from scimrunbook.incident_file import load_incident
from scimrunbook.run import Judgement, judge
from scimrunbook.simulator.files import write_incident
from scimrunbook.simulator.tenant import Tenant, build
from scimrunbook.sources.collect import collect

# The name tells nothing: a ticket id never says what is broken.
NAME = "BENCH-1"


def judged(case: Case, sources: tuple[str, ...] = SOURCES) -> tuple[str, list[tuple[str, Result]]]:
    """The case's kind and all its results, each with the kind of export that was withheld ("" for none)."""
    if case.kind == "withheld":
        return case.kind, list(withheld(case))
    return case.kind, [("", r) for r in results(case, sources)]


def results(case: Case, sources: tuple[str, ...] = SOURCES) -> Iterator[Result]:
    """The case judged from each source; a tenant that cannot be built gives one result that says why."""
    try:
        tenant = build(case.provider, case.faults, people=case.people, seed=case.seed)
    except (ValueError, KeyError, StopIteration, IndexError) as problem:
        yield Result(case, "none", impossible=f"{type(problem).__name__}: {problem}"[:200])
        return
    for source in sources:
        with tempfile.TemporaryDirectory() as folder:
            yield result(case, source, tenant, _judged(tenant, source, Path(folder)))


def withheld(case: Case) -> Iterator[tuple[str, Result]]:
    """The case judged from its exports, each kind of file left out in turn."""
    tenant = build(case.provider, case.faults, people=case.people, seed=case.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tenant.export(folder / "exports")
        file = write_incident(tenant, folder, exports=folder / "exports", name=NAME)
        files = sorted((folder / "exports").iterdir())
        for kind in dict.fromkeys(kind_of(f.name) for f in files):
            (folder / "away").mkdir(exist_ok=True)
            away = [f.rename(folder / "away" / f.name) for f in files if kind_of(f.name) == kind]
            yield kind, result(case, f"without {kind}", tenant, _judge(file))
            for f in away:
                f.rename(folder / "exports" / f.name)


def kind_of(name: str) -> str:
    """What a file holds, by the names the practice tenant gives: both Catalog lists are one kind, as both logs are."""
    stem = name.split(".")[0]
    stem = re.sub(r"^group-(?!push).*-members$", "members", stem)
    return re.sub(r"^(mapping|catalog|system-log|users).*", r"\1", stem)


def _judged(tenant: Tenant, source: str, folder: Path) -> Judgement:
    if source == "live":
        with tenant.serve() as port:
            return _judge(write_incident(tenant, folder, port=port, name=NAME))
    tenant.export(folder / "exports")
    return _judge(write_incident(tenant, folder, exports=folder / "exports", name=NAME))


def _judge(file: Path) -> Judgement:
    return judge(collect(load_incident(file), progress=lambda *_: None))
