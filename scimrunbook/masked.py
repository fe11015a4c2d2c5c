"""What a block hides: troubles already visible behind it, and questions nobody can answer before it is mended. Pure.

Each entry: ``finding`` and ``cause`` (what may be broken too), ``blocked_by``, ``actual`` (a sentence), ``kind``:

- ``seen``: found broken, but held back because the block comes first;
- ``follows``: found broken, and everybody it concerns is held up by the block anyway: most likely its consequence;
- ``unjudged``: no sign of trouble, and no sign of health either: nothing was sent since the block, or Catalog's list
  of accounts could not be read behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from scimrunbook.findings import Finding, Status
from scimrunbook.history import when
from scimrunbook.ranking import HIDES, UNREAD, UNREADABLE
from scimrunbook.trace import blocks

# Findings about operations and their traces: where nothing is sent, they fail with the block.
CONSEQUENCES = (
    "sync.",
    "symptoms.",
    "mapping.values_arrive",
    "assignments.assigned_after_enabling",
    "assignments.leavers_were_unassigned_by_provider",
    "accounts.none_is_stale",
    "connection.not_quarantined",
)
_IDLE = "sync.fresh_run_queued_after_fix"
# Those of them that something besides the log proves: the job's own record, a date, the settings' history.
SEEN_DIRECTLY = ("sync.runs_on_schedule", "sync.enough_time_has_passed", "connection.not_quarantined")
# What a switch that is off leaves behind: somebody changed, and nothing was sent.
SWITCHED = (
    "assignments.leavers_were_unassigned_by_provider",
    "mapping.values_arrive",
    "sync.log_does_not_stop",
)


def masked(findings: Sequence[Finding]) -> tuple[dict[str, str], ...]:
    """Everything a block hides, what is seen first."""
    by_id = {f.id: f for f in findings}
    seen, echoes = [], set()
    for f in findings:
        if f.blocked_by and f.actual and f.affected:
            block = by_id.get(f.blocked_by)
            inside = block is not None and set(f.affected) <= set(block.affected)
            # refused for the block's own reason, or disclaiming a cause of its own: that adds nothing
            echo = block is not None and f.status is not Status.FAIL and _family(f) in ("", _family(block))
            kind = "follows" if echo or (inside and f.id.startswith(CONSEQUENCES)) else "seen"
            if echo:
                echoes.add(f.id)
            seen.append(_entry(f.id, _family(f), f.blocked_by, f.actual, kind))
    open_ = blocks(findings)
    # after a fix that nothing followed, what Catalog answers is as unknown as behind a block
    first = open_[0] if open_ else by_id[_IDLE] if _failed(by_id, _IDLE) else None
    named = {e["finding"] for e in seen if e["finding"] not in echoes} | {
        f.id for f in findings if f.status is Status.FAIL
    }
    unjudged = []
    for hidden in HIDES.get(first.id, ()) if first else ():
        finding = by_id.get(hidden.finding)
        # what failed before the fix tells what Catalog answers now only where it was Catalog's own doing
        idle = first is not None and first.id == _IDLE
        told = hidden.finding in named and (not idle or (finding and _family(finding)) == hidden.cause.value)
        if told or (finding is not None and _answered_since(finding)):
            continue
        if hidden.setting and (finding is None or finding.status is not Status.SKIPPED):
            continue
        since = f" since {when(first.since)}" if first and first.since else ""
        unjudged.append(
            _entry(
                hidden.finding,
                hidden.cause.value,
                first.id if first else "",
                f"Not to be judged{since}: {hidden.why}",
                "unjudged",
            )
        )
    unread = open_[0] if open_ else next((by_id[i] for i in UNREADABLE if _failed(by_id, i)), None)
    for hidden in UNREAD if unread else ():
        finding = by_id.get(hidden.finding)
        if unread and hidden.finding not in named and finding and finding.status is Status.SKIPPED and finding.needs:
            said = f"Not to be judged: {hidden.why}"
            unjudged.append(_entry(hidden.finding, hidden.cause.value, unread.id, said, "unjudged"))
    order = ("seen", "follows")
    return (*sorted(seen, key=lambda e: order.index(e["kind"])), *unjudged)


def _entry(finding: str, cause: str, block: str, actual: str, kind: str) -> dict[str, str]:
    return {"finding": finding, "cause": cause, "blocked_by": block, "actual": actual, "kind": kind}


def _failed(by_id: dict[str, Finding], name: str) -> bool:
    return name in by_id and by_id[name].status is Status.FAIL


def _family(finding: Finding) -> str:
    return finding.causes[0].value if finding.causes else ""


def _answered_since(finding: Finding) -> bool:
    """Whether something looked at directly answers it now: a probe with the token, a setting that was read."""
    return finding.status is Status.PASS and finding.id in ("token.is_accepted", "base_url.matches_the_region")
