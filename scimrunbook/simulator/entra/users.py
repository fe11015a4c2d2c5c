"""One person in one cycle: in scope or not, matched, created, updated, disabled; logged from what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from scimrunbook.simulator.entra.directory import display_name, person_attributes
from scimrunbook.simulator.entra.log import error_of, exported, step
from scimrunbook.simulator.entra.settings import ENTERPRISE_USER, FLAG
from scimrunbook.simulator.entra.state import Escrow, Link
from scimrunbook.simulator.wire import WireAnswer
from scimrunbook.simulator.world import Person

if TYPE_CHECKING:
    from scimrunbook.simulator.entra.engine import Engine

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
Values = dict[str, str | None]


class Users:
    """``links``: what the service knows of each account. ``escrows``: failed rows by person."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.links: dict[str, Link] = {}
        self.escrows: dict[str, Escrow] = {}

    def sync(self, key: str) -> None:
        directory, settings = self.engine.directory, self.engine.settings
        person = directory.person(key)
        if person is None or not settings.users.enabled:
            return
        admitted = all(c.admits(person_attributes(person, soft_deleted=False).get(c.attribute))
                       for c in settings.users.scope)  # fmt: skip
        entitled = directory.entitled(key) and admitted
        active = directory.active(key)
        link = self.links.get(key)
        if entitled and active:
            self.push(person, link)
        elif link and link.managed and link.sent.get("active") != "False":
            self.disable(person, link, entitled, active)
        else:
            self.skipped(person, "NotEffectivelyEntitled", link, entitled, active)

    # -- in scope -------------------------------------------------------------------------

    def values(self, person: Person, *, soft_deleted: bool) -> Values:
        """What the mapping makes of the person; empty sources are not sent."""
        attributes = person_attributes(person, soft_deleted=soft_deleted)
        rows = self.engine.settings.users.rows
        made = {r.target: (e.value(attributes) if (e := r.expression()) else r.default) for r in rows}
        return {k: v for k, v in made.items() if v is not None}

    def push(self, person: Person, link: Link | None) -> None:
        flows = self.engine.settings.users.flows
        wanted = self.values(person, soft_deleted=False)
        if link is None:
            found = self.match(wanted)
            if not found.ok:
                self.failed(person, "create", found, wanted, None)
                return
            known = (found.body or {}).get("Resources") or []
            if known:
                link = self.links[person.key] = Link(str(known[0]["id"]))
            elif "Add" in flows:
                self.create(person, wanted)
                return
            else:
                return
        link.managed = True
        changed = {k: v for k, v in wanted.items() if link.sent.get(k) != v}
        if not changed:
            self.skipped(person, "RedundantExport", link, True, True)
        elif "Update" in flows:
            self.update(person, link, changed, "update")

    def match(self, wanted: Values) -> WireAnswer:
        """The look-up by the matching attribute, with ``+`` for blanks as Entra sends it."""
        row = self.engine.settings.users.matching()[0]
        expression = quote_plus(f'{row.target} eq "{wanted.get(row.target) or ""}"', safe="")
        return self.engine.wire().request("GET", f"/Users?filter={expression}")

    def create(self, person: Person, wanted: Values) -> None:
        body: dict[str, Any] = {"schemas": [CORE_USER, ENTERPRISE_USER], **nested(wanted)}
        body["active"] = wanted.get("active", "True") == "True"
        body["meta"] = {"resourceType": "User"}
        answer = self.engine.wire().request("POST", "/Users", body)
        if not answer.ok:
            self.failed(person, "create", answer, wanted, None)
            return
        self.links[person.key] = Link(str(answer.body["id"]), dict(wanted))
        self.done(person, "create", {}, wanted, self.links[person.key])

    def update(self, person: Person, link: Link, changed: Values, action: str) -> None:
        body = {"schemas": [PATCH], "Operations": operations(changed, FLAG in self.engine.settings.base_url)}
        answer = self.engine.wire().request("PATCH", f"/Users/{link.account_id}", body)
        if not answer.ok:
            if answer.status == 404:
                del self.links[person.key]  # the account is gone: the next try matches anew
            self.failed(person, action, answer, changed, link)
            return
        before = {k: link.sent.get(k) for k in changed}
        link.sent.update(changed)
        self.done(person, action, before, changed, link)

    # -- out of scope ---------------------------------------------------------------------

    def disable(self, person: Person, link: Link, entitled: bool, active: bool) -> None:
        settings = self.engine.settings
        mapped = any(r.target == "active" for r in settings.users.rows)
        if not mapped or "Update" not in settings.users.flows or settings.skip_out_of_scope_deletions:
            self.skipped(person, "NotEffectivelyEntitled", link, entitled, active)
            return
        self.update(person, link, {"active": "False"}, "disable")
        link.managed = entitled  # after unassignment the person is no longer managed; a block can be lifted again

    # -- log ------------------------------------------------------------------------------

    def done(self, person: Person, action: str, before: Values, after: Values, link: Link) -> None:
        self.escrows.pop(person.key, None)
        changes = [(k, before.get(k), v) for k, v in after.items()]
        kind = "EntryExportAdd" if action == "create" else "EntryExportUpdate"
        text = f"User '{display_name(person)}' was {'created' if action == 'create' else 'updated'} in customappsso"
        steps = [*self.begun(True, True), step(kind, "export", "success", text, exported(after))]
        self.write(person, action, "success", steps, changes, link)

    def failed(self, person: Person, action: str, answer: WireAnswer, values: Values, link: Link | None) -> None:
        escrow = self.escrows.setdefault(person.key, Escrow(self.engine.clock.now))
        escrow.failed(self.engine.clock.now)
        kind = "EntryExportAdd" if action == "create" else "EntryExportUpdate"
        error = error_of(answer, escrow.tries - 1, escrow.next_attempt)
        steps = [*self.begun(True, True), step(kind, "export", "failure", error["reason"], exported(values))]
        changes: list[tuple[str, str | None, str | None]] = [(k, None, v) for k, v in values.items()]
        self.write(person, action, "failure", steps, changes, link, error)

    def skipped(self, person: Person, reason: str, link: Link | None, entitled: bool, active: bool) -> None:
        details = {"SkipReason": reason, "IsActive": str(active), "Assigned": str(entitled)}
        steps = [
            *self.begun(entitled, active),
            step("EntrySynchronizationSkip", "processing", "skipped", "Nothing is exported for this entry", details),
        ]
        self.write(person, "other", "skipped", steps, [], link)

    def begun(self, entitled: bool, active: bool) -> list[dict[str, Any]]:
        scoping = {
            "Active in the source system": str(active),
            "Assigned to the application": str(entitled),
            "User has the required role": "True",
            "Scoping filter evaluation passed": "True",
            "ScopeEvaluationResult": "{}",
        }
        admitted = "success" if entitled and active else "skipped"
        return [
            step("EntryImportAdd", "import", "success", "Received a change of a user from Microsoft Entra ID"),
            step(
                "EntrySynchronizationScoping", "scoping", admitted, "Determined whether the user is in scope", scoping
            ),
        ]

    def write(self, person: Person, action: str, status: str, steps: list[dict[str, Any]],
              changes: list[tuple[str, str | None, str | None]], link: Link | None,
              error: dict[str, Any] | None = None) -> None:  # fmt: skip
        source = {
            "id": person.key,
            "displayName": display_name(person),
            "identityType": "User",
            "details": {"id": person.key, "odatatype": "User", "DisplayName": display_name(person),
                        "UserPrincipalName": person.login},
        }  # fmt: skip
        target = {"id": link.account_id if link else "", "displayName": "", "identityType": CORE_USER, "details": {}}
        self.engine.log.write(at=self.engine.clock.now, cycle=self.engine.cycle_id, action=action, status=status,
                              source=source, target=target, steps=steps, changes=changes, error=error)  # fmt: skip


def nested(values: Values) -> dict[str, Any]:
    """``name.givenName`` as an object in an object."""
    body: dict[str, Any] = {}
    for target, value in values.items():
        head, _, rest = target.partition(".")
        if rest:
            body.setdefault(head, {})[rest] = value
        else:
            body[target] = value
    return body


def operations(values: Values, flag: bool) -> list[dict[str, Any]]:
    """PATCH operations: one per attribute with texts throughout; with the tenant URL's flag one, without a path."""
    if flag:
        return [{"op": "replace", "value": {k: v == "True" if k == "active" else v for k, v in values.items()}}]
    return [{"op": "Replace", "path": k, "value": v} for k, v in values.items()]
