"""One person's and one team's way: found without guessing, every hop with its proof, the stop with its next step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from scimrunbook.card import person_card, team_card
from scimrunbook.checks.runner import run_checks
from scimrunbook.cli import app
from scimrunbook.findings import Finding
from scimrunbook.lookup import find
from scimrunbook.show.way import way
from scimrunbook.snapshot import Snapshot
from scimrunbook.team_trace import TEAM_HOPS, team_trace
from scimrunbook.timeline import COLUMNS, WHAT, timeline
from scimrunbook.trace import HOPS, trace
from tests.checks.build import LATE, OLD, Tenant

# judging a tenant takes half a second: the quick suite sees one provider, the slow one both
BOTH = pytest.mark.parametrize("provider", ["okta", pytest.param("entra", marks=pytest.mark.slow)])


def card_of(snapshot: Snapshot, key: str) -> dict[str, Any]:
    findings = run_checks(snapshot)
    return person_card(snapshot, [f.to_json() for f in findings], trace(snapshot, findings), key)


def team_of(snapshot: Snapshot, key: str) -> dict[str, Any]:
    findings = run_checks(snapshot)
    return team_card(snapshot, [f.to_json() for f in findings], team_trace(snapshot, findings), key)


def states(card: dict[str, Any]) -> dict[str, str]:
    return {h["hop"]: h["state"] for h in card["hops"]}


@BOTH
@pytest.mark.parametrize(
    ("who", "how"),
    [("ADA@example.com ", "login"), ("ada", "object id"), ("cat-ada", "account id"), ("Ada Lind", "name"), ("lin", "")],
)
def test_a_person_is_found_by_every_name_they_have(provider: str, who: str, how: str) -> None:
    found = find(Tenant(provider).snapshot(), who)
    assert list(found["key"]) == ["ada"]
    assert not how or list(found["how"]) == [how]


@BOTH
def test_what_fits_several_is_shown_not_guessed(provider: str) -> None:
    snapshot = Tenant(provider).snapshot()
    assert set(find(snapshot, "example.com")["key"]) == {"ada", "bob", "cid", "dot"}
    # "d" is in Ada's and Cid's names too, but the group Data is named exactly
    assert find(snapshot, "data")[["kind", "key"]].to_numpy().tolist() == [["group", "g2"]]
    assert find(snapshot, "nobody at all").empty and find(snapshot, "  ").empty


def test_an_exact_external_id_beats_a_part_of_a_name() -> None:
    tenant = Tenant("entra")
    tenant.row("accounts", account_id="cat-bob")["external_id"] = "ada@example.net"
    found = find(tenant.snapshot(), "ada@example.net")
    assert list(found["key"]) == ["bob"] and list(found["how"]) == ["external id"]


@BOTH
def test_the_whole_way_shows_a_proof_at_every_hop(provider: str) -> None:
    card = card_of(Tenant(provider).snapshot(), "ada")
    assert tuple(h["hop"] for h in card["hops"]) == HOPS
    assert card["hop"] == "done" and card["actions"] == [] and card["finding"] is None
    assert all(h["proof"] and h["question"] for h in card["hops"])
    assert {k: v for k, v in states(card).items() if k != "role"} == dict.fromkeys(HOPS[:-1], "passed")
    account = next(h for h in card["hops"] if h["hop"] == "account")
    assert account["record"] == {
        "table": "accounts",
        "fields": {
            "account_id": "cat-ada", "user_name": "ada@example.com", "external_id": "ada", "active": "True",
            "given_name": "Ada", "family_name": "Lind", "email": "ada@example.com", "created_at": OLD,
            "person_key": "ada", "how": "account_id" if provider == "okta" else "external_id", "managed": "True",
        },
    }  # fmt: skip
    delivered = next(h for h in card["hops"] if h["hop"] == "delivery")
    assert delivered["at"] == "2026-11-01T09:00:05Z" and delivered["record"]["fields"]["event_id"] == "b2"
    json.dumps(card, allow_nan=False)


@BOTH
def test_a_refused_person_stops_at_delivery_with_the_very_event(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.fail_all("Bad Request. Errors reported by remote server: familyName is required", http_status=400)
    card = card_of(tenant.snapshot(), "bob")
    stop = next(h for h in card["hops"] if h["state"] == "stopped")
    assert stop["hop"] == card["hop"] == "delivery"
    assert stop["record"]["fields"]["http_status"] == "400" and stop["at"] == LATE
    assert "familyName is required" in stop["proof"]
    assert stop["actions"] and stop["finding"] == card["finding"]
    assert {h["state"] for h in card["hops"][HOPS.index("delivery") + 1 :]} == {"not reached"}


@BOTH
def test_who_is_rightly_absent_is_told_so(provider: str) -> None:
    card = card_of(Tenant(provider).snapshot(), "cid")
    assert card["hop"] == "rightly_absent" and card["actions"] == []
    assert "rightly not in Catalog" in card["headline"]
    assert "inactive" in next(h for h in card["hops"] if h["hop"] == "account")["proof"]


def test_a_block_shows_the_blocks_own_record_not_an_older_event() -> None:
    tenant = Tenant("entra")
    tenant.facts.app.status = "ENABLED"
    tenant.rows["jobs"][0].update(state="Paused", schedule_state="Disabled")
    tenant.rows["config_changes"] = [{"at": LATE, "what": "provisioning_stopped", "actor": "admin@example.com"}]
    tenant.hire("eve", "2026-11-20T08:00:00Z", account=False)
    card = card_of(tenant.snapshot(), "eve")
    stop = next(h for h in card["hops"] if h["state"] == "stopped")
    assert stop["hop"] == "attempt" and stop["finding"] == "connection.provisioning_is_on"
    assert stop["record"]["table"] != "events"


@BOTH
def test_a_missing_team_stops_where_nothing_arrived(provider: str) -> None:
    tenant = Tenant(provider)
    assert team_of(tenant.snapshot(), "g2")["hop"] == "done"
    tenant.rows["teams"] = [t for t in tenant.rows["teams"] if t["name"] != "Data"]
    card = team_of(tenant.snapshot(), "g2")
    assert tuple(h["hop"] for h in card["hops"]) == TEAM_HOPS
    assert card["hop"] == "team" and all(h["proof"] for h in card["hops"])


@BOTH
def test_a_team_without_its_member_stops_at_members(provider: str) -> None:
    tenant = Tenant(provider)
    bob_too = {"group_key": "g2", "member_key": "bob", "member_type": "user"}
    tenant.rows["memberships"].append(bob_too)
    card = team_of(tenant.snapshot(), "g2")
    stop = next(h for h in card["hops"] if h["state"] == "stopped")
    assert stop["hop"] == "members" and stop["proof"].startswith("1 missing")
    assert stop["record"]["fields"]["members of the team"] == "1"


@BOTH
def test_the_line_of_time_is_in_order_and_names_its_sources(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.rows["config_changes"] = [{"at": LATE, "what": "mapping", "actor": "eve@example.com", "detail": "surname"}]
    tenant.fail_all("Bad Request", at="2026-11-20T09:00:00Z")
    line = timeline(tenant.snapshot())
    assert tuple(line.columns) == COLUMNS and line["at"].is_monotonic_increasing
    assert set(line["what"]) <= set(WHAT)
    assert {"setting", "first failure", "last success", "collected"} <= set(line["what"])
    bob = timeline(tenant.snapshot(), "bob")
    assert "create: failure, Bad Request" in set(bob["detail"])
    assert "the attribute mapping was changed: surname (by eve@example.com)" in set(bob["detail"])
    assert not [d for d in timeline(tenant.snapshot(), "ada")["detail"] if "Bad Request" in d]


@BOTH
def test_a_finding_comes_back_as_it_was_written(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.fail_all("Bad Request")
    for finding in run_checks(tenant.snapshot()):
        assert Finding.from_json(json.loads(json.dumps(finding.to_json()))).to_json() == finding.to_json()


def test_the_terminal_marks_the_stop_and_makes_hostile_names_harmless() -> None:
    tenant = Tenant("okta")
    tenant.row("people", person_key="bob")["family_name"] = "\x1b[31mMarek[bold]"
    tenant.fail_all("Bad Request")
    card = card_of(tenant.snapshot(), "bob")
    console = Console(record=True, width=80, force_terminal=False)
    found = {"incident": "T-1", "run": "r", "asked": "bob", "matches": [{"kind": "person"}], "cards": [card]}
    with console.capture() as printed:
        way(console, found)
    text = printed.get()
    assert "✖ delivery" in text and "→" in text and "\x1b" not in text and "[bold]" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_trace_answers_from_the_latest_run_as_json_alone(tmp_path: Path) -> None:
    run = CliRunner().invoke
    file = "parameters/demo-okta.yaml"
    nothing = run(app, ["trace", file, "zeno", "--outputs", str(tmp_path)])
    assert nothing.exit_code == 2 and "--collect" in nothing.output
    first = run(app, ["trace", file, "zeno.ibsen@example.com", "--outputs", str(tmp_path), "--collect", "--json"])
    assert first.exit_code == 1, first.output
    said = json.loads(first.stdout)
    assert said["cards"][0]["finding"] == "connection.actions_are_enabled"
    assert len(said["cards"][0]["hops"]) == 9
    by_id = run(
        app, ["trace", json.loads(first.stdout)["incident"], "zeno.ibsen@example.com", "--outputs", str(tmp_path)]
    )
    assert by_id.exit_code == first.exit_code and "Zeno Ibsen" in by_id.stdout
    several = run(app, ["trace", file, "example.com", "--outputs", str(tmp_path)])
    assert several.exit_code == 3 and "Which one?" in several.output
    assert run(app, ["trace", file, "nobody-at-all", "--outputs", str(tmp_path)]).exit_code == 2
