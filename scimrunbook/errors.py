"""What failed operations say about their cause, for whole tables: each distinct failure is read once (``texts``)."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import pandas as pd

from scimrunbook import texts
from scimrunbook.derived import among, numbered, taken
from scimrunbook.findings import Cause

# Who and when does not change what went wrong: without them a million rows hold a handful of distinct texts.
_PERSONAL = (
    r"of (?:user|group) .{1,120}? (?:to|from|in) app .{1,100}? failed|[\w.+%-]{1,64}@[\w.-]{1,120}"
    r"|[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,40}|\d{4}-\d\d-\d\dT[\d:.]+Z?|\b\d{4,}\b"
)
_MASK = "x@example.com"
_MAX = 1500

_PAGE = r"invalid json.{0,80}'<'|<!doctype html|<html"
# As .NET names them: the phrase without blanks.
_NET_NAMES = {re.sub(r"\W", "", s.phrase).casefold(): int(s) for s in HTTPStatus}


def reading(status: int | None, code: str, reason: str, context: texts.Context | None = None) -> texts.Reading:
    """The reading of one failed operation. ``code`` and ``reason`` may be empty."""
    return texts.read(reason, None, "entra_log" if code else "okta_log", status, code, context)


def family(status: int | None, code: str, reason: str) -> Cause | None:
    """The cause family of one failure; None where nothing decides."""
    return reading(status, code, reason).family


def signing_in_failed(code: Any, message: Any) -> bool:
    """Whether a job's own error says that signing in failed, not that the endpoint is out of reach or broken."""
    name = "" if pd.isna(code) else str(code).casefold()
    if name.endswith(("invalidcredentials", "credentialvalidationfailure", "unauthorized")):
        return True
    said = texts.read("" if pd.isna(message) else str(message)[:_MAX], None, "entra_log")
    return said.family is Cause.URL_OR_TOKEN and said.rests_on[0].startswith(("token.", "status."))


def context_of(rows: pd.DataFrame, done: pd.DataFrame) -> texts.Context:
    """Whom one failure hits among all operations (``key``, ``at``, ``ok``), and whether others got through since."""
    hit = rows["key"].dropna().unique()
    later = done[done["ok"] & (done["at"] >= rows["at"].min()) & ~among(done["key"], hit)]
    tried = len(hit) + later["key"].nunique()
    reach = "one" if len(hit) == 1 and tried > 1 else "everybody" if tried == len(hit) > 1 else "some"
    return texts.Context(reach if tried > 1 else None, bool(len(later)) if tried > 1 else None)


def readings(rows: pd.DataFrame, done: pd.DataFrame | None = None, most: int = 20) -> list[texts.Reading]:
    """The readings of failed operations, those of most rows first, each meaning once.

    With ``done``, all operations of the log, a text that says too little is read by whom it hits.
    """
    shown = rows[["http_status", "error_code", "reason"]].astype("object")
    counted = shown.where(shown.notna(), None).value_counts(dropna=False, sort=True).head(most)
    found: dict[tuple[str, str, str | None], texts.Reading] = {}
    for status, code, reason in counted.index:
        one = reading(
            None if pd.isna(status) else int(status),
            "" if pd.isna(code) else str(code),
            "" if pd.isna(reason) else str(reason)[:_MAX],
            None if done is None else context_of(rows[_same(shown, (status, code, reason))], done),
        )
        found.setdefault((one.cause, one.meaning, one.ask), one)
    return list(found.values())


def _same(table: pd.DataFrame, values: tuple[Any, ...]) -> pd.Series[Any]:
    """The rows that hold exactly these values, missing ones being alike."""
    alike = pd.Series(True, index=table.index)
    for column, value in zip(table.columns, values, strict=True):
        alike &= table[column].isna() if pd.isna(value) else table[column].eq(value)
    return alike


def families(events: pd.DataFrame) -> pd.Series[Any]:
    """The family of every row (text, missing where unknown)."""
    code, codes = numbered(events["error_code"].fillna(""))
    reason, reasons = numbered(events["reason"].fillna(""))
    alike, meant = numbered(pd.Series(reasons).str.slice(0, _MAX).str.replace(_PERSONAL, _MASK, regex=True))
    keys = pd.DataFrame(
        {"status": events["http_status"].fillna(0).astype("int64"), "code": code, "reason": alike[reason]}
    )
    group = keys.groupby(["status", "code", "reason"], sort=False).ngroup()
    said = [family(int(s) or None, codes[c], meant[r]) for s, c, r in keys.drop_duplicates().itertuples(index=False)]
    by_group = pd.Series([None if c is None else c.value for c in said], dtype="str")
    return taken(by_group, group.to_numpy(), events.index)


def is_page(events: pd.DataFrame) -> pd.Series[Any]:
    """True where a web page came back in place of SCIM: another address answers, or something in front of it."""
    failed = events["status"] == "failure"
    page = events["reason"][failed].fillna("").str.contains(_PAGE, case=False, regex=True).astype(bool)
    return _where(failed, page)


def told_status(text: str) -> int | None:
    """The HTTP status a text of Entra's names anywhere (``… Response Status Code: NotFound``)."""
    found = re.search(r"status ?code:\s*(\w+)", text, re.IGNORECASE)
    name = found[1].casefold() if found else ""
    return int(name) if name.isdigit() else _NET_NAMES.get(name)


def is_auth(events: pd.DataFrame) -> pd.Series[Any]:
    """True where the endpoint refused the credential: 401 or 403, or the provider's own words for it."""
    failed = events["status"] == "failure"
    told = events.loc[failed, ["status", "event_type", "http_status", "error_code", "reason"]]
    names = told["event_type"].isin(
        ("application.integration.authentication_failure", "application.configuration.update")
    )
    refused = ~is_page(told) & (names | (families(told) == Cause.URL_OR_TOKEN.value))
    return _where(failed, refused)


def _where(some: pd.Series[Any], said: pd.Series[Any]) -> pd.Series[Any]:
    """What is said of some rows, False for all others."""
    flags = some.to_numpy(bool, copy=True)
    flags[flags] = said.to_numpy(bool)
    return pd.Series(flags, index=some.index)
