"""A real headless Chromium and a real JupyterLab, on loopback, for tests."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

# Pictures of what was looked at stay here after the tests; git ignores the folder.
ARTEFACTS = Path(os.environ.get("SCIMRUNBOOK_ARTEFACTS", ROOT / "test-artifacts"))
ARTEFACTS.mkdir(parents=True, exist_ok=True)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.contextmanager
def chromium() -> Iterator:
    """A browser; the test skips where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def axe() -> str:
    """axe-core, as the package for Playwright carries it."""
    axe_playwright_python = pytest.importorskip("axe_playwright_python")
    return next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text("utf-8")


def grave(page: Any, within: list[list[str]] | None = None) -> list[str]:
    """Serious and critical violations that axe-core finds on the page, or in the parts of it that are there."""
    page.evaluate("(source) => { if (!window.axe) window.eval(source); }", axe())
    found = page.evaluate(
        """async (within) => {
            const there = (within || []).filter(w => document.querySelector(w[0]));
            const where = within ? {include: there} : document;
            return (await axe.run(where, {resultTypes: ['violations']})).violations;
        }""",
        within,
    )
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("serious", "critical")]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def jupyterlab(root: Path, private: Path) -> Iterator[tuple[str, str]]:
    """JupyterLab on ``root`` with settings, history and runtime files of its own; yields (address, token)."""
    token, port = secrets.token_hex(16), _free_port()
    config = private / "cfg" / "labconfig"
    config.mkdir(parents=True)
    (config / "page_config.json").write_text(
        json.dumps({"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}})
    )
    # widgets' state goes into saved notebooks here, as somebody may choose it: it must hold no token either
    widgets = private / "cfg" / "lab" / "user-settings" / "@jupyter-widgets" / "jupyterlab-manager"
    widgets.mkdir(parents=True)
    (widgets / "plugin.jupyterlab-settings").write_text(json.dumps({"saveState": True}))
    environment = {
        **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        "JUPYTER_CONFIG_DIR": str(private / "cfg"),
        "JUPYTER_DATA_DIR": str(private / "data"),
        "JUPYTER_RUNTIME_DIR": str(private / "rt"),
        "IPYTHONDIR": str(private / "ip"),
        "HOME": str(private),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={root}", "--ServerApp.allow_root=True", "--LabApp.extension_manager=readonly"]
    command += ["--expose-app-in-browser"]
    log = (private / "lab.log").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=root)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):  # twelve times what an idle machine takes
            try:
                with urllib.request.urlopen(f"{address}/api?token={token}", timeout=2):
                    break
            except (urllib.error.URLError, OSError):
                assert server.poll() is None, (private / "lab.log").read_text()[-2000:]
                time.sleep(0.25)
        else:
            pytest.fail("JupyterLab did not come up: " + (private / "lab.log").read_text()[-2000:])
        yield address, token
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(10)
        log.close()
