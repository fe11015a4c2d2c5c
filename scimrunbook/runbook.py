"""What a notebook opens: one run of one incident, its findings as panels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scimrunbook.engine_mode import MODE_VARIABLE
from scimrunbook.evidence import secrets, tracebacks
from scimrunbook.incident_file import IncidentError, load_incident
from scimrunbook.problems import told
from scimrunbook.runfolder import PARTIAL, complete_runs, head_of, home_of, outputs_of
from scimrunbook.show import bundle, panels
from scimrunbook.show.panels import Panel
from scimrunbook.show.words import esc, plain
from scimrunbook.sources.parts import Progress
from scimrunbook.viewing import view_of

if TYPE_CHECKING:
    from scimrunbook.lab.live import LiveSearch, LiveSection
    from scimrunbook.lab.sharing import LiveShare


class RunNotFoundError(Exception):
    """The run asked for does not exist; the message names those that do."""


class ShownAboveError(Exception):
    """What went wrong stands in the card above; the notebook stops here."""

    def _render_traceback_(self) -> list[str]:
        return ["Stopped: the card above says why, and what to do."]


class Runbook:
    """One run, opened. Its own display is the overview; every method returns a panel.

    With ``path``, the incident file, and a person in front of it, sections can be checked again and answered.
    """

    def __init__(self, folder: Path, path: Path | None = None) -> None:
        self.path = path
        self.live = path is not None and not _headless()
        self._open(folder)

    def _open(self, folder: Path) -> None:
        self.folder, self.home = folder, folder.parent
        self.view = view_of(folder)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return self.overview()._repr_mimebundle_(include, exclude)

    def __repr__(self) -> str:
        return self.overview().text

    def overview(self) -> Panel:
        """Verdict, causes, what to do, what was not checked."""
        return panels.overview(self.view)

    def section(self, name: str) -> Panel | LiveSection:
        """The findings of one guide section as cards; with somebody there, controls below them."""
        if self.live:
            from scimrunbook.lab.live import LiveSection

            return LiveSection(self, name)
        return panels.section(self.view, name)

    def people(self) -> Panel:
        """How far people got, and who stopped where."""
        return panels.people(self.view)

    def search(self) -> Panel | LiveSearch:
        """The way of the people the incident names; with somebody there, a box to ask for anybody else."""
        if self.live:
            from scimrunbook.lab.live import LiveSearch

            return LiveSearch(self)
        return self.named_people()

    def share(self) -> Panel | LiveShare:
        """How the bundle that may be sent is built; with somebody there, a button that builds it."""
        if self.live:
            from scimrunbook.lab.sharing import LiveShare

            return LiveShare(self)
        return self.how_to_share()

    def how_to_share(self) -> Panel:
        """What sharing does and the command for it."""
        return bundle.how(self.view)

    def way(self, who: str) -> Panel:
        """The way of whoever ``who`` means: e-mail, login, id or part of a name; a group too."""
        from scimrunbook.show.person import way
        from scimrunbook.tracing import way_of

        return way(way_of(self.folder, who), self.view.said)

    def named_people(self) -> Panel:
        """The ways of the people the incident file names, the first five."""
        from scimrunbook.show.person import several
        from scimrunbook.tracing import way_of

        return several([way_of(self.folder, who) for who in self.view.incident["people"][:5]], self.view.said)

    def table(self, name: str, columns: list[str] | None = None, caption: str = "") -> Panel:
        """A table of what was collected."""
        return panels.data(self.view, name, columns, caption)

    # -- for somebody who is there ------------------------------------------------------------------

    def lacks_typed_token(self) -> bool:
        """Whether collecting would have to ask for a token, which only a running cell can do."""
        access = [self.view.incident.get(k) or {} for k in ("okta", "entra", "catalog")]
        asked = any("prompt" in (a.get("token"), a.get("credential")) for a in access)
        return asked and not secrets.typed_before(str(self.path))

    def collect_again(self, progress: Progress) -> None:
        """Collects anew, as a new run, and opens it. Raises what ``run_incident`` does."""
        from scimrunbook.run import run_incident

        with secrets.typed_for(str(self.path)):
            path = self.path or Path()
            self._open(run_incident(path, progress=progress, notebooks=False, interactive=False).folder)

    def judge_again(self, progress: Progress) -> None:
        """Judges the same data anew, with the answers given since, and opens that run."""
        from scimrunbook.run import judge_again

        self._open(judge_again(self.path or Path(), self.folder, progress=progress).folder)


def choose_incident(incident: str) -> Panel | None:
    """With somebody there: choose an incident, or make one in a form. Else one line that names the incident file."""
    tracebacks.guard()
    if _headless():
        return Panel(f"<p>Incident file: <code>{esc(incident)}</code></p>", f"Incident file: {plain(incident)}", {})
    from scimrunbook.lab.form import choose

    choose(incident, home_of(find_incident(incident) if incident else Path.cwd() / "x") / "parameters")
    return None


def open_run(incident: str, run: str = "latest") -> Runbook:
    """Opens a run of an incident file.

    ``run``: a run's name; ``latest``, the newest complete run of this unchanged incident file (collected first,
    once, if there is none); ``new``, collected now. Raises IncidentError, RunNotFoundError; with somebody there a card
    says what is wrong, and ShownAboveError stops the notebook.
    """
    tracebacks.guard()
    if _headless():
        return _open_run(incident, run)
    try:
        return _open_run(incident, run)
    except Exception as failure:
        from IPython.display import display

        from scimrunbook.lab.parts import problem_card

        said = str(failure) if isinstance(failure, RunNotFoundError) else told(failure)[0]
        card = problem_card(said) if incident else problem_card(said, "☐ Nothing to show yet")
        display(card)  # type: ignore[no-untyped-call]
        raise ShownAboveError from None


def _open_run(incident: str, run: str) -> Runbook:
    if not incident:
        raise RunNotFoundError("No incident is chosen yet: choose one above, or make one; then open its notebooks.")
    path = find_incident(incident)
    loaded = load_incident(path)
    home = outputs_of(path) / loaded.incident.incident
    if run not in ("latest", "new"):
        for name in (run, run + PARTIAL):
            if (home / name / "findings.json").is_file():
                return Runbook(home / name, path)
        known = ", ".join(p.name for p in complete_runs(home)) or "none"
        raise RunNotFoundError(f"Incident {loaded.incident.incident} has no run {run}. Its complete runs: {known}.")
    if run == "latest":
        for found in complete_runs(home):
            if head_of(found)["inputs"].get(path.name) == loaded.sha256:
                return Runbook(found, path)
    return Runbook(_collect(path), path)


def _collect(path: Path) -> Path:
    from scimrunbook.run import run_incident
    from scimrunbook.show.progress import reporter

    with reporter() as progress, secrets.typed_for(str(path)):
        return run_incident(path, progress=progress, notebooks=False, interactive=not _headless()).folder


def find_incident(given: str) -> Path:
    """The incident file: tried against the working folder, then the nearest parent that holds ``parameters/``."""
    path = Path(given)
    here = Path.cwd()
    home = next((p for p in (here, *here.parents) if (p / "parameters").is_dir()), here)
    for candidate in (path, home / path):
        if given and candidate.is_file():
            return candidate
    return path  # load_incident says what is wrong, and what to do


def _headless() -> bool:
    """Nobody is there to be asked: papermill, nbval and nbconvert start kernels that cannot read from a person."""
    if os.environ.get(MODE_VARIABLE) == "headless":
        return True
    try:
        from IPython import get_ipython
    except ImportError:
        return True
    shell = get_ipython()
    return not getattr(getattr(shell, "kernel", None), "_allow_stdin", False)


__all__ = [
    "IncidentError",
    "RunNotFoundError",
    "Runbook",
    "ShownAboveError",
    "choose_incident",
    "find_incident",
    "open_run",
]
