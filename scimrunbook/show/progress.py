"""Progress on standard error: a live line on a terminal, a plain line per step elsewhere; never on standard output.

In a notebook it is one line that changes, and is gone at the end: what stays in the notebook are findings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scimrunbook.show.words import esc, plain


class _Lines:
    """For logs and pipes: each step once when it begins, and every tenth of a long one."""

    def __init__(self, console: Console) -> None:
        self.console, self.step, self.told = console, "", -1

    def __call__(self, step: str, done: int, total: int | None = None) -> None:
        tenth = done * 10 // total if total else -1
        if step != self.step:
            self.step, self.told = step, tenth
            self.console.print(plain(step), markup=False, highlight=False, soft_wrap=True)
        elif total and total >= 1000 and tenth > self.told:
            self.told = tenth
            self.console.print(f"{plain(step)}: {done:,} of {total:,}", markup=False, highlight=False)


class _Live:
    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.task = progress.add_task("starting", total=None)

    def __call__(self, step: str, done: int, total: int | None = None) -> None:
        self.progress.update(self.task, description=plain(step), completed=done, total=total)


class _Cell:
    """One output of a notebook cell, written over at each step."""

    def __init__(self) -> None:
        from IPython.display import display

        self.handle = display(_Said("collecting"), display_id=True)  # type: ignore[no-untyped-call]

    def __call__(self, step: str, done: int, total: int | None = None) -> None:
        self.handle.update(_Said(plain(step) + (f": {done:,} of {total:,}" if total else ""), done, total))

    def close(self) -> None:
        self.handle.update(_Said("collected"))


class _Said:
    """Plain text as a notebook shows it, without quotes; while something runs, with a bar."""

    def __init__(self, text: str, done: int = 0, total: int | None = None) -> None:
        self.text, self.done, self.total = text, done, total

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str | None:
        if self.total is None:
            return None
        return f'<progress value="{self.done}" max="{max(self.total, 1)}"></progress> {esc(self.text)}'


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


@contextmanager
def reporter() -> Iterator[_Lines | _Live | _Cell]:
    """A callable ``progress(step, done, total)`` for the time of the ``with`` block."""
    if _in_notebook():
        cell = _Cell()
        yield cell
        cell.close()
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Live(progress)
