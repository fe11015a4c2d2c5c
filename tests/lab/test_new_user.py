"""A new user in a real browser: makes an incident in the form, runs the notebooks, searches, answers, types a token."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scimrunbook import notebooks
from scimrunbook.answers import FILE
from scimrunbook.cli import app
from scimrunbook.lab.copies import copy_to, prepare
from scimrunbook.simulator.okta.engine import ORG_HOST
from tests.browser import chromium, jupyterlab
from tests.conftest import ROOT
from tests.tenants import tenant
from tests.test_demo import encodings

pytestmark = pytest.mark.slow

READY = """async () => {
    const session = window.jupyterapp.shell.currentWidget.sessionContext;
    await session.ready; await session.session.kernel.info;
}"""
IDLE = "() => ![...document.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('[*]'))"


class Lab:
    """One JupyterLab page, as a person uses it."""

    def __init__(self, page: Any, address: str, token: str, artefacts: Path) -> None:
        self.page, self.address, self.token, self.artefacts = page, address, token, artefacts

    def open(self, path: Path | str) -> None:
        self.page.goto(f"{self.address}/lab/tree/{path}?reset&token={self.token}")
        self.page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=60_000)
        self.page.evaluate(READY)

    def run_all(self) -> None:
        # not awaited: it ends when the last cell does, and a cell may ask a question first
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def wait(self) -> None:
        self.page.wait_for_timeout(300)
        self.page.wait_for_function(IDLE, timeout=90_000)

    def text(self) -> str:
        return str(self.page.locator(".jp-NotebookPanel:visible").inner_text())

    def shot(self, name: str) -> None:
        self.page.screenshot(path=self.artefacts / f"{name}.png")

    def clean(self) -> str:
        text = self.text()
        assert "Traceback" not in text and "model not found" not in text and "Error displaying widget" not in text
        assert self.page.locator(".jp-OutputArea-output[data-mime-type*='stderr']").count() == 0, text[-2000:]
        return text


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("SCIMRUNBOOK_ARTEFACTS", tmp_path_factory.mktemp("artefacts")))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def lab(tmp_path: Path, artefacts: Path) -> Iterator[tuple[Lab, Path, Path]]:
    project, private = tmp_path / "project", tmp_path / "private"
    (project / "parameters").mkdir(parents=True)
    private.mkdir()
    copy_to(project / "outputs" / "start" / "lab", "")
    with jupyterlab(project, private) as (address, token), chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1600})
        yield Lab(page, address, token, artefacts), project, private


def make_incident(lab: Lab, ticket: str, provider: str, files: list[Path], **choices: str) -> None:
    """From the start page with no incident at all, through the form, to the new incident's own notebooks."""
    lab.open("outputs/start/lab/00_start_here.ipynb")
    page = lab.page
    lab.run_all()
    page.get_by_role("button", name="Make a new incident").click()
    page.get_by_label("Ticket").fill(ticket)
    page.get_by_label("Who provisions Catalog?").select_option(provider)
    page.get_by_label("Where is Catalog opened?").select_option(index=1)
    page.get_by_label("People are missing").check()
    for label, value in choices.items():
        field = page.get_by_label(label.replace("_", " "))
        if value in ("ask me when it is needed",):
            field.select_option(value)
        else:
            field.fill(value)
    if files:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Add exported files").click()
        chooser.value.set_files(files)
        page.get_by_text(f"Add exported files ({len(files)})").wait_for(timeout=30_000)
    page.get_by_role("button", name="Write the incident file").click()
    link = page.get_by_role("link", name=f"Open the notebooks of {ticket}")
    link.wait_for(timeout=60_000)
    lab.shot(f"form-{ticket}")


def test_entra_from_uploaded_exports(lab: tuple[Lab, Path, Path]) -> None:
    me, project, _ = lab
    page = me.page
    exports = sorted((ROOT / "parameters" / "demo-entra-exports").iterdir())
    make_incident(me, "NEW-1", "Microsoft Entra ID", exports)
    assert {p.name for p in (project / "parameters" / "NEW-1-exports").iterdir()} == {p.name for p in exports}
    page.get_by_role("link", name="Open the notebooks of NEW-1").click()
    where = "() => window.jupyterapp.shell.currentWidget?.context?.path === 'outputs/NEW-1/lab/00_start_here.ipynb'"
    page.wait_for_function(where, timeout=30_000)
    folder = Path("outputs/NEW-1/lab")
    me.open(folder / "00_start_here.ipynb")
    me.run_all()
    page.locator(".srb-banner").first.wait_for(timeout=90_000, state="attached")
    me.wait()
    assert "rests on token.did_not_change" in me.clean()

    person = "tilda.janssen"
    page.get_by_label("Find a person or group").fill(person)
    page.get_by_role("button", name="Show the way").click()
    page.locator(".srb h3", has_text="Tilda Janssen stops at attempt").wait_for(timeout=30_000)
    me.shot("entra-search")

    form = page.locator(".widget-vbox", has=page.get_by_role("button", name="Record the answer")).last
    form.get_by_label("Answer").select_option("no")
    form.get_by_label("Note").fill("set-up was never finished")
    form.get_by_role("button", name="Record the answer").click()
    page.get_by_text("Recorded, and judged with it.").wait_for(timeout=60_000)
    assert "set-up was never finished" in me.clean()
    said = json.loads((project / "outputs" / "NEW-1" / FILE).read_text())
    assert (said["check"], said["answer"]) == ("start.setup_completed", "no")

    for name in notebooks.names()[1:]:
        me.open(folder / f"{name}.ipynb")
        me.run_all()
        page.locator(".jp-OutputArea-output .srb").first.wait_for(timeout=90_000, state="attached")
        me.wait()
        me.clean()
        assert page.locator(".srb-card").count() > 0
        me.shot(f"entra-{name}")

    me.open(folder / "02_connection.ipynb")
    me.run_all()
    page.get_by_role("button", name="Check again").wait_for(timeout=90_000)
    me.wait()
    page.get_by_role("button", name="Not healthy").click()
    page.locator(".srb summary", has_text="other finding").wait_for(timeout=30_000)
    before = len(list((project / "outputs" / "NEW-1").glob("2*Z*")))
    page.get_by_role("button", name="Check again").click()
    page.get_by_text("Checked again; this is a new run.").wait_for(timeout=60_000)
    assert len(list((project / "outputs" / "NEW-1").glob("2*Z*"))) == before + 1
    assert page.get_by_role("button", name="Check again").is_enabled()

    (project / "parameters" / "NEW-1.yaml").rename(project / "parameters" / "gone.yaml")
    page.get_by_role("button", name="Check again").click()
    page.locator(".srb-error h3", has_text="This did not work").wait_for(timeout=30_000)
    assert page.locator(".srb-card.srb-fail").count() > 0, "the findings stay where they are"
    (project / "parameters" / "gone.yaml").rename(project / "parameters" / "NEW-1.yaml")

    shared = CliRunner().invoke(app, ["share", "NEW-1", "--unsigned", "--outputs", str(project / "outputs")])
    assert shared.exit_code == 0, shared.output
    bundle = next((project / "outputs" / "NEW-1" / "shared").glob("*.zip"))
    with zipfile.ZipFile(bundle) as packed:
        text = b"".join(packed.read(n) for n in packed.namelist())
    assert b"tilda.janssen" not in text.lower()


def test_a_mistake_in_the_form_is_a_card_and_writes_nothing(lab: tuple[Lab, Path, Path]) -> None:
    me, project, _ = lab
    me.open("outputs/start/lab/00_start_here.ipynb")
    me.run_all()
    me.page.get_by_text("Stopped: the card above says why").wait_for(timeout=60_000)
    me.page.get_by_role("button", name="Make a new incident").click()
    me.page.get_by_label("Ticket").fill("no good/../ticket")
    me.page.get_by_role("button", name="Write the incident file").click()
    me.page.locator(".srb h3", has_text="This did not work").first.wait_for(timeout=30_000)
    assert list((project / "parameters").iterdir()) == []
    assert "Traceback" not in me.text()


def test_okta_live_with_a_typed_token_which_stays_nowhere(lab: tuple[Lab, Path, Path]) -> None:
    me, project, private = lab
    page = me.page
    built = tenant("okta", "create_off")
    url = {"Okta_org_address": f"https://{ORG_HOST}"}
    with built.serve() as port:
        make_incident(me, "NEW-2", "Okta", [], **url, Okta_API_token="ask me when it is needed")
        file = project / "parameters" / "NEW-2.yaml"
        assert "token: prompt" in file.read_text()
        file.write_text(file.read_text() + f"connect_to: 127.0.0.1:{port}\n")
        folder = prepare(file)
        me.open(folder.relative_to(project) / "00_start_here.ipynb")
        me.run_all()
        box = page.locator("input.jp-Stdin-input")
        box.wait_for(timeout=60_000)
        assert box.get_attribute("type") == "password"
        box.fill(built.provider_token)
        box.press("Enter")
        page.locator(".srb-banner").first.wait_for(timeout=120_000, state="attached")
        me.wait()
        assert "rests on connection.actions_are_enabled" in me.clean()
        page.get_by_role("button", name="Check again").click()
        page.get_by_text("Checked again; this is a new run.").wait_for(timeout=90_000)
        assert "rests on connection.actions_are_enabled" in me.text()
        me.shot("okta-live")
        states = page.evaluate(
            """async () => {
            const session = window.jupyterapp.shell.currentWidget.sessionContext.session;
            const code = 'import ipywidgets, json; print("STATES" + json.dumps('
                + 'ipywidgets.Widget.get_manager_state(), default=str) + repr(In) + repr(Out))';
            const future = session.kernel.requestExecute({code});
            let text = '';
            future.onIOPub = m => { if (m.content.text) text += m.content.text; };
            await future.done;
            return text;
        }"""
        )
        assert "STATES" in states and "Find a person" in states
        page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        page.wait_for_timeout(1500)
        shown = page.content()
    places = {str(p): p.read_bytes() for root in (project, private) for p in root.rglob("*") if p.is_file()}
    places |= {"widget state and history": states.encode(), "page": shown.encode()}
    saved = [n for n in places if n.endswith("00_start_here.ipynb") and "NEW-2" in n]
    assert any(".ipynb_checkpoints" in n for n in saved) or len(saved) >= 1
    assert b"srb-banner" in places[next(n for n in saved if ".ipynb_checkpoints" not in n)]
    for form, value in encodings(built.provider_token).items():
        hits = [name for name, data in places.items() if value in data]
        assert hits == [], f"the typed token stands there as {form}"
