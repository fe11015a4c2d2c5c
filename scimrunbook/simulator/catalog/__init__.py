"""The simulated Catalog: a SCIM 2.0 server that keeps raw documents and runs on the virtual clock."""

from __future__ import annotations

import random
from collections import deque

from starlette.convertors import Convertor, register_url_convertor

from scimrunbook.simulator.catalog.store import Store
from scimrunbook.simulator.clock import Clock

_KEPT_REQUESTS = 100_000


class _Kind(Convertor[str]):
    regex = "Users|Groups"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("kind", _Kind())


class Catalog:
    """One region of Catalog: ``app`` to serve, ``tokens`` it accepts (a mutable set), ``requests`` it saw.

    ``base_url`` is the address it believes in (``meta.location``); ids come from ``rng``, times from ``clock``, so the
    same seed gives the same Catalog to the byte.
    """

    def __init__(self, clock: Clock, rng: random.Random, tokens: set[str], base_url: str) -> None:
        from scimrunbook.simulator.catalog.app import Requests, build

        self.clock, self.tokens, self.base_url = clock, tokens, base_url
        self.store = Store(clock, rng, base_url)
        self.requests: Requests = deque(maxlen=_KEPT_REQUESTS)
        self.app = build(self)
