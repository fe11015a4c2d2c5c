"""Healthy tenants with a past: whatever oddity stands in them, nothing fails and the verdict is healthy."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from scimrunbook.run import run_incident
from scimrunbook.simulator.files import write_incident
from scimrunbook.simulator.noise import NOISE
from scimrunbook.simulator.tenant import build
from tests.tenants import quiet
from tests.truth import broken, judged

TENANTS = 30


def noisy(provider: str, seed: int) -> tuple[tuple[str, ...], int]:
    """About half of all noise, and how many people: by the seed, so that a failure can be had again."""
    rng = random.Random(f"{provider}-{seed}")
    noise = tuple(n for n in NOISE if rng.random() < 0.5)
    return noise, rng.choice((20 + len(noise), 30, 45))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, TENANTS + 1))
@pytest.mark.parametrize("provider", ["okta", "entra"])
def test_noise_fools_nobody(provider: str, seed: int, tmp_path: Path) -> None:
    noise, people = noisy(provider, seed)
    built = build(provider, people=people, seed=seed, noise=noise)  # type: ignore[arg-type] # a literal in a list
    built.export(tmp_path / "e" / "exports")
    exported = write_incident(built, tmp_path / "e", exports=tmp_path / "e" / "exports")
    files = [("exports", run_incident(exported, progress=quiet, notebooks=False, outputs=tmp_path / "o" / "e"))]
    with built.serve() as port:
        live = write_incident(built, tmp_path / "l", port=port)
        files.append(("live", run_incident(live, progress=quiet, notebooks=False, outputs=tmp_path / "o" / "l")))
    for source, result in files:
        diagnosis, findings = judged(result)
        assert broken(findings) == {}, (source, noise, people)
        assert not [f["id"] for f in findings if f["status"] == "error"]
        lacking = source == "exports" and "filtered_export" in noise  # a log of failures alone is no proof of health
        assert diagnosis["verdict"] in (("healthy", "inconclusive") if lacking else ("healthy",)), (source, noise)


@pytest.mark.slow
def test_every_noise_comes_up_with_both_providers() -> None:
    for provider in ("okta", "entra"):
        assert {n for seed in range(1, TENANTS + 1) for n in noisy(provider, seed)[0]} == set(NOISE)
