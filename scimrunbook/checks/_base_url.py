"""03 Base URL and token: the base URL, and how a typed one differs from the one it has to be."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import pandas as pd

from scimrunbook import guide
from scimrunbook.checks import check
from scimrunbook.checks._provisioning import changes_table, the_job, undelivered
from scimrunbook.checks._words import (
    count,
    credentials_screen,
    field,
    listed,
    push_again,
    region,
    test_button,
)
from scimrunbook.findings import Action, Cause, Evidence, Manual, Outcome, Reach, Status
from scimrunbook.history import iso, refusals, when
from scimrunbook.jobs import own_jobs
from scimrunbook.snapshot import Snapshot

S = "base_url_and_token"
CAUSE = (Cause.URL_OR_TOKEN,)
ON = ("connection.app_is_active", "connection.provisioning_is_on")
URL = "base_url.matches_the_region"
# Differences that change nothing for sure; they matter only where nothing works (an appended flag is Entra's own).
COSMETIC = ("trailing_slash", "entra_flag", "host_case")
ENTRA_FLAGS = ("aadoptscim062020", "azureadscimpatch2017")


@dataclass(frozen=True, slots=True)
class Difference:
    """``kind`` is a word like scheme, other_region, web_address, path, trailing_slash, query; ``said`` the sentence."""

    kind: str
    said: str


def differences(typed: str, region: guide.Region) -> list[Difference]:
    """What differs between ``typed`` and the region's base URL, the gravest first; empty where they are the same."""
    found = []
    text = typed.strip()
    if text != typed or any(c.isspace() for c in text):
        found.append(Difference("blanks", "it holds blanks or line breaks"))
    text = "".join(text.split())
    try:
        url, port = urlsplit(text), urlsplit(text).port
    except ValueError:
        return [Difference("unreadable", "it is no URL"), *found]
    if not url.scheme or not url.netloc:
        return [Difference("scheme", "it does not begin with https://"), *found]
    return [*_host(url, region), *_rest(url, port, region), *found]


def _host(url: SplitResult, region: guide.Region) -> list[Difference]:
    host = (url.hostname or "").rstrip(".")
    if host == region.api_host:
        written = url.netloc.rsplit("@", 1)[-1].split(":")[0]
        return [] if written == region.api_host else [Difference("host_case", "the host is written in capitals")]
    other = next((r for r in guide.REGIONS.values() if host == r.api_host), None)
    if other:
        return [
            Difference("other_region", f"{host} is the API host of region {other.name}, the tenant is in {region.name}")
        ]
    if host in guide.REGIONS:
        return [Difference("web_address", f"{host} is the address of the web application, not of the API")]
    return [Difference("host", f"the host is {host or 'missing'}, not {region.api_host}")]


def _rest(url: SplitResult, port: int | None, region: guide.Region) -> list[Difference]:
    wanted = urlsplit(region.base_url)
    found = []
    if url.scheme != wanted.scheme:
        found.append(Difference("scheme", f"the scheme is {url.scheme}, not {wanted.scheme}"))
    if port not in (None, 443):
        found.append(Difference("port", f"it names port {port}"))
    if url.username or url.password:
        found.append(Difference("user", "it carries a user name or password"))
    if url.path.rstrip("/") != wanted.path:
        found.append(Difference("path", f"the path is {url.path or 'missing'}, not {wanted.path}"))
    elif url.path != wanted.path:
        found.append(Difference("trailing_slash", "it ends with a slash"))
    if url.query:
        flags = [f.split("=")[0].casefold() for f in url.query.split("&")]
        flag = all(f in ENTRA_FLAGS for f in flags)
        found.append(Difference("entra_flag" if flag else "query", f"it carries the query ?{url.query}"))
    if url.fragment:
        found.append(Difference("fragment", f"it carries the fragment #{url.fragment}"))
    return found


@check(
    URL,
    "The configured base URL is exactly the one of the tenant's region",
    section=S,
    source="Coalesce set-up guides: Base URL",
    causes=CAUSE,
    reach=Reach.TENANT,
)
def matches_the_region(snapshot: Snapshot) -> Outcome:
    wanted = region(snapshot).base_url
    typed = snapshot.incident.catalog.configured_base_url
    where = credentials_screen(snapshot)
    mend = (
        Action(
            where,
            f"Set {field(snapshot)} to {wanted} (no slash at the end), press {test_button(snapshot)}, save.",
            "The token is known in its own region only: elsewhere it is refused, however valid it is.",
        ),
        push_again(snapshot),
    )
    if not typed:
        return Outcome(
            Status.MANUAL,
            "Neither an API nor the incident file tells which base URL was typed in.",
            f"{field(snapshot)}: {wanted}",
            manual=Manual(f"Does {field(snapshot)} read exactly {wanted} ?", where),
            actions=mend,
        )
    found = differences(typed, region(snapshot))
    evidence = Evidence("Base URL", ("", "value"), (("typed in", typed), ("of the region", wanted)))
    if not found:
        return Outcome(Status.PASS, f"{typed} is the base URL of region {region(snapshot).name}.", wanted)
    said = listed([d.said for d in found])
    grave = [d for d in found if d.kind not in COSMETIC]
    log = refusals(snapshot)
    if not grave and not log.broken:
        return Outcome(Status.PASS, f"{typed} differs in form only: {said}.", wanted, (evidence,))
    job = the_job(snapshot) if len(snapshot["jobs"]) else None
    quarantined = job["quarantine_since"] if job is not None and snapshot.provider == "entra" else None
    since = log.first_refused if log.broken else quarantined
    return Outcome(
        Status.FAIL if grave else Status.WARN,
        f"{field(snapshot)} reads {typed}: {said}.",
        f"{field(snapshot)}: {wanted}",
        (evidence, changes_table(snapshot, "credentials", "app_settings")),
        undelivered(snapshot),
        mend,
        since=iso(since),
    )


@check(
    "base_url.other_region_not_used",
    "Nothing points at the other region",
    section=S,
    source="Coalesce set-up guides: Base URL",
    causes=CAUSE,
    reach=Reach.TENANT,
    blocked_by=(URL,),
)
def other_region_not_used(snapshot: Snapshot) -> Outcome:
    own = region(snapshot)
    others = [r for r in guide.REGIONS.values() if r.api_host != own.api_host]
    texts = pd.concat(
        [
            _texts(snapshot["config_changes"], "at", "detail"),
            _texts(snapshot["events"], "at", "reason"),
            _texts(own_jobs(snapshot), "last_began_at", "last_error_message"),
            _texts(own_jobs(snapshot), "quarantine_since", "quarantine_error_message"),
        ],
        ignore_index=True,
    ).sort_values("at", kind="stable", na_position="first")
    # "api.castordoc.com" must not be found inside "api.us.castordoc.com", hence the boundary
    hits = pd.concat([texts[_names(texts, r.api_host)] for r in others])
    own_hits = texts[_names(texts, own.api_host)]
    if hits.empty:
        return Outcome(Status.PASS, "No setting and no log text that was read names the other region.")
    last = hits["at"].max()
    if len(own_hits) and pd.notna(last) and own_hits["at"].max() > last:
        return Outcome(Status.PASS, f"The other region was named until {when(last)}; since then it is {own.api_host}.")
    return Outcome(
        Status.WARN,
        f"The other region's host is named in {count(len(hits), 'text')} of settings or log, last {when(last)}.",
        f"Only {own.api_host}.",
        (Evidence.of("Texts that name it", hits),),
        actions=(Action(credentials_screen(snapshot), f"Check that {field(snapshot)} is {own.base_url}."),),
        since=iso(hits["at"].min()),
    )


def _texts(table: pd.DataFrame, at: str, text: str) -> pd.DataFrame:
    return table[[at, text]].rename(columns={at: "at", text: "text"}).dropna(subset=["text"])


def _names(texts: pd.DataFrame, host: str) -> pd.Series[bool]:
    pattern = r"(?<![\w.-])" + host.replace(".", r"\.") + r"(?![\w-])"
    return texts["text"].str.contains(pattern, case=False, regex=True, na=False).astype(bool)
