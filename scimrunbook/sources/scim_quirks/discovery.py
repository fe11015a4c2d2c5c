"""What the endpoint says of itself."""

from __future__ import annotations

from collections.abc import Iterator

from scimrunbook.sources import scim_records as scim
from scimrunbook.sources.scim_quirks.rules import Asked, quirk, some


@quirk("filter_misdeclared")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    config, known = asked.get("service_provider_config"), asked.get("filter_known")
    about = scim.get(config.page, "filter") if config and config.page else None
    said = scim.get(about, "supported") if isinstance(about, dict) else None
    if known and isinstance(said, bool) and known.status in (200, 400, 501):
        works = known.listed and 0 < len(known.ids) < (known.total or 0) + 1 and known.total == 1
        if said is False and works:
            yield "service_provider_config", "filter.supported is false, and it filters"
        elif said is True and known.status in (400, 501):
            yield "service_provider_config", "filter.supported is true, and it does not filter"


@quirk("discovery_absent")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "schemas"):
        if e.status == 404 or (e.status == 200 and e.html):
            yield n, "a web page" if e.html else "status 404"


@quirk("resource_endpoint")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "resource_types"):
        for d in e.documents or (e.value if isinstance(e.value, list) else []):
            if not isinstance(d, dict):
                continue
            place = scim.get(d, "endpoint")
            wanted = {"user": "/users", "group": "/groups"}.get(str(scim.get(d, "name") or scim.get(d, "id")).lower())
            if isinstance(place, str) and wanted and place.lower() != wanted:
                yield n, place[:120]
