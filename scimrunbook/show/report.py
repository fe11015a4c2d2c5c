"""``report.html``: one file, no script, no network; the same panels as the notebooks.

First screen: the verdict, the first cause, what to do now. Then whom it concerns, what was not checked and what is
still open, the pictures, the sections, what was read.
"""

from __future__ import annotations

from scimrunbook.show import panels, support
from scimrunbook.show.cards import card, style
from scimrunbook.show.tables import MAX_ROWS, frame_table
from scimrunbook.show.view import View
from scimrunbook.show.words import count, esc

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def report(view: View) -> str:
    """The whole report as HTML text."""
    causes = [panels.cause(view, c, i) for i, c in enumerate(view.diagnosis["causes"], 1)]
    body = (
        "<header>"
        + f"<h1>SCIM provisioning: incident {esc(view.incident['incident'])}</h1>"
        + panels.banner(view)
        + "</header><main>"
        + _part("now", "What to do now", panels.first(view) + "".join(causes[:1]) + panels.order(view))
        + _contents(view)
        + (_part("more", "Further causes, the likeliest first", "".join(causes[1:])) if causes[1:] else "")
        + _people(view)
        + _open(view)
        + _part("support", "What support asks for", support.section(view))
        + _part("time", "What happened when", panels.drawn(view, "timeline", "failures"))
        + _sections(view)
        + _coverage(view)
        + "</main><footer><p><small>"
        + f"scimrunbook {esc(view.run.get('version', ''))} · run {esc(view.run.get('run', ''))} · {_may_leave(view)}"
        + "</small></p></footer>"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
        f"<title>Incident {esc(view.incident['incident'])}: SCIM provisioning report</title>"
        f"<style>{style()}</style></head>"
        f'<body class="srb-page"><div class="srb">{body}</div></body></html>\n'
    )


def _may_leave(view: View) -> str:
    if view.run.get("shared"):
        return esc(view.run["shared"])
    return "this file is private to the incident: share only what <code>scimrunbook share</code> builds."


def _part(anchor: str, heading: str, inside: str) -> str:
    return f'<section id="{esc(anchor)}"><h2>{esc(heading)}</h2>{inside}</section>' if inside else ""


def _contents(view: View) -> str:
    broken = sum(f["status"] in ("fail", "warn") for f in view.findings)
    links = [
        ("people", "Who is affected"),
        ("open", f"Not checked: {len(view.diagnosis['not_checked'])}, open questions: {len(view.open_questions)}"),
        ("support", "What support asks for"),
        ("time", "What happened when"),
        ("sections", f"All checks: {broken} of {len(view.findings)} not healthy"),
    ]
    return (
        '<nav aria-label="Parts of this report"><ul>'
        + "".join(f'<li><a href="#{anchor}">{esc(said)}</a></li>' for anchor, said in links)
        + "</ul></nav>"
    )


def _people(view: View) -> str:
    hops = view.hops
    stopped = hops[~hops["hop"].isin(["done", "rightly_absent"])] if len(hops) else hops
    columns = [c for c in ("login", "name", "hop", "proof") if c in stopped.columns]
    said = f"<p>{esc(count(len(stopped), 'person', 'people'))} stopped on the way, or wait.</p>" if len(stopped) else (
        "<p>Nobody is known to have stopped on the way.</p>")  # fmt: skip
    listed = frame_table("Who stopped where", stopped[columns]) if len(stopped) else ""
    if len(stopped) > 12:
        which = f"All {len(stopped):,}" if len(stopped) <= MAX_ROWS else f"The first {MAX_ROWS} of {len(stopped):,}"
        listed = f"<details><summary>{which}</summary>{listed}</details>"
    return _part("people", "Who is affected", said + listed + panels.drawn(view, "funnel"))


def _open(view: View) -> str:
    inside = panels.gaps(view) + panels.questions(view)
    return _part("open", "What was not checked", inside or "<p>Everything the guide asks for was checked.</p>")


def _sections(view: View) -> str:
    contents = "".join(
        f'<li><a href="#{esc(name)}">{esc(about["title"])}</a>: {esc(panels.in_words(view, name))}</li>'
        for name, about in view.sections.items()
    )
    parts = "".join(
        f'<section id="{esc(name)}"><h2>{esc(about["title"])}: {esc(panels.in_words(view, name))}</h2>'
        + "".join(card(f, view.name, view.said) for f in view.of_section(name))
        + panels.drawn(view, *(p for p in panels.PICTURES.get(name, ()) if p in ("probe", "mapping", "pairs")))
        + "</section>"
        for name, about in view.sections.items()
    )
    return _part("sections", "The checks, section by section", f"<ol>{contents}</ol>") + parts


def _coverage(view: View) -> str:
    frame = view.tables.get("coverage")
    if frame is None or frame.empty:
        return ""
    columns = ["what", "source", "name", "rows", "unreadable", "first_at", "last_at", "refused", "note"]
    # a column in which nothing stands is said in words: with it the table is wider than the page
    nothing = [c for c, none in (("unreadable", 0), ("refused", "")) if frame[c].fillna(none).eq(none).all()]
    said = f" (nothing {' and nothing '.join(nothing)})" if nothing else ""
    kept = frame[[c for c in columns if c not in nothing]]
    return _part("read", "What was read", frame_table(f"Sources of this run{said}", kept))
