"""Reads Okta live through its Management API: GET only, bounded, every refusal named with what it needs.

One step per kind of record, one row of ``coverage`` per step. What is refused is said and reading goes on; what broke
off midway keeps the rows that came and is not complete. Facts: Okta Management API and System Log API (paging by Link
header, bounded log queries).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from scimrunbook.guide import HOW_TO_GET, OKTA_APP_NAME
from scimrunbook.incident import Incident
from scimrunbook.snapshot import AppFacts
from scimrunbook.sources import okta_directory as directory
from scimrunbook.sources import okta_log
from scimrunbook.sources.fields import obj, text
from scimrunbook.sources.http import Reader, ReadFailure
from scimrunbook.sources.okta_changes import merged
from scimrunbook.sources.okta_people import read_people
from scimrunbook.sources.okta_reads import Org, RefusedError, Tally, one
from scimrunbook.sources.parts import Parts, Progress
from scimrunbook.sources.window import log_window

KEPT = timedelta(days=90)  # the System Log returns nothing older
MAX_LOG_PAGES = 300  # of 1000 events, for each of the queries
# What the directory did is asked for by type: these events name no application (System Log API: one filter each, since
# ``target.id eq`` of the application finds none of them).
_DIRECTORY_EVENTS = (
    'eventType sw "user.lifecycle."',
    'eventType eq "user.account.update_profile"',
    'eventType sw "group.user_membership."',
    'eventType eq "directory.mapping.update"',
)


def read(
    reader: Reader,
    incident: Incident,
    parts: Parts,
    progress: Progress,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> None:
    """Fills ``parts`` from the org. ``since`` and ``until`` bound the System Log (default: ``log_window`` by the org's
    clock). Never raises for what the org answers.
    """
    _Okta(Org(reader, parts, progress), incident).read(since, until)


class _Okta:
    def __init__(self, org: Org, incident: Incident) -> None:
        self.org, self.incident, self.parts = org, incident, org.parts
        self.app_id = incident.okta.app_id if incident.okta else None

    def read(self, since: datetime | None, until: datetime | None) -> None:
        step = self.org.step
        step("okta.app", "/apps/{id}", self.app)
        step("okta.app_users", "/apps/{id}/users", self.of_app("users?limit=500&expand=user", directory.app_user))
        step("okta.app_groups", "/apps/{id}/groups", self.of_app("groups?limit=200&expand=group", directory.app_group))
        pushes = self.of_app("group-push/mappings?limit=1000", one("assignments", directory.push))
        step("okta.push_mappings", "/apps/{id}/group-push/mappings", pushes)
        step("okta.mappings", "/mappings/{id}", self.mappings)
        step("okta.users", "/users", lambda tally: read_people(self.org, self.incident, tally))
        step("okta.groups", "/groups", self.list_of("/api/v1/groups?limit=200", one("groups", directory.group)))
        step("okta.members", "/groups/{id}/users", self.members)
        step("okta.system_log", "/logs", lambda tally: self.log(tally, since, until))

    # -- the application ---------------------------------------------------------------------

    @property
    def app_path(self) -> str:
        if self.app_id is None:
            raise RefusedError("not read: which application provisions Catalog is not known", "Name it: okta.app_id.")
        return f"/api/v1/apps/{quote(self.app_id, safe='')}"

    def of_app(self, rest: str, read: Callable[[Any], dict[str, Any] | None]) -> Callable[[Tally], None]:
        return lambda tally: self.org.rows(f"{self.app_path}/{rest}", read, tally)

    def list_of(self, path: str, read: Callable[[Any], dict[str, Any] | None]) -> Callable[[Tally], None]:
        return lambda tally: self.org.rows(path, read, tally)

    def app(self, tally: Tally) -> None:
        facts = self.parts.facts.app
        if self.app_id is None:
            record, others = self.search()
            if others:
                tally.say(f"{len(others) + 1} applications could be meant; one was taken. Name it under okta.app_id.")
        else:
            record, others = self.org.get(self.app_path).json(), []
        job = directory.app(record, facts)
        if job is None:
            raise RefusedError("the answer is not an application")
        self.app_id = str(job["job_id"])
        if facts.name != OKTA_APP_NAME and not others:
            others = [r for r in self.quietly(lambda: self.candidates(Tally())) or [] if obj(r).get("id") != facts.id]
        facts.candidates = directory.candidates(others)
        self.beside(job, tally)
        self.parts.add("jobs", [job])
        tally.good += 1

    def candidates(self, tally: Tally) -> list[Any]:
        expression = quote(f'name eq "{OKTA_APP_NAME}"', safe="")
        path = f"/api/v1/apps?limit=200&includeNonDeleted=true&filter={expression}"
        return [r for page in self.org.pages(path, tally) for r in page]

    def search(self) -> tuple[Any, list[Any]]:
        """The application by its kind: an active one that pushes before others. Raises RefusedError where none is."""
        found = self.candidates(Tally())
        if not found:
            raise RefusedError(
                f"the org has no application of the kind {OKTA_APP_NAME}",
                "Name the id of the application that provisions Catalog under okta.app_id.",
            )
        found.sort(key=lambda r: (obj(r).get("status") != "ACTIVE", not obj(r).get("features")))
        return found[0], found[1:]

    def beside(self, job: dict[str, Any], tally: Tally) -> None:
        """What only some applications tell: a SCIM test app answers UNKNOWN here, and 400 for its features."""
        told = obj(self.quietly(lambda: self.org.get(f"{self.app_path}/connections/default").json()))
        status = text(told.get("status"))
        if status == "DISABLED":
            job["schedule_state"] = "Disabled"
        if status in ("ENABLED", "DISABLED"):
            tally.say(f"Provisioning connection: {status}.")
        elif status:
            tally.say("Okta does not tell the connection of this kind of application; its own features count.")
        facts = self.parts.facts.app
        if facts.features is None:
            self.features(facts, tally)

    def features(self, facts: AppFacts, tally: Tally) -> None:
        """The feature USER_PROVISIONING, where the application itself tells no features."""
        answer = self.quietly(lambda: self.org.reader.get(f"{self.app_path}/features/USER_PROVISIONING"))
        told = self.quietly(answer.json) if answer is not None else None
        if answer is not None and answer.status == 200:
            facts.features = directory.capabilities(told)
            return
        refused = directory.features_refused(told)
        if refused == "not_enabled":
            facts.features = []
        if refused:
            tally.say(f"Asked for its features, Okta says that provisioning is {refused.replace('_', ' ')}.")

    @staticmethod
    def quietly(work: Callable[[], Any]) -> Any:
        """What ``work`` gives; None where the org does not tell."""
        try:
            return work()
        except (RefusedError, ReadFailure):
            return None

    # -- mappings, members, log ----------------------------------------------------------------

    def mappings(self, tally: Tally) -> None:
        """The list names the mappings; their rows are read one by one, since list rows omit them."""
        _ = self.app_path  # refused without an application
        ids: dict[str, None] = {}
        for side in ("sourceId", "targetId"):
            path = f"/api/v1/mappings?limit=200&{side}={quote(self.app_id or '', safe='')}"
            for page in self.org.pages(path, tally):
                for r in page:
                    key = text(obj(r).get("id"))
                    if key is None:
                        tally.bad += 1
                    else:
                        ids[key] = None
        for key in ids:
            with tally.part():
                rows = directory.mapping(self.org.get(f"/api/v1/mappings/{quote(key, safe='')}").json())
                self.parts.add("mappings", rows or [])
                tally.good += rows is not None
                tally.bad += rows is None

    def members(self, tally: Tally) -> None:
        """Members of every group that is assigned or pushed."""
        if not self.parts.rows["assignments"]:
            unread = {"okta.app_groups", "okta.push_mappings"} & self.org.refused
            if unread:
                raise RefusedError("not read: which groups are assigned or pushed is not known")
        groups = dict.fromkeys(r["target_key"] for r in self.parts.rows["assignments"] if r["target_type"] == "group")
        if self.org.refused & {"okta.app_groups", "okta.push_mappings"}:
            tally.lack("Not every group is known: assigned or pushed groups could not be read.")
        for number, key in enumerate(groups):
            self.org.progress(HOW_TO_GET["okta.members"].title, number, len(groups))
            with tally.part():
                path = f"/api/v1/groups/{quote(key, safe='')}/users?limit=200"
                self.org.rows(path, partial(directory.member, key), tally)

    def log(self, tally: Tally, since: datetime | None, until: datetime | None) -> None:
        """Bounded on both sides: without ``until`` the log's pages never end. ``since`` itself is exclusive."""
        usual = log_window(self.incident, self.org.reader.date)
        begin, end = since or usual[0], until or usual[1]
        oldest = (self.org.reader.date or end) - KEPT
        if begin < oldest:
            tally.say("Okta keeps its System Log for 90 days: older events cannot be read.")
            begin = oldest
        bounds = f"since={_stamp(begin - timedelta(milliseconds=1))}&until={_stamp(end)}&sortOrder=ASCENDING&limit=1000"
        records: dict[Any, Any] = {}
        filters = ([f'target.id eq "{self.app_id}"'] if self.app_id else []) + list(_DIRECTORY_EVENTS)
        for expression in filters:
            with tally.part():
                path = f"/api/v1/logs?{bounds}&filter={quote(expression, safe='')}"
                for page in self.org.pages(path, tally, most=MAX_LOG_PAGES):
                    for record in page:
                        # one event may answer two filters
                        records[text(obj(record).get("uuid")) or f"nameless {len(records)}"] = record
                    self.org.progress(HOW_TO_GET["okta.system_log"].title, len(records))
        log = okta_log.parse(records.values())
        rows = okta_log.rows(log, self.app_id)
        self.parts.add(
            "events", okta_log.named(rows.events, self.parts.rows["app_accounts"], self.parts.rows["groups"])
        )
        earlier, changes = merged(self.parts.rows["config_changes"], rows.changes)
        self.parts.rows["config_changes"] = [*earlier, *changes]
        tally.good, tally.bad = len(log.entries), log.unreadable
        tally.say(rows.note)
        if self.app_id is None:
            tally.lack("Events of the application are not among them: it is not known.")
        # What was asked for is what was looked at, whether or not something happened in it.
        tally.first_at, tally.last_at = (begin, end) if tally.whole else (log.first_at, log.last_at)


def _stamp(at: datetime) -> str:
    return quote(at.isoformat(timespec="milliseconds").replace("+00:00", "Z"), safe="")
