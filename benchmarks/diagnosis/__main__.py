"""``python -m benchmarks.diagnosis [--single N --double N --healthy N --withheld N] [--seed S] [--jobs J]``.

N counts incidents; a tenant gives two of them, live and from exports. Withheld counts tenants. Kinds in turn,
``--jobs`` tenants at a time. ``--keep FILE`` appends every result as a line of JSON, so that a run that is cut short
still counts; ``--report`` prints the scores of such files without building anything; ``--again`` judges only the
incidents that were missed in such files, with the code of today.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from itertools import chain, zip_longest
from multiprocessing import get_context
from pathlib import Path

from benchmarks.diagnosis import incidents, plan
from benchmarks.diagnosis.score import Result, confidently_wrong, confusion, misses, summary


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    if options.report:
        report(*_kept(options.report))
        return 0
    began, done, without = time.monotonic(), [], []
    for number, (kind, made) in enumerate(_results(options), 1):
        for which, result in made:
            (without.append((which, result)) if which else done.append(result))
            if options.keep:
                with Path(options.keep).open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"without": which, **asdict(result)}) + "\n")
        if number % 20 == 0:
            print(f"{number} tenants ({kind}), {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    report(done, without)
    return 0


def _results(options: argparse.Namespace) -> Iterator[tuple[str, list[tuple[str, Result]]]]:
    """Kind and results, tenant by tenant, the kinds in turn."""
    cases = missed_in(*_kept(options.again)) if options.again else _planned(options)
    work = partial(incidents.judged, sources=tuple(options.sources))
    if options.jobs == 1:
        yield from map(work, cases)
        return
    # fresh processes: a forked one would inherit threads of servers that are not its own
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, cases)


def _planned(options: argparse.Namespace) -> list[plan.Case]:
    kinds = (
        plan.singles(options.single // 2, options.seed),
        plan.doubles(options.double // 2, options.seed),
        plan.healthy(options.healthy // 2, options.seed),
        [replace(c, kind="withheld") for c in plan.singles(options.withheld, options.seed + 50)],
    )
    return list(filter(None, chain.from_iterable(zip_longest(*kinds))))


def missed_in(done: Sequence[Result], without: Sequence[tuple[str, Result]]) -> list[plan.Case]:
    """The incidents of which something was missed, or said wrongly for sure, each once."""
    wrong = [*misses(done), *(r for _, r in without if confidently_wrong(r))]
    return list(dict.fromkeys(r.case for r in wrong))


def _kept(files: Sequence[str]) -> tuple[list[Result], list[tuple[str, Result]]]:
    """The results that ``--keep`` wrote: whole incidents, and those with a kind of export withheld."""
    kept = [_read(line) for file in files for line in Path(file).read_text("utf-8").splitlines()]
    return [r for k, r in kept if not k], [(k, r) for k, r in kept if k]


def _read(line: str) -> tuple[str, Result]:
    data = json.loads(line)
    which, case = data.pop("without"), plan.Case(**data.pop("case"))
    pairs = {k: tuple(tuple(p) for p in data.pop(k)) for k in ("truth", "said")}
    return which, Result(replace(case, faults=tuple(case.faults)), **pairs, **{
        k: tuple(v) if isinstance(v, list) else v for k, v in data.items()
    })  # fmt: skip


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
    parser.add_argument("--sources", nargs="+", choices=plan.SOURCES, default=list(plan.SOURCES))
    parser.add_argument("--jobs", type=int, default=1, help="processes that build and judge at the same time")
    parser.add_argument("--keep", help="append every result to this file")
    parser.add_argument("--again", nargs="+", help="only the incidents missed in such files")
    parser.add_argument("--report", nargs="+", help="only print the scores of such files")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
