"""The shape of what ``--json`` prints and of ``findings.json`` and ``diagnosis.json``: typed once, published as schema.

``docs/schemas/`` holds the JSON Schemas made from these types (``python docs/generate.py``); a test compares them, and
validates what the verbs really print. A key may be added within a ``schema_version``; none changes its meaning.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from scimrunbook.shapes import runs, verbs

SHAPES: dict[str, Any] = {
    "findings": runs.Findings,
    "diagnosis": runs.Diagnosis,
    "check": runs.Result,
    "trace": runs.Way,
    "compare": verbs.Comparison,
    "doctor": verbs.Health,
    "explain": verbs.Explained,
    "index": verbs.Index,
    "plan": verbs.Plan,
    "simulate-list": list[verbs.Fault],
    "sweep": verbs.Sweep,
}


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one of ``SHAPES``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TypeAdapter(SHAPES[name]).json_schema(),
        "title": f"scimrunbook {name}",
    }
