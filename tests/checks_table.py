"""The table of checks: for each, the tenant on which it fails (or warns) and the one on which it passes.

``python -m tests.checks_table`` runs every fault with both providers, live and from exports, chooses an example for
each check, and writes ``tests/checks_examples.json`` and ``docs/checks.md``. Slow tests hold each example to what it
says; quick ones hold the page to the examples and the registry to the page. ``--page`` writes the page anew alone.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scimrunbook import guide
from scimrunbook.checks import REGISTRY, SECTIONS, Check
from scimrunbook.simulator.faults import FAULTS
from tests.checks.broken import BROKEN, HEALTHY
from tests.conftest import ROOT
from tests.tenants import CASES
from tests.truth import judge, judged

EXAMPLES = ROOT / "tests" / "checks_examples.json"
PAGE = ROOT / "docs" / "checks.md"
BAD, GOOD = ("fail", "warn"), ("pass",)
Example = dict[str, str]  # provider, tenant (a fault, "none", or "by hand"), source, status


def registry() -> dict[str, Check]:
    """Every registered check, in the guide's order."""
    for section in SECTIONS:
        importlib.import_module(f"scimrunbook.checks.{section}")
    return {c.id: c for section in SECTIONS for c in REGISTRY.values() if c.section == section}


def statuses(provider: str, fault: str, source: str) -> dict[str, str]:
    """What ``check`` finds on a practice tenant: status by finding."""
    with tempfile.TemporaryDirectory() as folder:
        _, result = judge(provider, fault, source, Path(folder))
        return {f["id"]: f["status"] for f in judged(result)[1]}


def observed() -> Iterator[tuple[Example, dict[str, str]]]:
    for provider, fault, source in CASES:
        yield {"provider": provider, "tenant": fault, "source": source}, statuses(provider, fault, source)


def by_hand(check_id: str, which: dict[str, Any]) -> Example | None:
    """The hand-built tenant of ``tests/checks`` that shows it, where there is one."""
    if check_id not in which:
        return None
    provider, make = which[check_id]
    status = make().find(check_id).status.value
    return {"provider": provider, "tenant": "by hand", "source": "tests/checks/broken.py", "status": status}


def chosen(seen: list[tuple[Example, dict[str, str]]]) -> dict[str, dict[str, Example | None]]:
    """For each check: ``breaks`` (its own fault before others, a failure before a warning) and ``passes``."""
    table: dict[str, dict[str, Example | None]] = {}
    for check_id in registry():
        bad = [{**e, "status": s[check_id]} for e, s in seen if s.get(check_id) in BAD]
        bad.sort(key=lambda e: (FAULTS[e["tenant"]].finding != check_id, e["status"] != "fail"))
        good = [{**e, "status": s[check_id]} for e, s in seen if s.get(check_id) in GOOD]
        good.sort(key=lambda e: e["tenant"] != "none")
        table[check_id] = {
            "breaks": bad[0] if bad else by_hand(check_id, BROKEN),
            "passes": good[0] if good else by_hand(check_id, HEALTHY),
        }
    return table


def page(table: dict[str, dict[str, Example | None]]) -> str:
    """``docs/checks.md``: one table per section of the guide."""
    lines = [
        "# The checks",
        "",
        "Written by `python -m tests.checks_table` from what the practice tenants really produced; not by hand.",
        "A check's title is the healthy state. *Breaks on* names the fault of `scimrunbook simulate --fault` (or the",
        "tenant built by hand in `tests/checks/broken.py`) on which it was seen to fail or warn, *passes on* the",
        "tenant on which it passed. Where what a check needs was not read, it says so, and how to get it.",
    ]
    for number, section in enumerate(SECTIONS):
        checks = [c for c in registry().values() if c.section == section]
        about = guide.SECTIONS[section]
        lines += ["", f"## {number:02} {about.title}", "", f"Guide: <{about.link}>", ""]
        lines += ["| check | healthy state | needs | breaks on | passes on | source |", "|---|---|---|---|---|---|"]
        for c in checks:
            row = table[c.id]
            cells = (f"`{c.id}`", c.title, _needs(c), _example(row["breaks"]), _example(row["passes"]), c.source)
            lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _needs(c: Check) -> str:
    """Alternatives joined by "or", what is needed together by "and", providers named where they differ."""
    said = {}
    for provider in c.providers:
        ways = c.needs.get(provider, ())
        groups = [" and ".join(f"`{w}`" for w in way) for way in ways]
        mixed = len(groups) > 1
        said[provider] = " or ".join(f"({g})" if mixed and " and " in g else g for g in groups) or "nothing of its own"
    if len(set(said.values())) == 1 and len(said) == 2:
        return next(iter(said.values()))
    return "; ".join(f"{'Okta' if p == 'okta' else 'Entra'}: {text}" for p, text in said.items())


def _example(e: Example | None) -> str:
    if e is None:
        return "nothing yet"
    tenant = (
        "a healthy tenant" if e["tenant"] == "none" else e["tenant"] if e["tenant"] == "by hand" else f"`{e['tenant']}`"
    )
    source = "" if e["tenant"] == "by hand" else f", {e['source']}"
    return f"{tenant} ({'Okta' if e['provider'] == 'okta' else 'Entra'}{source}): {e['status']}"


def write(table: dict[str, dict[str, Example | None]]) -> None:
    EXAMPLES.write_text(json.dumps(table, indent=1) + "\n", "utf-8")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(table), "utf-8")


def main() -> int:
    if sys.argv[1:] == ["--page"]:
        write(json.loads(EXAMPLES.read_text("utf-8")))
        return 0
    seen = []
    for example, found in observed():
        seen.append((example, found))
        sys.stderr.write(f"{len(seen)}/{len(CASES)} {example}\n")
    table = chosen(seen)
    write(table)
    lacking = [f"{i}: {k}" for i, row in table.items() for k, e in row.items() if e is None]
    sys.stderr.write("".join(f"without an example: {text}\n" for text in lacking))
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
