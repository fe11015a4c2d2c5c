"""A small tenant made by hand for redaction and the gate, and a run of it; its people are nobody's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scimrunbook.evidence import identities
from scimrunbook.evidence.policy import Policy
from scimrunbook.evidence.pseudonyms import Pseudonymiser
from scimrunbook.evidence.records import Records
from scimrunbook.evidence.redacted_run import redactor_of
from scimrunbook.evidence.redactor import Redactor
from scimrunbook.incident import Incident
from scimrunbook.snapshot import Facts, Snapshot, frame

KEY = bytes(range(32))
ADA = {"person_key": "0a1b2c3d-1111-4222-8333-444455556666", "login": "ada.lovett@northwind.example",
       "email": "ada.lovett@northwind.example", "given_name": "Adaline", "family_name": "Løvett",
       "display_name": "Adaline Løvett"}  # fmt: skip
JANE = {"person_key": "9f8e7d6c-1111-4222-8333-444455556666", "login": "jane.quill@northwind.example",
        "email": "jane.quill@northwind.example", "given_name": "Jane", "family_name": "Quill",
        "display_name": "Jane Quill"}  # fmt: skip
MAP = {"person_key": "5f8e7d6c-1111-4222-8333-444455556666", "login": "will@northwind.example",
       "given_name": "Will", "family_name": "Map", "display_name": "Will"}  # fmt: skip
VENDOR = "3e30f1a2-7777-4888-9999-aaaabbbbcccc"


def incident(**more: Any) -> Incident:
    return Incident.model_validate(
        {"incident": "CAT-7", "identity_provider": "entra", "catalog_host": "app.us.castordoc.com", **more}
    )


def snapshot(**more: Any) -> Snapshot:
    """Three people, one account, one failed operation."""
    rows = {
        "people": [ADA, JANE, MAP],
        "groups": [{"group_key": "1c1c1c1c-1111-4222-8333-444455556666", "name": "Zephyr Analytics"}],
        "accounts": [{"account_id": VENDOR, "user_name": ADA["login"], "external_id": ADA["person_key"],
                      "given_name": "Adaline", "family_name": "Løvett"}],
        "events": [{"event_id": "op-1", "at": "2026-11-18T11:15:00Z", "log": "provisioning_log", "action": "update",
                    "status": "failure", "object_type": "user", "person_key": ADA["person_key"], "name": ADA["login"],
                    "error_code": "SystemForCrossDomainIdentityManagementInvalidCredentials", "target_id": VENDOR,
                    "reason": "StatusCode: Unauthorized for Adaline Løvett", "actor": "Azure AD Provisioning Service",
                    "changes": json.dumps([{"name": "userName", "old": None, "new": ADA["login"]},
                                           {"name": "salary", "old": "1", "new": "90 000 of Jane"}])}],
    }  # fmt: skip
    tables = {name: frame(name, r) for name, r in rows.items()}
    facts = Facts(as_of="2026-11-20T11:20:00Z", as_of_is="newest_record", source="exports")
    return Snapshot(incident(**more), facts, tables)


def redactor(key: bytes = KEY, **more: Any) -> Redactor:
    made = snapshot(**more)
    return redactor_of(made, key, Policy.of(made.incident))


def records(**more: Any) -> Records:
    return Records(redactor(**more))


def registry(people: list[identities.Record], policy: Policy | None = None) -> Redactor:
    policy = policy or Policy()
    pseudonyms = Pseudonymiser(KEY)
    return Redactor(identities.build(people, [], pseudonyms, policy), pseudonyms, policy)


def raw_values() -> set[str]:
    """What of the people must be nowhere in a bundle, folded."""
    return {str(v).lower() for p in (ADA, JANE) for k, v in p.items() if k != "given_name" and v}


def texts(folder: Path) -> dict[str, str]:
    return {p.name: p.read_text("utf-8", "replace") for p in folder.rglob("*") if p.is_file()}
