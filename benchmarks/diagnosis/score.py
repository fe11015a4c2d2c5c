"""Compares a judgement with the ground truth, and adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.diagnosis.plan import Case
from scimrunbook.findings import Status
from scimrunbook.run import Judgement
from scimrunbook.simulator.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Result:
    """One incident: what was true, what was said, whom both named."""

    case: Case
    source: str
    truth: tuple[tuple[str, str], ...] = ()  # (cause, finding), one per fault
    said: tuple[tuple[str, str], ...] = ()  # ranked
    announced: tuple[str, ...] = ()  # findings said to be hidden behind another cause
    families: tuple[str, ...] = ()  # and their cause families
    verdict: str = ""
    failed: tuple[str, ...] = ()  # ids of failed findings
    hit: int = 0  # affected people named rightly, by the cause that names the (first) fault
    missed: int = 0
    extra: int = 0
    observable: bool = True  # whether what was read can show the fault at all
    at_most: bool = False  # whether what can be read may show fewer people than the truth: chance, or no access
    impossible: str = ""  # why the tenant could not be built
    doubted: bool = False  # the first cause is named with what could overturn it
    crowd: tuple[str, ...] = field(default=())  # the first few people missed or named too many

    @property
    def right(self) -> bool:
        """The first cause and the finding it rests on are those of a fault."""
        return bool(self.said) and self.said[0] in self.truth

    @property
    def both(self) -> bool:
        """Every fault is among the first two causes."""
        return bool(self.truth) and all(t in self.said[:2] for t in self.truth)

    @property
    def both_or_announced(self) -> bool:
        """One fault is among the first two causes, and every other one is too, or is announced as hidden by name."""
        open_ = [t for t in self.truth if t not in self.said[:2]]
        return len(open_) < len(self.truth) and all(f in self.announced or c in self.families for c, f in open_)


def result(case: Case, source: str, tenant: Tenant, judged: Judgement) -> Result:
    """What the judgement said beside what was true."""
    read = "live" if source == "live" else "exports"
    truth = tuple((t.cause, t.finding_in(read)) for t in tenant.truth)
    causes = judged.diagnosis.causes
    said = tuple((c.cause, c.finding or "") for c in causes)
    hit = missed = extra = 0
    crowd: tuple[str, ...] = ()
    for true in tenant.truth[:1] if case.kind != "double" else ():
        mine = next((c for c in causes if (c.cause, c.finding) == truth[0]), None)
        if mine is not None:
            named, hurt = set(mine.affected), set(true.affected)
            hit, missed, extra = len(named & hurt), len(hurt - named), len(named - hurt)
            crowd = tuple([f"-{k}" for k in sorted(hurt - named)[:3]] + [f"+{k}" for k in sorted(named - hurt)[:3]])
    masked = judged.diagnosis.masked
    return Result(
        case,
        source,
        truth,
        said,
        tuple(m["finding"] for m in masked),
        tuple(m["cause"] for m in masked if m.get("cause")),
        judged.diagnosis.verdict,
        tuple(f.id for f in judged.findings if f.status is Status.FAIL),
        hit,
        missed,
        extra,
        all(read in t.observable_in for t in tenant.truth),
        any(t.at_most or read in t.partly for t in tenant.truth),
        doubted=bool(causes and causes[0].ask),
        crowd=crowd,
    )


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Counts and shares per kind of incident; see RESULTS.md for the targets."""
    built = [r for r in results if not r.impossible]
    single = [r for r in built if r.case.kind == "single" and r.observable]
    double = [r for r in built if r.case.kind == "double" and r.observable]
    fine = [r for r in built if r.case.kind == "healthy"]
    return {
        "single": len(single),
        "single_first_cause_right": share(r.right for r in single),
        "affected_f1": f1(single),
        "affected_f1_where_the_data_shows_all": f1([r for r in single if not r.at_most]),
        "double": len(double),
        "double_both_first": share(r.both for r in double),
        "double_both_or_announced": share(r.both_or_announced for r in double),
        "healthy": len(fine),
        "healthy_with_a_fail": sum(bool(r.failed) for r in fine),
        "healthy_verdicts": dict(Counter(r.verdict for r in fine)),
        "not_observable": sum(not r.observable for r in built),
        "not_observable_confidently_wrong": sum(confidently_wrong(r) for r in built if not r.observable),
        "could_not_be_built": len(results) - len(built),
    }


def f1(results: Sequence[Result]) -> float | None:
    """Of the people affected, over all incidents together; None where nobody is."""
    hit, missed, extra = (sum(getattr(r, n) for r in results) for n in ("hit", "missed", "extra"))
    return round(2 * hit / (2 * hit + missed + extra), 4) if hit else None


def confidently_wrong(r: Result) -> bool:
    """A first cause was named without a doubt, and it is of none of the families that are broken."""
    return bool(r.said) and r.said[0][0] != "unknown" and not r.doubted and r.said[0][0] not in {c for c, _ in r.truth}


def share(flags: Iterable[bool]) -> float | None:
    flags = list(flags)
    return round(sum(flags) / len(flags), 4) if flags else None


def confusion(results: Sequence[Result]) -> str:
    """Rows: the family that was broken; columns: the family named first. Single faults only, as Markdown."""
    single = [r for r in results if r.case.kind == "single" and not r.impossible and r.observable]
    cells = Counter((r.truth[0][0], r.said[0][0] if r.said else "none") for r in single)
    rows = sorted({t for t, _ in cells})
    columns = [*rows, *sorted({s for _, s in cells} - set(rows))]
    head = "| broken \\ named first | " + " | ".join(columns) + " |\n|---|" + "---:|" * len(columns)
    lines = [f"| {t} | " + " | ".join(str(cells[t, s] or "·") for s in columns) + " |" for t in rows]
    return "\n".join([head, *lines])


def misses(results: Sequence[Result]) -> list[Result]:
    """Every incident that did not come out as it should."""
    out = []
    for r in results:
        if r.impossible or not r.observable:
            wrong = not r.impossible and confidently_wrong(r)
        elif r.case.kind == "single":
            # whom the data that was read cannot show is counted in affected_f1, and is no miss of the judgement
            wrong = not r.right or bool(r.extra or (r.missed and not r.at_most))
        elif r.case.kind == "double":
            wrong = not r.both_or_announced
        else:
            wrong = bool(r.failed) or r.verdict == "problem"
        if wrong:
            out.append(r)
    return out
