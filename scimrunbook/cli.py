"""The command line: one function per verb, no logic. Exit codes as documented in ``EXIT``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from scimrunbook import __version__

EXIT = """Exit codes: 0 healthy · 1 a problem was found · 2 bad usage or input · 3 inconclusive ·
4 refused to share (a leak was found) · 70 internal error · 130 interrupted"""

app = typer.Typer(
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


@app.command(epilog="Example: scimrunbook run parameters/demo-okta.yaml")
def run(
    file: IncidentFile,
    outputs: Outputs = None,
    probe: Probe = "light",
    reuse: Reuse = False,
    as_json: AsJson = False,
) -> None:
    """Collect once, execute all nine notebooks, print the verdict and where everything lies."""
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
    """The same as run, without notebooks: the quickest way to the verdict."""
    _known_probe(probe)
    if plan:
        from scimrunbook.plan import print_plan

        _guarded(lambda: print_plan(file, probe, as_json))
    _run(file, outputs, probe, as_json, notebooks=False, reuse=reuse)


@app.command(epilog="Example: scimrunbook doctor parameters/demo-okta.yaml")
def doctor(
    file: Annotated[Path | None, typer.Argument(help="Incident file, to check its credentials and sources")] = None,
    as_json: AsJson = False,
) -> None:
    """Check this machine, and what each source of an incident will and will not be able to tell."""
    from scimrunbook.doctor import print_health

    _guarded(lambda: print_health(file, as_json))


@app.command(epilog="Example: scimrunbook trace parameters/demo-okta.yaml greta.farkas@example.com")
def trace(
    file: Annotated[Path, typer.Argument(help="Incident file, or the folder of a run", show_default=False)],
    who: Annotated[str, typer.Argument(help="E-mail, login, object id, external id, part of a name; or a group")],
    collect: Annotated[bool, typer.Option("--collect", help="Collect now instead of using the latest run")] = False,
    outputs: Outputs = None,
    as_json: AsJson = False,
) -> None:
    """Follow one person or group hop by hop: where they stopped, the proof, the next step."""
    from scimrunbook.faces import print_way

    _guarded(lambda: print_way(file, who, collect, outputs, as_json))


@app.command(epilog="Example: scimrunbook report demo-okta")
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run, or an incident id (its latest)")],
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser")] = False,
    outputs: Outputs = None,
) -> None:
    """Where the report of a run lies; with --open, in the browser."""
    from scimrunbook.faces import show_report

    _guarded(lambda: show_report(run, open_, outputs))


@app.command(epilog="Example: scimrunbook lab parameters/demo-okta.yaml")
def lab(
    file: Annotated[Path | None, typer.Argument(help="Incident file; without it, one is chosen there")] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser window")] = True,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port on this machine")] = None,
) -> None:
    """JupyterLab on this incident's own copies of the notebooks, or on a form that makes an incident."""
    from scimrunbook.lab.copies import open_lab

    _guarded(lambda: open_lab(file, browser=browser, port=port))


@app.command(epilog="Example: scimrunbook compare demo-okta demo-okta")
def compare(
    before: Annotated[str, typer.Argument(metavar="RUN_A", help="Folder of a run, or an incident id (its latest)")],
    after: Annotated[str, typer.Argument(metavar="RUN_B", help="The later run, likewise")],
    outputs: Outputs = None,
    as_json: AsJson = False,
) -> None:
    """What was mended between two runs, what is new, what is unchanged, who moved on."""
    from scimrunbook.faces import print_comparison

    _guarded(lambda: print_comparison(before, after, outputs, as_json))


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
    _known_probe(probe)

    def work() -> int:
        from scimrunbook.sweep_cluster import Tls
        from scimrunbook.sweeping import Options, run_sweep

        tls = Tls(tls_ca, tls_cert, tls_key)
        return run_sweep(files, Options(outputs, jobs, notebooks, probe, scheduler, tls, fresh), as_json)

    _guarded(work, "Interrupted. What is finished is kept: the same command goes on from here.")


@app.command(epilog="Example: scimrunbook index --cause url_or_token --days 30")
def index(
    outputs: Annotated[Path, typer.Option("--outputs", help="The folder of results")] = Path("outputs"),
    cause: Annotated[str, typer.Option(help="Only runs whose first cause or finding contains this")] = "",
    tenant: Annotated[str, typer.Option(help="Only tenants whose name contains this")] = "",
    verdict: Annotated[str, typer.Option(help="Only healthy, problem or inconclusive")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="Only runs of the last so many days")] = None,
    by: Annotated[
        str, typer.Option(help="Count incidents by: cause, finding, tenant, verdict, identity_provider")
    ] = "",
    came_back: Annotated[bool, typer.Option("--came-back", help="Only what was gone in between and is back")] = False,
    as_json: AsJson = False,
) -> None:
    """Every run there is: which causes, which tenants, what came back. Writes outputs/index.html anew."""

    def work() -> int:
        from scimrunbook.indexing import Question, answer

        return answer(outputs, Question(cause, tenant, verdict, days, by, came_back), as_json)

    _guarded(work)


RunName = Annotated[str, typer.Argument(metavar="RUN", help="Folder of a run, or an incident id (its latest)")]


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
    """Build the redacted, checked and sealed bundle that may leave the house. Exit code 4: refused, nothing built."""
    from scimrunbook.sharing import share_run

    _guarded(lambda: share_run(run, outputs, practice, key, unsigned, waive or [], because))


@app.command(epilog="Example: scimrunbook verify 2026-11-23T20-15-07Z.zip --signers allowed_signers")
def verify(
    bundle: Annotated[Path, typer.Argument(help="The ZIP that share built")],
    signers: Annotated[Path | None, typer.Option(help="allowed_signers file from the sender")] = None,
) -> None:
    """Is a bundle what its sender made? 0 intact and signed, 1 changed, 3 unsigned or nobody vouches for the key."""
    from scimrunbook.sharing import verify_bundle

    _guarded(lambda: verify_bundle(bundle, signers))


@app.command(epilog="Example: scimrunbook reveal CAT-1042 user-7k3mq2abcd")
def reveal(
    run: RunName, pseudonym: Annotated[str, typer.Argument(help="As it stands in the bundle")], outputs: Outputs = None
) -> None:
    """Who a pseudonym of a bundle is, from the private map of the incident."""
    from scimrunbook.sharing import reveal_pseudonym

    _guarded(lambda: reveal_pseudonym(run, pseudonym, outputs))


@app.command(epilog="Example: scimrunbook purge --days 90 --yes")
def purge(
    incident: Annotated[str | None, typer.Option(help="Everything of this incident, key and maps included")] = None,
    days: Annotated[int | None, typer.Option(min=0, help="Runs and bundles older than this; default 90")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go")] = False,
    outputs: Outputs = None,
) -> None:
    """Take raw personal data away, by age or by incident, and record that it was done."""
    from scimrunbook.sharing import purge_data

    _guarded(lambda: purge_data(outputs or Path("outputs"), incident, days, yes))


def _ids(incomplete: str) -> list[tuple[str, str]]:
    from scimrunbook.explain import known_ids

    return [(name, kind) for name, kind in known_ids() if name.startswith(incomplete)]


@app.command(epilog='Example: scimrunbook explain --text "Conflict. Errors reported by remote server: already exists"')
def explain(
    id: Annotated[
        str | None,
        typer.Argument(
            help="A check, a cause, an Entra code or an Okta event type", autocompletion=_ids, show_default=False
        ),
    ] = None,
    text: Annotated[str | None, typer.Option(help="An error text or a sentence about what goes wrong")] = None,
    stdin: Annotated[
        bool,
        typer.Option(
            "--stdin", help="JSON, one object a line: text, provider, kind, http_status, reach, others_succeed"
        ),
    ] = False,
    provider: Annotated[str | None, typer.Option(help="okta or entra: the steps in its own words")] = None,
    status: Annotated[int | None, typer.Option(help="The HTTP status, where it is known", min=100, max=599)] = None,
    reach: Annotated[str | None, typer.Option(help="Whom it hits: one, some or everybody")] = None,
    others_succeed: Annotated[
        bool | None, typer.Option("--others-succeed/--nobody-succeeds", help="Whether it works for other people")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What an error text, a code or an id means, and what to do. Exit code 3: the text alone does not decide."""
    from scimrunbook import explaining

    if sum((id is not None, text is not None, stdin)) != 1:
        _fail("Give one of: an id, --text, --stdin.", 2)
    if stdin:
        _guarded(lambda: explaining.stream())
    elif text is not None:
        _guarded(lambda: explaining.say_text(text, provider, status, as_json, reach, others_succeed))
    else:
        _guarded(lambda: explaining.say_id(str(id), as_json))


@app.command(epilog="Example: scimrunbook init --incident CAT-1042 --provider okta --region us")
def init(
    incident: Annotated[str | None, typer.Option(help="Ticket id; always text")] = None,
    provider: Annotated[str | None, typer.Option(help="okta or entra")] = None,
    region: Annotated[str | None, typer.Option(help="eu (app.castordoc.com) or us (app.us.castordoc.com)")] = None,
    symptom: Annotated[list[str] | None, typer.Option(help="What people see; may be given several times")] = None,
    person: Annotated[list[str] | None, typer.Option(help="E-mail to trace first; may be given several times")] = None,
    summary: Annotated[str, typer.Option(help="One sentence")] = "",
    exports: Annotated[str | None, typer.Option(help="Folder of exported files")] = None,
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
        _guarded(lambda: _first_day(provider, how_to_export, permissions))
    from scimrunbook.asking import write_incident_file

    given = {
        "incident": incident,
        "identity_provider": provider,
        "region": region,
        "symptoms": symptom,
        "people": person,
        "summary": summary,
        "exports": exports,
    }
    _guarded(lambda: write_incident_file(given, file, ask=sys.stdin.isatty() and sys.stdout.isatty()))


def _first_day(provider: str | None, how_to_export: bool, permissions: bool) -> int:
    from scimrunbook import day_one

    wanted = [f for f, on in ((day_one.how_to_export, how_to_export), (day_one.permissions, permissions)) if on]
    typer.echo("\n".join(make((provider or "").lower()) for make in wanted), nl=False)
    return 0


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
    """A practice tenant with a fault: serve it on loopback until Ctrl-C, or write its exports."""
    from scimrunbook import practice

    if list_:
        _guarded(lambda: practice.list_faults(as_json))
    elif provider != "okta" and provider != "entra":
        _fail("--provider must be okta or entra.", 2)
    else:
        options = practice.Options(
            "okta" if provider == "okta" else "entra", tuple(fault or ()), people, seed, incident, noise
        )
        _guarded(lambda: practice.export(options, export) if export else practice.serve(options, folder))


@app.command(epilog="Example: scimrunbook demo")
def demo(outputs: Outputs = None) -> None:
    """The main job on the embedded tenant: one Okta and one Entra incident, each with a known cause."""
    from scimrunbook import practice

    _guarded(lambda: practice.demo(outputs or Path("outputs")))


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def _run(file: Path, outputs: Path | None, probe: str, as_json: bool, *, notebooks: bool, reuse: bool) -> None:
    _known_probe(probe)

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

    _guarded(work)


def _known_probe(probe: str) -> None:
    if probe not in ("off", "light", "full"):
        _fail("--probe must be off, light or full.", 2)


_CUT_OFF = "Interrupted. What was collected lies in the .partial folder; run.json there says what it holds."


def _guarded(work: Any, interrupted: str = _CUT_OFF) -> None:
    """Runs ``work``; every failure becomes one message with cause and remedy, and its exit code."""
    os.umask(0o077)
    try:
        code = work()
    except KeyboardInterrupt:
        _fail(interrupted, 130)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader is gone; nobody is left to tell
        code = 0
    except Exception as problem:
        from scimrunbook.problems import told

        message, exit_code = told(problem)
        _fail(message, exit_code)
    raise typer.Exit(code or 0)


def _fail(message: str, code: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(code)


def main() -> None:
    """Entry point."""
    app()
