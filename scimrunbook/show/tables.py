"""One table style for notebooks and report: a captioned HTML table, every value escaped, at most 200 rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pandas as pd

from scimrunbook.show.words import esc, prose, short

MAX_ROWS = 200
_WIDE = 4  # columns
_TALL = 15  # rows; what is longer scrolls in a box of its own, so that a log does not push the page away
_LONG = 40  # characters; such a cell is a text, and keeps a width in which it can be read
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00| UTC)")
_WORD = re.compile(r"\S{18}")  # an id, a code: one word for the browser, which may break it anywhere
# An address is broken at its @ alone: elsewhere it reads as another one. A very long one goes anywhere.
_MAIL = re.compile(r"[^\s@]{1,26}@[^\s@]{1,26}")
_CODE = re.compile(r"(?:[A-Z][a-z]+){4,}")  # SystemForCrossDomainIdentityManagementInvalidCredentials: likewise
_EVENT = re.compile(r"[a-z]+(?:[._][a-z]+){3,}")  # application.provision.user.push_profile: broken between its words


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]], total: int | None = None) -> str:
    """The table as HTML. ``total`` is how many rows exist where only the first are given."""
    rows = list(rows)
    if not rows:
        return f"<p>{esc(caption)}: none.</p>"
    total = len(rows) if total is None else total
    shown = rows[:MAX_ROWS]
    more = f" ({len(shown):,} of {total:,} rows)" if total > len(shown) else ""
    head = "".join(f'<th scope="col">{esc(c)}</th>' for c in columns)
    body = "".join("<tr>" + "".join(map(_td, row)) + "</tr>" for row in shown)
    kind = ("" if len(columns) >= _WIDE else " srb-fits") + (" srb-tall" if len(shown) > _TALL else "")
    # a table that may be larger than its place can be scrolled by keyboard; one of few columns breaks its words instead
    wide = f' tabindex="0" role="group" aria-label="{esc(caption)}"' if kind != " srb-fits" else ""
    return (
        f'<div class="srb-table{kind}"{wide}><table><caption>{esc(caption)}{more}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _td(value: object) -> str:
    """One cell. A time is written alike everywhere, and broken between day and hour only."""
    said = short(value)
    if time := _TIME.fullmatch(said):
        return f'<td class="srb-time"><span>{time[1]}</span> <span>{time[2]} UTC</span></td>'
    if _MAIL.fullmatch(said):
        return f'<td class="srb-word">{esc(said).replace("@", "@<wbr>")}</td>'
    if _EVENT.fullmatch(said) or _CODE.fullmatch(said):
        broken = re.sub("([._]|[a-z](?=[A-Z]))", r"\1<wbr>", said)
        return f'<td class="srb-word">{broken}</td>'
    kind = "srb-long" if len(said) > _LONG and " " in said else "srb-id" if _WORD.search(said) else ""
    return f'<td class="{kind}">{prose(said)}</td>' if kind else f"<td>{prose(said)}</td>"


def frame_table(caption: str, frame: pd.DataFrame) -> str:
    """A data frame as such a table: missing values as an em dash, times without a needless fraction."""
    rows = [[_cell(v) for v in row] for row in frame.head(MAX_ROWS).itertuples(index=False)]
    return table(caption, [str(c).replace("_", " ") for c in frame.columns], rows, len(frame))


def _cell(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return "—"
    if pd.api.types.is_bool(value):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    return str(value)
