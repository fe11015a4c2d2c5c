"""What mending a cause would do to Catalog: who is created, updated, deactivated, and whom it could hurt.

Counted from what the provider wants and Catalog holds (``pending``), never from what an admin hopes. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from scimrunbook.derived import among, derived, no, yes
from scimrunbook.findings import Cause, Finding
from scimrunbook.matching import catalog_known
from scimrunbook.pending import pending, presence, user_names
from scimrunbook.snapshot import Snapshot
from scimrunbook.teams import team_gaps

# A fix that switches off so many accounts at once is looked at before it is made.
MANY, _PART = 5, 0.1


@dataclass(frozen=True, slots=True)
class Preview:
    """People (``teams``: memberships) that change when a cause is mended and provisioning has run once.

    ``stuck`` people stop again at another cause; for ``unknown`` ones the data does not tell what is lacking.
    """

    created: int
    updated: int
    deactivated: int
    teams: int
    stuck: int
    unknown: int
    warnings: tuple[str, ...]
    sentence: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "warnings": list(self.warnings)}


def preview(
    snapshot: Snapshot, cause: Cause, group: Sequence[Finding], affected: Sequence[str], hops: pd.DataFrame
) -> Preview:
    """The preview of mending the findings in ``group``, the deciding one first, for the keys in ``affected``."""
    everybody = pending(snapshot)
    asked = ["person_key", "need", "active", "exists", "on", "in_scope"]
    people = everybody.loc[among(everybody["person_key"], affected), asked]
    again = _stopped_elsewhere(hops, [f.id for f in group])
    stuck = among(people["person_key"], again)
    going = people[~stuck]
    lacks = going["need"]
    created = lacks == "create"
    updated = lacks.isin(("update", "reactivate"))
    deactivated = lacks == "deactivate"
    rest = ~(created | updated | deactivated)
    if cause is Cause.ASSIGNMENT_SCOPE:
        # once they are assigned and let through, they lack what they never got
        wanted = rest & ~no(going["active"])
        created |= wanted & no(going["exists"])
        updated |= wanted & yes(going["exists"]) & no(going["on"])
    elif cause is Cause.ATTRIBUTE_MAPPING:
        updated |= rest & yes(going["exists"]) & yes(going["in_scope"])
    unknown = ~(created | updated | deactivated) & (lacks == "unknown")
    gaps = team_gaps(snapshot)
    teams = int((~gaps["waiting"] & among(gaps["person_key"], affected)).sum())
    made, changed, off, held, dark = (int(s.sum()) for s in (created, updated, deactivated, stuck, unknown))
    warnings = _warnings(snapshot, everybody, cause, group[0], made, off)
    sentence = _sentence(snapshot, (made, changed, off), teams, held, dark)
    if cause is Cause.DUPLICATE_IDENTITY and not any((made, changed, off, teams, held, dark)):
        sentence = _BY_HAND
    return Preview(made, changed, off, teams, held, dark, warnings, sentence)


_BY_HAND = (
    "Provisioning puts no second account right by itself: one made by hand is switched off by hand, one of a second "
    "record when that record loses the application."
)


def _stopped_elsewhere(hops: pd.DataFrame, ids: Sequence[str]) -> pd.Series[Any]:
    """People whom another finding stops too, before or behind this one."""
    if hops.empty:
        return pd.Series(dtype="str")
    others = [
        (hops[c] != "") & ~hops[c].isin(list(ids)) & (hops["hop"] != "waiting") for c in ("action", "next_action")
    ]
    return hops["person_key"][others[0] | others[1]]


def _sentence(snapshot: Snapshot, counts: Sequence[int], teams: int, stuck: int, unknown: int) -> str:
    moment = "when they are sent again" if snapshot.provider == "okta" else "on the next cycle"
    words = [f"{n:,} {w}" for n, w in zip(counts, ("created", "updated", "deactivated"), strict=True) if n]
    if teams:
        words.append(f"{teams:,} team {'membership' if teams == 1 else 'memberships'} put right")
    said = f"After this, {moment}: {', '.join(words) or 'nobody changes by it alone'}."
    if stuck:
        said += f" {stuck:,} more {'stops' if stuck == 1 else 'stop'} again at another cause until that is mended too."
    if unknown:
        said += f" For {unknown:,} the data does not tell."
    return said


def _warnings(
    snapshot: Snapshot, everybody: pd.DataFrame, cause: Cause, lead: Finding, created: int, deactivated: int
) -> tuple[str, ...]:
    out = []
    active = int((yes(everybody["exists"]) & yes(everybody["on"])).sum())
    if deactivated >= max(MANY, _PART * active):
        part = f" of the {active:,} active ones" if active else ""
        out.append(
            f"It would deactivate {deactivated:,} accounts{part}. Go through the list with somebody who knows these "
            "people before you mend it."
        )
    if created and not catalog_known(snapshot):
        out.append(
            f"Catalog's own list of accounts was not read: who of the {created:,} already has an account made by hand "
            "would get a second one, or be refused. Get the list of users from Catalog first."
        )
    twice = _would_be_twice(snapshot)
    if twice and cause is not Cause.DUPLICATE_IDENTITY:
        out.append(
            f"{twice:,} {'person has' if twice == 1 else 'people have'} an account made by hand under another address; "
            "provisioning does not find it by the name it sends and makes a second one beside it. Align the addresses "
            "first."
        )
    if lead.id == "mapping.okta_username_format":
        out.append(
            "A new username format renames accounts: look at one person in Catalog after the first push, before all."
        )
    return tuple(out)


@derived
def _would_be_twice(snapshot: Snapshot) -> int:
    """People in scope whose only account is not managed and bears another name than the provider sends."""
    if not catalog_known(snapshot):
        return 0
    everybody = presence(snapshot)
    lone = yes(everybody["exists"]) & ~everybody["managed"] & (everybody["copies"] == 1)
    return int((yes(everybody["in_scope"]) & lone & user_names(snapshot)["differ"]).sum())
