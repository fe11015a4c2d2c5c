"""Asks the warm process for a forked kernel; an ordinary launch wherever that cannot be had."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
from typing import IO, Any, ClassVar

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from scimrunbook.kernels.environment import bare

READY_SECONDS = 60
FORK_SECONDS = 30


def possible() -> bool:
    """Whether forking kernels is sound here and wanted."""
    return sys.platform == "linux" and os.environ.get("SCIMRUNBOOK_FORK", "on") != "off"


class NoFork(RuntimeError):  # noqa: N818 - a way out, not a failure
    """The warm process is not there or not fit to fork."""


class Zygote:
    """The driver's end of the warm process; one per driver."""

    _instance: ClassVar[Zygote | None] = None
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Libraries that start threads at import would make it unfit to fork.
        quiet = {
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
        }
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "scimrunbook.kernels.zygote", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**bare(os.environ), **quiet},  # each kernel gets its own by request
            start_new_session=True,
        )
        theirs.close()
        self.control = ours
        self.ready = False
        self.unfit = ""
        atexit.register(self.close)

    @classmethod
    def get(cls) -> Zygote:
        """The running one, or a new one; call it early, its imports then overlap with other work."""
        with cls._lock:
            known = cls._instance
            if known is None or (known.process.poll() is not None and not known.unfit):
                known = cls._instance = cls()
            return known

    def spawn(self, argv: list[str], env: dict[str, str], cwd: str, descriptors: list[int]) -> ForkedProcess:
        """A forked kernel. Raises NoFork."""
        with self._lock:
            self._wait_ready()
            mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            request = json.dumps({"argv": argv, "env": env, "cwd": cwd}).encode()
            try:
                self.control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, max(len(request) * 2, 212_992))
                socket.send_fds(self.control, [request], [theirs.fileno(), *descriptors])
            except OSError as problem:
                self.unfit = f"the warm process went away ({problem.strerror})"
                raise NoFork(self.unfit) from problem
            finally:
                theirs.close()
        mine.settimeout(FORK_SECONDS)
        try:
            answer = mine.recv(64)
        except OSError as problem:
            raise NoFork("the warm process did not answer") from problem
        if not answer.startswith(b"pid "):
            raise NoFork("the warm process has more than one thread")
        mine.setblocking(False)
        return ForkedProcess(int(answer.split()[1]), mine)

    def _wait_ready(self) -> None:
        if self.unfit:
            raise NoFork(self.unfit)
        if self.ready:
            return
        self.control.settimeout(READY_SECONDS)
        try:
            answer = self.control.recv(64)
        except OSError:
            answer = b""
        if answer != b"ready 1":
            self.unfit = "the warm process did not become ready with a single thread"
            self.close()
            raise NoFork(self.unfit)
        self.control.settimeout(None)
        self.ready = True

    def close(self) -> None:
        self.control.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(2)


class ForkedProcess:
    """The part of ``subprocess.Popen`` that a provisioner uses. The end of the lease is the end of the process."""

    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None
    stderr: IO[bytes] | None = None

    def __init__(self, pid: int, lease: socket.socket) -> None:
        self.pid, self.lease = pid, lease
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            try:
                self._ended(self.lease.recv(64))
            except BlockingIOError:
                return None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        if self.returncode is None:
            self.lease.settimeout(timeout)
            self._ended(self.lease.recv(64))
        return self.returncode

    async def wait_async(self) -> int | None:
        if self.poll() is None:
            loop, ended = asyncio.get_running_loop(), asyncio.Event()
            loop.add_reader(self.lease.fileno(), ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(self.lease.fileno())
        return self.poll()

    def _ended(self, message: bytes) -> None:
        self.returncode = int(message.split()[1]) if message else -int(signal.SIGKILL)
        self.lease.close()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class ForkProvisioner(LocalProvisioner):
    """Registered as ``scimrunbook-fork``."""

    forked = False
    process: Any  # a Popen, or a ForkedProcess that has what is used of it

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        ours = cmd[1:3] == ["-m", "ipykernel_launcher"] and os.path.realpath(cmd[0]) == os.path.realpath(sys.executable)
        if not (ours and possible()):
            return await super().launch_kernel(cmd, **kwargs)
        nowhere = os.open(os.devnull, os.O_RDWR)
        try:
            self.process = Zygote.get().spawn(
                ["ipykernel_launcher", *cmd[3:]],
                dict(kwargs.get("env") or os.environ),
                str(kwargs.get("cwd") or pathlib.Path.cwd()),
                [nowhere, nowhere, nowhere],  # what a kernel itself says goes nowhere; cells' output travels by message
            )
        except NoFork:
            return await super().launch_kernel(cmd, **kwargs)
        finally:
            os.close(nowhere)
        self.forked = True
        self.pid = self.pgid = self.process.pid  # the child calls setsid
        self.cwd = kwargs.get("cwd", pathlib.Path.cwd())
        return self.connection_info

    async def wait(self) -> int | None:
        if self.forked and self.process is not None:
            ended: int | None = await self.process.wait_async()
            self.process = None
            return ended
        code: int | None = await super().wait()
        return code
