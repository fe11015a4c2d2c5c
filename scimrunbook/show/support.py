"""What support asks for first: region, provider, time, failing step, codes, accounts: for the request and report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd

from scimrunbook.jobs import own_among
from scimrunbook.show.tables import table
from scimrunbook.show.view import View
from scimrunbook.show.words import PROVIDER, count, esc, moment, prose

STEP = {
    "directory": "finding the person in the provider's directory",
    "assignment": "assigning the person to the application",
    "scope": "the scope of the sync",
    "mapping": "mapping the attributes",
    "attempt": "the provider's attempt to send",
    "delivery": "Catalog's answer to what was sent",
    "account": "the account in Catalog",
    "teams": "the teams in Catalog",
    "role": "the role in Catalog",
}
SHOWN = 50  # affected accounts listed; the others are in the tables
NO_ACCOUNT = "no account known"
_SEVERAL = 3  # names of steps told in one line
_TROUBLE = frozenset({"quarantine", "paused", "disabled", "inactive", "notconfigured"})  # states of a job, folded
_COUNTED = re.compile(r"[ ]?This operation was retried \d+ times?\..*", re.DOTALL)  # Entra's tail differs each time


def answers(view: View) -> list[tuple[str, str]]:
    """(what is asked, the answer) as plain text, in the order of the guide."""
    codes = ", ".join(f"{code} ({times}×)" for code, times in list(error_codes(view).items())[:_SEVERAL])
    return [
        ("Region", view.incident["catalog_host"]),
        ("Identity provider", PROVIDER[view.incident["identity_provider"]]),
        ("Approximate time of failures", when(view)),
        ("Failing step", "; ".join(steps(view))),
        ("Error codes", codes or "none recorded"),
    ]


def failed(view: View) -> pd.DataFrame:
    """The failed operations of what was collected."""
    events = view.tables["events"]
    return events[events["status"] == "failure"] if len(events) else events


def when(view: View) -> str:
    """Since when: by the first cause, else by the first failed operation, else as the customer or a setting says."""
    first = view.diagnosis["causes"][:1]
    deciding = [f for c in first for f in [view.finding(c["finding"] or "")] if f]
    broken = [f for f in view.findings if f["status"] in ("fail", "warn")]
    concerned = [f for f in broken if any(f["id"] in c["findings"] for c in first)]
    for some in (deciding, concerned, broken):
        if since := min((f["since"] for f in some if f.get("since")), default=None):
            return f"since {moment(since)}"
    events = failed(view)
    if len(events) and events["at"].notna().any():
        return f"since {moment(events['at'].min().isoformat())}"
    window, told = view.incident.get("window") or {}, []
    if window.get("start") or window.get("end"):
        told.append(f"as reported, between {moment(window.get('start'))} and {moment(window.get('end'))}")
    changes = view.tables["config_changes"].dropna(subset=["at"])
    if len(changes):
        last = changes.sort_values("at", kind="stable").iloc[-1]
        told.append(f"the last change of the settings was {moment(last['at'].isoformat())} ({last['what']})")
    return "; ".join(told) if window and told else "; ".join(["not known", *told])


def steps(view: View) -> list[str]:
    """Where it breaks: the hop at which the people concerned stopped, the failed operations, the provider's job."""
    keys = {k for c in view.diagnosis["causes"][:1] for k in c["affected"]["keys"]}
    hops = view.hops
    stopped = hops[hops["hop"].isin(STEP)] if len(hops) else hops
    if len(stopped) and "person_key" in stopped.columns and stopped["person_key"].isin(keys).any():
        stopped = stopped[stopped["person_key"].isin(keys)]
    places = Counter(stopped["hop"]) if len(stopped) else Counter[str]()
    said = [f"{STEP[hop]} (hop {hop}: {count(n, 'person', 'people')})" for hop, n in places.most_common(2)]
    events = failed(view)
    names = events["step"].fillna(events["event_type"]).dropna().value_counts().head(_SEVERAL)
    if len(names):
        said.append("operations " + ", ".join(f"{name} ({times}×)" for name, times in names.items()))
    said += [f"the provisioning job: {', '.join(words)}" for words in _jobs(view)]
    return said or ["no operation failed and nobody stopped on the way: see the cause"]


def _jobs(view: View) -> Iterator[list[str]]:
    columns = ["state", "quarantine_reason", "quarantine_error_code", "last_error_code"]
    for job in own_among(view.tables["jobs"])[columns].itertuples(index=False):
        words = [str(v) for v in job if isinstance(v, str) and v]
        if len(words) > 1 or (words and words[0].casefold() in _TROUBLE):
            yield list(dict.fromkeys(words))


def error_codes(view: View) -> dict[str, int]:
    """Codes of failed operations, and of the job itself, which may fail without failing anybody's operation."""
    operations = failed(view)["error_code"].dropna().value_counts()
    said = _of_jobs(view, "last_error_code", "quarantine_error_code")
    return {**said, **{str(code): int(times) for code, times in operations.items()}}


def error_texts(view: View) -> dict[str, int]:
    """What was answered, the most frequent first; the same answer to a later try counts as the same."""
    said = _of_jobs(view, "last_error_message", "quarantine_error_message")
    said.update(_COUNTED.sub("", str(text)).strip() for text in failed(view)["reason"].dropna())
    return dict(said.most_common())


def _of_jobs(view: View, *columns: str) -> Counter[str]:
    """In how many jobs a text stands; one that stands in two columns of a job counts once."""
    rows = own_among(view.tables["jobs"])[list(columns)].itertuples(index=False)
    return Counter(text for row in rows for text in {str(v) for v in row if isinstance(v, str) and v})


def accounts(view: View) -> tuple[list[tuple[str, str]], int]:
    """(person, the id Catalog gave the account or that none is known) of the first cause's people, and how many more.

    Somebody with several accounts has a row for each.
    """
    keys = list(dict.fromkeys(k for c in view.diagnosis["causes"][:1] for k in c["affected"]["keys"]))
    known = _account_ids(view)
    rows = [(view.name(key), one) for key in keys[:SHOWN] for one in known.get(key) or [NO_ACCOUNT]]
    return rows, max(0, len(keys) - SHOWN)


def _account_ids(view: View) -> dict[str, list[str]]:
    """Person → ids: Catalog's own list, else what the provider wrote down, else the target of an operation."""
    sources = (("accounts", "external_id", "account_id"), ("app_accounts", "person_key", "external_id"),
               ("events", "person_key", "target_id"))  # fmt: skip
    found: dict[str, list[str]] = {}
    for name, owner, account in sources:
        rows = view.tables[name][[owner, account]].dropna().drop_duplicates()
        several: dict[str, list[str]] = {}
        for key, one in rows[rows[account] != ""].itertuples(index=False):
            several.setdefault(str(key), []).append(str(one))
        # in a log the last target is the account that lasts
        found = {k: v[-1:] if name == "events" else v for k, v in several.items()} | found
    for key, one in _in_evidence(view):
        if one not in found.setdefault(key, []):
            found[key].append(one)
    return found


def _in_evidence(view: View) -> Iterator[tuple[str, str]]:
    """(owner, account id) as the deciding finding lists them: the second account of a person has no external id."""
    for cause in view.diagnosis["causes"][:1]:
        for shown in (view.finding(cause["finding"] or "") or {}).get("evidence", ()):
            columns = list(shown["columns"])
            if "owner" in columns and "account_id" in columns:
                for row in shown["rows"]:
                    yield row[columns.index("owner")], row[columns.index("account_id")]


def section(view: View) -> str:
    """The same for the report, as HTML."""
    asked = "".join(f"<dt>{esc(what)}</dt><dd>{prose(said)}</dd>" for what, said in answers(view))
    rows, more = accounts(view)
    listed: Any = table("Affected accounts, by the id Catalog gave them", ("person", "account in Catalog"), rows)
    rest = f"<p>and {more:,} more: see the tables</p>" if more else ""
    if len(rows) > 12:
        listed = f"<details><summary>All {len(rows):,} accounts</summary>{listed}</details>"
    return f"<dl>{asked}</dl>" + (listed + rest if rows else "")
