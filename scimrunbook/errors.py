"""What a failed operation says about its cause: HTTP status and words of the answer first, the outer code last.

Here are the readings on which vendors and observers agree; an error reader may deepen them. An Entra code may mislead
(a real 409 arrives as ``…IncompatibleFiltering``): hence its rank. Sources: Okta System Log, ``outcome.reason``;
Microsoft Learn, error codes of the provisioning log.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from scimrunbook.findings import Cause

# .NET's names of HTTP status codes, as Entra prints them after "StatusCode:", and HTTP reason phrases, as Okta does.
_PHRASES = {
    400: ("badrequest", "bad request"),
    401: ("unauthorized",),
    403: ("forbidden",),
    404: ("notfound", "not found"),
    409: ("conflict",),
    429: ("toomanyrequests", "too many requests"),
    500: ("internalservererror", "internal server error"),
    502: ("badgateway", "bad gateway"),
    503: ("serviceunavailable", "service unavailable"),
    504: ("gatewaytimeout", "gateway timeout"),
}
_LEADING = re.compile(
    r"^\s*(?:.{0,160}?StatusCode:\s*)?(?P<phrase>"
    + "|".join(p for phrases in _PHRASES.values() for p in phrases)
    + r")\b",
    re.IGNORECASE | re.DOTALL,
)
_WORDS: tuple[tuple[re.Pattern[str], Cause], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), cause)
    for pattern, cause in (
        (
            r"\bunauthori[sz]ed\b|\bforbidden\b|error authenticating|credential|invalid token|expired",
            Cause.URL_OR_TOKEN,
        ),
        (r"invalid json.{0,80}'<'|<!doctype html|<html", Cause.URL_OR_TOKEN),
        (r"already exists|uniqueness|more than one user|\bconflict\b|duplicate", Cause.DUPLICATE_IDENTITY),
        (r"no user returned|user not found|no longer exists", Cause.DUPLICATE_IDENTITY),
        (r"before provisioning was enabled|matching user not found", Cause.INTEGRATION_NOT_ENABLED),
        (r"too many requests|rate limit|timed? ?out|internal server error|bad gateway|unavailable", Cause.CATALOG_SIDE),
        (r"\brequired\b|schema|invalidvalue|missing|attribute", Cause.ATTRIBUTE_MAPPING),
        (r"inactive status", Cause.ASSIGNMENT_SCOPE),
    )
)
_BY_STATUS = {
    400: Cause.ATTRIBUTE_MAPPING,
    401: Cause.URL_OR_TOKEN,
    403: Cause.URL_OR_TOKEN,
    409: Cause.DUPLICATE_IDENTITY,
    429: Cause.CATALOG_SIDE,
}
_BY_CODE: tuple[tuple[str, Cause], ...] = (
    ("invalidcredentials", Cause.URL_OR_TOKEN),
    ("credentialvalidationfailure", Cause.URL_OR_TOKEN),
    ("credentialvalidationunavailable", Cause.URL_OR_TOKEN),
    ("unauthorized", Cause.URL_OR_TOKEN),
    ("insufficientrights", Cause.URL_OR_TOKEN),
    ("notpermitted", Cause.URL_OR_TOKEN),
    ("conflict", Cause.DUPLICATE_IDENTITY),
    ("duplicatetargetentries", Cause.DUPLICATE_IDENTITY),
    ("duplicatesourceentries", Cause.DUPLICATE_IDENTITY),
    ("invalidanchor", Cause.DUPLICATE_IDENTITY),
    ("mandatoryfieldsmissing", Cause.ATTRIBUTE_MAPPING),
    ("missingvalues", Cause.ATTRIBUTE_MAPPING),
    ("schemaattributenotfound", Cause.ATTRIBUTE_MAPPING),
    ("schemapropertycanonlyacceptvalue", Cause.ATTRIBUTE_MAPPING),
    ("attributevalidationfailed", Cause.ATTRIBUTE_MAPPING),
    ("importskipped", Cause.ATTRIBUTE_MAPPING),
    ("badrequest", Cause.ATTRIBUTE_MAPPING),
    ("toomanyrequests", Cause.CATALOG_SIDE),
    ("internalservererror", Cause.CATALOG_SIDE),
    ("timeout", Cause.CATALOG_SIDE),
    ("methodnotallowed", Cause.CATALOG_SIDE),
    ("serviceincompatible", Cause.CATALOG_SIDE),
)


def http_status(reason: str) -> int | None:
    """The HTTP status a text begins with (``Unauthorized. Errors …``, ``StatusCode: Conflict …``), if it does."""
    found = _LEADING.match(reason)
    if not found:
        return None
    phrase = found["phrase"].casefold()
    return next(status for status, phrases in _PHRASES.items() if phrase in phrases)


def family(status: int | None, code: str, reason: str) -> Cause | None:
    """The cause family of one failure; None where nothing decides. ``code`` and ``reason`` may be empty."""
    status = status if status else http_status(reason)
    detail = reason.split("Errors reported by", 1)[-1] if "Errors reported by" in reason else reason
    if status in (401, 403):
        return Cause.URL_OR_TOKEN
    if status is not None and status >= 500:
        return Cause.CATALOG_SIDE
    for pattern, cause in _WORDS:
        if pattern.search(detail):
            return cause
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    folded = code.casefold()
    return next((cause for ending, cause in _BY_CODE if folded.endswith(ending)), None)


def families(events: pd.DataFrame) -> pd.Series[Any]:
    """The family of every row (text, missing where unknown); each distinct failure is read once."""
    keys = pd.DataFrame(
        {
            "status": events["http_status"].fillna(0).astype("int64"),
            "code": events["error_code"].fillna(""),
            "reason": events["reason"].fillna("").str.slice(0, 1000),
        }
    )
    group = keys.groupby(["status", "code", "reason"], sort=False, observed=True)
    distinct = keys.drop_duplicates()
    said = [family(int(s) or None, c, r) for s, c, r in distinct.itertuples(index=False)]
    by_group = pd.Series([None if c is None else c.value for c in said], dtype="str")
    return pd.Series(by_group.reindex(group.ngroup()).to_numpy(), index=events.index, dtype="str")


def is_auth(events: pd.DataFrame) -> pd.Series[Any]:
    """True where the endpoint refused the credential: 401 or 403, or the provider's own words for it."""
    names = events["event_type"].isin(
        ("application.integration.authentication_failure", "application.configuration.update")
    )
    failed = events["status"] == "failure"
    return failed & (names | (families(events) == Cause.URL_OR_TOKEN.value))
