"""The first day: what to export and what to ask for, made from the guide's table; the page in docs is the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scimrunbook import day_one
from scimrunbook.cli import app
from scimrunbook.guide import HOW_TO_GET
from scimrunbook.sources.exports import Document, registry
from tests.sources.exports.folder import incident

PAGE = Path(__file__).parents[1] / "docs" / "exports.md"


def test_the_page_in_docs_is_the_one_the_guide_makes() -> None:
    assert PAGE.read_text("utf-8") == day_one.exports_page()


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_every_file_of_the_provider_is_named_and_nothing_of_the_other(provider: str) -> None:
    text = " ".join(day_one.how_to_export(provider).split())
    for what, how in HOW_TO_GET.items():
        assert (f"**{how.title}**" in text) == (what.startswith((f"{provider}.", "catalog.")) and bool(how.file)), what
    assert not re.search(r"<[^>]*$", text) and "`" in text


@pytest.mark.parametrize(("provider", "right"), [("okta", "okta.logs.read"), ("entra", "Synchronization.Read.All")])
def test_the_request_names_read_only_rights_alone(provider: str, right: str) -> None:
    text = day_one.permissions(provider)
    assert right in text
    assert not re.search(r"write|manage", text, re.IGNORECASE)
    for what, how in HOW_TO_GET.items():
        if what.startswith(provider):
            assert how.title[1:] in " ".join(text.split()), what


def test_the_command_line_prints_them_and_asks_for_the_provider() -> None:
    run = CliRunner().invoke
    both = run(app, ["init", "--how-to-export", "--permissions", "--provider", "entra"])
    assert both.exit_code == 0 and "What to export" in both.output and "Request: read-only" in both.output
    assert run(app, ["init", "--permissions"]).exit_code == 2
    assert run(app, ["init", "--permissions", "--provider", "ping"]).exit_code == 2


# The address an admin opens → how its recorded answers are recognised, or refused.
RECORDED = {
    "app_users": ("okta.app_users", "/users?limit=500"),
    "app_groups": ("okta.app_groups", "/groups?limit=200"),
    "profile_mappings": ("okta.mappings", "/api/v1/mappings"),
}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_what_a_browser_saves_from_these_addresses_is_recognised(name: str, shared: Path) -> None:
    what, address = RECORDED[name]
    assert address in HOW_TO_GET[what].export
    lines = (shared / "samples" / "okta" / "api" / f"{name}.recorded.ndjson").read_text("utf-8").splitlines()
    answers = [e["body"] for e in map(json.loads, lines) if e["method"] == "GET" and e["status"] == 200 and e["body"]]
    assert answers
    for body in answers:
        for saved in (json.dumps(body), json.dumps(body, indent=2)):  # raw, and as a viewer prints it
            found = registry.recognise(Document("users.json", saved, incident("okta")))
            assert found is not None and found[0].what == what and found[1].unreadable == 0
