"""Reads Microsoft Entra ID live through Graph v1.0: GET only, bounded, every refusal named with what it needs.

The service principal's object id leads to everything else (entra.md section 9). Secrets of the job are never read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from scimrunbook.guide import HOW_TO_GET
from scimrunbook.incident import Incident
from scimrunbook.sources import entra_directory as directory
from scimrunbook.sources import entra_job, entra_log
from scimrunbook.sources.entra_facts import job_facts, of_job, principal_facts, schema_facts
from scimrunbook.sources.fields import obj, span, text
from scimrunbook.sources.graph import PERMISSIONS, Graph, Listed, RefusedError, literal, segment
from scimrunbook.sources.http import Reader
from scimrunbook.sources.parts import Parts, Progress

USER_PAGES = 60  # of 999: a larger directory is read in part, the people who matter one by one
MOST_ASKED = 2000  # people asked for one by one, and groups whose members are read
FRESH = timedelta(hours=1)  # how long an object may be too new for every replica of the directory to show it
LATE = (2.0, 4.0)  # seconds before such an object is asked for again
MOST_LATE = 3  # objects that are waited for
_FOR_ALL = (None, 401, 429)  # no answer, or one that any other request would get as well
NESTING = 3  # levels of nested groups whose members are read, to say who relies on them
_USER = (
    "id,userPrincipalName,displayName,givenName,surname,mail,mailNickname,otherMails,proxyAddresses,"
    "accountEnabled,userType,createdDateTime"
)
_GROUP = "id,displayName,groupTypes,securityEnabled,mailEnabled,membershipRule"


def read(
    reader: Reader,
    incident: Incident,
    parts: Parts,
    progress: Progress,
    *,
    since: datetime,
    until: datetime,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Fills ``parts`` from the tenant. ``since`` and ``until`` bound the logs. Never raises for Graph's answers."""
    _Entra(Graph(reader), incident, parts, progress, sleep, lambda: reader.date or datetime.now(UTC)).read(since, until)


class _Entra:
    def __init__(
        self,
        graph: Graph,
        incident: Incident,
        parts: Parts,
        progress: Progress,
        sleep: Callable[[float], None],
        now: Callable[[], datetime],
    ) -> None:
        self.graph, self.incident, self.parts, self.progress = graph, incident, parts, progress
        self.sleep, self.now = sleep, now
        self.late = 0  # objects that were waited for
        self.principal: dict[str, Any] = {}  # keys in lower case
        self.groups: dict[str, dict[str, Any]] = {}  # group key → row of groups, of what was met
        self.members: set[str] = set()  # people met as members

    def read(self, since: datetime, until: datetime) -> None:
        self.step("entra.service_principal", "/servicePrincipals/{id}", self.app)
        key = text(self.principal.get("id"))
        if key is None:
            self.nothing_else()
            return
        at = f"/servicePrincipals/{segment(key)}"
        self.step("entra.job", "/servicePrincipals/{id}/synchronization/jobs", lambda: self.jobs(at))
        self.step("entra.schema", "…/synchronization/jobs/{id}/schema", lambda: self.schema(at))
        self.step("entra.assignments", "/servicePrincipals/{id}/appRoleAssignedTo", lambda: self.assignments(at))
        self.step("entra.provisioning_log", "/auditLogs/provisioning", lambda: self.log(key, since, until))
        self.step("entra.directory_audits", "/auditLogs/directoryAudits", lambda: self.audits(key, since, until))
        self.step("entra.groups", "/groups/{id}", self.assigned_groups)
        self.step("entra.members", "/groups/{id}/members", self.all_members)
        self.step("entra.users", "/users", self.users)

    def nothing_else(self) -> None:
        """Everything else hangs on the service principal."""
        told = self.parts.rows["coverage"][-1]
        for what in PERMISSIONS:
            if what != "entra.service_principal":
                refused = "not asked for: the service principal could not be read"
                self.parts.cover(
                    what, source="live", name="/v1.0", complete=False, refused=refused, get_it=told["get_it"]
                )

    # -- frame ----------------------------------------------------------------------------

    def step(self, what: str, name: str, work: Callable[[], dict[str, Any]]) -> None:
        """One kind of read: a coverage row whether it worked or not."""
        self.progress(HOW_TO_GET[what].title, 0)
        known: dict[str, Any]
        try:
            known = {"complete": True, **work()}
        except RefusedError as refused:
            known = {"complete": False, "refused": refused.why, "get_it": refused.remedy or HOW_TO_GET[what].live}
        self.parts.cover(what, source="live", name=f"/v1.0{name}" if name.startswith("/") else name, **known)

    def pages(self, what: str, path: str, params: dict[str, Any] | None = None, **bounds: Any) -> Listed:
        title = HOW_TO_GET[what].title
        return self.graph.pages(what, path, params, told=lambda n: self.progress(title, n), **bounds)

    def rows(self, table: str, listed: Listed, row: Callable[[Any], dict[str, Any] | None]) -> dict[str, Any]:
        rows = [r for r in map(row, listed.items) if r is not None]
        self.parts.add(table, rows)
        bad = len(listed.items) - len(rows)
        known: dict[str, Any] = {"rows": len(rows), "unreadable": bad, "complete": listed.complete and not bad}
        if listed.broke:
            known["note"] = listed.broke
        if rows and "at" in rows[0]:
            known["first_at"], known["last_at"] = span(r["at"] for r in rows)
        return known

    def fresh(self, key: str) -> bool:
        """Whether an assignment of it is so new that the directory may not show it everywhere yet."""
        rows = self.parts.rows["assignments"]
        newest = max((r["at"] for r in rows if r.get("target_key") == key and r.get("at")), default=None)
        return newest is not None and self.now() - newest < FRESH

    def awaited(self, what: str, path: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """An object that ought to be there: not found, it is asked for again after seconds, for a few objects only."""
        waits = LATE if self.late < MOST_LATE else ()
        for number, wait in enumerate((*waits, None)):
            try:
                return self.graph.get(what, path, params)
            except RefusedError as refused:
                if refused.status != 404 or wait is None:
                    raise
            self.late += number == 0
            self.sleep(wait)
        raise AssertionError

    # -- the application ------------------------------------------------------------------

    def app(self) -> dict[str, Any]:
        what = "entra.service_principal"
        wanted = self.incident.entra.service_principal_id if self.incident.entra else None
        if wanted is None:
            raise RefusedError(
                "the incident does not name the application",
                "Write the object id of the enterprise application under entra.service_principal_id.",
            )
        found: list[Any] = []
        try:
            found = [self.graph.get(what, f"/servicePrincipals/{segment(wanted)}")]
        except RefusedError as refused:
            if refused.status not in (400, 404):
                raise
            found = self.pages(what, "/servicePrincipals", {"$filter": f"appId eq {literal(wanted)}"}).items
            if not found and refused.status == 404:  # awaited asks at once, and again
                found = self.perhaps_new(what, wanted)
        principal, remark = directory.about(found, wanted)
        if principal is None:
            raise RefusedError(
                f"the tenant has no service principal with the object id {wanted}, and none with that application id",
                "Enterprise applications > the Catalog app > Properties > Object ID; check entra.tenant_id as well. If "
                "it was made within the last hour, it may not be visible everywhere yet: run again later.",
            )
        self.principal = principal
        principal_facts(self.parts.facts, principal)
        return {"rows": 1, "note": remark}

    def perhaps_new(self, what: str, wanted: str) -> list[Any]:
        try:
            return [self.awaited(what, f"/servicePrincipals/{segment(wanted)}")]
        except RefusedError as refused:
            if refused.status != 404:
                raise
            return []

    def jobs(self, at: str) -> dict[str, Any]:
        listed = self.pages("entra.job", f"{at}/synchronization/jobs")
        listed.items = of_job(listed.items, self.incident.entra.job_id if self.incident.entra else None)
        self.job_ids = _usual_first(listed.items)
        job_facts(self.parts.facts, [obj(i) for i in listed.items])
        known = self.rows("jobs", listed, entra_job.job)
        if not listed.items:
            known["note"] = "No job: provisioning was never set up for this application."
        elif len(self.job_ids) > 1:
            known["note"] = f"{len(self.job_ids)} jobs; the mapping is read of {self.job_ids[0]}."
        return known

    job_ids: tuple[str, ...] | None = None  # None: they could not be read

    def schema(self, at: str) -> dict[str, Any]:
        if self.job_ids is None:
            told = self.parts.rows["coverage"][-1]
            raise RefusedError(f"not asked for: the jobs could not be read ({told['refused']})", told["get_it"])
        if not self.job_ids:
            raise RefusedError("there is no provisioning job that could have a mapping")
        document = self.graph.get("entra.schema", f"{at}/synchronization/jobs/{segment(self.job_ids[0])}/schema")
        found = entra_job.object_mappings(document)
        read = [entra_job.mappings(m) for m in found]
        bad = sum(n for _, n in read)
        schema_facts(self.parts.facts, found)
        return {"rows": sum(self.parts.add("mappings", r) for r, _ in read), "unreadable": bad, "complete": not bad}

    def assignments(self, at: str) -> dict[str, Any]:
        listed = self.pages("entra.assignments", f"{at}/appRoleAssignedTo", {"$top": 999})
        names = directory.roles(self.principal)
        return self.rows("assignments", listed, lambda r: directory.assignment(r, names))

    # -- logs -----------------------------------------------------------------------------

    def log(self, key: str, since: datetime, until: datetime) -> dict[str, Any]:
        # Strict comparisons and no order: what Graph takes here without surprises (entra.md section 2).
        where = (
            f"servicePrincipal/id eq {literal(key)} and activityDateTime gt {_stamp(since)} "
            f"and activityDateTime lt {_stamp(until)}"
        )
        listed = self.pages("entra.provisioning_log", "/auditLogs/provisioning", {"$filter": where, "$top": 1000})
        return self.rows("events", _once(listed), entra_log.event)

    def audits(self, key: str, since: datetime, until: datetime) -> dict[str, Any]:
        where = f"activityDateTime ge {_stamp(since)} and activityDateTime le {_stamp(until)}"
        where += " and category eq 'ProvisioningManagement'"
        listed = self.pages("entra.directory_audits", "/auditLogs/directoryAudits", {"$filter": where, "$top": 1000})
        ours = [i for i in _once(listed).items if directory.concerns(i, key)]
        return self.rows("config_changes", Listed(ours, listed.complete, listed.broke), directory.config_change)

    # -- directory ------------------------------------------------------------------------

    def assigned_groups(self) -> dict[str, Any]:
        """The assigned groups one by one: nobody needs all groups of a company for this."""
        keys = self.assigned("group")[:MOST_ASKED]
        unseen = 0
        for key in keys:
            new = self.fresh(key)
            try:
                get = self.awaited if new else self.graph.get
                row = directory.group(get("entra.groups", f"/groups/{segment(key)}", {"$select": _GROUP}))
            except RefusedError as refused:
                if refused.status != 404:
                    raise
                unseen += new
                continue  # deleted since; its assignment stays for a while
            if row:
                self.groups[key] = row
        self.parts.add("groups", self.groups.values())
        complete = len(self.assigned("group")) <= MOST_ASKED and not unseen
        return {"rows": len(self.groups), "complete": complete, "note": _not_yet(unseen, "assigned groups")}

    def all_members(self) -> dict[str, Any]:
        """Members of the assigned groups, and of groups nested in them: Entra provisions direct members only."""
        done: set[str] = set()
        level, total, bad, complete = self.assigned("group"), 0, 0, True
        refusals: list[RefusedError] = []
        for _ in range(NESTING):
            nested: list[str] = []
            for key in level:
                if key in done or len(done) >= MOST_ASKED:
                    complete = complete and key in done
                    continue
                done.add(key)
                try:
                    listed = self.group_members(key)
                except RefusedError as refused:  # one group that may not be read (hidden members) costs no other
                    refusals.append(refused)
                    if refused.status in _FOR_ALL:
                        nested.clear()
                        break
                    continue
                rows = [r for r in (directory.membership(key, m) for m in listed.items) if r]
                total += self.parts.add("memberships", rows)
                bad += len(listed.items) - len(rows)
                complete = complete and listed.complete
                self.members |= {r["member_key"] for r in rows if r["member_type"] == "user"}
                inner = [m for m in listed.items if directory.member_type(m) == "group"]
                self.parts.add("groups", [g for g in map(directory.group, inner) if g])
                nested += [r["member_key"] for r in rows if r["member_type"] == "group"]
            level = nested
        if refusals and len(refusals) == len(done):
            raise refusals[0]
        note = f"Members of {len(refusals)} groups could not be read: {refusals[0].why}." if refusals else None
        if refusals and refusals[-1].status in _FOR_ALL:
            note = f"Reading broke off after {len(done)} groups: {refusals[-1].why}."
        return {"rows": total, "unreadable": bad, "complete": complete and not (bad or refusals), "note": note}

    def group_members(self, key: str) -> Listed:
        try:
            return self.pages("entra.members", f"/groups/{segment(key)}/members", {"$top": 999})
        except RefusedError as refused:
            if refused.status != 404:
                raise
            return Listed()  # deleted since

    def users(self) -> dict[str, Any]:
        """The whole directory up to a bound; beyond it whoever matters: assigned, members, in the log, named."""
        what = "entra.users"
        listed = self.pages(what, "/users", {"$select": _USER, "$top": 999}, most=USER_PAGES)
        if listed.complete:
            unseen = self.newcomers(listed)
            known = self.rows("people", listed, directory.person)
            return {**known, "complete": known["complete"] and not unseen, "note": _not_yet(unseen, "assigned people")}
        said = listed.broke or f"The directory is larger than {USER_PAGES} pages; people concerned were read singly."
        met = {text(obj(i).get("id")) for i in listed.items}
        wanted = {*self.assigned("user"), *self.members, *self.in_log(), *self.incident.people} - met
        for key in sorted(k for k in wanted if k)[:MOST_ASKED] if not listed.broke else ():
            try:
                listed.items.append(self.graph.get(what, f"/users/{segment(key)}", {"$select": _USER}))
            except RefusedError as refused:
                if refused.status not in (400, 404):
                    said = f"{said} That broke off: {refused.why}."
                    break
        return {**self.rows("people", listed, directory.person), "note": said}

    def newcomers(self, listed: Listed) -> int:
        """Asks singly for people who were assigned just now and are not in the list yet; how many stay unseen."""
        met = {text(obj(i).get("id")) for i in listed.items}
        unseen = 0
        for key in [k for k in self.assigned("user") if k not in met and self.fresh(k)]:
            try:
                listed.items.append(self.awaited("entra.users", f"/users/{segment(key)}", {"$select": _USER}))
            except RefusedError as refused:
                if refused.status != 404:
                    raise
                unseen += 1
        return unseen

    def assigned(self, kind: str) -> list[str]:
        rows = self.parts.rows["assignments"]
        return list(
            dict.fromkeys(r["target_key"] for r in rows if r.get("target_type") == kind and r.get("target_key"))
        )

    def in_log(self) -> Iterable[str]:
        return {r["person_key"] for r in self.parts.rows["events"] if r.get("person_key")} | self.parts.met


def _not_yet(unseen: int, what: str) -> str | None:
    if not unseen:
        return None
    return f"{unseen} {what} are too new to be seen in the directory everywhere: run again in some minutes."


def _usual_first(jobs: list[Any]) -> tuple[str, ...]:
    """Ids of jobs: those of a SCIM application first (``scim``, once ``customappsso``), active before others."""

    def rank(job: dict[str, Any]) -> tuple[bool, bool]:
        template = (text(job.get("templateid")) or text(job.get("id")) or "").lower()
        return not template.startswith(("scim", "customappsso")), obj(job.get("status")).get("code") != "Active"

    known = sorted((obj(j) for j in jobs if isinstance(j, dict)), key=rank)
    return tuple(i for i in (text(j.get("id")) for j in known) if i)


def _once(listed: Listed) -> Listed:
    """Pages of a growing log may overlap: a row read twice counts once."""
    seen: set[str] = set()
    kept = []
    for item in listed.items:
        key = text(obj(item).get("id"))
        if key is None or key not in seen:
            kept.append(item)
            seen |= {key} if key else set()
    return Listed(kept, listed.complete, listed.broke)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
