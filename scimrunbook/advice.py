"""What to do first, what to do while waiting, and when to look again. Pure.

Sources: Okta help (Provision User, Force Sync, tasks); Microsoft Learn (provision on demand, restart, when will
provisioning finish, quarantine status).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from scimrunbook.checks._words import catalog_admin, screen
from scimrunbook.findings import Action, Cause, Finding
from scimrunbook.history import arrives, cycle, iso, round_trip, when
from scimrunbook.jobs import own_jobs
from scimrunbook.pending import pending
from scimrunbook.preview import Preview
from scimrunbook.snapshot import Snapshot

_BLOCKS = (Cause.INTEGRATION_NOT_ENABLED, Cause.URL_OR_TOKEN)
# Of the blocks, those that let one person through when tried alone.
_GETS_THROUGH = ("assignments.assigned_after_enabling", "token.is_accepted_every_time")
_OKTA_MINUTES, _SLACK_MINUTES = 15, 10


def meanwhile(snapshot: Snapshot, cause: Cause, lead: Finding, effect: Preview) -> tuple[Action, ...]:
    """What helps single people before the whole is mended, or before the next cycle; and what not to do.

    Who must not get in comes first. What the finding's own actions say already is not said again.
    """
    if cause is Cause.WRONG_SURFACE or lead.id == "sync.enough_time_has_passed":
        return ()
    out = []
    held = lead.id == "connection.not_quarantined" and cause is Cause.ASSIGNMENT_SCOPE
    if effect.deactivated and not held:
        out.append(
            catalog_admin(
                "Deactivate by hand those who must not get in any more.",
                "Their access is open until the provider's deactivation arrives; doing it twice does no harm.",
            )
        )
    # held: too many would be deactivated, and who really should be is the very question
    if (cause not in _BLOCKS or lead.id in _GETS_THROUGH) and not held:
        out += _okta(snapshot, cause, effect) if snapshot.provider == "okta" else _entra(snapshot, cause)
    if effect.created and cause is not Cause.DUPLICATE_IDENTITY:
        out.append(
            catalog_admin(
                "Do not create the missing accounts by hand.",
                "Provisioning would later meet a second identity of the same person.",
            )
        )
    said = " ".join(a.what.casefold() for a in lead.actions)
    return tuple(a for a in out if not any(w.search(a.what.casefold()) and w.search(said) for w in _SAID_ONCE))


# Whoever reads one of these in an action of the finding needs no second line of the same.
_SAID_ONCE = tuple(
    re.compile(words)
    for words in (
        "assign( them)? again",
        "provision user",
        "force sync",
        "retry selected",
        "restart provisioning",
        r"deactivate (by hand|(these|their|the|them)( accounts?)? (in catalog|by hand))",
    )
)


def _okta(snapshot: Snapshot, cause: Cause, effect: Preview) -> list[Action]:
    out = []
    if cause is Cause.DUPLICATE_IDENTITY:
        if not effect.created and not effect.updated:
            return []  # nothing is held up: the second account is put right in Catalog
        return [
            Action(
                screen(snapshot, "Assignments"),
                "For one person: unassign, wait until Okta has deactivated the account, assign again.",
                "Okta then forgets the account it remembered and looks for the right one. Until then they are out.",
            )
        ]
    if effect.created:
        out.append(
            Action(
                screen(snapshot, "Assignments"),
                "Press Provision User for one person first, then for all.",
                "If one gets through, the rest will; if not, Okta shows why at once.",
            )
        )
    if effect.updated:
        out.append(
            Action(
                screen(snapshot, "Provisioning", "To App"),
                "Press Force Sync once the cause is mended.",
                "Okta sends a profile only when it changes, or when it is told to.",
            )
        )
    if cause in (Cause.CATALOG_SIDE, Cause.SYNC_SCHEDULE) and (effect.created or effect.updated):
        out.append(
            Action(
                "Okta Admin Console > Dashboard > Tasks",
                "Select the failed tasks and press Retry Selected.",
                "A retry may carry the old values; Force Sync carries the new ones.",
            )
        )
    return out


def _entra(snapshot: Snapshot, cause: Cause) -> list[Action]:
    if cause is Cause.DUPLICATE_IDENTITY:
        return []
    return [
        Action(
            screen(snapshot, "Provisioning", "Provision on demand"),
            "Choose one of the people concerned and press Provision.",
            "It works at once, for direct assignments and direct members, and shows every step with its answer.",
        ),
        Action(
            screen(snapshot, "Provisioning", "Overview"),
            "If that one gets through, press Restart provisioning.",
            "Failed people otherwise wait 6 to 24 hours for their retry.",
        ),
    ]


def look_again(snapshot: Snapshot, lead: Finding | None, cause: Cause | None = None) -> dict[str, str | None]:
    """``at`` (ISO 8601, if it is mended at the moment of collection) and ``text``: exactly when to look again.

    What Catalog's endpoint does is mended by Coalesce, not by whoever reads this.
    """
    theirs = cause is Cause.CATALOG_SIDE
    now = snapshot.as_of
    if lead is not None and lead.id == "sync.enough_time_has_passed":
        young = pending(snapshot)
        since = young[young["waiting"] & young["person_key"].isin(lead.affected)]["since"].max()
        if pd.notna(since):
            at = arrives(snapshot, since)
            return {"at": iso(at), "text": f"Nothing is to be done: look again {when(at)}."}
    at = now + round_trip(snapshot)
    if snapshot.provider == "okta":
        fix = "Coalesce has mended it and you have sent it again" if theirs else "the fix"
        return {"at": iso(at), "text": f"Okta sends within minutes: look again {_OKTA_MINUTES} minutes after {fix}."}
    minutes = int(cycle(snapshot).total_seconds() // 60)
    start = _next_cycle(snapshot)
    at = (start if start is not None else now) + round_trip(snapshot)
    said = f"The next cycle begins about {when(start)}. " if start is not None else ""
    mend = "Once Coalesce has mended it" if theirs else "Mend it"
    text = (
        f"{said}{mend}, press Restart provisioning, and look again {minutes + _SLACK_MINUTES} minutes later (at the "
        f"earliest {when(at)}). With many people the first cycle after a restart takes longer."
    )
    return {"at": iso(at), "text": text}


def _next_cycle(snapshot: Snapshot) -> Any:
    """When Entra begins again by itself; None while the job is off, in quarantine, or nothing tells."""
    jobs = own_jobs(snapshot).dropna(subset=["last_began_at"])
    if jobs.empty or str(jobs.iloc[-1]["state"]) != "Active":
        return None
    interval = cycle(snapshot)
    late = snapshot.as_of - jobs.iloc[-1]["last_began_at"]
    return jobs.iloc[-1]["last_began_at"] + interval * (max(0, late // interval) + 1)


def first_fix(causes: Sequence[tuple[str, str, bool, float | None]]) -> str:
    """Which fix comes first, and why. ``causes``: (title, finding, block of the whole tenant, share), ranked."""
    if not causes:
        return ""
    title, finding, block, share = causes[0]
    if len(causes) == 1:
        return f"There is one thing to mend: {title} ({finding})."
    if block:
        why = "nothing is sent, and nothing else can be judged, before it is mended"
    else:
        why = f"it explains {share:.0%} of the people concerned" if share else "it rests on the strongest proof"
    rest = ", then ".join(t for t, *_ in causes[1:])
    return f"Mend first: {title} ({finding}), because {why}. Then {rest}."
