"""The kernel manager of our engine: private sockets, forked kernels where possible, no needless waiting."""

from __future__ import annotations

import copy
import shutil
import sys
import tempfile
import threading
import time
import weakref
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async

from scimrunbook.kernels.provisioner import possible


class QuickClient(AsyncKernelClient):
    """Ready as soon as that is proven, without the fixed 0.2 s of silence the stock client waits for.

    Proven: the kernel greeted our subscription (JEP 65), answered our kernel_info, and said it is idle after that very
    request; older messages are told apart by their parent id.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        import zmq

        # The client connects before the kernel binds; the default retry of 100 ms would set the pace.
        self.context.setsockopt(zmq.RECONNECT_IVL, 5)

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:
        end = time.monotonic() + (timeout or 60)
        while True:
            try:
                await ensure_async(self.iopub_channel.get_msg(timeout=1))
                break
            except Empty:
                if not await self._async_is_alive():
                    raise RuntimeError("the kernel died before it answered") from None
                if time.monotonic() > end:
                    raise RuntimeError("the kernel did not answer in time") from None
        asked = self.kernel_info()
        while True:
            message = await self._next(self.shell_channel, end)
            if message["parent_header"].get("msg_id") == asked:
                self._handle_kernel_info_reply(message)
                break
        while True:
            message = await self._next(self.iopub_channel, end)
            if (
                message["msg_type"] == "status"
                and message["content"]["execution_state"] == "idle"
                and message["parent_header"].get("msg_id") == asked
            ):
                return

    async def _next(self, channel: Any, end: float) -> dict[str, Any]:
        while True:
            try:
                message: dict[str, Any] = await ensure_async(channel.get_msg(timeout=1))
            except Empty:
                if not await self._async_is_alive():
                    raise RuntimeError("the kernel died before it answered") from None
                if time.monotonic() > end:
                    raise RuntimeError("the kernel did not answer in time") from None
            else:
                return message

    wait_for_ready = _async_wait_for_ready


_ALIVE: weakref.WeakSet[PrivateKernelManager] = weakref.WeakSet()
_ALIVE_LOCK = threading.Lock()  # one thread stops them while others may still be starting some


def stop_all() -> None:
    """Kills every kernel of this process; whoever waits for one of them is told that it died."""
    with _ALIVE_LOCK:
        managers = list(_ALIVE)
    for manager in managers:
        process = getattr(manager.provisioner, "process", None)
        if process is not None:
            process.kill()


class PrivateKernelManager(AsyncKernelManager):
    """Talks to its kernel over sockets in a private folder: nothing listens on TCP, no two kernels race for a port.

    Where there are no Unix sockets it is the ordinary manager.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with _ALIVE_LOCK:
            _ALIVE.add(self)
        self._folder = ""
        if sys.platform != "win32":
            self._folder = tempfile.mkdtemp(prefix="srb-")  # mode 0700
            self.transport = "ipc"
            # without an explicit file the sockets land in the working folder, where two kernels collide
            self.connection_file = str(Path(self._folder) / "k.json")
            self.ip = str(Path(self._folder) / "k")
            self.client_factory = QuickClient

    def cleanup_connection_file(self) -> None:
        super().cleanup_connection_file()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def kernel_spec(self) -> KernelSpec | None:
        spec = super().kernel_spec
        if spec is not None and possible() and "kernel_provisioner" not in spec.metadata:
            spec = self._kernel_spec = copy.deepcopy(spec)
            spec.metadata["kernel_provisioner"] = {"provisioner_name": "scimrunbook-fork"}
        return spec

    async def _async_interrupt_kernel(self) -> None:
        # Shutting down interrupts first; only idle kernels are shut down here, and the signal can lose the request.
        if not self.shutting_down:
            await super()._async_interrupt_kernel()
