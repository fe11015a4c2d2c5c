"""Every fault, provider and source: nine executed notebooks, and they show what the findings say."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from scimrunbook.run import run_incident
from scimrunbook.show.panels import RESULT_MIME
from tests.tenants import CASES, NINE, incident, quiet
from tests.truth import assert_truth, judged


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "fault", "source"), CASES)
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
