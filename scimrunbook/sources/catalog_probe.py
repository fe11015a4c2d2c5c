"""The probe: a few GET requests that show how the Catalog endpoint behaves, one row of ``probes`` each.

Names in column ``probe``, in the order they are asked. ``ok`` says whether the answer is what RFC 7644 or the
provider expects; ``detail`` says what is off, ``quirks`` (a JSON list) which of the field's known deviations it shows.
At most twenty requests (``light``) or 59 (``full``), controls and what is asked again after a limit included. Of the
59, up to four are controls; the 55 others show a failure rate of 5.3 % with 95 % certainty.

========================  ====================================================================================
provider_test             the provider's own connection test, same path, query encoding and known headers
provider_test_again       only where that was refused: always, or now and then? (full: what is left of the 59)
no_token, wrong_token     controls; must be refused
token_without_bearer      control, Okta: its Header Auth app sends the field as typed, so ``Bearer`` may be missing
list_users                the first ten; list_users_again: the same ten in the same order
page_two                  the next ten, none of the first; page_two_again: the same
past_the_end              behind the last one there is nobody
filter_nobody             an unknown userName: an empty list, not 404
filter_known              userName of somebody who is there; filter_upper_case: the same in capitals
filter_external_id        externalId of the same person
filter_nonsense           an attribute that does not exist must not return everybody
unknown_id                404 with a SCIM error
list_groups               the first group; filter_display_name: found by its name
service_provider_config   what the endpoint says of itself; schemas
without_accept            full: no Accept header; resource_types; config_without_token: the same as anybody
default_page, large_page  full: no count, and count=1000; count_zero, start_zero: the odd numbers
filter_plus               full: somebody with a plus in the address; filter_inactive: somebody disabled
filter_work_email         full: as Entra may match
========================  ====================================================================================

Sources: RFC 7644 sections 3.4.2, 3.12 and 4; RFC 6750 (401); the connection tests as observed in servers' logs
(Okta: ``Users?startIndex=1&count=2``, user agent ``Okta SCIM Client 1.0.0``; Entra: a random GUID as filter value,
blanks as ``+``, no Accept header known).
"""

from __future__ import annotations

import json
import re
import secrets as random_secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from scimrunbook.evidence.secrets import Secret
from scimrunbook.guide import REGIONS
from scimrunbook.incident import Incident
from scimrunbook.sources import scim_expectations as expect
from scimrunbook.sources import scim_records as scim
from scimrunbook.sources.failures import UNREACHABLE
from scimrunbook.sources.http import Answer, BearerAuth, Reader, ReadFailure
from scimrunbook.sources.parts import Parts
from scimrunbook.sources.scim_expectations import PATH, Verdict
from scimrunbook.sources.scim_quirks import Exchange, observe

OKTA_AGENT = "Okta SCIM Client 1.0.0"
SCIM: dict[str, str | None] = {"Accept": "application/scim+json"}
REPEATS_LIGHT, LIGHT = 2, 20
FULL = 59  # requests in all
_NUMBER = re.compile(r"[?&](startIndex|count)=(\d+)")
_MATCHING = ("userName", "externalId", 'emails[type eq "work"].value')

Row = dict[str, Any]


class Probe:
    """Asks the endpoint; ``reader`` carries ``secret``, where there is one."""

    def __init__(
        self,
        open_reader: Callable[[BearerAuth | None], Reader],
        reader: Reader,
        secret: Secret | None,
        incident: Incident,
        parts: Parts,
        *,
        full: bool,
    ) -> None:
        self.open_reader, self.reader, self.secret = open_reader, reader, secret
        self.incident, self.parts, self.full = incident, parts, full
        self.asked = 0
        self.limit = FULL if full else LIGHT
        self.exchanges: dict[str, Exchange] = {}
        self.failure: ReadFailure | None = None
        self.refused = False  # whether the token was, every time, after ``Bearer``

    def run(self) -> ReadFailure | None:
        """Sends the requests and covers them; the failure where the endpoint cannot be reached at all."""
        note = "No token was at hand: only what can be asked without one."
        if self.secret is not None:
            note = self.with_token()
        else:
            self.controls()
        self.note_quirks()
        unreachable = self.failure if self.failure and self.failure.kind in UNREACHABLE else None
        proxy = f"Through the proxy {self.reader.proxy}." if self.reader.proxy else ""
        self.parts.cover(
            "catalog.probe",
            source="live",
            name=f"{self.reader.host}{PATH}",
            rows=self.asked,
            complete=not note,
            note=" ".join(t for t in (note, proxy) if t) or None,
        )
        return unreachable

    @property
    def only_alone(self) -> bool:
        """Whether Catalog refuses the token after ``Bearer`` and takes the same one by itself."""
        alone = self.exchanges.get("token_without_bearer")
        return self.refused and alone is not None and alone.listed

    def with_token(self) -> str:
        path, headers = self.provider_test()
        first = self.ask("provider_test", path, expect.a_list, headers)
        if first is None and self.failure and self.failure.kind in UNREACHABLE:
            return "The endpoint was not reached: nothing else was asked."
        refused = first is not None and first.status in (401, 403)
        for _ in range(REPEATS_LIGHT if refused else 0):
            again = self.ask("provider_test_again", path, expect.a_list, headers)
            refused = refused and again is not None and again.status in (401, 403)
        self.refused = refused
        self.controls()
        if refused:
            return "The token is refused: only the controls were asked besides."
        self.paging(self.ask("list_users", expect.users_path("startIndex=1&count=10"), expect.a_list))
        self.ask("unknown_id", f"{PATH}/Users/{uuid.uuid4()}", expect.not_found)
        self.groups(self.ask("list_groups", f"{PATH}/Groups?startIndex=1&count=1", expect.a_list))
        for name, place in (("service_provider_config", "ServiceProviderConfig"), ("schemas", "Schemas")):
            self.ask(name, f"{PATH}/{place}", expect.described)
        if self.full:
            self.oddities()
            while self.asked < FULL and not (self.failure and self.failure.kind in UNREACHABLE):
                self.ask("provider_test_again", path, expect.a_list, headers)
        return ""

    def oddities(self) -> None:
        """What only ``full`` asks: how the endpoint takes what clients seldom send."""
        self.ask("resource_types", f"{PATH}/ResourceTypes", expect.described)
        self.ask("without_accept", expect.users_path("startIndex=1&count=1"), expect.a_list, {"Accept": None})
        with self.open_reader(None) as other:
            self.ask("config_without_token", f"{PATH}/ServiceProviderConfig", expect.answered, reader=other)
        self.ask("default_page", f"{PATH}/Users", expect.a_list)
        large = self.ask("large_page", expect.users_path("startIndex=1&count=1000"), expect.a_list)
        self.ask("count_zero", expect.users_path("startIndex=1&count=0"), expect.answered)
        self.ask("start_zero", expect.users_path("startIndex=0&count=1"), expect.answered)
        documents = expect.documents_of(large)
        named = [(d, str(scim.get(d, "userName") or "")) for d in documents]
        plus = next(((d, n) for d, n in named if "+" in n), None)
        if plus:
            path = expect.filter_path("userName", plus[1])
            self.ask("filter_plus", path, expect.finds(plus[0], "userName", plus[1]))
        disabled = next(((d, n) for d, n in named if n and scim.truth(scim.get(d, "active")) is False), None)
        if disabled:
            path = expect.filter_path("userName", disabled[1])
            self.ask("filter_inactive", path, expect.finds(disabled[0], "userName", disabled[1]))
        email = next((m for m in (scim.first_value(scim.get(d, "emails")) for d in documents) if m), None)
        if email:
            self.ask("filter_work_email", expect.filter_path('emails[type eq "work"].value', email), expect.answered)

    def note_quirks(self) -> None:
        """What the answers show together, at the request that shows it."""
        region = REGIONS[self.incident.catalog_host]
        rows: dict[str, Row] = {}
        for row in self.parts.rows["probes"]:
            rows.setdefault(str(row["probe"]), row)  # type: ignore[arg-type]
        shown: dict[str, list[str]] = {}
        for seen in observe(self.exchanges, region.base_url):
            shown.setdefault(seen.probe, []).append(seen.quirk)
            row = rows[seen.probe]
            row["detail"] = "; ".join(t for t in (row.get("detail"), f"{seen.quirk}: {seen.shown}") if t)
        for probe, names in shown.items():
            rows[probe]["quirks"] = json.dumps(names)

    def provider_test(self) -> tuple[str, dict[str, str | None]]:
        """Path with query, and headers, of the provider's own connection test."""
        if self.incident.identity_provider == "okta":
            return expect.users_path("startIndex=1&count=2"), {"User-Agent": OKTA_AGENT, **SCIM}
        mapped = [str(m.get("target")) for m in self.parts.rows["mappings"] if m.get("matching_priority") == 1]
        attribute = next((a for a in _MATCHING if a in mapped), "userName")
        return expect.users_path(
            f"filter={quote_plus(f'{attribute} eq {expect.quoted(str(uuid.uuid4()))}', safe='')}"
        ), {"Accept": None}

    def controls(self) -> None:
        path = expect.users_path("startIndex=1&count=1")
        auths: dict[str, BearerAuth | None] = {
            "no_token": None,
            "wrong_token": BearerAuth(Secret(random_secrets.token_urlsafe(32))),
        }
        if self.secret is not None and self.incident.identity_provider == "okta":
            auths["token_without_bearer"] = BearerAuth(self.secret, "")
        for name, auth in auths.items():
            with self.open_reader(auth) as other:
                self.ask(name, path, expect.refused, reader=other)
            if self.failure and self.failure.kind in UNREACHABLE:
                return

    def paging(self, listed: Answer | None) -> None:
        page = expect.page_of(listed)
        if page is None:
            return
        ids, total = expect.ids_of(listed), page.total
        self.ask("list_users_again", expect.users_path("startIndex=1&count=10"), expect.same_ids(ids))
        second = self.ask("page_two", expect.users_path("startIndex=11&count=10"), expect.next_page(ids, total))
        if expect.page_of(second) is not None:
            same = expect.same_ids(expect.ids_of(second))
            self.ask("page_two_again", expect.users_path("startIndex=11&count=10"), same)
        if total is not None:
            self.ask("past_the_end", expect.users_path(f"startIndex={total + 1}&count=1"), expect.nobody)
        self.ask("filter_nobody", expect.filter_path("userName", str(uuid.uuid4())), expect.nobody)
        self.ask("filter_nonsense", expect.filter_path("scimrunbookNoSuchAttribute", "x"), expect.not_everybody(total))
        person = next((d for d in page.documents if isinstance(scim.get(d, "userName"), str)), None)
        if person is None:
            return
        name, external = str(scim.get(person, "userName")), scim.get(person, "externalId")
        self.ask("filter_known", expect.filter_path("userName", name), expect.finds(person, "userName", name))
        self.ask(
            "filter_upper_case", expect.filter_path("userName", name.upper()), expect.finds(person, "userName", name)
        )
        if isinstance(external, str) and external:
            self.ask(
                "filter_external_id",
                expect.filter_path("externalId", external),
                expect.finds(person, "externalId", external),
            )

    def groups(self, listed: Answer | None) -> None:
        group = next(iter(expect.documents_of(listed)), None)
        name = scim.get(group, "displayName") if group else None
        if group is not None and isinstance(name, str):
            path = expect.filter_path("displayName", name, "Groups")
            self.ask(
                "filter_display_name", f"{path}&excludedAttributes=members", expect.finds(group, "displayName", name)
            )

    def ask(
        self,
        probe: str,
        path: str,
        wrong: Verdict,
        headers: dict[str, str | None] | None = None,
        reader: Reader | None = None,
    ) -> Answer | None:
        """One request and its row; None where no answer came, or where no more may be asked."""
        if self.asked >= self.limit:
            return None
        reader = reader or self.reader
        before = reader.sent
        row: Row = {"probe": probe, "at": datetime.now(UTC), "host": reader.host, "path": _template(path)}
        try:
            answer = reader.get(path, headers=headers or SCIM, tries=self.limit - self.asked)
        except ReadFailure as failure:
            self.failure = failure
            self.parts.add("probes", [{**row, "ok": False, "failure": failure.kind, "detail": failure.message}])
            return None
        finally:
            self.asked += reader.sent - before
        self.exchanges.setdefault(probe, _exchange(answer, path))
        page, trouble = expect.page_of(answer), wrong(answer)
        remarks = [trouble, *(page.quirks if page else [])]
        row |= {
            "at": answer.date or row["at"],
            "http_status": answer.status,
            "latency_ms": answer.latency_ms,
            "content_type": answer.content_type or None,
            "failure": "redirect" if answer.is_redirect else "html" if answer.body and answer.is_html else None,
            "ok": trouble is None,
            "detail": "; ".join(r for r in remarks if r) or None,
            "total_results": page.total if page else None,
            "rows": len(page.documents) if page else None,
        }
        self.parts.add("probes", [row])
        return answer


def _template(path: str) -> str:
    """The path without its query, ids as ``{id}``: filter values are e-mail addresses."""
    plain = path.split("?")[0]
    return f"{PATH}/Users/{{id}}" if plain.startswith(f"{PATH}/Users/") else plain


def _exchange(answer: Answer, path: str) -> Exchange:
    """The answer as the quirks' rules read it."""
    try:
        value = None if answer.is_redirect else answer.json()
    except ReadFailure:
        value = None
    asked = {k: int(v) for k, v in _NUMBER.findall(path)}
    return Exchange(
        answer.status,
        answer.content_type,
        {k.lower(): v for k, v in answer.headers.items()},
        value,
        html=bool(answer.body) and answer.is_html,
        empty=not answer.body.strip(),
        count=asked.get("count"),
        start=asked.get("startIndex", 1),
    )
