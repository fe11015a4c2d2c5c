"""The whole way: a tenant that really syncs, with a fault; from the incident file to the ranked cause."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from scimrunbook.run import RunResult, run_incident
from scimrunbook.show.panels import RESULT_MIME
from tests.tenants import CASES, incident, quiet

NINE = [
    "00_start_here",
    "01_symptoms",
    "02_connection",
    "03_base_url_and_token",
    "04_attribute_mapping",
    "05_assignments",
    "06_sync_and_logs",
    "07_manual_and_scim_accounts",
    "08_contact_support",
]


def judged(result: RunResult) -> tuple[dict, list[dict]]:
    diagnosis = json.loads((result.folder / "diagnosis.json").read_text())
    findings = json.loads((result.folder / "findings.json").read_text())["findings"]
    return diagnosis, findings


def assert_truth(fault: str, built, result: RunResult) -> None:
    diagnosis, findings = judged(result)
    broken = {f["id"]: f["actual"] for f in findings if f["status"] == "fail"}
    assert not [f["id"] for f in findings if f["status"] == "error"]
    if fault == "none":
        assert broken == {}
        assert diagnosis["verdict"] == "healthy", diagnosis["causes"]
        return
    truth = built.truth[0]
    assert diagnosis["verdict"] == "problem"
    first = diagnosis["causes"][0]
    assert (first["cause"], first["finding"]) == (truth.cause, truth.finding), broken
    assert first["why"] and first["actions"]


@pytest.mark.parametrize(("provider", "fault", "source"), CASES)
def test_the_injected_finding_leads_the_first_cause(provider: str, fault: str, source: str, tmp_path: Path) -> None:
    with incident(provider, fault, source, tmp_path / "i") as (file, built):
        result = run_incident(file, progress=quiet, notebooks=False, outputs=tmp_path / "o")
    assert_truth(fault, built, result)


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "fault", "source"), CASES)
def test_all_nine_notebooks_show_what_the_findings_say(provider: str, fault: str, source: str, tmp_path: Path) -> None:
    with incident(provider, fault, source, tmp_path / "i") as (file, built):
        result = run_incident(file, progress=quiet, outputs=tmp_path / "o")
    assert_truth(fault, built, result)
    assert result.failed_notebooks == {}
    shown: dict[str, str] = {}
    for name in NINE:
        nb = nbformat.read(result.folder / "notebooks" / f"{name}.ipynb", as_version=4)
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                assert output.output_type != "error"
                data = output.get("data", {}).get(RESULT_MIME, {})
                shown.update({f["id"]: f["status"] for f in data.get("findings", [])})
                assert RESULT_MIME not in output.get("data", {}) or output["data"]["text/html"]
    _, findings = judged(result)
    assert shown == {f["id"]: f["status"] for f in findings}
    assert {p.name for p in result.folder.iterdir()} == {
        "run.json",
        "snapshot",
        "notebooks",
        "findings.json",
        "diagnosis.json",
        "trace.parquet",
        "report.html",
        "ticket-comment.md",
        "support-request.md",
    }
