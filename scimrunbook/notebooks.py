"""Where the nine notebooks lie, and how one of them is executed through papermill, in memory."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scimrunbook.kernels.environment import bare
from scimrunbook.runfolder import write

if TYPE_CHECKING:
    from nbformat import NotebookNode

AT_ONCE = 2


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


def without_grammars() -> None:
    """Blocks a grammar library that jsonschema builds at import for formats no Jupyter schema uses: 1 s per process.

    Has an effect only before nbformat is imported.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def warm_up() -> None:
    """Lets the warm process begin its imports; where kernels cannot be forked nothing happens."""
    from scimrunbook.kernels.provisioner import Zygote, possible

    if possible():
        Zygote.get()


def execute_all(incident: Path, run: str, outputs: Path, folder: Path) -> Iterator[tuple[str, str | None, float]]:
    """Executes the nine into ``folder``, two at a time: while one kernel starts, another works.

    Yields name, what went wrong (if anything) and seconds, in the guide's order. Where the caller is interrupted, the
    kernels are killed and what was not begun is left out.
    """
    without_grammars()
    import papermill  # noqa: F401 - before the threads, which would import it twice at once

    from scimrunbook.kernels.manager import stop_all

    def one(name: str) -> tuple[str, str | None, float]:
        began = time.monotonic()
        problem = execute(name, incident, run, outputs, folder / f"{name}.ipynb")
        return name, problem, time.monotonic() - began

    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notebook")
    futures = [pool.submit(one, name) for name in names()]
    try:
        for future in futures:
            yield future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        while any(future.running() for future in futures):  # again and again: one may be starting this moment
            stop_all()
            time.sleep(0.05)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def execute(name: str, incident: Path, run: str, outputs: Path, target: Path) -> str | None:
    """Executes one notebook of a run and writes it, scrubbed, to ``target``. Returns what went wrong, if anything.

    The kernel gets the path of the incident file and the name of the run, never a token: it reads the saved snapshot.
    """
    without_grammars()
    import nbformat
    import papermill
    from jupyter_core.utils import ensure_event_loop

    loop = ensure_event_loop()  # of this thread; closed below, or its sockets stay open until somebody collects them
    kept: list[NotebookNode] = []
    problem = None
    parameters: dict[str, Any] = {"incident": shown(incident), "run": run}
    try:
        papermill.execute_notebook(
            folder() / f"{name}.ipynb",
            None,
            parameters=parameters,
            engine_name="scimrunbook",
            progress_bar=False,
            keep=kept.append,
            environment={**bare(os.environ), "SCIMRUNBOOK_OUTPUTS": str(outputs.resolve())},
        )
    except Exception as failure:  # whatever a notebook dies of, the other eight still run
        problem = type(failure).__name__
    finally:
        loop.close()
    if kept:
        if problem:
            problem = _first_error(kept[0]) or problem
        write(target, nbformat.writes(kept[0]))  # type: ignore[no-untyped-call]
    return problem


def shown(incident: Path) -> str:
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
