"""The verbs that start a practice tenant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scimrunbook.cli.frame import AsJson, Outputs, app, fail, guarded


@app.command(epilog="Example: scimrunbook demo")
def demo(outputs: Outputs = None) -> None:
    """Two practice incidents, Okta and Entra, and their verdicts. Exit code 0: the known causes were found."""
    from scimrunbook import practice

    guarded(lambda: practice.demo(outputs or Path("outputs")))


@app.command(epilog="Example: scimrunbook simulate --provider okta --fault token_expired --export practice/exports")
def simulate(
    provider: Annotated[str | None, typer.Option(help="okta or entra")] = None,
    fault: Annotated[list[str] | None, typer.Option(help="Fault by name (see --list); several may be combined")] = None,
    noise: Annotated[
        bool,
        typer.Option("--noise", help="With oddities that mean nothing: namesakes, healed errors and more"),
    ] = False,
    people: Annotated[int, typer.Option(min=10, max=100_000, help="How many people")] = 25,
    seed: Annotated[int, typer.Option(help="The same seed gives the same tenant to the byte")] = 1,
    export: Annotated[Path | None, typer.Option(help="Write what an admin would have exported to this folder")] = None,
    folder: Annotated[Path, typer.Option(help="Where a served tenant's incident file goes")] = Path("practice"),
    incident: Annotated[str | None, typer.Option(help="Name of the incident")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the faults with their ground truth")] = False,
    as_json: AsJson = False,
) -> None:
    """A practice tenant with a fault, served or as exported files. Served on loopback until Ctrl-C."""
    from scimrunbook import practice

    if list_:
        guarded(lambda: practice.list_faults(as_json))
    elif provider != "okta" and provider != "entra":
        fail("--provider must be okta or entra.", 2)
    else:
        options = practice.Options(
            "okta" if provider == "okta" else "entra", tuple(fault or ()), people, seed, incident, noise
        )
        guarded(lambda: practice.export(options, export) if export else practice.serve(options, folder))
