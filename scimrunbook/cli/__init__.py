"""The command line: one function per verb, no logic. Exit codes as documented in ``EXIT``.

A module per kind of work. Nothing heavy is imported before a verb runs: ``--help`` comes at once.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Annotated

import typer

from scimrunbook import __version__
from scimrunbook.cli import beginning, incidents, many, meaning, practice, sharing
from scimrunbook.cli.frame import EXIT, app
from scimrunbook.cli.lean import name_of, only

# As --help lists them: as one meets them.
ORDER = "demo init doctor run check trace explain report lab compare share verify reveal purge sweep index simulate"
app.registered_commands.sort(key=lambda c: f" {ORDER} ".index(f" {name_of(c)} "))


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Entry point."""
    # What is imported stays to the end: looking for garbage in it, above all once more at the very end, took a third of
    # what `check` needs. Files are closed where they are written, so that nothing waits for that last look.
    gc.set_threshold(10_000, 10, 10)
    atexit.register(gc.freeze)
    if "_SCIMRUNBOOK_COMPLETE" not in os.environ:  # completion offers every verb
        only(app, sys.argv[1:])
    app()


__all__ = ["EXIT", "app", "beginning", "incidents", "main", "many", "meaning", "practice", "sharing"]
