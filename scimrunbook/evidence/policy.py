"""What may leave the house: the incident file's ``redaction``, ``keep_domains`` and ``reveal``, as one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scimrunbook.evidence.canonical import key_of

VERSION = 1  # of the rules in this package; recorded in custody.json


@dataclass(frozen=True, slots=True)
class Policy:
    """``mode``: strict | default | names-only; ``reveal``: folded e-mails or logins that may be shown."""

    mode: str = "default"
    keep_domains: bool = True
    reveal: frozenset[str] = frozenset()

    @classmethod
    def of(cls, incident: Any) -> Policy:
        """The policy an Incident asks for. ``strict`` never keeps a domain."""
        keep = incident.keep_domains == "yes" and incident.redaction != "strict"
        return cls(incident.redaction, keep, frozenset(key_of(p) for p in incident.reveal))

    @property
    def deny_unknown_words(self) -> bool:
        """Whether free text passes only in words that are known to be nobody's."""
        return self.mode != "names-only"

    @property
    def map_groups(self) -> bool:
        return self.mode != "names-only"

    @property
    def map_every_id(self) -> bool:
        """strict: Okta's ids of groups and apps are mapped too, not only those of people."""
        return self.mode == "strict"

    def to_json(self) -> dict[str, Any]:
        return {"version": VERSION, "mode": self.mode, "keep_domains": self.keep_domains}
