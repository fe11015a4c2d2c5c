"""A practice tenant: a world whose provider really provisioned a Catalog, to be served live or exported."""

from __future__ import annotations

import contextlib
import random
import secrets
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from scimrunbook.simulator import catalog_export, web, wire
from scimrunbook.simulator.behind import behind
from scimrunbook.simulator.catalog import Catalog
from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.compose import inject
from scimrunbook.simulator.faults import FAULTS, Scenario, Truth
from scimrunbook.simulator.noise import AHEAD, NOISE, SkewedClock, filter_logs
from scimrunbook.simulator.people import generate
from scimrunbook.simulator.serve import serve
from scimrunbook.simulator.world import AS_OF, BEGIN, Change, World

CATALOG_HOST = "app.us.castordoc.com"
OWN, OTHER = "https://api.us.castordoc.com/auth/scim", "https://api.castordoc.com/auth/scim"
OWN_HOST, OTHER_HOST = "api.us.castordoc.com", "api.castordoc.com"


class Tenant:
    """``world``, ``engine``, ``catalog`` and the region next to it, and ``truth``, one entry per fault.

    The tokens are random per tenant and stand in no document: the engine's Catalog token (``catalog_token``, as typed
    into the provider) and the one that reads the provider's API (``provider_token``).
    """

    def __init__(self, provider: Literal["okta", "entra"], faults: tuple[str, ...], people: int, seed: int,
                 noise: tuple[str, ...] = ()) -> None:  # fmt: skip
        self.provider: Literal["okta", "entra"] = provider
        self.faults, self.seed, self.noise = faults, seed, noise
        self.catalog_token, self.provider_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.clock = Clock(BEGIN)
        self.world: World = generate(provider, seed, people)
        self.settings: Any = _settings(provider)
        self.settings.base_url = OWN
        # Okta's Header Auth app sends the field verbatim, Entra adds the scheme itself.
        self.settings.token = f"Bearer {self.catalog_token}" if provider == "okta" else self.catalog_token
        clock = SkewedClock(self.clock, AHEAD) if "clock_skew" in noise else self.clock
        self.catalog = Catalog(clock, self._rng("catalog"), {self.catalog_token}, OWN)
        self.other_region_catalog = Catalog(self.clock, self._rng("other"), set(), OTHER)
        scenario = Scenario(
            self.world, self.settings, {"own": OWN, "other": OTHER}, secrets.token_urlsafe(32), CATALOG_HOST
        )
        inject(faults, scenario)
        for name in noise:
            NOISE[name](scenario)
        self.engine: Any = self._run()
        late = behind(self.world, self.catalog.store)
        self.truth: list[Truth] = [FAULTS[name].truth(self.world, late) for name in faults]

    def _rng(self, purpose: str) -> random.Random:
        return random.Random(f"{self.provider}-{self.seed}-{purpose}")  # noqa: S311 - reproducible, not secret

    def _run(self) -> Any:
        """Lets the engine provision from BEGIN to AS_OF; what happens at Catalog's side happens in between."""
        with serve(self._hosts()) as server:
            engine = _engine(self.provider)(
                self.world, wire.factory(server.port, self.clock), self.clock, self._rng("engine"), self.settings
            )
            for change in [c for c in self.world.timeline if c.what == "catalog"]:
                engine.run(change.at)
                self._at_catalog(change)
            engine.run(AS_OF)
            engine.close()
        return engine

    def _hosts(self) -> dict[str, Any]:
        """What a base URL can reach: both regions' APIs, and the web application, which shows people a page."""
        return {OWN_HOST: self.catalog.app, OTHER_HOST: self.other_region_catalog.app, CATALOG_HOST: web.app}

    def _at_catalog(self, change: Change) -> None:
        data, store = change.data, self.catalog.store
        if data["do"] == "tokens":
            self.catalog.tokens.clear()
            self.catalog.tokens.update(data["tokens"])
        elif data["do"] == "add_user":
            store.add_user(data["document"])
        elif data["do"] == "delete_user":
            for document in store.by_name("Users", data["user_name"]):
                store.delete_user(document["id"])
        elif data["do"] == "misbehave":
            self.catalog.misbehaviour.change({k: v for k, v in data.items() if k != "do"})
        else:
            raise ValueError(f"Catalog knows no {data['do']!r}")

    @contextlib.contextmanager
    def serve(self) -> Iterator[int]:
        """Serves both Catalog regions and the provider's API on one loopback port; yields the port."""
        routes = {
            **self._hosts(),
            **_apis(self.provider, self.engine, self.provider_token),
        }
        with serve(routes) as server:
            yield server.port

    def export(self, folder: Path) -> None:
        """Writes what an admin would have saved, of the provider and of Catalog."""
        if self.provider == "okta":
            from scimrunbook.simulator.okta.export import export as okta_export

            okta_export(self.engine, folder)
        else:
            from scimrunbook.simulator.entra.export import export as entra_export

            entra_export(self.engine, folder)
        catalog_export.export(self.catalog, folder)
        if "filtered_export" in self.noise:
            filter_logs(folder, self.provider)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open between uses; the context only marks how long a tenant is needed."""


def build(
    provider: Literal["okta", "entra"],
    faults: tuple[str, ...] = (),
    people: int = 25,
    seed: int = 1,
    noise: tuple[str, ...] = (),
) -> Tenant:
    """Builds a tenant and provisions it; ``noise`` names oddities with nothing to find.

    Raises KeyError for an unknown fault or noise, ValueError for a fault that the provider cannot have and for two
    faults that cannot both be.
    """
    real = tuple(f for f in faults if f != "none")
    for name in real:
        if provider not in FAULTS[name].providers:
            raise ValueError(f"the fault {name} does not occur with {provider}")
    return Tenant(provider, real, people, seed, noise)


def _settings(provider: str) -> Any:
    if provider == "okta":
        from scimrunbook.simulator.okta.settings import Settings as OktaSettings

        return OktaSettings()
    from scimrunbook.simulator.entra.settings import Settings as EntraSettings

    return EntraSettings()


def _engine(provider: str) -> Any:
    if provider == "okta":
        from scimrunbook.simulator.okta.engine import Engine as OktaEngine

        return OktaEngine
    from scimrunbook.simulator.entra.engine import Engine as EntraEngine

    return EntraEngine


def _apis(provider: str, engine: Any, token: str) -> dict[str, Any]:
    if provider == "okta":
        from scimrunbook.simulator.okta.api import api as okta_api
        from scimrunbook.simulator.okta.engine import ORG_HOST

        return {ORG_HOST: okta_api(engine, {token})}
    from scimrunbook.simulator.entra.api import apis as entra_apis

    return entra_apis(engine, token)
