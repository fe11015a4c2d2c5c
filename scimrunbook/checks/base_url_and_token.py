"""03 Base URL and token: the two values typed into the provider, and whether Catalog still accepts the token."""

from __future__ import annotations

import pandas as pd

from scimrunbook import guide
from scimrunbook.checks import check
from scimrunbook.checks._base_url import COSMETIC, differences
from scimrunbook.checks._endpoint import CONTROLS, rows_of
from scimrunbook.checks._provisioning import changes_table, the_job, undelivered
from scimrunbook.checks._words import ask_catalog, count, keys, listed, provider, push_again, region, screen
from scimrunbook.errors import http_status
from scimrunbook.findings import Action, Cause, Evidence, Manual, Outcome, Reach, Status
from scimrunbook.history import iso, refusals, when
from scimrunbook.snapshot import Snapshot

S = "base_url_and_token"
CAUSE = (Cause.URL_OR_TOKEN,)
ON = ("connection.app_is_active", "connection.provisioning_is_on")
URL = "base_url.matches_the_region"


def credentials_screen(snapshot: Snapshot) -> str:
    if snapshot.provider == "okta":
        return screen(snapshot, "Provisioning", "Integration", "Edit")
    return screen(snapshot, "Provisioning", "Admin Credentials")


def field(snapshot: Snapshot) -> str:
    return "Base URL" if snapshot.provider == "okta" else "Tenant URL"


def test_button(snapshot: Snapshot) -> str:
    return "Test API Credentials" if snapshot.provider == "okta" else "Test connection"


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
            _texts(snapshot["jobs"], "last_began_at", "last_error_message"),
            _texts(snapshot["jobs"], "quarantine_since", "quarantine_error_message"),
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
    typed = snapshot.incident.catalog.token_is == "as_typed_in_provider"
    troubles = [p.replace("_", " ") for p in token.problems]
    if token.bearer_prefix is True and typed and snapshot.provider == "entra":
        troubles.append("it begins with Bearer, which Entra adds by itself")
    now = snapshot.as_of
    ends = pd.to_datetime(token.expires_at, utc=True, errors="coerce") if token.expires_at else None
    if ends is not None and pd.notna(ends) and ends <= now:
        troubles.append(f"it expired {when(ends)}")
    if troubles:
        sure = typed or any(p in token.problems for p in ("doubled_bearer",))
        return Outcome(
            Status.FAIL if typed else Status.WARN,
            f"The token is not well formed: {listed(troubles)}."
            + ("" if sure else " Whether it stands like this in the provider is not known."),
            "One line without blanks or quotes; in Okta's Header Auth app with Bearer, in Entra without.",
            actions=(
                Action(
                    credentials_screen(snapshot),
                    f"Enter the token anew, exactly as it was issued, and press {test_button(snapshot)}.",
                ),
            ),
        )
    if token.bearer_prefix is False and typed and snapshot.provider == "okta":
        return Outcome(
            Status.PASS,
            "Well formed. It stands in Okta without Bearer, and Okta's Header Auth app sends the field as it is: where "
            "Catalog refuses it, type Bearer, a blank, then the token.",
        )
    return Outcome(Status.PASS, f"Well formed ({token.kind or 'kind not told'}, {token.length} characters).")


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
    if job is not None and _refused_job(job):
        began = job["quarantine_since"] if pd.notna(job["quarantine_since"]) else job["last_began_at"]
        since = began if since is None else since
        said.append(
            f"the job could not sign in ({job['quarantine_error_code'] or job['last_error_code']}); its last success "
            f"was {when(log.last_success)}"
        )
        columns = ["state", "quarantine_since", "quarantine_error_code", "quarantine_error_message", "last_success_at"]
        evidence.append(Evidence.of("The job", pd.DataFrame([job])[columns]))
    probe = refused_probes(snapshot)
    if len(probe) and snapshot.incident.catalog.token_is == "as_typed_in_provider":
        said.append(
            f"the token as typed into {provider(snapshot)} is refused now ({int(probe['http_status'].iloc[0])})"
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
    if log.last_success is None:
        return Outcome(Status.SKIPPED, "The log holds neither a success nor a refusal: it does not tell.")
    return Outcome(
        Status.PASS,
        f"The last success was {when(log.last_success)}, and nothing was refused after it.",
        against=CAUSE,
    )


def _refused_job(job: pd.Series[object]) -> bool:
    """Whether the job's own error says that signing in failed, not that the endpoint is out of reach or broken."""
    for code, message in (
        (job["quarantine_error_code"], job["quarantine_error_message"]),
        (job["last_error_code"], job["last_error_message"]),
    ):
        name = "" if pd.isna(code) else str(code).casefold()
        text = "" if pd.isna(message) else str(message)
        if name.endswith(("invalidcredentials", "credentialvalidationfailure", "unauthorized")):
            return True
        if http_status(text) in (401, 403) or "unauthorized" in text.casefold():
            return True
    return False


def renew(snapshot: Snapshot) -> tuple[Action, ...]:
    return (
        ask_catalog("Ask whether the token expired or was rotated, and for a new one; never send the old one along."),
        Action(
            credentials_screen(snapshot),
            f"Enter the new token, press {test_button(snapshot)}, save when it succeeds.",
            "Okta's Header Auth app sends the field as it is: type Bearer and a blank before the token."
            if snapshot.provider == "okta"
            else "Entra adds Bearer by itself: enter the token alone.",
        ),
        push_again(snapshot),
    )


def refused_probes(snapshot: Snapshot) -> pd.DataFrame:
    """Requests with the given token that Catalog refused (the controls without a token are meant to be)."""
    probes = with_token(snapshot)
    return probes[probes["http_status"].isin((401, 403))]


def with_token(snapshot: Snapshot) -> pd.DataFrame:
    """Answers to requests that carried the given token."""
    probes = snapshot["probes"]
    control = probes["probe"].isin(CONTROLS)
    return probes[probes["http_status"].notna() & ~control]


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
    open_ = rows[rows["http_status"] < 300]
    if open_.empty:
        return Outcome(Status.PASS, "Refused, as it must be: a success with the token proves something.")
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
    tried, refused = with_token(snapshot), refused_probes(snapshot)
    if tried.empty:
        return Outcome(Status.SKIPPED, "No request with the token got an answer.")
    if refused.empty:
        held = snapshot.incident.catalog.token_is != "as_typed_in_provider"
        note = " That the provider holds the same one is not proved." if held else ""
        return Outcome(Status.PASS, f"All {count(len(tried), 'request')} with the token were let in.{note}")
    if len(refused) < len(tried):
        return Outcome(
            Status.PASS, f"{len(refused)} of {len(tried)} requests were refused: see whether it is every time."
        )
    status = int(refused["http_status"].iloc[0])
    return Outcome(
        Status.FAIL,
        f"Catalog refused the token in all {count(len(refused), 'request')} ({status}).",
        "200 for the provider's own test request.",
        (Evidence.of("The requests", refused[["probe", "host", "path", "http_status", "detail"]]),),
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
    tried, refused = with_token(snapshot), refused_probes(snapshot)
    log = refusals(snapshot)
    some = 0 < len(refused) < len(tried)
    if not some and not log.mixed:
        n = len(tried)
        missed = f" A refusal in one of {max(1, round(1 / (1 - 0.05 ** (1 / n))))} could have been missed." if n else ""
        return Outcome(Status.PASS, f"No refusal stands between successes.{missed}")
    said = [f"{len(refused)} of {len(tried)} requests were refused just now"] * some
    said += [f"the log shows refusals between successes, the last {when(log.last_refused)}"] * log.mixed
    now = some or (log.last_refused is not None and log.last_refused > snapshot.as_of - pd.Timedelta(days=1))
    if not now:
        return Outcome(Status.PASS, f"Healed: {listed(said)}; everything since was accepted.")
    return Outcome(
        Status.FAIL,
        f"The token is refused now and then: {listed(said)}.",
        "No refusal between successes.",
        (Evidence.of("Refused", log.rows[["at", "event_type", "name", "reason"]]),),
        keys(log.people),
        (ask_catalog("Report the times and request ids: one part of the endpoint refuses what another accepts."),),
        since=iso(log.first_refused),
    )


@check(
    "token.is_not_exposed",
    "No token stands in the incident file or the exports",
    section=S,
    source="Security rules of this project",
    deciding=False,
)
def is_not_exposed(snapshot: Snapshot) -> Outcome:
    leaks = snapshot.facts.leaks
    if not leaks:
        return Outcome(Status.PASS, "Nothing that looks like a token was seen in what was read.")
    rows = tuple((str(x.get("file", "")), str(x.get("line", "")), str(x.get("rule", ""))) for x in leaks)
    return Outcome(
        Status.WARN,
        f"What looks like a token stands in {listed(sorted({r[0] for r in rows})[:5])}.",
        "No secret in any file.",
        (Evidence("Where", ("file", "line", "looks like"), rows[:10], len(rows)),),
        actions=(
            Action("the files named", "Remove it, or delete the file; do not pass it on."),
            ask_catalog("Ask for a new token and enter it: what stood in a file counts as known."),
        ),
    )


@check(
    "token.not_shared_elsewhere",
    "The token was not pasted into a ticket, a mail or a chat, nor rotated outside Coalesce",
    section=S,
    source="Coalesce guide: When to contact support",
    causes=CAUSE,
)
def not_shared_elsewhere(snapshot: Snapshot) -> Outcome:
    return Outcome(
        Status.MANUAL,
        expected="Only the provider's settings hold the token.",
        manual=Manual(
            "Did the token stay out of tickets, mails and chats, and did nobody but Catalog operations replace it?",
            "Your ticket system, mail and chat",
        ),
        actions=(
            ask_catalog("Ask for a new token, and enter it: " + credentials_screen(snapshot)),
            push_again(snapshot),
        ),
    )
