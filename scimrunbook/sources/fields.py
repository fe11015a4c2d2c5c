"""Values out of records nobody vouches for: the wanted type, or None. Nothing here raises, whatever it is given."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

LONGEST = 8000  # characters of one text that are kept
_DURATION = re.compile(
    r"P(?:(?P<d>\d{1,8})D)?(?:T(?:(?P<h>\d{1,8})H)?(?:(?P<m>\d{1,8})M)?(?:(?P<s>\d{1,10})(?:\.\d{1,12})?S)?)?"
)
_SPREADSHEET_TIMES = (
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y, %I:%M:%S %p", "%Y-%m-%d %H:%M:%S UTC",
    "%m/%d/%Y, %I:%M:%S.%f %p",  # Log Analytics, exported to CSV
)  # fmt: skip


def text(value: Any) -> str | None:
    """A non-empty text; numbers as they print; anything else is None."""
    if isinstance(value, str):
        return value[:LONGEST] if value.strip() else None
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return str(value) if abs(value) < 1e15 else None
    return None


def first(*values: Any) -> str | None:
    """The first of the values that is a non-empty text."""
    return next((t for t in map(text, values) if t is not None), None)


def obj(value: Any) -> dict[str, Any]:
    """An object with its keys in lower case (exports differ in case); empty where it is none."""
    return {str(k).lower(): v for k, v in value.items()} if isinstance(value, dict) else {}


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of an array, keys in lower case; what is no object is left out."""
    return [obj(v) for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """The non-empty texts of an array."""
    return [v for v in value if isinstance(v, str) and v.strip()] if isinstance(value, list) else []


# As printed by programs, and as Excel rewrites TRUE and FALSE in the languages of Western Europe when it saves a CSV.
_FLAGS = dict.fromkeys(
    ("true", "yes", "1", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "sant"), True
) | (dict.fromkeys(("false", "no", "0", "falsch", "faux", "falso", "onwaar", "falskt"), False))


def flag(value: Any) -> bool | None:
    """A boolean, also where it is printed ("True", "false", "yes", "1", "WAHR", "VRAI")."""
    if isinstance(value, bool):
        return value
    return _FLAGS.get(value.strip().lower()) if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """An integer that fits 32 bits (counts and priorities are small), also where it is printed."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,10}\s*", value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 31:
        return value
    return None


def moment(value: Any) -> datetime | None:
    """A time, UTC. Year 1 and 1601 mean never (entra.md section 5). A time without a zone is taken as UTC."""
    if not isinstance(value, str) or not value.strip() or len(value) > 64:
        return None
    written = value.strip()
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        time = _printed(written)  # type: ignore[assignment]
    if time is None or time.year < 1970 or time.year > 9998:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _printed(written: str) -> datetime | None:
    for form in _SPREADSHEET_TIMES:
        try:
            return datetime.strptime(written, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def seconds(value: Any) -> int | None:
    """An ISO 8601 duration in seconds. None for what is none, and for the maximum time span, which is no interval."""
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or not any(found.groups()):
        return None
    days, hours, minutes, rest = (int(found[k] or 0) for k in "dhms")
    total = days * 86400 + hours * 3600 + minutes * 60 + rest
    return total if total <= timedelta(days=366).total_seconds() else None


def as_json(value: Any) -> str:
    """JSON on one line, characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def span(times: Iterable[datetime | None]) -> tuple[datetime | None, datetime | None]:
    """The first and the last of the times."""
    known = [t for t in times if t is not None]
    return (min(known), max(known)) if known else (None, None)
