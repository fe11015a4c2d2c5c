"""What a spreadsheet does to the times of a CSV that was opened and saved again: undone column by column.

Excel rewrites a time it understands in the way of its own country (``24.11.2026 13:45``, ``24/11/2026 13:45``) or,
where the cell lost its format, as a number of days since 1899-12-30. Which of two numbers is the day is told by the
whole column, or by the semicolons that Excel writes where the comma is a decimal sign, never by one cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

_CLOCK = r"(?:,?\s+(?P<h>\d{1,2}):(?P<mi>\d\d)(?::(?P<s>\d\d)(?:[.,]\d+)?)?(?P<half>\s*[AaPp]\.?[Mm]\.?)?)?"
_DOTTED = re.compile(rf"(?P<d>\d{{1,2}})\.(?P<mo>\d{{1,2}})\.(?P<y>\d{{4}}){_CLOCK}")
_SLASHED = re.compile(rf"(?P<d>\d{{1,2}})/(?P<mo>\d{{1,2}})/(?P<y>\d{{4}}){_CLOCK}")
_YEAR_FIRST = re.compile(rf"(?P<y>\d{{4}})[-/](?P<mo>\d{{1,2}})[-/](?P<d>\d{{1,2}}){_CLOCK}")
_SERIAL = re.compile(r"[34567]\d{4}(?:[.,]\d{1,12})?")  # 1982 to 2118
_OF_TIME = re.compile(r"date|time|timestamp|created|updated|modified|assigned ?on|moment", re.IGNORECASE)
_LOOKED_AT = 200  # filled cells of a column that tell what it holds
NO_ZONE = "Times without a zone, as a spreadsheet writes them, were taken as UTC."
MIXED = (
    "A spreadsheet has rewritten some of its times and left others, day and month may be exchanged in them: those were "
    "not used. Use the file as it was downloaded, without opening and saving it."
)
EITHER = "Dates like 05/11/2026 were taken as {order}: nothing in the file tells which number is the day."


def repaired(header: Sequence[str], rows: list[list[str]], delimiter: str) -> str | None:
    """Rewrites the times of ``rows`` as ISO 8601, in place; says what had to be assumed. What is no time stays."""
    said: list[str] = []
    for column, name in enumerate(header):
        some = list(islice((c for row in rows if (c := row[column].strip())), _LOOKED_AT))
        form = _written(some, bool(_OF_TIME.search(name))) if some else None
        if form is None:
            continue
        filled = [c for row in rows if (c := row[column].strip())]
        halves = [m for m in map(_SLASHED.fullmatch, filled) if m and m["half"]]
        if halves and all(int(m["d"]) <= 12 for m in halves):  # as Microsoft's portals write it, read as it is
            mixed = {c for c in filled if _DOTTED.fullmatch(c) or (_SLASHED.fullmatch(c) and not _american(c))}
            for row in rows:
                row[column] = "" if row[column].strip() in mixed else row[column]
            said += [MIXED] if mixed else []
            continue
        if form is _SLASHED and _both_orders(filled):
            for row in rows:
                row[column] = "" if _SLASHED.fullmatch(row[column].strip()) else row[column]
            said.append(MIXED)
            continue
        day_first, note = _day_first(filled, delimiter) if form is _SLASHED else (True, None)
        for row in rows:
            row[column] = _iso(row[column].strip(), form, day_first) or row[column]
        said += ([note] if note else []) + [NO_ZONE]
    return " ".join(dict.fromkeys(said)) or None


def _american(cell: str) -> bool:
    found = _SLASHED.fullmatch(cell)
    return found is not None and found["half"] is not None


def _both_orders(cells: list[str]) -> bool:
    """Whether a column surely holds days before months and months before days: then no other cell tells which."""
    found = [m for m in map(_SLASHED.fullmatch, cells) if m]
    return any(int(m["d"]) > 12 for m in found) and any(int(m["mo"]) > 12 for m in found)


def _written(cells: list[str], of_time: bool) -> re.Pattern[str] | None:
    """The form most cells of a column are written in, where it is one of a spreadsheet's and not ISO 8601."""
    for form in (_DOTTED, _SLASHED, _YEAR_FIRST) if of_time else (_DOTTED, _SLASHED):
        if 2 * sum(form.fullmatch(c) is not None for c in cells) >= len(cells):
            return form
    serial = of_time and all(_SERIAL.fullmatch(c) for c in cells)
    return _SERIAL if serial else None


def _day_first(cells: list[str], delimiter: str) -> tuple[bool, str | None]:
    """Whether ``5/11/2026`` is the fifth of November in this column, and what is said where nothing tells."""
    found = [m for m in map(_SLASHED.fullmatch, cells) if m]
    if any(int(m["d"]) > 12 for m in found):
        return True, None
    if any(int(m["mo"]) > 12 for m in found):
        return False, None
    first = delimiter == ";"
    return first, EITHER.format(order="day, month" if first else "month, day")


def _iso(cell: str, form: re.Pattern[str], day_first: bool) -> str | None:
    found = form.fullmatch(cell)
    if found is None:
        return None
    if form is _SERIAL:
        days = timedelta(days=float(cell.replace(",", ".")))
        return (datetime(1899, 12, 30) + days + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
    day, month = int(found["d"]), int(found["mo"])
    if form is _SLASHED and not day_first:
        day, month = month, day
    hour, minute, second = (int(found[part] or 0) for part in ("h", "mi", "s"))
    if found["half"] and hour <= 12:
        hour = hour % 12 + (12 if "p" in found["half"].lower() else 0)
    try:
        moment = datetime(int(found["y"]), month, day, hour, minute, second)
    except ValueError:
        return None
    return moment.isoformat()
