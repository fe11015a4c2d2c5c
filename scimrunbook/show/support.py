"""What support asks for first, in words: region, provider, time, failing step, codes, accounts."""

from __future__ import annotations

from typing import Any

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
NO_ACCOUNT = "no account known"
_SEVERAL = 3  # codes told in one line


def answers(view: View) -> list[tuple[str, str]]:
    """(what is asked, the answer) as plain text, in the order of the guide."""
    codes = ", ".join(f"{code} ({times}×)" for code, times in list(view.asked().codes.items())[:_SEVERAL])
    return [
        ("Region", view.incident["catalog_host"]),
        ("Identity provider", PROVIDER[view.incident["identity_provider"]]),
        ("Approximate time of failures", when(view)),
        ("Failing step", "; ".join(steps(view))),
        ("Error codes", codes or "none recorded"),
    ]


def when(view: View) -> str:
    """Since when; where nothing tells, as the customer says, and when a setting was changed last."""
    if since := view.asked().since:
        return f"since {moment(since)}"
    window, told = view.incident.get("window") or {}, []
    if window.get("start") or window.get("end"):
        told.append(f"as reported, between {moment(window.get('start'))} and {moment(window.get('end'))}")
    if changes := view.asked().changes:
        at, what, _ = changes[-1]
        told.append(f"the last change of the settings was {moment(at)} ({setting(what)})")
    return "; ".join(told) if window and told else "; ".join(["not known", *told])


def setting(what: str) -> str:
    """What was changed, as a word: ``app settings``."""
    return what.replace("_", " ")


def steps(view: View) -> list[str]:
    """Where it breaks: the hop at which the people concerned stopped, the failed operations, the provider's job."""
    told = view.asked()
    said = [f"{STEP[hop]} (hop {hop}: {count(n, 'person', 'people')})" for hop, n in told.hops]
    if told.operations:
        said.append("operations " + ", ".join(f"{name} ({times}×)" for name, times in told.operations.items()))
    said += [f"the provisioning job: {', '.join(words)}" for words in told.jobs]
    return said or ["no operation failed and nobody stopped on the way: see the cause"]


def accounts(view: View) -> list[tuple[str, str]]:
    """(person, the id Catalog gave the account or that none is known); somebody with several has a row for each."""
    return [(view.name(key), one or NO_ACCOUNT) for key, one in view.asked().accounts]


def section(view: View) -> str:
    """The same for the report, as HTML."""
    asked = "".join(f"<dt>{esc(what)}</dt><dd>{prose(said)}</dd>" for what, said in answers(view))
    rows, more = accounts(view), view.asked().more
    listed: Any = table("Affected accounts, by the id Catalog gave them", ("person", "account in Catalog"), rows)
    rest = f"<p>and {more:,} more: see the tables</p>" if more else ""
    if len(rows) > 12:
        listed = f"<details><summary>All {len(rows):,} accounts</summary>{listed}</details>"
    return f"<dl>{asked}</dl>" + (listed + rest if rows else "")
