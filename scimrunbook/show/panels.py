"""What a notebook cell shows: an object per panel with HTML, plain text and machine-readable data.

Each panel is static: whoever opens the executed notebook without a kernel sees everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scimrunbook.show import charts
from scimrunbook.show.cards import actions, affected, card, card_text, fragment
from scimrunbook.show.tables import frame_table, table
from scimrunbook.show.view import View
from scimrunbook.show.words import PROVIDER, STATUS, VERDICT, age, count, esc, moment, plain, prose

DRAW = {
    "funnel": lambda view, picture: charts.funnel(picture),  # noqa: ARG005
    "timeline": lambda view, picture: charts.timeline(picture, view.said),
    "failures": lambda view, picture: charts.failures(picture, view.said),
    "probe": lambda view, picture: charts.probe(picture),  # noqa: ARG005
    "mapping": lambda view, picture: charts.mapping(picture),  # noqa: ARG005
    "pairs": lambda view, picture: charts.pairs(picture, view.name),
}
RESULT_MIME = "application/vnd.scimrunbook.result+json"


class Panel:
    """HTML for people, text for screens without HTML, data for programs that read the executed notebook."""

    def __init__(self, html: str, text: str, data: Any) -> None:
        self.html, self.text, self.data = html, text, data

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        return {"text/html": self.html, "text/plain": self.text, RESULT_MIME: self.data}

    def __repr__(self) -> str:
        return self.text


def section(view: View, name: str, only: str = "all") -> Panel:
    """One guide section: the verdict in words, then a card per finding, the broken ones first, then its pictures.

    ``only`` (all, broken, manual, skipped) puts the other findings into a fold; nothing is ever left out.
    """
    findings = view.of_section(name)
    about = view.sections.get(name, {})
    heading = f"{about.get('title', name)}: {in_words(view, name)}"
    first = [f for f in findings if only == "all" or f["status"] in ONLY[only]]
    rest = [f for f in findings if f not in first]
    body = "".join(card(f, view.name, view.said) for f in first)
    body = body or f"<p>{'Nothing of this kind here.' if rest else ''}</p>"
    if rest:
        folded = "".join(card(f, view.name, view.said) for f in rest)
        body += f"<details><summary>{count(len(rest), 'other finding')}</summary>{folded}</details>"
    html = fragment(practice(view), f"<h2>{esc(heading)}</h2>", body, drawn(view, *PICTURES.get(name, ())))
    text = "\n".join([heading, *(card_text(f) for f in findings)])
    return Panel(html, text, {"section": name, "findings": findings})


ONLY = {"broken": ("fail", "warn", "error"), "manual": ("manual",), "skipped": ("skipped",)}
# Which pictures belong to which section; they stand below its cards.
PICTURES = {
    "connection": ("probe",),
    "attribute_mapping": ("mapping",),
    "sync_and_logs": ("timeline", "failures"),
    "manual_and_scim_accounts": ("pairs",),
}


def drawn(view: View, *names: str) -> str:
    """The pictures of these names, one after the other; those with nothing to show are left out."""
    return "".join(DRAW[n](view, view.pictures(n)) for n in names)


_COUNTED = {"warn": "to look at", "error": "failed by our own error"}


def in_words(view: View, name: str) -> str:
    """``1 broken, 4 healthy, 2 not checked``."""
    counts = view.counts(name)
    said = [f"{counts[s]} {_COUNTED.get(s, STATUS[s][1].lower())}" for s in STATUS if counts[s]]
    return ", ".join(said) or "nothing to check for this provider"


def overview(view: View) -> Panel:
    """The verdict, what the first cause is, and what to do now."""
    causes = (cause(view, c, i) for i, c in enumerate(view.diagnosis["causes"], 1))
    html = fragment(
        banner(view), first(view), *causes, order(view), questions(view), gaps(view), drawn(view, "timeline")
    )
    return Panel(html, overview_text(view), {"diagnosis": view.diagnosis})


def practice(view: View) -> str:
    if not view.practice:
        return ""
    return '<p class="srb-practice">PRACTICE: this is the embedded practice tenant, nobody\'s real directory.</p>'


def banner(view: View) -> str:
    """Who is asked about, the verdict in words, and how fresh the data is."""
    symbol, words = VERDICT[view.diagnosis["verdict"]]
    raw = view.run.get("raw_output", "")
    provider = PROVIDER[view.incident["identity_provider"]]
    return (
        practice(view)
        + f'<div class="srb-banner srb-{view.diagnosis["verdict"]}"><h2><b>{symbol} {esc(words)}</b></h2>'
        + (f"<p>{esc(view.incident['summary'])}</p>" if view.incident.get("summary") else "")
        + f"<p class='srb-soft'>Incident {esc(view.incident['incident'])} · {esc(provider)} → Catalog "
        f"({esc(view.incident['catalog_host'])}) · {prose(freshness(view))}</p>"
        + (f"<p class='srb-soft'>{esc(raw)}</p>" if raw else "")
        + "</div>"
    )


def freshness(view: View) -> str:
    """``as of 2026-11-20 14:00 UTC (the provider's clock), collected 3 hours ago``."""
    clock = {
        "provider_clock": "the provider's clock",
        "local_clock": "this machine's clock",
        "newest_record": "the newest record of the exports",
    }.get(view.run.get("as_of_is", ""), "")
    said = f"as of {view.said(moment(view.diagnosis['as_of']))}" + (f" ({clock})" if clock else "")
    if (seconds := view.run.get("age_seconds")) is not None:
        said += f", run {view.run['run']} of {age(seconds)} ago"
    return said


def cause(view: View, found: dict[str, Any], place: int) -> str:
    """One ranked cause: its name, why, what to do, whom it concerns."""
    family = view.causes.get(found["cause"], {})
    share = found.get("share")
    explains = f" · explains {share:.0%} of the people concerned" if share else ""
    ask = f"<p><b>Needed to decide:</b> {prose(view.said(found['ask']))}</p>" if found.get("ask") else ""
    people = affected(found.get("affected") or {"count": 0, "keys": []}, view.name)
    return (
        f'<div class="srb-card srb-{"fail" if found["cause"] != "unknown" else "manual"}">'
        f"<h3>{place}. {esc(family.get('title', found['cause']))}<small>{esc(explains)}</small></h3>"
        f"<p>{prose(view.said(found['why']))}</p>{ask}{actions(found['actions'], said=view.said)}"
        f"{_then(found, view.said)}{people}"
        f"<p><small>rests on {esc(found['finding'] or 'no finding')}</small></p></div>"
    )


def _then(found: dict[str, Any], told: Callable[[str], str]) -> str:
    """What the fix will do, what to mind, what to do meanwhile, when to look again."""
    effect, again = found.get("preview"), (found.get("look_again") or {}).get("text")
    said = [f"<p>{prose(told(effect['sentence']))}</p>"] if effect else []
    said += [f"<p><b>▲ Careful:</b> {prose(told(w))}</p>" for w in (effect or {}).get("warnings", ())]
    said += [f"<p><b>Meanwhile:</b> {esc(a['what'])} {esc(a['why'])}</p>" for a in found.get("meanwhile", ())]
    return "".join(said) + (f"<p>{prose(told(again))}</p>" if again else "")


def first(view: View) -> str:
    """Which of several fixes comes first, and why."""
    said = view.diagnosis.get("first") if len(view.diagnosis["causes"]) > 1 else ""
    return f"<p>{prose(said)}</p>" if said else ""


def order(view: View) -> str:
    """What the first fix hides, and what would tell most where nothing is decided."""
    parts = []
    hidden = [m for m in view.diagnosis.get("masked", ()) if m.get("kind") != "follows"]
    if hidden:
        rows = "".join(f"<li>{prose(view.said(m['actual']))}</li>" for m in hidden)
        parts.append(f"<h4>Hidden behind it: look again once the first is mended</h4><ol>{rows}</ol>")
    if view.tells_most:
        parts.append(f"<p><b>What would tell most:</b> {prose(view.tells_most)}</p>")
    return "".join(parts)


def questions(view: View) -> str:
    """The steps only a human can do that are still open."""
    rows = [(f"{f['manual']['question']} [{f['id']}]", f["manual"]["where"], " · ".join(f["manual"]["answers"]))
            for f in view.open_questions if f["manual"]]  # fmt: skip
    if not rows:
        return ""
    return table("Questions only you can answer, still open", ("question [check]", "where to look", "answers"), rows)


def gaps(view: View) -> str:
    """What could not be checked, and how to get it."""
    missing = view.diagnosis["not_checked"]
    if not missing:
        return ""
    rows = [(m["what"], m.get("get_it", "")) for m in missing]
    return table("What was not checked, and how to get it", ("missing", "how to get it"), rows)


def overview_text(view: View) -> str:
    symbol, words = VERDICT[view.diagnosis["verdict"]]
    lines = [f"{symbol} {words} · {plain(view.incident['incident'])} · {freshness(view)}"]
    for place, found in enumerate(view.diagnosis["causes"], 1):
        title = view.causes.get(found["cause"], {}).get("title", found["cause"])
        lines.append(f"{place}. {plain(title)}: {plain(found['why'])}")
        lines += [f"   do: {plain(a['what'])} [{plain(a['where'])}]" for a in found["actions"]]
        if found.get("ask"):
            lines.append(f"   needed to decide: {plain(found['ask'])}")
    lines += [f"What would tell most: {plain(view.tells_most)}"] if view.tells_most else []
    return "\n".join(lines)


def people(view: View, stopped_only: bool = True) -> Panel:
    """The way of the people: how many stop at which hop, then who."""
    counts = view.diagnosis["people"]
    rows = [(hop.replace("_", " "), f"{number:,}") for hop, number in counts.items()]
    hops = view.hops
    if stopped_only and len(hops):
        hops = hops[~hops["hop"].isin(["done", "rightly_absent"])]
    columns = [c for c in ("login", "name", "hop", "proof") if c in hops.columns]
    listed = frame_table("Who stopped where", hops[columns]) if len(hops) else "<p>Nobody stopped on the way.</p>"
    picture = drawn(view, "funnel") or table("How far people got", ("hop", "people stopping there"), rows)
    html = fragment(practice(view), picture, listed)
    text = "\n".join(["How far people got", *(f"    {a}: {b}" for a, b in rows), count(len(hops), "person", "people")])
    return Panel(html, text, {"people": counts})


def data(view: View, name: str, columns: list[str] | None = None, caption: str = "") -> Panel:
    """A table of the snapshot as it was collected, the newest first; ``columns`` picks and orders."""
    frame = view.tables[name]
    if "at" in frame.columns:
        frame = frame.sort_values("at", ascending=False, kind="stable", na_position="last")
    picked = (frame[columns] if columns else frame).copy()
    for column in (c for c in picked.columns if c.endswith("_key")):  # ids mean nothing to a reader
        picked[column] = picked[column].map(view.labels).fillna(picked[column])
    picked.columns = [c.removesuffix("_key") for c in picked.columns]
    title = caption or name.replace("_", " ").capitalize()
    if picked.empty:
        said = f"{title}: nothing was collected."
        return Panel(fragment(f"<p>{esc(said)}</p>"), said, {"table": name, "rows": 0})
    empty = [c for c in picked.columns if picked[c].isna().all() or (c == "unreadable" and not picked[c].any())]
    if "at" in picked.columns:
        title += ", the newest first"
    if empty:
        title += f" (nothing under: {', '.join(c.replace('_', ' ') for c in empty)})"
    html = fragment(frame_table(title, picked.drop(columns=empty)))
    return Panel(html, f"{title}: {len(frame):,} rows", {"table": name, "rows": len(frame)})
