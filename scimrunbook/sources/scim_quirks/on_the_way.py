"""What stands between: throttles, firewalls, redirects."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from scimrunbook.sources.scim_quirks.rules import Asked, quirk, some


@quirk("throttled")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked):
        if e.status == 429:
            yield n, "with Retry-After" if "retry-after" in e.headers else "without Retry-After"


@quirk("firewall")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked):
        named = "cf-ray" in e.headers or "cloudflare" in e.headers.get("server", "").lower()
        if e.html and (e.status == 403 or (named and e.status >= 400)):
            yield n, f"status {e.status} as a web page" + (", Cloudflare" if named else "")


@quirk("redirects")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked):
        if e.status in (301, 302, 303, 307, 308):
            place = urlsplit(e.headers.get("location", ""))
            yield n, f"{e.status} to {place.hostname or 'another path of this host'}"[:120]
