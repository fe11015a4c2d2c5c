"""03 Base URL and token, continued: the token. Imported by ``base_url_and_token``."""

from __future__ import annotations

import pandas as pd

from scimrunbook.checks import check
from scimrunbook.checks._endpoint import rows_of, told
from scimrunbook.checks._failures import behind_in_teams
from scimrunbook.checks._provisioning import changes_table, the_job, undelivered
from scimrunbook.checks._sent import all_refused, alone, let_in, only_the_other_form, refused, sent, typed, with_bearer
from scimrunbook.checks._sent import refused_probes as refused_probes
from scimrunbook.checks._words import (
    ask_catalog,
    count,
    credentials_screen,
    keys,
    listed,
    provider,
    push_again,
    test_button,
)
from scimrunbook.errors import is_auth
from scimrunbook.findings import Action, Cause, Evidence, Outcome, Reach, Status
from scimrunbook.history import iso, open_failures, refusals, when
from scimrunbook.refusals import Refusals, job_refused, speaks_for_now
from scimrunbook.snapshot import Snapshot

S = "base_url_and_token"
CAUSE = (Cause.URL_OR_TOKEN,)
ON = ("connection.app_is_active", "connection.provisioning_is_on")
URL = "base_url.matches_the_region"


@check(
    "token.is_well_formed",
    "The token has no blanks, quotes or line breaks, and Bearer is as this provider needs it",
    section=S,
    source="Okta: Header Auth sends the field verbatim; Microsoft Learn: Secret Token",
    causes=CAUSE,
    reach=Reach.TENANT,
)
def is_well_formed(snapshot: Snapshot) -> Outcome:
    token = snapshot.facts.token
    if not token.given:
        return Outcome(
            Status.SKIPPED,
            "The token was not given to this run; usually nobody has it.",
            needs="Not checked: needs the Catalog token as it was typed in. Get it like this: put it into a file "
            "of mode 0600 and name it under catalog: token: file:… in the incident file.",
        )
    sure = typed(snapshot)
    troubles = [p.replace("_", " ") for p in token.problems]
    if token.bearer_prefix is True and sure and snapshot.provider == "entra":
        troubles.append("it begins with Bearer, which Entra adds by itself")
    now = snapshot.as_of
    ends = pd.to_datetime(token.expires_at, utc=True, errors="coerce") if token.expires_at else None
    if ends is not None and pd.notna(ends) and ends <= now:
        troubles.append(f"it expired {when(ends)}")
    if troubles:
        told_by_itself = sure or "doubled_bearer" in token.problems
        return Outcome(
            Status.FAIL if sure else Status.WARN,
            f"The token is not well formed: {listed(troubles)}."
            + ("" if told_by_itself else " Whether it stands like this in the provider is not known."),
            "One line without blanks or quotes; in Okta's Header Auth app with Bearer or without, whichever Catalog "
            "accepts, in Entra without.",
            affected=undelivered(snapshot) if sure else (),
            actions=(
                Action(
                    credentials_screen(snapshot),
                    f"Enter the token anew, exactly as it was issued, press {test_button(snapshot)}, save.",
                    _bearer_rule(snapshot),
                ),
                push_again(snapshot),
            ),
        )
    if token.bearer_prefix is not None and sure and snapshot.provider == "okta":
        if only_the_other_form(snapshot):
            return _other_form(snapshot)
        if not token.bearer_prefix:
            return Outcome(
                Status.PASS,
                "Well formed. It stands in Okta without Bearer, and Okta's Header Auth app sends the field as it is: "
                + (
                    "Catalog accepts it so."
                    if let_in(alone(snapshot)).any()
                    else "where Catalog refuses it, type Bearer, a blank, then the token."
                ),
            )
    return Outcome(Status.PASS, f"Well formed ({token.kind or 'kind not told'}, {token.length} characters).")


def _other_form(snapshot: Snapshot) -> Outcome:
    """Okta sends the field verbatim: refused as it stands there, accepted with Bearer added or taken off."""
    bearer = snapshot.facts.token.bearer_prefix
    stands, other = ("with", "alone") if bearer else ("without", "with Bearer before it")
    mend = "Enter the token alone, without Bearer" if bearer else "Type Bearer and a blank before the token"
    rows = pd.concat([with_bearer(snapshot), alone(snapshot)])
    rows = rows[rows["probe"].str.startswith(("provider_test", "token_without_bearer"))]
    return Outcome(
        Status.FAIL,
        f"The token stands in Okta {stands} Bearer, and Okta's Header Auth app sends the field as it is: Catalog "
        f"refuses it like this and accepts the same token {other}.",
        "The token alone." if bearer else "Bearer, a blank, then the token.",
        (Evidence.of("Asked just now", rows[["probe", "http_status", "detail"]]),),
        undelivered(snapshot),
        (
            Action(credentials_screen(snapshot), f"{mend}, press {test_button(snapshot)}, save when it succeeds."),
            push_again(snapshot),
        ),
    )


@check(
    "token.did_not_change",
    "No sign that the token expired or was rotated",
    section=S,
    source="Okta System Log: outcome.reason; Microsoft Learn: quarantine status",
    needs={"okta": (("okta.system_log",), ("catalog.probe",)), "entra": (("entra.job",), ("catalog.probe",))},
    causes=CAUSE,
    reach=Reach.TENANT,
    blocked_by=(*ON, URL, "token.is_well_formed"),
)
def did_not_change(snapshot: Snapshot) -> Outcome:
    log = refusals(snapshot)
    job = the_job(snapshot) if snapshot.provider == "entra" and len(snapshot["jobs"]) else None
    said, evidence, since = [], [], log.first_refused if log.broken else None
    if log.broken:
        said.append(
            f"the last success was {when(log.last_success)}, and since {when(log.first_refused)} every one of "
            f"{count(log.refused, 'operation')} was refused"
        )
        shown = log.rows.assign(reason=log.rows["reason"].fillna(log.rows["error_code"]))
        evidence.append(Evidence.of("Refused since", shown[["at", "event_type", "name", "reason"]]))
    if job is not None and job_refused(job) and log.renewed is None and not log.fickle:
        began = job["quarantine_since"] if pd.notna(job["quarantine_since"]) else job["last_began_at"]
        since = began if since is None else since
        said.append(
            f"the job could not sign in ({job['quarantine_error_code'] or job['last_error_code']}); its last success "
            f"was {when(log.last_success)}"
        )
        columns = ["state", "quarantine_since", "quarantine_error_code", "quarantine_error_message", "last_success_at"]
        evidence.append(Evidence.of("The job", pd.DataFrame([job])[columns]))
    tried = sent(snapshot)
    if typed(snapshot) and all_refused(tried):
        said.append(
            f"the token as typed into {provider(snapshot)} is refused now ({int(tried['http_status'].iloc[0])})"
        )
    if said:
        return Outcome(
            Status.FAIL,
            f"{provider(snapshot)} is no longer let in by Catalog: {listed(said)}.",
            "Every request is accepted.",
            (*evidence, changes_table(snapshot, "credentials", "app_settings")),
            undelivered(snapshot),
            renew(snapshot),
            since=iso(since),
        )
    if log.renewed is not None and (log.last_success is None or log.last_success < log.renewed):
        what = "credentials" if snapshot.provider == "entra" else "application's settings"
        return Outcome(
            Status.SKIPPED,
            f"Catalog refused {provider(snapshot)} until the {what} were saved again {when(log.renewed)}; nothing was "
            "sent since that would show whether it is let in now.",
        )
    if typed(snapshot) and bool(let_in(tried).any()) and not refused(tried).any():
        return Outcome(Status.PASS, f"The token as typed into {provider(snapshot)} was let in just now.", against=CAUSE)
    silent = _silent(snapshot, log)
    if silent:
        return Outcome(Status.SKIPPED, silent, needs=_a_newer_answer(snapshot))
    return Outcome(
        Status.PASS,
        f"The last success was {when(log.last_success)}, and nothing was refused after it.",
        against=CAUSE,
    )


def _silent(snapshot: Snapshot, log: Refusals) -> str:
    """Why log and job do not tell whether Catalog lets the provider in now; empty where they do."""
    if log.last_success is None or (log.elsewhere and log.rows.empty):
        said = f"What was read of {provider(snapshot)}'s log holds neither a success nor a refusal: it does not tell."
        if log.elsewhere:
            said += f" A success {when(log.last_success)} is known from elsewhere; what followed it is not seen."
        return said
    if not speaks_for_now(snapshot, log.last_success):
        return (
            f"The last success was {when(log.last_success)}, and nothing was sent after it that would show whether "
            "Catalog still accepts the token."
        )
    return ""


def _a_newer_answer(snapshot: Snapshot) -> str:
    log = "System Log" if snapshot.provider == "okta" else "provisioning log and the job"
    one = "Force Sync" if snapshot.provider == "okta" else "Provision on demand"
    return (
        f"Not checked: needs an answer of Catalog from the last days. Get it like this: press {test_button(snapshot)} "
        f"under {credentials_screen(snapshot)}, which tells at once; then use {one} and export the {log} up to now."
    )


def renew(snapshot: Snapshot) -> tuple[Action, ...]:
    return (
        ask_catalog("Ask whether the token expired or was rotated, and for a new one; never send the old one along."),
        Action(
            credentials_screen(snapshot),
            f"Enter the new token, press {test_button(snapshot)}, save when it succeeds.",
            _bearer_rule(snapshot),
        ),
        push_again(snapshot),
    )


def _bearer_rule(snapshot: Snapshot) -> str:
    """How the token is to be entered. Which form Catalog wants from Okta is not public; the probe may have shown it."""
    if snapshot.provider == "entra":
        return "Entra adds Bearer by itself: enter the token alone."
    verbatim = "Okta's Header Auth app sends the field as it is: "
    if bool(let_in(with_bearer(snapshot)).any()):
        return f"{verbatim}type Bearer and a blank before the token."
    if bool(let_in(alone(snapshot)).any()):
        return f"{verbatim}enter the token alone, without Bearer."
    return (
        f"{verbatim}try it with Bearer and a blank before the token, then without, and keep what the test accepts; "
        "which of them Catalog wants is not public."
    )


@check(
    "token.is_required",
    "Requests without a token, or with a wrong one, are refused",
    section=S,
    source="RFC 7644 section 2; RFC 6750",
    needs={"okta": (("catalog.probe",),), "entra": (("catalog.probe",),)},
    causes=(Cause.CATALOG_SIDE,),
    reach=Reach.TENANT,
)
def is_required(snapshot: Snapshot) -> Outcome:
    rows = rows_of(snapshot, "no_token", "wrong_token")
    rows = rows[rows["http_status"].notna()]
    if rows.empty:
        return Outcome(Status.SKIPPED, "The control requests got no answer.")
    open_ = rows[let_in(rows)]
    if all_refused(rows):
        return Outcome(Status.PASS, "Refused, as it must be: a success with the token proves something.")
    if open_.empty:
        odd = rows[~refused(rows)]
        return Outcome(
            Status.SKIPPED,
            f"Neither refused nor let in, so the endpoint did not show whether it wants a token: {told(odd)}.",
        )
    return Outcome(
        Status.FAIL,
        f"Catalog answered {listed(sorted(open_['probe'].str.replace('_', ' ')))} with success: anybody may read.",
        "401 for both.",
        actions=(ask_catalog("Report at once that the endpoint answers without a valid token."),),
    )


@check(
    "token.is_accepted",
    "The token is accepted",
    section=S,
    source="SCIM probe: the provider's own test request",
    needs={"okta": (("catalog.probe",),), "entra": (("catalog.probe",),)},
    causes=CAUSE,
    reach=Reach.TENANT,
    blocked_by=("token.is_well_formed",),
)
def is_accepted(snapshot: Snapshot) -> Outcome:
    tried = sent(snapshot)
    turned_away = tried[refused(tried)]
    if tried.empty:
        return Outcome(Status.SKIPPED, "No request with the token got an answer.")
    if turned_away.empty and not let_in(tried).any():
        return Outcome(Status.SKIPPED, f"Neither refused nor let in: {told(tried)}.")
    if turned_away.empty:
        note = "" if typed(snapshot) else " That the provider holds the same one is not proved."
        if all_refused(with_bearer(snapshot)) and not typed(snapshot):
            note = f" After Bearer it is refused: it has to stand in Okta without Bearer.{note}"
        all_ = "The request" if len(tried) == 1 else f"All {len(tried)} requests"
        return Outcome(Status.PASS, f"{all_} with the token {'was' if len(tried) == 1 else 'were'} let in.{note}")
    if len(turned_away) < len(tried):
        return Outcome(
            Status.PASS, f"{len(turned_away)} of {len(tried)} requests were refused: see whether it is every time."
        )
    status = int(turned_away["http_status"].iloc[0])
    both = all_refused(with_bearer(snapshot)) and all_refused(alone(snapshot))
    return Outcome(
        Status.FAIL,
        f"Catalog refused the token in all {count(len(turned_away), 'request')} ({status})"
        f"{', with Bearer and without' if both else ''}.",
        "200 for the provider's own test request.",
        (Evidence.of("The requests", turned_away[["probe", "host", "path", "http_status", "detail"]]),),
        undelivered(snapshot),
        renew(snapshot),
    )


@check(
    "token.is_accepted_every_time",
    "The token is accepted every time",
    section=S,
    source="Provider log and SCIM probe",
    needs={
        "okta": (("okta.system_log",), ("catalog.probe",)),
        "entra": (("entra.provisioning_log",), ("catalog.probe",)),
    },
    causes=(Cause.CATALOG_SIDE, Cause.URL_OR_TOKEN),
    reach=Reach.TENANT,
    blocked_by=(*ON, URL, "token.did_not_change", "token.is_accepted"),
)
def is_accepted_every_time(snapshot: Snapshot) -> Outcome:
    tried = sent(snapshot)
    turned_away = tried[refused(tried)]
    log = refusals(snapshot)
    some = 0 < len(turned_away) < len(tried)
    if not some and not log.mixed:
        if log.last_success is None and len(turned_away) == len(tried):
            return Outcome(Status.SKIPPED, "Nothing was accepted that a refusal could stand beside.")
        n = len(tried) - len(turned_away)
        missed = f" A refusal in one of {max(1, round(1 / (1 - 0.05 ** (1 / n))))} could have been missed." if n else ""
        return Outcome(Status.PASS, f"No refusal stands between successes.{missed}")
    said = [f"{len(turned_away)} of {len(tried)} requests were refused just now"] * some
    said += [f"the log shows refusals between successes, the last {when(log.last_refused)}"] * log.mixed
    failures = open_failures(snapshot)
    left = failures[is_auth(failures)]
    recent = log.last_refused is not None and log.last_refused > snapshot.as_of - pd.Timedelta(days=1)
    now = some or recent or len(left) > 0
    if not now:
        return Outcome(Status.PASS, f"Healed: {listed(said)}; everything since was accepted.")
    return Outcome(
        Status.FAIL,
        f"The token is refused now and then: {listed(said)}.",
        "No refusal between successes.",
        (Evidence.of("Refused", log.rows[["at", "event_type", "name", "reason"]]),),
        keys(pd.concat([left["person_key"], behind_in_teams(snapshot, left["group_key"])])),
        (
            ask_catalog("Report the times and request ids: one part of the endpoint refuses what another accepts."),
            push_again(snapshot),
        ),
        since=iso(log.first_refused),
    )
