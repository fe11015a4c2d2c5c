"""Exceptions of a kernel, scrubbed before anybody sees them: JupyterLab saves what it shows, and no engine is between.

IPython's own ``set_custom_exc`` is not enough: ipykernel sends ``str(evalue)`` beside whatever traceback a handler
made. All of them pass ``InteractiveShell._showtraceback(etype, evalue, stb)``, which is therefore what is wrapped
(IPython 9, ipykernel 7); exception groups, which IPython prints to stderr itself, are sent the same way. The reply to
whoever asked for the cell (ipykernel's ``do_execute``) tells the value once more.
"""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any

from scimrunbook.evidence.secrets import scrub

_MARK = "_scimrunbook_scrubs"


def guard() -> None:
    """From now on this kernel shows no registered secret in an exception. Outside a kernel, or twice: nothing."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell: Any = get_ipython()
    kernel = getattr(shell, "kernel", None)
    if kernel is None or getattr(shell, _MARK, False):
        return
    setattr(shell, _MARK, True)
    show, whole = shell._showtraceback, shell.showtraceback

    def scrubbed(etype: type[BaseException], evalue: object, lines: list[str]) -> None:
        show(etype, scrub(_said(evalue)), [scrub(line) for line in lines])

    def groups_too(exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
        etype, value, trace = exc_tuple or _current(shell)
        if _holds_group(value):
            scrubbed(etype, value, traceback.format_exception(etype, value, trace))
        else:
            whole(exc_tuple, *args, **kwargs)

    shell._showtraceback, shell.showtraceback = scrubbed, groups_too
    send = kernel.session.send

    def sent(stream: Any, kind: Any, content: Any = None, *args: Any, **kwargs: Any) -> Any:
        if isinstance(content, dict) and content.get("status") == "error" and "evalue" in content:
            content = {**content, "evalue": scrub(str(content["evalue"]))}
        return send(stream, kind, content, *args, **kwargs)

    kernel.session.send = sent


def _said(value: object) -> str:
    """What an exception says of itself, or that it cannot."""
    try:
        return str(value)
    except Exception:
        return "(an exception that cannot be shown)"


def _current(shell: Any) -> tuple[Any, Any, TracebackType | None]:
    try:
        found: tuple[Any, Any, TracebackType | None] = shell._get_exc_info()
    except ValueError:  # there is none; IPython says so
        return None, None, None
    return found


def _holds_group(value: BaseException | None) -> bool:
    """IPython's own test: a group, or anything raised while one was handled."""
    seen = 0
    while value is not None and seen < 100:
        if isinstance(value, BaseExceptionGroup):
            return True
        value, seen = value.__context__, seen + 1
    return False
