"""An Okta incident read live from JupyterLab: the token is typed into a prompt, and afterwards stands nowhere."""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
import pytest

from scimrunbook.lab.copies import copy_to, prepare
from scimrunbook.simulator.okta.engine import ORG_HOST
from tests.lab.page import NARROW, lab, make_incident
from tests.tenants import tenant
from tests.test_demo import encodings

pytestmark = pytest.mark.slow
ONE = (("dark", NARROW),)  # form and notebooks are looked at in every way by their own tests
STATES = """import ipywidgets, json
print(json.dumps(ipywidgets.Widget.get_manager_state(), default=str), repr(In), repr(Out))"""


def test_a_typed_token_stays_nowhere(tmp_path: Path) -> None:
    project, private = tmp_path / "project", tmp_path / "private"
    (project / "parameters").mkdir(parents=True)
    copy_to(project / "outputs" / "start" / "lab", "")
    built = tenant("okta", "create_off")
    with built.serve() as port, lab(project, private) as me:
        page = me.page
        org = f"https://{ORG_HOST}"
        make_incident(me, "NEW-2", "Okta", [], ONE, Okta_org_address=org, Okta_API_token="prompt")
        file = project / "parameters" / "NEW-2.yaml"
        assert "token: prompt" in file.read_text()
        file.write_text(file.read_text() + f"connect_to: 127.0.0.1:{port}\n")
        start = prepare(file) / "00_start_here.ipynb"
        me.open(start.relative_to(project))
        me.run_all()
        box = page.locator("input.jp-Stdin-input")
        box.wait_for()
        assert box.get_attribute("type") == "password"
        box.fill(built.provider_token)
        box.press("Enter")
        page.locator(".srb-banner").first.wait_for(state="attached")
        me.wait()
        assert "rests on connection.actions_are_enabled" in me.clean()
        page.get_by_role("button", name="Check again").click()
        page.get_by_text("Checked again; this is a new run.").wait_for()
        assert "rests on connection.actions_are_enabled" in me.clean()
        me.judge("lab-okta-live", ONE)
        states = me.kernel_says(STATES)
        me.save()
        checkpoint = start.parent / ".ipynb_checkpoints" / "00_start_here-checkpoint.ipynb"
        until = time.monotonic() + 20
        while not checkpoint.is_file() and time.monotonic() < until:
            page.wait_for_timeout(200)
        shown = page.content()
    # what is looked through is what it should be: the run's results, and the widgets' state in both files
    for saved in (start, checkpoint):
        text = saved.read_text("utf-8")
        assert "srb-banner" in text and "rests on connection.actions_are_enabled" in text
        state = nbformat.reads(text, as_version=4).metadata["widgets"]["application/vnd.jupyter.widget-state+json"]
        assert "Find a person or group" in str(state["state"])
    assert "Find a person or group" in states and "Check again" in shown
    places = {str(p): p.read_bytes() for root in (project, private) for p in root.rglob("*") if p.is_file()}
    places |= {"widget state and history": states.encode(), "page": shown.encode()}
    assert {str(start), str(checkpoint), str(file)} <= set(places)
    for form, value in encodings(built.provider_token).items():
        hits = [name for name, data in places.items() if value in data]
        assert hits == [], f"the typed token stands there as {form}"
