"""Collecting: any subset of exports, provider and Catalog; nothing outside makes it raise; time says whose it is."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from scimrunbook.guide import HOW_TO_GET
from scimrunbook.incident_file import load_incident
from scimrunbook.simulator.world import AS_OF
from scimrunbook.snapshot import WHATS, Snapshot, save
from scimrunbook.sources.collect import collect
from scimrunbook.sources.parts import Parts
from scimrunbook.sources.superseded import take_live
from scimrunbook.sources.window import AFTER, HISTORY, log_window
from tests.sources import entra_made, okta_data
from tests.tenants import incident, quiet, tenant

PROVIDERS = ("okta", "entra")
HOSTS = {"incident": "T-1", "catalog_host": "app.us.castordoc.com"}
ACCESS = {
    "okta": {"org_url": "https://acme-practice.okta.com", "app_id": "0oa1"},
    "entra": {
        f"{k}_id": f"{n * 8}-2222-4333-8444-555555555555" for k, n in (("tenant", "1"), ("service_principal", "a"))
    },
}


def edited(path: Path, **changes: object) -> Path:
    """The incident file with top-level keys changed; a dict is merged into what is there, None removes a key."""
    data = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        if value is None:
            data.pop(key, None)
        elif isinstance(value, dict):
            merged = {**(data.get(key) or {}), **value}
            data[key] = {k: v for k, v in merged.items() if v is not None}
        else:
            data[key] = value
    path.write_text(yaml.safe_dump(data, allow_unicode=True))
    return path


def of(path: Path, **how) -> Snapshot:
    return collect(load_incident(path), progress=quiet, **how)


def written(folder: Path, provider: str, **more: object) -> Path:
    path = folder / "T-1.yaml"
    path.write_text(yaml.safe_dump({**HOSTS, "identity_provider": provider, **more}))
    return path


# -- whatever is there ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_live_everything_is_read_by_the_providers_clock(provider: str, tmp_path: Path) -> None:
    with incident(provider, "none", "live", tmp_path) as (path, _):
        got = of(path)
    facts = got.facts
    assert (facts.source, facts.as_of_is, facts.practice) == ("live", "provider_clock", True)
    assert got.as_of == AS_OF
    assert facts.clock_skew_seconds is not None
    assert (facts.token.given, facts.token.usable, facts.token.source) == (True, True, "file")
    refused = got["coverage"].dropna(subset=["refused"])
    assert refused.empty, refused[["what", "refused"]]
    ours = {w for w in WHATS if w.startswith((provider, "catalog"))}
    assert ours <= set(got["coverage"]["what"])
    assert not got["events"].empty
    assert not got["accounts"].empty


@pytest.mark.parametrize("provider", PROVIDERS)
def test_live_and_exports_hold_the_same_people_and_accounts(provider: str, tmp_path: Path) -> None:
    with incident(provider, "none", "live", tmp_path / "live") as (path, _):
        live = of(path)
    with incident(provider, "none", "exports", tmp_path / "files") as (path, _):
        files = of(path)
    assert (files.facts.source, files.facts.as_of_is, files.facts.practice) == ("exports", "newest_record", False)
    assert files["probes"].empty
    assert files.as_of <= live.as_of
    assert files.as_of >= files["events"]["at"].max()
    for table, key in (("people", "person_key"), ("groups", "group_key"), ("accounts", "account_id")):
        assert sorted(live[table][key]) == sorted(files[table][key]), table


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_no_longer_there_now_is_not_taken_from_an_older_export(provider: str, tmp_path: Path) -> None:
    tenant(provider, "none").export(tmp_path / "exports")
    gone = {"okta": okta_data.app_user("00uGone", status="ACTIVE"), "entra": entra_made.assignment("u-gone")}[provider]
    old = {"okta": "app-users.json", "entra": "assignments.json"}[provider]
    said = json.loads((tmp_path / "exports" / old).read_text())
    (said if provider == "okta" else said["value"]).append(
        gone if provider == "okta" else {**gone, "resourceId": said["value"][0]["resourceId"]}
    )
    (tmp_path / "exports" / old).write_text(json.dumps(said))
    (tmp_path / "exports" / "catalog-users.csv").write_text(
        "email,first name,last name,active\nleft.long.ago@example.com,Left,Long,true\n"
    )
    with incident(provider, "none", "live", tmp_path) as (path, _):
        alone, got = of(path), of(edited(path, exports="exports"))
    for table in (
        "people",
        "assignments",
        "app_accounts",
        "memberships",
        "mappings",
        "accounts",
        "team_members",
        "jobs",
    ):
        assert len(got[table]) == len(alone[table]), table
    assert all(got.whole(w) for w in ("catalog.users", f"{provider}.users"))
    file = got["coverage"].query("name == 'catalog-users.csv'").iloc[0]
    assert "read live as well" in file["note"]


def test_a_live_read_that_broke_off_makes_no_second_accounts_of_an_export_without_ids() -> None:
    parts = Parts()
    parts.add("accounts", [{"account_id": n, "user_name": n, "email": n} for n in ("a@example.com", "b@example.com")])
    parts.spool("accounts").add({"account_id": ["1"], "user_name": ["A@example.com"]})
    parts.cover("catalog.users", source="live", name="x", rows=1, complete=False)
    take_live(parts, {"accounts": 2}, "okta")
    assert sorted(parts.table("accounts")["account_id"]) == ["1", "b@example.com"]


def test_a_second_account_of_one_name_in_an_export_is_not_lost_where_a_live_read_broke_off() -> None:
    parts = Parts()
    parts.add(
        "accounts", [{"account_id": i, "user_name": "a@example.com"} for i in ("a@example.com", "a@example.com (2)")]
    )
    parts.spool("accounts").add({"account_id": ["1"], "user_name": ["a@example.com"], "email": ["A@example.com"]})
    parts.cover("catalog.users", source="live", name="x", rows=1, complete=False)
    take_live(parts, {"accounts": 2}, "okta")
    assert sorted(parts.table("accounts")["account_id"]) == ["1", "a@example.com (2)"]


def test_exports_beside_a_live_catalog_keep_their_own_time(tmp_path: Path) -> None:
    tenant("okta", "none").export(tmp_path / "exports")
    with incident("okta", "none", "live", tmp_path) as (path, _):
        got = of(edited(path, exports="exports", okta={"token": None}))
    assert got.facts.source == "live+exports"
    assert got.facts.as_of_is == "newest_record"
    assert got.as_of < AS_OF
    assert not got["probes"].empty
    assert set(got["coverage"].loc[got["coverage"]["what"] == "catalog.users", "source"]) == {"live", "file"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_with_nothing_to_read_every_gap_says_how_to_fill_it(provider: str, tmp_path: Path) -> None:
    got = of(written(tmp_path, provider))
    ours = [w for w in WHATS if w.startswith((provider, "catalog"))]
    for what in ours:
        why, how = got.refusal(what) or ("", "")
        assert why, what
        assert how, what
    assert len(got["coverage"]) == len(ours)
    assert (got.facts.source, got.facts.as_of_is) == ("", "local_clock")
    assert not got.facts.token.given


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_a_catalog_token_a_live_provider_is_read_and_the_endpoint_only_tried(
    provider: str, tmp_path: Path
) -> None:
    with incident(provider, "none", "live", tmp_path) as (path, _):
        got = of(edited(path, catalog={"token": None}))
        silent = of(path, probe="off")
    assert set(got["probes"]["probe"]) == {"no_token", "wrong_token"}
    assert got["probes"]["ok"].all()
    assert not got.read("catalog.users")
    assert "catalog.token" in (got.refusal("catalog.users") or ("", ""))[0]
    assert not got["people"].empty
    assert silent["probes"].empty
    assert silent.refusal("catalog.probe")


def test_offline_exports_send_nothing_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    def refuse(*_: object) -> None:
        raise AssertionError("a request was sent")

    with incident("okta", "none", "exports", tmp_path) as (path, _):
        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", refuse)
        assert not of(path)["people"].empty


# -- whatever goes wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_that_is_down_is_a_gap_with_a_reason(provider: str, tmp_path: Path) -> None:
    with incident(provider, "none", "live", tmp_path) as (path, _):
        pass  # served no longer
    got = of(path)
    assert got["people"].empty
    problems = got["coverage"].dropna(subset=["refused"])
    assert set(problems["what"]) >= {"catalog.users", f"{provider}.users"}
    assert problems["get_it"].notna().all()
    assert "nobody listens" in (got.refusal("catalog.users") or ("", ""))[0]
    assert got.facts.as_of_is == "local_clock"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_references_that_lead_nowhere_are_problems_not_crashes(provider: str, tmp_path: Path) -> None:
    key = "token" if provider == "okta" else "credential"
    access = {**ACCESS[provider], key: "env:SCIM_NOBODY_SET_THIS"}
    (tmp_path / "open.token").write_text("x" * 30)
    (tmp_path / "open.token").chmod(0o644)
    got = of(written(tmp_path, provider, **{provider: access, "catalog": {"token": "file:open.token"}}))
    problems = {p["key"]: p for p in got.facts.reference_problems}
    assert set(problems) == {f"{provider}.{key}", "catalog.token"}
    assert "SCIM_NOBODY_SET_THIS" in problems[f"{provider}.{key}"]["problem"]
    assert "0644" in problems["catalog.token"]["problem"]
    assert all(p["remedy"] for p in problems.values())
    assert "0644" in (got.refusal("catalog.users") or ("", ""))[0]
    assert "SCIM_NOBODY_SET_THIS" in (got.refusal(f"{provider}.users") or ("", ""))[0]


def test_a_malformed_catalog_token_is_told_by_its_shape(tmp_path: Path) -> None:
    pasted = "half-of-a-token " + "the-other-half-of-it"
    with incident("okta", "none", "live", tmp_path) as (path, _):
        token = next(tmp_path.glob("*.catalog-token"))
        token.write_text(pasted)
        got = of(path)
    token_facts = got.facts.token
    assert (token_facts.given, token_facts.usable, token_facts.length) == (True, False, len(pasted))
    assert token_facts.problems == ["blanks"]
    assert not got.read("catalog.users")
    assert not got["people"].empty


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_refused_provider_credential_names_what_is_missing(provider: str, tmp_path: Path) -> None:
    with incident(provider, "none", "live", tmp_path) as (path, _):
        next(tmp_path.glob(f"*.{provider}-token")).write_text("a-credential-of-somebody-else-0000000000")
        got = of(path)
    assert got["people"].empty
    why, how = got.refusal(f"{provider}.users") or ("", "")
    assert why
    assert how
    assert not got["accounts"].empty


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_token_reaches_the_snapshot(provider: str, tmp_path: Path) -> None:
    with incident(provider, "none", "live", tmp_path / "i") as (path, built):
        got = of(path)
    tokens = [built.provider_token, *built.catalog.tokens]
    save(got, tmp_path / "snapshot")
    texts = [t.to_csv() for t in got.tables.values()] + [(tmp_path / "snapshot" / "facts.json").read_text()]
    raw = b"".join(p.read_bytes() for p in (tmp_path / "snapshot").iterdir())
    for token in tokens:
        assert len(token) > 15
        assert not any(token in text for text in texts)
        assert token.encode() not in raw
    assert json.loads(texts[-1])["facts"]["token"]["fingerprint"] is None


# -- which stretch of the log -----------------------------------------------------------------------------------------


def test_the_log_window_covers_the_incident_and_the_history_before_it(tmp_path: Path) -> None:
    plain = load_incident(written(tmp_path, "okta")).incident
    assert log_window(plain, AS_OF) == (AS_OF - HISTORY["okta"], AS_OF + AFTER)
    # all that Entra keeps: without Catalog's list nothing else tells who had an account before
    assert log_window(load_incident(written(tmp_path, "entra")).incident, AS_OF)[0] == AS_OF - timedelta(days=30)
    recent = {"start": (AS_OF - timedelta(days=2)).isoformat(), "end": AS_OF.isoformat()}
    assert (
        log_window(load_incident(written(tmp_path, "okta", window=recent)).incident, AS_OF)[0]
        == AS_OF - HISTORY["okta"]
    )
    old = {"start": (AS_OF - timedelta(days=40)).isoformat(), "end": (AS_OF - timedelta(days=39)).isoformat()}
    start, end = log_window(load_incident(written(tmp_path, "okta", window=old)).incident, AS_OF)
    assert (start, end) == (AS_OF - timedelta(days=41), AS_OF + AFTER)
    assert log_window(plain)[1] > AS_OF - timedelta(days=3650)


# -- several sources at once ------------------------------------------------------------------------------------------


def test_catalog_is_read_while_the_provider_is_and_all_of_it_arrives(tmp_path: Path) -> None:
    began: dict[str, float] = {}
    ended: dict[str, float] = {}

    def progress(step: str, done: int, total: int | None = None) -> None:
        began.setdefault(step, time.monotonic())
        ended[step] = time.monotonic()

    with incident("okta", "none", "live", tmp_path) as (path, _):
        got = collect(load_incident(path), progress=progress)
    log, probe = HOW_TO_GET["okta.system_log"].title, HOW_TO_GET["catalog.probe"].title
    assert began[probe] < ended[log]
    assert got["coverage"]["what"].is_unique
    assert not got["accounts"].empty and not got["probes"].empty and not got["mappings"].empty


def test_what_goes_wrong_while_catalog_is_read_is_not_swallowed(tmp_path: Path, monkeypatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("ours")

    monkeypatch.setattr("scimrunbook.sources.collect.catalog.read", broken)
    with incident("okta", "none", "live", tmp_path) as (path, _), pytest.raises(LookupError, match="ours"):
        of(path)


@pytest.mark.parametrize("access", [{"client_id": "0oa2", "private_key": "file:none.pem"}])
def test_a_key_that_is_not_there_is_said_under_its_own_name(access: dict[str, str], tmp_path: Path) -> None:
    with incident("okta", "none", "live", tmp_path) as (path, _):
        got = of(edited(path, okta={**access, "token": None}))
    assert got.facts.reference_problems[0]["key"] == "okta.private_key"
    assert "does not exist" in got.refusal("okta.app")[0]


def test_azure_is_not_signed_in_to_for_practice(tmp_path: Path) -> None:
    with incident("entra", "none", "live", tmp_path) as (path, _):
        got = of(edited(path, entra={"sign_in": "azure"}))
    assert got.facts.reference_problems[0]["key"] == "entra.sign_in"
