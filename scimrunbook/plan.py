"""``check --plan``: every request a run would send, on the terminal or as JSON. Nothing is sent, nothing is written."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from scimrunbook.incident_file import load_incident
from scimrunbook.sources.plan import Planned, plan


def print_plan(file: Path, probe: str, as_json: bool) -> int:
    """Prints the plan of an incident file. Raises IncidentError. Exit code 0."""
    incident = load_incident(file).incident
    planned = plan(incident, probe)
    if as_json:
        print(json.dumps({"incident": incident.incident, "requests": [asdict(p) for p in planned]}, indent=2))  # noqa: T201
        return 0
    for line in lines(planned, incident.connect_to):
        print(line)  # noqa: T201
    return 0


def lines(planned: list[Planned], connect_to: str | None) -> list[str]:
    """The plan in words, at most 80 columns where addresses allow."""
    if not planned:
        return ["Nothing would be sent: this incident is judged from exports alone."]
    said = [
        "What a run would send at most. It only reads: GET, and one POST to sign in.",
        "Usually far fewer: lists end with their last page.",
    ]
    if connect_to:
        said.append(f"PRACTICE: every request goes to {connect_to} on this machine instead.")
    credential = None
    for p in planned:
        if p.credential != credential:
            credential = p.credential
            said += ["", f"with {credential}"]
        said += [f"  {p.method} {p.url}", f"      at most {p.at_most:,}; {p.why}"]
    return [*said, "", "Nothing was sent."]
