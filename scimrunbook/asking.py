"""``scimrunbook init``: takes what the options give, asks on a terminal for the rest, writes the commented file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
import typer

from scimrunbook.incident_file import read_incident
from scimrunbook.init import Question, questions, render
from scimrunbook.problems import UserProblem
from scimrunbook.runfolder import write
from scimrunbook.schema import FILE_NAME
from scimrunbook.schema import as_text as schema_text

if TYPE_CHECKING:
    from scimrunbook.sources.exports.candidates import Choice

_REGIONS = {"eu": "app.castordoc.com", "us": "app.us.castordoc.com"}
Given = Mapping[str, str | list[str] | None]


def write_incident_file(given: Given, path: Path | None, *, ask: bool) -> int:
    """Writes a new incident file, never over an existing one. Raises UserProblem, IncidentError."""
    answers = {k: v for k, v in given.items() if v and k != "region"}
    if region := given.get("region"):
        answers["catalog_host"] = _REGIONS.get(str(region).lower(), str(region))
    if ask:
        _ask(answers)
    text = render(answers)
    path = path or Path("parameters") / f"{answers['incident']}.yaml"
    if path.exists():
        raise UserProblem(f"{path} exists already and was left as it is. Name another file with --file.")
    if exports := answers.get("exports"):
        exports = answers["exports"] = _seen_from(path.parent, str(exports))
        answers |= {c.key: _chosen(c, ask) for c in unclear(text, path.parent / str(exports))}
        text = render(answers)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, text)
    beside = path.parent / FILE_NAME
    if not beside.exists():
        write(beside, schema_text())  # editors read it to complete keys and mark mistakes
    if exports and not (path.parent / str(exports)).is_dir():
        typer.echo(
            f"The folder {path.parent / str(exports)} is not there yet: put the exported files into it.", err=True
        )
    typer.echo(f"Wrote {path}. Every key is explained in it; what you left out is commented.")
    typer.echo(f"Next: scimrunbook check {path}")
    return 0


def _seen_from(place: Path, exports: str) -> str:
    """The folder of exports as the incident file in ``place`` names it, also where it was given as seen from here."""
    here = Path(exports)
    if here.is_absolute() or (place / here).exists() or not here.is_dir():
        return exports
    return Path(os.path.relpath(here, place)).as_posix()


def unclear(text: str, exports: Path) -> list[Choice]:
    """What the exported files hold several of, and an incident file with this text does not choose."""
    from scimrunbook.sources.exports.candidates import choices  # pandas comes with it

    return choices(exports, read_incident(text.encode(), Path("new incident")).incident)


def _chosen(choice: Choice, ask: bool) -> str:
    """The one that was meant: asked for by number; without a terminal, none, and the option is named."""
    lines = [f"  {number}. {words}" for number, (words, _) in enumerate(choice.options, 1)]
    what = "provisioning jobs" if choice.key == "entra.job_id" else "applications"
    typer.echo("\n".join([f"The exported files hold {len(lines)} {what}:", *lines]), err=not ask)
    if not ask:
        option = "--job" if choice.key == "entra.job_id" else "--application"
        typer.echo(f"None is chosen: name one with {option} ID, or under {choice.key} in the file.", err=True)
        return ""
    number: int = typer.prompt("Which one is meant? Its number", type=click.IntRange(1, len(lines)))
    return choice.options[number - 1][1]


def _ask(answers: dict[str, str | list[str]]) -> None:
    provider = str(answers.get("identity_provider", "")) or None
    asked: set[str] = set()
    while True:
        # which questions there are depends on the provider, which is one of them
        question = next((q for q in questions(provider, answers) if q.key not in answers and q.key not in asked), None)
        if question is None:
            return
        asked.add(question.key)
        answer = _answer(question)
        if answer:
            answers[question.key] = answer
        if question.key == "identity_provider":
            provider = answer


def _answer(question: Question) -> str:
    if question.help:
        typer.secho(question.help, dim=True)
    if question.choices:
        typer.echo("  " + " · ".join(question.choices))
    while True:
        text = str(typer.prompt(question.question, default=question.default, show_default=bool(question.default)))
        text = text.strip()
        if not text and not question.required:
            return ""
        problem = question.problem(text)
        if problem is None:
            return text
        typer.secho(problem, fg="yellow")
