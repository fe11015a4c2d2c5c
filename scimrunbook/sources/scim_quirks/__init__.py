"""Which quirks of SCIM servers (``guide.SCIM_QUIRKS``) the answers of a probe show. Pure: answers in, observations out.

Every rule needs an answer that shows the deviation; what was not asked, or was refused, shows nothing. A module for
each kind of rule; importing it registers them, and an answer's quirks are told in that order.
"""

from __future__ import annotations

from scimrunbook.sources.scim_quirks import access, discovery, filters, on_the_way, pages, shapes  # noqa: F401
from scimrunbook.sources.scim_quirks.rules import RULES, Asked, Exchange, Seen
from scimrunbook.sources.scim_quirks.shapes import location

__all__ = ["Asked", "Exchange", "Seen", "observe"]


def observe(asked: Asked, base_url: str) -> list[Seen]:
    """Every quirk that these answers show, each once, at the first request that shows it."""
    found = [Seen(name, *first) for name, rule in RULES.items() for first in [next(rule(asked), None)] if first]
    place = location(asked, base_url)
    return [*found, Seen("location_odd", *place)] if place else found
