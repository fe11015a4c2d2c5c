"""Sources are read at the same time, one organisation by one run at a time, and none above its rate limit."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import yaml

from scimrunbook import snapshot
from scimrunbook.incident_file import load_incident
from scimrunbook.simulator.serve import HostRouter
from scimrunbook.sources.collect import collect
from scimrunbook.sources.turns import organisation, turn
from tests.conftest import ROOT
from tests.tenants import incident, quiet, tenant


def test_a_second_run_waits_for_its_turn_and_others_do_not(tmp_path: Path) -> None:
    hold = (
        "import sys; from pathlib import Path; from scimrunbook.sources.turns import turn\n"
        "with turn(Path(sys.argv[1]), 'a', print): print('held', flush=True); sys.stdin.read()"
    )
    told: list[str] = []
    entered = threading.Event()

    def second() -> None:
        with turn(tmp_path, "a", lambda step, *_: told.append(step)):
            entered.set()

    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as first:
        assert first.stdout and first.stdout.readline() == b"held\n"
        with turn(tmp_path, "b", quiet), turn(tmp_path, "", quiet):
            pass
        with turn(tmp_path, "a", quiet, longest=0.1):  # whoever hangs does not hold up all others for ever
            pass
        waiting = threading.Thread(target=second, daemon=True)
        waiting.start()
        assert not entered.wait(0.3) and told == ["waiting: another run is reading a"]
        first.kill()  # however it ends
        assert entered.wait(10)


@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_only_what_is_read_live_has_a_turn(provider: str, tmp_path: Path) -> None:
    with incident(provider, "none", "live", tmp_path) as (path, _):
        assert organisation(load_incident(path).incident).startswith(
            "https://acme-practice.okta.com at 127." if provider == "okta" else "entra "
        )
    with incident(provider, "none", "exports", tmp_path / "files") as (path, _):
        assert organisation(load_incident(path).incident) == ""


# -- on the wire ------------------------------------------------------------------------------------------------------


class Watched:
    """The simulated world behind rate limits that are enforced: ``most`` requests of a collection in a window."""

    def __init__(self, app: HostRouter, most: int, window: int, delay: float) -> None:
        self.app, self.most, self.window, self.delay = app, most, window, delay
        self.times: dict[tuple[str, str], list[float]] = defaultdict(list)  # by host and collection
        self.refused = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        host = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"host"), "").split(":")[0]
        await asyncio.sleep(self.delay)
        if not self.most or not host.startswith(("acme-practice.", "graph.")):
            self.times[host, ""].append(time.monotonic())
            await self.app(scope, receive, send)
            return
        now = time.time()
        began = int(now) // self.window * self.window
        # Okta counts by endpoint, Graph by tenant
        seen = self.times[host, "" if host.startswith("graph.") else "/".join(scope["path"].split("/")[:4])]
        used = sum(t >= began for t in seen)
        seen.append(now)
        told = [(b"x-rate-limit-limit", str(self.most).encode()), (b"date", formatdate(now, usegmt=True).encode()),
                (b"x-rate-limit-remaining", str(max(0, self.most - used - 1)).encode()),
                (b"x-rate-limit-reset", str(began + self.window).encode())]  # fmt: skip
        if host.startswith("graph."):  # Graph tells no limit, only when to come again
            told = [told[1], (b"retry-after", str(max(1, began + self.window - int(now))).encode())]
        if used >= self.most:
            self.refused += 1
            await send({"type": "http.response.start", "status": 429, "headers": told})
            await send({"type": "http.response.body", "body": b"{}"})
            return

        async def with_limits(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in told}
                kept = [(k, v) for k, v in message["headers"] if k.lower() not in names]
                add = told if host.startswith("acme") else told[:1]
                message = {**message, "headers": [*kept, *add]}
            await send(message)

        await self.app(scope, receive, with_limits)


@contextmanager
def watched(monkeypatch, most: int = 0, window: int = 2, delay: float = 0.0) -> Iterator[list[Watched]]:
    made: list[Watched] = []

    def router(routes: Any) -> Watched:
        made.append(Watched(HostRouter(routes), most, window, delay))
        return made[-1]

    monkeypatch.setattr("scimrunbook.simulator.serve.HostRouter", router)
    yield made


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_all_sources_take_about_as_long_as_the_slowest(provider: str, tmp_path: Path, monkeypatch) -> None:
    """Every answer takes 0.15 s. Catalog's requests all lie within the provider's time, up to the first and the last
    few; one after the other, they would lie outside.
    """
    tenant(provider, "none")  # it is made over HTTP too
    with watched(monkeypatch, delay=0.15) as made, incident(provider, "none", "live", tmp_path) as (path, _):
        began = time.monotonic()
        collect(load_incident(path), progress=quiet)
        took = time.monotonic() - began
    spans = {host: (min(t), max(t), len(t)) for (host, _), t in made[-1].times.items()}
    catalog = next(v for k, v in spans.items() if k.startswith("api."))
    theirs = next(v for k, v in spans.items() if not k.startswith("api."))
    one_by_one = (catalog[1] - catalog[0]) + (theirs[1] - theirs[0])
    overlap = min(catalog[1], theirs[1]) - max(catalog[0], theirs[0])
    shorter = min(catalog[1] - catalog[0], theirs[1] - theirs[0])
    assert shorter > 1 and overlap > 0.6 * shorter, (spans, took)
    assert took < one_by_one * 0.85 + 1.5, (spans, took)


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_a_sweep_of_one_organisation_keeps_its_rate_limit(provider: str, tmp_path: Path, monkeypatch) -> None:
    """Two incidents of one organisation, two processes, few requests allowed in 2 s: all is read. Okta, which tells
    what remains, refuses next to nothing; Graph refuses a request where its limit is met, and none until it is over.
    """
    fault = "create_off" if provider == "okta" else "paused"
    tenant(provider, fault)  # it is made over HTTP too
    most = 5 if provider == "okta" else 12
    with watched(monkeypatch, most=most) as made, incident(provider, fault, "live", tmp_path) as (path, built):
        data = yaml.safe_load(path.read_text())
        for name in ("R-1", "R-2"):
            (path.parent / f"{name}.yaml").write_text(yaml.safe_dump({**data, "incident": name}))
        done = subprocess.run(
            [sys.executable, "-m", "scimrunbook", "sweep", *map(str, sorted(path.parent.glob("R-*.yaml"))),
             "--jobs", "2", "--no-notebooks", "--json"],
            capture_output=True, text=True, timeout=100, cwd=tmp_path, check=False,
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    outcomes = json.loads(done.stdout)["incidents"]
    assert [o["finding"] for o in outcomes] == [built.truth[0].finding] * 2
    for outcome in outcomes:
        coverage = snapshot.load(Path(outcome["folder"]) / "snapshot")["coverage"]
        assert not coverage["refused"].dropna().str.contains("limit").any()
    theirs = [times for (host, _), times in made[-1].times.items() if not host.startswith("api.")]
    assert max(map(len, theirs)) > most, "the limit was never near"
    if provider == "okta":
        assert made[-1].refused <= 1, "at most the first request of a run that cannot know what the one before used up"
    else:
        assert 0 < made[-1].refused <= 2 * sum(map(len, theirs)) / most, "asked again before the limit was over"
