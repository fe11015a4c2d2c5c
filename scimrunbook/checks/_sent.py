"""03 Base URL and token, continued: which answers to the probe speak for the token as the provider sends it."""

from __future__ import annotations

import pandas as pd

from scimrunbook.checks._endpoint import CONTROLS, REFUSED, rows_of
from scimrunbook.snapshot import Snapshot

_WITHOUT = (*CONTROLS, "config_without_token")


def refused_probes(snapshot: Snapshot) -> pd.DataFrame:
    """Requests that Catalog refused for the given token itself, not for the form in which it was sent."""
    rows = sent(snapshot)
    return rows[:0] if only_the_other_form(snapshot) else rows[refused(rows)]


def sent(snapshot: Snapshot) -> pd.DataFrame:
    """Answers to requests that carried the given token as the provider sends it; the controls are not among them.

    Entra adds Bearer by itself. Okta's Header Auth app sends the field verbatim: where the token was typed without
    Bearer, the request without it is the one to judge. How a token that nobody typed stands in Okta is not known:
    there the form counts that Catalog accepts.
    """
    if typed(snapshot):
        bare = snapshot.provider == "okta" and snapshot.facts.token.bearer_prefix is False
    else:
        bare = all_refused(with_bearer(snapshot)) and bool(let_in(alone(snapshot)).any())
    return alone(snapshot) if bare else with_bearer(snapshot)


def only_the_other_form(snapshot: Snapshot) -> bool:
    """Whether Catalog refuses the token as Okta sends it, and accepts the same one with Bearer added or taken off."""
    if snapshot.provider != "okta" or not typed(snapshot):
        return False
    other = with_bearer if snapshot.facts.token.bearer_prefix is False else alone
    return all_refused(sent(snapshot)) and bool(let_in(other(snapshot)).any())


def typed(snapshot: Snapshot) -> bool:
    return snapshot.incident.catalog.token_is == "as_typed_in_provider"


def with_bearer(snapshot: Snapshot) -> pd.DataFrame:
    probes = snapshot["probes"]
    return probes[probes["http_status"].notna() & ~probes["probe"].isin(_WITHOUT)]


def alone(snapshot: Snapshot) -> pd.DataFrame:
    rows = rows_of(snapshot, "token_without_bearer")
    return rows[rows["http_status"].notna()]


def let_in(rows: pd.DataFrame) -> pd.Series[bool]:
    """A success that is no web page and no redirect, as what stands before an endpoint answers anybody."""
    return (rows["http_status"] < 300) & ~rows["failure"].isin(("html", "redirect"))


def refused(rows: pd.DataFrame) -> pd.Series[bool]:
    return rows["http_status"].isin(REFUSED)


def all_refused(rows: pd.DataFrame) -> bool:
    return len(rows) > 0 and bool(refused(rows).all())
