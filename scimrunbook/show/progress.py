"""Progress on standard error: a live line on a terminal, a plain line per step elsewhere; never on standard output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scimrunbook.show.words import plain


class _Lines:
    """For logs and pipes: each step once when it begins, and every tenth of a long one."""

    def __init__(self, console: Console) -> None:
        self.console, self.step, self.told = console, "", -1

    def __call__(self, step: str, done: int, total: int | None = None) -> None:
        tenth = done * 10 // total if total else -1
        if step != self.step:
            self.step, self.told = step, tenth
            self.console.print(plain(step), markup=False, highlight=False)
        elif total and total >= 1000 and tenth > self.told:
            self.told = tenth
            self.console.print(f"{plain(step)}: {done:,} of {total:,}", markup=False, highlight=False)


class _Live:
    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.task = progress.add_task("starting", total=None)

    def __call__(self, step: str, done: int, total: int | None = None) -> None:
        self.progress.update(self.task, description=plain(step), completed=done, total=total)


@contextmanager
def reporter(quiet: bool = False) -> Iterator[_Lines | _Live]:
    """A callable ``progress(step, done, total)`` for the time of the ``with`` block."""
    console = Console(stderr=True, quiet=quiet)
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
