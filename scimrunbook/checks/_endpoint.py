"""02 Connection, continued: what the probe shows of the Catalog endpoint. Imported by ``connection``.

The probe asks the region's own address, whatever was typed into the provider; who cannot sign in is judged in 03.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd

from scimrunbook.checks import check
from scimrunbook.checks._words import ask_catalog, count, listed, provider
from scimrunbook.findings import Action, Cause, Evidence, Outcome, Reach, Status
from scimrunbook.guide import SCIM_QUIRKS
from scimrunbook.pending import to_app
from scimrunbook.snapshot import Snapshot

S = "connection"
PROBE = {"okta": (("catalog.probe",),), "entra": (("catalog.probe",),)}
CATALOG = (Cause.CATALOG_SIDE,)
CONTROLS = ("no_token", "wrong_token", "token_without_bearer")
REFUSED = (401, 403)


def rows_of(snapshot: Snapshot, *names: str) -> pd.DataFrame:
    """Probe rows of these names."""
    probes = snapshot["probes"]
    return probes[probes["probe"].isin(names)]


def wrong(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that got an answer, and not the one expected; refusals are another section's question."""
    return rows[
        rows["http_status"].notna() & ~rows["ok"].fillna(False).astype(bool) & ~rows["http_status"].isin(REFUSED)
    ]


def told(rows: pd.DataFrame) -> str:
    """``filter_known (200: finds nobody)`` of each row."""
    said = [
        f"{name.replace('_', ' ')} ({status}{': ' + detail if detail == detail else ''})"
        for name, status, detail in zip(rows["probe"], rows["http_status"], rows["detail"], strict=True)
    ]
    return listed(said[:4], len(said))


def judged(snapshot: Snapshot, names: tuple[str, ...], title: str, *, grave: tuple[str, ...]) -> Outcome:
    """Pass where every answered request of ``names`` was as expected; fail where one of ``grave`` was not."""
    rows = rows_of(snapshot, *names)
    rows = rows[rows["http_status"].notna() & ~rows["http_status"].isin(REFUSED)]
    if rows.empty:
        return Outcome(Status.SKIPPED, "The probe could not ask this: it was not let in, or it was switched off.")
    off = wrong(rows)
    if off.empty:
        return Outcome(Status.PASS, f"{count(len(rows), 'answer')} as expected.")
    hard = bool(off["probe"].isin(grave).any())
    return Outcome(
        Status.FAIL if hard else Status.WARN,
        f"{title}: {told(off)}.",
        "Answers as RFC 7644 and the provider expect them.",
        (Evidence.of("The answers", off[["probe", "path", "http_status", "content_type", "detail"]]),),
        actions=(ask_catalog("Report these answers; nothing in the provider mends them."),),
        causes=CATALOG if hard else (),
    )


@check(
    "connection.endpoint_is_reachable",
    "The Catalog API host can be reached from this machine",
    section=S,
    source="SCIM probe; says nothing about the provider's network",
    needs={"okta": (("catalog.probe",),), "entra": (("catalog.probe",),)},
    deciding=False,
)
def endpoint_is_reachable(snapshot: Snapshot) -> Outcome:
    probes = snapshot["probes"]
    network = probes[probes["failure"].notna() & ~probes["failure"].isin(("html", "redirect"))]
    if probes.empty:
        return Outcome(Status.SKIPPED, "The probe sent nothing.")
    if len(network) < len(probes):
        slow = probes["latency_ms"].max()
        also = f" {count(len(network), 'request')} failed on the way." if len(network) else ""
        return Outcome(Status.PASS, f"{count(len(probes), 'request')} answered, the slowest in {slow} ms.{also}")
    return Outcome(
        Status.WARN,
        f"No request from this machine reached {probes['host'].iloc[0]}: {listed(sorted(set(network['failure'])))}.",
        "DNS, TCP, TLS 1.2 and the certificate are fine.",
        (Evidence.of("The requests", network[["probe", "host", "failure", "detail"]]),),
        actions=(
            Action(
                "This machine's network",
                "Check proxy and firewall for the Catalog API host; the provider's own network may be fine.",
            ),
        ),
    )


@check(
    "connection.provider_test_passes",
    "The provider's own connection test gets the answer it expects",
    section=S,
    source="Okta SCIM client; Microsoft Learn: test connection",
    needs=PROBE,
    causes=CATALOG,
    reach=Reach.TENANT,
)
def provider_test_passes(snapshot: Snapshot) -> Outcome:
    rows = rows_of(snapshot, "provider_test", "provider_test_again")
    if bool(rows["http_status"].isin(REFUSED).any()):
        return Outcome(Status.SKIPPED, "The token was refused: section 03 says more.")
    said = f"{provider(snapshot)}'s own connection test would fail"
    return judged(snapshot, ("provider_test", "provider_test_again"), said, grave=("provider_test",))


@check(
    "connection.answers_are_scim",
    "The endpoint answers SCIM: content type, shapes, counters, error bodies",
    section=S,
    source="RFC 7643, RFC 7644",
    needs=PROBE,
    causes=CATALOG,
    reach=Reach.TENANT,
)
def answers_are_scim(snapshot: Snapshot) -> Outcome:
    probes = snapshot["probes"]
    pages = probes[probes["failure"].isin(("html", "redirect")) & ~probes["probe"].isin(CONTROLS)]
    if len(pages):
        return Outcome(
            Status.FAIL,
            f"{count(len(pages), 'request')} got a web page or a redirect instead of SCIM: {told(pages)}.",
            "SCIM (JSON) for every request.",
            (Evidence.of("The answers", pages[["probe", "path", "http_status", "content_type", "detail"]]),),
            actions=(ask_catalog("Report these answers: something in front of the endpoint answers for it."),),
        )
    names = ("list_users", "list_groups", "unknown_id", "service_provider_config", "schemas")
    outcome = judged(snapshot, names, "Some answers are not as SCIM says", grave=("list_users",))
    return _with_quirks(snapshot, outcome)


def quirks_of(snapshot: Snapshot) -> pd.DataFrame:
    """The known deviations that the probe met: ``quirk``, ``what``, ``breaks``, ``request``, ``met elsewhere``."""
    rows = snapshot["probes"].dropna(subset=["quirks"])
    met = [(n, probe) for names, probe in zip(rows["quirks"], rows["probe"], strict=True) for n in json.loads(names)]
    known = [(SCIM_QUIRKS[n], probe) for n, probe in met if n in SCIM_QUIRKS]
    told_of = [(q.name, q.title, ", ".join(q.breaks) or "nobody", p, q.cases) for q, p in known]
    return pd.DataFrame(told_of, columns=["quirk", "what", "breaks", "request", "met elsewhere"])


def _with_quirks(snapshot: Snapshot, outcome: Outcome) -> Outcome:
    """A pass becomes a warning where a deviation is known to break this provider; all of them are evidence."""
    quirks = quirks_of(snapshot)
    if quirks.empty:
        return outcome
    evidence = (*outcome.evidence, Evidence.of("Known deviations, and where else they were met", quirks))
    ours = quirks[quirks["breaks"].str.contains(snapshot.provider)]
    if ours.empty or outcome.status is not Status.PASS:
        return replace(outcome, evidence=evidence)
    return Outcome(
        Status.WARN,
        f"{count(len(ours), 'deviation')} known to trouble {provider(snapshot)}: {listed(list(ours['what']))}.",
        "Answers as RFC 7644 and the provider expect them.",
        evidence,
        actions=(ask_catalog("Report these answers; nothing in the provider mends them."),),
        causes=(),
    )


@check(
    "connection.paging_is_sound",
    "Paging returns every account once",
    section=S,
    source="RFC 7644 section 3.4.2.4",
    needs=PROBE,
    causes=CATALOG,
    reach=Reach.TENANT,
)
def paging_is_sound(snapshot: Snapshot) -> Outcome:
    names = ("list_users_again", "page_two", "page_two_again", "past_the_end")
    return judged(snapshot, names, "Paging gives wrong pages", grave=names[:3])


@check(
    "connection.filters_work",
    "userName, externalId and displayName filters find who is there and nobody else",
    section=S,
    source="RFC 7644 section 3.4.2.2; Microsoft Learn: SCIM requirements",
    needs=PROBE,
    causes=CATALOG,
    reach=Reach.TENANT,
)
def filters_work(snapshot: Snapshot) -> Outcome:
    names = ("filter_known", "filter_nobody", "filter_external_id")
    others = ("filter_upper_case", "filter_nonsense", "filter_display_name")
    return judged(snapshot, (*names, *others), "Filters do not find who is there", grave=_asked_of_everybody(snapshot))


def _asked_of_everybody(snapshot: Snapshot) -> tuple[str, ...]:
    """The look-ups the provider sends before it creates anybody: whoever answers them wrong lets nobody in.

    Both ask by userName, Entra by its matching attribute. To Okta a 404 says that nobody is there as well as an empty
    list does; to Entra it does not. What only some people meet (capitals) or nobody asks holds up no tenant.
    """
    if snapshot.provider == "okta":
        nobody = rows_of(snapshot, "filter_nobody")["http_status"]
        return ("filter_known",) if nobody.eq(404).all() else ("filter_known", "filter_nobody")
    rows = to_app(snapshot, "user")
    first = rows[rows["matching_priority"].eq(1)]["target"]
    by_external_id = ("filter_external_id",) if first.eq("externalId").any() else ("filter_known",)
    return (*by_external_id, "filter_nobody")
