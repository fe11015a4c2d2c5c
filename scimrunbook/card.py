"""The card of one person or one team: hop by hop what was seen, the record that proves it, when, and what to do.

Pure: made of a snapshot, the findings as ``findings.json`` holds them, and a row of the trace. A face only arranges it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from scimrunbook.hop_records import PersonRecords, TeamRecords
from scimrunbook.snapshot import Snapshot
from scimrunbook.team_trace import TEAM_HOPS
from scimrunbook.timeline import timeline
from scimrunbook.trace import HOPS, STOPPED, UNKNOWN

# What each hop asks, in words an admin knows.
QUESTIONS = {
    "directory": "Does the provider know them, and are they active there?",
    "assignment": "Are they assigned to the Catalog application?",
    "scope": "Does the scope let them through?",
    "mapping": "Do their values and the mapping give what Catalog needs?",
    "attempt": "Did the provider try to send them?",
    "delivery": "Did Catalog accept what was sent?",
    "account": "Is there exactly one account, with the right values?",
    "teams": "Are they in the teams their groups stand for?",
    "role": "Do they have the role their teams give?",
    "team": "Is there a team in Catalog?",
    "members": "Does the team hold its members?",
}
_SETTLED = {
    "done": "everything has arrived",
    "rightly_absent": "rightly not in Catalog",
    "waiting": "a change is on its way",
    "not_known": "the data does not tell",
}


def person_card(
    snapshot: Snapshot, findings: Sequence[Mapping[str, Any]], hops: pd.DataFrame, key: str
) -> dict[str, Any]:
    """One person's way, as plain JSON data.

    ``findings`` are those of ``findings.json``, ``hops`` is the table of ``trace``, ``key`` a ``person_key`` in it.
    Returns::

        kind        "person"
        key, label, name
        hop         the hop where they stopped, or done | rightly_absent | waiting | not_known
        headline    one sentence: where they stop and why, or why nothing is to be done
        ids         {object_id, login, email, account_id, external_id}: text or None
        need        create | update | reactivate | deactivate | scope | none | unknown: what Catalog still lacks
        finding     id of the finding whose actions mend it, or None
        actions     [{where, what, why}], in order; empty where nothing is to be done
        hops        nine of {hop, question, state, proof, record, at, finding, actions}
                    state   "passed" | "stopped" | "not reached" | "not known"
                    proof   one sentence, never empty
                    record  {table, fields: {column: text}}: the very row it rests on, or None where there is none
                    at      ISO 8601 UTC of that record, or None
                    actions the next steps, at the hop where they stopped; else []
        timeline    [{at, what, detail, source}], the oldest first: theirs, between the tenant's changes

    Raises KeyError where ``hops`` has no such person.
    """
    row = _row(hops, "person_key", key)
    records = PersonRecords(snapshot, key)
    ids = {"object_id": key, "login": _text(row["login"]), **records.ids()}
    return _card(snapshot, findings, row, "person", HOPS, records, ids=ids, need=row["need"], label=row["login"])


def team_card(
    snapshot: Snapshot, findings: Sequence[Mapping[str, Any]], teams: pd.DataFrame, key: str
) -> dict[str, Any]:
    """One group's way to being a team: as ``person_card``, with ``kind`` "team", the seven ``TEAM_HOPS``, ``ids``
    {object_id, team_id} and no ``need``. ``teams`` is the table of ``team_trace``. Raises KeyError likewise."""
    row = _row(teams, "group_key", key)
    records = TeamRecords(snapshot, key)
    return _card(snapshot, findings, row, "team", TEAM_HOPS, records, ids=records.ids(), label=row["name"])


def _card(
    snapshot: Snapshot,
    findings: Sequence[Mapping[str, Any]],
    row: pd.Series[Any],
    kind: str,
    names: Sequence[str],
    records: PersonRecords | TeamRecords,
    **more: Any,
) -> dict[str, Any]:
    key = str(row.iloc[0])
    by_id = {f["id"]: f for f in findings}
    mending = by_id.get(row["action"])
    steps = [dict(a) for a in mending["actions"]] if mending else []
    made = []
    for name in names:
        state = row[name]
        # who is rightly absent goes no way at all; what was seen of them is told nevertheless
        seen = records.of(name, UNKNOWN if row["hop"] == "rightly_absent" else state)
        if state == STOPPED:
            seen = _at_the_stop(seen, row, mending)
        stopped = state == STOPPED
        own = {"finding": row["action"] or None if stopped else None, "actions": steps if stopped else []}
        made.append({"hop": name, "question": QUESTIONS[name], "state": state, **seen, **own})
    line = timeline(snapshot, key)
    return {
        "kind": kind,
        "key": key,
        "label": more.pop("label"),
        "name": row["name"],
        "hop": row["hop"],
        "headline": _headline(row),
        **more,
        "finding": row["action"] or None,
        "actions": steps,
        "hops": made,
        "timeline": [{**r, "at": iso_of(r["at"])} for r in line.to_dict("records")],
    }


def _at_the_stop(seen: dict[str, Any], row: pd.Series[Any], mending: Mapping[str, Any] | None) -> dict[str, Any]:
    """The trace's own proof; its record is the person's where it is of the time of the trouble, else the finding's."""
    seen = {**seen, "proof": _sentence(row["proof"])}
    since = mending["since"] if mending else None
    older = bool(since and seen["at"] and pd.Timestamp(seen["at"]) < pd.Timestamp(since))
    if mending and (older or seen["record"] is None):
        shown = next((e for e in mending["evidence"] if e["rows"]), None)
        first = None if shown is None else dict(zip(shown["columns"], shown["rows"][0], strict=True))
        record = None if shown is None else {"table": shown["caption"], "fields": first}
        seen = {**seen, "record": record, "at": since}
    return seen


def _headline(row: pd.Series[Any]) -> str:
    who = row["name"] or row.get("login") or row.iloc[0]
    proof = str(row["proof"]).rstrip(".")
    if row["hop"] in _SETTLED:
        return f"{who}: {_SETTLED[row['hop']]} ({proof})."
    return f"{who} stops at {row['hop']}: {proof}."


def _row(table: pd.DataFrame, column: str, key: str) -> pd.Series[Any]:
    found = table[table[column] == key]
    if found.empty:
        raise KeyError(key)
    row: pd.Series[Any] = found.iloc[0]
    return row


def _sentence(text: str) -> str:
    text = str(text).strip() or "nothing goes any further, and no record says why"
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _text(value: Any) -> str | None:
    return None if pd.isna(value) or value in ("", "nan") else str(value)


def iso_of(moment: Any) -> str | None:
    """A time as cards carry it."""
    return None if moment is None or pd.isna(moment) else str(pd.Timestamp(moment).isoformat()).replace("+00:00", "Z")


__all__ = ["QUESTIONS", "iso_of", "person_card", "team_card"]
