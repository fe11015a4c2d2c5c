"""Run All on each notebook in a fresh JupyterLab, in a real browser, with no set-up beyond the README."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.browser import chromium, jupyterlab
from tests.conftest import ROOT
from tests.tenants import NINE

pytestmark = pytest.mark.slow

RUN_ALL = """async () => {
    const session = window.jupyterapp.shell.currentWidget.sessionContext;
    await session.ready; await session.session.kernel.info;
    await window.jupyterapp.commands.execute('notebook:run-all-cells');
}"""


def test_run_all_shows_findings_and_no_traceback(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for part in ("notebooks", "parameters"):
        shutil.copytree(ROOT / part, project / part)
    artefacts = Path(os.environ.get("SCIMRUNBOOK_ARTEFACTS", tmp_path / "artefacts"))
    artefacts.mkdir(parents=True, exist_ok=True)
    private = tmp_path / "private"
    private.mkdir()
    with jupyterlab(project, private) as (address, token), chromium() as browser:
        for name in NINE:
            page = browser.new_page(viewport={"width": 1280, "height": 1400})
            page.goto(f"{address}/lab/tree/notebooks/{name}.ipynb?reset&token={token}")
            page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=60_000)
            page.evaluate(RUN_ALL)
            page.locator(".jp-OutputArea-output .srb").first.wait_for(timeout=60_000, state="attached")
            page.wait_for_function(
                "() => ![...document.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('[*]'))",
                timeout=60_000,
            )
            text = page.locator(".jp-NotebookPanel").inner_text()
            assert page.locator(".jp-OutputArea-output[data-mime-type*='stderr']").count() == 0, text[-2000:]
            assert "Traceback" not in text
            assert page.locator(".srb-card, .srb-banner").count() > 0
            page.screenshot(path=artefacts / f"lab-{name}.png")
            page.close()
