"""The probe: a few GET requests that show how the Catalog endpoint behaves, one row of ``probes`` each.

Names in column ``probe``, in the order they are asked. ``ok`` says whether the answer is what RFC 7644 or the
provider expects; ``detail`` says what is off. At most twenty requests (``light``).

========================  ====================================================================================
provider_test             the provider's own connection test, same path, query encoding and known headers
provider_test_again       only where that was refused: always, or now and then? (full: 29 times, in any case)
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
========================  ====================================================================================

Sources: RFC 7644 sections 3.4.2, 3.12 and 4; RFC 6750 (401); the connection tests as observed in servers' logs
(Okta: ``Users?startIndex=1&count=2``, user agent ``Okta SCIM Client 1.0.0``; Entra: a random GUID as filter value,
blanks as ``+``, no Accept header known).
"""

from __future__ import annotations

import secrets as random_secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from scimrunbook.evidence.secrets import Secret
from scimrunbook.incident import Incident
from scimrunbook.sources import scim_expectations as expect
from scimrunbook.sources import scim_records as scim
from scimrunbook.sources.failures import UNREACHABLE
from scimrunbook.sources.http import Answer, BearerAuth, Reader, ReadFailure
from scimrunbook.sources.parts import Parts
from scimrunbook.sources.scim_expectations import PATH, Verdict

OKTA_AGENT = "Okta SCIM Client 1.0.0"
SCIM: dict[str, str | None] = {"Accept": "application/scim+json"}
REPEATS_LIGHT, REPEATS_FULL = 2, 29  # 29 show a failure rate of 10 % at least once with 95 % certainty
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
        self.failure: ReadFailure | None = None

    def run(self) -> ReadFailure | None:
        """Sends the requests and covers them; the failure where the endpoint cannot be reached at all."""
        note = "No token was at hand: only what can be asked without one."
        if self.secret is not None:
            note = self.with_token()
        else:
            self.controls()
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

    def with_token(self) -> str:
        path, headers = self.provider_test()
        first = self.ask("provider_test", path, expect.a_list, headers)
        if first is None and self.failure and self.failure.kind in UNREACHABLE:
            return "The endpoint was not reached: nothing else was asked."
        refused = first is not None and first.status in (401, 403)
        for _ in range(REPEATS_FULL if self.full else REPEATS_LIGHT if refused else 0):
            again = self.ask("provider_test_again", path, expect.a_list, headers)
            refused = refused and again is not None and again.status in (401, 403)
        self.controls()
        if refused:
            return "The token is refused: only the controls were asked besides."
        self.paging(self.ask("list_users", expect.users_path("startIndex=1&count=10"), expect.a_list))
        self.ask("unknown_id", f"{PATH}/Users/{uuid.uuid4()}", expect.not_found)
        self.groups(self.ask("list_groups", f"{PATH}/Groups?startIndex=1&count=1", expect.a_list))
        for name, place in (("service_provider_config", "ServiceProviderConfig"), ("schemas", "Schemas")):
            self.ask(name, f"{PATH}/{place}", expect.described)
        return ""

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
        self.ask("page_two_again", expect.users_path("startIndex=11&count=10"), expect.same_ids(expect.ids_of(second)))
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
        """One request and its row; None where no answer came."""
        reader = reader or self.reader
        self.asked += 1
        row: Row = {"probe": probe, "at": datetime.now(UTC), "host": reader.host, "path": _template(path)}
        try:
            answer = reader.get(path, headers=headers or SCIM)
        except ReadFailure as failure:
            self.failure = failure
            self.parts.add("probes", [{**row, "ok": False, "failure": failure.kind, "detail": failure.message}])
            return None
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
