"""What can be saved of Catalog: the users CSV of its settings page, and SCIM list answers."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from scimrunbook.simulator.catalog import Catalog

_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def export(catalog: Catalog, folder: Path) -> None:
    """Writes ``catalog-users.csv``, ``catalog-scim-users.json`` and ``catalog-scim-groups.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog-users.csv").write_text(users_csv(catalog.store.users()), "utf-8")
    for name, documents in (("users", catalog.store.users()), ("groups", catalog.store.groups())):
        text = json.dumps(listed(documents), indent=1, ensure_ascii=False) + "\n"
        (folder / f"catalog-scim-{name}.json").write_text(text, "utf-8")


def listed(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """A SCIM ListResponse of everything."""
    return {
        "schemas": [_LIST],
        "totalResults": len(documents),
        "itemsPerPage": len(documents),
        "startIndex": 1,
        "Resources": documents,
    }


def users_csv(documents: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["id", "email", "first name", "last name", "active", "external id", "created at"])
    for d in documents:
        name = d.get("name") or {}
        email = next((e.get("value") for e in d.get("emails") or []), None) or d.get("userName")
        row = [d["id"], email, name.get("givenName"), name.get("familyName"), str(d.get("active", "")).lower(),
               d.get("externalId"), d["meta"]["created"]]  # fmt: skip
        writer.writerow(["" if v is None else v for v in row])
    return out.getvalue()
