"""Which group a list of members belongs to: neither Okta's nor Graph's answer says it, only the file's name can."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from scimrunbook.sources.exports.documents import normal
from scimrunbook.sources.exports.registry import Recognised

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_OKTA_GROUP = re.compile(r"00g[0-9A-Za-z]{17}")


def group_of(name: str, groups: Iterable[Mapping[str, Any]]) -> str | None:
    """The group key a file name points at: an object id in it, else the name of exactly one known group.

    ``groups``: rows of the table of that name. The longest group name counts, so that "Data" does not take the file
    of "Data Platform".
    """
    for pattern in (_GUID, _OKTA_GROUP):
        found = pattern.findall(name)
        if found:
            return str(found[-1])
    told = normal(re.sub(r"(\.[A-Za-z0-9]{1,6}){1,2}$", "", name))
    named = {normal(str(g["name"])): str(g["group_key"]) for g in groups if g.get("name") and g.get("group_key")}
    fits = sorted((n for n in named if len(n) > 2 and told.endswith(n)), key=len)
    return named[fits[-1]] if fits else None


def belong_to(found: Recognised, key: str | None, members: Iterable[Mapping[str, Any]], untold: str) -> None:
    """Makes ``members`` the memberships of an Entra group; without its key, refuses them as ``untold`` says."""
    if key is None:
        found.refused = f"members of a group, but {untold}"
        found.get_it = "Rename the file so that it ends with the group's object id or its name."
        return
    found.subject = key
    found.tables = {"memberships": [{**m, "group_key": key} for m in members]}
