"""Every registered format: whatever is missing, null, of another type or unknown, no parser crashes and no row is lost.

A format is known by its title. Whoever adds one adds records of it here; the first test says so.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrunbook.snapshot import TABLES, frame
from scimrunbook.sources.exports import files
from scimrunbook.sources.exports.registry import formats
from tests.sources import entra_made, okta_data
from tests.sources.exports import variants
from tests.sources.exports.folder import incident, put
from tests.sources.exports.test_catalog_exports import account, listed, team
from tests.sources.exports.test_okta_exports import FEATURE, REFUSED
from tests.sources.test_okta_directory import anything, damaged
from tests.sources.test_okta_log import as_csv

Records = list[dict[str, Any]]
MANY = 6  # records of a file; one of them is damaged
CELLS = st.sampled_from(
    ["", "x", "{", "[1]", "9" * 30, "0001-01-01T00:00:00Z", "P10675199DT2H48M5.4775807S", '{"a": 1}']
)


def portal(place: int) -> Callable[[], list[list[str]]]:
    """One of the three files of the portal's CSV download, its header first."""

    def made() -> list[list[str]]:
        log = [entra_made.record(1), entra_made.failed(2), entra_made.skipped(3)]
        return list(csv.reader(io.StringIO(str(list(variants.ENTRA["portal CSV"](log).values())[place]))))

    return made


def workspace() -> Records:
    return json.loads(
        str(variants.ENTRA["Log Analytics JSON"]([entra_made.failed(n) for n in range(MANY)])["query.json"])
    )


def table(header: str, line: str) -> Callable[[], list[list[str]]]:
    return lambda: [header.split(","), *(line.replace("N", str(n)).split(",") for n in range(MANY))]


# Title → records, in a list or a page; or the lines of a CSV.
JSON: dict[str, Callable[[], Records]] = {
    "Catalog teams (SCIM JSON)": lambda: [team(n) for n in range(MANY)],
    "Catalog accounts (SCIM JSON)": lambda: [account(n) for n in range(MANY)],
    "Entra assignments (appRoleAssignedTo, Graph JSON)": lambda: [entra_made.assignment(f"u-{n}") for n in range(MANY)],
    "Entra audit log (JSON)": lambda: [entra_made.audit(id=f"a{n}") for n in range(MANY)],
    "Entra synchronization jobs (Graph JSON)": lambda: [{**entra_made.job(), "id": f"scim.{n}"} for n in range(MANY)],
    "Members of an Entra group (Graph JSON)": lambda: [
        {"@odata.type": "#microsoft.graph.user", **entra_made.user(f"u-{n}")} for n in range(MANY)
    ],
    "Entra provisioning log (JSON)": lambda: [
        *(entra_made.record(n) for n in range(MANY - 3)),
        entra_made.beta(7),
        entra_made.envelope(8),
        entra_made.skipped(9),
    ],
    "Entra provisioning log (Log Analytics JSON)": workspace,
    "Entra enterprise application (Graph JSON)": lambda: [entra_made.principal(id=f"sp-{n}") for n in range(MANY)],
    "Entra groups (Graph JSON)": lambda: [entra_made.group(f"g-{n}") for n in range(MANY)],
    "Entra users (Graph JSON)": lambda: [entra_made.user(f"u-{n}") for n in range(MANY)],
    "Okta application": lambda: [okta_data.app(id=f"0oa{n:017d}") for n in range(MANY)],
    "Okta application groups": lambda: [okta_data.app_group(id=f"00g{n}") for n in range(MANY)],
    "Okta application users": lambda: [okta_data.app_user(f"00u{n}") for n in range(MANY)],
    "Okta groups": lambda: [okta_data.group(f"00g{n}") for n in range(MANY)],
    "Okta profile mapping": lambda: [okta_data.mapping(id=f"prm{n}") for n in range(MANY)],
    "Okta group push mappings": lambda: [okta_data.push(id=f"gPm{n}") for n in range(MANY)],
    "Okta System Log (JSON)": lambda: [okta_data.event(number=n) for n in range(MANY)],
    "Okta features of the application": lambda: [FEATURE] * MANY,
    "Members of an Okta group": lambda: [okta_data.user(f"00u{n}") for n in range(MANY)],
    "Okta users": lambda: [okta_data.user(f"00u{n}") for n in range(MANY)],
}
# One document each: damaged, it may be none of its kind any more, and says why.
SINGLE: dict[str, Callable[[], dict[str, Any]]] = {
    "Entra attribute mapping (schema JSON)": entra_made.schema,
    "Okta provisioning connection of the application": lambda: {"status": "DISABLED", "authScheme": "TOKEN"},
    "Okta's refusal to tell an application's features": lambda: {
        **REFUSED, "errorCauses": [{"errorSummary": "Provisioning is not supported."}]
    },
}  # fmt: skip
CSV: dict[str, Callable[[], list[list[str]]]] = {
    "Entra provisioning log (the portal's CSV)": portal(0),
    "Steps of the Entra provisioning log (the portal's CSV)": portal(1),
    "Changes of the Entra provisioning log (the portal's CSV)": portal(2),
    "Entra users (the portal's CSV)": table("id,userPrincipalName,mail,accountEnabled", "uN,pN@example.com,,True"),
    "Members of an Entra group (the portal's CSV)": table("id,userPrincipalName,objectType", "uN,pN@example.com,User"),
    "Entra groups (the portal's CSV)": table("id,displayName,groupType,membershipType", "gN,Group N,Security,Assigned"),
    "Okta report of current assignments (CSV)": table(
        "Login,Application instance,Assigned on", "pN@example.com,Catalog,2026-11-01 08:00:00 UTC"
    ),
    "Okta System Log (CSV)": lambda: list(
        csv.reader(io.StringIO(as_csv([okta_data.event(number=n) for n in range(MANY)])))
    ),
    "Catalog users (CSV)": table("email,first name,last name,active", "pN@example.com,P,N,true"),
}
TEXT = {"Okta task texts (copied from Dashboard > Tasks or Push Groups)"}  # every line that is no task is counted
NAMES = {
    "Members of an Okta group": "group-00g1-members.json",
    "Members of an Entra group (Graph JSON)": "g-members.json",
    "Members of an Entra group (the portal's CSV)": "exportGroupMembers_2026-11-24 gz.csv",
}


def test_every_registered_format_is_here() -> None:
    assert {f.title for f in formats()} == {*JSON, *SINGLE, *CSV, *TEXT}


def provider_of(title: str) -> str:
    return next(f.provider for f in formats() if f.title == title) or "okta"


def row(folder: Path, title: str, name: str, content: str) -> dict[str, Any]:
    """The coverage row of a file, read beside another one; all tables can be made."""
    from scimrunbook.sources.exports import read_folder
    from scimrunbook.sources.parts import Parts

    provider, parts = provider_of(title), Parts()
    put(folder, name, content)
    put(folder, "z.json", [okta_data.group("00gz")] if provider == "okta" else [entra_made.group("gz")])
    read_folder(folder, incident(provider), parts, lambda *_: None)
    for kind, rows in parts.rows.items():
        assert {k for r in rows for k in r} <= set(TABLES[kind])
        frame(kind, rows)
    return next(dict(r) for r in parts.rows["coverage"] if r["name"] == name)


def accounted(told: dict[str, Any], what: str, number: int) -> None:
    assert told["what"] == what, told
    assert told["rows"] + told["unreadable"] == number, told


def what_of(title: str) -> str:
    return next(f.what for f in formats() if f.title == title)


@pytest.mark.slow
@pytest.mark.parametrize("title", sorted(JSON))
@settings(max_examples=8, deadline=None)
@given(draw=st.data())
def test_no_json_record_is_lost(title: str, draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    records: list[Any] = JSON[title]()
    place = draw.draw(st.integers(0, MANY - 1))
    records[place] = draw.draw(damaged([records[place]]) | anything)
    if isinstance(records[place], dict):
        records[place]["unheardOf"] = draw.draw(anything)
    catalog = title.startswith("Catalog")
    content = json.dumps(listed(records) if catalog else records)
    name, folder = NAMES.get(title, "a.json"), tmp_path_factory.mktemp("f")
    # An item that is a page itself (``{"value": [...]}``) or a list holds as many records as stand in it.
    flat = 0 if isinstance(records[place], list) else 1
    number = MANY - 1 + (flat or len(records[place])) if not catalog else MANY
    accounted(row(folder, title, name, content), what_of(title), number)
    if "log" in what_of(title):
        with patch.object(files, "LARGE", 0):
            accounted(row(folder, title, name, content), what_of(title), number)


def test_a_number_that_json_does_not_know_loses_no_record_beside_it(tmp_path: Path) -> None:
    title = "Entra provisioning log (JSON)"
    records: list[Any] = JSON[title]()
    records[3]["unheardOf"] = float("inf")  # the next record begins with another key
    with patch.object(files, "LARGE", 0):
        accounted(row(tmp_path, title, "a.json", json.dumps(records)), what_of(title), MANY)


@pytest.mark.slow
@pytest.mark.parametrize("title", sorted(SINGLE))
@settings(max_examples=12, deadline=None)
@given(draw=st.data())
def test_no_single_document_crashes_a_parser(
    title: str, draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = SINGLE[title]()
    assert row(tmp_path_factory.mktemp("w"), title, "a.json", json.dumps(whole))["what"] == what_of(title)
    told = row(tmp_path_factory.mktemp("f"), title, "a.json", json.dumps(draw.draw(damaged([whole]) | anything)))
    assert told["refused"] or told["what"] in {f.what for f in formats()}, "neither read as something nor refused"


@pytest.mark.slow
@pytest.mark.parametrize("title", sorted(CSV))
@settings(max_examples=8, deadline=None)
@given(draw=st.data())
def test_no_line_of_a_csv_is_lost(title: str, draw: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    lines = CSV[title]()
    number = draw.draw(st.integers(1, len(lines) - 1))
    how = draw.draw(st.sampled_from(["cell", "short", "long"]))
    if how == "cell":
        lines[number][draw.draw(st.integers(0, len(lines[0]) - 1))] = draw.draw(CELLS)
    else:
        lines[number] = lines[number][:-1] if how == "short" else [*lines[number], "more"]
    out = io.StringIO()
    csv.writer(out).writerows([[*line, "?"] if n else [*line, "unheard of"] for n, line in enumerate(lines)])
    folder, name = tmp_path_factory.mktemp("f"), "a.csv"
    accounted(row(folder, title, name, out.getvalue()), what_of(title), len(lines) - 1)
    if what_of(title) == "okta.system_log":
        with patch.object(files, "LARGE", 0):
            accounted(row(folder, title, name, out.getvalue()), what_of(title), len(lines) - 1)
