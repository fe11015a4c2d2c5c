"""An existing Dask cluster as the place where a sweep runs (extra ``cluster``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError, Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scimrunbook import __version__
from scimrunbook.problems import UserProblem
from scimrunbook.sweep import Cluster
from scimrunbook.sweep_work import about_worker

CONNECT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM form: the authority that signed the scheduler, and this client's certificate and key."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    def given(self) -> bool:
        return bool(self.ca or self.cert or self.key)


def cluster(address: str, tls: Tls) -> Cluster:
    """The workers behind ``tcp://host:port`` or ``tls://host:port``; as many incidents at a time as workers.

    The incident files and ``outputs/`` must lie where the workers find them under the same paths. Raises UserProblem
    where Dask is not installed, the address cannot be reached or no worker is there.
    """
    try:
        from distributed import Client
        from distributed.comm.core import CommClosedError
        from distributed.scheduler import KilledWorker
        from distributed.security import Security
    except ImportError:
        raise UserProblem(
            "--scheduler needs Dask, which is not installed.\nInstall it: pip install 'scimrunbook[cluster]'"
        ) from None
    if address.startswith("tls://") and not tls.given():
        raise UserProblem("A tls:// scheduler needs certificates.\nAdd --tls-ca, --tls-cert and --tls-key.")
    for option, file in (("--tls-ca", tls.ca), ("--tls-cert", tls.cert), ("--tls-key", tls.key)):
        if file and not Path(file).is_file():
            raise UserProblem(f"{option} {file}: no such file.\nName a PEM file that this machine can read.")
    security = (
        Security(tls_ca_file=tls.ca, tls_client_cert=tls.cert, tls_client_key=tls.key, require_encryption=True)
        if tls.given()
        else None
    )
    clients: dict[int, Client] = {}

    def make() -> Executor:
        try:
            client = Client(address, timeout=CONNECT_SECONDS, security=security, set_as_default=False)
        except (OSError, ValueError, TimeoutError, RuntimeError) as problem:
            raise UserProblem(
                f"The scheduler {address} cannot be reached ({type(problem).__name__}).\n"
                "Check the address, that it runs, and that this machine may connect to it."
            ) from problem
        executor: Executor = client.get_executor()
        clients[id(executor)] = client
        return executor

    def close(executor: Executor) -> None:
        executor.shutdown(wait=False)
        clients.pop(id(executor)).close(timeout=5)

    def check(paths: Sequence[Path]) -> None:
        executor = make()
        try:
            said = clients[id(executor)].run(about_worker, [str(p) for p in paths], on_error="return")
        finally:
            close(executor)
        check_workers(said)

    executor = make()
    try:
        workers = len(clients[id(executor)].scheduler_info(n_workers=-1)["workers"])
    finally:
        close(executor)
    if not workers:
        raise UserProblem(f"The scheduler {address} has no worker.\nStart one: dask worker {address} --nthreads 1")
    return Cluster(make, workers, (KilledWorker, CommClosedError, CancelledError, TimeoutError), close, check)


def check_workers(said: Mapping[str, Any]) -> None:
    """Raises UserProblem for the first worker that cannot do its part; ``said``: what each answered, by address."""
    for worker, about in said.items():
        if isinstance(about, BaseException):  # Dask wraps what went wrong with loading our function there
            wrong = (
                f"cannot load scimrunbook ({type(about).__name__})",
                f"Install scimrunbook {__version__} where the cluster's workers run; its log says more.",
            )
        elif about["version"] != __version__:
            wrong = f"has scimrunbook {about['version']}, this is {__version__}", "Install the same version there."
        elif about["missing"]:
            wrong = (
                f"does not see {about['missing'][0]}",
                "Incident files and outputs must lie on a file system that all workers see, under the same path.",
            )
        else:
            continue
        raise UserProblem(f"The worker {worker} {wrong[0]}. Nothing was run.\n{wrong[1]}")
