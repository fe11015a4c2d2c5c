"""The whole way: a tenant that really syncs, with a fault; from the incident file to the ranked cause."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from scimrunbook.run import run_incident
from scimrunbook.show.panels import RESULT_MIME
from tests.tenants import CASES, QUICK, incident, once_per_family, quiet
from tests.truth import assert_affected, assert_truth, judge, judged

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


@pytest.mark.parametrize(("provider", "fault", "source"), QUICK)
def test_the_injected_finding_leads_the_first_cause(provider: str, fault: str, source: str, tmp_path: Path) -> None:
    built, result = judge(provider, fault, source, tmp_path)
    assert_truth(source, built, result)


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "fault", "source"), CASES)
def test_every_fault_is_found_by_its_own_check_for_whom_it_hurts(
    provider: str, fault: str, source: str, tmp_path: Path
) -> None:
    built, result = judge(provider, fault, source, tmp_path)
    assert_truth(source, built, result)
    if built.truth:
        assert_affected(source, built, result)


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "fault", "source"), once_per_family())
def test_all_nine_notebooks_show_what_the_findings_say(provider: str, fault: str, source: str, tmp_path: Path) -> None:
    with incident(provider, fault, source, tmp_path / "i") as (file, built):
        result = run_incident(file, progress=quiet, outputs=tmp_path / "o")
    assert_truth(source, built, result)
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
