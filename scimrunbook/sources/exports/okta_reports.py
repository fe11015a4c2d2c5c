"""What an admin of Okta without API access can save: the report of assignments, and task texts copied from the screen.

Facts: okta.md section 2 (three surfaces of errors, other CSVs). Both are worth less than the API's answers, and say so.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from scimrunbook.sources import okta_log
from scimrunbook.sources.exports.documents import Document
from scimrunbook.sources.exports.registry import Recognised, parser
from scimrunbook.sources.fields import moment, span
from scimrunbook.sources.parts import Parts

_ASSIGNED = {
    "login": ("login", "username", "userlogin"),
    "application": ("applicationinstance", "applicationname", "application"),
    "user_name": ("applicationlogin", "appusername", "applicationusername"),
    "at": ("assignedon", "assigneddate", "assignedat"),
    "unassigned": ("unassignedon", "unassigneddate"),
}
_TASK = re.compile(
    r"(?P<what>Automatic (?:provisioning|profile push|deprovisioning|deactivation|reactivation|password push)"
    r"|(?:Provisioning|Profile push|Deactivation|Reactivation))"
    r" of user (?P<who>.{1,200}?) to app (?P<app>.{1,200}?) failed: (?P<why>.{1,4000})",
    re.IGNORECASE,
)
_PUSH = re.compile(
    r"Failed on (?P<at>\d\d-\d\d-\d{4} \d\d:\d\d:\d\d ?[AP]M) UTC: "
    r"(?P<why>Unable to update Group Push mapping target App group (?P<group>.{1,200}?)(?:: .{1,4000}|$))",
    re.IGNORECASE,
)
_ACTIONS = (("reactiv", "reactivate"), ("deactiv", "deactivate"), ("deprovision", "deactivate"), ("profile", "update"),
            ("password", "update"), ("provision", "create"))  # fmt: skip
_EVENT = {
    "create": "application.provision.user.push",
    "update": "application.provision.user.push_profile",
    "deactivate": "application.provision.user.deactivate",
    "reactivate": "application.provision.user.reactivate",
}
MOST_LINES = 20_000


@parser(what="okta.app_users", title="Okta report of current assignments (CSV)", provider="okta")
def assignments(document: Document) -> Recognised | None:
    table = document.csv
    places = table.columns(_ASSIGNED) if table else {}
    if table is None or not {"login", "application", "at"} <= places.keys():
        return None
    cells = [{f: line[n].strip() for f, n in places.items()} for line in table.rows]
    good = [c for c in cells if c["login"]]
    first_at, last_at = span(moment(c["at"]) for c in good)
    found = Recognised(len(good), len(table.rows) - len(good) + table.unreadable, first_at=first_at, last_at=last_at)
    # the report has no statuses and no ids of Catalog accounts, and its data lags behind
    found.complete, found.part = False, True
    found.remark("A report lags three to six hours behind and holds neither states nor ids of accounts.")

    def settle(result: Recognised, parts: Parts) -> None:
        label = (parts.facts.app.label or "").casefold()
        named = {c["application"] for c in good}
        ours = {a for a in named if a.casefold() == label} if label else named
        if len(ours) != 1:
            result.refused = f"assignments of several applications: {', '.join(sorted(named)[:6])}"
            result.get_it = (
                "Filter the report by the Catalog application, or save the application's own answer beside it."
            )
            return
        known = [(a.get("user_name"), a) for a in parts.rows["app_accounts"]]
        known += [(p.get("login"), p) for p in parts.rows["people"]]
        keys = {str(name).casefold(): row["person_key"] for name, row in known if name}
        result.tables = {
            "app_accounts": [
                {
                    "person_key": keys.get(c["login"].casefold())
                    or keys.get(c.get("user_name", "").casefold(), c["login"].casefold()),
                    "user_name": c.get("user_name") or None,
                    "created_at": moment(c["at"]),
                }
                for c in good
                if c["application"] in ours and not c.get("unassigned")
            ]
        }

    found.settle = settle
    return found


@parser(
    what="okta.system_log",
    title="Okta task texts (copied from Dashboard > Tasks or Push Groups)",
    provider="okta",
    rank=8,
)
def tasks(document: Document) -> Recognised | None:
    lines = [line.strip() for line in document.text.splitlines() if line.strip()][:MOST_LINES]
    rows = [r for r in map(_task, lines) if r is not None]
    if not rows or document.records is not None:
        return None
    found = Recognised(len(rows), 0, first_at=span(r["at"] for r in rows)[0], last_at=span(r["at"] for r in rows)[1])
    # failures only, and what stands in a list of tasks has no time
    found.complete, found.part = False, True
    found.remark(f"Failures only, most without a time. Lines that are no task: {len(lines) - len(rows)}.")

    def settle(result: Recognised, parts: Parts) -> None:
        result.tables = {"events": okta_log.named(rows, _logins(parts), parts.rows["groups"])}

    found.settle = settle
    return found


def _logins(parts: Parts) -> list[dict[str, Any]]:
    """What a task may call a person: the application's username, the login, the full name."""
    known = [{"user_name": a.get("user_name"), "person_key": a.get("person_key")} for a in parts.rows["app_accounts"]]
    for person in parts.rows["people"]:
        names = (person.get("login"), f"{person.get('given_name') or ''} {person.get('family_name') or ''}".strip())
        known += [{"user_name": name, "person_key": person.get("person_key")} for name in names if name]
    return known


def _task(line: str) -> dict[str, Any] | None:
    made = "task-" + hashlib.sha256(line.encode("utf-8", "replace")).hexdigest()[:24]
    common = {"event_id": made, "log": "system_log", "status": "failure", "step": "task"}
    if task := _TASK.search(line):
        said = task["what"].casefold()
        action = next(a for word, a in _ACTIONS if word in said)
        why = task["why"].strip()
        return {
            **common,
            "at": None,
            "event_type": _EVENT[action],
            "action": action,
            "object_type": "user",
            "person_key": None,
            "group_key": None,
            "name": task["who"].strip(),
            "reason": why,
            "http_status": okta_log.http_status(why),
        }
    if push := _PUSH.search(line):
        return {
            **common,
            "at": moment(_american(push["at"])),
            "event_type": "application.provision.group_push.mapping.update.or.delete.failed.with.error",
            "action": "group_update",
            "object_type": "group",
            "person_key": None,
            "group_key": None,
            "name": push["group"].strip(),
            "reason": push["why"].strip(),
            "http_status": okta_log.http_status(push["why"]),
        }
    return None


def _american(printed: str) -> str:
    """``11-20-2026 02:05:09PM`` as the spreadsheet form that ``moment`` reads."""
    day, _, clock = printed.partition(" ")
    clock = clock.replace(" ", "").upper()
    return f"{day.replace('-', '/')} {clock[:-2]} {clock[-2:]}"
