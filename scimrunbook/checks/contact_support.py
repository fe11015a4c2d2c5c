"""08 Contact support: does one of the guide's reasons apply, and does the request hold what support asks for?"""

from __future__ import annotations

from scimrunbook.checks import check
from scimrunbook.checks._base_url import COSMETIC, differences
from scimrunbook.checks._token import refused_probes
from scimrunbook.checks._words import ask_catalog, count, listed, region
from scimrunbook.derived import numbered
from scimrunbook.findings import Action, Cause, Outcome, Status
from scimrunbook.history import open_failures, refusals
from scimrunbook.jobs import own_jobs
from scimrunbook.matching import accounts, catalog_known
from scimrunbook.refusals import job_refused
from scimrunbook.snapshot import Snapshot

S = "contact_support"


def reasons(snapshot: Snapshot) -> list[str]:
    """Those of the guide's four reasons that apply, in its order and in our words."""
    found = []
    typed = snapshot.incident.catalog.configured_base_url
    right = typed is None or not [d for d in differences(typed, region(snapshot)) if d.kind not in COSMETIC]
    log = refusals(snapshot)
    refused = (
        log.renewed is None and not log.fickle and any(job_refused(job) for _, job in own_jobs(snapshot).iterrows())
    )
    if right and (log.broken or refused or len(refused_probes(snapshot))):
        found.append("Catalog refuses the token although the base URL is right, and only Coalesce can issue a new one")
    if snapshot.facts.leaks or _answer(snapshot, "token.not_shared_elsewhere") == "no":
        found.append("the token may be known to others and has to be replaced")
    failures = open_failures(snapshot)
    server = failures[failures["family"] == Cause.CATALOG_SIDE.value]
    if len(server):
        found.append(f"Catalog's endpoint fails by itself ({count(len(server), 'operation')})")
    if catalog_known(snapshot):
        every = accounts(snapshot)
        owned = every["person_key"][every["active"].fillna(True).astype(bool)].dropna()
        twice = len(owned) - len(numbered(owned)[1])
        if twice:
            found.append(
                f"accounts made by hand have to be merged with managed ones ({count(twice, 'person', 'people')})"
            )
    return found


def _answer(snapshot: Snapshot, check_id: str) -> str:
    return str((snapshot.answers.get(check_id) or {}).get("answer", "")).strip().casefold()


@check(
    "support.not_needed",
    "None of the guide's reasons to contact support applies",
    section=S,
    source="Coalesce guide: When to contact support",
    deciding=False,
)
def not_needed(snapshot: Snapshot) -> Outcome:
    found = reasons(snapshot)
    if not found:
        return Outcome(Status.PASS, "What was found can be mended in the provider, or nothing is broken.")
    return Outcome(
        Status.WARN,
        f"Contact support: {listed(found)}.",
        "Nothing that only Coalesce can do.",
        actions=(
            ask_catalog("Send the redacted bundle this run can make (scimrunbook share), never a token."),
            Action(
                "the run folder", "Read support-request.md first; add a screenshot of the provisioning page yourself."
            ),
        ),
    )


@check(
    "support.request_is_complete",
    "The request names region, provider, time of failures, error codes and step names",
    section=S,
    source="Coalesce guide: When to contact support",
    deciding=False,
)
def request_is_complete(snapshot: Snapshot) -> Outcome:
    failures = open_failures(snapshot)
    log = refusals(snapshot)
    jobs = own_jobs(snapshot)
    lacking = []
    timed = len(failures) or log.first_refused is not None or jobs["quarantine_since"].notna().any()
    if not timed and snapshot.incident.window is None:
        lacking.append("the approximate time of the failures (window: in the incident file)")
    log_read = snapshot.read("okta.system_log") or snapshot.read("entra.provisioning_log")
    if not log_read:
        lacking.append("the provider's log, for error codes and step names")
    if not snapshot.incident.symptoms and not snapshot.incident.summary:
        lacking.append("what people see (symptoms: or summary: in the incident file)")
    if not lacking:
        return Outcome(Status.PASS, "Region, provider, time, codes and steps are there; screenshots are yours to add.")
    return Outcome(
        Status.WARN,
        f"A request to support would lack {listed(lacking)}.",
        "Everything support asks for first.",
        actions=(Action("the incident file and the exports", f"Add {listed(lacking)}."),),
    )
