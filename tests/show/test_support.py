"""What support asks for is told from whatever of it was collected: time, failing step, accounts, codes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import Any

import pandas as pd
import pytest

from scimrunbook.asked import Asked, asked
from scimrunbook.show import support
from scimrunbook.show.report import report
from scimrunbook.show.texts import support_request
from scimrunbook.show.view import View
from scimrunbook.snapshot import TABLES, empty, frame

VENDOR = "3e30f1a2-7777-4888-9999-aaaabbbbcccc"
OTHER = "4f41f2b3-7777-4888-9999-aaaabbbbcccc"


def view(window: Any = None, since: str | None = None, **rows: list[dict[str, Any]]) -> View:
    finding = {"id": "x.y", "title": "T", "status": "fail", "section": "connection", "actual": "A", "since": since,
               "evidence": [], "affected": {"count": 1, "keys": ["k1"]}, "actions": [], "manual": None, "answer": None,
               "expected": "", "blocked_by": None, "needs": "", "guide": "", "source": ""}  # fmt: skip
    cause = {"cause": "url_or_token", "finding": "x.y", "share": 1.0, "why": "W", "findings": ["x.y"], "actions": [],
             "affected": {"count": 2, "keys": ["k1", "k2"], "table": "trace"}, "ask": None}  # fmt: skip
    made = View(
        incident={"incident": "CAT-1", "identity_provider": "entra", "catalog_host": "app.us.castordoc.com",
                  "window": window, "connect_to": None},
        findings=[finding], run={"run": "r", "version": "1"}, labels={"k1": "ada@x.example"},
        diagnosis={"verdict": "problem", "as_of": "2026-11-20T14:00:00Z", "causes": [cause], "people": {},
                   "not_checked": [], "contact_support": {"needed": True, "reason": "R"}},
        hops=pd.DataFrame({"person_key": ["k1", "k2", "k3"], "login": ["a", "b", "c"], "name": ["a", "b", "c"],
                           "hop": ["attempt", "attempt", "scope"], "proof": ["", "", ""]}),
        tables={name: empty(name) for name in TABLES} | {n: frame(n, r) for n, r in rows.items()},
    )  # fmt: skip
    return replace(made, asked=cache(partial(asked, made.findings, made.diagnosis, made.hops, made.tables)))


FAILED = {"event_id": "1", "at": "2026-11-19T07:00:00Z", "status": "failure", "person_key": "k1", "error_code": "Bad",
          "step": "EntryExportAdd", "reason": "No. This operation was retried 3 times. Again after 2026"}  # fmt: skip
CHANGE = {"at": "2026-11-18T11:00:00Z", "what": "app_settings", "detail": "x"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"since": "2026-11-17T10:00:00Z", "events": [FAILED]}, "since 2026-11-17 10:00 UTC"),
        ({"events": [FAILED], "config_changes": [CHANGE]}, "since 2026-11-19 07:00 UTC"),
        ({"config_changes": [CHANGE]},
         "not known; the last change of the settings was 2026-11-18 11:00 UTC (app settings)"),
        ({"window": {"start": "2026-11-18T00:00:00Z", "end": None}},
         "as reported, between 2026-11-18 00:00 UTC and —"),
        ({}, "not known"),
    ],
)  # fmt: skip
def test_the_time_is_told_by_the_best_that_was_collected(given: dict[str, Any], said: str) -> None:
    made = view(**given)
    assert support.when(made) == said
    assert f"- Approximate time of failures: {said}" in support_request(made)


def test_the_failing_step_is_never_empty() -> None:
    assert support.steps(view()) == ["the provider's attempt to send (hop attempt: 2 people)"]
    job = {"job_id": "j", "state": "Quarantine", "quarantine_error_code": "Bad", "last_error_code": "Bad"}
    assert support.steps(view(events=[FAILED], jobs=[job]))[1:] == [
        "operations EntryExportAdd (1×)", "the provisioning job: Quarantine, Bad"]  # fmt: skip
    assert support.steps(view(jobs=[{"job_id": "j", "state": "Active"}])) == support.steps(view())
    assert asked(view().findings, view().diagnosis, pd.DataFrame(), view().tables).hops == []
    nobody = replace(view(), asked=Asked)
    assert support.steps(nobody) == ["no operation failed and nobody stopped on the way: see the cause"]


def test_an_account_is_told_by_the_id_catalog_gave_it_from_any_table_that_knows_it() -> None:
    account = {"account_id": VENDOR, "external_id": "k1"}
    for rows in ({"accounts": [account]}, {"app_accounts": [{"person_key": "k1", "external_id": VENDOR}]},
                 {"events": [{**FAILED, "target_id": VENDOR}]}):  # fmt: skip
        made = view(**rows)
        assert support.accounts(made) == [("ada@x.example", VENDOR), ("k2", support.NO_ACCOUNT)]
        assert f"- `{VENDOR}` (ada\\@x.example)" in support_request(made)
        assert f">{VENDOR}</td>" in report(made) and "Failing step" in report(made)
    twice = view(accounts=[account])
    rows = [["k1", VENDOR], ["k1", OTHER]]
    twice.findings[0]["evidence"] = [{"caption": "", "columns": ["owner", "account_id"], "rows": rows, "total": 2}]
    assert [a for _, a in support.accounts(twice)] == [VENDOR, OTHER, support.NO_ACCOUNT]


def test_everybody_concerned_is_counted_though_a_cause_lists_its_first_hundred() -> None:
    made = view()
    made.diagnosis["causes"][0]["affected"] = {"count": 12_345, "keys": [f"k{i}" for i in range(100)], "table": "trace"}
    assert len(support.accounts(made)) == 50
    assert "- and 12,295 more" in support_request(made) and "and 12,295 more" in report(made)


def test_the_same_answer_to_a_later_try_is_the_same_error() -> None:
    later = {**FAILED, "event_id": "2", "reason": FAILED["reason"].replace("3", "4")}
    job = {"job_id": "j", "last_error_code": "Bad2", "quarantine_error_code": "Bad2", "last_error_message": "Off"}
    made = view(events=[FAILED, later], jobs=[job])
    assert made.asked().texts == {"No.": 2, "Off": 1}
    assert made.asked().codes == {"Bad2": 1, "Bad": 2}


def test_the_quarantine_of_another_job_of_the_application_is_not_told_support() -> None:
    own = {"job_id": "scim.t.1", "template": "scim", "state": "Active", "last_began_at": "2026-11-20T13:00:00Z"}
    other = {"job_id": "AzureADToSAML.x", "template": "Other", "state": "Quarantine",
             "quarantine_error_code": "Foreign",
             "quarantine_error_message": "not ours", "last_began_at": "2026-11-20T13:30:00Z"}  # fmt: skip
    told = view(jobs=[own, other])
    assert "Foreign" not in told.asked().codes and "not ours" not in told.asked().texts
    assert not any("Foreign" in step for step in support.steps(told))
    assert "Foreign" in view(jobs=[{**own, "quarantine_error_code": "Foreign"}]).asked().codes
