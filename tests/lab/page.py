"""JupyterLab as a person uses it: one page in a real browser, every wait bounded, pictures in every look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.browser import ARTEFACTS, grave

WAIT = 30_000  # ms; the longest that anything on the page is waited for
WIDE, NARROW = 1600, 1024
ALL_LOOKS = (("light", WIDE), ("light", NARROW), ("dark", WIDE), ("dark", NARROW))
LOOKS = (("light", WIDE), ("dark", NARROW))

_OPEN = """async (path) => {
    const app = window.jupyterapp, old = app.shell.currentWidget;
    if (old && old.sessionContext) { await old.sessionContext.shutdown(); old.dispose(); }
    const opened = await app.commands.execute('docmanager:open', {path, factory: 'Notebook'});
    await opened.context.ready;
    await opened.sessionContext.ready; await opened.sessionContext.session.kernel.info;
    // every cell is drawn, not only those in sight: what is judged is the whole notebook
    opened.content.notebookConfig = {...opened.content.notebookConfig, windowingMode: 'none'};
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
    const cut = [...document.querySelectorAll('.jp-Notebook .jupyter-button, .jp-Notebook .widget-label')]
        .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent);
    for (const box of document.querySelectorAll('.jp-OutputArea-output')) {
        if (box.scrollWidth > box.clientWidth + 1) cut.push('wider than the page: ' + box.textContent.slice(0, 60));
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
            height = min(int(self.page.evaluate(_HEIGHT)) + 150, 5000)
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
