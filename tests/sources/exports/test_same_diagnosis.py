"""One incident, read live, from JSON exports and from CSV exports: one diagnosis."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scimrunbook.incident_file import load_incident
from scimrunbook.run import judge
from scimrunbook.sources.collect import collect
from tests.sources.exports import variants
from tests.tenants import incident, quiet

FAULTS = (
    ("okta", "token_expired"), ("okta", "create_off"), ("okta", "names_empty"), ("okta", "endpoint_5xx"),
    ("entra", "token_expired"), ("entra", "paused"), ("entra", "external_id_mailnickname"), ("entra", "manual_account"),
)  # fmt: skip


def as_csv(folder: Path, provider: str) -> None:
    """Whatever the consoles give as CSV takes the place of its JSON; settings are to be had as JSON only."""
    (folder / "catalog-scim-users.json").unlink()
    if provider == "okta":
        (folder / "system-log.json").unlink()
        return
    (folder / "users.json").unlink()
    log = json.loads((folder / "provisioning-log.json").read_text("utf-8"))
    (folder / "provisioning-log.json").unlink()
    for name, content in variants.ENTRA["portal CSV"](log if isinstance(log, list) else log["value"]).items():
        (folder / name).write_text(str(content), "utf-8")


def told(path: Path) -> dict[str, Any]:
    """The verdict, the causes with the findings that decide them, and whom each affects."""
    snapshot = collect(load_incident(path), progress=quiet, probe="off", interactive=False)
    diagnosis = judge(snapshot).diagnosis.to_json()
    causes = [(c["cause"], c["finding"], sorted(c["affected"]["keys"])) for c in diagnosis["causes"]]
    return {"verdict": diagnosis["verdict"], "causes": causes, "people": diagnosis["people"]}


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "fault"), FAULTS)
def test_live_json_and_csv_give_the_same_diagnosis(provider: str, fault: str, tmp_path: Path) -> None:
    with incident(provider, fault, "live", tmp_path / "live") as (path, _):
        live = told(path)
    with incident(provider, fault, "exports", tmp_path / "json") as (path, _):
        for csv in path.parent.rglob("*.csv"):
            csv.unlink()
        files = told(path)
    with incident(provider, fault, "exports", tmp_path / "csv") as (path, _):
        as_csv(next(path.parent.rglob("catalog-users.csv")).parent, provider)
        tables = told(path)
    assert live["verdict"] == "problem"
    assert files == tables
    if fault == "token_expired":  # nobody can list Catalog's accounts with it, which an export made before holds
        files, live = ({**told, "people": 0, "causes": [c[:2] for c in told["causes"]]} for told in (files, live))
    assert files == live
