"""The papermill engine ``scimrunbook``: a notebook is executed in memory and scrubbed before anybody may write it.

Papermill's own engine writes the raw notebook while it runs, keeps widget state, and says ``completed`` of cells that
timed out or lost their kernel. Here nothing touches the disk, no widget state is kept, and the status of every cell is
what really happened. Usable from the command line too::

    papermill --engine scimrunbook notebooks/04_attribute_mapping.ipynb out.ipynb -p incident parameters/CAT-1042.yaml
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode, from_dict
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.log import logger

from scimrunbook.engine_mode import MODE_VARIABLE
from scimrunbook.evidence.secrets import scrub
from scimrunbook.kernels.manager import PrivateKernelManager

CELL_TIMEOUT_SECONDS = 600


def _new_output(kind: str, **content: Any) -> NotebookNode:
    made: NotebookNode = from_dict({"output_type": kind, **content})  # type: ignore[no-untyped-call]
    return made


class EvidenceClient(PapermillNotebookClient):  # type: ignore[misc]
    """Executes cell by cell and records the truth: a timeout or a dead kernel is a failed cell, later ones pend."""

    def papermill_execute_cells(self) -> None:
        for index, cell in enumerate(self.nb.cells):
            try:
                self.nb_man.cell_start(cell, index)
                self.execute_cell(cell, index)
            except CellExecutionError as problem:
                self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=problem)
                break
            except BaseException as problem:
                failed = self.nb.cells[index]
                self.nb_man.cell_exception(failed, cell_index=index, exception=problem)
                if failed.cell_type == "code":
                    name, text = type(problem).__name__, scrub(str(problem))[:2000]
                    failed.outputs.append(_new_output("error", ename=name, evalue=text, traceback=[text]))
                raise
            finally:
                self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)


class ScimrunbookEngine(NBClientEngine):  # type: ignore[misc]
    """See the module. ``keep`` (a callable) is given the notebook however execution ends."""

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,  # noqa: ARG003 - papermill writes there, after we have scrubbed
        progress_bar: bool = True,
        log_output: bool = False,
        autosave_cell_every: int = 0,  # noqa: ARG003 - nothing is saved while it runs
        keep: Callable[[NotebookNode], None] | None = None,
        **kwargs: Any,
    ) -> NotebookNode:
        manager = NotebookExecutionManager(
            nb, output_path=None, progress_bar=progress_bar, log_output=log_output, autosave_cell_every=0
        )
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=log_output, **kwargs)
        finally:
            manager.cleanup_pbar()
            manager.nb.metadata.papermill["start_time"] = None  # times and paths of this machine are nobody's evidence
            _keep_true_statuses(manager)
            clean(manager.nb)
            if keep is not None:
                keep(manager.nb)
        done: NotebookNode = manager.nb
        return done

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        environment: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> NotebookNode:
        """``environment`` is what the kernel finds; without it all of ours, since a notebook run alone may collect."""
        for own in ("input_path", "timeout", "startup_timeout", "store_widget_state", "record_timing"):
            kwargs.pop(own, None)
        done: NotebookNode = EvidenceClient(
            nb_man,
            kernel_name=kernel_name,
            kernel_manager_class=PrivateKernelManager,
            log=logger,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
            timeout=execution_timeout or CELL_TIMEOUT_SECONDS,
            startup_timeout=start_timeout,
            store_widget_state=False,
            record_timing=False,
            # a graceful shutdown of ipykernel 7.4 hangs 2.5 s in about 1 of 40 runs
            shutdown_kernel="immediate",
            **kwargs,
        ).execute(env={**(os.environ if environment is None else environment), MODE_VARIABLE: "headless"})
        return done


def _keep_true_statuses(manager: NotebookExecutionManager) -> None:
    """papermill's ``notebook_complete`` turns ``pending`` into ``completed``: call it, then put the truth back."""
    truth = [dict(cell.metadata.papermill) for cell in manager.nb.cells]
    manager.notebook_complete()
    for cell, known in zip(manager.nb.cells, truth, strict=True):
        cell.metadata.papermill = known


def clean(nb: NotebookNode) -> NotebookNode:
    """Scrubs every text of the notebook, and drops what is no evidence: widget state, times, paths. In place."""
    nb.metadata.pop("widgets", None)
    known = nb.metadata.get("papermill", {})
    nb.metadata["papermill"] = {k: known[k] for k in ("parameters", "exception", "version") if k in known}
    for cell in nb.cells:
        cell.metadata.pop("execution", None)
        if "papermill" in cell.metadata:
            status = cell.metadata["papermill"]
            cell.metadata["papermill"] = {k: status[k] for k in ("status", "exception") if k in status}
    scrubbed = _scrubbed(nb)
    dict.update(nb, scrubbed)
    return nb


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return type(value)({scrub(str(k)): _scrubbed(v) for k, v in value.items()})
    if isinstance(value, list):
        return [_scrubbed(v) for v in value]
    return value
