"""Which quirks of SCIM servers (``guide.SCIM_QUIRKS``) the answers of a probe show. Pure: answers in, observations out.

Every rule needs an answer that shows the deviation; what was not asked, or was refused, shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from scimrunbook.sources import scim_records as scim

Json = Any
_CORE = ("id", "userName", "externalId", "active", "name", "displayName", "emails", "schemas", "meta")
_JSON = ("application/scim+json", "application/json")
# RFC 7643 section 5, and what every resource may carry.
_CONFIG = {
    "schemas", "id", "externalid", "meta", "documentationuri", "patch", "bulk", "filter", "changepassword", "sort",
    "etag", "authenticationschemes", "pagination",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. ``value``: the body as JSON, None where it is none; ``count``, ``start``: asked."""

    status: int
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    value: Json = None
    html: bool = False
    empty: bool = False
    count: int | None = None
    start: int = 1

    @property
    def page(self) -> dict[str, Any] | None:
        return self.value if self.status == 200 and isinstance(self.value, dict) else None

    @property
    def documents(self) -> list[dict[str, Any]]:
        items = scim.get(self.page, "Resources") if self.page else None
        return [d for d in items if isinstance(d, dict)] if isinstance(items, list) else []

    @property
    def ids(self) -> list[str]:
        return [str(scim.identity(d)) for d in self.documents]

    @property
    def total(self) -> int | None:
        return scim.whole(scim.get(self.page, "totalResults")) if self.page else None

    @property
    def listed(self) -> bool:
        return self.page is not None and self.total is not None


@dataclass(frozen=True, slots=True)
class Seen:
    """A quirk, the probe request that shows it, and what it showed (never a person's value)."""

    quirk: str
    probe: str
    shown: str


Asked = Mapping[str, Exchange]
Rule = Callable[[Asked], Iterator[tuple[str, str]]]  # probe name, what it showed
_RULES: dict[str, Rule] = {}


def observe(asked: Asked, base_url: str) -> list[Seen]:
    """Every quirk that these answers show, each once, at the first request that shows it."""
    found = [Seen(name, *first) for name, rule in _RULES.items() for first in [next(rule(asked), None)] if first]
    place = _location(asked, base_url)
    return [*found, Seen("location_odd", *place)] if place else found


def quirk(name: str) -> Callable[[Rule], Rule]:
    def kept(rule: Rule) -> Rule:
        _RULES[name] = rule
        return rule

    return kept


def _some(asked: Asked, *names: str) -> Iterator[tuple[str, Exchange]]:
    return ((n, asked[n]) for n in names or asked if n in asked)


# -- who is let in ----------------------------------------------------------------------------------------------------

_CONTROLS = ("no_token", "wrong_token")


@quirk("config_without_token")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    closed = any(e.status == 401 for _, e in _some(asked, "no_token"))
    yield from (
        (n, "200 without a token") for n, e in _some(asked, "config_without_token") if e.status == 200 and closed
    )


@quirk("unauthorised_not_scim")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, *_CONTROLS):
        if e.status == 401 and not e.content_type.endswith("json"):
            yield n, f"401 as {e.content_type or 'nothing'}"


@quirk("unauthorised_scheme")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, *_CONTROLS):
        offered = e.headers.get("www-authenticate", "").split(" ")[0]
        if e.status == 401 and offered.lower() != "bearer":
            yield n, f"WWW-Authenticate: {offered[:20] or 'absent'}"


@quirk("unauthenticated_500")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, f"status {e.status}") for n, e in _some(asked, "no_token") if e.status >= 500)


@quirk("token_not_enforced")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "status 200") for n, e in _some(asked, "wrong_token", "no_token") if e.listed)


@quirk("bearer_refused")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    refused = any(e.status == 401 for _, e in _some(asked, "provider_test"))
    yield from ((n, "accepted") for n, e in _some(asked, "token_without_bearer") if e.listed and refused)


# -- pages ------------------------------------------------------------------------------------------------------------


@quirk("zero_based")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    first = asked.get("list_users")
    for n, e in _some(asked, "start_zero"):
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
    for n, e in _some(asked, "filter_known", "filter_external_id", "filter_display_name"):
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
    yield from ((n, f"{len(e.ids)} rows") for n, e in _some(asked, "past_the_end") if e.ids)


@quirk("items_per_page")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked):
        said = scim.whole(scim.get(e.page, "itemsPerPage")) if e.page else None
        if e.listed and said is not None and said != len(e.ids):
            yield n, f"itemsPerPage {said} with {len(e.ids)} rows"


@quirk("short_page")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "list_users", "page_two"):
        if e.ids and e.count and len(e.ids) < e.count and (e.total or 0) > e.start - 1 + len(e.ids):
            yield n, f"{len(e.ids)} rows of {e.count} asked for, {e.total} in all"


@quirk("start_zero_refused")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "status 400") for n, e in _some(asked, "start_zero") if e.status == 400)


@quirk("count_zero_rows")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, f"{len(e.ids)} rows") for n, e in _some(asked, "count_zero") if e.ids)


@quirk("small_page")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "default_page", "large_page"):
        if e.ids and (e.total or 0) > len(e.ids) and len(e.ids) < (e.count or 1000):
            yield n, f"{len(e.ids)} rows of {e.total}"


# -- shapes -----------------------------------------------------------------------------------------------------------


@quirk("counters_text")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked):
        texts = [k for k in ("totalResults", "startIndex", "itemsPerPage") if e.page and isinstance(e.page.get(k), str)]
        if texts:
            yield n, f"{', '.join(texts)} as text"


@quirk("nobody_shape")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "filter_nobody"):
        if e.status == 200 and (
            e.empty or e.value == [] or (e.total == 0 and scim.get(e.page or {}, "Resources") is None)
        ):
            yield n, "an empty body" if e.empty else "a bare list" if e.value == [] else "no Resources"


@quirk("discovery_no_total")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "schemas", "resource_types"):
        if e.status == 200 and e.value is not None and (not e.page or scim.get(e.page, "totalResults") is None):
            yield n, "no totalResults"


@quirk("content_type")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked):
        if e.status == 200 and e.value is not None and e.content_type not in _JSON:
            yield n, e.content_type[:60] or "no content type"


@quirk("accept_required")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "without_accept", "provider_test"):
        if e.status == 406:
            yield n, "status 406"


@quirk("html_answer")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "a web page with status 200") for n, e in _some(asked) if e.html and e.status == 200)


def _people(asked: Asked) -> Iterator[tuple[str, dict[str, Any]]]:
    for n, e in _some(asked, "provider_test", "list_users", "page_two", "filter_known"):
        yield from ((n, d) for d in e.documents)


@quirk("schemas_missing")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "no schemas") for n, d in _people(asked) if not scim.get(d, "schemas"))


@quirk("schemas_text")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "schemas as text") for n, d in _people(asked) if isinstance(scim.get(d, "schemas"), str))


@quirk("undeclared_extension")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    types = asked.get("resource_types")
    known = {str(v).lower() for v in _urns(types.value)} if types and types.status == 200 else None
    for n, d in _people(asked) if known else ():
        schemas = scim.get(d, "schemas")
        strange = (
            [s for s in schemas if isinstance(s, str) and s.lower() not in (known or ())]
            if isinstance(schemas, list)
            else []
        )
        if strange:
            yield n, strange[0][:120]


def _urns(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for v in value.values():
            yield from _urns(v)
    elif isinstance(value, list):
        for v in value:
            yield from _urns(v)
    elif isinstance(value, str) and value.lower().startswith("urn:"):
        yield value


@quirk("discovery_extra")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "service_provider_config"):
        strange = sorted(k for k in e.page or {} if k.lower() not in _CONFIG and not k.lower().startswith("urn:"))
        if strange:
            yield n, ", ".join(strange)[:120]


@quirk("odd_keys")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    known = {k.lower(): k for k in _CORE}
    for n, d in _people(asked):
        odd = [k for k in d if k.lower() in known and k not in _CORE]
        null = [k for k in ("name", "emails", "meta") if k in d and d[k] is None]
        if odd or null:
            yield n, ", ".join(odd) if odd else f"{', '.join(null)}: null"


@quirk("integer_id")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "a number as id") for n, d in _people(asked) if isinstance(scim.get(d, "id"), int | float))


@quirk("active_odd")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, d in _people(asked):
        value = scim.get(d, "active")
        if not isinstance(value, bool):
            yield n, "absent" if value is None else f"a {type(value).__name__}"


@quirk("error_shape")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "unknown_id", *_CONTROLS):
        if e.status in (401, 404) and isinstance(e.value, dict):
            status = scim.get(e.value, "status")
            if scim.get(e.value, "schemas") is None and any(isinstance(v, dict) for v in e.value.values()):
                yield n, "the error is wrapped"
            elif status is not None and not isinstance(status, str):
                yield n, "status is a number"


def _location(asked: Asked, base_url: str) -> tuple[str, str] | None:
    base = urlsplit(base_url)
    for n, d in _people(asked):
        meta = scim.get(d, "meta")
        told = scim.get(meta, "location") if isinstance(meta, dict) else None
        if not isinstance(told, str):
            continue
        there = urlsplit(told)
        if not there.netloc:
            return n, "relative"
        if (there.scheme, there.netloc.lower()) != (base.scheme, base.netloc):
            return n, f"{there.scheme}://{there.hostname}"[:120]
    return None


# -- what the endpoint says of itself ---------------------------------------------------------------------------------


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
    for n, e in _some(asked, "schemas"):
        if e.status == 404 or (e.status == 200 and e.html):
            yield n, "a web page" if e.html else "status 404"


@quirk("resource_endpoint")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "resource_types"):
        for d in e.documents or (e.value if isinstance(e.value, list) else []):
            if not isinstance(d, dict):
                continue
            place = scim.get(d, "endpoint")
            wanted = {"user": "/users", "group": "/groups"}.get(str(scim.get(d, "name") or scim.get(d, "id")).lower())
            if isinstance(place, str) and wanted and place.lower() != wanted:
                yield n, place[:120]


# -- filters ----------------------------------------------------------------------------------------------------------


@quirk("no_match_404")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    reached = any(e.status == 200 for _, e in _some(asked, "list_users"))
    yield from ((n, "status 404") for n, e in _some(asked, "filter_nobody") if e.status == 404 and reached)


def _found(asked: Asked, name: str) -> bool:
    return name in asked and asked[name].listed and bool(asked[name].ids)


@quirk("user_name_case")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    if _found(asked, "filter_known") and "filter_upper_case" in asked and not _found(asked, "filter_upper_case"):
        yield "filter_upper_case", f"status {asked['filter_upper_case'].status}, nobody found"


@quirk("plus_lost")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "filter_plus"):
        if e.status in (200, 400) and not e.ids and _found(asked, "filter_known"):
            yield n, "somebody with a plus in the address was not found"


@quirk("unknown_filter_everybody")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    everybody = asked.get("list_users")
    for n, e in _some(asked, "filter_nonsense"):
        if e.ids and everybody and e.total == everybody.total:
            yield n, f"totalResults {e.total}"


@quirk("external_id_filter")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "filter_external_id"):
        if e.status in (400, 404, 501) or (e.listed and not e.ids):
            yield n, f"status {e.status}, nobody found"


@quirk("disabled_hidden")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "filter_inactive"):
        if e.listed and not e.ids:
            yield n, "a disabled account was not found"


@quirk("members_not_excluded")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked, "filter_display_name"):
        if any(scim.get(d, "members") is not None for d in e.documents):
            yield n, "members were sent"


# -- on the way -------------------------------------------------------------------------------------------------------


@quirk("throttled")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked):
        if e.status == 429:
            yield n, "with Retry-After" if "retry-after" in e.headers else "without Retry-After"


@quirk("firewall")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked):
        named = "cf-ray" in e.headers or "cloudflare" in e.headers.get("server", "").lower()
        if e.html and (e.status == 403 or (named and e.status >= 400)):
            yield n, f"status {e.status} as a web page" + (", Cloudflare" if named else "")


@quirk("redirects")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in _some(asked):
        if e.status in (301, 302, 303, 307, 308):
            place = urlsplit(e.headers.get("location", ""))
            yield n, f"{e.status} to {place.hostname or 'another path of this host'}"[:120]
