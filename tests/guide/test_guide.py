"""The guide as data: complete, consistent with the contracts, true to the vendors' names where those are at hand."""

from __future__ import annotations

import json
import string
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrunbook import guide
from scimrunbook.checks import REGISTRY, SECTIONS, checks_of
from scimrunbook.findings import Cause
from scimrunbook.guide import tables
from scimrunbook.incident import Host, Symptom
from scimrunbook.snapshot import ACTIONS, WHATS
from tests.conftest import ROOT

GUIDE_PAGES = "https://docs.coalesce.io/docs/catalog/administration/user-and-team-provisioning/"


def test_every_table_loads_and_has_rows() -> None:
    for name in guide._LOADERS:
        assert len(getattr(guide, name)) > 0, name
    with pytest.raises(AttributeError):
        guide.NO_SUCH_TABLE  # noqa: B018


def test_a_row_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        guide.OKTA_TOGGLES[0].label = "Anything"  # type: ignore[misc]


def test_regions_are_those_an_incident_may_name() -> None:
    assert set(guide.REGIONS) == set(get_args(Host))
    assert {r.name: r.base_url for r in guide.REGIONS.values()} == {
        "EU": "https://api.castordoc.com/auth/scim",
        "US": "https://api.us.castordoc.com/auth/scim",
    }
    for region in guide.REGIONS.values():
        parts = urlsplit(region.base_url)
        assert parts.hostname == region.api_host
        assert region.api_host == region.catalog_host.replace("app.", "api.", 1)


def test_sections_are_the_notebooks_in_order() -> None:
    assert tuple(guide.SECTIONS) == SECTIONS
    for number, section in enumerate(guide.SECTIONS.values()):
        assert section.notebook == f"{number:02d}_{section.name}"
        assert (ROOT / "notebooks" / f"{section.notebook}.ipynb").exists()
        link = guide.section_link(section.name)
        assert link.startswith(GUIDE_PAGES + "scim-provisioning-troubleshooting#")
        assert set(urlsplit(link).fragment) <= set(string.ascii_lowercase + "-")


def test_symptoms_and_causes_are_those_of_the_contracts() -> None:
    assert tuple(guide.SYMPTOMS) == get_args(Symptom)
    assert [c for s in SECTIONS for p in ("okta", "entra") for c in checks_of(s, p)]
    assert {s.observed_by for s in guide.SYMPTOMS.values()} <= set(REGISTRY)
    assert set(guide.CAUSES) == {*Cause, "unknown"}
    for family in guide.CAUSES.values():
        assert family.title and family.meaning.endswith(".") and family.first_step.endswith(".")


def test_everything_that_can_be_read_says_how_to_get_it() -> None:
    assert set(guide.HOW_TO_GET) == set(WHATS)
    for what, how in guide.HOW_TO_GET.items():
        assert how.title and how.live and how.export, what
        if what not in ("catalog.probe", "unrecognised"):
            assert Path(how.file).suffix in (".json", ".csv"), what
        provider = what.split(".")[0]
        if provider in ("okta", "entra"):
            assert ("okta." in how.live) == (provider == "okta")
            assert (".All" in how.live) == (provider == "entra"), "the permission is named"


def test_okta_wants_three_toggles_and_five_rows() -> None:
    assert [t.feature for t in guide.OKTA_TOGGLES] == [
        "PUSH_NEW_USERS",
        "PUSH_PROFILE_UPDATES",
        "PUSH_USER_DEACTIVATION",
    ]
    assert {t.action for t in guide.OKTA_TOGGLES} <= set(ACTIONS)
    assert {(m.direction, m.source, m.target) for m in guide.OKTA_MAPPINGS} == {
        ("to_app", "user.firstName", "givenName"),
        ("to_app", "user.lastName", "familyName"),
        ("from_app", "appuser.givenName", "firstName"),
        ("from_app", "appuser.familyName", "lastName"),
        ("from_app", "appuser.userName", "email"),
    }


def test_entra_wants_five_user_rows_and_three_group_rows() -> None:
    rows = {(m.object, m.target): m for m in guide.ENTRA_MAPPINGS}
    assert [t for o, t in rows if o == "user"] == [
        "userName",
        "active",
        "name.givenName",
        "name.familyName",
        "externalId",
    ]
    assert [t for o, t in rows if o == "group"] == ["displayName", "externalId", "members"]
    assert rows["user", "externalId"].sources == ("objectId",)
    assert "Not([IsSoftDeleted])" in rows["user", "active"].sources
    assert any(s.startswith("Switch([IsSoftDeleted]") for s in rows["user", "active"].sources)
    assert {k for k, m in rows.items() if m.matching} == {("user", "userName"), ("group", "displayName")}


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("EntryConflict", "EntryConflict"),
        ("ContosoEntryConflict", "EntryConflict"),
        ("BoxConflict", "Conflict"),
        (
            "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering",
            "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering",
        ),
        ("CustomAppDuplicateTargetEntries", "DuplicateTargetEntries"),
    ],
)
def test_codes_match_exactly_then_by_suffix(code: str, known: str) -> None:
    found = guide.entra_error(code)
    assert found is not None and found.code == known


@given(st.text(max_size=40))
def test_a_code_nobody_knows_is_nobodys(code: str) -> None:
    found = guide.entra_error(code)
    assert found is None or code.endswith(found.code)


def test_the_credential_codes_point_to_url_and_token_first() -> None:
    for code in ("InvalidCredentials", "CredentialValidationUnavailable", "CredentialValidationFailure"):
        assert guide.ENTRA_ERRORS["SystemForCrossDomainIdentityManagement" + code].causes[0] is Cause.URL_OR_TOKEN
    assert guide.QUARANTINE_REASONS["EncounteredQuarantineException"].causes[0] is Cause.URL_OR_TOKEN


def test_skips_tell_health_from_trouble() -> None:
    healthy = {r for r, s in guide.ENTRA_SKIPS.items() if s.healthy}
    assert healthy == {"RedundantExport", "RedundantSoftDelete"}
    assert all(bool(s.causes) != s.healthy for s in guide.ENTRA_SKIPS.values())


def test_events_whose_names_mislead_are_what_they_are() -> None:
    events = guide.OKTA_EVENTS
    assert events["application.configuration.update"].action == "connection"
    assert events["application.configuration.update"].change is None
    for name in ("provision", "deprovision"):
        assert events[f"application.user_membership.{name}"].action == "other"
    assert events["application.provision.user.deprovision"].action == "other"
    assert events["application.provision.user.import"].action == "other"
    assert "app.user_management.push_new_user" not in events, "a legacy name, never an event type"


def test_every_row_names_its_source() -> None:
    titles = {s.title for s in guide.SOURCES.values()}
    rows: list[Any] = []
    for name in guide._LOADERS:
        table = getattr(guide, name)
        if name not in ("SOURCES", "SECTIONS", "OKTA_APP_NAME"):
            rows += table.values() if isinstance(table, dict) else table
    assert {r.source_of if isinstance(r, tables.MappingRow) else r.source for r in rows} <= titles


@pytest.mark.parametrize(
    "data",
    [
        {"causes": ["bad_luck"]},
        {"source": "hearsay"},
        {"colour": "red"},
        {"causes": None},
    ],
)
def test_a_wrong_row_is_refused_by_name(data: dict[str, Any]) -> None:
    good = {"code": "Made", "meaning": "m", "fix": "f", "causes": ["catalog_side"], "source": "judgement"}
    guide.row(tables.EntraError, "entra_errors", "Made", good)
    wrong = {k: v for k, v in {**good, **data}.items() if v is not None}
    with pytest.raises(guide.GuideError, match=r"entra_errors\.toml, Made: "):
        guide.row(tables.EntraError, "entra_errors", "Made", wrong)


def test_names_and_families_are_those_of_the_catalogue(shared: Path) -> None:
    families = json.loads((shared / "samples/okta/event_type_families.json").read_text())["eventTypes"]
    listed = json.loads((shared / "samples/okta/event_types_provisioning.json").read_text())["eventTypes"]
    assert set(guide.OKTA_EVENTS) <= {t["id"] for t in listed}
    # The calling tool's own API token and rate limits are no part of provisioning.
    beside = {n for n in families if n.startswith(("system.api_token.", "system.org."))}
    assert set(families) - beside <= set(guide.OKTA_EVENTS)
    for name, told in families.items():
        if name in guide.OKTA_EVENTS:
            assert set(told["families"]) <= set(guide.OKTA_EVENTS[name].causes), name
