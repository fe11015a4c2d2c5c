"""Reading people from a SCIM endpoint, against what one would use instead, all in one run against the same server."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

import httpx
import msgspec
import pandas as pd

from benchmarks import scim_server
from benchmarks.harness import Row, in_turn, python, versus
from scimrunbook.evidence.secrets import Secret
from scimrunbook.incident import Incident
from scimrunbook.sources import catalog
from scimrunbook.sources.http import Reader
from scimrunbook.sources.parts import Parts
from scimrunbook.sources.scim_users import User, read_users

HOST = "api.us.castordoc.com"
MANY, LATENCY_MS = 20_000, 20
MILLION, LIMIT_MB = 1_000_000, 400
INCIDENT = Incident(incident="B-1", identity_provider="okta", catalog_host="app.us.castordoc.com")


@contextlib.contextmanager
def server(total: int, most: int, milliseconds: float) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.scim_server", str(total), str(most), str(milliseconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def quiet(step: str, done: int, total: int | None = None) -> None:
    """Nobody is told."""


def ours(port: int, total: int) -> Parts:
    """As a run does it, to the spooled columns; every account is there or this raises."""
    parts = Parts()
    catalog.read(
        lambda auth: Reader(f"https://{HOST}", auth, f"127.0.0.1:{port}"),
        Secret("a-token-for-the-benchmark"),
        INCIDENT,
        parts,
        quiet,
        probe="off",
    )
    assert parts.spool("accounts").rows == total, parts.rows["coverage"]
    return parts


def sequential(port: int, total: int) -> pd.DataFrame:
    """One page after the other with httpx, JSON by the standard library, a frame at the end."""
    rows: list[dict[str, object]] = []
    with httpx.Client(trust_env=False) as client:
        while len(rows) < total:
            url = f"http://127.0.0.1:{port}/auth/scim/Users?startIndex={len(rows) + 1}&count=100"
            rows += client.get(url).json()["Resources"]
    columns = {k: [r.get(k) for r in rows] for k in ("id", "userName", "externalId", "active", "displayName")}
    columns["given"] = [r["name"]["givenName"] for r in rows]
    columns["mail"] = [r["emails"][0]["value"] for r in rows]
    return pd.DataFrame(columns)


def scim2_client(port: int, total: int) -> list[object]:
    """The library of the field, which validates every page with pydantic."""
    import httpx2
    from scim2_client.engines.httpx2 import SyncSCIMClient
    from scim2_models import EnterpriseUser, ResourceType, ScimProvider, SearchRequest
    from scim2_models import User as Model

    found: list[object] = []
    model = Model[EnterpriseUser]
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}/auth/scim") as wire:
        provider = ScimProvider(models=[Model, EnterpriseUser], resource_types=[ResourceType.from_resource(model)])
        client = SyncSCIMClient(wire, provider=provider)
        while len(found) < total:
            found += client.query(
                model, query_parameters=SearchRequest(start_index=len(found) + 1, count=100)
            ).resources
    return found


def rows(quick: bool = False) -> Iterator[Row]:
    # Memory first, while this process is small: a new process's peak starts at its parent's size.
    code = "import sys\nfrom benchmarks.scim_reading import ours\nparts = ours(int(sys.argv[1]), int(sys.argv[2]))\n"
    total = MILLION // 20 if quick else MILLION
    with server(total, 1000, 0) as port:
        child = python(code, str(port), str(total))
    note = f"read to the spooled table in {child.seconds:.0f} s"
    yield Row(f"{total:,} accounts, peak of memory", "the bound", child.peak_mb, LIMIT_MB, 1, unit="MB", note=note)
    many, rounds = (MANY // 10, 1) if quick else (MANY, 3)
    with server(many, 100, LATENCY_MS) as port:
        mine, plain, library = in_turn(
            lambda: ours(port, many),
            lambda: sequential(port, many),
            lambda: scim2_client(port, many),
            rounds=rounds,
        )
    name = f"{many:,} accounts, {LATENCY_MS} ms a request, pages of 100"
    note = "a few pages at once, once paging has proved sound"
    yield Row(name, "httpx, one page after the other", mine, plain, 1 / 3.5, rounds=rounds, note=note)
    yield Row(name, "scim2-client", mine, library, 1 / 5, rounds=rounds, note=note)
    body = scim_server.page(MANY, 1, 1000)
    typed = msgspec.json.Decoder(_Bare)
    yield versus(
        "decoding a page of 1,000 accounts into columns",
        lambda: [read_users(body) for _ in range(10)],
        "msgspec on the raw bytes",
        lambda: [typed.decode(body) for _ in range(10)],
        goal=2,
        rounds=9 if quick else 41,  # a tenth of a second each: on a busy machine few rounds differ by a factor
    )


class _Bare(msgspec.Struct):
    Resources: list[User]
    totalResults: int  # noqa: N815
