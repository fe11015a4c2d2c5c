"""What a run has to say of a tenant whose ground truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from scimrunbook.run import RunResult, run_incident
from scimrunbook.simulator.tenant import Tenant
from tests.tenants import incident, quiet


def judge(provider: str, faults: str, source: str, folder: Path) -> tuple[Tenant, RunResult]:
    """Collects and checks a tenant with these faults (``a+b``), without notebooks."""
    with incident(provider, faults, source, folder / "i") as (file, built):
        return built, run_incident(file, progress=quiet, notebooks=False, outputs=folder / "o")


def judged(result: RunResult) -> tuple[dict, list[dict]]:
    diagnosis = json.loads((result.folder / "diagnosis.json").read_text())
    findings = json.loads((result.folder / "findings.json").read_text())["findings"]
    return diagnosis, findings


def broken(findings: list[dict]) -> dict[str, str]:
    return {f["id"]: f["actual"] for f in findings if f["status"] == "fail"}


def assert_truth(source: str, built: Tenant, result: RunResult) -> None:
    """The injected finding leads the first cause, for exactly the people it hurts; a healthy tenant is healthy."""
    diagnosis, findings = judged(result)
    assert not [f["id"] for f in findings if f["status"] == "error"]
    assert len((result.folder / "ticket-comment.md").read_text("utf-8").splitlines()) <= 10
    if not built.truth:
        assert broken(findings) == {}
        assert diagnosis["verdict"] == "healthy", diagnosis["causes"]
        return
    (truth,) = built.truth
    first = diagnosis["causes"][0] if diagnosis["causes"] else {}
    if source not in truth.observable_in:
        if not truth.symptoms:  # nobody noticed anything, and nothing that was read can show it
            assert broken(findings) == {}
            assert diagnosis["verdict"] == "healthy", diagnosis["causes"]
            return
        # what decides was not read: then nothing else is blamed, and it is said what would decide
        assert diagnosis["verdict"] == "inconclusive" or first["cause"] == truth.cause, broken(findings)
        assert first["ask"] or first["cause"] == truth.cause
        return
    assert diagnosis["verdict"] == "problem"
    assert (first["cause"], first["finding"]) == (truth.cause, truth.finding_in(source)), broken(findings)
    assert first["why"] and first["actions"]
    assert {c["cause"] for c in diagnosis["causes"]} == {truth.cause}, "a second cause is named where there is one"


def assert_affected(source: str, built: Tenant, result: RunResult) -> None:
    """Exactly whom the fault hurts; whose way is whole but for it stops at the hop it breaks."""
    (truth,) = built.truth
    if source not in truth.observable_in:
        return
    diagnosis, _ = judged(result)
    said = set(diagnosis["causes"][0]["affected"]["keys"])
    fewer = truth.at_most or source in truth.partly
    assert (said and said <= set(truth.affected)) if fewer else said == set(truth.affected)
    hops = pd.read_parquet(result.folder / "trace.parquet").set_index("person_key")["hop"]
    if truth.hop and not truth.at_most:
        assert {hops[k] for k in said if k in hops.index} == {truth.hop}
