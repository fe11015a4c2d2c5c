"""What support asks for first, as data: since when, which step fails, which codes, whose accounts. Pure.

Faces put it into words (``show.support``); nothing here reads a clock or writes a sentence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from scimrunbook.jobs import own_among
from scimrunbook.trace import HOPS

SHOWN = 50  # affected accounts listed; the others are in the tables
_SEVERAL = 3  # names of operations told
_CHANGES = 10
_TROUBLE = frozenset({"quarantine", "paused", "disabled", "inactive", "notconfigured"})  # states of a job, folded
_COUNTED = re.compile(r"[ ]?This operation was retried \d+ times?\..*", re.DOTALL)  # Entra's tail differs each time

Found = Mapping[str, Any]  # findings.json's or diagnosis.json's
Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, slots=True)
class Asked:
    """``since``: ISO 8601 UTC, None where nothing tells. Numbers stand by name, the most frequent first; of ``codes``
    the job's own before all others.

    ``hops``: (hop, people stopped there), the first two. ``operations``: failed ones by step or event, ``steps`` by
    step alone. ``jobs``: per troubled job its state and codes. ``changes``: (ISO, what, detail or None) of the
    settings, the oldest first. ``accounts``: (person key, the id Catalog gave the account or None), ``more`` people
    beside them.
    """

    since: str | None = None
    hops: list[tuple[str, int]] = field(default_factory=list)
    failed: int = 0
    operations: dict[str, int] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    jobs: list[list[str]] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)
    changes: list[tuple[str, str, str | None]] = field(default_factory=list)
    accounts: list[tuple[str, str | None]] = field(default_factory=list)
    more: int = 0


def asked(findings: Sequence[Found], diagnosis: Found, hops: pd.DataFrame, tables: Tables) -> Asked:
    """Of a run: its findings and causes, its trace, its tables."""
    events = tables["events"]
    failed = events[events["status"] == "failure"] if len(events) else events
    first = diagnosis["causes"][:1]
    concerned = list(dict.fromkeys(k for c in first for k in c["affected"]["keys"]))
    shown, nobody = concerned[:SHOWN], [None]
    known = _account_ids(shown, tables, _deciding(findings, first))
    return Asked(
        since=_since(findings, first, failed),
        hops=_hops(hops, concerned),
        failed=len(failed),
        operations=_counted(failed["step"].fillna(failed["event_type"]).dropna().value_counts().head(_SEVERAL)),
        steps=_counted(failed["step"].dropna().value_counts()),
        jobs=list(_jobs(tables["jobs"])),
        codes=_codes(failed, tables["jobs"]),
        texts=_texts(failed, tables["jobs"]),
        changes=_changes(tables["config_changes"]),
        accounts=[(key, one) for key in shown for one in known.get(key, nobody)],
        more=sum(c["affected"]["count"] for c in first) - len(shown),  # a cause lists its first hundred people only
    )


def _deciding(findings: Sequence[Found], causes: Sequence[Found]) -> list[Found]:
    return [f for c in causes for f in findings if f["id"] == c["finding"]]


def _since(findings: Sequence[Found], first: Sequence[Found], failed: pd.DataFrame) -> str | None:
    """By the finding of the first cause, else by what is broken, else by the first failed operation."""
    broken = [f for f in findings if f["status"] in ("fail", "warn")]
    concerned = [f for f in broken if any(f["id"] in c["findings"] for c in first)]
    for some in (_deciding(findings, first), concerned, broken):
        if since := min((f["since"] for f in some if f.get("since")), default=None):
            return str(since)
    at = failed["at"].min() if len(failed) else pd.NaT
    return None if pd.isna(at) else str(at.isoformat())


def _hops(hops: pd.DataFrame, concerned: list[str]) -> list[tuple[str, int]]:
    """Where the people concerned stopped, or everybody who did where none of them is in the trace."""
    stopped = hops[hops["hop"].isin(HOPS)] if len(hops) else hops
    if len(stopped) and "person_key" in stopped.columns and stopped["person_key"].isin(concerned).any():
        stopped = stopped[stopped["person_key"].isin(concerned)]
    return Counter(stopped["hop"]).most_common(2) if len(stopped) else []


def _jobs(jobs: pd.DataFrame) -> Iterator[list[str]]:
    columns = ["state", "quarantine_reason", "quarantine_error_code", "last_error_code"]
    for job in own_among(jobs)[columns].itertuples(index=False):
        words = [str(v) for v in job if isinstance(v, str) and v]
        if len(words) > 1 or (words and words[0].casefold() in _TROUBLE):
            yield list(dict.fromkeys(words))


def _codes(failed: pd.DataFrame, jobs: pd.DataFrame) -> dict[str, int]:
    """Codes of failed operations, and of the job itself, which may fail without failing anybody's operation."""
    said = _of_jobs(jobs, "last_error_code", "quarantine_error_code")
    return {**said, **_counted(failed["error_code"].dropna().value_counts())}


def _texts(failed: pd.DataFrame, jobs: pd.DataFrame) -> dict[str, int]:
    """What was answered; the same answer to a later try counts as the same."""
    said = _of_jobs(jobs, "last_error_message", "quarantine_error_message")
    said.update(_COUNTED.sub("", str(text)).strip() for text in failed["reason"].dropna())
    return dict(said.most_common())


def _of_jobs(jobs: pd.DataFrame, *columns: str) -> Counter[str]:
    """In how many jobs a text stands; one that stands in two columns of a job counts once."""
    rows = own_among(jobs)[list(columns)].itertuples(index=False)
    return Counter(text for row in rows for text in {str(v) for v in row if isinstance(v, str) and v})


def _changes(changes: pd.DataFrame) -> list[tuple[str, str, str | None]]:
    """The last changes of the settings."""
    rows = changes[["at", "what", "detail"]].dropna(subset=["at"]).sort_values("at", kind="stable").tail(_CHANGES)
    return [
        (at.isoformat(), str(what), detail if isinstance(detail, str) else None)
        for at, what, detail in rows.itertuples(index=False)
    ]


def _account_ids(people: list[str], tables: Tables, deciding: list[Found]) -> dict[str, list[str]]:
    """Person → ids: Catalog's own list, else what the provider wrote down, else the target of an operation.

    Somebody with several accounts has several.
    """
    sources = (("accounts", "external_id", "account_id"), ("app_accounts", "person_key", "external_id"),
               ("events", "person_key", "target_id"))  # fmt: skip
    found: dict[str, list[str]] = {}
    for name, owner, account in sources:
        rows = tables[name]
        rows = rows[rows[owner].isin(people)]
        if name == "events":  # whatever the order a log was given in
            rows = rows.sort_values("at", kind="stable", na_position="first")
        rows = rows[[owner, account]].dropna().drop_duplicates(keep="last" if name == "events" else "first")
        several: dict[str, list[str]] = {}
        for key, one in rows[rows[account] != ""].itertuples(index=False):
            several.setdefault(str(key), []).append(str(one))
        # in a log the last target is the account that lasts
        found = {k: v[-1:] if name == "events" else v for k, v in several.items()} | found
    for key, one in _in_evidence(deciding):
        if one not in found.setdefault(key, []):
            found[key].append(one)
    return found


def _in_evidence(deciding: list[Found]) -> Iterator[tuple[str, str]]:
    """(owner, account id) as the deciding finding lists them: the second account of a person has no external id."""
    for finding in deciding:
        for shown in finding["evidence"]:
            columns = list(shown["columns"])
            if "owner" in columns and "account_id" in columns:
                for row in shown["rows"]:
                    yield row[columns.index("owner")], row[columns.index("account_id")]


def _counted(numbers: pd.Series[int]) -> dict[str, int]:
    return {str(name): int(times) for name, times in numbers.items()}
