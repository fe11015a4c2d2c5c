"""``python -m benchmarks.diagnosis [--single N --double N --healthy N --withheld N] [--seed S] [--json FILE]``.

N counts incidents; a tenant gives two of them, live and from exports. Withheld counts tenants. One process; a few
hundred incidents take some minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.diagnosis import incidents, plan
from benchmarks.diagnosis.score import Result, confidently_wrong, confusion, misses, summary


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    cases = [
        *plan.singles(options.single // 2, options.seed),
        *plan.doubles(options.double // 2, options.seed),
        *plan.healthy(options.healthy // 2, options.seed),
    ]
    began, done = time.monotonic(), []
    for number, case in enumerate(cases, 1):
        done += incidents.results(case)
        if number % 20 == 0 or number == len(cases):
            print(f"{number}/{len(cases)} tenants, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    without = [pair for case in plan.singles(options.withheld, options.seed + 50) for pair in _withheld(case)]
    report(done, without)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump({**summary(done), "seconds": round(time.monotonic() - began)}, file, indent=2)
    return 0


def _withheld(case: plan.Case) -> list[tuple[str, Result]]:
    return list(incidents.withheld(replace(case, kind="withheld")))


def report(done: Sequence[Result], without: Sequence[tuple[str, Result]]) -> None:
    """Scores, the confusion table, and every miss by name."""
    if done:
        print(json.dumps(summary(done), indent=2))
        print("\n" + confusion(done) + "\n")
        for r in misses(done):
            names = ", ".join(f"{c} ({f})" for c, f in r.said[:3]) or r.verdict
            print(f"miss: {r.case.name} {r.source}: true {r.truth}, said {names}; announced {r.announced}; "
                  f"failed {r.failed}; people +{r.hit} missed {r.missed} too many {r.extra} {r.crowd}")  # fmt: skip
        for r in done:
            if r.impossible:
                print(f"not built: {r.case.name}: {r.impossible}")
    if without:
        print("\nWithheld: kind, incidents, right, unknown or inconclusive, confidently wrong")
        kinds = Counter(kind for kind, _ in without)
        for kind in kinds:
            mine = [r for k, r in without if k == kind]
            wrong = sum(confidently_wrong(r) for r in mine)
            right = sum(bool(r.said) and r.said[0][0] in {c for c, _ in r.truth} for r in mine)
            print(f"  {kind}: {len(mine)}, {right}, {len(mine) - right - wrong}, {wrong}")
        for kind, r in without:
            if confidently_wrong(r):
                print(f"confidently wrong: {r.case.name} without {kind}: true {r.truth}, said {r.said[:3]}")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.diagnosis", description=__doc__)
    for name, usual in (("single", 1000), ("double", 500), ("healthy", 200), ("withheld", 40)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", help="write the summary there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
