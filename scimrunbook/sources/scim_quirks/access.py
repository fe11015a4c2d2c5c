"""Who is let in, with which token and without."""

from __future__ import annotations

from collections.abc import Iterator

from scimrunbook.sources.scim_quirks.rules import CONTROLS, Asked, quirk, some


@quirk("config_without_token")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    closed = any(e.status == 401 for _, e in some(asked, "no_token"))
    yield from (
        (n, "200 without a token") for n, e in some(asked, "config_without_token") if e.status == 200 and closed
    )


@quirk("unauthorised_not_scim")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, *CONTROLS):
        if e.status == 401 and not e.content_type.endswith("json"):
            yield n, f"401 as {e.content_type or 'nothing'}"


@quirk("unauthorised_scheme")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    for n, e in some(asked, *CONTROLS):
        offered = e.headers.get("www-authenticate", "").split(" ")[0]
        if e.status == 401 and offered.lower() != "bearer":
            yield n, f"WWW-Authenticate: {offered[:20] or 'absent'}"


@quirk("unauthenticated_500")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, f"status {e.status}") for n, e in some(asked, "no_token") if e.status >= 500)


@quirk("token_not_enforced")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    yield from ((n, "status 200") for n, e in some(asked, "wrong_token", "no_token") if e.listed)


@quirk("bearer_refused")
def _(asked: Asked) -> Iterator[tuple[str, str]]:
    refused = any(e.status == 401 for _, e in some(asked, "provider_test"))
    yield from ((n, "accepted") for n, e in some(asked, "token_without_bearer") if e.listed and refused)
