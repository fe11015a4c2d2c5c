"""The verbs of what leaves the house, and of what is taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scimrunbook.cli.frame import Outputs, RunName, app, guarded


@app.command(epilog="Example: scimrunbook share demo-okta --unsigned")
def share(
    run: RunName,
    practice: Annotated[bool, typer.Option("--practice", help="Yes, this is the practice tenant")] = False,
    key: Annotated[Path | None, typer.Option("--key", help="SSH key that signs; default: one of the incident")] = None,
    unsigned: Annotated[bool, typer.Option("--unsigned", help="Do not sign; every face then says so")] = False,
    waive: Annotated[list[str] | None, typer.Option(help="Let a hit of the last check pass, by its waiver")] = None,
    because: Annotated[str, typer.Option(help="Why; recorded in the bundle")] = "",
    outputs: Outputs = None,
) -> None:
    """Build the redacted, checked, sealed bundle that may be sent. Exit code 4: refused, nothing built."""
    from scimrunbook.sharing import share_run

    guarded(lambda: share_run(run, outputs, practice, key, unsigned, waive or [], because))


@app.command(epilog="Example: scimrunbook verify demo-okta")
def verify(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The ZIP that share built, or a RUN of yours")],
    signers: Annotated[Path | None, typer.Option(help="allowed_signers file from the sender")] = None,
    outputs: Outputs = None,
) -> None:
    """Check that a bundle is what its sender made. 0: intact and signed, 1: changed, 3: unsigned, or nobody vouches."""
    from scimrunbook.sharing import verify_bundle

    guarded(lambda: verify_bundle(bundle, signers, outputs))


@app.command(epilog="Example: scimrunbook reveal demo-okta")
def reveal(
    run: RunName,
    pseudonym: Annotated[
        str | None, typer.Argument(help="As it stands in the bundle, e.g. user-7k3mq2abcd; without it, all of them")
    ] = None,
    outputs: Outputs = None,
) -> None:
    """Who a pseudonym of a bundle is. Told from the private map of the incident, which never leaves."""
    from scimrunbook.sharing import reveal_pseudonym

    guarded(lambda: reveal_pseudonym(run, pseudonym, outputs))


@app.command(epilog="Example: scimrunbook purge --days 90 --yes")
def purge(
    incident: Annotated[str | None, typer.Option(help="Everything of this incident, key and maps included")] = None,
    days: Annotated[int | None, typer.Option(min=0, help="Runs and bundles older than this; default 90")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go")] = False,
    outputs: Outputs = None,
) -> None:
    """Take raw personal data away, by age or by incident. That it was done is recorded."""
    from scimrunbook.sharing import purge_data

    guarded(lambda: purge_data(outputs or Path("outputs"), incident, days, yes))
