"""Catalog over SCIM: a light probe of the endpoint, then everybody in it. GET only; at most twenty probe requests.

Probe names (column ``probe``): ``provider_test`` (the provider's own connection test), ``no_token`` and ``wrong_token``
(controls that must be refused), ``list_users``, ``list_users_again``, ``page_two``, ``filter_nobody``,
``filter_known``, ``filter_upper_case``, ``filter_external_id``, ``unknown_id``, ``service_provider_config``.
Sources: RFC 7644 sections 3.4 and 4; the connection tests of Okta and Entra as seen in servers' logs.
"""

from __future__ import annotations

import secrets as random_secrets
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

from scimrunbook.evidence.secrets import Secret
from scimrunbook.guide import HOW_TO_GET
from scimrunbook.incident import Incident
from scimrunbook.sources import scim_records as scim
from scimrunbook.sources.http import Answer, BearerAuth, Reader, ReadFailure
from scimrunbook.sources.parts import Parts, Progress

PATH = "/auth/scim"
PAGE = 100  # what Okta itself asks for
SLACK = 1.2  # pages beyond totalResults / page size that are still followed
MAX_PAGES = 50_000  # where no total is told
OKTA_AGENT = "Okta SCIM Client 1.0.0"
_SCIM = {"Accept": "application/scim+json"}
Row = dict[str, Any]


def read(
    reader: Reader,
    incident: Incident,
    parts: Parts,
    progress: Progress,
    *,
    probe: str,
    control: Callable[[BearerAuth | None], Reader],
) -> None:
    """Fills ``parts`` from one region's endpoint. ``control(auth)`` makes a reader for the control requests."""
    catalog = _Catalog(reader, incident, parts, progress)
    if probe != "off":
        progress(HOW_TO_GET["catalog.probe"].title, 0)
        catalog.probe(control)
    catalog.step("catalog.users", "/Users", catalog.users)
    catalog.step("catalog.groups", "/Groups", catalog.groups)


class _Catalog:
    def __init__(self, reader: Reader, incident: Incident, parts: Parts, progress: Progress) -> None:
        self.reader, self.incident, self.parts, self.progress = reader, incident, parts, progress

    def step(self, what: str, path: str, work: Callable[[], Row]) -> None:
        name = f"{self.reader.host}{PATH}{path}"
        try:
            self.parts.cover(what, source="live", name=name, **work())
        except ReadFailure as failure:
            self.parts.cover(
                what, source="live", name=name, complete=False, refused=str(failure), get_it=HOW_TO_GET[what].export
            )

    # -- reading everybody ------------------------------------------------------------------

    def pages(self, path: str, title: str) -> Iterator[scim.Page]:
        """Pages, advanced by the rows received; ends at an empty page, a repeated one, the total, or the bound."""
        got, bound, seen = 0, MAX_PAGES, set[str]()
        for number in range(1, MAX_PAGES + 1):
            answer = self.reader.get(f"{PATH}{path}?startIndex={got + 1}&count={PAGE}", headers=_SCIM)
            if answer.status != 200:
                raise ReadFailure("connect", _said(answer), "Check base URL and token, section 3 of the guide.")
            page = scim.read_page(answer.body, content_type=answer.content_type, where=f"The list of {path}")
            fresh = [d for d in page.documents if str(scim.get(d, "id")) not in seen]
            seen |= {str(scim.get(d, "id")) for d in page.documents}
            if page.total is not None and number == 1:
                bound = int(page.total / PAGE * SLACK) + 2
            yield page
            rows = len(page.documents) + page.unreadable
            got += rows
            self.progress(title, got, page.total)
            if not rows or not fresh or number >= bound or (page.total is not None and got >= page.total):
                return

    def users(self) -> Row:
        good, bad, total = 0, 0, None
        for page in self.pages("/Users", HOW_TO_GET["catalog.users"].title):
            rows, unreadable = scim.accounts(page.documents)
            self.parts.add("accounts", rows)
            good, bad, total = good + len(rows), bad + unreadable + page.unreadable, page.total
        whole = not bad and (total is None or good >= total)
        note = (
            None if total is None or good == total else f"The endpoint speaks of {total} accounts; {good} were given."
        )
        return {"rows": good, "unreadable": bad, "complete": whole, "note": note}

    def groups(self) -> Row:
        good, bad = 0, 0
        for page in self.pages("/Groups", HOW_TO_GET["catalog.groups"].title):
            teams, members, unreadable = scim.teams(page.documents)
            self.parts.add("teams", teams)
            self.parts.add("team_members", members)
            good, bad = good + len(teams), bad + unreadable + page.unreadable
        return {"rows": good, "unreadable": bad, "complete": not bad}

    # -- probe --------------------------------------------------------------------------------

    def probe(self, control: Callable[[BearerAuth | None], Reader]) -> None:
        test = f"{PATH}/Users?startIndex=1&count=2"
        okta = self.incident.identity_provider == "okta"
        nobody = quote_plus(f'userName eq "{uuid.uuid4()}"', safe="")
        entra_test = f"{PATH}/Users?filter={nobody}"
        headers: dict[str, str | None] = {"User-Agent": OKTA_AGENT, **_SCIM} if okta else {"Accept": None}
        first = self.ask(self.reader, "provider_test", test if okta else entra_test, _is_list, headers)
        for name, auth in (("no_token", None), ("wrong_token", BearerAuth(Secret(random_secrets.token_urlsafe(32))))):
            with control(auth) as other:
                self.ask(other, name, test, lambda a: a.status == 401)
        refused = first is not None and first.status in (401, 403)
        if first is None or refused:
            self.cover_probe("the token is refused; only the controls were tried" if refused else None)
            return
        listed = self.ask(self.reader, "list_users", f"{PATH}/Users?startIndex=1&count=10", _is_list)
        self.ask(self.reader, "list_users_again", f"{PATH}/Users?startIndex=1&count=10",
                 lambda a: _is_list(a) and _ids(a) == _ids(listed))  # fmt: skip
        self.ask(self.reader, "page_two", f"{PATH}/Users?startIndex=11&count=10",
                 lambda a: _is_list(a) and not set(_ids(a)) & set(_ids(listed)))  # fmt: skip
        self.ask(self.reader, "filter_nobody", entra_test, lambda a: _is_list(a) and not _ids(a))
        self.ask(self.reader, "unknown_id", f"{PATH}/Users/{uuid.uuid4()}", lambda a: a.status == 404)
        self.ask(self.reader, "service_provider_config", f"{PATH}/ServiceProviderConfig", lambda a: a.status == 200)
        self.known(listed)
        self.cover_probe(None)

    def known(self, listed: Answer | None) -> None:
        """Filters must find who is there, whatever the case of the name."""
        people = [d for d in _documents(listed) if isinstance(scim.get(d, "userName"), str)]
        if not people:
            return
        name, external = str(scim.get(people[0], "userName")), scim.get(people[0], "externalId")
        asked = {"filter_known": ("userName", name), "filter_upper_case": ("userName", name.upper())}
        if isinstance(external, str):
            asked["filter_external_id"] = ("externalId", external)
        for probe, (attribute, value) in asked.items():
            expression = quote(f'{attribute} eq "{value}"', safe="")
            self.ask(self.reader, probe, f"{PATH}/Users?filter={expression}", lambda a: len(_ids(a)) == 1)

    def cover_probe(self, note: str | None) -> None:
        rows = len(self.parts.rows["probes"])
        self.parts.cover("catalog.probe", source="live", name=f"{self.reader.host}{PATH}", rows=rows, complete=True,
                         note=note)  # fmt: skip

    def ask(
        self,
        reader: Reader,
        probe: str,
        path: str,
        right: Callable[[Answer], bool],
        headers: dict[str, str | None] | None = None,
    ) -> Answer | None:
        """One request and its row; ``right`` says whether the answer is what the protocol or the provider expects."""
        row: Row = {"probe": probe, "at": datetime.now(UTC), "host": reader.host, "path": path.split("?")[0]}
        try:
            answer = reader.get(path, headers=headers or _SCIM)
        except ReadFailure as failure:
            self.parts.add("probes", [{**row, "ok": False, "failure": failure.kind, "detail": failure.message}])
            return None
        row |= {
            "at": answer.date or row["at"],
            "http_status": answer.status,
            "latency_ms": answer.latency_ms,
            "content_type": answer.content_type,
            "failure": "redirect" if answer.is_redirect else "html" if answer.is_html else None,
            "ok": right(answer),
        }
        page = _page(answer)
        if page is not None:
            row |= {"total_results": page.total, "rows": len(page.documents), "detail": "; ".join(page.quirks) or None}
        self.parts.add("probes", [row])
        return answer


def _page(answer: Answer | None) -> scim.Page | None:
    if answer is None or answer.status != 200:
        return None
    try:
        return scim.read_page(answer.body, content_type=answer.content_type)
    except ReadFailure:
        return None


def _documents(answer: Answer | None) -> list[Row]:
    page = _page(answer)
    return page.documents if page else []


def _ids(answer: Answer | None) -> list[str]:
    return [str(scim.get(d, "id")) for d in _documents(answer)]


def _is_list(answer: Answer) -> bool:
    return _page(answer) is not None


def _said(answer: Answer) -> str:
    if answer.status in (401, 403):
        return f"{answer.status}: the Catalog token is not accepted"
    return f"{answer.status}: not the answer a list gives"
