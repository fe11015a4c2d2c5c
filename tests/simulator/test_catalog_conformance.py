"""scim2-tester finds no error. It writes: it is pointed at the practice Catalog only, never at anything else."""

from __future__ import annotations

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from tests.simulator.catalogs import TOKEN


@pytest.mark.slow  # hundreds of requests, each judged twice
def test_no_error_by_the_conformance_tester(served) -> None:
    made, _ = served
    assert made.base_url.startswith("http://127.0.0.1:")
    with httpx2.Client(base_url=made.base_url, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        scim = SyncSCIMClient(client)
        scim.discover()
        results = check_server(scim)
    wrong = (Status.ERROR, Status.CRITICAL, Status.DEVIATION)
    assert [(r.title, r.resource_type, r.reason) for r in results if r.status in wrong] == []
    assert sum(r.status is Status.SUCCESS for r in results) > 100
    assert made.store.users() == made.store.groups() == []  # it cleaned up behind itself
