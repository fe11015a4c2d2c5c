"""``scimrunbook reveal RUN PSEUDONYM``: who that is, from the private maps of the incident."""

from __future__ import annotations

from pathlib import Path

from scimrunbook.evidence import private
from scimrunbook.evidence.pseudonyms import HANDLE
from scimrunbook.problems import UserProblem


def reveal(incident_folder: Path, pseudonym: str | None = None) -> list[tuple[str, str, str]]:
    """(pseudonym, kind, original) of everything that bears it: a whole pseudonym, or the handle inside several.

    Without a pseudonym, of everything that was ever shared from the incident.
    """
    asked = (pseudonym or "").strip().lower()
    known = private.maps(incident_folder)
    if not known:
        raise UserProblem(
            f"{incident_folder.name} has no map: nothing was shared from here, or private/ was taken away."
        )
    found = [
        (name, one["kind"], one["original"])
        for name, originals in sorted(known.items())
        for one in originals
        if pseudonym is None
        or name.lower() == asked
        or (len(asked) >= HANDLE and asked.removeprefix("user-").partition("@")[0] in name.lower())
    ]
    if not found:
        raise UserProblem(
            f"No map of {incident_folder.name} knows {pseudonym}. Copy it whole, as it stands in the bundle."
        )
    return found
