"""A served practice Catalog, a plain HTTP client for it, and the bodies clients send."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from scimrunbook.simulator.catalog import Catalog
from scimrunbook.simulator.catalog.schemas import GROUP, USER
from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.serve import serve
from scimrunbook.simulator.world import AS_OF

TOKEN = "practice" * 4
BASE = "https://api.us.castordoc.com/auth/scim"


def fresh(seed: int = 1) -> Catalog:
    return Catalog(Clock(AS_OF), random.Random(seed), {TOKEN}, BASE)


@contextlib.contextmanager
def catalog() -> Iterator[tuple[Catalog, httpx.Client]]:
    """A Catalog that knows the loopback address it is served at."""
    made = fresh()
    with serve({"*": made.app}) as server:
        made.base_url = made.store.base_url = f"{server.url}/auth/scim"
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        with httpx.Client(base_url=made.base_url, headers=headers) as client:
            yield made, client


@pytest.fixture(scope="module")
def _running() -> Iterator[tuple[Catalog, httpx.Client]]:
    with catalog() as both:
        yield both


@pytest.fixture
def served(_running: tuple[Catalog, httpx.Client]) -> tuple[Catalog, httpx.Client]:
    """An empty Catalog; one server does for a whole module."""
    empty(_running[0])
    return _running


def empty(made: Catalog) -> None:
    for kind in ("Groups", "Users"):
        for document in made.store.all(kind):
            made.store.delete(kind, document["id"])
    made.requests.clear()
    made.tokens.clear()
    made.tokens.add(TOKEN)


def user(login: str, **more: object) -> dict[str, Any]:
    return {
        "schemas": [USER],
        "userName": login,
        "name": {"givenName": "Ada", "familyName": "Albers"},
        "emails": [{"primary": True, "value": login, "type": "work"}],
        "active": True,
        **more,
    }


def group(name: str, **more: object) -> dict[str, Any]:
    return {"schemas": [GROUP], "displayName": name, **more}


def patch(client: httpx.Client, path: str, *operations: dict[str, Any]) -> httpx.Response:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}
    return client.patch(path, json=body)


def members(client: httpx.Client, team: str) -> list[str]:
    return [m["value"] for m in client.get(f"/Groups/{team}").json().get("members", [])]
