"""An exception in a kernel somebody works in shows no token: neither its value, nor its traceback, nor the reply."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

TOKEN = "sk7Qx2mV9bN4rT8yW3zK6pL5"
SETUP = f"""
from scimrunbook.evidence import secrets
from scimrunbook.runbook import RunNotFoundError, open_run
value = {TOKEN[:12]!r} + {TOKEN[12:]!r}
secrets.register(value)
try:
    open_run("")
except Exception:
    pass
"""
CELLS = {
    "plain": "raise ValueError(f'Illegal header value Bearer {value}')",
    "chained": "try:\n    raise KeyError(value)\nexcept KeyError as e:\n    raise RuntimeError('no luck') from e",
    "group": "raise ExceptionGroup(f'two with {value}', [ValueError(value)])",
    "syntax": "exec('a b ' + value)",
    "display": "class C:\n    def _repr_html_(self):\n        raise ValueError(value)\n    __repr__ = _repr_html_\nC()",
}


@pytest.mark.slow
def test_sr_10_an_exception_in_a_working_kernel_shows_no_token() -> None:
    manager, client = start_new_kernel(kernel_name="python3")
    said: dict[str, list[dict[str, Any]]] = {}
    try:
        for name, code in {"setup": SETUP, **CELLS}.items():
            said[name] = []
            reply = client.execute_interactive(code, timeout=30, allow_stdin=True, output_hook=said[name].append)
            said[name].append(reply)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    for name in CELLS:
        told = json.dumps([m["content"] for m in said[name] if m["msg_type"] != "execute_input"])
        assert "[REDACTED]" in told and TOKEN not in told, name
    shown = [m["content"] for m in said["plain"] if m["msg_type"] == "error"]
    assert shown[0]["ename"] == "ValueError" and shown[0]["evalue"] == "Illegal header value Bearer [REDACTED]"
