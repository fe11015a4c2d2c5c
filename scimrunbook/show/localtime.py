"""Times for people: beside UTC the time on the wall, ``2026-11-20 14:03 UTC (15:03 Europe/Berlin)``.

The zone is the machine's, or the one that TZ names; a machine that keeps UTC adds nothing. JSON and tables stay UTC.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, tzinfo
from pathlib import Path

_UTC = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d) UTC(?! \((?:\d{4}-\d\d-\d\d )?\d\d:\d\d )")
_LOCALTIME = Path("/etc/localtime")


def local(text: str) -> str:
    """The text with the local time after every time in UTC; the day too where it is another one."""
    return text if " UTC" not in text else _UTC.sub(lambda m: m.group() + _beside(m.group(1)), text)


def _beside(said: str) -> str:
    zone, name = _zone()
    try:
        at = datetime.strptime(said, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        here = at.astimezone(zone)
    except (ValueError, OverflowError):  # hostile text may look like a time that is none
        return ""
    if not here.utcoffset():
        return ""
    shape = "%H:%M" if here.date() == at.date() else "%Y-%m-%d %H:%M"
    return f" ({here.strftime(shape)} {name or here.strftime('%Z')})"


def _zone() -> tuple[tzinfo | None, str]:
    """The zone (None: whatever the system does) and its name, empty where only an abbreviation is known."""
    from zoneinfo import ZoneInfo  # most texts name no time

    named = os.environ.get("TZ", "").removeprefix(":")
    if not named and _LOCALTIME.is_symlink():
        named = str(_LOCALTIME.readlink()).rpartition("zoneinfo/")[2]
    try:
        return (ZoneInfo(named), named) if named else (None, "")
    except (ValueError, OSError, KeyError):  # a rule such as CET-1, or no database of zones
        return None, ""
