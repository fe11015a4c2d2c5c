"""The benchmarks measure what they say: ratios, both sides in turn; no time is asserted."""

from __future__ import annotations

import importlib
import sys

import pytest

import benchmarks.__main__ as bench
from benchmarks import growth
from benchmarks.__main__ import NAMES, main, measured
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
    assert main(["nonsense"]) == main(["--nonsense"]) == 2 and main(["--help"]) == 0
    assert NAMES[0] in capsys.readouterr().err


def test_a_child_is_not_charged_with_the_peak_of_another() -> None:
    assert python("x = bytearray(700_000_000)").peak_mb > 660
    assert python("pass").peak_mb < 600


def test_a_benchmark_that_fails_or_hangs_is_a_row_with_its_reason() -> None:
    (failed,) = measured("nonsense")
    assert not failed.met and "**failed** | No benchmark nonsense" in failed.line()
    (*_, late) = measured("notebooks", quick=True, limit=0.2)
    assert "**failed** | stopped after" in late.line()


def test_an_interruption_keeps_what_was_measured(monkeypatch, tmp_path, capsys) -> None:
    def rows(name: str, _quick: bool):
        yield Row(f"{name} one", "theirs", 1, 2, 1)
        if name == NAMES[1]:
            raise KeyboardInterrupt

    monkeypatch.setattr(bench, "measured", rows)
    target = tmp_path / "R.md"
    assert main([f"--write={target}"]) == 130
    text = target.read_text()
    assert f"| {NAMES[0]} one |" in text and f"| {NAMES[1]} one |" in text
    assert f"Not finished: {', '.join(NAMES[1:])}." in text
    assert main([NAMES[0], f"--write={target}"]) == 0 and "Not finished" not in target.read_text()
    assert main(["--quick", "--write"]) == 2 and "no record" in capsys.readouterr().err


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_the_exponent_of_a_curve_is_found_and_drawn(power: float) -> None:
    points = [{"size": 10.0**n, "seconds": (10.0**n) ** power, "peak_mb": 100.0} for n in range(1, 6)]
    assert growth.exponent(points, "seconds") == pytest.approx(power)
    drawn = growth.picture("Title <&>", "people", points, "today")
    assert f"n^{power:.2f}" in drawn and "Title &lt;&amp;&gt;" in drawn and drawn.count("<circle") == 10
    assert "n^nan" in growth.picture("One size yet", "people", points[:1], "today")
