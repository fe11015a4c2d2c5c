"""The verbs that begin: is this machine fit, and a new incident file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from scimrunbook.cli.frame import AsJson, app, guarded


@app.command(epilog="Example: scimrunbook doctor parameters/demo-okta.yaml")
def doctor(
    file: Annotated[Path | None, typer.Argument(help="Incident file, to check its credentials and sources")] = None,
    as_json: AsJson = False,
) -> None:
    """Check this machine, and the sources of an incident. Each says what it will and will not tell."""
    from scimrunbook.doctor import print_health

    guarded(lambda: print_health(file, as_json))


@app.command(epilog="Example: scimrunbook init --incident CAT-1042 --provider okta --region us")
def init(
    incident: Annotated[str | None, typer.Option(help="Ticket id; always text")] = None,
    provider: Annotated[str | None, typer.Option(help="okta or entra")] = None,
    region: Annotated[str | None, typer.Option(help="eu (app.castordoc.com) or us (app.us.castordoc.com)")] = None,
    symptom: Annotated[list[str] | None, typer.Option(help="What people see; may be given several times")] = None,
    person: Annotated[list[str] | None, typer.Option(help="E-mail to trace first; may be given several times")] = None,
    summary: Annotated[str, typer.Option(help="One sentence")] = "",
    exports: Annotated[str | None, typer.Option(help="Folder of exported files")] = None,
    application: Annotated[str | None, typer.Option(help="Id of the Catalog SCIM app, where there are several")] = None,
    job: Annotated[str | None, typer.Option(help="Entra: id of the provisioning job, where there are several")] = None,
    file: Annotated[Path | None, typer.Option(help="Where to write; default parameters/<incident>.yaml")] = None,
    how_to_export: Annotated[
        bool, typer.Option("--how-to-export", help="Print every file to export, screen by screen, for --provider")
    ] = False,
    permissions: Annotated[
        bool, typer.Option("--permissions", help="Print a request for read-only access, for --provider")
    ] = False,
) -> None:
    """Write a commented incident file. Asks on a terminal for what no option gives."""
    if how_to_export or permissions:
        guarded(lambda: _first_day(provider, how_to_export, permissions))
    from scimrunbook.asking import write_incident_file

    given = {
        "incident": incident,
        "identity_provider": provider,
        "region": region,
        "symptoms": symptom,
        "people": person,
        "summary": summary,
        "exports": exports,
        "entra.service_principal_id" if (provider or "").lower() == "entra" else "okta.app_id": application,
        "entra.job_id": job,
    }
    guarded(lambda: write_incident_file(given, file, ask=sys.stdin.isatty() and sys.stdout.isatty()))


def _first_day(provider: str | None, how_to_export: bool, permissions: bool) -> int:
    from scimrunbook import day_one

    wanted = [f for f, on in ((day_one.how_to_export, how_to_export), (day_one.permissions, permissions)) if on]
    typer.echo("\n".join(make((provider or "").lower()) for make in wanted), nl=False)
    return 0
