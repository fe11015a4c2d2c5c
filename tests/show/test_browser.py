"""The report and the notebooks' own output in a real browser: offline, inert, accessible, whole without JavaScript."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from scimrunbook.run import run_incident
from scimrunbook.show import panels
from scimrunbook.show.cards import fragment
from scimrunbook.show.localtime import local
from scimrunbook.show.report import report
from scimrunbook.show.words import STATUS
from scimrunbook.viewing import view_of
from tests.browser import ARTEFACTS, chromium, grave
from tests.conftest import ROOT
from tests.show.test_faces import EVIL, view  # noqa: F401
from tests.tenants import NINE, quiet

pytestmark = pytest.mark.slow
PROVIDERS = ("okta", "entra")
# What can be seen from outside when a payload came alive.
BAD = """script, iframe, object, embed, form, [onerror], [onload], [onclick], [onmouseover], a[href^='javascript:'],
img:not([src^='data:image/svg+xml'])"""
ALIVE = "(bad) => [window.__pwn, document.querySelectorAll(bad).length]"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("outputs")
    return {
        p: run_incident(ROOT / "parameters" / f"demo-{p}.yaml", progress=quiet, outputs=out).folder for p in PROVIDERS
    }


def opened(browser: Any, file: Path, seen: list[str], **options: Any) -> Any:
    context = browser.new_context(bypass_csp=options.pop("bypass_csp", False), **options)
    context.route("**/*", lambda r: r.continue_() if r.request.url.startswith(("file:", "data:"))
                  else (seen.append(r.request.url), r.abort()))  # fmt: skip
    page = context.new_page()
    page.goto(file.as_uri())
    return page


def test_a_report_full_of_payloads_asks_for_nothing_and_runs_nothing(view, tmp_path: Path) -> None:  # noqa: F811
    failed = {"start": "2026-11-20T00:00:00Z", "end": "2026-11-21T00:00:00Z", "total": 1,
              "series": [{"code": EVIL, "total": 1, "counts": [1]}]}  # fmt: skip
    evil = replace(view, pictures={"failures": failed}.get)
    file = tmp_path / "report.html"
    file.write_text(report(evil), "utf-8")
    naked = tmp_path / "naked.html"  # the same without its policy: escaping alone has to do
    naked.write_text(report(evil).replace("Content-Security-Policy", "X-None"), "utf-8")
    seen: list[str] = []
    with chromium() as browser:
        for path in (file, naked):
            page = opened(browser, path, seen)
            for box in page.locator("summary").all():
                box.click()
            page.wait_for_timeout(200)
            assert page.evaluate(ALIVE, BAD) == [None, 0]
            assert page.locator("figure img").first.evaluate("i => i.naturalWidth") > 0
    assert seen == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_report_is_accessible_and_fits_light_dark_wide_narrow(provider: str, runs: dict[str, Path]) -> None:
    file, seen = runs[provider] / "report.html", []
    with chromium() as browser:
        for scheme, width in (("light", 1600), ("light", 1024), ("dark", 1600), ("dark", 1024)):
            options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            page = opened(browser, file, seen, **options)
            text = page.locator("body").inner_text()
            box = page.locator("#now li").first.bounding_box()
            assert box and box["y"] + box["height"] < 900, "verdict, first cause and first step are on the first screen"
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert "A problem was found" in text[:400]
            page.screenshot(path=ARTEFACTS / f"report-{provider}-{scheme}-{width}.png", full_page=True)
            page = opened(browser, file, seen, bypass_csp=True, **options)
            assert grave(page) == []
        pdf = opened(browser, file, seen).pdf(path=ARTEFACTS / f"report-{provider}.pdf", format="A4")
    assert seen == [] and len(pdf) > 20_000


@pytest.mark.parametrize("provider", PROVIDERS)
def test_executed_notebooks_show_every_finding_without_kernel_and_javascript(
    provider: str, runs: dict[str, Path], tmp_path: Path
) -> None:
    from nbconvert import HTMLExporter

    findings = json.loads((runs[provider] / "findings.json").read_text())["findings"]
    diagnosis = json.loads((runs[provider] / "diagnosis.json").read_text())
    seen: list[str] = []
    shown: dict[str, str] = {}
    with chromium() as browser:
        for path in sorted((runs[provider] / "notebooks").glob("*.ipynb")):
            nb = nbformat.read(path, as_version=4)
            assert "widgets" not in nb.metadata, "no result lives in a widget"
            html, _ = HTMLExporter().from_notebook_node(nb)
            file = tmp_path / f"{path.stem}.html"
            file.write_text(html, "utf-8")
            page = opened(browser, file, seen, java_script_enabled=False)
            page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
            shown[path.stem] = " ".join(page.locator("body").inner_text().split())
    assert list(shown) == NINE and findings
    lacking = [
        (name, finding["id"], said)
        for name, text in shown.items()
        for finding in findings
        if name[3:] == finding["section"]
        for said in words_of(finding)
        if said not in text
    ]
    assert lacking == [], "each finding stands whole in the notebook of its own section"
    assert {f["section"] for f in findings} <= {name[3:] for name in NINE}
    first = [w for c in diagnosis["causes"] for w in (c["why"], *(a["what"] for a in c["actions"]))]
    first += [w for m in diagnosis["not_checked"] for w in (m["what"], m["get_it"])]
    assert diagnosis["causes"] and [w for w in map(flat, first) if w not in shown["00_start_here"]] == []


def flat(text: object) -> str:
    """As the eye reads it: the local time beside UTC, a time in a cell without T and Z, blanks as one."""
    cell = re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z$", r"\1 \2 UTC", str(text))
    return " ".join(local(cell).split())


def words_of(finding: dict[str, Any]) -> list[str]:
    """Everything a finding says that must stand in its card, unshortened."""
    said = [finding["id"], finding["title"], STATUS[finding["status"]][1], finding["actual"], finding["needs"]]
    said += [a[k] for a in finding["actions"] for k in ("what", "where")]
    said += [e["caption"] for e in finding["evidence"]]
    told = [e for e in finding["evidence"] if not e["columns"][0].endswith("_key")]  # keys stand there as names
    said += [str(cell) for e in told for row in e["rows"][:1] for cell in row[:1]]
    said += [finding["manual"][k] for k in ("question", "where")] if finding["manual"] else []
    return [flat(text) for text in said if text]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_notebooks_own_output_is_accessible(provider: str, runs: dict[str, Path], tmp_path: Path) -> None:
    shown = view_of(runs[provider])
    parts = [panels.overview(shown).html, panels.people(shown).html]
    parts += [panels.section(shown, name).html for name in shown.sections]
    page_of = (
        f'<!doctype html><html lang="en"><title>t</title><body class="srb-page"><main><h1>t</h1>{fragment(*parts)}'
    )
    file = tmp_path / "panels.html"
    file.write_text(page_of, "utf-8")
    seen: list[str] = []
    with chromium() as browser:
        for scheme in ("light", "dark"):
            page = opened(browser, file, seen, color_scheme=scheme)
            assert grave(page) == []
    assert seen == []
