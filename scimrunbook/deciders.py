"""What is missing, ranked by how much it would tell. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from scimrunbook import guide
from scimrunbook.checks._needs import how_to_get
from scimrunbook.findings import Finding, Status
from scimrunbook.ranking import QUESTIONS, TELLING
from scimrunbook.snapshot import Snapshot

_NEEDS = "Not checked: needs "
_ASKED = {i for ids in QUESTIONS.values() for i in ids}


def not_checked(snapshot: Snapshot, findings: Sequence[Finding]) -> tuple[dict[str, str], ...]:
    """What is missing and how to get it: each missing thing once, with the checks that want it, the most telling first.

    A check weighs most where it answers whether the connection and the token are healthy, then where it judges a
    reported symptom, then where it is known to tell much; every other one counts a little.
    """
    reported = {guide.SYMPTOMS[s].observed_by for s in snapshot.incident.symptoms}
    answered = {i for ids in QUESTIONS.values() if _answered(ids, findings) for i in ids}
    wanted: dict[tuple[str, str], list[str]] = {}
    for f in findings:
        if f.status is Status.SKIPPED and f.needs and not f.blocked_by:
            for one in filter(None, f.needs.split(_NEEDS)):  # a check may want several things at once
                what, _, get_it = one.strip().partition(" Get it like this: ")
                wanted.setdefault((what.rstrip("."), get_it), []).append(f.id)

    def weight(ids: Sequence[str]) -> int:
        return sum(
            100 * (i in _ASKED - answered) + 30 * (i in reported) + 5 * (i in TELLING) + 1 * (i not in TELLING)
            for i in ids
        )

    ranked = sorted(wanted.items(), key=lambda item: -weight(item[1]))
    return tuple({"what": w, "get_it": g, "checks": ", ".join(ids)} for (w, g), ids in ranked)


def _answered(ids: Sequence[str], findings: Sequence[Finding]) -> bool:
    return any(f.id in ids and f.status in (Status.PASS, Status.FAIL) for f in findings)


def decider(missing: Sequence[dict[str, str]], findings: Sequence[Finding]) -> dict[str, str] | None:
    """The one export or permission that would tell most; else the open question for a human, if any."""
    if missing:
        return dict(missing[0])
    open_ = [f for f in findings if f.status is Status.MANUAL and f.manual]
    open_.sort(key=lambda f: TELLING.index(f.id) if f.id in TELLING else len(TELLING))
    if not open_ or open_[0].manual is None:
        return None
    asked = open_[0].manual
    return {"what": f"an answer to: {asked.question}", "get_it": f"Look here: {asked.where}.", "checks": open_[0].id}


def doubt(snapshot: Snapshot, finding: str | None, findings: Sequence[Finding]) -> str | None:
    """What was not read and could overturn a cause that is named all the same; None where nothing could.

    Entra keeps a job in quarantine until its next attempt, up to a day: that the credentials were entered anew in the
    meantime stands in the audit log alone, or shows when the token is tried.
    """
    tried = any(f.id == "token.is_accepted" and f.status in (Status.PASS, Status.FAIL) for f in findings)
    if finding != "token.did_not_change" or snapshot.provider != "entra" or tried:
        return None
    if snapshot.read("entra.directory_audits"):
        return None
    _, _, get_it = how_to_get(snapshot, "entra.directory_audits").partition(" Get it like this: ")
    return (
        "Press Test Connection first. If it succeeds, the credentials were entered anew since Entra's last attempt, "
        f"and Restart provisioning is all that is missing. The application's audit log would tell as well: {get_it}"
    )
