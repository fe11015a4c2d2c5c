"""00 Start here: the right question, the right application, enough evidence."""

from __future__ import annotations

import pandas as pd

from scimrunbook import guide
from scimrunbook.checks import check
from scimrunbook.checks._log_doubts import doubts, limits, stopped_with_the_job
from scimrunbook.checks._words import app_name, count, listed, provider, region, screen
from scimrunbook.findings import Action, Cause, Evidence, Manual, Outcome, Status
from scimrunbook.history import log_span, open_failures, refusals, when
from scimrunbook.snapshot import CLOCK_OFF_SECONDS, Candidate, Snapshot

S = "start_here"


@check(
    "start.question_is_about_catalog",
    "The question is about Catalog accounts or teams, not about signing in to Transform",
    section=S,
    source="Coalesce guide: Catalog SCIM scope",
    causes=(Cause.WRONG_SURFACE,),
)
def question_is_about_catalog(snapshot: Snapshot) -> Outcome:
    symptoms = snapshot.incident.symptoms
    if "transform_login" not in symptoms:
        return Outcome(Status.PASS, "The incident is about Catalog accounts and teams.")
    others = [guide.SYMPTOMS[s].title for s in symptoms if s != "transform_login"]
    also = f" The other symptoms ({listed(others)}) are judged below." if others else ""
    return Outcome(
        Status.WARN,
        f"The incident is about signing in to Transform. Catalog's SCIM provisioning does not touch that.{also}",
        "A question about Catalog accounts, teams or names.",
        actions=(
            Action(
                "Coalesce Transform > Org Settings > Single Sign-On",
                "Look into the single sign-on of Transform, or ask Coalesce support about it as a question of its own.",
                "No change of the SCIM application will change who can sign in to Transform.",
            ),
        ),
    )


@check(
    "start.setup_completed",
    "The integration and token step was completed with Catalog operations",
    section=S,
    source="Coalesce guide: Before you start",
    causes=(Cause.INTEGRATION_NOT_ENABLED,),
)
def setup_completed(snapshot: Snapshot) -> Outcome:
    return Outcome(
        Status.MANUAL,
        expected="Catalog operations issued a SCIM token for this tenant, and it was entered in the application.",
        manual=Manual(
            "Did Catalog operations issue a SCIM token for this tenant, and was it entered in the application?",
            "Your set-up ticket or e-mail with Coalesce; " + _credentials(snapshot),
        ),
        actions=(
            Action(
                "Coalesce support (Catalog operations)",
                "Ask for the SCIM integration to be enabled and for a token, then enter it: " + _credentials(snapshot),
            ),
        ),
    )


def _credentials(snapshot: Snapshot) -> str:
    if snapshot.provider == "okta":
        return screen(snapshot, "Provisioning", "Integration")
    return screen(snapshot, "Provisioning", "Admin Credentials")


@check(
    "start.region_is_known",
    "The tenant lives on app.castordoc.com or app.us.castordoc.com",
    section=S,
    source="Coalesce guide: Base URL",
    deciding=False,
)
def region_is_known(snapshot: Snapshot) -> Outcome:
    known = region(snapshot)
    typed = snapshot.incident.catalog.configured_base_url or ""
    other = next(
        (r for r in guide.REGIONS.values() if r is not known and typed.strip().rstrip("/") == r.base_url), None
    )
    log = refusals(snapshot)
    worked = log.last_success is not None and snapshot.as_of - log.last_success < pd.Timedelta(days=2)
    if other and worked and not log.broken and open_failures(snapshot).empty:
        return Outcome(
            Status.WARN,
            f"The incident says {known.catalog_host}, but provisioning works, last {when(log.last_success)}, with the "
            f"base URL of {other.catalog_host}.",
            "The region of the incident file is the one whose Catalog people use.",
            actions=(
                Action(
                    "the incident file",
                    f"Look at the address people see when they use Catalog; if it is {other.catalog_host}, set "
                    f"catalog_host to it and run again.",
                    "What provisions well does not point at the wrong region.",
                ),
            ),
        )
    return Outcome(Status.PASS, f"{known.catalog_host}: region {known.name}, base URL {known.base_url}.")


@check(
    "start.provider_is_accessible",
    "Provisioning settings and logs of the Catalog app can be opened",
    section=S,
    source="Coalesce guide: Before you start",
    deciding=False,
)
def provider_is_accessible(snapshot: Snapshot) -> Outcome:
    table = snapshot["coverage"]
    # a row that bears only the provider's name says that nobody was asked
    table = table[
        table["what"].str.startswith(f"{snapshot.provider}.", na=False) & (table["name"] != snapshot.provider)
    ]
    read = table[table["refused"].isna()]["what"].drop_duplicates()
    refused = table[table["refused"].notna() & ~table["what"].isin(read)].drop_duplicates("what")
    if table.empty or (read.empty and refused.empty):
        return Outcome(
            Status.MANUAL,
            f"Nothing of {provider(snapshot)} was read.",
            manual=Manual(
                "Can you open the provisioning settings and the provisioning log of the Catalog application?",
                screen(snapshot, "Provisioning"),
            ),
            actions=(
                Action(
                    screen(snapshot),
                    "Ask for a role that may: Read-Only Administrator (Okta), or Cloud Application Administrator with "
                    "Reports Reader (Entra).",
                ),
            ),
        )
    if len(refused):
        return Outcome(
            Status.WARN,
            f"{count(len(refused), 'read was', 'reads were')} refused by {provider(snapshot)}; what rests on them is "
            "not checked.",
            "Everything the checks need can be read.",
            (Evidence.of("What was refused", refused, ["what", "refused", "get_it"]),),
            actions=tuple(
                Action(f"{provider(snapshot)}: permissions of the account that reads", f"Get {_title(w)}: {g}.")
                for w, g in zip(refused["what"], refused["get_it"].fillna("ask an administrator"), strict=True)
            )[:5],
        )
    return Outcome(Status.PASS, f"{count(len(read), 'kind')} of data could be read from {provider(snapshot)}.")


def _title(what: str) -> str:
    known = guide.HOW_TO_GET.get(what)
    return known.title if known else what


@check(
    "start.app_is_the_right_one",
    "The application looked at is the Catalog SCIM app, not the SAML one",
    section=S,
    source="Coalesce set-up guides; Okta Management API: Application.name",
    needs={"okta": (("okta.app",),), "entra": (("entra.service_principal",), ("entra.job",))},
    causes=(Cause.INTEGRATION_NOT_ENABLED,),
    deciding=False,
)
def app_is_the_right_one(snapshot: Snapshot) -> Outcome:
    app = snapshot.facts.app
    others = f" Others that could be meant: {listed([str(c) for c in app.candidates])}." if app.candidates else ""
    apps = [c for c in app.candidates if c.kind == "application"]
    if apps and not _is_named(snapshot):
        return _choose(snapshot, apps)
    jobs_meant = [c.id for c in app.candidates if c.kind == "job"]
    if len(jobs_meant) > 1:
        return _choose_job(jobs_meant)
    if snapshot.provider == "entra":
        jobs = snapshot["jobs"]
        if jobs.empty and app.candidates:
            return _wrong_app(snapshot, f"{app_name(snapshot)} has no provisioning job.{others}")
        return Outcome(Status.PASS, f"{app_name(snapshot)} is the application that was looked at.{others}")
    if app.name is None:
        return Outcome(Status.SKIPPED, "The application's type was not told.")
    if app.name == guide.OKTA_APP_NAME:
        return Outcome(Status.PASS, f"{app_name(snapshot)} is a SCIM 2.0 Header Auth application.{others}")
    if app.features:
        said = f"{app_name(snapshot)} is of type {app.name}, not the one of the guide, but it does provision."
        return Outcome(Status.PASS, said + others)
    return _wrong_app(snapshot, f"{app_name(snapshot)} is of type {app.name} and provisions nothing.{others}")


def _is_named(snapshot: Snapshot) -> bool:
    """Whether the incident file says which application is meant."""
    incident = snapshot.incident
    if snapshot.provider == "okta":
        return bool(incident.okta and incident.okta.app_id)
    return bool(incident.entra and incident.entra.service_principal_id)


def _choose(snapshot: Snapshot, others: list[Candidate]) -> Outcome:
    """Several applications, and nobody said which: the lines to choose from, ready for the incident file."""
    app, (section, key) = snapshot.facts.app, _KEYS[snapshot.provider]
    taken = Candidate(app.id, name=app.label or app.name, status=app.status) if app.id else None
    meant = [*([taken] if taken else []), *(c for c in others if c.id != app.id)]
    rows = [(str(c), f"{section}: {{{key}: {c.id}}}") for c in meant]
    lines = pd.DataFrame(rows, columns=["application", "line"])
    return Outcome(
        Status.WARN,
        f"{count(len(meant), 'application')} could be meant: {listed([str(c) for c in meant])}. "
        + (f"{taken} was taken." if taken else "None was taken."),
        "The incident file names the application with the SCIM provisioning of Catalog.",
        (Evidence.of("One of these lines belongs into the incident file", lines),),
        actions=tuple(Action("the incident file", f"If it is {name}, write: {line}") for name, line in lines.values),
    )


def _choose_job(jobs: list[str]) -> Outcome:
    """Several synchronization jobs of one application, and nobody said which."""
    lines = pd.DataFrame([(j, f"entra: {{job_id: {j}}}") for j in jobs], columns=["job", "line"])
    return Outcome(
        Status.WARN,
        f"{count(len(jobs), 'provisioning job')} of one application could be meant: {listed(jobs)}. All were read; "
        "the mapping is that of the active SCIM job.",
        "The application has one provisioning job, or the incident file names the one that is meant.",
        (Evidence.of("One of these lines belongs into the incident file", lines),),
        actions=tuple(Action("the incident file", f"If it is {name}, write: {line}") for name, line in lines.values),
    )


_KEYS = {"okta": ("okta", "app_id"), "entra": ("entra", "service_principal_id")}


def _wrong_app(snapshot: Snapshot, actual: str) -> Outcome:
    key = "okta.app_id" if snapshot.provider == "okta" else "entra.service_principal_id"
    return Outcome(
        Status.WARN,
        actual,
        "The application with the SCIM provisioning of Catalog.",
        actions=(
            Action("the incident file", f"Set {key} to the application whose Provisioning page holds the base URL."),
        ),
    )


@check(
    "start.evidence_covers_the_window",
    "What was collected covers the time of the failures, unfiltered",
    section=S,
    source="Okta System Log API; Microsoft Learn: analyze provisioning logs",
    needs={"okta": (("okta.system_log",),), "entra": (("entra.provisioning_log",),)},
    deciding=False,
)
def evidence_covers_the_window(snapshot: Snapshot) -> Outcome:
    span = log_span(snapshot)
    if span.rows == 0:
        return Outcome(
            Status.WARN,
            "The log that was read holds no record of this application. That is no proof of health: a dead token or a "
            "wrong URL may leave none.",
            "The whole window, every status, one application.",
            actions=(Action("the incident file", "Let window: begin before the trouble did, or export a longer log."),),
        )
    stopped, troubles, only = stopped_with_the_job(snapshot, span.last), doubts(snapshot, span), limits(snapshot)
    covers = f"{count(span.rows, 'record')} from {when(span.first)} to {when(span.last)}"
    if not troubles and stopped is not None:
        ends = f"It ends there because the job is not let in: in quarantine since {when(stopped)}, it writes no record."
        return Outcome(Status.PASS, f"The log covers {covers}. {ends}{only}")
    if not troubles:
        return Outcome(Status.PASS, f"The log covers {covers}.{only}")
    where = (
        "Okta Admin Console > Reports > System Log"
        if snapshot.provider == "okta"
        else screen(snapshot, "Provisioning", "Provisioning logs")
    )
    return Outcome(
        Status.WARN,
        f"The log covers {covers}, but {listed(troubles)}. No errors in it would not mean health.{only}",
        "The whole window, every status, one application.",
        actions=(
            Action(where, "Export the log again: the whole window, every status, no filter but the application."),
        ),
    )


@check(
    "start.clock_is_right",
    "This machine's clock agrees with the provider's server",
    section=S,
    source="RFC 9110: the Date header of the provider's answer",
    deciding=False,
)
def clock_is_right(snapshot: Snapshot) -> Outcome:
    ahead, name = snapshot.facts.clock_skew_seconds, provider(snapshot)
    if snapshot.facts.practice:
        return Outcome(Status.PASS, "The practice tenant keeps a clock of its own; nothing is to be compared.")
    if ahead is None:
        return Outcome(Status.PASS, f"{name} was not asked live, so no time here comes from this machine's clock.")
    if abs(ahead) < CLOCK_OFF_SECONDS:
        return Outcome(Status.PASS, f"The clocks of {name} and of this machine agree within a minute.")
    where = "behind" if ahead > 0 else "ahead of"
    return Outcome(
        Status.WARN,
        f"This machine's clock is {count(round(abs(ahead)), 'second')} {where} {name}'s. Times of failures are "
        f"{name}'s and right; when this run was made is off by as much.",
        "Less than a minute between them.",
        actions=(
            Action(
                "the clock of this machine",
                "Let it be set by a time server, then collect again.",
                "Whoever compares this run with other logs would look at the wrong minute.",
            ),
        ),
    )
