"""The people of an Okta org: everybody, the deactivated ones too, and whoever the incident names."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from scimrunbook.incident import Incident
from scimrunbook.sources import okta_directory as directory
from scimrunbook.sources.okta_reads import Org, RefusedError, Tally, one
from scimrunbook.sources.parts import Parts

MOST_NAMED = 50  # people looked up one by one
# The list leaves deactivated people out (Okta API, GET /users); they are asked for by themselves.
_LISTS = ("", "&filter=" + quote('status eq "DEPROVISIONED"', safe=""))


def read_people(org: Org, incident: Incident, tally: Tally) -> None:
    """Fills ``people``. Raises RefusedError where nobody may be listed or looked up."""
    found: set[str] = set()
    bad = 0
    for more in _LISTS:
        with tally.part():
            part = Tally()
            try:
                for page in org.pages(f"/api/v1/users?limit=200{more}", part):
                    bad += _take(org.parts, page, found)
                    org.progress("/users", len(found))
            finally:
                tally.good, tally.bad = len(found), bad
                tally.answered += part.answered
                tally.whole = tally.whole and part.whole
                tally.notes += part.notes
    if len(tally.failed) == len(_LISTS) and not found:
        return  # whoever may not list may not look up either
    wanted = [name for name in dict.fromkeys(incident.people) if name.casefold() not in _names(org.parts)]
    missing = 0
    for name in wanted[:MOST_NAMED]:
        with tally.part():
            missing += not _look_up(org, name, tally)
    if missing:
        tally.say(f"{missing} of the people the incident names were not found in the directory.")
    if len(wanted) > MOST_NAMED:
        tally.lack(f"{len(wanted) - MOST_NAMED} of the people the incident names were not looked up.")


def _take(parts: Parts, page: Iterable[Any], found: set[str]) -> int:
    """Adds the people of a page; returns how many records could not be read."""
    bad = 0
    for record in page:
        row = directory.person(record)
        if row is None:
            bad += 1
        elif row["person_key"] not in found:
            found.add(row["person_key"])
            parts.add("people", [row])
    return bad


def _names(parts: Parts) -> set[str]:
    """Every name under which somebody is known, case-folded."""
    names: set[str] = set()
    for row in parts.rows["people"]:
        others = json.loads(row.get("other_emails") or "[]")
        names |= {str(n).casefold() for n in (row["person_key"], row.get("login"), row.get("email"), *others) if n}
    return names


def _look_up(org: Org, name: str, tally: Tally) -> bool:
    """Whether somebody was found by login, else by e-mail."""
    try:
        row = directory.person(org.get(f"/api/v1/users/{quote(name, safe='')}").json())
        tally.answered += 1
        if row:
            tally.good += 1
            org.parts.add("people", [row])
            return True
    except RefusedError as refused:
        if not refused.why.startswith("404"):
            raise
    literal = name.replace("\\", "\\\\").replace('"', '\\"')
    expression = quote(f'profile.email eq "{literal}" or profile.login eq "{literal}"', safe="")
    before = len(org.parts.rows["people"])
    org.rows(f"/api/v1/users?limit=10&search={expression}", one("people", directory.person), tally)
    return len(org.parts.rows["people"]) > before
