"""The simulated Catalog: a SCIM 2.0 server that keeps raw documents and runs on the virtual clock."""

from __future__ import annotations

import random
from collections import deque

from scimrunbook.simulator.catalog.app import Requests, build
from scimrunbook.simulator.catalog.misbehaviour import Misbehaviour
from scimrunbook.simulator.catalog.store import Store
from scimrunbook.simulator.clock import Clock

_KEPT_REQUESTS = 100_000


class Catalog:
    """One region of Catalog: ``app`` to serve, ``tokens`` it accepts (a mutable set), ``requests`` it saw.

    ``store`` holds accounts and teams as raw documents. ``base_url`` is the address it believes in
    (``meta.location``); ids come from ``rng``, times from ``clock``, so the same seed gives the same Catalog to the
    byte. ``misbehaviour``: what this Catalog does wrong, nothing at first.
    """

    def __init__(self, clock: Clock, rng: random.Random, tokens: set[str], base_url: str) -> None:
        self.clock, self.tokens, self.base_url = clock, tokens, base_url
        self.store = Store(clock, rng, base_url)
        self.misbehaviour = Misbehaviour()
        self.requests: Requests = deque(maxlen=_KEPT_REQUESTS)
        self.app = build(self)
