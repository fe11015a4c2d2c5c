"""The verbs of many incidents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scimrunbook.cli.frame import AsJson, Outputs, Probe, app, guarded, known_probe


@app.command(epilog="Example: scimrunbook sweep parameters/demo-okta.yaml parameters/demo-entra.yaml --jobs 2")
def sweep(
    files: Annotated[list[Path], typer.Argument(help="Incident files", show_default=False)],
    outputs: Outputs = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Incidents at a time; default: as cores and memory bear")
    ] = None,
    notebooks: Annotated[bool, typer.Option(help="Execute the nine notebooks of each, or only judge")] = True,
    probe: Probe = "light",
    scheduler: Annotated[str, typer.Option(help="Run on this Dask cluster: tcp://host:8786 (extra: cluster)")] = "",
    tls_ca: Annotated[str | None, typer.Option(help="For tls://: PEM file of the authority")] = None,
    tls_cert: Annotated[str | None, typer.Option(help="For tls://: PEM file of this client's certificate")] = None,
    tls_key: Annotated[str | None, typer.Option(help="For tls://: PEM file of its key")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, even where an earlier sweep was cut off")] = False,
    as_json: AsJson = False,
) -> None:
    """Many incidents side by side. Cut off, the same command goes on and repeats nothing that is finished."""
    known_probe(probe)

    def work() -> int:
        from scimrunbook.sweep_cluster import Tls
        from scimrunbook.sweeping import Options, run_sweep

        tls = Tls(tls_ca, tls_cert, tls_key)
        return run_sweep(files, Options(outputs, jobs, notebooks, probe, scheduler, tls, fresh), as_json)

    guarded(work, "Interrupted. What is finished is kept: the same command goes on from here.")


@app.command(epilog="Example: scimrunbook index --cause url_or_token --days 30")
def index(
    outputs: Annotated[Path, typer.Option("--outputs", help="The folder of results")] = Path("outputs"),
    cause: Annotated[str, typer.Option(help="Only runs whose first cause, or any finding, contains this")] = "",
    tenant: Annotated[str, typer.Option(help="Only tenants whose name contains this")] = "",
    verdict: Annotated[str, typer.Option(help="Only healthy, problem or inconclusive")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="Only runs of the last so many days")] = None,
    by: Annotated[
        str, typer.Option(help="Count by: cause, finding, tenant, verdict, identity_provider or catalog_host")
    ] = "",
    came_back: Annotated[bool, typer.Option("--came-back", help="Only what was gone in between and is back")] = False,
    all_runs: Annotated[bool, typer.Option("--all-runs", help="Every run; else the newest of each incident")] = False,
    as_json: AsJson = False,
) -> None:
    """What the runs found: causes, tenants, what came back. Writes outputs/index.html anew."""

    def work() -> int:
        from scimrunbook.indexing import Question, answer

        return answer(outputs, Question(cause, tenant, verdict, days, by, came_back, all_runs), as_json)

    guarded(work)
