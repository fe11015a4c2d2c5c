"""One incident, headless: collect once, judge, execute the nine notebooks, leave a run folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from scimrunbook import snapshot as snapshots
from scimrunbook.answers import merged
from scimrunbook.checks.runner import run_checks
from scimrunbook.diagnosis import Diagnosis, diagnose
from scimrunbook.findings import Finding
from scimrunbook.incident import Incident
from scimrunbook.incident_file import LoadedIncident, load_incident
from scimrunbook.notebooks import execute_all, names, warm_up
from scimrunbook.reuse import fingerprint, reads_live, reusable
from scimrunbook.runfolder import RunFolder, head_of, outputs_of
from scimrunbook.snapshot import Snapshot
from scimrunbook.sources.collect import collect
from scimrunbook.sources.parts import Progress
from scimrunbook.sources.turns import organisation, turn
from scimrunbook.trace import trace

EXIT_CODES = {"healthy": 0, "problem": 1, "inconclusive": 3}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the pure part says of a snapshot."""

    findings: list[Finding]
    hops: pd.DataFrame
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished run: its folder, the judgement, notebooks that failed (name → reason)."""

    folder: Path
    judgement: Judgement
    failed_notebooks: dict[str, str]
    verdict: Literal["problem", "inconclusive", "healthy"]

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.verdict]


def judge(snapshot: Snapshot) -> Judgement:
    """Checks, trace and diagnosis of a snapshot. Pure."""
    findings = run_checks(snapshot)
    hops = trace(snapshot, findings)
    return Judgement(findings, hops, diagnose(snapshot, findings, hops))


def run_incident(
    path: str | Path,
    *,
    progress: Progress,
    notebooks: bool = True,
    outputs: Path | None = None,
    probe: str = "light",
    interactive: bool = False,
    labels: dict[str, str] | None = None,
    reuse: bool = False,
) -> RunResult:
    """Runs one incident file. ``labels`` are recorded in ``run.json``: the sweep it belongs to, for example.
    ``reuse``: judge an earlier run's snapshot, where what it was collected from is unchanged (``reuse``).

    Raises IncidentError or ExportsError (nothing is left behind), KeyboardInterrupt (the ``.partial`` folder says what
    it holds). A notebook that fails is recorded and the others still run.
    """
    loaded = load_incident(path)
    root = outputs or outputs_of(loaded.path)
    folder = RunFolder(root / loaded.incident.incident)
    collected = False
    try:
        folder.record(
            state="collecting",
            practice=bool(loaded.incident.connect_to),
            inputs={loaded.path.name: loaded.sha256},
            incident_file=str(loaded.path.resolve()),
            catalog_host=loaded.incident.catalog_host,
            identity_provider=loaded.incident.identity_provider,
            tenant=tenant_of(loaded.incident),
            **(labels or {}),
        )
        snapshot = _snapshot(loaded, folder, root, progress, probe, interactive, reuse)
        snapshot.answers = merged(loaded.incident, folder.path.parent)
        if notebooks:
            warm_up()  # tokens were taken out of the environment by now; its imports overlap with judging
        snapshots.save(snapshot, folder.path / "snapshot")
        collected = True
        folder.record(state="judging", inputs=inputs(loaded, snapshot), as_of_is=snapshot.facts.as_of_is)
        return _judged(folder, snapshot, loaded, root, progress, notebooks)
    except KeyboardInterrupt:
        folder.stopped("interrupted")
        raise
    except BaseException:
        if collected:
            folder.stopped("failed")
        else:
            folder.discard()
        raise


def tenant_of(incident: Incident) -> str | None:
    """The provider's tenant as the incident names it: the Okta org, the Entra tenant id."""
    if incident.okta is not None:
        return incident.okta.org_url or None
    return incident.entra.tenant_id if incident.entra is not None else None


def judge_again(path: str | Path, run: Path, *, progress: Progress) -> RunResult:
    """Judges what the run in ``run`` collected once more, with the answers given since, as a new run.

    Nothing is read from outside; the new run says whose data it is. Raises IncidentError, SnapshotError.
    """
    loaded = load_incident(path)
    snapshot = snapshots.load(run / "snapshot")
    snapshot.answers = merged(loaded.incident, run.parent)
    before = head_of(run)
    folder = RunFolder(run.parent)
    try:
        kept = ("practice", "catalog_host", "identity_provider", "tenant", "as_of_is", "inputs")
        folder.record(
            state="judging",
            snapshot_of=before.get("snapshot_of", before["run"]),
            collected_at=before.get("collected_at", before["started_at"]),
            **{k: before[k] for k in kept if k in before},
        )
        snapshots.save(snapshot, folder.path / "snapshot")
        return _judged(folder, snapshot, loaded, run.parent.parent, progress, notebooks=False)
    except BaseException:
        folder.discard()
        raise


def _judged(
    folder: RunFolder, snapshot: Snapshot, loaded: LoadedIncident, root: Path, progress: Progress, notebooks: bool
) -> RunResult:
    """From the saved snapshot to the complete run."""
    progress("judging", 0, 1)
    judgement = judge(snapshot)
    diagnosis = _write_judgement(folder, judgement)
    progress("judging", 1, 1)
    failed = _notebooks(folder, loaded.path, root, progress) if notebooks else {}
    if failed and diagnosis["verdict"] == "healthy":
        diagnosis["verdict"] = "inconclusive"  # a section that errored cannot vouch for health
        folder.json("diagnosis.json", diagnosis)
    _faces(folder, diagnosis["verdict"])
    return RunResult(folder.finish(), judgement, failed, diagnosis["verdict"])


def _snapshot(
    loaded: LoadedIncident,
    folder: RunFolder,
    root: Path,
    progress: Progress,
    probe: str,
    interactive: bool,
    reuse: bool,
) -> Snapshot:
    """Collected now, or an earlier one where that was asked for and nothing has changed."""
    made_of = fingerprint(loaded, probe)
    folder.record(collected_from=made_of)
    earlier = reusable(root / loaded.incident.incident, made_of) if reuse else None
    if earlier is None:
        with turn(root, organisation(loaded.incident), progress):
            return collect(loaded, progress=progress, probe=probe, interactive=interactive)
    before, snapshot = earlier
    folder.record(
        reused=before["run"],
        reused_live=reads_live(loaded.incident),
        snapshot_of=before.get("snapshot_of", before["run"]),
        collected_at=before.get("collected_at", before["started_at"]),
    )
    progress(f"the snapshot of {before['run']} (as of {snapshot.facts.as_of}) is reused", 1, 1)
    return snapshot


def inputs(loaded: LoadedIncident, snapshot: Snapshot) -> dict[str, str]:
    """sha256 by file name of everything that was read: the incident file and the exports."""
    coverage = snapshot["coverage"].dropna(subset=["sha256"])
    return {loaded.path.name: loaded.sha256, **dict(zip(coverage["name"], coverage["sha256"], strict=True))}


def _write_judgement(folder: RunFolder, judgement: Judgement) -> dict[str, Any]:
    diagnosis: dict[str, Any] = {"run": folder.name, **judgement.diagnosis.to_json()}
    head = {k: diagnosis[k] for k in ("schema_version", "incident", "run", "as_of")}
    folder.json("findings.json", {**head, "findings": [f.to_json() for f in judgement.findings]})
    folder.json("diagnosis.json", diagnosis)
    judgement.hops.to_parquet(folder.path / "trace.parquet", index=False)
    return diagnosis


def _notebooks(folder: RunFolder, incident: Path, outputs: Path, progress: Progress) -> dict[str, str]:
    """All nine; what fails is recorded and told by name, the others still run."""
    failed: dict[str, str] = {}
    sections: dict[str, Any] = {}
    total = len(names())
    folder.record(state="executing notebooks")
    progress("notebooks", 0, total)
    for name, problem, took in execute_all(incident, folder.name, outputs, folder.path / "notebooks"):
        sections[name] = {"status": "error" if problem else "completed", "seconds": round(took, 1)}
        if problem:
            failed[name] = sections[name]["problem"] = problem
        folder.record(sections=sections)
        progress(f"notebook {name}", len(sections), total)
    return failed


def _faces(folder: RunFolder, verdict: str) -> None:
    from scimrunbook.runfolder import write
    from scimrunbook.show.report import report
    from scimrunbook.show.texts import support_request, ticket_comment
    from scimrunbook.viewing import view_of

    folder.record(verdict=verdict)
    view = view_of(folder.path)
    write(folder.path / "report.html", report(view))
    write(folder.path / "ticket-comment.md", ticket_comment(view))
    write(folder.path / "support-request.md", support_request(view))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
