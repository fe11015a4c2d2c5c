"""One table style for notebooks and report: a captioned HTML table, every value escaped, at most 200 rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from scimrunbook.show.words import esc

MAX_ROWS = 200
_WIDE = 4  # columns


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]], total: int | None = None) -> str:
    """The table as HTML. ``total`` is how many rows exist where only the first are given."""
    rows = list(rows)
    if not rows:
        return f"<p>{esc(caption)}: none.</p>"
    total = len(rows) if total is None else total
    shown = rows[:MAX_ROWS]
    more = f" ({len(shown):,} of {total:,} rows)" if total > len(shown) else ""
    head = "".join(f'<th scope="col">{esc(c)}</th>' for c in columns)
    body = "".join("<tr>" + "".join(f"<td>{esc(v)}</td>" for v in row) + "</tr>" for row in shown)
    # a table that may be wider than the page can be scrolled by keyboard
    wide = f' tabindex="0" role="group" aria-label="{esc(caption)}"' if len(columns) >= _WIDE else ""
    return (
        f'<div class="srb-table"{wide}><table><caption>{esc(caption)}{more}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def frame_table(caption: str, frame: pd.DataFrame) -> str:
    """A data frame as such a table: missing values as an em dash, times without a needless fraction."""
    rows = [[_cell(v) for v in row] for row in frame.head(MAX_ROWS).itertuples(index=False)]
    return table(caption, [str(c).replace("_", " ") for c in frame.columns], rows, len(frame))


def _cell(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return "—"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    return str(value)
