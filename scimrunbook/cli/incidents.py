"""The verbs of one incident: judge it, follow a person, look at the report, compare two runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from scimrunbook.cli.frame import AsJson, IncidentFile, Outputs, Probe, Reuse, app, guarded, known_probe


@app.command(epilog="Example: scimrunbook run parameters/demo-okta.yaml")
def run(
    file: IncidentFile,
    outputs: Outputs = None,
    probe: Probe = "light",
    reuse: Reuse = False,
    as_json: AsJson = False,
) -> None:
    """Collect once, execute the nine notebooks, print the verdict. Then say where everything lies."""
    _run(file, outputs, probe, as_json, notebooks=True, reuse=reuse)


@app.command(epilog="Example: scimrunbook check parameters/demo-entra.yaml --json")
def check(
    file: IncidentFile,
    outputs: Outputs = None,
    probe: Probe = "light",
    reuse: Reuse = False,
    plan: Annotated[bool, typer.Option("--plan", help="List every request instead; nothing is sent")] = False,
    as_json: AsJson = False,
) -> None:
    """The same as run without notebooks: the quickest verdict."""
    known_probe(probe)
    if plan:
        from scimrunbook.plan import print_plan

        guarded(lambda: print_plan(file, probe, as_json))
    _run(file, outputs, probe, as_json, notebooks=False, reuse=reuse)


@app.command(epilog="Example: scimrunbook trace parameters/demo-okta.yaml greta.farkas@example.com")
def trace(
    file: Annotated[Path, typer.Argument(help="Incident file or id, or the folder of a run", show_default=False)],
    who: Annotated[str, typer.Argument(help="E-mail, login, object id, external id, part of a name; or a group")],
    collect: Annotated[bool, typer.Option("--collect", help="Collect now instead of using the latest run")] = False,
    outputs: Outputs = None,
    as_json: AsJson = False,
) -> None:
    """Follow one person or group hop by hop to where they stopped. With the proof, and the next step."""
    from scimrunbook.faces import print_way

    guarded(lambda: print_way(file, who, collect, outputs, as_json))


@app.command(epilog="Example: scimrunbook report demo-okta")
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run, or an incident id (its latest)")],
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser")] = False,
    outputs: Outputs = None,
) -> None:
    """Where the report of a run lies. With --open, in the browser."""
    from scimrunbook.faces import show_report

    guarded(lambda: show_report(run, open_, outputs))


@app.command(epilog="Example: scimrunbook lab parameters/demo-okta.yaml")
def lab(
    file: Annotated[Path | None, typer.Argument(help="Incident file; without it, one is chosen there")] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser window")] = True,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port on this machine")] = None,
) -> None:
    """JupyterLab on this incident's own copies of the notebooks. Without a file, one is chosen or made there."""
    from scimrunbook.lab.copies import open_lab

    guarded(lambda: open_lab(file, browser=browser, port=port))


@app.command(epilog="Example: scimrunbook compare demo-okta demo-okta")
def compare(
    before: Annotated[str, typer.Argument(metavar="RUN_A", help="Folder of a run, or an incident id (its latest)")],
    after: Annotated[str, typer.Argument(metavar="RUN_B", help="The later run, likewise")],
    outputs: Outputs = None,
    as_json: AsJson = False,
) -> None:
    """What was mended between two runs, what is new, who moved on."""
    from scimrunbook.faces import print_comparison

    guarded(lambda: print_comparison(before, after, outputs, as_json))


def _run(file: Path, outputs: Path | None, probe: str, as_json: bool, *, notebooks: bool, reuse: bool) -> None:
    known_probe(probe)

    def work() -> int:
        from scimrunbook.faces import print_result
        from scimrunbook.run import run_incident
        from scimrunbook.show.progress import reporter

        with reporter() as progress:
            result = run_incident(
                file,
                progress=progress,
                notebooks=notebooks,
                outputs=outputs,
                probe=probe,
                reuse=reuse,
                interactive=sys.stdin.isatty() and sys.stderr.isatty(),
            )
        print_result(result, as_json)
        return result.exit_code

    guarded(work)
