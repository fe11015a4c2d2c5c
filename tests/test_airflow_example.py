"""The Airflow example passes what the notebooks take; Airflow itself is not needed to know that."""

from __future__ import annotations

import ast
import runpy
import sys
import types
from typing import Any

import nbformat

from tests.conftest import ROOT
from tests.tenants import NINE

EXAMPLE = ROOT / "docs" / "examples" / "airflow_scimrunbook.py"


class Operator:
    made: list[dict[str, Any]] = []  # noqa: RUF012

    def __init__(self, **options: Any) -> None:
        self.made.append(options)

    def __rshift__(self, others: list[Operator]) -> None:
        assert len(others) == 8


class Dag:
    def __init__(self, *_: Any, **__: Any) -> None: ...
    def __enter__(self) -> Dag:
        return self

    def __exit__(self, *_: Any) -> None: ...


def test_its_parameters_are_those_of_the_notebooks(monkeypatch) -> None:
    modules = {"airflow": types.ModuleType("airflow"), "airflow.providers.papermill.operators.papermill": None}
    modules["airflow"].DAG = Dag
    papermill = types.ModuleType("papermill")
    papermill.PapermillOperator = Operator
    modules["airflow.providers.papermill.operators.papermill"] = papermill
    for parent in ("airflow.providers", "airflow.providers.papermill", "airflow.providers.papermill.operators"):
        modules[parent] = types.ModuleType(parent)
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    runpy.run_path(str(EXAMPLE))
    assert [o["task_id"] for o in Operator.made] == NINE
    for options in Operator.made:
        nb = nbformat.read(ROOT / "notebooks" / options["input_nb"].rsplit("/", 1)[-1], as_version=4)
        cell = next(c for c in nb.cells if "parameters" in c.metadata.get("tags", []))
        names = {t.id for n in ast.parse(cell.source).body for t in n.targets}
        assert set(options["parameters"]) == names
        assert options["engine_name"] == "scimrunbook"
    assert [o["parameters"]["run"] for o in Operator.made] == ["new"] + ["latest"] * 8
