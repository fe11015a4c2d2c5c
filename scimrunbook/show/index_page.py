"""``outputs/index.html``: every incident with verdict, cause, age and a link; no script, no network."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

import pandas as pd
from rich.console import Console

from scimrunbook.show.cards import style
from scimrunbook.show.report import POLICY
from scimrunbook.show.words import VERDICT, age, count, esc, plain

_MOST = 10_000
_HEAD = ("Incident", "Verdict", "Top cause", "People", "Provider", "Tenant", "Age", "Report")


def page(newest: pd.DataFrame, runs: int, now: datetime) -> str:
    """The page as HTML text: the newest run of each incident, at most 10,000 of them."""
    rows = "".join(_row(row, now) for row in newest.head(_MOST).to_dict("records"))
    more = f" The first {_MOST:,} are shown; all stand in index.parquet." if len(newest) > _MOST else ""
    head = "".join(f'<th scope="col">{esc(h)}</th>' for h in _HEAD)
    counts = " · ".join(f"{VERDICT[str(v)][0]} {n:,} {esc(v)}" for v, n in newest["verdict"].value_counts().items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        "<title>SCIM incidents</title>"
        f"<style>body{{margin:0}}.srb-page{{padding:1.2rem;background:var(--paper)}}{style()}</style></head>"
        '<body class="srb-page"><main class="srb"><h1>SCIM incidents</h1>'
        f"<p>{count(len(newest), 'incident')}, {count(runs, 'run')}. {counts}.{more} "
        f"Written {esc(now.strftime('%Y-%m-%d %H:%M UTC'))}, ages as of then; private, as every run is.</p>"
        f'<div class="srb-table"><table><caption>The newest run of each incident</caption>'
        f"<thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></main></body></html>\n"
    )


def _row(row: dict[Any, Any], now: datetime) -> str:
    symbol, words = VERDICT.get(row["verdict"], ("?", row["verdict"]))
    cause = f"{_text(row['cause'])} ({_text(row['finding'])})" if _text(row["finding"]) else _text(row["cause"])
    back = " · came back" if row["came_back"] else ""
    mark = "PRACTICE · " if row["practice"] is True else ""
    cells = (
        mark + row["incident"],
        f"{symbol} {words}",
        cause + back,
        _text(row["affected"]),
        _text(row["identity_provider"]),
        _text(row["tenant"]),
        age((now - row["started_at"]).total_seconds()),
    )
    link = quote(f"{row['folder']}/report.html")
    return "<tr>" + "".join(f"<td>{esc(c)}</td>" for c in cells) + f'<td><a href="{esc(link)}">report</a></td></tr>'


def listing(console: Console, frame: pd.DataFrame, there: str) -> None:
    """The same on a terminal, a line per incident. ``there``: what the question was asked of, in words; or nothing."""
    for row in frame.to_dict("records"):
        symbol, _ = VERDICT.get(row["verdict"], ("?", ""))
        back = " (came back)" if row.get("came_back") else ""
        cause = _text(row["finding"]) or _text(row["cause"]) or row["verdict"]
        day = row["started_at"].strftime("%Y-%m-%d %H:%M")
        console.print(plain(f"{symbol} {day} {row['incident']} {cause}{back}"), markup=False, soft_wrap=True)
    _none(console, frame, there)


def _none(console: Console, frame: pd.DataFrame, there: str) -> None:
    if len(frame):
        return
    if there:
        console.print(f"None of {there} matches.", markup=False)
    else:
        console.print("There is no run yet. Runs are made by: scimrunbook run FILE, or scimrunbook sweep FILES",
                      markup=False, soft_wrap=True)  # fmt: skip


def counts(console: Console, frame: pd.DataFrame, by: str, there: str) -> None:
    """How many incidents there are by cause, tenant, …, on a terminal."""
    for row in frame.to_dict("records"):
        day = row["newest"].strftime("%Y-%m-%d %H:%M")
        console.print(plain(f"{row['incidents']:>6,}  {row[by]}  (newest {day} UTC)"), markup=False, soft_wrap=True)
    _none(console, frame, there)


def _text(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)
