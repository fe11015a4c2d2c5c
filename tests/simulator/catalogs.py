"""A served practice Catalog and a plain HTTP client for it."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import httpx

from scimrunbook.simulator.catalog import Catalog
from scimrunbook.simulator.clock import Clock
from scimrunbook.simulator.serve import serve
from scimrunbook.simulator.world import AS_OF

TOKEN = "practice" * 4


@contextlib.contextmanager
def catalog() -> Iterator[tuple[Catalog, httpx.Client]]:
    made = Catalog(Clock(AS_OF), random.Random(1), {TOKEN}, "https://api.us.castordoc.com/auth/scim")
    with serve({"*": made.app}) as server:
        made.base_url = made.store.base_url = f"{server.url}/auth/scim"
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        with httpx.Client(base_url=made.base_url, headers=headers) as client:
            yield made, client


def user(login: str, **more: object) -> dict:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": login,
        "name": {"givenName": "Ada", "familyName": "Albers"},
        "emails": [{"primary": True, "value": login, "type": "work"}],
        "active": True,
        **more,
    }


def group(name: str, **more: object) -> dict:
    return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, **more}
