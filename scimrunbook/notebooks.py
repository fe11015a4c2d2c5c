"""Where the nine notebooks lie, and how one of them is executed through papermill, in memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from scimrunbook.runfolder import write


def folder() -> Path:
    """``notebooks/`` of a checkout, or the copy inside an installed wheel."""
    here = Path(__file__).resolve().parent
    for place in (here / "_notebooks", here.parent / "notebooks"):
        if place.is_dir():
            return place
    raise FileNotFoundError("the notebooks are not installed: reinstall scimrunbook")


def names() -> list[str]:
    """``00_start_here`` … ``08_contact_support``, in the guide's order."""
    return sorted(p.stem for p in folder().glob("[0-9][0-9]_*.ipynb"))


def warm_up() -> None:
    """Lets the warm process begin its imports; where kernels cannot be forked nothing happens."""
    from scimrunbook.kernels.provisioner import Zygote, possible

    if possible():
        Zygote.get()


def execute(name: str, incident: Path, run: str, outputs: Path, target: Path) -> str | None:
    """Executes one notebook of a run and writes it, scrubbed, to ``target``. Returns what went wrong, if anything.

    The kernel gets the path of the incident file and the name of the run, never a token: it reads the saved snapshot.
    """
    import nbformat
    import papermill

    kept: list[NotebookNode] = []
    problem = None
    before = os.environ.get("SCIMRUNBOOK_OUTPUTS")
    os.environ["SCIMRUNBOOK_OUTPUTS"] = str(outputs.resolve())
    parameters: dict[str, Any] = {"incident": _shown(incident), "run": run}
    try:
        papermill.execute_notebook(
            folder() / f"{name}.ipynb",
            None,
            parameters=parameters,
            engine_name="scimrunbook",
            progress_bar=False,
            keep=kept.append,
        )
    except Exception as failure:  # whatever a notebook dies of, the other eight still run
        problem = type(failure).__name__
    finally:
        if before is None:
            os.environ.pop("SCIMRUNBOOK_OUTPUTS", None)
        else:
            os.environ["SCIMRUNBOOK_OUTPUTS"] = before
    if kept:
        if problem:
            problem = _first_error(kept[0]) or problem
        write(target, nbformat.writes(kept[0]))  # type: ignore[no-untyped-call]
    return problem


def _shown(incident: Path) -> str:
    """The path as it goes into the notebook: relative where it can be, since an absolute one names a person's home."""
    try:
        return str(incident.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(incident.resolve())


def _first_error(nb: NotebookNode) -> str | None:
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return f"{output.ename}: {output.evalue}"[:300]
    return None
