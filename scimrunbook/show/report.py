"""``report.html``: one file, no script, no network; the same panels as the notebooks."""

from __future__ import annotations

from scimrunbook.show import panels
from scimrunbook.show.cards import card, style
from scimrunbook.show.tables import frame_table, table
from scimrunbook.show.view import View
from scimrunbook.show.words import esc

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def report(view: View) -> str:
    """The whole report as HTML text."""
    causes = "".join(panels.cause(view, c, i) for i, c in enumerate(view.diagnosis["causes"], 1))
    sections = "".join(
        f'<section id="{esc(name)}"><h2>{esc(about["title"])}: {esc(panels.in_words(view, name))}</h2>'
        + "".join(card(f, view.name) for f in view.of_section(name))
        + "</section>"
        for name, about in view.sections.items()
    )
    contents = "".join(
        f'<li><a href="#{esc(name)}">{esc(about["title"])}</a>: {esc(panels.in_words(view, name))}</li>'
        for name, about in view.sections.items()
    )
    body = (
        f"<h1>SCIM provisioning: incident {esc(view.incident['incident'])}</h1>"
        + panels.banner(view)
        + (f"<h2>Causes, the likeliest first</h2>{causes}" if causes else "")
        + _people(view)
        + panels.gaps(view)
        + f"<h2>The checks, section by section</h2><ol>{contents}</ol>"
        + sections
        + _coverage(view)
        + f"<p><small>scimrunbook {esc(view.run.get('version', ''))} · run {esc(view.run.get('run', ''))} · "
        "this file is private to the incident: share only what <code>scimrunbook share</code> builds.</small></p>"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>Incident {esc(view.incident['incident'])}: SCIM provisioning report</title>"
        f"<style>body{{margin:0}}.srb-page{{padding:1.2rem;background:var(--paper)}}{style()}</style></head>"
        f'<body class="srb-page"><main class="srb">{body}</main></body></html>\n'
    )


def _people(view: View) -> str:
    hops = view.hops
    if not len(hops):
        return ""
    stopped = hops[~hops["hop"].isin(["done", "rightly_absent"])]
    rows = [(hop.replace("_", " "), f"{n:,}") for hop, n in view.diagnosis["people"].items()]
    counted = table("How far people got", ("hop", "people stopping there"), rows)
    columns = [c for c in ("login", "name", "hop", "proof") if c in stopped.columns]
    return f"<h2>The way of the people</h2>{counted}" + (
        f"<details><summary>Who stopped where: {len(stopped):,}</summary>"
        + frame_table("Who stopped where", stopped[columns])
        + "</details>"
        if len(stopped)
        else ""
    )


def _coverage(view: View) -> str:
    frame = view.tables.get("coverage")
    if frame is None or frame.empty:
        return ""
    columns = ["what", "source", "name", "rows", "unreadable", "first_at", "last_at", "refused", "note"]
    return f"<h2>What was read</h2>{frame_table('Sources of this run', frame[columns])}"
