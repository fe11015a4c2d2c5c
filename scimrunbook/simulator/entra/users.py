"""One person in one cycle: matched, created, updated, disabled or deleted; logged from what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scimrunbook.simulator.entra import requests
from scimrunbook.simulator.entra.answers import FailedError, document, listed
from scimrunbook.simulator.entra.directory import display_name, person_attributes
from scimrunbook.simulator.entra.log import Change, Error, exported, scoping, step, us_date
from scimrunbook.simulator.entra.requests import CORE_USER, Values
from scimrunbook.simulator.entra.settings import FLAG
from scimrunbook.simulator.entra.state import Escrow, Link
from scimrunbook.simulator.world import Person

if TYPE_CHECKING:
    from scimrunbook.simulator.entra.engine import Engine


@dataclass(slots=True)
class Row:
    """A row of the log in the making: the person, how the service sees them, the steps so far."""

    person: Person
    active: bool
    assigned: bool
    admitted: bool
    link: Link | None
    steps: list[dict[str, Any]]
    target_id: str = ""

    @property
    def entitled(self) -> bool:
        return self.assigned and self.admitted


class Users:
    """``links``: what the service knows of each account. ``escrows``: failed rows by person."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.links: dict[str, Link] = {}
        self.escrows: dict[str, Escrow] = {}

    def sync(self, key: str, *, retry: bool = False) -> None:
        """Brings one person up to date and writes the row that says how it went."""
        directory, mapping = self.engine.directory, self.engine.settings.users
        person = directory.person(key)
        if person is None or not mapping.enabled:
            return
        link = self.links.get(key)
        if key in directory.purged:
            if link and link.managed:
                self.delete(Row(person, False, False, True, link, [self.imported(person, link, retry)]))
            return
        plain = person_attributes(person, soft_deleted=False)
        row = Row(
            person,
            directory.active(key),
            self.engine.settings.sync_all or directory.entitled(key),
            all(c.admits(plain.get(c.attribute)) for c in mapping.scope),
            link,
            [self.imported(person, link, retry)],
        )
        if not retry:
            row.steps.append(self.scoped(row))
        if row.entitled and row.active:
            self.push(row)
        elif link and link.managed:
            self.disable(row, link)
        else:
            self.skipped(row, "NotEffectivelyEntitled")

    # -- in scope -------------------------------------------------------------------------

    def values(self, person: Person, *, soft_deleted: bool, creating: bool) -> Values:
        """What the mapping makes of the person; a null is not sent, and a default applies at create only."""
        attributes = person_attributes(person, soft_deleted=soft_deleted)
        made: Values = {}
        for row in self.engine.settings.users.rows:
            if row.flow == "ObjectAddOnly" and not creating:
                continue
            expression = row.expression()
            value = expression.value(attributes) if expression else None
            if value is None and creating:
                value = row.default
            if value is not None:
                made[row.target] = value
        return made

    def push(self, row: Row) -> None:
        key, flows = row.person.key, self.engine.settings.users.flows
        action = "create" if row.link is None else "update"
        wanted = self.values(row.person, soft_deleted=False, creating=action == "create")
        try:
            if row.link is None or not row.link.managed:
                row.link = self.matched(row, wanted)
                if row.link is None:
                    if "Add" in flows:
                        self.create(row, wanted)
                    return
                self.links[key] = row.link
                action, wanted = "update", self.values(row.person, soft_deleted=False, creating=False)
            else:
                self.read(row, row.link)
            link = row.link
            changed = {k: v for k, v in wanted.items() if link.sent.get(k) != v}
            if not changed:
                self.skipped(row, "RedundantExport")
            elif "Update" in flows:
                self.patch(row, link, changed, "update")
        except FailedError as problem:
            self.failed(row, action, problem, wanted)

    def matched(self, row: Row, wanted: Values) -> Link | None:
        """Looks for the account by each matching attribute in turn; the first hit wins, several are an error."""
        asked = False
        for mapping in self.engine.settings.users.matching():
            value = wanted.get(mapping.target)
            if value is None:
                continue
            asked = True
            answer = self.engine.wire().request("GET", requests.lookup("Users", mapping.target, value))
            found = listed(answer)
            if len(found) > 1:
                reason = f"Message: {len(found)} entries of the target have {mapping.target} '{value}'."
                raise FailedError(code="DuplicateTargetEntries", reason=reason)
            if found:
                link = self.linked(found[0])
                row.target_id = link.account_id
                text = f"Found '{name_of(row.person)}' in customappsso by {mapping.target}"
                row.steps.append(step("EntryImportByMatchingProperty", "matching", "success", text, shown(link.sent)))
                return link
        if not asked:
            reason = "Message: The source entry has no value for any matching attribute."
            raise FailedError(code="ImportSkipped", reason=reason)
        text = f"'{name_of(row.person)}' is in scope and not yet in customappsso, so it will be created"
        row.steps.append(step("EntrySynchronizationAdd", "matching", "success", text))
        return None

    def read(self, row: Row, link: Link) -> None:
        """The account as it stands now; what somebody changed by hand is seen here, and set right again."""
        row.target_id = link.account_id
        answer = self.engine.wire().request("GET", requests.reading("Users", link.account_id))
        if answer.status == 404:
            del self.links[row.person.key]  # the next try matches anew
        link.sent = self.linked(document(answer)).sent
        text = f"Retrieved '{name_of(row.person)}' from customappsso"
        row.steps.append(step("EntryImport", "matching", "success", text, shown(link.sent)))

    def linked(self, account: dict[str, Any]) -> Link:
        targets = [r.target for r in self.engine.settings.users.rows]
        return Link(str(account["id"]), {t: requests.current(account, t) for t in targets})

    def create(self, row: Row, wanted: Values) -> None:
        answer = self.engine.wire().request("POST", "/Users", requests.user_body(wanted))
        self.links[row.person.key] = row.link = Link(str(document(answer)["id"]), dict(wanted))
        self.done(row, "create", {}, wanted)

    def patch(self, row: Row, link: Link, changed: Values, action: str) -> None:
        before = {k: link.sent.get(k) for k in changed}
        body = requests.replacing(before, changed, flag=FLAG in self.engine.settings.base_url)
        answer = self.engine.wire().request("PATCH", requests.path("Users", link.account_id), body)
        if not answer.ok:
            if answer.status == 404:
                self.links.pop(row.person.key, None)
            raise FailedError(answer)
        link.sent.update(changed)
        self.done(row, action, before, changed)

    # -- out of scope ---------------------------------------------------------------------

    def disable(self, row: Row, link: Link) -> None:
        """Unassigned, out of scope, blocked or soft-deleted: ``active`` is set as the mapping says.

        Nothing is sent where the mapping has no ``active``, where updates do not flow, or where
        ``SkipOutOfScopeDeletions`` is set. A block can be lifted again; an ended assignment ends the management.
        """
        settings = self.engine.settings
        value = self.values(row.person, soft_deleted=True, creating=False).get("active")
        if value is None or "Update" not in settings.users.flows or settings.skip_out_of_scope_deletions:
            link.managed = row.entitled
            self.skipped(row, "NotEffectivelyEntitled")
            return
        try:
            self.read(row, link)
            if link.sent.get("active") == value:
                self.skipped(row, "RedundantSoftDelete")
            else:
                self.patch(row, link, {"active": value}, "disable")
        except FailedError as problem:
            self.failed(row, "disable", problem, {"active": value})
            return
        link.managed = row.entitled or row.person.key in self.engine.directory.soft_deleted

    def delete(self, row: Row) -> None:
        """Deleted for good in the directory: DELETE, where deletions flow."""
        link, settings = row.link, self.engine.settings
        if link is None or "Delete" not in settings.users.flows or settings.skip_out_of_scope_deletions:
            return
        answer = self.engine.wire().request("DELETE", requests.path("Users", link.account_id))
        if not answer.ok and answer.status != 404:
            self.failed(row, "delete", FailedError(answer), {})
            return
        del self.links[row.person.key]
        self.done(row, "delete", {}, {})

    def staged(self, key: str) -> None:
        """A row about a deletion that was held back. Its status is documented nowhere; success misleads most."""
        directory, link = self.engine.directory, self.links[key]
        person = directory.person(key)
        if person is not None:
            row = Row(person, directory.active(key), directory.entitled(key), True, link, [])
            row.steps.append(self.imported(person, link, False))
            self.write(row, "stagedDelete", "success", [])

    # -- log ------------------------------------------------------------------------------

    def imported(self, person: Person, link: Link | None, retry: bool) -> dict[str, Any]:
        """The first step: what came from the directory, or which earlier failure is tried again."""
        name = name_of(person)
        if retry:
            escrow = self.escrows[person.key]
            details = {"Identifier": person.key, "NextAttempt": us_date(escrow.next_attempt or escrow.first),
                       "CountProcessed": escrow.tries, "ModificationType": "Update" if link else "Add"}  # fmt: skip
            return step("EntryEscrowRetry", "import", "success", f"Trying again what failed for '{name}'", details)
        kind = "Update" if link else "Add"
        soft_deleted = not (self.engine.directory.active(person.key) and self.engine.directory.entitled(person.key))
        held = person_attributes(person, soft_deleted=soft_deleted)
        text = f"A change ({kind}) of User '{name}' came from Microsoft Entra ID"
        return step(f"EntryImport{kind}", "import", "success", text, shown(held))

    def scoped(self, row: Row) -> dict[str, Any]:
        mapping = self.engine.settings.users
        clauses = {f"{mapping.scope_title}.{c.attribute} {c.operator} '{c.value}'": row.admitted for c in mapping.scope}
        return scoping("User", row.active, row.assigned, row.admitted, clauses)

    def done(self, row: Row, action: str, before: Values, after: Values) -> None:
        self.escrows.pop(row.person.key, None)
        kind = {"create": "Add", "delete": "Delete"}.get(action, "Update")
        name = name_of(row.person)
        past = {"create": "created", "delete": "deleted", "disable": "disabled"}.get(action, "updated")
        text = f"User '{name}' was {past} in customappsso"
        row.steps.append(step(f"EntryExport{kind}", "export", "success", text, exported(after, name)))
        self.write(row, action, "success", [(k, before.get(k), v) for k, v in after.items()])

    def failed(self, row: Row, action: str, problem: FailedError, values: Values) -> None:
        """What was attempted stands among the modified properties although it never arrived."""
        escrow = self.escrows.setdefault(row.person.key, Escrow(self.engine.clock.now))
        escrow.failed(self.engine.clock.now)
        kind = {"create": "Add", "delete": "Delete"}.get(action, "Update")
        name = name_of(row.person)
        text = f"User '{name}' could not be exported to customappsso"
        row.steps.append(step(f"EntryExport{kind}", "export", "failure", text, exported(values, name)))
        self.write(row, action, "failure", [(k, None, v) for k, v in values.items()], problem.told(escrow))

    def skipped(self, row: Row, reason: str) -> None:
        """Nothing had to be sent, so nothing is left to try again either."""
        self.escrows.pop(row.person.key, None)
        details = {"SkipReason": reason, "ReportableIdentifier": name_of(row.person)}
        if reason == "NotEffectivelyEntitled":
            details |= {"IsActive": str(row.active), "Assigned": str(row.assigned)}
        text = f"Nothing is exported for User '{name_of(row.person)}'"
        row.steps.append(step("EntrySynchronizationSkip", "export", "skipped", text, details))
        self.write(row, "other", "skipped", [])

    def write(self, row: Row, action: str, status: str, changes: list[Change], problem: Error | None = None) -> None:
        person = row.person
        source = {
            "id": person.key,
            "displayName": display_name(person),
            "identityType": "User",
            "details": {"id": person.key, "odatatype": "User", "DisplayName": display_name(person),
                        "UserPrincipalName": person.login},
        }  # fmt: skip
        target_id = row.link.account_id if row.link else row.target_id
        target = {"id": target_id, "displayName": "", "identityType": CORE_USER, "details": {}}
        self.engine.log.write(
            at=self.engine.clock.now,
            cycle=self.engine.cycle_id,
            action=action,
            status=status,
            source=source,
            target=target,
            steps=row.steps,
            changes=changes,
            error=problem,
        )


def name_of(person: Person) -> str:
    """How log texts call a person: by the userPrincipalName that is sent."""
    return str(person_attributes(person, soft_deleted=False)["userPrincipalName"])


def shown(values: Values) -> Values:
    return {k: v for k, v in values.items() if v is not None}
