"""Whatever the form of the log, the same incident gives the same diagnosis; nothing gets lost, whatever is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrunbook.run import judge
from scimrunbook.simulator.files import write_incident
from tests.sources import entra_made, okta_data
from tests.sources.exports import variants
from tests.sources.exports.folder import incident, put, read, row_of
from tests.tenants import tenant

FAULTS = {"okta": "create_off", "entra": "names_empty"}
KINDS = {"okta": ("system-log.json", variants.OKTA), "entra": ("provisioning-log.json", variants.ENTRA)}
QUICK = ("message as text", "portal CSV")
CASES = [
    pytest.param(p, name, marks=() if name in QUICK else pytest.mark.slow)
    for p, (_, kinds) in KINDS.items()
    for name in kinds
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> dict[str, Path]:
    made = {}
    for provider, fault in FAULTS.items():
        folder = tmp_path_factory.mktemp(provider)
        built = tenant(provider, fault)
        built.export(folder / "exports")
        write_incident(built, folder, exports=folder / "exports", name="V-1")
        (folder / "exports" / "system-log.csv").unlink(missing_ok=True)
        made[provider] = folder
    return made


def diagnosis(folder: Path):
    from scimrunbook.incident_file import load_incident
    from scimrunbook.sources.collect import collect

    loaded = load_incident(folder / "V-1.yaml")
    judgement = judge(collect(loaded, progress=lambda *_: None, probe="off", interactive=False))
    told = judgement.diagnosis.to_json()
    return told["verdict"], [(c["cause"], c["finding"], c["affected"]["count"]) for c in told["causes"]], told["people"]


@pytest.mark.parametrize(("provider", "kind"), CASES)
def test_the_same_diagnosis_whatever_the_form(provider: str, kind: str, exported, tmp_path: Path) -> None:
    origin = exported[provider]
    file, kinds = KINDS[provider]
    expected = diagnosis(origin)
    assert expected[1], "a fault that is found"
    for path in origin.rglob("*"):
        if path.is_file() and path.name != file:
            target = tmp_path / path.relative_to(origin)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    records = json.loads((origin / "exports" / file).read_text())
    for name, content in kinds[kind](records if isinstance(records, list) else records["value"]).items():
        put(tmp_path / "exports", name, content)
    assert diagnosis(tmp_path) == expected


def test_the_portals_main_file_alone_asks_for_the_others_and_names_strange_columns(exported, tmp_path: Path) -> None:
    records = json.loads((exported["entra"] / "exports" / "provisioning-log.json").read_text())
    files = variants.ENTRA["portal CSV"](records if isinstance(records, list) else records["value"])
    put(tmp_path, "ProvisioningLogs.csv", files["ProvisioningLogs.csv"])
    note = row_of(read(tmp_path), "ProvisioningLogs.csv")["note"]
    assert "ProvisioningLogs_ProvisioningSteps" in note and "Favourite colour" in note


def test_a_portal_file_without_a_known_time_is_refused_by_its_columns(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "Change ID,Action,Zustand,Zeitpunkt\n1,Create,gut,heute\n2,Create,gut,heute\n")
    put(tmp_path, "users.csv", "id,userPrincipalName\n1,a@example.com\n")
    refused = row_of(read(tmp_path), "a.csv")["refused"]
    assert "Zustand" in refused and "Zeitpunkt" in refused and "activityDateTime" in refused


TASKS = """Dashboard > Tasks
Automatic provisioning of user Ada Lind to app Catalog failed: Matching user not found
Automatic profile push of user bob@example.com to app Catalog failed: Error while trying to push profile update for \
bob@example.com: Bad Request. Errors reported by remote server: department is not supported
Failed on 11-20-2026 02:05:09PM UTC: Unable to update Group Push mapping target App group Data: Error while creating \
user group Data: Conflict. Errors reported by remote server: exists
""".replace("\\\n", "")


def test_task_texts_become_failures_of_the_people_they_name(tmp_path: Path) -> None:
    put(tmp_path, "pasted.txt", TASKS)
    people = [
        {
            "id": "00u1",
            "status": "ACTIVE",
            "profile": {"login": "ada@example.com", "firstName": "Ada", "lastName": "Lind"},
        }
    ]
    put(tmp_path, "users.json", people)
    parts = read(tmp_path, incident("okta"))
    events = {e["name"]: e for e in parts.rows["events"]}
    assert {(e["action"], e["status"]) for e in events.values()} == {
        ("create", "failure"), ("update", "failure"), ("group_update", "failure")}  # fmt: skip
    assert events["Ada Lind"]["person_key"] == "00u1"
    assert events["bob@example.com"]["reason"].endswith("department is not supported")
    assert events["Data"]["at"].isoformat() == "2026-11-20T14:05:09+00:00"
    row = row_of(parts, "pasted.txt")
    assert (row["rows"], row["complete"]) == (3, False) and "no task: 1" in row["note"]


def test_the_report_of_assignments_names_who_is_assigned(tmp_path: Path) -> None:
    report = (
        "User,Login,Application name,Application instance,Application login,Assigned on,Unassigned on\n"
        "Ada Lind,ada@example.com,SCIM 2.0,Catalog,ada@example.com,2026-11-01 08:00:00 UTC,\n"
        "Bob,bob@example.com,SCIM 2.0,Catalog,bob@example.com,2026-11-01 08:00:00 UTC,2026-11-05 08:00:00 UTC\n"
        ",,SCIM 2.0,Catalog,,2026-11-01 08:00:00 UTC,\n"
    )
    put(tmp_path, "report.csv", report)
    parts = read(tmp_path, incident("okta"))
    assert [a["person_key"] for a in parts.rows["app_accounts"]] == ["ada@example.com"]
    row = row_of(parts, "report.csv")
    assert (row["rows"], row["unreadable"], row["complete"]) == (2, 1, False)
    # beside the application's own answer it neither replaces what that tells nor makes it a part
    ada = okta_data.app_user(
        "00uAda", externalId="acc-1", status="PROVISIONED", credentials={"userName": "ada@example.com"}
    )
    put(tmp_path, "app-users.json", [ada])
    parts = read(tmp_path, incident("okta"))
    (row,) = parts.rows["app_accounts"]
    assert (row["person_key"], row["status"], row["external_id"]) == ("00uAda", "PROVISIONED", "acc-1")
    assert row_of(parts, "report.csv")["complete"] is None


def test_assignments_of_several_applications_are_not_mixed(tmp_path: Path) -> None:
    put(
        tmp_path,
        "report.csv",
        "Login,Application,Assigned on\na@example.com,X,2026-11-01\nb@example.com,Y,2026-11-01\n",
    )
    assert "several applications: X, Y" in row_of(read(tmp_path, incident("okta")), "report.csv")["refused"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", ["Log Analytics JSON", "diagnostic NDJSON", "portal CSV"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_no_record_crashes_a_parser_or_gets_lost(kind: str, data: st.DataObject, exported, tmp_path_factory) -> None:
    origin = json.loads((exported["entra"] / "exports" / "provisioning-log.json").read_text())
    records = (origin if isinstance(origin, list) else origin["value"])[:6]
    folder = tmp_path_factory.mktemp("junk")
    files = variants.ENTRA[kind](records)
    name = next(iter(files))
    if name.endswith(".csv"):
        rows = [line.split(",") for line in str(files[name]).splitlines()]
        place = data.draw(st.integers(0, len(rows[0]) - 1))
        cell = data.draw(
            st.sampled_from(["", "x", "{", "[1]", "9" * 30, "0001-01-01T00:00:00Z", "P10675199DT2H48M5.4775807S"])
        )
        files[name] = "\n".join(
            ",".join([*r[:place], cell, *r[place + 1 :]]) if n == 2 else ",".join(r) for n, r in enumerate(rows)
        )
    else:
        text = str(files[name])
        values = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        victim = data.draw(st.sampled_from(values))
        key = data.draw(st.sampled_from(sorted(victim)))
        if data.draw(st.booleans()):
            victim[key] = data.draw(JUNK)
        else:
            del victim[key]
        files[name] = variants.lines(values)
    for file, content in files.items():
        put(folder, file, content)
    row = row_of(read(folder), name)
    assert row["rows"] + row["unreadable"] == len(records), row


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_a_log_of_one_application_is_known_as_one(provider: str, tmp_path: Path) -> None:
    ours = [okta_data.event(number=n) for n in range(3)] if provider == "okta" else [entra_made.record(1)]
    other = okta_data.event("user.lifecycle.create", number=9, target=[{"id": "00ux", "type": "User"}])
    if provider == "entra":
        other = entra_made.record(9, servicePrincipal={"id": "11111111-2222-4333-8444-555555555555"})
    about = (
        okta_data.incident() if provider == "okta" else incident(entra={"service_principal_id": entra_made.PRINCIPAL})
    )
    for records, beside in ((ours, 0), ([*ours, other], 1)):
        put(tmp_path, "log.json", json.dumps(records))
        assert read(tmp_path, about).facts.log_beside == beside
