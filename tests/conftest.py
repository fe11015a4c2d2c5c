"""Shared fixtures. Tests talk to loopback only."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A shell that starts a test run in its background lets it ignore Ctrl-C, and so would every process under test.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded and documented payloads beside the repository; tests that want it skip without it."""
    folder = Path(os.environ.get("SCIMRUNBOOK_SHARED", ROOT.parent / "shared"))
    if not (folder / "samples").is_dir():
        pytest.skip("the folder of sample payloads is not beside this checkout")
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--renew-words`` writes the words of tests/words anew instead of comparing them."""
    parser.addoption("--renew-words", action="store_true", dest="renew_words", help="write tests/words anew")
