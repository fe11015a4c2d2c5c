"""The Airflow example passes what the notebooks and the operator take; Airflow itself is not needed to know that."""

from __future__ import annotations

import ast
import runpy
import sys
import types
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from papermill.engines import NBClientEngine, papermill_engines

from scimrunbook.engine import ScimrunbookEngine
from tests.conftest import ROOT
from tests.tenants import NINE

EXAMPLE = ROOT / "docs" / "examples" / "airflow_scimrunbook.py"


class Operator:
    """Takes the keywords of PapermillOperator 3.13 and of every operator that the example may want, and no others:
    Airflow 3.3 refuses the rest. Executes, as that one does, with the engine that papermill takes where none is named.
    """

    def __init__(
        self,
        *,
        task_id: str,
        input_nb: str | None = None,
        output_nb: str | None = None,
        parameters: dict[str, Any] | None = None,
        kernel_name: str | None = None,
        language_name: str | None = None,
        kernel_conn_id: str | None = None,
        log_output: bool = False,
        nbconvert: bool = False,
        nbconvert_args: list[str] | None = None,
    ) -> None:
        self.task_id, self.input_nb, self.output_nb, self.parameters = task_id, input_nb, output_nb, parameters
        self.before: list[Operator] = []

    def __rshift__(self, others: list[Operator]) -> None:
        for other in others:
            other.before.append(self)

    def execute(self, context: Any) -> Any:
        return papermill_engines.get_engine(None)


class Dag:
    options: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, name: str, **options: Any) -> None:
        Dag.options = options

    def __enter__(self) -> Dag:
        return self

    def __exit__(self, *_: Any) -> None: ...


@pytest.fixture
def tasks(monkeypatch) -> Iterator[list[Operator]]:
    place = "airflow.providers.papermill.operators.papermill"
    names = [".".join(place.split(".")[:n]) for n in range(1, 6)]
    modules = {name: types.ModuleType(name) for name in names}
    modules["airflow"].DAG, modules[place].PapermillOperator = Dag, Operator
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    yield runpy.run_path(str(EXAMPLE))["tasks"]
    papermill_engines.register(None, NBClientEngine)


def test_its_parameters_are_those_of_the_notebooks(tasks: list[Operator]) -> None:
    assert [t.task_id for t in tasks] == NINE
    for task in tasks:
        nb = nbformat.read(ROOT / "notebooks" / task.input_nb.rsplit("/", 1)[-1], as_version=4)
        cell = next(c for c in nb.cells if "parameters" in c.metadata.get("tags", []))
        names = {t.id for n in ast.parse(cell.source).body for t in n.targets}
        assert set(task.parameters) == names
    assert [t.parameters["run"] for t in tasks] == ["new"] + ["latest"] * 8
    assert all(t.before == [tasks[0]] for t in tasks[1:]) and Dag.options["max_active_runs"] == 1
    assert len({t.output_nb for t in tasks}) == 9


def test_its_tasks_are_executed_by_the_engine_that_scrubs(tasks: list[Operator]) -> None:
    papermill_engines.register(None, NBClientEngine)
    assert tasks[3].execute({}) is ScimrunbookEngine
