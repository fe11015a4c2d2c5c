"""How a typed base URL differs from the one it has to be; every kind of difference by its own name."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from scimrunbook import guide

# Differences that change nothing for sure; they matter only where nothing works (an appended flag is Entra's own).
COSMETIC = ("trailing_slash", "entra_flag", "host_case")
ENTRA_FLAGS = ("aadoptscim062020", "azureadscimpatch2017")


@dataclass(frozen=True, slots=True)
class Difference:
    kind: (
        str  # blanks | scheme | other_region | web_address | host | port | path | trailing_slash | query | entra_flag …
    )
    said: str


def differences(typed: str, region: guide.Region) -> list[Difference]:
    """What differs between ``typed`` and the region's base URL, the gravest first; empty where they are the same."""
    found = []
    text = typed.strip()
    if text != typed or any(c.isspace() for c in text):
        found.append(Difference("blanks", "it holds blanks or line breaks"))
    text = "".join(text.split())
    try:
        url, port = urlsplit(text), urlsplit(text).port
    except ValueError:
        return [Difference("unreadable", "it is no URL"), *found]
    if not url.scheme or not url.netloc:
        return [Difference("scheme", "it does not begin with https://"), *found]
    return [*_host(url, region), *_rest(url, port, region), *found]


def _host(url: SplitResult, region: guide.Region) -> list[Difference]:
    host = (url.hostname or "").rstrip(".")
    if host == region.api_host:
        written = url.netloc.rsplit("@", 1)[-1].split(":")[0]
        return [] if written == region.api_host else [Difference("host_case", "the host is written in capitals")]
    other = next((r for r in guide.REGIONS.values() if host == r.api_host), None)
    if other:
        return [
            Difference("other_region", f"{host} is the API host of region {other.name}, the tenant is in {region.name}")
        ]
    if host in guide.REGIONS:
        return [Difference("web_address", f"{host} is the address of the web application, not of the API")]
    return [Difference("host", f"the host is {host or 'missing'}, not {region.api_host}")]


def _rest(url: SplitResult, port: int | None, region: guide.Region) -> list[Difference]:
    wanted = urlsplit(region.base_url)
    found = []
    if url.scheme != wanted.scheme:
        found.append(Difference("scheme", f"the scheme is {url.scheme}, not {wanted.scheme}"))
    if port not in (None, 443):
        found.append(Difference("port", f"it names port {port}"))
    if url.username or url.password:
        found.append(Difference("user", "it carries a user name or password"))
    if url.path.rstrip("/") != wanted.path:
        found.append(Difference("path", f"the path is {url.path or 'missing'}, not {wanted.path}"))
    elif url.path != wanted.path:
        found.append(Difference("trailing_slash", "it ends with a slash"))
    if url.query:
        flags = [f.split("=")[0].casefold() for f in url.query.split("&")]
        flag = all(f in ENTRA_FLAGS for f in flags)
        found.append(Difference("entra_flag" if flag else "query", f"it carries the query ?{url.query}"))
    if url.fragment:
        found.append(Difference("fragment", f"it carries the fragment #{url.fragment}"))
    return found
