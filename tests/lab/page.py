"""JupyterLab as a person uses it: one page in a real browser, every wait bounded, pictures in every look."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.browser import ARTEFACTS, chromium, grave, jupyterlab

WAIT = 50_000  # ms; the longest that anything on the page is waited for
WIDE, NARROW = 1600, 1024
ALL_LOOKS = (("light", WIDE), ("light", NARROW), ("dark", WIDE), ("dark", NARROW))
LOOKS = (("light", WIDE), ("dark", NARROW))

_OPEN = """async (path) => {
    const app = window.jupyterapp;
    for (const old of [...app.shell.widgets('main')].filter(w => w.sessionContext)) {
        await old.sessionContext.shutdown();
        old.dispose();
    }
    const opened = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
    await opened.context.ready;
    await opened.sessionContext.ready; await opened.sessionContext.session.kernel.info;
    // every cell is drawn, not only those in sight: what is judged is the whole notebook
    opened.content.notebookConfig = {...opened.content.notebookConfig, windowingMode: 'none'};
}"""
_ASK = """async (code) => {
    const session = window.jupyterapp.shell.currentWidget.sessionContext.session;
    const future = session.kernel.requestExecute({code});
    let text = '';
    future.onIOPub = m => { if (m.content.text) text += m.content.text; };
    await future.done;
    return text;
}"""
_IDLE = "() => ![...document.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('[*]'))"
_THEME = """async (name) => {
    await window.jupyterapp.commands.execute('apputils:change-theme', {theme: name});
}"""
_HEIGHT = """() => {
    const outer = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer');
    outer.scrollTop = 0;
    return outer.scrollHeight;
}"""
# Words a button or label does not show whole; a page wider than its window.
_CUT_OFF = """() => {
    const cut = [...document.querySelectorAll(
        '.jp-Notebook .jupyter-button, .jp-Notebook .widget-label, .jp-Notebook .widget-checkbox label *')]
        .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent);
    for (const box of document.querySelectorAll('.jp-OutputArea-output')) {
        if (box.scrollWidth <= box.clientWidth + 1) continue;
        const edge = box.getBoundingClientRect().right;
        const over = [...box.querySelectorAll('*')].filter(
            e => !e.closest('.srb-table table') && e.getBoundingClientRect().right > edge + 1);
        cut.push('wider than the page: ' + over.map(e => e.outerHTML.slice(0, 150)).slice(-2).join(' and '));
    }
    return cut;
}"""
OURS = [[".jp-Notebook .srb"], [".jp-Notebook .jupyter-widgets"]]


class Lab:
    """One JupyterLab page."""

    def __init__(self, page: Any, address: str, token: str) -> None:
        self.page, self.address, self.token = page, address, token
        page.set_default_timeout(WAIT)
        page.goto(f"{address}/lab?reset&token={token}")
        page.wait_for_function("() => window.jupyterapp", timeout=WAIT)
        page.evaluate("() => window.jupyterapp.restored")

    def open(self, path: Path | str) -> None:
        """Another notebook in the same page, with a kernel of its own."""
        self.page.evaluate(_OPEN, Path(path).as_posix())
        self.page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()

    def run_all(self) -> None:
        # not awaited: it ends when the last cell does, and a cell may ask a question first
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def wait(self) -> None:
        """Until no cell runs any more, and what they show is drawn."""
        self.page.wait_for_timeout(300)
        self.page.wait_for_function(_IDLE, timeout=WAIT)
        self.page.locator(".jp-OutputArea-output .srb").first.wait_for(state="attached")

    def clean(self) -> str:
        """What is shown; fails where a traceback, a missing widget or anything on standard error is."""
        text = str(self.page.locator(".jp-NotebookPanel:visible").inner_text())
        assert "Traceback" not in text and "model not found" not in text and "Error displaying widget" not in text
        assert self.page.locator(".jp-OutputArea-output[data-mime-type*='stderr']").count() == 0, text[-2000:]
        return text

    def kernel_says(self, code: str) -> str:
        """What the notebook's kernel prints for ``code``, run beside the notebook."""
        return str(self.page.evaluate(_ASK, code))

    def save(self) -> None:
        """As Ctrl-S does: the notebook, then its checkpoint; returns when both are written."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def look(self, theme: str, width: int) -> None:
        self.page.emulate_media(color_scheme=theme)
        self.page.evaluate(_THEME, f"JupyterLab {theme.capitalize()}")
        light = "true" if theme == "light" else "false"
        self.page.wait_for_function("(l) => document.body.dataset.jpThemeLight === l", arg=light, timeout=WAIT)
        self.page.set_viewport_size({"width": width, "height": 1600})
        self.page.wait_for_timeout(200)

    def judge(self, name: str, looks: tuple[tuple[str, int], ...] = LOOKS) -> None:
        """Keeps a picture per look, and fails on words cut off or on what axe-core calls serious or critical."""
        for theme, width in looks:
            self.look(theme, width)
            height = min(int(self.page.evaluate(_HEIGHT)) + 150, 9000)
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.evaluate(_HEIGHT)
            self.page.screenshot(path=ARTEFACTS / f"{name}-{theme}-{width}.png")
            for _ in range(20):  # a page of another width is laid out anew, which takes a moment
                if not (cut := self.page.evaluate(_CUT_OFF)):
                    break
                self.page.wait_for_timeout(250)
            assert cut == [], f"{name}, {theme}, {width}: {cut}"
            violations = grave(self.page, OURS)
            assert violations == [], f"{name}, {theme}, {width}: {violations}"
        self.look(*looks[0])


@contextlib.contextmanager
def lab(project: Path, private: Path) -> Iterator[Lab]:
    """A JupyterLab on ``project`` and a page of it."""
    private.mkdir()
    with jupyterlab(project, private) as (address, token), chromium() as browser:
        yield Lab(browser.new_page(), address, token)


def make_incident(
    me: Lab, ticket: str, provider: str, files: list[Path], looks: tuple[tuple[str, int], ...] = LOOKS, **choices: str
) -> None:
    """From the start page with no incident at all, through the form, to the link to the incident's own notebooks.

    ``choices``: by the label of a field, with underscores for blanks; ``prompt`` chooses to be asked for a token.
    """
    me.open("outputs/start/lab/00_start_here.ipynb")
    page = me.page
    me.run_all()
    page.get_by_role("button", name="Make a new incident").click()
    page.get_by_label("Ticket").fill(ticket)
    page.get_by_label("Who provisions Catalog?").select_option(provider)
    page.get_by_label("Where is Catalog opened?").select_option(index=1)
    page.get_by_label("People are missing").check()
    for label, value in choices.items():
        field = page.get_by_label(label.replace("_", " "))
        field.select_option("ask me when it is needed") if value == "prompt" else field.fill(value)
    if files:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Add exported files").click()
        chooser.value.set_files(files)
        page.get_by_text(f"Add exported files ({len(files)})").wait_for()
    me.judge(f"form-{ticket}", looks)
    page.get_by_role("button", name="Write the incident file").click()
    page.get_by_role("link", name=f"Open the notebooks of {ticket}").wait_for()
