"""Reads Okta live through its Management API: GET only, bounded, every refusal named with what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from scimrunbook.guide import HOW_TO_GET, OKTA_APP_NAME
from scimrunbook.incident import Incident
from scimrunbook.sources import okta_directory as directory
from scimrunbook.sources import okta_log
from scimrunbook.sources.fields import obj, span, text
from scimrunbook.sources.http import Answer, Reader, ReadFailure
from scimrunbook.sources.parts import Parts, Progress

MAX_PAGES = 5000  # a bound, not an expectation: 5000 pages of 1000 log events
_REASONS = {
    401: "401: the API token is not valid, or has expired after 30 days without use",
    403: "403: the API token may not read this",
    404: "404: there is no such thing in this org",
    429: "429: the org's rate limit did not open again in time",
}


class RefusedError(Exception):
    """A read that was refused or failed; ``why`` is what coverage says."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def read(
    reader: Reader, incident: Incident, parts: Parts, progress: Progress, *, since: datetime, until: datetime
) -> None:
    """Fills ``parts`` from the org. ``since`` and ``until`` bound the System Log. Never raises for its answers."""
    _Okta(reader, incident, parts, progress).read(since, until)


class _Okta:
    def __init__(self, reader: Reader, incident: Incident, parts: Parts, progress: Progress) -> None:
        self.reader, self.incident, self.parts, self.progress = reader, incident, parts, progress
        self.app_id = incident.okta.app_id if incident.okta else None

    def read(self, since: datetime, until: datetime) -> None:
        self.step("okta.app", "/apps/{id}", self.app)
        if self.app_id is None:
            return
        path = f"/api/v1/apps/{quote(self.app_id, safe='')}"
        self.step("okta.app_users", "/apps/{id}/users", lambda: self.rows(
            "okta.app_users", f"{path}/users?limit=500&expand=user", directory.app_user))  # fmt: skip
        self.step("okta.app_groups", "/apps/{id}/groups", lambda: self.rows(
            "okta.app_groups", f"{path}/groups?limit=200&expand=group", directory.app_group))  # fmt: skip
        self.step("okta.push_mappings", "/apps/{id}/group-push/mappings", lambda: self.rows(
            "okta.push_mappings", f"{path}/group-push/mappings?limit=1000", _one("assignments", directory.push)
        ))  # fmt: skip
        self.step("okta.mappings", "/mappings/{id}", self.mappings)
        self.step("okta.users", "/users", lambda: self.rows(
            "okta.users", "/api/v1/users?limit=200", _one("people", directory.person)))  # fmt: skip
        self.step("okta.groups", "/groups", lambda: self.rows(
            "okta.groups", "/api/v1/groups?limit=1000", _one("groups", directory.group)))  # fmt: skip
        self.step("okta.members", "/groups/{id}/users", self.members)
        self.step("okta.system_log", "/logs", lambda: self.log(since, until))

    # -- frame ----------------------------------------------------------------------------

    def step(self, what: str, name: str, work: Callable[[], dict[str, Any]]) -> None:
        """One kind of read: a coverage row whether it worked or not."""
        self.progress(HOW_TO_GET[what].title, 0)
        try:
            self.parts.cover(what, source="live", name=f"/api/v1{name}", **{"complete": True, **work()})
        except (RefusedError, ReadFailure) as refused:
            why = refused.why if isinstance(refused, RefusedError) else str(refused)
            self.parts.cover(
                what, source="live", name=f"/api/v1{name}", complete=False, refused=why, get_it=HOW_TO_GET[what].live
            )

    def get(self, path: str) -> Answer:
        answer = self.reader.get(path)
        if answer.status != 200:
            raise RefusedError(_why(answer))
        return answer

    def pages(self, path: str) -> Iterator[list[Any]]:
        """Pages of a list by their Link header; an address seen twice ends it."""
        seen: set[str] = set()
        following: str | None = path
        while following and following not in seen and len(seen) < MAX_PAGES:
            seen.add(following)
            answer = self.get(following)
            page = answer.json()
            if not isinstance(page, list):
                raise RefusedError("the answer is not a list")
            yield page
            following = answer.links.get("next")

    def rows(
        self, what: str, path: str, read: Callable[[Any], dict[str, list[dict[str, Any]]] | None]
    ) -> dict[str, Any]:
        good = bad = 0
        for page in self.pages(path):
            for record in page:
                found = read(record)
                if found is None:
                    bad += 1
                    continue
                good += 1
                for table, rows in found.items():
                    self.parts.add(table, rows)
            self.progress(HOW_TO_GET[what].title, good)
        return {"rows": good, "unreadable": bad, "complete": not bad}

    # -- reads ----------------------------------------------------------------------------

    def app(self) -> dict[str, Any]:
        note = None
        if self.app_id:
            record = self.get(f"/api/v1/apps/{quote(self.app_id, safe='')}").json()
        else:
            expression = quote(f'name eq "{OKTA_APP_NAME}"', safe="")
            found = [r for page in self.pages(f"/api/v1/apps?limit=200&filter={expression}") for r in page]
            if not found:
                raise RefusedError(
                    f"the org has no application of the kind {OKTA_APP_NAME}; name its id under okta.app_id"
                )
            found.sort(key=lambda r: obj(r).get("status") != "ACTIVE")
            record = found[0]
            self.parts.facts.app.candidates = [str(obj(r).get("label")) for r in found[1:]]
            if len(found) > 1:
                note = f"{len(found)} applications could be meant; the first was taken. Name one under okta.app_id."
        candidates = self.parts.facts.app.candidates
        job = directory.app(record, self.parts.facts.app)
        self.parts.facts.app.candidates = candidates
        if job is None:
            raise RefusedError("the answer is not an application")
        self.app_id = text(job["job_id"])
        self.parts.add("jobs", [job])
        return {"rows": 1, "note": note}

    def mappings(self) -> dict[str, Any]:
        """The list names the mappings; their rows are read one by one (list rows omit them)."""
        ids: dict[str, None] = {}
        for side in ("sourceId", "targetId"):
            for page in self.pages(f"/api/v1/mappings?limit=200&{side}={quote(self.app_id or '', safe='')}"):
                ids |= {key: None for r in page if (key := text(obj(r).get("id")))}
        good = bad = 0
        for key in ids:
            rows = directory.mapping(self.get(f"/api/v1/mappings/{quote(key, safe='')}").json())
            good, bad = good + (rows is not None), bad + (rows is None)
            self.parts.add("mappings", rows or [])
        return {"rows": good, "unreadable": bad, "complete": not bad}

    def members(self) -> dict[str, Any]:
        """Members of every group that is assigned or pushed."""
        groups = dict.fromkeys(r["target_key"] for r in self.parts.rows["assignments"] if r["target_type"] == "group")
        good = bad = 0
        for number, key in enumerate(groups):
            self.progress(HOW_TO_GET["okta.members"].title, number, len(groups))
            for page in self.pages(f"/api/v1/groups/{quote(key, safe='')}/users?limit=1000"):
                for record in page:
                    found = directory.member(key, record)
                    good, bad = good + (found is not None), bad + (found is None)
                    for table, rows in (found or {}).items():
                        self.parts.add(table, rows)
        return {"rows": good, "unreadable": bad, "complete": not bad}

    def log(self, since: datetime, until: datetime) -> dict[str, Any]:
        """Bounded on both sides: without ``until`` the log's pages never end. ``since`` itself is exclusive."""
        window = {"since": _stamp(since - timedelta(milliseconds=1)), "until": _stamp(until)}
        query = "&".join(f"{k}={quote(v, safe='')}" for k, v in window.items())
        records = []
        for page in self.pages(f"/api/v1/logs?limit=1000&sortOrder=ASCENDING&{query}"):
            records += page
            self.progress(HOW_TO_GET["okta.system_log"].title, len(records))
        rows = okta_log.read(records, self.app_id)
        self.parts.add("events", rows.events)
        self.parts.add("config_changes", rows.changes)
        first, last = span(e["at"] for e in rows.events)
        return {
            "rows": len(rows.events) + rows.foreign,
            "unreadable": rows.unreadable,
            "first_at": first,
            "last_at": last,
            "complete": not rows.unreadable,
            "note": rows.note,
        }


def _one(
    table: str, read: Callable[[Any], dict[str, Any] | None]
) -> Callable[[Any], dict[str, list[dict[str, Any]]] | None]:
    def rows(record: Any) -> dict[str, list[dict[str, Any]]] | None:
        row = read(record)
        return {table: [row]} if row else None

    return rows


def _why(answer: Answer) -> str:
    """The status in words; Okta's own code where it gives one."""
    said = _REASONS.get(answer.status, f"{answer.status}: an answer that was not expected")
    try:
        code = text(obj(answer.json()).get("errorcode"))
    except ReadFailure as failure:
        return f"{said} ({failure.kind})"
    return f"{said} ({code})" if code else said


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
