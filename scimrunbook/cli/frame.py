"""What every verb shares: the app, the options that many have, and how a failure becomes a sentence and a code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from scimrunbook.cli.lean import Verbs

EXIT = """Exit codes: 0 healthy · 1 a problem was found · 2 bad usage or input · 3 inconclusive ·
4 refused to share (a leak was found) · 70 internal error · 130 interrupted"""

app = typer.Typer(
    cls=Verbs,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # a traceback with locals could carry a token
    help="Diagnoses SCIM provisioning of Coalesce Catalog from Okta or Microsoft Entra ID.",
    epilog=EXIT,
)

IncidentFile = Annotated[Path, typer.Argument(help="Incident file, e.g. parameters/CAT-1042.yaml", show_default=False)]
Outputs = Annotated[Path | None, typer.Option("--outputs", help="Folder for results; default: outputs/ of the project")]
Probe = Annotated[str, typer.Option("--probe", help="How much to ask of the Catalog endpoint: off, light or full")]
Reuse = Annotated[bool, typer.Option("--reuse", help="Judge the latest snapshot again where its inputs are unchanged")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON alone on standard output, progress on standard error")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run, or an incident id (its latest)")]


def known_probe(probe: str) -> None:
    """Ends with exit code 2 where the option names no probe."""
    if probe not in ("off", "light", "full"):
        fail("--probe must be off, light or full.", 2)


_CUT_OFF = "Interrupted. If anything was collected, it lies in a .partial folder; run.json there says what it holds."


def guarded(work: Callable[[], int | None], interrupted: str = _CUT_OFF) -> NoReturn:
    """Runs ``work``; every failure becomes one message with cause and remedy, and its exit code."""
    os.umask(0o077)
    try:
        code = work()
    except KeyboardInterrupt:
        fail(interrupted, 130)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader is gone; nobody is left to tell
        code = 0
    except Exception as problem:
        from scimrunbook.problems import told

        message, exit_code = told(problem)
        fail(message, exit_code)
    raise typer.Exit(code or 0)


def fail(message: str, code: int) -> NoReturn:
    """Says why on standard error, and ends with the code. What steers a terminal is shown, not obeyed."""
    from scimrunbook.show.words import visible

    typer.echo(visible(message), err=True)
    raise typer.Exit(code)
