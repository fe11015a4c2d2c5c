"""What a face is given: the finished results of one run, as data. A face arranges them; it decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from scimrunbook.asked import Asked
from scimrunbook.show.localtime import local
from scimrunbook.show.words import short


def no_picture(name: str) -> Mapping[str, Any] | None:  # noqa: ARG001 - the shape of View.pictures
    return None


@dataclass(frozen=True, slots=True)
class View:
    """Results of one run.

    ``findings`` and ``diagnosis`` are the JSON data of ``findings.json`` and ``diagnosis.json``, ``run`` that of
    ``run.json``; ``labels`` names people, groups and accounts by key; ``sections`` is title, about and link by name;
    ``hops`` the trace (one row per person); ``tables`` the snapshot's tables; ``pictures`` gives the numbers of a
    picture by name (see ``scimrunbook.pictures``), None where there is nothing to draw; ``asked`` what support
    asks for.
    """

    incident: Mapping[str, Any]
    findings: list[dict[str, Any]]
    diagnosis: dict[str, Any]
    run: dict[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    causes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hops: pd.DataFrame = field(default_factory=pd.DataFrame)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    pictures: Callable[[str], Mapping[str, Any] | None] = no_picture
    asked: Callable[[], Asked] = Asked

    def of_section(self, section: str) -> list[dict[str, Any]]:
        """Findings of a section, the broken ones first, otherwise in the guide's order."""
        order = {s: i for i, s in enumerate(("fail", "warn", "error", "manual", "skipped", "pass"))}
        return sorted((f for f in self.findings if f["section"] == section), key=lambda f: order[f["status"]])

    def finding(self, id: str) -> dict[str, Any] | None:
        return next((f for f in self.findings if f["id"] == id), None)

    def counts(self, section: str) -> Counter[str]:
        return Counter(f["status"] for f in self.findings if f["section"] == section)

    @property
    def open_questions(self) -> list[dict[str, Any]]:
        """Steps only a human can do that nobody answered yet."""
        return [f for f in self.findings if f["status"] == "manual"]

    def name(self, key: str) -> str:
        return short(self.labels.get(key, key))

    def said(self, text: object) -> str:
        """A sentence for people: local time beside UTC, but in what leaves the house, which tells no zone of ours."""
        return str(text) if self.run.get("shared") else local(str(text))

    @property
    def tells_most(self) -> str:
        """What would tell most where nothing is decided, how to get it, and where to put it; empty where it is."""
        if not (decides := self.diagnosis.get("decides")):
            return ""
        get_it = str(decides["get_it"])
        said = f"{decides['what']}. {get_it[:1].upper()}{get_it[1:]}"
        if "as a file" not in get_it:
            return said
        folder = self.incident.get("exports")
        put = f"Put the file into the folder {folder}" if folder else (
            "Put the file into a folder beside the incident file, name the folder there under exports:")  # fmt: skip
        return f"{said} {put}, and check again."

    @property
    def practice(self) -> bool:
        return bool(self.incident.get("connect_to")) or bool(self.run.get("practice"))
