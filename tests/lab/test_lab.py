"""Run All on each notebook in a fresh JupyterLab, in a real browser, with no set-up beyond the README."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT
from tests.lab.page import ALL_LOOKS, LOOKS, Lab, lab
from tests.tenants import NINE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def me(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    for part in ("notebooks", "parameters"):
        shutil.copytree(ROOT / part, folder / "project" / part)
    with lab(folder / "project", folder / "private") as page:
        yield page


@pytest.mark.parametrize("name", NINE)
def test_run_all_shows_findings_and_no_traceback(name: str, me: Lab) -> None:
    me.open(f"notebooks/{name}.ipynb")
    me.run_all()
    me.wait()
    me.clean()
    assert me.page.locator(".srb-card, .srb-banner").count() > 0
    me.judge(f"lab-okta-{name}", ALL_LOOKS if name.startswith("00") else LOOKS)
