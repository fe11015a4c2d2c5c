"""Run All on each notebook in a fresh JupyterLab, in a real browser, with no set-up beyond the README."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.browser import chromium, jupyterlab
from tests.conftest import ROOT
from tests.lab.page import ALL_LOOKS, LOOKS, Lab
from tests.tenants import NINE

pytestmark = pytest.mark.slow


def test_run_all_shows_findings_and_no_traceback(tmp_path: Path) -> None:
    project = tmp_path / "project"
    for part in ("notebooks", "parameters"):
        shutil.copytree(ROOT / part, project / part)
    private = tmp_path / "private"
    private.mkdir()
    with jupyterlab(project, private) as (address, token), chromium() as browser:
        me = Lab(browser.new_page(), address, token)
        for name in NINE:
            me.open(f"notebooks/{name}.ipynb")
            me.run_all()
            me.wait()
            me.clean()
            assert me.page.locator(".srb-card, .srb-banner").count() > 0
            me.judge(f"lab-okta-{name}", ALL_LOOKS if name.startswith("00") else LOOKS)
