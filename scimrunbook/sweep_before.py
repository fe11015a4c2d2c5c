"""What a sweep knows of its incidents before it runs the first: what nobody can answer at night is said at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from scimrunbook.incident import Incident
from scimrunbook.incident_file import IncidentError, load_incident
from scimrunbook.sources.parts import Progress
from scimrunbook.sources.turns import organisation

_NAMED = 3


@dataclass(slots=True)
class Known:
    """``paths`` in the order to run them; ``notes``: sentences to be told before the first is run."""

    paths: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def look(paths: Sequence[Path], progress: Progress) -> Known:
    """Reads every incident file; no secret is fetched."""
    unusable: list[str] = []
    asking: list[str] = []
    files_of: dict[str, list[str]] = defaultdict(list)
    asked_by: dict[Path, str] = {}
    for number, path in enumerate(paths):
        progress("reading the incident files", number, len(paths))
        try:
            incident = load_incident(path).incident
        except (IncidentError, OSError):
            unusable.append(path.name)
            continue
        files_of[incident.incident].append(str(path))
        asked_by[path] = organisation(incident)
        if asks(incident):
            asking.append(path.name)
    known = Known(_by_turns(paths, asked_by))
    if unusable:
        known.notes.append(f"‼ Cannot be used: {_some(unusable)}. The others are run; why is told at the end.")
    if asking:
        known.notes.append(
            f"‼ Would ask for a token: {_some(asking)}. In a sweep nobody is asked: they are judged without it. "
            "Refer to it as env:, keyring: or file: instead of prompt (Entra: a credential instead of device_code)."
        )
    for incident_id, files in files_of.items():
        if len(files) > 1:
            known.notes.append(
                f"‼ {_some(files)} are all of incident {incident_id}: each is run, but the index shows the newest run "
                "of an incident alone. Give each an id of its own."
            )
    return known


def asks(incident: Incident) -> bool:
    """Whether somebody would have to type something while it is collected."""
    okta, entra = incident.okta, incident.entra
    references = [incident.catalog.token]
    references += [okta.token, okta.private_key] if okta else []
    references += [entra.credential] if entra else []
    return "prompt" in references or bool(entra and entra.sign_in == "device_code")


def _by_turns(paths: Sequence[Path], asked_by: dict[Path, str]) -> list[Path]:
    """Organisations that are read live take turns, so that one rate limit is not met by all processes at once."""
    met: Counter[str] = Counter()
    rounds = {}
    position = count()
    for path in paths:
        of = asked_by.get(path, "")
        rounds[path] = (met[of] if of else 0, next(position))
        met[of] += 1
    return sorted(paths, key=rounds.__getitem__)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
