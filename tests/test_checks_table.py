"""Every check has a tenant that breaks it and one on which it passes, and the page says which."""

from __future__ import annotations

import json

import pytest

from tests.checks.broken import BROKEN, HEALTHY
from tests.checks_table import BAD, EXAMPLES, GOOD, PAGE, page, registry, statuses

TABLE = json.loads(EXAMPLES.read_text("utf-8"))
PROVED = [(check_id, kind) for check_id, row in TABLE.items() for kind in row]


def test_every_check_has_a_row_with_both_examples() -> None:
    assert set(TABLE) == set(registry())
    assert [f"{i}: {k}" for i, k in PROVED if not TABLE[i][k]] == []
    for check_id, row in TABLE.items():
        assert row["breaks"]["status"] in BAD and row["passes"]["status"] in GOOD, check_id


def test_the_page_is_what_the_examples_say() -> None:
    assert PAGE.read_text("utf-8") == page(TABLE), "write it anew: python -m tests.checks_table --page"


def test_a_tenant_built_by_hand_is_named_where_it_exists() -> None:
    named = {(i, k) for i, k in PROVED if TABLE[i][k]["tenant"] == "by hand"}
    assert named <= {(i, "breaks") for i in BROKEN} | {(i, "passes") for i in HEALTHY}


def simulated() -> list[tuple[str, str, str]]:
    """The practice tenants that the examples name, each once."""
    cases = {(e["provider"], e["tenant"], e["source"]) for row in TABLE.values() for e in row.values()}
    return sorted(c for c in cases if c[1] != "by hand")


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "tenant", "source"), simulated())
def test_the_examples_are_what_check_really_finds(provider: str, tenant: str, source: str) -> None:
    found = statuses(provider, tenant, source)
    for check_id, kind in PROVED:
        example = TABLE[check_id][kind]
        if (example["provider"], example["tenant"], example["source"]) == (provider, tenant, source):
            assert found[check_id] == example["status"], check_id
