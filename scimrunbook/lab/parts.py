"""The few widgets everything here is made of: labelled, reachable in reading order, disabled while something runs.

Data never goes into ``widgets.HTML`` (it runs what it is given); it goes into labels, text fields, or escaped panels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from IPython.display import display

from scimrunbook.problems import told
from scimrunbook.show.cards import fragment
from scimrunbook.show.panels import Panel
from scimrunbook.show.words import esc, plain

NAMED = {"description_width": "14rem"}


def wide(**more: str) -> widgets.Layout:
    """As wide as the page lets it, up to a readable line."""
    return widgets.Layout(width="98%", max_width="46rem", **more)


def button(label: str, tooltip: str = "", **options: Any) -> widgets.Button:
    shape = widgets.Layout(width="auto", flex="0 0 auto")  # never narrower than its words
    return widgets.Button(description=label, tooltip=tooltip or label, layout=shape, **options)


def row(*parts: Any) -> widgets.HBox:
    """Side by side, on a second line where the page is narrow."""
    return widgets.HBox(list(parts), layout=widgets.Layout(flex_flow="row wrap"))


def said(text: str = "") -> widgets.Label:
    """A sentence that wraps; never HTML, whatever stands in it. The style travels with the panels."""
    label = widgets.Label(text)
    label.add_class("srb-said")
    return label


def field(kind: Callable[..., Any], label: str, **options: Any) -> Any:
    """A field with its label beside it (a real ``<label>``, so that a screen reader says it)."""
    return kind(description=label, style=NAMED, layout=options.pop("layout", None) or wide(), **options)


def problem_card(message: str, title: str = "‼ This did not work") -> Panel:
    """What went wrong, as a card: cause and remedy, never a traceback."""
    lines = "".join(f"<p>{esc(line)}</p>" for line in message.splitlines() if line.strip())
    html = fragment(f'<div class="srb-card srb-error" role="alert"><h3><b>{esc(title)}</b></h3>{lines}</div>')
    return Panel(html, f"{title}: {message}", {"problem": message})


NOTHING = Panel("<span></span>", "", {})


class Place:
    """One static output of a cell that is written over: what it shows last is what the saved notebook holds."""

    def __init__(self, first: Panel) -> None:
        self.handle: Any = display(first, display_id=True)  # type: ignore[no-untyped-call]

    def show(self, panel: Panel) -> None:
        self.handle.update(panel)


class Busy:
    """A progress bar with words. While it runs, ``buttons`` are disabled; a failure becomes a card in ``place``."""

    def __init__(self, *buttons: Any) -> None:
        self.buttons = list(buttons)
        self.bar = widgets.IntProgress(0, 0, 100, layout=widgets.Layout(width="14rem", display="none"))
        self.said = said()
        self.box = widgets.HBox([self.bar, self.said])
        self.box.add_class("srb-busy")

    def __call__(self, step: str, done: int, total: int | None = None) -> None:
        self.bar.value = done * 100 // total if total else 0
        self.said.value = plain(step) + (f": {done:,} of {total:,}" if total and total > 1 else "")

    def run(self, work: Callable[[], None], place: Place | None, done: str = "") -> None:
        for button in self.buttons:
            button.disabled = True
        self.bar.layout.display = ""
        try:
            work()
            self.said.value = done
        except Exception as failure:  # whatever it is, the person gets a sentence and keeps a working page
            message, _ = told(failure)
            self.said.value = "This did not work; the card says why."
            if place is not None:
                place.show(problem_card(message))
            else:
                self.said.value = plain(message)
        finally:
            self.bar.layout.display = "none"
            for button in self.buttons:
                button.disabled = False
