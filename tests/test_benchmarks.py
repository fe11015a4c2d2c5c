"""The benchmarks measure what they say: ratios, both sides in turn; no time is asserted."""

from __future__ import annotations

import importlib
import sys

import pytest

from benchmarks.__main__ import NAMES, main
from benchmarks.harness import Row, child, python, versus


def test_both_sides_run_in_turn_after_a_warm_up() -> None:
    order: list[str] = []
    row = versus("a", lambda: order.append("a"), "b", lambda: order.append("b"), goal=2, rounds=3)
    assert order == ["a", "b"] * 4
    assert row.rounds == 3 and row.ours > 0 and row.other > 0


@pytest.mark.parametrize(("ours", "mark"), [(1.0, "≤ 0.5 met"), (1.01, "≤ 0.5 **missed**")])
def test_a_row_says_whether_its_goal_is_met(ours: float, mark: str) -> None:
    row = Row("ours", "theirs", ours, 2.0, 0.5)
    assert mark in row.line() and row.met is ("met" in mark.split())


def test_a_child_is_measured_and_its_failure_is_told() -> None:
    assert python("x = bytearray(80_000_000); print(len(x))").peak_mb > 80
    with pytest.raises(Exception, match="exit status 1"):
        child([sys.executable, "-c", "1 / 0"])


def test_every_name_is_a_module_with_rows(capsys) -> None:
    for name in NAMES:
        assert callable(importlib.import_module(f"benchmarks.{name}").rows)
    assert main(["nonsense"]) == 2
    assert NAMES[0] in capsys.readouterr().err
