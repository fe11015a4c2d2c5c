"""What a SCIM endpoint should answer: the paths the probe asks, and what is wrong with an answer (RFC 7644)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from scimrunbook.sources import scim_records as scim
from scimrunbook.sources.http import Answer, ReadFailure

PATH = "/auth/scim"  # of every region's base URL

Row = dict[str, Any]
Verdict = Callable[[Answer], str | None]  # what is wrong with an answer; None: nothing

# -- paths ------------------------------------------------------------------------------------------------------------


def users_path(query: str) -> str:
    return f"{PATH}/Users?{query}"


def filter_path(attribute: str, value: str, kind: str = "Users") -> str:
    return f"{PATH}/{kind}?filter={quote(f'{attribute} eq {quoted(value)}', safe='')}&startIndex=1&count=10"


def quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# -- verdicts: what is wrong with an answer ---------------------------------------------------------------------------


def a_list(answer: Answer) -> str | None:
    if answer.status != 200:
        return f"status {answer.status} instead of 200"
    try:
        scim.read_page(answer.body, content_type=answer.content_type)
    except ReadFailure as failure:
        return failure.message
    return None


def refused(answer: Answer) -> str | None:
    return None if answer.status in (401, 403) else f"status {answer.status} instead of 401"


def not_found(answer: Answer) -> str | None:
    if answer.status != 404:
        return f"status {answer.status} instead of 404"
    try:
        body = answer.json()
    except ReadFailure:
        body = None
    schemas = scim.get(body, "schemas") if isinstance(body, dict) else None
    return None if isinstance(schemas, list) and scim.ERROR_SCHEMA in schemas else "404 without a SCIM error"


def described(answer: Answer) -> str | None:
    if answer.status != 200:
        return f"status {answer.status} instead of 200"
    try:
        return None if isinstance(answer.json(), dict | list) else "no JSON object"
    except ReadFailure as failure:
        return failure.message


def answered(answer: Answer) -> str | None:
    """Any answer will do but a server error: what it shows is for the quirks."""
    return f"status {answer.status}" if answer.status >= 500 else None


def nobody(answer: Answer) -> str | None:
    return a_list(answer) or (f"{len(ids_of(answer))} rows where nobody is" if ids_of(answer) else None)


def same_ids(ids: list[str]) -> Verdict:
    return lambda a: a_list(a) or (None if ids_of(a) == ids else "the same page came back with other rows")


def next_page(first: list[str], total: int | None) -> Verdict:
    def wrong(answer: Answer) -> str | None:
        ids = ids_of(answer)
        both = len(set(ids) & set(first))
        if both:
            return f"{both} rows of the first page came again"
        if total is not None and total > len(first) and not ids:
            return f"no rows, though the endpoint counts {total}"
        return a_list(answer)

    return wrong


def not_everybody(total: int | None) -> Verdict:
    def wrong(answer: Answer) -> str | None:
        page = page_of(answer)
        if page is None:
            return None if 400 <= answer.status < 500 else f"status {answer.status}"
        everybody = bool(page.documents) and (total is None or page.total == total)
        return "an unknown attribute is ignored and everybody returned" if everybody else None

    return wrong


def finds(document: Row, attribute: str, value: str) -> Verdict:
    def wrong(answer: Answer) -> str | None:
        trouble = a_list(answer)
        if trouble:
            return trouble
        found = [str(scim.get(d, attribute)).casefold() == value.casefold() for d in documents_of(answer)]
        if scim.identity(document) not in ids_of(answer):
            return "somebody who is there was not found"
        return None if all(found) else "others were found as well"

    return wrong


def page_of(answer: Answer | None) -> scim.Page | None:
    if answer is None or answer.status != 200:
        return None
    try:
        return scim.read_page(answer.body, content_type=answer.content_type)
    except ReadFailure:
        return None


def documents_of(answer: Answer | None) -> list[Row]:
    page = page_of(answer)
    return page.documents if page else []


def ids_of(answer: Answer | None) -> list[str]:
    return [str(scim.identity(d)) for d in documents_of(answer)]
