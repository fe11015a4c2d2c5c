"""Every shared sample of Entra and SCIM is recognised, or refused for a stated reason. Skipped without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.exports.folder import read

RECOGNISED = {
    "entra": {
        "appRoleAssignedTo-list.json": "entra.assignments",
        "diag-elastic-caller-ip.ndjson": "entra.provisioning_log",
        "diag-elastic-provisioninglogs-raw.ndjson": "entra.provisioning_log",
        "diag-elastic-tenant-from-resource-id.ndjson": "entra.provisioning_log",
        "graph-beta-docs-statusInfo-failure-409-group.json": "entra.provisioning_log",
        "graph-v1-docs-failure-409-group.json": "entra.provisioning_log",
        "graph-v1-fragment-crosstenant-create-with-scoping-filter.json": "entra.provisioning_log",
        "job-created-disabled-paused.json": "entra.job",
        "job-docs-paused-with-quarantine-empty-strings.json": "entra.job",
        "job-quarantine-invalid-credentials.json": "entra.job",
        "jobs-list-docs-aws-paused.json": "entra.job",
        "schema-fragment-aws-sync-rule-groups.json": "entra.schema",
        "schema-objectmapping-salesforce-users.json": "entra.schema",
    },
    "scim": {
        "errors/meta_pascalcase_user.json": "catalog.users",
        "quirks/scimmy-express5-startIndex-ignored-si1.json": "catalog.users",
        "quirks/scimmy-express5-startIndex-ignored-si101.json": "catalog.users",
        "rfc/rfc7643-8.2-user-full.json": "catalog.users",
        "rfc/rfc7643-8.4-group.json": "catalog.groups",
        "rfc/rfc7644-3.7.1-list_response-circular_reference.json": "catalog.groups",
    },
}


@pytest.mark.parametrize("room", sorted(RECOGNISED))
def test_every_sample_has_one_row_that_explains_it(shared: Path, room: str) -> None:
    folder = shared / "samples" / room
    parts = read(folder)
    rows = {r["name"]: r for r in parts.rows["coverage"] if r.get("sha256")}
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(rows) == files
    for name, what in RECOGNISED[room].items():
        assert (rows[name]["what"], rows[name]["unreadable"]) == (what, 0), name
        assert rows[name]["rows"] > 0
    for name, row in rows.items():
        assert row["what"] != "unrecognised" or len(row["refused"]) > 10, name


def test_the_one_broken_sample_is_told_by_line(shared: Path) -> None:
    folder = shared / "samples" / "entra"
    rows = {r["name"]: r for r in read(folder).rows["coverage"]}
    assert "not valid JSON (line 62)" in rows["graph-v1-docs-success-roles.as-printed.txt"]["refused"]
