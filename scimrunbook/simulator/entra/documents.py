"""The engine's state as Graph v1.0 prints it; API and exports share these documents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from scimrunbook.simulator.entra.directory import alias, display_name
from scimrunbook.simulator.entra.engine import Engine
from scimrunbook.simulator.entra.log import TEMPLATE_APP, precise
from scimrunbook.simulator.entra.log import stamp as whole
from scimrunbook.simulator.entra.settings import ENTERPRISE_USER, Clause, MappingRow, ObjectMapping
from scimrunbook.simulator.entra.state import Execution
from scimrunbook.simulator.world import BEGIN, Group, Person

NEVER = "0001-01-01T00:00:00Z"
_DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
_CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def stamp(at: datetime | None) -> str:
    """Jobs print seven decimals, and year 1 for what never happened."""
    return precise(at) if at else NEVER


def service_principal(engine: Engine) -> dict[str, Any]:
    return {
        "id": engine.service_principal_id,
        "accountEnabled": True,
        "appDisplayName": engine.settings.app_name,
        "appId": engine.app_id,
        "applicationTemplateId": TEMPLATE_APP,
        "displayName": engine.settings.app_name,
        "servicePrincipalNames": [engine.app_id],
        "servicePrincipalType": "Application",
        "appRoles": [
            {
                "id": "18d14569-c3bd-439b-9a66-3a2aee01d14f",
                "allowedMemberTypes": ["User"],
                "description": "User",
                "displayName": "User",
                "isEnabled": True,
                "value": None,
            }
        ],
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
    }


def jobs(engine: Engine) -> list[dict[str, Any]]:
    """The synchronization jobs of the application; none where provisioning was never set up."""
    return [job(engine)] if engine.settings.configured else []


def job(engine: Engine) -> dict[str, Any]:
    """The synchronizationJob. A disabled job may carry the longest time span; what never happened is year 1."""
    on = engine.settings.provisioning
    code = "Paused" if not on else "Quarantine" if engine.quarantine else "Active" if engine.executions else "NotRun"
    last = engine.executions[-1] if engine.executions else None
    status: dict[str, Any] = {
        "code": code,
        "countSuccessiveCompleteFailures": engine.quarantine.count if engine.quarantine else 0,
        "escrowsPruned": False,
        "steadyStateFirstAchievedTime": stamp(engine.first_good.ended if engine.first_good else None),
        "steadyStateLastAchievedTime": stamp(engine.last_good.ended if engine.last_good else None),
        "troubleshootingUrl": None,
        "lastExecution": _execution(last),
        "lastSuccessfulExecution": _execution(engine.last_good),
        "lastSuccessfulExecutionWithExports": _execution(engine.last_exporting),
        "progress": [],
        "quarantine": None,
        "synchronizedEntryCountByType": [
            {"key": f"User to {ENTERPRISE_USER}", "value": len(engine.users.links)},
            {"key": f"Group to {_CORE_GROUP}", "value": len(engine.teams.teams)},
        ],
    }
    if quarantine := engine.quarantine:
        status["quarantine"] = {
            "currentBegan": stamp(quarantine.began),
            "nextAttempt": stamp(quarantine.next_attempt),
            "reason": quarantine.reason,
            "seriesBegan": stamp(quarantine.began),
            "seriesCount": quarantine.count,
            "error": quarantine.error,
        }
    return {
        "id": engine.job_id,
        "templateId": "scim",
        "schedule": {
            "expiration": None,
            "interval": f"PT{engine.settings.interval_minutes}M" if on else "P10675199DT2H48M5.4775807S",
            "state": "Active" if on else "Disabled",
        },
        "status": status,
        "synchronizationJobSettings": [
            {"name": "QuarantineTooManyDeletesThreshold", "value": str(engine.settings.deletion_threshold)}
        ]
        if engine.settings.deletion_threshold
        else [],
    }


def _execution(execution: Execution | None) -> dict[str, Any] | None:
    if execution is None:
        return None
    return {
        "activityIdentifier": execution.activity,
        "countEntitled": execution.entitled,
        "countEntitledForProvisioning": execution.entitled,
        "countEscrowed": execution.escrowed,
        "countEscrowedRaw": execution.escrowed,
        "countExported": execution.exported,
        "countExports": execution.exported,
        "countImported": execution.imported,
        "countImportedDeltas": execution.imported,
        "countImportedReferenceDeltas": 0,
        "state": execution.state,
        "error": execution.error,
        "timeBegan": stamp(execution.began),
        "timeEnded": stamp(execution.ended),
    }


def schema(engine: Engine) -> dict[str, Any]:
    """The synchronizationSchema with its one rule."""
    pairs = (
        ("Provision Microsoft Entra ID Users", "User", ENTERPRISE_USER, engine.settings.users),
        ("Provision Microsoft Entra ID Groups", "Group", _CORE_GROUP, engine.settings.groups),
    )
    return {
        "id": engine.job_id,
        "version": "Date:2026-10-30T15:15:00.0000000Z, Version:1",
        "synchronizationRules": [
            {
                "id": engine.job_id.split(".")[-1],
                "name": "USER_TO_SCIM",
                "editable": True,
                "priority": 1,
                "sourceDirectoryName": "Microsoft Entra ID",
                "targetDirectoryName": "customappsso",
                "metadata": [],
                "objectMappings": [_object_mapping(*pair) for pair in pairs],
            }
        ],
    }


def _object_mapping(name: str, source: str, target: str, mapping: ObjectMapping) -> dict[str, Any]:
    clauses = [_clause(c) for c in mapping.scope]
    return {
        "name": name,
        "enabled": mapping.enabled,
        "flowTypes": ", ".join(mapping.flows),
        "sourceObjectName": source,
        "targetObjectName": target,
        "metadata": [{"key": "OriginalJoiningProperty", "value": r.target} for r in mapping.matching()[:1]],
        "scope": {"categoryFilterGroups": [], "groups": [{"name": mapping.scope_title, "clauses": clauses}],
                  "inputFilterGroups": []} if clauses else None,
        "attributeMappings": [_attribute_mapping(r) for r in mapping.rows],
    }  # fmt: skip


def _clause(clause: Clause) -> dict[str, Any]:
    return {"operatorName": clause.operator, "sourceOperandName": clause.attribute,
            "targetOperand": {"values": [clause.value]}}  # fmt: skip


def _attribute_mapping(row: MappingRow) -> dict[str, Any]:
    expression = row.expression()
    return {
        "defaultValue": row.default,
        "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged",
        "flowType": row.flow,
        "matchingPriority": row.matching,
        "targetAttributeName": row.target,
        "source": expression.graph() if expression else None,
    }


def assignments(engine: Engine) -> list[dict[str, Any]]:
    """appRoleAssignedTo: people by name and groups."""
    world = engine.world
    rows = [("User", world.people[k].key, display_name(world.people[k])) for k in sorted(world.assigned)]
    rows += [("Group", g.key, g.name) for g in world.groups.values() if g.assigned]
    return [
        {
            "id": f"{key.replace('-', '')[:20]}AAA",
            "appRoleId": _DEFAULT_ACCESS,
            "createdDateTime": stamp(engine.directory.assigned_at.get(key, BEGIN)),
            "deletedDateTime": None,
            "principalDisplayName": name,
            "principalId": key,
            "principalType": kind,
            "resourceDisplayName": engine.settings.app_name,
            "resourceId": engine.service_principal_id,
        }
        for kind, key, name in rows
    ]


def users(engine: Engine) -> list[dict[str, Any]]:
    return [user(p) for p in engine.world.people.values()]


def user(person: Person) -> dict[str, Any]:
    return {
        "id": person.key,
        "accountEnabled": person.status == "active",
        "createdDateTime": whole(person.created_at),
        "department": person.department,
        "displayName": display_name(person),
        "givenName": person.given or None,
        "surname": person.family or None,
        "mail": person.email,
        "mailNickname": alias(person),
        "otherMails": person.aliases,
        "proxyAddresses": [f"SMTP:{person.email}", *(f"smtp:{a}" for a in person.aliases)],
        "userPrincipalName": person.login,
        "userType": "Guest" if person.kind == "guest" else "Member",
    }


def groups(engine: Engine) -> list[dict[str, Any]]:
    return [group(g) for g in engine.world.groups.values()]


def group(g: Group) -> dict[str, Any]:
    return {
        "id": g.key,
        "createdDateTime": whole(g.created_at),
        "displayName": g.name,
        "groupTypes": [],
        "mailEnabled": False,
        "mailNickname": f"{g.key[:8]}-{len(g.name)}",
        "membershipRule": None,
        "securityEnabled": True,
    }


def members(engine: Engine, key: str) -> list[dict[str, Any]]:
    """Direct members of a group; nested groups stand in it as groups."""
    world = engine.world
    people = [
        {"@odata.type": "#microsoft.graph.user", **user(world.people[m])}
        for m in world.groups[key].members
        if m in world.people
    ]
    nested = [{"@odata.type": "#microsoft.graph.group", **group(world.groups[s])} for s in world.groups[key].subgroups]
    return people + nested
