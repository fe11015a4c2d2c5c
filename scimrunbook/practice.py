"""The verbs that start the embedded practice tenant: simulate and demo."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from scimrunbook.faces import shown
from scimrunbook.problems import UserProblem
from scimrunbook.run import run_incident
from scimrunbook.show import terminal
from scimrunbook.show.progress import reporter
from scimrunbook.viewing import view_of

# What the demo breaks, and what it therefore has to find.
DEMO: tuple[tuple[Literal["okta", "entra"], str, str], ...] = (
    ("okta", "create_off", "PRACTICE-OKTA"),
    ("entra", "token_expired", "PRACTICE-ENTRA"),
)
DEMO_SEED = 7


@dataclass(frozen=True, slots=True)
class Options:
    """What tenant to build."""

    provider: Literal["okta", "entra"]
    faults: tuple[str, ...] = ()
    people: int = 25
    seed: int = 1
    incident: str | None = None
    noise: bool = False  # oddities with nothing to find


def list_faults(as_json: bool) -> int:
    """Every fault with its ground truth."""
    from scimrunbook.simulator.faults import FAULTS

    rows = [fault.to_json() for fault in FAULTS.values()]
    if as_json:
        json.dump(rows, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return 0
    console = Console(highlight=False)
    for row in rows:
        console.print(f"{row['name']}  ({', '.join(row['providers'])})", style="bold", markup=False)
        console.print(f"    {row['title']}", markup=False)
        if row["finding"]:
            console.print(f"    decided by {row['finding']} · cause {row['cause']}", markup=False)
    return 0


def export(options: Options, folder: Path) -> int:
    """Writes the files an admin would have exported, and the incident file beside their folder."""
    from scimrunbook.simulator.files import write_incident

    if folder.exists() and any(folder.iterdir()):
        raise UserProblem(f"{folder} is not empty. Name a new folder, so that no file of yours is mixed with practice.")
    tenant = _build(options)
    with tenant:
        tenant.export(folder)
        incident = write_incident(tenant, folder.parent, exports=folder, name=options.incident)
    console = Console(highlight=False)
    console.print(f"Exports: {shown(folder)}\nIncident: {shown(incident)}", markup=False)
    console.print(f"Next: scimrunbook run {shown(incident)}", markup=False)
    return 0


def serve(options: Options, folder: Path) -> int:
    """Serves the tenant on loopback until Ctrl-C; writes the incident file and the tokens to use."""
    from scimrunbook.simulator.files import write_incident

    tenant = _build(options)
    console = Console(highlight=False)
    with tenant, tenant.serve() as port:
        incident = write_incident(tenant, folder, port=port, name=options.incident)
        console.print(f"Serving a practice {options.provider} tenant on 127.0.0.1:{port}", markup=False)
        console.print(f"In another terminal: scimrunbook run {shown(incident)}", markup=False)
        console.print("Ctrl-C ends it.", markup=False)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            console.print("Stopped.", markup=False)
    return 0


def demo(outputs: Path) -> int:
    """One Okta and one Entra incident, served live, run in full; 0 when each verdict names the injected cause."""
    from scimrunbook.simulator.files import write_incident

    console = Console(highlight=False)
    said: list[tuple[str, str, str, bool, Path]] = []
    for kind, fault, name in DEMO:
        console.rule(f"{kind}: a practice tenant with the fault {fault}", characters="-")
        with _build(Options(kind, (fault,), seed=DEMO_SEED)) as tenant, tenant.serve() as port:
            incident = write_incident(tenant, outputs / "practice" / name.lower(), port=port, name=name)
            with reporter() as progress:
                result = run_incident(incident, progress=progress, outputs=outputs)
            truth = tenant.truth[0]
        view = view_of(result.folder)
        terminal.verdict(console, view, shown(result.folder))
        first = view.diagnosis["causes"][0] if view.diagnosis["causes"] else {"cause": "none", "finding": "none"}
        right = (first["cause"], first["finding"]) == (truth.cause, truth.finding)
        said.append((kind, fault, str(first["finding"]), right and not result.failed_notebooks, result.folder))
    console.rule("The demo in two lines", characters="-")
    for provider, fault, found, right, folder in said:
        mark = "✔ named" if right else "✖ NOT named"
        console.print(f"{mark}: {provider} · injected {fault} · found {found}", markup=False)
        console.print(f"    {shown(folder)}/report.html", markup=False)
    return 0 if all(right for *_, right, _ in said) else 1


def _build(options: Options):  # type: ignore[no-untyped-def] # a Tenant; the simulator is imported only when used
    try:
        from scimrunbook.simulator.faults import FAULTS
        from scimrunbook.simulator.noise import NOISE
        from scimrunbook.simulator.tenant import build
    except ImportError as missing:
        raise UserProblem(
            f"The practice tenant needs the extra packages of scimrunbook[simulator] ({missing.name} is missing). "
            "Install them: pip install 'scimrunbook[simulator]'"
        ) from missing
    for fault in options.faults:
        if fault not in FAULTS:
            raise UserProblem(f"There is no fault {fault}. Known: {', '.join(FAULTS)}.")
        if options.provider not in FAULTS[fault].providers:
            raise UserProblem(f"The fault {fault} does not occur with {options.provider}.")
    # a log saved of failures alone is no proof of health: that oddity would make a healthy tenant inconclusive
    noise = tuple(n for n in NOISE if n != "filtered_export") if options.noise else ()
    people = max(options.people, 20 + len(noise)) if noise else options.people  # each oddity takes somebody
    try:
        return build(options.provider, options.faults, people=people, seed=options.seed, noise=noise)
    except ValueError as wrong:
        raise UserProblem(f"{str(wrong)[0].upper()}{str(wrong)[1:]}. Build a tenant for each.") from wrong
