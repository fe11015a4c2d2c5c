"""The form is the model's: it asks what ``init`` asks, writes what ``init`` writes, and has no field for a token."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as widgets
import nbformat
import pytest

from scimrunbook import guide, notebooks
from scimrunbook.incident_file import IncidentError, load_incident
from scimrunbook.init import QUESTIONS, render
from scimrunbook.lab.copies import copy_to, prepare
from scimrunbook.lab.form import NewIncident, Reference, Symptoms
from scimrunbook.problems import UserProblem
from tests.conftest import ROOT
from tests.test_init import exported


@pytest.fixture
def form(tmp_path: Path) -> NewIncident:
    made = NewIncident(tmp_path / "parameters")
    made.fields["incident"].value = "CAT-7"
    return made


def test_every_question_has_a_field_and_the_symptoms_are_sentences(form: NewIncident) -> None:
    assert set(form.fields) == {q.key for q in QUESTIONS}
    symptoms = form.fields["symptoms"]
    assert isinstance(symptoms, Symptoms) and set(symptoms.ticks) == set(guide.SYMPTOMS)
    assert all(guide.SYMPTOMS[n].sentence in t.description for n, t in symptoms.ticks.items())
    labels = [f.description for f in form.fields.values() if hasattr(f, "description")]
    assert all(labels) and len(set(labels)) == len(labels)


def test_no_field_takes_a_token(form: NewIncident) -> None:
    for key in ("okta.token", "entra.credential", "catalog.token"):
        assert isinstance(form.fields[key], Reference)
        assert set(dict(form.fields[key].kind.options).values()) == {"", "prompt", "env:", "keyring:", "file:"}
    assert not [w for w in form.fields.values() if isinstance(w, widgets.Password)]
    form.fields["catalog.token"].kind.value = "env:"
    form.fields["catalog.token"].name.value = "a token, pasted by mistake"
    with pytest.raises(IncidentError):
        form.create()
    assert not form.parameters.exists()


def test_it_writes_what_init_writes(form: NewIncident) -> None:
    form.fields["identity_provider"].value = "entra"
    form.fields["symptoms"].ticks["missing_people"].value = True
    form.fields["people"].value = "ada@example.com bob@example.com"
    form.fields["okta.org_url"].value = "https://acme.okta.com"  # hidden by now: belongs to the other provider
    path = form.create()
    given = {"incident": "CAT-7", "identity_provider": "entra", "catalog_host": "app.castordoc.com",
             "symptoms": ["missing_people"], "people": "ada@example.com bob@example.com"}  # fmt: skip
    assert path.read_text() == render(given)
    assert load_incident(path).incident.people == ["ada@example.com", "bob@example.com"]
    with pytest.raises(UserProblem, match="exists already"):
        form.create()


def test_uploads_land_beside_the_file_whatever_their_names_say(form: NewIncident) -> None:
    files = [{"name": n, "type": "", "size": 2, "content": memoryview(b"{}"), "last_modified": None}
             for n in ("../../users.json", "C:\\temp\\log.csv")]  # fmt: skip
    form.upload.set_trait("value", ())
    form.upload = type("Upload", (), {"value": tuple(files)})()
    path = form.create()
    folder = form.parameters / "CAT-7-exports"
    assert sorted(p.name for p in folder.iterdir()) == ["log.csv", "users.json"]
    assert load_incident(path).incident.exports == "CAT-7-exports"
    assert form.upload.value == (), "the bytes are in the folder, and no longer in the widget"


def uploaded(*files: tuple[str, bytes]) -> object:
    return type("Upload", (), {"value": tuple({"name": n, "content": memoryview(c)} for n, c in files)})()


def test_a_file_that_is_there_already_stops_all_of_them_before_one_is_written(form: NewIncident) -> None:
    folder = form.parameters / "CAT-7-exports"
    folder.mkdir(parents=True)
    (folder / "b.json").write_text("older")
    form.upload = uploaded(("a.json", b"{}"), ("b.json", b"{}"))
    for _ in range(2):  # the second press meets the same card, not files of the first
        with pytest.raises(UserProblem, match=r"^b\.json: in the folder CAT-7-exports already"):
            form.create()
    assert [p.name for p in folder.iterdir()] == ["b.json"] and not (form.parameters / "CAT-7.yaml").exists()
    form.upload = uploaded(("a/log.json", b"1"), ("b/log.json", b"2"))
    with pytest.raises(UserProblem, match=r"both be named log\.json"):
        form.create()


def test_several_applications_in_uploads_are_offered_and_nothing_is_written_before_one_is_chosen(
    form: NewIncident, tmp_path: Path
) -> None:
    ((key, ids),) = exported("okta", tmp_path / "downloads").items()
    form.upload = uploaded(*((p.name, p.read_bytes()) for p in (tmp_path / "downloads").iterdir()))
    with pytest.raises(UserProblem, match="several applications"):
        form.create()
    assert not form.parameters.exists() and form.chosen[key] in form.choices.children
    assert [value for _, value in form.chosen[key].options] == ["", *ids]
    form.chosen[key].value = ids[1]
    path = form.create()
    made = load_incident(path).incident
    assert made.okta and made.okta.app_id == ids[1] and (form.parameters / "CAT-7-exports" / "apps.json").is_file()


def test_uploads_go_nowhere_else(form: NewIncident) -> None:
    form.upload = type("Upload", (), {"value": ({"name": "a.json", "content": memoryview(b"{}")},)})()
    form.fields["exports"].value = "../elsewhere"
    with pytest.raises(UserProblem, match="beside the incident file"):
        form.create()
    assert not (form.parameters.parent / "elsewhere").exists()


def test_working_copies_are_the_incidents_own_and_are_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "parameters").mkdir()
    file = tmp_path / "parameters" / "demo-okta.yaml"
    file.write_text((ROOT / "parameters" / "demo-okta.yaml").read_text())
    folder = prepare(file)
    assert folder == tmp_path / "outputs" / "demo-okta" / "lab"
    assert sorted(p.stem for p in folder.iterdir()) == notebooks.names()
    first = folder / "00_start_here.ipynb"
    nb = nbformat.read(first, as_version=4)
    nbformat.validate(nb)
    assert 'incident = "../../../parameters/demo-okta.yaml"' in nb.cells[1].source
    first.write_text("{}")
    copy_to(folder, "other.yaml")
    assert first.read_text() == "{}", "what somebody edited stays"
