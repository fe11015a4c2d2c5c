"""Pages: counters, order, bounds."""

from __future__ import annotations

from collections.abc import Iterator

from scimrunbook.sources import scim_records as scim
from scimrunbook.sources.scim_quirks.rules import Asked, quirk, some


@quirk("zero_based")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    first = asked.get("list_users")
    for n, e in some(asked, "start_zero"):
        echo = scim.whole(scim.get(e.page, "startIndex")) if e.page else None
        if e.listed and (echo == 0 or (first and first.ids and e.ids and e.ids[0] != first.ids[0])):
            yield n, "startIndex=0 is echoed" if echo == 0 else "startIndex 0 and 1 give different rows"


def _second(asked: Asked) -> tuple[list[str], list[str]] | None:
    first, second = asked.get("list_users"), asked.get("page_two")
    return (first.ids, second.ids) if first and second and first.ids and second.ids else None


@quirk("start_index_ignored")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    pages = _second(asked)
    if pages and pages[0][0] == pages[1][0] and set(pages[0]) & set(pages[1]):
        yield "page_two", "the first page came again"


@quirk("pages_overlap")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    pages = _second(asked)
    both = len(set(pages[0]) & set(pages[1])) if pages and pages[0][0] != pages[1][0] else 0
    if both:
        yield "page_two", f"{both} rows of the first page came again"


@quirk("total_is_page_length")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    first, pages = asked.get("list_users"), _second(asked)
    if first and pages and first.total == len(first.ids) == first.count and not set(pages[0]) & set(pages[1]):
        yield "list_users", f"totalResults {first.total}, and a page follows"


@quirk("filtered_total_wrong")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "filter_known", "filter_external_id", "filter_display_name"):
        if e.listed and len(e.ids) < (e.count or 0) and e.total != len(e.ids):
            yield n, f"totalResults {e.total} with {len(e.ids)} rows"


@quirk("unstable_order")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for one, two in (("list_users", "list_users_again"), ("page_two", "page_two_again")):
        a, b = asked.get(one), asked.get(two)
        if a and b and a.listed and b.listed and a.ids != b.ids and a.total == b.total:
            yield two, "the same request gave other rows or another order"


@quirk("rows_past_the_end")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, f"{len(e.ids)} rows") for n, e in some(asked, "past_the_end") if e.ids)


@quirk("items_per_page")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked):
        said = scim.whole(scim.get(e.page, "itemsPerPage")) if e.page else None
        if e.listed and said is not None and said != len(e.ids):
            yield n, f"itemsPerPage {said} with {len(e.ids)} rows"


@quirk("short_page")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "list_users", "page_two"):
        if e.ids and e.count and len(e.ids) < e.count and (e.total or 0) > e.start - 1 + len(e.ids):
            yield n, f"{len(e.ids)} rows of {e.count} asked for, {e.total} in all"


@quirk("start_zero_refused")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "status 400") for n, e in some(asked, "start_zero") if e.status == 400)


@quirk("count_zero_rows")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, f"{len(e.ids)} rows") for n, e in some(asked, "count_zero") if e.ids)


@quirk("small_page")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, "default_page", "large_page"):
        if e.ids and (e.total or 0) > len(e.ids) and len(e.ids) < (e.count or 1000):
            yield n, f"{len(e.ids)} rows of {e.total}"
