"""Findings and hops become ranked causes.

The rule, in the order in which it is applied:

1. A cause exists where a deciding finding speaks for it that failed, or that warns and names an action. Symptoms
   describe; they never make a cause. What is blocked by another finding waits until that one is mended.
2. The finding that decides a cause is the most specific one (``ranking.SPECIFIC``); failed ones come before warnings.
3. Causes resting on a failure come before causes resting on a warning. Then tenant-wide blocks before personal
   faults, tenant-wide ones in the guide's order (connection, URL and token, mapping, assignment, timing): nothing
   further down can be judged before they are mended.
4. Personal causes follow by the share of affected people they explain, then in the guide's order.
5. What counts against a cause (a passed check that vouches for it) puts a cause that rests on a warning behind all
   others of its kind, and is named.
6. A symptom that is reported or observed and that no cause explains is ``unknown``, with the one thing to ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from scimrunbook import guide
from scimrunbook.advice import first_fix, look_again, meanwhile
from scimrunbook.checks._needs import how_to_get
from scimrunbook.checks.runner import head
from scimrunbook.deciders import decider, doubt, not_checked
from scimrunbook.derived import among, distinct
from scimrunbook.findings import MAX_AFFECTED_SHOWN, Action, Cause, Finding, Reach, Status
from scimrunbook.masked import CONSEQUENCES, SEEN_DIRECTLY, SWITCHED, masked
from scimrunbook.matching import catalog_known
from scimrunbook.preview import MANY, Preview, preview
from scimrunbook.ranking import EXPLAINS, HIDES, NEEDS_CATALOG, ORDER, QUESTIONS, TELLING, specificity
from scimrunbook.snapshot import Snapshot
from scimrunbook.trace import HOPS, counts


@dataclass(frozen=True, slots=True)
class RankedCause:
    """One cause: ``cause`` is a family or ``unknown``; ``finding`` the id it rests on (None for ``unknown``).

    ``ask`` is the one thing that would decide: for ``unknown``, and where something unread could overturn the cause.
    """

    cause: str
    finding: str | None
    share: float | None
    affected: tuple[str, ...]
    findings: tuple[str, ...]
    why: str
    actions: tuple[Action, ...]
    ask: str | None = None
    against: tuple[str, ...] = ()  # passed findings that speak against it
    effect: Preview | None = None  # what mending it would do
    meanwhile: tuple[Action, ...] = ()
    look_again: dict[str, str | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "cause": self.cause,
            "finding": self.finding,
            "share": self.share,
            "affected": {
                "count": len(self.affected),
                "keys": list(self.affected[:MAX_AFFECTED_SHOWN]),
                "table": "trace",
            },
            "findings": list(self.findings),
            "why": self.why,
            "actions": _steps(self.actions),
            "ask": self.ask,
            "against": list(self.against),
            "preview": None if self.effect is None else self.effect.to_json(),
            "meanwhile": _steps(self.meanwhile),
            "look_again": dict(self.look_again),
        }


def _steps(actions: Iterable[Action]) -> list[dict[str, str]]:
    return [{"where": a.where, "what": a.what, "why": a.why} for a in actions]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is broken, for whom, and what next. ``to_json`` is diagnosis.json without ``run``."""

    head: dict[str, Any]
    verdict: str
    causes: tuple[RankedCause, ...]
    people: dict[str, int]
    not_checked: tuple[dict[str, str], ...]
    contact_support: dict[str, Any]
    masked: tuple[dict[str, str], ...] = field(default=())  # what the first cause hides; see masked.py
    first: str = ""  # which fix comes first, and why
    decides: dict[str, str] | None = None  # inconclusive: the one thing that would tell most, and how to get it

    def to_json(self) -> dict[str, Any]:
        return {
            **self.head,
            "verdict": self.verdict,
            "causes": [c.to_json() for c in self.causes],
            "people": dict(self.people),
            "not_checked": [dict(n) for n in self.not_checked],
            "contact_support": dict(self.contact_support),
            "masked": [dict(m) for m in self.masked],
            "first": self.first,
            "decides": self.decides,
        }


def diagnose(snapshot: Snapshot, findings: Sequence[Finding], hops: pd.DataFrame) -> Diagnosis:
    """The ranked causes of a snapshot's findings and trace; see the module for the rule."""
    speaking = [f for f in findings if f.deciding and f.status in (Status.FAIL, Status.WARN) and f.causes]
    echoes = _echoes(findings)
    speaking = [f for f in speaking if f.id not in echoes]
    against = [f for f in findings if f.status is Status.PASS and f.against]
    concerned = _concerned(findings, hops)
    causes = ranked(snapshot, speaking, against, concerned, findings, hops)
    causes = tuple(replace(c, ask=doubt(snapshot, c.finding, findings)) for c in causes)
    unknown = _unexplained(snapshot, findings, causes)
    all_causes = (*causes, *unknown)
    verdict = _verdict(snapshot, findings, causes, unknown)
    missing = not_checked(snapshot, findings)
    by_id = {f.id: f for f in findings}
    order = [
        (guide.CAUSES[c.cause].title, c.finding, by_id[c.finding].reach is Reach.TENANT, c.share)
        for c in causes
        if c.finding
    ]
    return Diagnosis(
        head(snapshot),
        verdict,
        all_causes,
        counts(hops),
        missing,
        _support(findings, all_causes),
        (*masked(findings), *_many_to_go(snapshot, causes)),
        first_fix(order),
        decider(missing, findings) if verdict == "inconclusive" else None,
    )


def _echoes(findings: Sequence[Finding]) -> frozenset[str]:
    """Ids of findings that may be the mere trace of something nobody could look at; they name no cause.

    Nothing was tried since the log's end and nobody could see whether provisioning is on; or no log was read, so that
    nothing tells why something did not arrive: then no consequence is named. Where neither was seen, "it has not come
    yet" is no answer either: nothing is known to run. Where the switches were not read, whatever was not sent may be
    theirs.
    """
    status = {f.id: f.status for f in findings}
    unseen = {
        f.id
        for f in findings
        if not f.blocked_by and (f.status is Status.MANUAL or (f.status is Status.SKIPPED and f.needs))
    }
    on = status.get("connection.provisioning_is_on") in (Status.PASS, Status.FAIL)
    silent = status.get("sync.log_does_not_stop") is Status.WARN and not on
    blind = unseen >= {"sync.no_failed_operations", "sync.log_does_not_stop"}
    echoes: set[str] = set()
    if silent or blind:
        echoes |= {f.id for f in findings if f.id.startswith(CONSEQUENCES) and f.id not in SEEN_DIRECTLY}
    if blind and "connection.provisioning_is_on" in unseen:
        echoes.add("sync.enough_time_has_passed")
    if "connection.actions_are_enabled" in unseen:
        # that Catalog accepted something and does not hold it is no matter of switches
        echoes |= {f.id for f in findings if f.id in SWITCHED and f.causes[:1] != (Cause.CATALOG_SIDE,)}
    return frozenset(echoes)


def _many_to_go(snapshot: Snapshot, causes: Sequence[RankedCause]) -> Iterator[dict[str, str]]:
    """Behind what holds everything back, so many deactivations that Entra may stop for them once they are sent."""
    first = causes[0] if causes else None
    if first is None or first.finding not in HIDES or first.effect is None or snapshot.provider != "entra":
        return
    if first.finding != "connection.not_quarantined" and first.effect.deactivated >= MANY:
        yield {
            "finding": "connection.not_quarantined",
            "cause": Cause.ASSIGNMENT_SCOPE.value,
            "blocked_by": first.finding,
            "actual": f"Not to be judged: {first.effect.deactivated:,} accounts are to be deactivated once something "
            "gets through; where accidental-deletion prevention is on, Entra stops for that many.",
            "kind": "unjudged",
        }


def ranked(
    snapshot: Snapshot,
    speaking: Sequence[Finding],
    against: Sequence[Finding],
    concerned: frozenset[str],
    findings: Sequence[Finding],
    hops: pd.DataFrame,
) -> tuple[RankedCause, ...]:
    """Causes in order; each finding speaks for the first family it names."""
    families: dict[Cause, list[Finding]] = {}
    for finding in speaking:
        families.setdefault(finding.causes[0], []).append(finding)
    symptoms = [f for f in findings if f.section == "symptoms" and f.status is Status.FAIL]
    made = []
    for cause, group in families.items():
        contrary = tuple(f.id for f in against if cause in f.against)
        affected = _affected(group, hops)
        share = _share(affected, concerned)
        key = _key(cause, group, contrary, share)
        made.append((key, _cause(snapshot, cause, group, contrary, affected, share, symptoms, hops)))
    return tuple(cause for _, cause in sorted(made, key=lambda pair: pair[0]))


def _deciding(group: Iterable[Finding]) -> list[Finding]:
    return sorted(group, key=lambda f: (f.status is not Status.FAIL, specificity(f.id), f.id))


def _key(cause: Cause, group: list[Finding], contrary: Sequence[str], share: float | None) -> tuple[Any, ...]:
    lead = _deciding(group)[0]
    personal = lead.reach is Reach.PEOPLE
    weak = lead.status is not Status.FAIL
    return (weak, weak and bool(contrary), personal, -(share or 0.0) if personal else 0.0, ORDER.index(cause))


def _affected(group: list[Finding], hops: pd.DataFrame) -> tuple[str, ...]:
    """Whom the cause holds up: those its finding names, else those the trace sends to one of its findings."""
    lead = _deciding(group)[0]
    ids = [f.id for f in group]
    traced = hops["person_key"][hops["action"].isin(ids)] if len(hops) else pd.Series(dtype="str")
    both = pd.concat([pd.Series(list(lead.affected), dtype="str"), traced])
    return tuple(distinct(both).to_numpy("object"))


def _share(affected: Iterable[str], concerned: frozenset[str]) -> float | None:
    """The part of the people concerned; None where nobody is known to be."""
    if not concerned:
        return None
    return round(len(concerned.intersection(affected)) / len(concerned), 4)


def _cause(
    snapshot: Snapshot,
    cause: Cause,
    group: list[Finding],
    contrary: tuple[str, ...],
    affected: tuple[str, ...],
    share: float | None,
    symptoms: Sequence[Finding],
    hops: pd.DataFrame,
) -> RankedCause:
    order = _deciding(group)
    lead = order[0]
    # nothing in the provider mends a question about something else
    effect = preview(snapshot, cause, order, affected, hops) if cause is not Cause.WRONG_SURFACE else None
    return RankedCause(
        cause.value,
        lead.id,
        share,
        affected,
        tuple(f.id for f in order),
        why(lead, [*order[1:], *symptoms], affected),
        lead.actions,
        against=contrary,
        effect=effect,
        meanwhile=meanwhile(snapshot, cause, lead, effect) if effect else (),
        look_again=look_again(snapshot, lead, cause) if cause is not Cause.WRONG_SURFACE else {},
    )


# What a sentence may begin with and is never written small.
_NAMES = ("Catalog", "Okta", "Entra", "Create Users", "Update User", "Deactivate Users")


def why(lead: Finding, others: Sequence[Finding], affected: Iterable[str]) -> str:
    """One sentence with the two strongest proofs: what decides, and what fits it best.

    Another finding of the same cause comes before a symptom; a symptom counts where it names somebody concerned.
    """
    first = _clause(lead.actual)
    who = set(affected)
    fitting = [f for f in others if f.actual and (f.section != "symptoms" or who & set(f.affected))]
    own = [f for f in fitting if f.section != "symptoms"]
    if not own:
        fitting.sort(key=lambda f: -len(who & set(f.affected)))
    second = _clause((own or fitting)[0].actual) if fitting else ""
    if second and not second.startswith(_NAMES):
        second = second[0].lower() + second[1:]
    return f"{first}; this fits: {second}." if second else f"{first}."


def _clause(text: str) -> str:
    """The first sentence, without its full stop."""
    return text.split(". ")[0].strip().rstrip(".!?")


def _concerned(findings: Sequence[Finding], hops: pd.DataFrame) -> frozenset[str]:
    """People who stop on the way, or whom a failed symptom names."""
    seen = {k for f in findings if f.section == "symptoms" and f.status is Status.FAIL for k in f.affected}
    if hops.empty:
        return frozenset(seen)
    return frozenset(hops["person_key"][hops["hop"].isin(HOPS) | among(hops["person_key"], seen)])


def _unexplained(
    snapshot: Snapshot, findings: Sequence[Finding], causes: Sequence[RankedCause]
) -> tuple[RankedCause, ...]:
    """``unknown`` where a symptom is there (seen, or reported and not refuted) that no cause explains."""
    by_id = {f.id: f for f in findings}
    reported = [s for s in snapshot.incident.symptoms if s in EXPLAINS]
    seen = [
        s
        for s, about in guide.SYMPTOMS.items()
        if about.observed_by in by_id and by_id[about.observed_by].status is Status.FAIL
    ]
    open_ = [s for s in dict.fromkeys([*seen, *reported]) if not any(_explains(c, s, by_id) for c in causes)]
    # what is only reported and was looked at and not found needs no cause, but somebody has to name an example
    if not open_:
        return ()
    involved = tuple(by_id[guide.SYMPTOMS[s].observed_by] for s in open_ if guide.SYMPTOMS[s].observed_by in by_id)
    affected = tuple(sorted({k for f in involved if f.status is Status.FAIL for k in f.affected}))
    blind = not catalog_known(snapshot) and bool(set(open_) & set(NEEDS_CATALOG))
    refuted = all(f.status is Status.PASS for f in involved) and bool(involved) and not blind
    titles = ", ".join(guide.SYMPTOMS[s].title.lower() for s in open_)
    why = (
        f"Reported ({titles}), but the data that was read shows nobody to whom it happens."
        if refuted
        else f"Seen or reported ({titles}), and nothing that could be checked explains it."
    )
    ask = how_to_get(snapshot, "catalog.users") if blind and not affected else _ask(findings, refuted)
    return (RankedCause("unknown", None, None, affected, tuple(f.id for f in involved), why, (), ask),)


def _explains(cause: RankedCause, symptom: str, by_id: Mapping[str, Finding]) -> bool:
    """Whether the cause can be why: its family fits, and it holds up everybody, or somebody to whom it happens.

    A warning that concerns nobody explains nothing, but for the symptom it is the very sight of (a question about
    Transform); where nobody is known to suffer, any other cause may be why.
    """
    if cause.cause not in {c.value for c in EXPLAINS[symptom]}:
        return False
    lead = by_id[cause.finding] if cause.finding else None
    if lead is not None and lead.status is Status.FAIL and lead.reach is Reach.TENANT:
        return True
    observed = by_id.get(guide.SYMPTOMS[symptom].observed_by)
    sufferers = set(observed.affected) if observed and observed.status is Status.FAIL else set()
    if not cause.affected:
        return lead is not None and (lead.status is Status.FAIL or lead is observed)
    return not sufferers or bool(sufferers.intersection(cause.affected))


def _ask(findings: Sequence[Finding], refuted: bool) -> str:
    if refuted:
        return "One person to whom it happens: add their e-mail address to people: in the incident file and run again."
    by_id = {f.id: f for f in findings}
    for name in TELLING:
        finding = by_id.get(name)
        if finding and finding.status is Status.SKIPPED and finding.needs:
            return finding.needs
        if finding and finding.status is Status.MANUAL and finding.manual:
            return f"An answer to: {finding.manual.question} Look here: {finding.manual.where}."
    return "The provider's log entry or task text of one person concerned, with its time."


def _verdict(
    snapshot: Snapshot, findings: Sequence[Finding], causes: Sequence[RankedCause], unknown: Sequence[RankedCause]
) -> str:
    if causes:
        return "problem"
    by_id = {f.id: f for f in findings}
    if any(f.status is Status.ERROR for f in findings):
        return "inconclusive"
    for ids in QUESTIONS.values():
        asked = [by_id[i] for i in ids if i in by_id]
        if not any(f.status in (Status.PASS, Status.FAIL) for f in asked):
            return "inconclusive"
    for symptom in snapshot.incident.symptoms:
        seen = by_id.get(guide.SYMPTOMS[symptom].observed_by)
        if seen is None or seen.status in (Status.SKIPPED, Status.ERROR, Status.MANUAL):
            return "inconclusive"
        if seen.status is Status.PASS and symptom in NEEDS_CATALOG and not catalog_known(snapshot):
            return "inconclusive"  # the provider believes all is well; only Catalog can say so
    observed = any(f.section == "symptoms" and f.status is Status.FAIL for f in findings)
    return "inconclusive" if observed or (unknown and not _refuted(unknown)) else "healthy"


def _refuted(unknown: Sequence[RankedCause]) -> bool:
    return all(not c.affected and c.why.startswith("Reported") for c in unknown)


def _support(findings: Sequence[Finding], causes: Sequence[RankedCause]) -> dict[str, Any]:
    """Whether to contact support now, with the guide's reason."""
    finding = next((f for f in findings if f.id == "support.not_needed"), None)
    if finding and finding.status is Status.WARN:
        return {"needed": True, "reason": finding.actual}
    first = causes[0] if causes else None
    if first and first.cause == Cause.CATALOG_SIDE.value:
        return {"needed": True, "reason": f"Catalog's endpoint is at fault. {first.why}"}
    if first and first.cause == "unknown" and first.affected:
        return {"needed": True, "reason": "What is seen is explained by nothing that could be checked."}
    if first:
        return {"needed": False, "reason": "The first cause can be mended by the customer's own administrator."}
    return {"needed": False, "reason": "None of the guide's reasons applies."}
