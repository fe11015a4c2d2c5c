"""02 Connection: the application is active, provisioning is on in all its parts, the endpoint answers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook import guide
from scimrunbook.checks import check
from scimrunbook.checks._needs import how_to_get
from scimrunbook.checks._provisioning import (
    changed_at,
    changes_table,
    flows_are_on,
    job_is_on,
    the_job,
    undelivered,
)
from scimrunbook.checks._words import app_name, ask_catalog, listed, people, push_again, screen, table_of
from scimrunbook.errors import told_status
from scimrunbook.findings import Action, Cause, Evidence, Manual, Outcome, Reach, Status
from scimrunbook.history import iso, refusals, right_address, when
from scimrunbook.snapshot import Snapshot

S = "connection"
OFF = Cause.INTEGRATION_NOT_ENABLED
STAGED = "StagedDelete"
# What keeps a disabled job off for good: four weeks of quarantine (Microsoft Learn: quarantine status).
QUARANTINE_DAYS = 28


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
    return job_is_on(snapshot)


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
        return flows_are_on(snapshot)
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


@check(
    "connection.not_quarantined",
    "The provisioning job is not in quarantine",
    section=S,
    providers=("entra",),
    source="Microsoft Graph: synchronizationQuarantine; Microsoft Learn: quarantine status, accidental deletions",
    needs={"entra": (("entra.job",), ("entra.provisioning_log",))},
    causes=(OFF,),
    reach=Reach.TENANT,
    blocked_by=("connection.provisioning_is_on",),
)
def not_quarantined(snapshot: Snapshot) -> Outcome:
    if not snapshot.read("entra.job"):
        return _held_back(snapshot)
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
    log = refusals(snapshot)
    if log.renewed is not None and not deletes:
        return Outcome(
            Status.FAIL,
            f"The credentials were entered anew {when(log.renewed)}, but the job is still in quarantine (since "
            f"{when(since)}), where Entra tries once a day.{next_at}{ends}",
            "State Active.",
            (Evidence.of("The quarantine", pd.DataFrame([job])[columns]),),
            undelivered(snapshot),
            (_restart(snapshot),),
            since=iso(since),
            causes=(Cause.SYNC_SCHEDULE,),
        )
    if not deletes and (log.fickle or _endpoint_at_fault(snapshot, job)):
        return Outcome(
            Status.FAIL,
            f"Catalog's endpoint does not answer as it should, so Entra has put the job into quarantine since "
            f"{when(since)}.{said}{next_at}{ends}",
            "State Active.",
            (Evidence.of("The quarantine", pd.DataFrame([job])[columns]),),
            undelivered(snapshot),
            (ask_catalog("Report this answer and its time; nothing in the provider mends it."), _restart(snapshot)),
            since=iso(since),
            causes=(Cause.CATALOG_SIDE,),
        )
    settle = (
        _settle(snapshot)
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


def _held_back(snapshot: Snapshot) -> Outcome:
    """What the log alone tells of a quarantine: a staged deletion as somebody's last operation (accidental deletions).

    That nobody was held back does not tell that the job is in no quarantine for another reason.
    """
    events = snapshot["events"]
    last = (
        events[events["person_key"].notna()].sort_values("at", kind="stable").drop_duplicates("person_key", keep="last")
    )
    held = last[last["event_type"].eq(STAGED)]
    if held.empty:
        return Outcome(Status.SKIPPED, needs=how_to_get(snapshot, "entra.job"))
    since = held["at"].min()
    return Outcome(
        Status.FAIL,
        f"Entra holds back the deactivation of {people(len(held))} since {when(since)}: they stand in the log as "
        "StagedDelete. 'Prevent accidental deletion' stops the whole job until somebody decides.",
        "No deactivation held back.",
        (Evidence.of("Held back", held[["at", "name", "event_type", "status"]]),),
        tuple(dict.fromkeys((*undelivered(snapshot), *held["person_key"].astype(str)))),
        (_settle(snapshot),),
        since=iso(since),
        causes=(Cause.ASSIGNMENT_SCOPE,),
    )


def _settle(snapshot: Snapshot) -> Action:
    return Action(
        screen(snapshot, "Users and groups"),
        "Find out who removed people or a group here, and whether they should lose Catalog. If not: put them back "
        "and press Restart provisioning. If so: choose Allow deletes on the Provisioning overview.",
        "Entra stopped everything because one cycle would have disabled more people than you allow.",
    )


def _restart(snapshot: Snapshot) -> Action:
    return Action(
        screen(snapshot, "Provisioning", "Overview"),
        "Press Test connection under Admin Credentials; when it succeeds, press Restart provisioning here.",
        "Restarting ends the quarantine and tries at once what failed.",
    )


def _endpoint_at_fault(snapshot: Snapshot, job: pd.Series[Any]) -> bool:
    """Whether the quarantine's error names an answer that a wrong token cannot bring about, at the right address."""
    error = job["quarantine_error_message"]
    status = told_status(str(error)) if pd.notna(error) else None
    broken = status is not None and (status >= 500 or status == 429 or status < 300)
    return broken and right_address(snapshot)


from scimrunbook.checks import _endpoint  # noqa: E402, F401 - registers the section's probe checks after its own
