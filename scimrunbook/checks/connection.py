"""02 Connection: the application is active, provisioning is on in all its parts, the endpoint answers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook import guide
from scimrunbook.checks import check
from scimrunbook.checks._words import app_name, count, keys, listed, people, push_again, screen, table_of
from scimrunbook.derived import yes
from scimrunbook.findings import Action, Cause, Evidence, Manual, Outcome, Reach, Status
from scimrunbook.history import iso, when
from scimrunbook.pending import pending
from scimrunbook.snapshot import Snapshot

S = "connection"
OFF = Cause.INTEGRATION_NOT_ENABLED
# What keeps a disabled job off for good: four weeks of quarantine (Microsoft Learn: quarantine status).
QUARANTINE_DAYS = 28


def undelivered(snapshot: Snapshot, *needs: str) -> tuple[str, ...]:
    """Keys of people with something to deliver (``needs`` of ``pending``; all of them where none is named)."""
    table = pending(snapshot)
    return keys(table[table["need"].isin(needs or ("create", "reactivate", "update", "deactivate"))]["person_key"])


def changed_at(snapshot: Snapshot, *what: str, mentions: str = "") -> Any:
    """When an admin last made such a change, where the log tells."""
    table = snapshot["config_changes"]
    table = table[table["what"].isin(what)]
    if mentions:
        table = table[table["detail"].fillna("").str.contains(mentions, case=False, regex=True)]
    return table["at"].max()


def changes_table(snapshot: Snapshot, *what: str) -> Evidence:
    table = snapshot["config_changes"]
    table = table[table["what"].isin(what)].sort_values("at", ascending=False, kind="stable")
    return Evidence.of("Changes of the settings, the latest first", table[["at", "what", "actor", "detail"]])


@check(
    "connection.app_is_active",
    "The application exists and is active",
    section=S,
    source="Okta Management API: Application.status; Microsoft Graph: servicePrincipal",
    needs={"okta": (("okta.app",),), "entra": (("entra.service_principal",),)},
    causes=(OFF,),
    reach=Reach.TENANT,
)
def app_is_active(snapshot: Snapshot) -> Outcome:
    status = (snapshot.facts.app.status or "").upper()
    if not status:
        return Outcome(Status.SKIPPED, "The application's status was not told.")
    if status in ("ACTIVE", "ENABLED"):
        return Outcome(Status.PASS, f"{app_name(snapshot)} is active.")
    if snapshot.provider == "entra":
        # sign-in is off; whether the job runs is judged from the job
        return Outcome(
            Status.WARN,
            f"{app_name(snapshot)} is disabled for sign-in (status {status}).",
            "Enabled for users to sign in: Yes.",
            actions=(Action(screen(snapshot, "Properties"), "Set 'Enabled for users to sign-in?' to Yes and save."),),
            causes=(),
        )
    at = changed_at(snapshot, "app_deactivated")
    hit = undelivered(snapshot)
    return Outcome(
        Status.FAIL,
        f"{app_name(snapshot)} is {status}: Okta provisions nobody through it"
        + (f" since {when(at)}." if pd.notna(at) else "."),
        "Status ACTIVE.",
        (changes_table(snapshot, "app_activated", "app_deactivated"),),
        hit,
        (
            Action(screen(snapshot), "Open the status menu beside the name and choose Activate."),
            push_again(snapshot),
        ),
        since=iso(at),
    )


@check(
    "connection.provisioning_is_on",
    "Provisioning is on: not paused, not disabled, not unconfigured",
    section=S,
    source="Okta Management API: Application.features; Microsoft Graph: synchronizationJob",
    causes=(OFF,),
    reach=Reach.TENANT,
    blocked_by=("connection.app_is_active",),
)
def provisioning_is_on(snapshot: Snapshot) -> Outcome:
    if snapshot.provider == "okta":
        features = snapshot.facts.app.features
        if features is None:
            return _ask_okta(snapshot)
        on = [t.label for t in guide.OKTA_TOGGLES if t.feature in features]
        if on:
            return Outcome(Status.PASS, f"Provisioning to the app is on ({listed(on)}).")
        return _okta_off(snapshot)
    if not snapshot.read("entra.job"):
        return Outcome(
            Status.MANUAL,
            "The provisioning job was not read.",
            manual=Manual(
                "Is the provisioning status On and neither paused nor in quarantine?",
                screen(snapshot, "Provisioning", "Overview"),
            ),
            actions=(Action(screen(snapshot, "Provisioning", "Overview"), "Press Start provisioning."),),
        )
    return _entra_job(snapshot)


def _ask_okta(snapshot: Snapshot) -> Outcome:
    return Outcome(
        Status.MANUAL,
        "The application's features were not read.",
        manual=Manual(
            "Does Provisioning > Integration show 'Enable API integration' ticked, and To App all three actions on?",
            screen(snapshot, "Provisioning", "Integration"),
        ),
        actions=(Action(screen(snapshot, "Provisioning", "Integration"), "Tick Enable API integration and save."),),
    )


def _okta_off(snapshot: Snapshot) -> Outcome:
    events = snapshot["events"]
    worked = events[(events["status"] == "success") & events["action"].isin(("create", "update", "deactivate"))]
    at = changed_at(snapshot, "app_settings", "provisioning_stopped")
    was = f"It worked until {when(worked['at'].max())}" if len(worked) else "No push was ever recorded"
    since = at if pd.notna(at) and (worked.empty or at >= worked["at"].max()) else worked["at"].max()
    hit = undelivered(snapshot)
    return Outcome(
        Status.FAIL,
        f"Provisioning of {app_name(snapshot)} is off: none of Create Users, Update User Attributes and Deactivate "
        f"Users is switched on. {was}; {people(len(hit))} known to wait.",
        "API integration enabled, and all three actions on.",
        (changes_table(snapshot, "app_settings"), table_of(snapshot, "Nothing is sent for them", hit)),
        hit,
        (
            Action(
                screen(snapshot, "Provisioning", "Integration", "Edit"),
                "Tick Enable API integration, press Test API Credentials, save.",
            ),
            Action(
                screen(snapshot, "Provisioning", "To App", "Edit"),
                "Tick Enable for Create Users, Update User Attributes and Deactivate Users, save.",
            ),
            Action(
                screen(snapshot, "Assignments"),
                "Press Provision User (or the red exclamation mark of each person) for everybody assigned meanwhile.",
                "Okta never catches up by itself with people assigned while provisioning was off; leavers of that time "
                "have to be reassigned and removed again.",
            ),
        ),
        since=iso(since),
    )


def the_job(snapshot: Snapshot) -> pd.Series[Any]:
    """The job that provisions Catalog: a SCIM template before any other, then the one that ran last."""
    jobs = snapshot["jobs"]
    scim = jobs["template"].fillna(jobs["job_id"]).fillna("").str.casefold().str.startswith(("scim", "customappsso"))
    order = jobs.assign(scim=scim).sort_values(["scim", "last_began_at"], kind="stable", na_position="first")
    return order.iloc[-1]


def _entra_job(snapshot: Snapshot) -> Outcome:
    overview = screen(snapshot, "Provisioning", "Overview")
    if snapshot["jobs"].empty:
        return Outcome(
            Status.FAIL,
            f"{app_name(snapshot)} has no provisioning job: provisioning was never configured.",
            "One job, switched on.",
            actions=(
                Action(
                    screen(snapshot, "Provisioning"),
                    "Choose Automatic, enter Tenant URL and Secret Token, press Test connection, save, then Start.",
                ),
            ),
        )
    job = the_job(snapshot)
    state, schedule = str(job["state"]), str(job["schedule_state"])
    off = schedule.casefold() in ("paused", "disabled") or state in ("Paused", "NotConfigured")
    if not off:
        never = " Its first cycle has not finished yet." if state == "NotRun" else ""
        return Outcome(Status.PASS, f"The job is switched on (state {state}, schedule {schedule}).{never}")
    at = changed_at(snapshot, "provisioning_stopped")
    last = job["last_ended_at"] if pd.notna(job["last_ended_at"]) else job["last_success_at"]
    since = at if pd.notna(at) else last
    hit = undelivered(snapshot)
    word = "was never configured" if state == "NotConfigured" else "is switched off"
    long = job["quarantine_since"]
    why = (
        f" It has been in quarantine since {when(long)}; after four weeks Entra disables it." if pd.notna(long) else ""
    )
    shown = pd.DataFrame([job])[["job_id", "state", "schedule_state", "last_began_at", "last_success_at"]]
    return Outcome(
        Status.FAIL,
        f"The provisioning job of {app_name(snapshot)} {word} (state {state}, schedule {schedule}); its last cycle "
        f"ended {when(last)}.{why}",
        "State Active, schedule Active.",
        (Evidence.of("The job", shown), changes_table(snapshot, "provisioning_stopped", "provisioning_started")),
        hit,
        (
            Action(overview, "Press Start provisioning."),
            Action(overview, "Look again after the next cycle, 40 minutes later, or use Provision on demand now."),
        ),
        since=iso(since),
    )


@check(
    "connection.actions_are_enabled",
    "Create, update and deactivate are all enabled",
    section=S,
    source="Okta Management API: Application.features; Microsoft Graph: objectMapping.flowTypes",
    needs={"entra": (("entra.schema",),)},
    causes=(OFF,),
    reach=Reach.TENANT,
    blocked_by=("connection.app_is_active", "connection.provisioning_is_on"),
)
def actions_are_enabled(snapshot: Snapshot) -> Outcome:
    if snapshot.provider == "entra":
        return _flow_types(snapshot)
    features = snapshot.facts.app.features
    if features is None:
        return _ask_okta(snapshot)
    off = [t for t in guide.OKTA_TOGGLES if t.feature not in features]
    if not off:
        return Outcome(Status.PASS, "Create Users, Update User Attributes and Deactivate Users are on.")
    labels = listed([t.label for t in off])
    needs = {"create": ("create", "reactivate"), "update": ("update",), "deactivate": ("deactivate",)}
    hit = undelivered(snapshot, *(n for t in off for n in needs.get(t.action, ())))
    at = changed_at(snapshot, "app_settings", mentions="createUsers|updateUserAttributes|deactivateUsers")
    after = {
        "create": Action(
            screen(snapshot, "Assignments"),
            "Press Provision User for the people who were assigned meanwhile.",
            "Okta does not create them later by itself.",
        ),
        "update": Action(screen(snapshot, "Provisioning", "To App", "Force Sync"), "Press Force Sync."),
        "deactivate": Action(
            screen(snapshot, "Assignments"),
            "Assign the leavers once more and remove them again, or deactivate their accounts in Catalog.",
            "Okta does not replay deactivations it did not send.",
        ),
    }
    return Outcome(
        Status.FAIL,
        f"{labels} {'is' if len(off) == 1 else 'are'} switched off in {app_name(snapshot)}; "
        f"{people(len(hit))} known to be concerned.",
        "Create Users, Update User Attributes and Deactivate Users are all on.",
        (changes_table(snapshot, "app_settings"), table_of(snapshot, "Not sent", hit)),
        hit,
        (
            Action(screen(snapshot, "Provisioning", "To App", "Edit"), f"Tick Enable for {labels}, save."),
            *(after[t.action] for t in off if t.action in after),
        ),
        since=iso(at),
    )


def _flow_types(snapshot: Snapshot) -> Outcome:
    mappings = [m for m in snapshot.facts.app.object_mappings if m.get("object") == "user"]
    where = screen(snapshot, "Provisioning", "Attribute mapping", "Provision Microsoft Entra ID Users")
    if not mappings:
        return Outcome(Status.SKIPPED, "The schema that was read holds no mapping of users.")
    flows = {str(f).casefold() for m in mappings for f in m.get("flow_types") or ()}
    if any(m.get("enabled") is False for m in mappings):
        return Outcome(
            Status.FAIL,
            "The mapping of users is switched off: nobody is provisioned.",
            "Enabled: Yes, with Create, Update and Delete.",
            affected=undelivered(snapshot),
            actions=(Action(where, "Set Enabled to Yes and save; saving restarts provisioning."),),
        )
    needs = {"add": ("Create", "create"), "update": ("Update", "update"), "delete": ("Delete", "deactivate")}
    off = [n for n in needs if flows and n not in flows]
    skips = snapshot.facts.app.skip_out_of_scope_deletions is True
    if not off and not skips:
        return Outcome(Status.PASS, "Create, Update and Delete are ticked, and who leaves the scope is disabled.")
    hit = undelivered(snapshot, *(needs[n][1] for n in off), *(("deactivate",) if skips else ()))
    said = [f"{listed([needs[n][0] for n in off])} not ticked among the target object actions"] * bool(off)
    said += ["SkipOutOfScopeDeletions is True, so nobody who leaves the scope is disabled"] * skips
    actions = []
    if off:
        actions.append(Action(where, f"Tick {listed([needs[n][0] for n in off])} under Target object actions, save."))
    if skips:
        actions.append(
            Action(
                "Graph Explorer > servicePrincipals > synchronization > secrets",
                "Set SkipOutOfScopeDeletions to False, as an administrator who knows why it was set.",
            )
        )
    grave = bool(off) or bool(hit)
    return Outcome(
        Status.FAIL if grave else Status.WARN,
        f"{listed(said)}.",
        "Create, Update and Delete are ticked; SkipOutOfScopeDeletions is not True.",
        affected=hit,
        actions=tuple(actions),
    )


@check(
    "connection.not_quarantined",
    "The provisioning job is not in quarantine",
    section=S,
    providers=("entra",),
    source="Microsoft Graph: synchronizationQuarantine; Microsoft Learn: quarantine status",
    needs={"entra": (("entra.job",),)},
    causes=(OFF,),
    reach=Reach.TENANT,
    blocked_by=("connection.provisioning_is_on",),
)
def not_quarantined(snapshot: Snapshot) -> Outcome:
    if snapshot["jobs"].empty:
        return Outcome(Status.SKIPPED, "There is no job that could be in quarantine.")
    job = the_job(snapshot)
    if job["state"] != "Quarantine":
        return Outcome(Status.PASS, f"The job is not in quarantine (state {job['state']}).")
    known = guide.QUARANTINE_REASONS.get(str(job["quarantine_reason"]))
    since = job["quarantine_since"]
    ends = f" Entra disables it on {when(since + pd.Timedelta(days=QUARANTINE_DAYS))}." if pd.notna(since) else ""
    next_at = f" It tries again {when(job['quarantine_next_at'])}." if pd.notna(job["quarantine_next_at"]) else ""
    error = job["quarantine_error_message"]
    said = f" Entra says: {error}" if pd.notna(error) else ""
    columns = ["quarantine_reason", "quarantine_since", "quarantine_next_at", "quarantine_error_code"]
    deletes = str(job["quarantine_reason"]) == "TooManyDeletes"
    settle = (
        Action(screen(snapshot, "Provisioning", "Overview"), "Repair what removed so many people, then restart.")
        if deletes
        else Action(
            screen(snapshot, "Provisioning", "Admin Credentials"),
            "Press Test connection, mend what it reports, then press Restart provisioning on the Overview.",
        )
    )
    return Outcome(
        Status.FAIL,
        f"The job has been in quarantine since {when(since)}"
        f" ({known.meaning.rstrip('.') if known else job['quarantine_reason']}).{said}{next_at}{ends}",
        "State Active.",
        (Evidence.of("The quarantine", pd.DataFrame([job])[columns]),),
        undelivered(snapshot),
        (settle,),
        since=iso(since),
        causes=known.causes if known and known.causes else None,
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
    network = probes[probes["failure"].isin(("dns", "refused", "tls", "certificate", "timeout", "reset"))]
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


def answered(snapshot: Snapshot) -> pd.DataFrame:
    """Probe rows that got an HTTP answer."""
    probes = snapshot["probes"]
    return probes[probes["http_status"].notna()]


def failing(snapshot: Snapshot) -> pd.Series[Any]:
    return ~yes(snapshot["probes"]["ok"])
