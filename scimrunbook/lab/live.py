"""A section, or the search for a person, with somebody there to press: check again, filter, answer, search."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from IPython.display import display

from scimrunbook.answers import record
from scimrunbook.lab.parts import NOTHING, Busy, Place, button, field, row, said
from scimrunbook.problems import UserProblem
from scimrunbook.show import panels

if TYPE_CHECKING:
    from scimrunbook.runbook import Runbook

_FILTERS = {"All": "all", "Not healthy": "broken", "For me to answer": "manual", "Not checked": "skipped"}
_NOT_TYPED = (
    'This incident asks for a token, and nobody typed it in this notebook yet. Write run = "new" into the first code '
    "cell and run that cell and the next one: the question appears there, and what is typed is shown and kept nowhere."
)


class LiveSection:
    """Shows the section as static output and its controls below it."""

    def __init__(self, runbook: Runbook, name: str) -> None:
        self.runbook, self.name = runbook, name
        self.only = "all"

    def __repr__(self) -> str:
        return panels.section(self.runbook.view, self.name).text

    def _ipython_display_(self) -> None:
        self.place = Place(panels.section(self.runbook.view, self.name))
        self.trouble = Place(NOTHING)  # what goes wrong is said beside the findings, never in their stead
        self.again = button("Check again", "Collect now and judge anew, as a new run")
        self.filter = field(
            widgets.ToggleButtons, "Show", options=list(_FILTERS.items()), value="all", layout=widgets.Layout()
        )
        self.filter.style.description_width = "initial"
        self.busy = Busy(self.again)
        done = "Checked again; this is a new run."
        self.again.on_click(lambda _: self._pressed(self._again, done))
        self.filter.observe(self._filtered, names="value")
        self.questions = widgets.VBox([])
        self._ask()
        display(widgets.VBox([row(self.again, self.busy.box), self.filter, self.questions]))  # type: ignore[no-untyped-call]

    def _pressed(self, work: Callable[[], None], done: str) -> None:
        self.trouble.show(NOTHING)
        self.busy.run(work, self.trouble, done)

    def _show(self) -> None:
        self.place.show(panels.section(self.runbook.view, self.name, self.only))

    def _filtered(self, change: dict[str, Any]) -> None:
        self.only = str(change["new"])
        self._show()

    def _again(self) -> None:
        if self.runbook.lacks_typed_token():
            raise UserProblem(_NOT_TYPED)
        self.runbook.collect_again(self.busy)
        self._show()
        self._ask()

    def _ask(self) -> None:
        """A little form per step that only a human can do, those without an answer first."""
        self.busy.buttons = [self.again]
        steps = [f for f in self.runbook.view.of_section(self.name) if f["manual"]]
        forms = [self._form(f) for f in sorted(steps, key=lambda f: bool(f["answer"]))]
        still = sum(not f["answer"] for f in steps)
        heading = said(f"Only you can answer these; {still} still open:" if still else "Answered by you:")
        self.questions.children = [heading, *forms] if forms else []

    def _form(self, finding: dict[str, Any]) -> widgets.Widget:
        step, known = finding["manual"], finding["answer"] or {}
        offered = list(step["answers"])
        answer = field(widgets.Dropdown, "Answer", options=[("choose …", ""), *((a, a) for a in offered)])
        answer.value = known["answer"] if known.get("answer") in offered else ""
        note = field(widgets.Text, "Note (no tokens)", value=str(known.get("note") or ""))
        by = field(widgets.Text, "Who looked", value=str(known.get("by") or _user()))
        press = button("Record the answer", f"Record the answer to {finding['id']}")
        self.busy.buttons.append(press)
        save = self._saver(finding["id"], answer, note, by)
        press.on_click(lambda _: self._pressed(save, "Recorded, and judged with it."))
        return widgets.VBox(
            [said(step["question"]), said(f"Look here: {step['where']}"), answer, note, by, row(press)],
            layout=widgets.Layout(border="1px solid var(--jp-border-color1, #888)", padding=".5em", margin=".4em 0"),
        )

    def _saver(self, check: str, answer: Any, note: Any, by: Any) -> Callable[[], None]:
        def save() -> None:
            record(self.runbook.home, check, answer.value, note=note.value, by=by.value.strip() or None)
            self.runbook.judge_again(self.busy)
            self._show()
            self._ask()

        return save


class LiveSearch:
    """A box for a name, an e-mail or an id; the card of whoever is found stays in the notebook."""

    def __init__(self, runbook: Runbook) -> None:
        self.runbook = runbook

    def __repr__(self) -> str:
        return self.runbook.named_people().text

    def _ipython_display_(self) -> None:
        place = Place(self.runbook.named_people())
        box = field(widgets.Text, "Find a person or group", placeholder="e-mail, login, id or part of a name")
        press = button("Show the way", "Follow this person or group hop by hop")
        busy = Busy(press)

        def search(_: object = None) -> None:
            busy.run(lambda: place.show(self.runbook.way(box.value)), place)

        press.on_click(search)
        box.continuous_update = False
        box.observe(lambda change: search() if change["new"] else None, names="value")  # Enter, or leaving the field
        display(widgets.VBox([box, row(press, busy.box)]))  # type: ignore[no-untyped-call]


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
