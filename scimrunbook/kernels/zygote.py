"""The warm process: imports what notebooks import, then forks one fresh kernel per request.

Started as ``python -P -m scimrunbook.kernels.zygote FD``, FD being an inherited AF_UNIX SOCK_SEQPACKET socket
(nothing in the file system). A request: JSON ``{argv, env, cwd}`` and four descriptors (lease, standard streams).
On its lease the driver reads ``pid N`` after the fork and ``exit STATUS`` at the end; where the driver closes a lease,
or is gone, the process group of that kernel is killed. End of file on FD ends this process and every kernel.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

# What a kernel imports while it starts, and what our notebooks import in their first cell.
_WARM = (
    "IPython.core.completer",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipykernel.parentpoller",
    "ipykernel.zmqshell",
    "ipywidgets",
    "jedi",
    "tornado.platform.asyncio",
    "zmq.eventloop.zmqstream",
    "pandas",
    "pandas.io.formats.html",
    "pandas.io.formats.style",
    "pyarrow.parquet",
    "pydantic",
    "yaml",
    "scimrunbook.runbook",
)


def _threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _warm() -> None:
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # nobody debugs headless; saves 60 modules per kernel
    importlib.import_module("ipykernel.debugger")
    del sys.modules["debugpy"]
    for module in _WARM:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    import pandas as pd

    pd.DataFrame({"a": [1]})._repr_html_()  # type: ignore[operator]  # its display modules are imported at first use


class _Kernels:
    """The children and their leases."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.leases: dict[int, socket.socket | None] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(control, selectors.EVENT_READ, "request")
        self.wake_read, self.wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self.wake_write)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.selector.register(self.wake_read, selectors.EVENT_READ, "child")

    def serve(self) -> tuple[dict[str, Any], list[int]] | None:
        """Returns (request, descriptors) in a forked child, None when the driver has gone."""
        while True:
            for key, _ in self.selector.select():
                if key.data == "request":
                    message, descriptors, _, _ = socket.recv_fds(self.control, 1 << 20, 4)
                    if not message:
                        for pid in self.leases:
                            _kill(pid)
                        return None
                    if self.fork(descriptors):
                        return json.loads(message), descriptors
                elif key.data == "child":
                    self.reap()
                else:
                    self.abandoned(key.data)

    def fork(self, descriptors: list[int]) -> bool:
        """True in the child."""
        if _threads() != 1:
            os.close(descriptors[0])  # the driver reads the end of its lease, and starts an ordinary kernel
            for descriptor in descriptors[1:]:
                os.close(descriptor)
            return False
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.selector.close()
            os.close(self.wake_read)
            os.close(self.wake_write)
            self.control.close()
            for other in self.leases.values():
                if other is not None:
                    other.close()
            return True
        lease = socket.socket(fileno=descriptors[0])
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        self.leases[pid] = lease
        with contextlib.suppress(OSError):
            lease.send(b"pid %d" % pid)
        self.selector.register(lease, selectors.EVENT_READ, pid)
        return False

    def reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self.wake_read, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            lease = self.leases.pop(pid, None)
            if lease is not None:
                self.selector.unregister(lease)
                with contextlib.suppress(OSError):
                    lease.send(b"exit %d" % os.waitstatus_to_exitcode(status))
                lease.close()

    def abandoned(self, pid: int) -> None:
        lease = self.leases.get(pid)
        if lease is not None:
            self.selector.unregister(lease)
            lease.close()
            self.leases[pid] = None
            _kill(pid)


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)  # it may not have called setsid yet


def _become_kernel(request: dict[str, Any], descriptors: list[int]) -> None:
    parent = os.getppid()
    os.setsid()
    for number, descriptor in enumerate(descriptors[1:]):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["env"])
    os.environ["JPY_PARENT_PID"] = str(parent)
    os.chdir(request["cwd"])
    # JPY_PARENT_PID was read when ipykernel was imported, before the fork: hand it over once more
    sys.argv[:] = [*request["argv"], f"--IPKernelApp.parent_handle={parent}"]
    import random

    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    time.tzset()
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    _warm()
    gc.collect()
    gc.freeze()  # the collector would otherwise touch, and so copy, every page in every child
    control.send(b"ready %d" % _threads())
    got = _Kernels(control).serve()
    if got is None:
        os._exit(0)
    _become_kernel(*got)


if __name__ == "__main__" and Path("/proc/self/task").is_dir():
    main()
