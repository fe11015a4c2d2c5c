"""Filters: who is found by them."""

from __future__ import annotations

from collections.abc import Iterator

from scimrunbook.sources import scim_records as scim
from scimrunbook.sources.scim_quirks.rules import Asked, quirk, some


@quirk("no_match_404")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    reached = any(e.status == 200 for _, e in some(asked, "list_users"))
    yield from ((n, "status 404") for n, e in some(asked, "filter_nobody") if e.status == 404 and reached)


def _found(asked: Asked, name: str) -> bool:
    return name in asked and asked[name].listed and bool(asked[name].ids)


@quirk("user_name_case")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    if _found(asked, "filter_known") and "filter_upper_case" in asked and not _found(asked, "filter_upper_case"):
        yield "filter_upper_case", f"status {asked['filter_upper_case'].status}, nobody found"


@quirk("plus_lost")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "filter_plus"):
        if e.status in (200, 400) and not e.ids and _found(asked, "filter_known"):
            yield n, "somebody with a plus in the address was not found"


@quirk("unknown_filter_everybody")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    everybody = asked.get("list_users")
    for n, e in some(asked, "filter_nonsense"):
        if e.ids and everybody and e.total == everybody.total:
            yield n, f"totalResults {e.total}"


@quirk("external_id_filter")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "filter_external_id"):
        if e.status in (400, 404, 501) or (e.listed and not e.ids):
            yield n, f"status {e.status}, nobody found"


@quirk("disabled_hidden")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "filter_inactive"):
        if e.listed and not e.ids:
            yield n, "a disabled account was not found"


@quirk("members_not_excluded")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "filter_display_name"):
        if any(scim.get(d, "members") is not None for d in e.documents):
            yield n, "members were sent"
