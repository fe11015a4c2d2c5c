"""The faces show every finding, escape everything, and need neither script nor network."""

from __future__ import annotations

import io
import re
from dataclasses import asdict, replace
from functools import cache, partial
from html import unescape

import pandas as pd
import pytest
from rich.console import Console

from scimrunbook.asked import asked
from scimrunbook.findings import Action, Cause, Evidence, Finding, Manual, Status
from scimrunbook.show import panels, terminal
from scimrunbook.show.cards import card
from scimrunbook.show.report import report
from scimrunbook.show.tables import table
from scimrunbook.show.texts import support_request, ticket_comment
from scimrunbook.show.view import View
from scimrunbook.snapshot import TABLES, empty, frame
from tests.show.test_words import PAYLOADS, _Tags

EVIL = "".join(PAYLOADS)
ALLOWED = frozenset(
    "html head meta title style body main div section h1 h2 h3 h4 p small b code span details summary dl dt dd ol li "
    "a table caption thead tbody tr th td figure img figcaption nav ul header footer wbr".split()
)


def finding(status: Status, number: int, text: str = EVIL) -> Finding:
    return Finding(
        id=f"connection.check_{number}",
        title=f"Healthy state {number} {text}",
        status=status,
        section="connection",
        provider="okta",
        expected=text,
        actual=text,
        evidence=(Evidence(text, (text, "b"), ((text, text),), 5),),
        affected=("00u1", "00u2"),
        actions=(Action(text, text, text),) if status in (Status.FAIL, Status.WARN) else (),
        manual=Manual(text, text) if status is Status.MANUAL else None,
        needs=text if status is Status.SKIPPED else "",
        guide="https://docs.coalesce.io/docs/catalog",
        causes=(Cause.URL_OR_TOKEN,),
        since="2026-11-18T11:00:00Z",
    )


@pytest.fixture
def view() -> View:
    tables = {name: empty(name) for name in TABLES}
    tables["events"] = frame(
        "events",
        [
            {
                "event_id": "1",
                "at": "2026-11-19T00:00:00Z",
                "status": "failure",
                "reason": EVIL,
                "error_code": EVIL,
                "step": EVIL,
                "name": EVIL,
            }
        ],
    )
    tables["coverage"] = frame("coverage", [{"what": "okta.app", "source": "file", "name": EVIL, "rows": 1}])
    cause = {
        "cause": "url_or_token", "finding": "connection.check_0", "share": 0.5, "why": EVIL,
        "affected": {"count": 2, "keys": ["00u1", "00u2"], "table": "people"}, "findings": ["connection.check_0"],
        "actions": [{"where": EVIL, "what": EVIL, "why": EVIL}], "ask": EVIL,
        "preview": {"sentence": EVIL, "warnings": [EVIL]}, "look_again": {"text": EVIL},
        "meanwhile": [{"where": EVIL, "what": EVIL, "why": EVIL}],
    }  # fmt: skip
    made = View(
        incident={"incident": "CAT-1", "summary": EVIL, "identity_provider": "okta", "catalog_host": EVIL,
                  "connect_to": None},
        findings=[finding(s, i).to_json() for i, s in enumerate(Status)],
        diagnosis={"verdict": "problem", "as_of": "2026-11-20T14:00:00Z", "causes": [cause],
                   "people": {"attempt": 2, "done": 20}, "not_checked": [{"what": EVIL, "get_it": EVIL}], "first": EVIL,
                   "masked": [{"kind": "hidden", "actual": EVIL}], "decides": {"what": EVIL, "get_it": EVIL},
                   "contact_support": {"needed": True, "reason": EVIL}},
        run={"run": "r", "version": "1", "as_of_is": "provider_clock", "age_seconds": 5.0},
        labels={"00u1": EVIL},
        sections={"connection": {"title": "Connection", "about": "", "link": ""}},
        causes={"url_or_token": {"title": "URL or token", "meaning": ""}},
        hops=pd.DataFrame({"login": [EVIL], "name": [EVIL], "hop": ["attempt"], "proof": [EVIL], "action": ["x"]}),
        tables=tables,
    )  # fmt: skip
    return replace(made, asked=cache(partial(asked, made.findings, made.diagnosis, made.hops, tables)))


def tags(html: str) -> _Tags:
    parser = _Tags()
    parser.feed(html)
    return parser


def test_the_report_is_static_and_nothing_in_it_is_alive(view: View) -> None:
    html = report(view)
    parser = tags(html)
    assert {t for t, _ in parser.tags} <= ALLOWED
    attributes = {(t, a): v or "" for t, pairs in parser.tags for a, v in pairs}
    assert not [a for _, a in attributes if a.startswith("on")]
    links = [dict(p).get("href") or "" for t, p in parser.tags if t == "a"]
    assert all(link.startswith(("#", "https://docs.coalesce.io/")) for link in links)
    assert "default-src 'none'" in html
    assert not re.search(r"url\(|@import", html)


@pytest.mark.parametrize("make", [panels.overview, panels.people, lambda v: panels.section(v, "connection"),
                                  lambda v: panels.data(v, "events"), lambda v: panels.data(v, "jobs")])  # fmt: skip
def test_panels_are_static_too(view: View, make) -> None:
    panel = make(view)
    assert {t for t, _ in tags(panel.html).tags} <= ALLOWED
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", panel.text)


def test_every_finding_stands_in_report_and_section(view: View) -> None:
    html, panel = report(view), panels.section(view, "connection")
    for one in view.findings:
        assert one["id"] in html
        assert one["id"] in panel.html
        assert f"Healthy state {one['id'][-1]}" in panel.text
    assert [f["status"] for f in panel.data["findings"]] == ["fail", "warn", "error", "manual", "skipped", "pass"]


def test_a_table_reads_as_words_and_breaks_no_address(view: View) -> None:
    rows = (("k", "Data", "left_over", "True", "external_id", "ada.lovelace@example.com"),)
    shown = Evidence("Who", ("owner", "name", "gap", "active", "how", "user_name"), rows, 1)
    html = card({**finding(Status.FAIL, 1, "x").to_json(), "evidence": [asdict(shown)]}, {"k": "Ada"}.get)
    assert "<td>Ada</td>" in html and "<td>still in it</td><td>yes</td><td>external id</td>" in html
    assert '<td class="srb-word">ada.lovelace@<wbr>example.com</td>' in html
    guest = "vera.janssen_partner.example.net#EXT#@practice.onmicrosoft.com"
    assert f'<td class="srb-id">{guest}</td>' in table("t", ("a",), [(guest,)]), "longer than a column: broken anywhere"
    assert "application.<wbr>provision.<wbr>user.<wbr>push_<wbr>profile" in table("t", ("a",), [
        ("application.provision.user.push_profile",)])  # fmt: skip
    assert '<td class="srb-word">Invalid<wbr>Tenant<wbr>Url<wbr>Given' in table(
        "t", ("a",), [("InvalidTenantUrlGiven",)]
    )


def test_the_table_of_what_was_read_has_no_column_in_which_nothing_stands(view: View) -> None:
    said = report(view)
    assert "Sources of this run (nothing unreadable and nothing refused)" in said
    assert '<th scope="col">refused</th>' not in said
    rows = [
        {"what": "okta.app", "source": "live", "name": "x", "rows": 0, "unreadable": 2, "refused": "okta.apps.read"}
    ]
    said = report(replace(view, tables={**view.tables, "coverage": frame("coverage", rows)}))
    assert '<th scope="col">refused</th>' in said and '<th scope="col">unreadable</th>' in said


def test_the_terminal_keeps_80_columns_without_colour_codes(view: View) -> None:
    out = io.StringIO()
    terminal.verdict(Console(file=out, width=80, highlight=False), view, "outputs/CAT-1/r")
    text = out.getvalue()
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "\x1b" not in text
    assert "A problem was found" in text
    assert "outputs/CAT-1/r/report.html" in text


def test_the_ticket_comment_is_short_and_plain(view: View) -> None:
    from markdown_it import MarkdownIt

    text = ticket_comment(view)
    assert len(text.strip().splitlines()) <= 10
    parser = tags(MarkdownIt("commonmark", {"html": True}).render(text))
    assert {t for t, _ in parser.tags} <= {"p", "strong", "ol", "ul", "li"}
    rendered = tags(MarkdownIt("commonmark", {"html": True}).render(support_request(view)))
    assert {t for t, _ in rendered.tags} <= {"p", "strong", "ol", "ul", "li", "h1", "h2", "code", "br"}


@pytest.mark.parametrize(("exports", "put"), [(None, "a folder beside the incident file"), ("E", "the folder E, and")])
def test_an_undecided_run_never_reads_as_healthy_and_says_what_to_get_and_where_to_put_it(
    view: View, exports: str | None, put: str
) -> None:
    decides = {"what": "Okta's System Log", "get_it": "live with a token; or as a file: Reports > System Log."}
    told = {**view.diagnosis, "verdict": "inconclusive", "causes": [], "decides": decides}
    undecided = replace(view, diagnosis=told, incident={**view.incident, "exports": exports})
    out = io.StringIO()
    terminal.verdict(Console(file=out, width=1000), undecided, "x")
    faces = [ticket_comment(undecided).replace("\\", ""), out.getvalue(), panels.overview(undecided).text]
    faces += [unescape(report(undecided)), unescape(panels.overview(undecided).html)]
    for face in faces:
        assert (
            "Okta's System Log. Live with a token; or as a file: Reports > System Log. Put the file into " + put in face
        )
        assert "healthy state." not in face


def test_practice_is_said_everywhere(view: View) -> None:
    practice = replace(view, incident={**view.incident, "connect_to": "127.0.0.1:1"})
    out = io.StringIO()
    terminal.verdict(Console(file=out, width=80), practice, "x")
    faces = [report(practice), panels.overview(practice).html, panels.section(practice, "connection").html,
             panels.people(practice).html, out.getvalue(), ticket_comment(practice)]  # fmt: skip
    assert all("PRACTICE" in face for face in faces)
    assert "PRACTICE" not in report(view)
