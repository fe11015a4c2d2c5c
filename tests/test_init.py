"""A new incident file is one the loader accepts, explains every key, and says back what was answered."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import typer
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from scimrunbook import schema
from scimrunbook.asking import write_incident_file
from scimrunbook.incident import Host, Incident, Provider, Symptom
from scimrunbook.incident_file import IncidentError, load_incident, read_incident
from scimrunbook.init import QUESTIONS, questions, render
from scimrunbook.sources.exports.candidates import choices
from tests.conftest import ROOT

LEAST = {"incident": "CAT-1042", "identity_provider": "okta", "catalog_host": "app.us.castordoc.com"}
FULL = {
    "okta": {
        **LEAST,
        "symptoms": ["missing_people", "empty_names"],
        "people": ["ada@example.com", "grace+catalog@example.com"],
        "summary": "New hires: none of them appears",
        "window": "2026-11-20T00:00:00Z/2026-11-22T00:00:00+01:00",
        "catalog.configured_base_url": "https://api.us.castordoc.com/auth/scim/?aadOptscim062020",
        "catalog.token": "file:secrets/catalog token",
        "exports": "exports of Monday, unfiltered",
        "okta.org_url": "https://acme.okta.com",
        "okta.app_id": "00123",
        "okta.token": "env:OKTA_TOKEN",
    },
    "entra": {
        **LEAST,
        "identity_provider": "entra",
        "entra.tenant_id": "contoso.example",
        "entra.service_principal_id": "22222222-3333-4444-5555-666666666666",
        "entra.job_id": "scim.44444444444455556666777777777777.88888888-9999-aaaa-bbbb-cccccccccccc",
        "entra.client_id": "1e5",
        "entra.credential": "keyring:scimrunbook/graph",
    },
}


def loaded(text: str) -> Incident:
    return read_incident(text.encode(), Path("x.yaml")).incident


def at(incident: Incident, key: str) -> Any:
    value: Any = incident
    for part in key.split("."):
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("provider", FULL)
def test_what_was_answered_is_what_is_read(provider: str) -> None:
    incident = loaded(render(FULL[provider]))
    for key, answer in FULL[provider].items():
        value = at(incident, key)
        if key == "window":
            value = f"{value.start.isoformat()}/{value.end.isoformat()}".replace("+00:00", "Z")
        assert value == answer


@pytest.mark.parametrize("provider", FULL)
@pytest.mark.parametrize("answers", ["few", "many"])
def test_every_key_is_explained_and_its_example_is_valid(provider: str, answers: str) -> None:
    given_ = FULL[provider] if answers == "many" else {**LEAST, "identity_provider": provider}
    text = render(given_)
    switched_on = re.sub(r"(?m)^(\s*)#(?=[a-z_]+:)", r"\1", text)
    incident = loaded(switched_on)
    other = {"okta": "entra", "entra": "okta"}[provider]
    assert incident.model_fields_set == set(Incident.model_fields) - {other}
    for name in (provider, "catalog", "window"):
        block = getattr(incident, name)
        assert isinstance(block, BaseModel) and block.model_fields_set == set(type(block).model_fields)
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"\s*#?[a-z_]+:", line):
            assert re.match(r"\s*# ", lines[number - 1]), f"{line} is not explained"


def test_an_editor_is_told_which_schema() -> None:
    assert render(LEAST).startswith("# yaml-language-server: $schema=incident.schema.json\n")
    assert render(LEAST, schema="../x.json").startswith("# yaml-language-server: $schema=../x.json\n")


def test_a_region_stands_for_its_host() -> None:
    for region, host in (("eu", "app.castordoc.com"), ("US", "app.us.castordoc.com")):
        answers = {k: v for k, v in LEAST.items() if k != "catalog_host"} | {"region": region}
        assert loaded(render(answers)).catalog_host == host


def test_several_answers_may_be_typed_in_one_line() -> None:
    assert loaded(render({**LEAST, "people": " a@example.com, b@example.com c@example.com "})).people == [
        "a@example.com",
        "b@example.com",
        "c@example.com",
    ]


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_said_back_or_refused(summary: str, folder: str) -> None:
    try:
        incident = loaded(render({**LEAST, "summary": summary, "exports": folder}))
    except IncidentError as refused:
        assert "token" in str(refused) or "control" in str(refused)
    else:
        assert incident.summary == summary and (incident.exports or "") == folder


def test_bad_answers_are_told_by_key_without_lines_of_a_file_that_is_not_there() -> None:
    token = "0" * 2 + "x1" * 20
    with pytest.raises(IncidentError) as caught:
        render({"incident": "a b", "identity_provider": "google", "okta.token": token})
    assert [p.key for p in caught.value.problems] == ["catalog_host", "incident", "identity_provider"]
    assert all(p.line is None for p in caught.value.problems)
    with pytest.raises(IncidentError) as caught:
        render({**LEAST, "okta.org_url": "https://acme.okta.com", "okta.token": token})
    assert "looks like a token" in str(caught.value) and token not in str(caught.value)
    with pytest.raises(IncidentError) as caught:
        render({})
    assert {p.key for p in caught.value.problems} == set(LEAST)
    with pytest.raises(ValueError, match="no question"):
        render({**LEAST, "okta.password": "x"})


def test_the_questions_are_those_of_the_model() -> None:
    assert len({q.key for q in QUESTIONS}) == len(QUESTIONS)
    for question in QUESTIONS:
        assert question.help, question.key
    by_key = {q.key: q for q in QUESTIONS}
    assert by_key["identity_provider"].choices == get_args(Provider)
    assert by_key["catalog_host"].choices == get_args(Host)
    assert by_key["symptoms"].choices == get_args(Symptom)
    assert {q.key for q in QUESTIONS if q.required} == set(LEAST)
    assert {q.key.split(".")[0] for q in questions("okta")} & {"okta", "entra"} == {"okta"}
    assert set(QUESTIONS) == set(questions("okta")) | set(questions("entra"))


def test_nobody_is_asked_what_leads_to_a_file_that_is_refused() -> None:
    for provider in FULL:
        for question in questions(provider, {}):
            answer = FULL[provider].get(question.key)
            if answer and question.key not in LEAST:
                render({**LEAST, "identity_provider": provider, question.key: answer})
    assert {q.key for q in questions("okta")} - {q.key for q in questions("okta", {})} == {"okta.app_id", "okta.token"}
    assert questions("okta", FULL["okta"]) == questions("okta")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.key)
def test_an_answer_is_judged_when_it_is_given(question: Any) -> None:
    good = {k: v for answers in FULL.values() for k, v in answers.items()}[question.key]
    assert question.problem(good if isinstance(good, str) else ", ".join(good)) is None
    free = {"summary", "people", "exports", "catalog.configured_base_url"}
    told = question.problem("\x00 ?")
    assert told and "\x00" not in told
    assert (question.problem("no such answer") is None) == (question.key in free)


def test_the_schema_that_is_checked_in_is_current() -> None:
    text = (ROOT / "parameters" / schema.FILE_NAME).read_text("utf-8")
    assert text == schema.as_text(), "python -m scimrunbook.schema > parameters/incident.schema.json"


# What an editor reads: YAML's own numbers and switches, unlike the loader, which takes text.
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", None),
        ("symptoms: [missing_people]", None),
        ("okta: {org_url: https://acme.okta.com, app_id: 1e5, token: prompt}", None),
        ("answers: {start.setup_completed: {answer: yes}}", None),
        ("symptoms: [nobody]", "symptoms"),
        ("symptom: [missing_people]", None),
        ("entra: {tenant_id: x}", "entra"),
        ("catalog: {token: my-token}", "catalog"),
        ("people: ada@example.com", "people"),
        ("window: {start: '2026-11-20T00:00:00Z'}", "window"),
    ],
)
def test_editor_and_loader_agree(text: str, key: str | None) -> None:
    validator = jsonschema.Draft202012Validator(schema.json_schema())
    data = yaml.safe_load("incident: 00123\nidentity_provider: okta\ncatalog_host: app.castordoc.com\n" + text)
    found = list(validator.iter_errors(data))
    good = key is None and "symptom:" not in text
    assert bool(found) != good
    assert key is None or key in json.dumps([list(e.path) for e in found])
    whole = render(LEAST).replace("#symptoms:", "#off:") + text + "\n"
    try:
        loaded(whole)
    except IncidentError:
        assert not good
    else:
        assert good


def test_the_schema_itself_is_valid_and_explains_every_key() -> None:
    made = schema.json_schema()
    jsonschema.Draft202012Validator.check_schema(made)
    for model in (made, *made["$defs"].values()):
        for name, entry in model.get("properties", {}).items():
            assert entry.get("description"), name


def test_incidents_of_this_repository_satisfy_both() -> None:
    validator = jsonschema.Draft202012Validator(schema.json_schema())
    for path in sorted((ROOT / "parameters").glob("*.yaml")):
        load_incident(path)
        assert not list(validator.iter_errors(yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader))), path.name


def exported(provider: str, folder: Path) -> dict[str, list[str]]:
    """The demo's application and job in a folder, each with a second one beside it; ids by key of the incident file."""
    folder.mkdir(parents=True)
    demo = ROOT / "parameters" / f"demo-{provider}-exports"
    if provider == "okta":
        app = json.loads((demo / "app.json").read_text())
        other = {**app, "id": "0oaOTHERAPP000000001", "label": "Catalog (old)"}
        (folder / "apps.json").write_text(json.dumps([app, other]))
        return {"okta.app_id": [app["id"], other["id"]]}
    saved = json.loads((demo / "jobs.json").read_text())
    job = saved["value"][0]
    other = {**job, "id": "scim.11111111111111111111111111111111.22222222-3333-4444-5555-666666666666"}
    (folder / "jobs.json").write_text(json.dumps({**saved, "value": [job, other]}))
    return {"entra.job_id": sorted([job["id"], other["id"]])}


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_several_applications_or_jobs_in_the_exports_are_a_choice(
    provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ((key, ids),) = exported(provider, tmp_path / "parameters" / "E").items()
    told = {**LEAST, "identity_provider": provider, "exports": "E"}
    for number, answers in enumerate(([], ["2"])):  # without a terminal; with one
        asked: list[str] = []
        monkeypatch.setattr(typer, "prompt", lambda text, **_: asked.append(text) or int(answers[0]))  # noqa: B023
        monkeypatch.setattr("scimrunbook.asking._ask", lambda _: None)
        path = tmp_path / "parameters" / f"{number}.yaml"
        assert write_incident_file(told, path, ask=bool(answers)) == 0
        incident = read_incident(path.read_bytes(), path).incident
        section = getattr(incident, provider)
        chosen = getattr(section, key.split(".")[1]) if section else None
        assert chosen == (ids[1] if answers else None) and len(asked) == len(answers)
    named = read_incident(render({**told, key: ids[0]}).encode(), path).incident
    assert choices(tmp_path / "parameters" / "E", named) == [], "who chose is not asked again"
    found = choices(tmp_path / "parameters" / "E", incident.model_copy(update={provider: None}))
    assert [(c.key, [value for _, value in c.options]) for c in found] == [(key, ids)]
    assert choices(tmp_path / "none", incident) == []


@pytest.mark.parametrize(
    ("typed", "stands"), [("E", "E"), ("parameters/E", "E"), ("elsewhere", "../elsewhere"), ("later", "later")]
)
def test_a_folder_of_exports_may_be_named_as_seen_from_here(
    typed: str, stands: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("parameters/E", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    path = Path("parameters") / "CAT-7.yaml"
    assert write_incident_file({**LEAST, "exports": typed}, path, ask=False) == 0
    assert loaded(path.read_text()).exports == stands
    assert ("is not there yet" in capsys.readouterr().err) is (typed == "later")
