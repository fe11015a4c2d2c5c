"""The schema of what is shared: what every column and every field holds. What stands nowhere here is dropped.

Kinds: ``key`` (the customer's object id), ``login``, ``given``, ``family``, ``display``, ``group``, ``vendor`` (the
target's own id: support finds the row by it), ``operation`` (ids of operations), ``code`` (the provider's or our own
words without blanks), ``text``, ``changes`` (JSON of attributes), ``file`` (the name of what was read), ``plain``
(times, numbers, switches), ``subject`` (a login or a group's name, by the row's object).
"""

from __future__ import annotations

from typing import Any

# fmt: off
TABLES: dict[str, dict[str, str]] = {
    "people": {
        "person_key": "key", "login": "login", "email": "login", "given_name": "given", "family_name": "family",
        "display_name": "display", "status": "code", "active": "plain", "kind": "code", "mail_nickname": "login",
        "other_emails": "logins", "created_at": "plain", "changed_at": "plain",
    },
    "groups": {
        "group_key": "key", "name": "group", "kind": "code", "security_enabled": "plain", "dynamic": "plain",
    },
    "memberships": {"group_key": "key", "member_key": "key", "member_type": "code"},
    "assignments": {
        "target_key": "key", "target_type": "code", "how": "code", "role": "code", "status": "code", "error": "text",
        "team_id": "vendor", "at": "plain",
    },
    "app_accounts": {
        "person_key": "key", "user_name": "login", "external_id": "vendor", "scope": "code", "status": "code",
        "sync_state": "code", "given_name": "given", "family_name": "family", "email": "login", "created_at": "plain",
        "status_changed_at": "plain", "last_sync_at": "plain",
    },
    "mappings": {
        "direction": "code", "object": "code", "target": "code", "source": "code", "source_kind": "code",
        "flow": "code", "matching_priority": "plain",
    },
    "events": {
        "event_id": "operation", "at": "plain", "log": "code", "event_type": "code", "action": "code",
        "status": "code", "object_type": "code", "person_key": "key", "group_key": "key", "name": "subject",
        "target_id": "vendor", "error_code": "code", "reason": "text", "http_status": "plain", "skip_reason": "code",
        "step": "code", "changes": "changes", "job_id": "operation", "cycle_id": "operation",
        "change_id": "operation", "next_attempt_at": "plain", "app_id": "key", "actor": "login",
    },
    "accounts": {
        "account_id": "vendor", "user_name": "login", "external_id": "key", "active": "plain", "given_name": "given",
        "family_name": "family", "display_name": "display", "email": "login", "role": "code", "created_at": "plain",
        "changed_at": "plain",
    },
    "teams": {"team_id": "vendor", "name": "group", "external_id": "key"},
    "team_members": {"team_id": "vendor", "account_id": "vendor"},
    "jobs": {
        "job_id": "operation", "template": "code", "state": "code", "schedule_state": "code",
        "interval_seconds": "plain", "last_began_at": "plain", "last_ended_at": "plain", "last_state": "code",
        "last_error_code": "code", "last_error_message": "text", "last_success_at": "plain",
        "quarantine_reason": "code", "quarantine_since": "plain", "quarantine_next_at": "plain",
        "quarantine_error_code": "code", "quarantine_error_message": "text", "escrowed": "plain",
    },
    "config_changes": {"at": "plain", "what": "code", "actor": "login", "detail": "text", "raw_type": "code"},
    "probes": {
        "probe": "code", "at": "plain", "host": "text", "path": "text", "http_status": "plain", "ok": "plain",
        "latency_ms": "plain", "content_type": "code", "failure": "code", "detail": "text", "total_results": "plain",
        "rows": "plain", "quirks": "text",
    },
    "coverage": {
        "what": "code", "source": "code", "name": "file", "rows": "plain", "unreadable": "plain", "first_at": "plain",
        "last_at": "plain", "complete": "plain", "refused": "text", "get_it": "text", "sha256": "digest",
        "note": "text",
    },
    "trace": {
        "person_key": "key", "login": "login", "name": "display", "hop": "code", "directory": "code",
        "assignment": "code", "scope": "code", "mapping": "code", "attempt": "code", "delivery": "code",
        "account": "code", "teams": "code", "role": "code", "need": "code", "proof": "text", "action": "code",
        "next_action": "text",
    },
}
# fmt: on

# Columns of the small tables in findings, by the words checks head them with; others are judged cell by cell.
EVIDENCE = {
    "person": "login", "login": "login", "user": "login", "username": "login", "user_name": "login", "email": "login",
    "e_mail": "login", "account": "login", "accounts": "text", "actor": "login", "person_key": "key",
    "group_key": "key", "key": "key", "external_id": "key", "first_name": "given", "given_name": "given",
    "last_name": "family", "family_name": "family", "display_name": "display", "account_id": "vendor",
    "team_id": "vendor", "event_id": "operation", "job_id": "operation", "cycle_id": "operation",
    "change_id": "operation", "error_code": "code", "event_type": "code", "step": "code", "action": "code",
    "status": "code", "what": "code", "changes": "changes",
}  # fmt: skip

# Attributes of ``changes`` (SCIM, Graph, Okta names, folded): whose values are what. Others lose their value.
ATTRIBUTES = {
    "username": "login", "userprincipalname": "login", "mail": "login", "email": "login", "login": "login",
    "emails[type eq work].value": "login", "mailnickname": "login", "displayname": "display",
    "name.formatted": "display", "givenname": "given", "name.givenname": "given", "firstname": "given",
    "surname": "family", "familyname": "family", "name.familyname": "family", "lastname": "family",
    "externalid": "key", "objectid": "key", "id": "key", "active": "flag", "accountenabled": "flag",
    "issoftdeleted": "flag", "members": "key",
}  # fmt: skip

FINDING = {
    "id": "code", "title": "text", "status": "code", "section": "code", "provider": "code", "expected": "text",
    "actual": "text", "evidence": "evidence", "affected": "affected", "actions": "actions", "manual": "manual",
    "answer": "answer", "blocked_by": "code", "needs": "text", "guide": "url", "causes": "codes", "against": "codes",
    "reach": "code", "deciding": "plain", "since": "plain", "source": "text",
}  # fmt: skip
CAUSE = {
    "cause": "code", "finding": "code", "share": "plain", "affected": "affected", "findings": "codes", "why": "text",
    "actions": "actions", "ask": "text", "against": "codes", "preview": "mixed", "meanwhile": "actions",
    "look_again": "mixed",
}  # fmt: skip
DIAGNOSIS = {
    "run": "code", "schema_version": "plain", "incident": "code", "as_of": "plain", "verdict": "code",
    "causes": "causes", "people": "numbers", "not_checked": "texts", "contact_support": "support", "masked": "texts",
    "first": "text", "decides": "mixed",
}  # fmt: skip
HEAD = {"schema_version": "plain", "incident": "code", "run": "code", "as_of": "plain", "findings": "findings"}


def normal(column: Any) -> str:
    """A column's heading as it is looked up."""
    return str(column).strip().lower().replace(" ", "_").replace("-", "_")
