"""Judging a large tenant: the trace and the diagnosis of everybody, against a bare DuckDB join of the same tables.

The join does no more than put every person beside their assignment, their last success and failure, their account and
what their teams lack: one row each. ``python -m benchmarks.judging`` prints how time and memory grow with the people;
every size runs in a process of its own. ``--people N [GROUPS EACH]`` prints one size as a line of JSON: people, checks,
trace_and_diagnosis, join (seconds each), peak_mb; ``1000000 10000 20`` is the tenant of 20,000,000 memberships.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.harness import Row, child

if TYPE_CHECKING:
    from scimrunbook.snapshot import Snapshot

GROUPS = 40  # as in benchmarks/million.py, which imports pandas: whoever measures must stay small
SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
TABLES = ("people", "memberships", "assignments", "events", "accounts", "teams", "team_members")
JOIN = """
with own as (
  select m.member_key as person_key, min(a.target_key) as group_key, max(a."at") as assigned_at
  from memberships m join assignments a on a.target_key = m.group_key and a.how = 'assigned' group by 1),
last as (
  select person_key, max("at") filter (status = 'success') as ok_at, max("at") filter (status = 'failure') as failed_at,
         arg_max(coalesce(reason, error_code), "at") filter (status = 'failure') as reason
  from events where object_type = 'user' group by 1),
wanted as (select t.team_id, m.member_key as person_key from memberships m join teams t on t.external_id = m.group_key),
held as (select tm.team_id, a.external_id as person_key from team_members tm join accounts a using (account_id)),
gaps as (
  select coalesce(w.person_key, h.person_key) as person_key, count(*) as gaps
  from wanted w full outer join held h using (team_id, person_key)
  where w.person_key is null or h.person_key is null group by 1)
select p.*, own.group_key, own.assigned_at, last.ok_at, last.failed_at, last.reason, gaps.gaps,
       coalesce(a.account_id, b.account_id) as account_id, coalesce(a.active, b.active) as account_active
from people p left join own using (person_key) left join last using (person_key)
left join accounts a on a.external_id = p.person_key
left join accounts b on b.external_id is null and lower(b.user_name) = lower(p.login)
left join gaps using (person_key)
"""


def measured(people: int, rounds: int = 1, groups: int = GROUPS, each: int = 1) -> dict[str, float]:
    """Median seconds of the checks, of trace and diagnosis, and of the join; peak MB of judging, tables included."""
    import resource

    from benchmarks.million import snapshot
    from scimrunbook.checks.runner import run_checks
    from scimrunbook.diagnosis import diagnose
    from scimrunbook.trace import trace

    made = snapshot(people, groups=groups, each=each)
    taken: list[tuple[float, float, float]] = []
    peak = 0.0
    for _ in range(rounds):
        made.memo.clear()  # nothing worked out in an earlier round
        began = time.perf_counter()
        findings = run_checks(made)
        checked = time.perf_counter()
        said = diagnose(made, findings, trace(made, findings))
        judged = time.perf_counter()
        assert said.causes[0].finding == "token.did_not_change", said.causes
        peak = peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # before any join
        del findings, said
        taken.append((checked - began, judged - checked, _join(made, people)))
    checks, judging, join = (statistics.median(side) for side in zip(*taken, strict=True))
    size = {"people": people, "memberships": len(made["memberships"])}
    return {**size, "checks": checks, "trace_and_diagnosis": judging, "join": join, "peak_mb": peak}


def _join(made: Snapshot, people: int) -> float:
    """Seconds of the bare join, its connection not counted."""
    import duckdb

    with duckdb.connect() as base:
        for name in TABLES:
            base.register(name, made[name])
        start = time.perf_counter()
        rows = base.sql(JOIN).to_arrow_table().num_rows
        took = time.perf_counter() - start
    assert rows >= people
    return took


def at(people: int, rounds: int = 1, groups: int = GROUPS, each: int = 1) -> dict[str, float]:
    """``measured`` in a process of its own, so that no size pays for another."""
    given = map(str, (people, rounds, groups, each))
    run = child([sys.executable, "-m", "benchmarks.judging", "--one", *given], timeout=3600)
    data: dict[str, float] = json.loads(run.output.splitlines()[-1])
    return data


def rows(quick: bool = False) -> list[Row]:
    found = at(20_000 if quick else SIZES[-1], 1 if quick else 3)
    join, judged = found["join"], found["trace_and_diagnosis"]
    whole, note = judged + found["checks"], f"{found['people']:,.0f} people"
    bare = "a bare DuckDB join of the same tables"
    return [
        Row("trace and diagnosis of everybody", bare, judged, join, 3, note=note + ", findings given"),
        Row("all checks, trace and diagnosis", bare, whole, join, 3, note=note),
        Row("memory of judging, tables included", "3 GB", found["peak_mb"], 3072, 1, "MB", note=note),
    ]


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--one"]:
        print(json.dumps(measured(*map(int, arguments[1:]))))
        return 0
    if arguments[:1] == ["--people"]:
        people, *shape = map(int, arguments[1:])
        print(json.dumps(at(people, 1, *shape)))
        return 0
    print("| people | checks | trace and diagnosis | join | peak |\n|--:|--:|--:|--:|--:|")
    for people in [int(a) for a in arguments] or SIZES:
        d = at(people)
        print(f"| {people:,} | {d['checks']:.1f} s | {d['trace_and_diagnosis']:.1f} s | {d['join']:.2f} s | "
              f"{d['peak_mb']:,.0f} MB |", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
