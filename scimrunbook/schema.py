"""The incident file's JSON Schema for editors, generated from the model.

``python -m scimrunbook.schema > parameters/incident.schema.json`` renews the copy that is checked in.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from scimrunbook.incident import Incident

FILE_NAME = "incident.schema.json"


def json_schema() -> dict[str, Any]:
    """Draft 2020-12. What the loader reads as text may be a number or a switch to an editor: both are allowed."""
    schema = Incident.model_json_schema()
    _loosen(schema)
    other = {"okta": "entra", "entra": "okta"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "scimrunbook incident file",
        "description": "One support ticket about SCIM provisioning of Coalesce Catalog. No tokens in it, ever.",
        "allOf": [
            {
                "if": {"properties": {"identity_provider": {"const": provider}}, "required": ["identity_provider"]},
                "then": {"properties": {foreign: {"type": "null"}}},
            }
            for provider, foreign in other.items()
        ],
    }


def as_text() -> str:
    """The file as it is checked in."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _loosen(node: Any) -> None:
    """Takes out titles, which only repeat the key, and admits what an editor's YAML makes of ``00123`` or ``1e5``."""
    if isinstance(node, list):
        for part in node:
            _loosen(part)
    elif isinstance(node, dict):
        if isinstance(node.get("title"), str) and ("type" in node or "anyOf" in node or "$ref" in node):
            del node["title"]
        if node.get("type") == "string" and not {"enum", "const", "format"} & set(node):
            node["type"] = ["string", "number", "boolean"]
        for part in node.values():
            _loosen(part)


if __name__ == "__main__":
    sys.stdout.write(as_text())
