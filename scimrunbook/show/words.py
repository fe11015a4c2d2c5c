"""The words and symbols every face uses; hostile text made harmless for each of them."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import UTC, datetime, timedelta

# Meaning never rests on colour alone: a symbol and a word stand beside it.
STATUS = {
    "fail": ("✖", "Broken"),
    "warn": ("▲", "Look at this"),
    "error": ("‼", "Our own error"),
    "manual": ("☐", "For you to check"),
    "skipped": ("–", "Not checked"),
    "pass": ("✔", "Healthy"),
}
VERDICT = {
    "problem": ("✖", "A problem was found"),
    "inconclusive": ("?", "Not decided yet"),
    "healthy": ("✔", "Healthy: nothing broken was found"),
}
PROVIDER = {"okta": "Okta", "entra": "Microsoft Entra ID"}

# Control, bidirectional and zero-width characters can make a name read as another one: they are made visible.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)


def visible(text: object) -> str:
    """The text with every invisible or text-turning character written as ``\\u{HEX}``; tabs and line ends stay."""
    said = unicodedata.normalize("NFC", str(text)).replace("\r\n", "\n")
    return _INVISIBLE.sub(lambda m: f"\\u{{{ord(m.group()):X}}}", said)


def esc(text: object) -> str:
    """Text for HTML, attributes included."""
    return html.escape(visible(text), quote=True)


_ENDLESS = re.compile(r"\S{401,}")
_KEPT = 120


def short(text: object) -> str:
    """The text without endless words: a name of 10,000 characters is cut, and it is said how long it was."""
    return _ENDLESS.sub(lambda m: f"{m.group()[:_KEPT]}… ({len(m.group()):,} characters)", str(text))


_AT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


def prose(text: object) -> str:
    """A sentence as HTML: no time in it is broken at a line's end, no word is endless."""
    return _AT.sub(r'<span class="srb-at">\g<0></span>', esc(short(text)))


# Where many a Markdown makes a link of a bare address, right behind a digit, _ or ü as well. Catalog's own addresses
# are there to be copied, and stay.
_LINK = re.compile(
    r"(?i)(?:(?<=http)|(?<=https)|(?<=ftp))(?=:)(?!://(?:api|app)\.(?:us\.)?castordoc\.com(?:[/,;)\s]|$))"
    r"|(?<=www)(?=\.)"
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<#+!|~$&@-])")  # without [ there is no link, without < no element
_BEGINS = re.compile(r"^(\d*)([>.)])")  # a quotation or a numbered list, where the text begins a line
_BETWEEN = re.compile(r"(?<=[A-Za-z0-9])\\([-_])(?=[A-Za-z0-9])")  # no markup inside a word


def md(text: object) -> str:
    """Text for one line of Markdown: no markup, no link, no mention comes alive; nor does a bare address.

    Escaped is only what has to be: people paste it where nothing renders it, and copy ids and paths from there.
    """
    escaped = _BETWEEN.sub(r"\1", _MARKDOWN.sub(r"\\\1", " ".join(visible(short(text)).split())))
    return _BEGINS.sub(r"\1\\\2", _LINK.sub(r"\\", escaped))


_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


def word(text: object) -> str:
    """An id, a code or the name of a step for Markdown: as code, so that it can be copied from the raw text too."""
    said = str(text)
    return f"`{said}`" if _WORD.fullmatch(said) else md(said)


def plain(text: object) -> str:
    """Text for one line of a terminal."""
    return " ".join(visible(short(text)).split())


def moment(iso: str | None) -> str:
    """A time as people write it, always in UTC: ``2026-11-20 14:00 UTC``."""
    if not iso:
        return "—"
    at = datetime.fromisoformat(iso.replace("Z", "+00:00")).astimezone(UTC)
    return at.strftime("%Y-%m-%d %H:%M UTC")


def age(seconds: float) -> str:
    """``3 minutes``, ``5 hours``, ``2 days``."""
    span = timedelta(seconds=max(0, round(seconds)))
    if span < timedelta(minutes=2):
        return "a minute" if span >= timedelta(minutes=1) else "less than a minute"
    if span < timedelta(hours=2):
        return f"{span.seconds // 60} minutes"
    if span < timedelta(days=2):
        return f"{span // timedelta(hours=1)} hours"
    return f"{span.days} days"


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 person``, ``3 people``."""
    return f"{number:,} {one if number == 1 else (many or one + 's')}"
