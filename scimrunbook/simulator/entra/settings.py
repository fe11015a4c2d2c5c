"""What an admin sets on the enterprise application: credentials, status, mappings, scope. Mutable; the engine reads it.

A ``Change`` "setting" of the world's timeline names fields of ``Settings``; besides these the pseudo-settings
``restart`` (the button of the portal), ``user_flows`` (target object actions of users) and ``map_user``/``map_group``
({target: expression or None to delete the row}) are understood by ``Settings.change``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal

from scimrunbook.simulator.entra.expressions import Expression, parse

ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
SWITCH_ACTIVE = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
NOT_SOFT_DELETED = "Not([IsSoftDeleted])"  # what apps created lately carry; equally valid
FLAG = "aadOptscim062020"  # appended to the tenant URL it makes the PATCH bodies follow the RFC more closely


@dataclass(slots=True)
class MappingRow:
    """One attribute mapping. ``source`` as the portal prints it, None for type "None" (only ``default`` is used)."""

    target: str
    source: str | None
    matching: int = 0  # 0: not a matching attribute; 1: tried first
    default: str | None = None  # applies at create only
    flow: Literal["Always", "ObjectAddOnly"] = "Always"

    def expression(self) -> Expression | None:
        return parse(self.source) if self.source else None


@dataclass(slots=True)
class Clause:
    """One clause of a scoping filter; clauses are AND-ed, comparison is case-sensitive and null never matches."""

    attribute: str
    operator: Literal["EQUALS", "NOT EQUALS"]
    value: str

    def admits(self, value: str | None) -> bool:
        return value is not None and (value == self.value) is (self.operator == "EQUALS")


@dataclass(slots=True)
class ObjectMapping:
    """How users or groups flow. ``flows`` is a subset of Add, Update, Delete, in this order."""

    rows: list[MappingRow]
    enabled: bool = True
    flows: tuple[str, ...] = ("Add", "Update", "Delete")
    scope: list[Clause] = field(default_factory=list)
    scope_title: str = "Scope"

    def matching(self) -> list[MappingRow]:
        return sorted((r for r in self.rows if r.matching), key=lambda r: r.matching)

    def map(self, target: str, source: str | None) -> None:
        """Points ``target`` at another source; adds the row where there is none."""
        for row in self.rows:
            if row.target == target:
                row.source = source
                return
        self.rows.append(MappingRow(target, source))

    def drop(self, target: str) -> None:
        self.rows = [r for r in self.rows if r.target != target]


def wanted_users() -> ObjectMapping:
    """The user mapping Catalog asks for (guide, attribute mapping; facts: Entra section 6)."""
    return ObjectMapping(
        [
            MappingRow("userName", "userPrincipalName", matching=1),
            MappingRow("active", SWITCH_ACTIVE),
            MappingRow("name.givenName", "givenName"),
            MappingRow("name.familyName", "surname"),
            MappingRow("externalId", "objectId"),
        ]
    )


def wanted_groups() -> ObjectMapping:
    return ObjectMapping(
        [
            MappingRow("displayName", "displayName", matching=1),
            MappingRow("externalId", "objectId"),
            MappingRow("members", "members"),
        ]
    )


@dataclass(slots=True)
class Settings:
    """``base_url`` is the Tenant URL as typed, query flags included; ``token`` the Secret Token without "Bearer "."""

    base_url: str = ""
    token: str = ""
    provisioning: bool = True  # Provisioning Status on/off
    users: ObjectMapping = field(default_factory=wanted_users)
    groups: ObjectMapping = field(default_factory=wanted_groups)
    sync_all: bool = False  # False: "Sync only assigned users and groups"
    skip_out_of_scope_deletions: bool = False
    app_name: str = "Catalog SCIM"
    interval_minutes: int = 40  # fixed by the service
    stalled: bool = False  # the service itself has stopped to run cycles: no click did that
    configured: bool = True  # False: nobody ever set provisioning up, so there is no job and no schema
    deletion_threshold: int = 0  # "Prevent accidental deletion": more disables in one cycle stop the job; 0: off

    def change(self, data: dict[str, Any]) -> set[str]:
        """Applies the data of a "setting" change; returns what it touched: status, credentials, mapping, restart.

        Raises AttributeError for a name that is no setting.
        """
        touched = set()
        for name, value in data.items():
            if name in ("map_user", "map_group"):
                mapping = self.users if name == "map_user" else self.groups
                for target, source in value.items():
                    mapping.drop(target) if source is None else mapping.map(target, source)
                touched.add("mapping")
            elif name == "user_flows":
                self.users.flows = tuple(value)
                touched.add("mapping")
            elif name == "restart":
                touched.add("restart")
            elif name in {f.name for f in fields(self)}:
                setattr(self, name, value)
                kinds = {
                    "provisioning": "status",
                    "stalled": "service",
                    "base_url": "credentials",
                    "token": "credentials",
                }
                touched.add(kinds.get(name, "mapping"))
            else:
                raise AttributeError(f"Entra has no setting {name!r}")
        return touched
