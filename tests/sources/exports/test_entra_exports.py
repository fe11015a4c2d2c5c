"""Entra's files: recognised by content under any name, settled against each other, counted to the record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrunbook.sources.exports import Document, registry
from tests.sources import entra_made as made
from tests.sources.exports.folder import incident, put, read, row_of
from tests.sources.test_entra_log import VALUES

OURS = incident(entra={"service_principal_id": made.PRINCIPAL})
CONTEXT = f"servicePrincipals('{made.PRINCIPAL}')"
FILES = {
    "entra.provisioning_log": [
        [made.record(), made.failed()],
        made.page("auditLogs/provisioning", [made.record(), made.failed()]),
        made.page("auditLogs/provisioning", [made.beta(1), made.beta(2)]),
        [made.envelope(1), made.envelope(2)],
    ],
    "entra.job": [made.page(f"{CONTEXT}/synchronization/jobs", [made.job()]), made.job(), [made.job()]],
    "entra.schema": [made.schema(), made.schema()["synchronizationRules"][0]],
    "entra.service_principal": [made.principal(), made.page("servicePrincipals", [made.principal()])],
    "entra.assignments": [made.page(f"{CONTEXT}/appRoleAssignedTo", [made.assignment()]), [made.assignment()]],
    "entra.users": [made.page("users", [made.user()]), [made.user()], made.page("users", [])],
    "entra.groups": [made.page("groups", [made.group()]), [made.group()]],
    "entra.members": [made.page("directoryObjects", [{"@odata.type": "#microsoft.graph.user", **made.user()}])],
    "entra.directory_audits": [made.page("auditLogs/directoryAudits", [made.audit()]), [made.audit()]],
}
CASES = [(what, n) for what, variants in FILES.items() for n in range(len(variants))]


# Those that hold records: a schema is one document, and one list is empty.
LISTS = [(w, n) for w, n in CASES if w != "entra.schema" and FILES[w][n] != made.page("users", [])]


def parsed(content: object, name: str = "any name") -> tuple[str, registry.Recognised] | None:
    found = registry.recognise(Document(name, json.dumps(content), OURS))
    return (found[0].what, found[1]) if found else None


@pytest.mark.parametrize(("what", "variant"), CASES)
def test_recognised_by_content_alone(what: str, variant: int) -> None:
    found = parsed(FILES[what][variant])
    assert found is not None and found[0] == what and found[1].unreadable == 0


@pytest.mark.parametrize("lines", ["\n", "\r\n"])
def test_the_log_as_ndjson(tmp_path: Path, lines: str) -> None:
    text = lines.join(json.dumps(made.envelope(n)) for n in range(1, 4)) + lines + '{"time": "2026-11'
    put(tmp_path, "PT1H.json", text)
    parts = read(tmp_path, OURS)
    row = row_of(parts, "PT1H.json")
    assert (row["what"], row["rows"], row["unreadable"]) == ("entra.provisioning_log", 3, 1)
    assert row["first_at"] == row["last_at"] == parts.rows["events"][0]["at"]


def test_rows_of_other_applications_are_left_aside(tmp_path: Path) -> None:
    other = made.record(9, servicePrincipal={"id": "another", "displayName": "Mail"})
    put(tmp_path, "log.json", [made.record(1), other])
    parts = read(tmp_path, OURS)
    assert len(parts.rows["events"]) == 1
    row = row_of(parts, "log.json")
    assert row["rows"] == 2 and "1 rows of other applications" in row["note"]


def test_a_log_of_another_application_alone_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "log.json", [made.record(1, servicePrincipal={"id": "another", "displayName": "Mail"})])
    parts = read(tmp_path, OURS)
    row = row_of(parts, "log.json")
    assert "another application" in row["refused"] and made.PRINCIPAL in row["get_it"]
    assert not parts.rows["events"]


def test_several_applications_and_nobody_says_which(tmp_path: Path) -> None:
    put(
        tmp_path,
        "log.json",
        [made.record(1), made.record(2, servicePrincipal={"id": "another", "displayName": "Mail"})],
    )
    assert [str(c) for c in read(tmp_path).facts.app.candidates] == [
        "Catalog SCIM (5b0d9a5e-4d4c-4ad5-9d0e-0c9f5f5a1d11)",
        "Mail (another)",
    ]


def test_of_several_jobs_the_named_one_is_kept(tmp_path: Path) -> None:
    put(tmp_path, "jobs.json", [made.job(), made.job() | {"id": "scim.second"}])
    assert len(read(tmp_path, OURS).facts.app.candidates) == 2
    named = {"service_principal_id": made.PRINCIPAL, "job_id": "scim.second"}
    parts = read(tmp_path, incident(entra=named))
    assert [r["job_id"] for r in parts.rows["jobs"]] == ["scim.second"] and parts.facts.app.candidates == []
    assert row_of(parts, "jobs.json")["rows"] == 2 and "1 other jobs left aside" in row_of(parts, "jobs.json")["note"]


def test_the_application_id_given_for_the_object_id(tmp_path: Path) -> None:
    put(tmp_path, "a-log.json", [made.record(1)])
    put(tmp_path, "sp.json", made.principal())
    parts = read(tmp_path, incident(entra={"service_principal_id": made.APP_ID}))
    assert "application (client) id" in row_of(parts, "sp.json")["note"]
    assert parts.facts.app.id == made.PRINCIPAL and len(parts.rows["events"]) == 1


def test_facts_of_the_application(tmp_path: Path) -> None:
    put(tmp_path, "sp.json", made.principal(accountEnabled=False))
    put(tmp_path, "schema.json", made.schema())
    app = read(tmp_path, OURS).facts.app
    assert (app.id, app.label, app.status) == (made.PRINCIPAL, "Catalog SCIM", "DISABLED")
    assert [(m["object"], m["enabled"]) for m in app.object_mappings] == [("user", True), ("group", False)]


def test_members_take_their_group_from_context_id_or_name(tmp_path: Path) -> None:
    listed = [{"@odata.type": "#microsoft.graph.user", **made.user()}]
    put(tmp_path, "groups.json", made.page("groups", [made.group()]))
    put(tmp_path, f"group-{made.TEAM}-members.json", made.page("directoryObjects", listed))
    put(tmp_path, "members of Data Platform.json", made.page("directoryObjects", listed))
    put(tmp_path, "m.json", made.page("groups('from-context')/members", listed))
    put(tmp_path, "whose.json", made.page("directoryObjects", listed))
    parts = read(tmp_path, OURS)
    assert sorted(m["group_key"] for m in parts.rows["memberships"]) == [made.TEAM, made.TEAM, "from-context"]
    refused = row_of(parts, "whose.json")
    assert "neither the answer nor the file's name" in refused["refused"] and "Rename" in refused["get_it"]


def test_groups_with_their_members_inside(tmp_path: Path) -> None:
    put(tmp_path, "g.json", [made.group(members=[{"@odata.type": "#microsoft.graph.user", "id": made.ADA}])])
    assert [m["member_key"] for m in read(tmp_path).rows["memberships"]] == [made.ADA]


def test_no_job_at_all_is_told(tmp_path: Path) -> None:
    put(tmp_path, "jobs.json", made.page(f"{CONTEXT}/synchronization/jobs", []))
    row = row_of(read(tmp_path, OURS), "jobs.json")
    assert row["what"] == "entra.job" and "never set up" in row["note"]


@pytest.mark.parametrize("separator", [",", ";"])
def test_the_portals_users_csv(tmp_path: Path, separator: str) -> None:
    header = ["userPrincipalName", "displayName", "surname", "mail", "givenName", "id", "userType", "accountEnabled"]
    ada = ["ada.berg@example.com", "Ada Berg", "Berg", "ada.berg@example.com", "Ada", made.ADA, "Guest", "False"]
    rows = [header, ada, ["short"]]
    put(tmp_path, "x.csv", b"\xef\xbb\xbf" + "\r\n".join(separator.join(r) for r in rows).encode())
    parts = read(tmp_path)
    row = row_of(parts, "x.csv")
    assert (row["what"], row["rows"], row["unreadable"]) == ("entra.users", 1, 1)
    person = parts.rows["people"][0]
    assert (person["active"], person["kind"], person["family_name"]) == (False, "guest", "Berg")


def test_the_users_csv_of_the_microsoft_365_admin_center(tmp_path: Path) -> None:
    header = (
        "Block credential,Display name,First name,Last name,Object Id,Proxy addresses,User principal name,When created"
    )
    proxies = "SMTP:ada.berg@example.com+smtp:ada+news@example.com"
    line = f"{{}},Ada Berg,Ada,Berg,{{}},{proxies},ada.berg@example.com,2026-01-05 08:00:00Z"
    lines = [line.format("True", made.ADA), line.format("FALSCH", made.BEN)]
    put(tmp_path, "users_24_11_2026.csv", "\n".join([header, *lines]))
    ada, ben = read(tmp_path).rows["people"]
    assert (ada["person_key"], ada["active"], ada["status"], ben["active"]) == (made.ADA, False, "DISABLED", True)
    assert json.loads(ada["other_emails"]) == ["ada+news@example.com"]
    assert ada["created_at"].isoformat() == "2026-01-05T08:00:00+00:00"


def test_the_portals_csv_of_groups_and_of_members(tmp_path: Path) -> None:
    put(tmp_path, "exportGroup_2026-11-24.csv", (
        f"id;displayName;groupType;membershipType\n{made.TEAM};Data Platform;Security;Dynamic\n"
        "g2;Everybody;Microsoft 365;Assigned\n"
    ))  # fmt: skip
    put(tmp_path, "exportGroupMembers_2026-11-24 Data Platform.csv", (
        f"id,userPrincipalName,displayName,objectType,isGroup\n{made.ADA},ada@example.com,Ada,User,False\n"
        "g2,,Everybody,Group,True\n,,nobody,User,False\n"
    ))  # fmt: skip
    put(tmp_path, "exportGroupMembers_2026-11-25.csv", f"id,objectType\n{made.ADA},user\n")
    parts = read(tmp_path)
    told = {g["name"]: (g["kind"], g["security_enabled"], g["dynamic"]) for g in parts.rows["groups"]}
    assert told == {"Data Platform": ("security", True, True), "Everybody": ("m365", None, False)}
    links = {(m["group_key"], m["member_key"], m["member_type"]) for m in parts.rows["memberships"]}
    assert links == {(made.TEAM, made.ADA, "user"), (made.TEAM, "g2", "group")}
    assert row_of(parts, "exportGroupMembers_2026-11-24 Data Platform.csv")["unreadable"] == 1
    assert "name does not say" in row_of(parts, "exportGroupMembers_2026-11-25.csv")["refused"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(LISTS), st.lists(VALUES, max_size=4), st.data())
def test_records_in_equal_rows_and_unreadable(case: tuple[str, int], noise: list[object], data: st.DataObject) -> None:
    """Whatever stands between the good records: they are read, the rest is counted, nothing is lost."""
    what, variant = case
    content = FILES[what][variant]
    good = content if isinstance(content, list) else content.get("value") if isinstance(content, dict) else None
    good = good if isinstance(good, list) and good else [content]
    spoiled = dict(good[0])
    field = data.draw(st.sampled_from(sorted(spoiled)))
    spoiled[field] = data.draw(VALUES)
    records = [*good, *good, *noise, spoiled]
    found = parsed({"value": records})
    if found is None or found[0] != what:
        assert noise  # only strangers' records may hide what the file is
        return
    assert found[1].rows + found[1].unreadable == len(records)
    assert found[1].rows >= 2 * len(good)
