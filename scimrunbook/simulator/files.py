"""The incident file of a practice tenant, and the token files it refers to."""

from __future__ import annotations

import os
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml

from scimrunbook.simulator.tenant import CATALOG_HOST, Tenant
from scimrunbook.simulator.world import AS_OF, BREAK

# Which teams have which role in Catalog; a ticket about teams says so.
ROLE_MAPPING = {"VIEWER": ("Data",), "CONTRIBUTOR": ("Marketing", "Sales"), "ADMIN": ("Founders",)}
_NAMED = 3  # how many people a ticket names


def write_incident(
    tenant: Tenant, folder: Path, *, port: int | None = None, exports: Path | None = None, name: str | None = None
) -> Path:
    """Writes ``<name>.yaml`` into ``folder``: live (``port``, tokens as 0600 files beside it) or with ``exports``."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    faults = "-".join(tenant.faults) or "healthy"
    name = name or f"practice-{tenant.provider}-{faults}"[:64]
    data = incident(tenant, name)
    if port is not None:
        data["connect_to"] = f"127.0.0.1:{port}"
        if tenant.settings.token:  # as typed into the provider, faults of typing and all
            data["catalog"]["token"] = _token_file(folder, f"{name}.catalog-token", tenant.settings.token)
        reference = _token_file(folder, f"{name}.{tenant.provider}-token", tenant.provider_token)
        data[tenant.provider]["token" if tenant.provider == "okta" else "credential"] = reference
    if exports is not None:
        data["exports"] = os.path.relpath(exports, folder)
    path = folder / f"{name}.yaml"
    head = f"# A practice incident: {tenant.provider}, nobody's real directory. Written by `scimrunbook simulate`.\n"
    path.write_text(head + yaml.safe_dump(data, sort_keys=False, allow_unicode=True), "utf-8")
    return path


def incident(tenant: Tenant, name: str) -> dict[str, Any]:
    """The incident as a ticket would put it: symptoms, the people it names, the window, the base URL as typed."""
    symptoms = list(dict.fromkeys(s for t in tenant.truth for s in t.symptoms))
    people = tenant.world.people
    few = [t.affected for t in tenant.truth if len(t.affected) <= len(people) // 2]
    # of every trouble somebody, as far as a ticket has room
    named = list(dict.fromkeys(k for turn in zip_longest(*few) for k in turn if k in people))[:_NAMED]
    data: dict[str, Any] = {
        "incident": name,
        "summary": "Practice: " + (_summary(symptoms) if symptoms else "nothing is known to be wrong"),
        "identity_provider": tenant.provider,
        "catalog_host": CATALOG_HOST,
    }
    if symptoms:
        data["symptoms"] = symptoms
    if named:
        data["people"] = [people[k].email for k in named]
    data["window"] = {"start": _stamp(BREAK - timedelta(days=1)), "end": _stamp(AS_OF)}
    data["catalog"] = {"token_is": "as_typed_in_provider"}
    if tenant.settings.base_url:
        data["catalog"]["configured_base_url"] = tenant.settings.base_url
    if "missing_teams" in symptoms:
        data["role_mapping"] = {r: list(teams) for r, teams in ROLE_MAPPING.items()}
    if tenant.provider == "okta":
        data["okta"] = {"org_url": "https://acme-practice.okta.com", "app_id": tenant.engine.app_id}
    else:
        data["entra"] = {
            "tenant_id": tenant.engine.tenant_id,
            "service_principal_id": tenant.engine.service_principal_id,
        }
    return data


_SAID = {
    "missing_people": "new hires never appear in Catalog",
    "stale_attributes": "people see old data or the wrong account",
    "lingering_access": "leavers can still sign in",
    "failing_jobs": "provisioning reports errors",
    "empty_names": "accounts show an e-mail but no name",
    "missing_teams": "teams are missing",
    "transform_login": "somebody cannot sign in to Transform",
}


def _summary(symptoms: list[str]) -> str:
    return ", and ".join(_SAID[s] for s in symptoms)


def _stamp(at: Any) -> str:
    return str(at.isoformat().replace("+00:00", "Z"))


def _token_file(folder: Path, name: str, value: str) -> str:
    path = folder / name
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(value + "\n")
    return f"file:{name}"
