"""Runs the checks over a snapshot: what is missing is said, what is broken upstream blocks what rests on it.

A check that raises is our own failure: it becomes ``error`` with the class name only (its text could hold data), and
all the others still run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from scimrunbook import guide
from scimrunbook.checks import SECTIONS, Check, checks_of
from scimrunbook.checks._needs import how_to_get
from scimrunbook.findings import Action, Finding, Manual, Outcome, Status
from scimrunbook.snapshot import Snapshot

_YES, _NO = ("yes", "y", "true"), ("no", "n", "false")


def run_checks(snapshot: Snapshot, sections: Sequence[str] = SECTIONS) -> list[Finding]:
    """Findings of ``sections``, in the guide's order, then in the order in which the modules declare their checks.

    What blocks them is judged in any case, so a section says the same whether it runs alone or with all the others.
    """
    return _run(snapshot, lambda check: check.section in sections)


def run_check(snapshot: Snapshot, check_id: str) -> Finding:
    """The finding of one check, blocked as among all the others. Raises KeyError for an unknown id."""
    for finding in _run(snapshot, lambda check: check.id == check_id):
        return finding
    raise KeyError(check_id)


def _run(snapshot: Snapshot, chosen_by: Callable[[Check], bool]) -> list[Finding]:
    checks = [c for section in SECTIONS for c in checks_of(section, snapshot.provider)]
    wanted = {c.id for c in checks if chosen_by(c)}
    upstream = {b for c in checks if c.id in wanted for b in c.blocked_by}
    upstream |= {b for c in checks if c.id in upstream for b in c.blocked_by}
    chosen = [c for c in checks if c.id in wanted | upstream]
    findings = _blocked({c.id: c for c in chosen}, [finding_of(c, snapshot) for c in chosen])
    return [f for f in findings if f.id in wanted]


def finding_of(check: Check, snapshot: Snapshot) -> Finding:
    """One check's finding, before anything blocks it."""
    needs = missing(check, snapshot)
    if needs:
        return _finding(check, snapshot, Outcome(Status.SKIPPED, needs=needs))
    try:
        outcome = check.run(snapshot)
        if outcome.status is Status.MANUAL and outcome.manual is not None:
            outcome = answered(check, outcome, outcome.manual, snapshot)
        return _finding(check, snapshot, outcome)
    except Exception as problem:  # whatever it is, the other checks must still run
        said = f"This check failed by itself ({type(problem).__name__}). The fault is scimrunbook's, not the tenant's."
        return _finding(check, snapshot, Outcome(Status.ERROR, said))


def missing(check: Check, snapshot: Snapshot) -> str:
    """How to get what the check needs and nobody read; empty where it can be judged."""
    ways = check.needs.get(snapshot.provider, ())
    lacking = [[w for w in way if w != "incident" and not snapshot.read(w)] for way in ways]
    if not lacking or any(not lack for lack in lacking):
        return ""
    return " ".join(how_to_get(snapshot, what) for what in min(lacking, key=len))


def answered(check: Check, outcome: Outcome, manual: Manual, snapshot: Snapshot) -> Outcome:
    """A manual step with its recorded answer: healthy passes, unhealthy fails; "cannot tell" stays open."""
    answer = snapshot.answers.get(check.id)
    if not answer:
        return outcome
    said = " ".join(str(answer.get("answer") or "").split()).casefold()
    said = "yes" if said in _YES else "no" if said in _NO else said
    by = f" by {answer['by']}" if answer.get("by") else ""
    if said in (a.casefold() for a in manual.healthy):
        return _with(outcome, Status.PASS, f"Answered {said}{by}.", answer, ())
    if said == "cannot tell" or said not in (a.casefold() for a in manual.answers):
        why = "" if said == "cannot tell" else f" Possible answers are: {', '.join(manual.answers)}."
        return _with(
            outcome, Status.MANUAL, f"Still open: the answer{by} decides nothing.{why}", answer, outcome.actions
        )
    actions = outcome.actions or (Action(manual.where, f"Make it so: {check.title}."),)
    return _with(outcome, Status.FAIL, f"Answered {said}{by} to: {manual.question}", answer, actions)


def _with(
    outcome: Outcome, status: Status, actual: str, answer: dict[str, object], actions: tuple[Action, ...]
) -> Outcome:
    return Outcome(
        status,
        actual,
        outcome.expected,
        evidence=outcome.evidence,
        actions=actions,
        manual=outcome.manual,
        answer=dict(answer),
        causes=outcome.causes,
        reach=outcome.reach,
    )


def _finding(check: Check, snapshot: Snapshot, outcome: Outcome) -> Finding:
    return Finding(
        id=check.id,
        title=check.title,
        status=outcome.status,
        section=check.section,
        provider=snapshot.provider,
        expected=outcome.expected,
        actual=outcome.actual,
        evidence=outcome.evidence,
        affected=outcome.affected,
        actions=outcome.actions,
        manual=outcome.manual,
        answer=outcome.answer,
        blocked_by=outcome.blocked_by,
        needs=outcome.needs,
        guide=guide.section_link(check.section),
        causes=check.causes if outcome.causes is None else outcome.causes,
        against=outcome.against,
        reach=check.reach if outcome.reach is None else outcome.reach,
        deciding=check.deciding,
        since=outcome.since,
        source=check.source,
    )


def _blocked(checks: dict[str, Check], findings: Iterable[Finding]) -> list[Finding]:
    """Findings that rest on a failed one say so; whoever blocks must stand unblocked itself. A pass is never hidden."""
    findings = list(findings)
    failed = {f.id for f in findings if f.status is Status.FAIL}
    standing = {i for i in failed if not any(b in failed for b in checks[i].blocked_by)}
    out = []
    for finding in findings:
        # a blocker may itself be blocked: then the one above it is named
        by = next((b for b in checks[finding.id].blocked_by if b in standing), None)
        if by and finding.status in (Status.FAIL, Status.WARN, Status.SKIPPED, Status.MANUAL):
            finding = finding.with_(status=Status.SKIPPED, blocked_by=by)
        out.append(finding)
    return out


def head(snapshot: Snapshot) -> dict[str, object]:
    """The head findings.json and diagnosis.json share; the caller adds ``run``."""
    return {"schema_version": 1, "incident": snapshot.incident.incident, "as_of": snapshot.facts.as_of}
