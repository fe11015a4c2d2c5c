"""SCIM servers nobody here wrote: each is probed and read whole, its own quirks are found, and no others.

scim2-server and django-scim2 come with the extra ``test``; scimmy-routers is installed by ``.ci/run`` (npm) and its
tests skip where node or its folder is missing.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from scimrunbook import guide
from scimrunbook.evidence.secrets import Secret
from scimrunbook.incident import Incident
from scimrunbook.snapshot import Snapshot
from scimrunbook.sources import catalog
from scimrunbook.sources.http import Reader
from scimrunbook.sources.parts import Parts
from tests.conftest import ROOT
from tests.peers.people import TOKEN, TOTAL, people

pytestmark = pytest.mark.slow
NODE = ROOT / "tests" / "peers" / "node"
HOST = "api.us.castordoc.com"


@contextlib.contextmanager
def running(name: str) -> Iterator[int]:
    """The peer in a process of its own; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    if name == "scimmy":
        if not shutil.which("node") or not (NODE / "node_modules").is_dir():
            pytest.skip("scimmy-routers is not installed: npm ci --prefix tests/peers/node")
        command, given = ["node", str(NODE / "server.mjs"), str(port), TOKEN], json.dumps(people())
    else:
        command, given = [sys.executable, "-m", f"tests.peers.{name}_peer", str(port)], ""
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        process.stdin.write(given)
        process.stdin.close()
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{name} did not start: {process.stderr.read()[-2000:]}")
            time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture(scope="module", params=["scim2", "django", "scimmy"])
def peer(request) -> tuple[str, Snapshot]:
    """The name of a peer, and what a full probe and a whole reading of it gave."""
    incident = Incident(incident="T-1", identity_provider="entra", catalog_host="app.us.castordoc.com")
    parts = Parts()
    with running(request.param) as port:
        catalog.read(
            lambda auth: Reader(f"https://{HOST}", auth, f"127.0.0.1:{port}", patience=0),
            Secret(TOKEN),
            incident,
            parts,
            lambda step, done, total=None: None,
            probe="full",
        )
    return request.param, parts.build(incident)


# What each is known for (facts of the field, sections 7 and 10), seen by GET.
KNOWN = {
    "scim2": {"config_without_token"},
    "django": {
        "unauthorised_not_scim",
        "unauthorised_scheme",
        "start_zero_refused",
        "small_page",
        "discovery_no_total",
        "filter_misdeclared",
        "resource_endpoint",
        "error_shape",
        "external_id_filter",
    },
    "scimmy": {
        "unauthorised_scheme",
        "start_index_ignored",
        "rows_past_the_end",
        "items_per_page",
        "count_zero_rows",
        "small_page",
        "user_name_case",
        "location_odd",
    },
}


def test_its_quirks_are_found_and_no_others(peer: tuple[str, Snapshot]) -> None:
    name, got = peer
    shown = {q for names in got["probes"]["quirks"].dropna() for q in json.loads(names)}
    assert shown <= set(guide.SCIM_QUIRKS)
    assert shown == KNOWN[name], got["probes"].dropna(subset=["quirks"])[["probe", "detail"]].to_string()


def test_everybody_it_gives_is_read_once(peer: tuple[str, Snapshot]) -> None:
    name, got = peer
    row = got["coverage"].set_index("what").loc["catalog.users"]
    assert got["accounts"]["account_id"].is_unique
    if name == "scimmy":  # it sends the first twenty for ever, and that has to be said
        assert (row["rows"], bool(row["complete"])) == (20, False)
        assert "does not advance" in row["note"] and str(TOTAL) in row["note"]
        return
    assert (row["rows"], row["unreadable"], bool(row["complete"])) == (TOTAL, 0, True)
    ours = {p["userName"]: (p["active"], p["givenName"], p["familyName"]) for p in people()}
    columns = ["user_name", "active", "given_name", "family_name"]
    assert {u: (bool(a), g, f) for u, a, g, f in got["accounts"][columns].itertuples(index=False)} == ours
    assert list(got["teams"]["name"]) == ["Team One"]


def test_its_token_is_judged_by_the_users_list_alone(peer: tuple[str, Snapshot]) -> None:
    probes = peer[1]["probes"].drop_duplicates("probe").set_index("probe")
    assert probes.loc[["no_token", "wrong_token"], "http_status"].tolist() == [401, 401]
    assert bool(probes.loc["provider_test", "ok"])
    assert int((peer[1]["probes"]["probe"] == "provider_test_again").sum()) > 20
