"""The bundle that may leave the house, built by a button: what ``scimrunbook share`` does, with its words as a card."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import ipywidgets as widgets
from IPython.display import display

from scimrunbook.evidence import secrets
from scimrunbook.lab.parts import Busy, Place, button, row
from scimrunbook.sharing import build, lines
from scimrunbook.show.bundle import built

if TYPE_CHECKING:
    from scimrunbook.runbook import Runbook


class LiveShare:
    """How to share as static output, a button below it; what was built takes its place."""

    def __init__(self, runbook: Runbook) -> None:
        self.runbook = runbook

    def __repr__(self) -> str:
        return self.runbook.how_to_share().text

    def _ipython_display_(self) -> None:
        self.place = Place(self.runbook.how_to_share())
        of_practice = " (PRACTICE)" if self.runbook.view.practice else ""
        press = button(f"Build the bundle{of_practice}", "Redact, render anew, look through, seal")
        self.signed = widgets.Checkbox(
            value=True, description="Sign it: whoever gets it can tell that nothing was changed", indent=False,
            layout=widgets.Layout(width="auto"),
        )  # fmt: skip
        self.busy = Busy(press)
        press.on_click(lambda _: self.busy.run(self._build, self.place, "Built."))
        display(widgets.VBox([self.signed, row(press, self.busy.box)]))  # type: ignore[no-untyped-call]

    def _build(self) -> None:
        self.busy("redacting, and executing the nine notebooks on the redacted data", 0)
        runbook = self.runbook
        with secrets.typed_for(str(runbook.path)):
            done = build(runbook.folder, practice=runbook.view.practice, unsigned=not self.signed.value, notebooks=True)
        here = f"{done.archive.parent}{os.sep}"  # a saved notebook names no folder of this machine
        self.place.show(built(done.archive, [line.replace(here, "") for line in lines(done, named=False)]))
