"""A new user in a real browser: an Entra incident made in the form, exports uploaded, notebooks run, answers given."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scimrunbook.answers import FILE
from scimrunbook.lab.copies import copy_to
from tests.conftest import ROOT
from tests.lab.page import ALL_LOOKS, LOOKS, Lab, lab, make_incident
from tests.tenants import NINE
from tests.test_init import exported

pytestmark = pytest.mark.slow
FOLDER = Path("outputs/NEW-1/lab")
EXPORTS = sorted((ROOT / "parameters" / "demo-entra-exports").iterdir())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "project"
    (folder / "parameters").mkdir(parents=True)
    copy_to(folder / "outputs" / "start" / "lab", "")
    return folder


@pytest.fixture(scope="module")
def me(project: Path) -> Iterator[Lab]:
    """Who made the incident NEW-1 in the form, with the demo's exports uploaded."""
    with lab(project, project.parent / "private") as page:
        make_incident(page, "NEW-1", "Microsoft Entra ID", EXPORTS)
        yield page


def run(me: Lab, name: str) -> str:
    me.open(FOLDER / f"{name}.ipynb")
    me.run_all()
    me.wait()
    return me.clean()


def runs(project: Path) -> int:
    return len(list((project / "outputs" / "NEW-1").glob("2*Z")))


def test_the_form_leads_to_the_incidents_own_notebooks(me: Lab, project: Path) -> None:
    assert {p.name for p in (project / "parameters" / "NEW-1-exports").iterdir()} == {p.name for p in EXPORTS}
    me.page.get_by_role("link", name="Open the notebooks of NEW-1").click()
    where = "() => window.jupyterapp.shell.currentWidget?.context?.path === 'outputs/NEW-1/lab/00_start_here.ipynb'"
    me.page.wait_for_function(where)


@pytest.mark.parametrize("name", NINE)
def test_every_notebook_runs_is_read_whole_and_is_accessible(name: str, me: Lab) -> None:
    text = run(me, name)
    assert me.page.locator(".srb-card, .srb-banner").count() > 0
    assert name != "00_start_here" or "rests on token.did_not_change" in text
    me.judge(f"lab-entra-{name}", ALL_LOOKS if name.startswith("00") else LOOKS)


def test_a_person_is_searched_and_a_portal_step_answered(me: Lab, project: Path) -> None:
    run(me, "00_start_here")
    page = me.page
    page.get_by_label("Find a person or group").fill("tilda.janssen")
    page.get_by_role("button", name="Show the way").click()
    page.locator(".srb h3", has_text="Tilda Janssen stops at attempt").wait_for()
    me.judge("lab-entra-search")

    form = page.locator(".widget-vbox", has=page.get_by_role("button", name="Record the answer")).last
    form.get_by_label("Answer").select_option("no")
    form.get_by_label("Note").fill("set-up was never finished")
    form.get_by_role("button", name="Record the answer").click()
    page.get_by_text("Recorded, and judged with it.").wait_for()
    assert "set-up was never finished" in me.clean()
    said = json.loads((project / "outputs" / "NEW-1" / FILE).read_text())
    assert (said["check"], said["answer"]) == ("start.setup_completed", "no")
    assert "set-up was never finished" in run(me, "00_start_here"), "and in the diagnosis of the next who opens it"


def test_check_again_is_a_new_run_and_a_failure_a_card(me: Lab, project: Path) -> None:
    run(me, "02_connection")
    page = me.page
    page.get_by_role("button", name="Not healthy").click()
    page.locator(".srb summary", has_text="other finding").wait_for()
    before = runs(project)
    page.get_by_role("button", name="Check again").click()
    page.get_by_text("Checked again; this is a new run.").wait_for()
    assert runs(project) == before + 1
    assert page.get_by_role("button", name="Check again").is_enabled()

    (project / "parameters" / "NEW-1.yaml").rename(project / "parameters" / "gone.yaml")
    page.get_by_role("button", name="Check again").click()
    page.locator(".srb-error h3", has_text="This did not work").wait_for()
    assert page.locator(".srb-card.srb-fail").count() > 0, "the findings stay where they are"
    (project / "parameters" / "gone.yaml").rename(project / "parameters" / "NEW-1.yaml")


def test_the_bundle_is_built_by_the_button_and_names_nobody(me: Lab, project: Path) -> None:
    run(me, "08_contact_support")
    page = me.page
    page.get_by_label("Sign it").uncheck()
    page.get_by_role("button", name="Build the bundle").click()
    page.get_by_text("Built.", exact=True).wait_for()
    me.judge("lab-entra-shared")
    assert str(project) not in me.clean(), "a saved notebook names no folder of this machine"
    (bundle,) = (project / "outputs" / "NEW-1" / "shared").glob("*.zip")
    with zipfile.ZipFile(bundle) as packed:
        texts = {n: packed.read(n).lower() for n in packed.namelist()}
    assert {f"{n}.ipynb" for n in NINE} <= {n.rsplit("/", 1)[-1] for n in texts}
    assert [n for n, text in texts.items() if b"tilda" in text or b"janssen" in text] == []
    assert any(b"user-" in text for text in texts.values()), "people stand there by pseudonym"


def test_several_applications_in_the_files_are_chosen_from_in_the_form(me: Lab, project: Path) -> None:
    ((_, ids),) = exported("okta", project.parent / "downloads").items()
    me.open("outputs/start/lab/00_start_here.ipynb")
    me.run_all()
    page = me.page
    page.get_by_role("button", name="Make a new incident").click()
    page.get_by_label("Ticket").fill("NEW-3")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add exported files").click()
    chooser.value.set_files(sorted((project.parent / "downloads").iterdir()))
    page.get_by_text("Add exported files (1)").wait_for()
    write = page.get_by_role("button", name="Write the incident file")
    write.click()
    page.locator(".srb-error p", has_text="Nothing was written yet: choose").wait_for()
    assert not (project / "parameters" / "NEW-3.yaml").exists()
    me.judge("form-NEW-3-choose")
    offered = page.get_by_label("Which application?")
    assert ids[1] in offered.inner_text()
    offered.select_option(index=2)
    write.click()
    page.get_by_role("link", name="Open the notebooks of NEW-3").wait_for()
    assert f"app_id: {ids[1]}" in (project / "parameters" / "NEW-3.yaml").read_text()


def test_a_mistake_in_the_form_is_a_card_and_writes_nothing(me: Lab, project: Path) -> None:
    before = sorted((project / "parameters").rglob("*"))
    me.open("outputs/start/lab/00_start_here.ipynb")
    me.run_all()
    me.page.get_by_text("Stopped: the card above says why").wait_for()
    me.page.get_by_role("button", name="Make a new incident").click()
    me.page.get_by_label("Ticket").fill("no good/../ticket")
    me.page.get_by_role("button", name="Write the incident file").click()
    me.page.locator(".srb h3", has_text="This did not work").first.wait_for()
    assert sorted((project / "parameters").rglob("*")) == before
    assert "Traceback" not in me.page.locator(".jp-NotebookPanel:visible").inner_text()
