"""The numbers behind the pictures are those of the run, and every picture says in words what it shows."""

from __future__ import annotations

import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from scimrunbook import pictures
from scimrunbook.show import charts
from tests.checks.build import Tenant
from tests.show.test_words import PAYLOADS

STEPS = [("directory", "passed"), ("assignment", "stopped"), ("scope", "not reached"), ("role", "not known")]


def failing(number: int, code: str, at: str) -> list[dict[str, object]]:
    return [{"event_id": f"{code}{i}", "at": at, "status": "failure", "action": "create", "object_type": "user",
             "error_code": code} for i in range(number)]  # fmt: skip


def test_the_funnel_loses_exactly_those_who_stop() -> None:
    made = pictures.funnel({"assignment": 2, "delivery": 3, "done": 10, "waiting": 1, "rightly_absent": 4})
    assert made is not None and made["total"] == 16
    by_hop = {h["hop"]: h for h in made["hops"]}
    assert by_hop["directory"]["passed"] == 16 and by_hop["assignment"]["passed"] == 14
    assert by_hop["role"]["passed"] == 11 == made["apart"]["done"] + made["apart"]["waiting"]
    assert pictures.funnel({"rightly_absent": 4}) is None


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_failures_are_counted_by_code_and_the_rest_is_not_lost(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.rows["events"] = [
        row for n in range(1, 9) for row in failing(n, f"Code{n}", f"2026-11-19T0{n}:00:00Z")
    ]  # fmt: skip
    made = pictures.failures(tenant.snapshot())
    assert made is not None and made["total"] == 36
    assert [(s["code"], s["total"]) for s in made["series"]][:2] == [("Code8", 8), ("Code7", 7)]
    assert sum(sum(s["counts"]) for s in made["series"]) == 36
    assert len(made["series"]) == pictures.SERIES + 1


def test_an_answer_without_a_code_is_cut_between_words_and_marked() -> None:
    tenant = Tenant("okta")
    tenant.rows["events"] = [
        {**row, "error_code": None, "reason": "Unauthorized. Errors reported by remote server: The token is not valid."}
        for row in failing(2, "x", "2026-11-19T08:00:00Z")
    ]
    made = pictures.failures(tenant.snapshot())
    assert made is not None
    assert made["series"][0]["code"] == "Unauthorized. Errors reported by remote server: The token…"


def test_failures_from_before_the_window_are_not_drawn() -> None:
    tenant = Tenant("okta")
    tenant.rows["events"] = failing(3, "Old", "2026-11-02T08:00:00Z")
    assert pictures.failures(tenant.snapshot()) is None
    tenant.rows["events"] += failing(2, "New", "2026-11-19T08:00:00Z")
    made = pictures.failures(tenant.snapshot())
    assert made is not None and made["total"] == 2


def test_the_mapping_is_compared_row_by_row() -> None:
    tenant = Tenant("entra")
    healthy = pictures.mapping(tenant.snapshot())
    assert healthy is not None and {r["state"] for r in healthy["rows"]} == {"same"}
    rows = tenant.rows["mappings"]
    next(r for r in rows if r["target"] == "externalId" and r["object"] == "user")["source"] = "mailNickname"
    tenant.rows["mappings"] = [r for r in rows if r["target"] != "name.givenName"]
    tenant.rows["mappings"].append({**rows[0], "target": "title", "source": "jobTitle", "object": "user"})
    made = pictures.mapping(tenant.snapshot())
    assert made is not None
    states = {(r["object"], r["target"]): r["state"] for r in made["rows"]}
    assert states["user", "externalId"] == "different" and states["group", "externalId"] == "same"
    assert states["user", "name.givenName"] == "missing" and states["user", "title"] == "extra"


def test_a_refusal_that_was_meant_is_none() -> None:
    tenant = Tenant("okta")
    common = {"at": "2026-11-20T13:00:00Z", "host": "h", "path": "/Users", "latency_ms": 20}
    tenant.rows["probes"] = [
        {**common, "probe": "no_token", "http_status": 401, "ok": True},
        {**common, "probe": "list_users", "http_status": 401, "ok": False},
        {**common, "probe": "list_users", "http_status": None, "ok": False, "latency_ms": None, "failure": "timeout"},
    ]
    made = pictures.probe(tenant.snapshot())
    assert made is not None and (made["total"], made["refused"]) == (3, 1)
    drawn = charts.probe(made)
    assert "1 refused" in drawn and "timeout" in drawn


def test_two_accounts_of_one_person_stand_side_by_side() -> None:
    tenant = Tenant("okta")
    assert pictures.pairs(tenant.snapshot()) is None
    ada = next(a for a in tenant.rows["accounts"] if a["external_id"] == "ada")
    tenant.rows["accounts"].append({**ada, "account_id": "extra", "external_id": None, "given_name": "Adah"})
    made = pictures.pairs(tenant.snapshot())
    assert made is not None and made["total"] == 1 and len(made["people"][0]["accounts"]) == 2
    drawn = charts.pairs(made, {"ada": "Ada Lovelace"}.get)
    assert "Ada Lovelace: 2 accounts" in drawn and drawn.count("≠ differ") >= 2


def test_the_timeline_shows_quarantine_changes_and_the_window() -> None:
    tenant = Tenant("entra")
    tenant.rows["jobs"][0]["quarantine_since"] = "2026-11-19T02:00:00Z"
    tenant.rows["config_changes"] = [{"at": "2026-11-19T01:00:00Z", "what": "credentials", "actor": "eve"}]
    made = pictures.timeline(tenant.snapshot())
    assert made is not None
    lanes = {lane["name"]: lane["marks"] for lane in made["lanes"]}
    assert len(lanes["Quarantine"]) == len(lanes["Reported window"]) == len(lanes["Token or URL changed"]) == 1
    assert lanes["Token or URL changed"][0]["from"] < lanes["Quarantine"][0]["from"] < lanes["Quarantine"][0]["to"]
    assert "eve" in charts.timeline(made)


def test_a_tenant_of_which_nothing_was_read_has_no_pictures() -> None:
    tenant = Tenant("okta")
    tenant.rows = {"coverage": []}
    get = pictures.pictures(tenant.snapshot(), {"people": {}})
    assert all(get(n) is None for n in ("funnel", "timeline", "failures", "probe", "mapping", "pairs"))


def test_pictures_are_whole_xml_speak_in_words_and_hold_hostile_names_harmless() -> None:
    evil = "".join(PAYLOADS)
    tenant = Tenant("entra")
    tenant.rows["events"] = failing(3, evil, "2026-11-19T01:00:00Z")
    tenant.rows["config_changes"] = [{"at": "2026-11-19T01:00:00Z", "what": "other", "actor": evil, "detail": evil}]
    get = pictures.pictures(tenant.snapshot(), {"people": {"mapping": 1, "done": 3}})
    drawn = [charts.funnel(get("funnel")), charts.timeline(get("timeline")), charts.failures(get("failures")),
             charts.way(STEPS, evil)]  # fmt: skip
    for html in drawn:
        src, alt = re.search(r'<img src="data:image/svg\+xml,([^"]*)" alt="([^"]*)"', html).groups()
        root = ElementTree.fromstring(unquote(src.replace("&amp;", "&").replace("&#x27;", "'")))
        kinds = {e.tag.split("}")[1] for e in root.iter()}
        assert kinds <= {"svg", "style", "rect", "text", "path", "circle", "title"}
        assert len(alt) > 20 and "<figcaption>" in html and "<table>" in html
    assert "3 stop" not in unquote(drawn[0]) and "1 stop" in unquote(drawn[0])
    assert "✖" in unquote(drawn[3]) and "it stops at assignment" in drawn[3]
