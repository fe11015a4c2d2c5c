"""SCIM 2.0 over HTTP (RFC 7644) under ``/auth/scim``: what Okta's and Entra's clients and any SCIM client expect."""

from __future__ import annotations

import hmac
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scimrunbook.simulator.catalog import discovery
from scimrunbook.simulator.catalog.documents import NAME_OF, accepted, named, parsed, shaped
from scimrunbook.simulator.catalog.misbehaviour import answered_wrongly, kept_wrongly, page_asked, refused_wrongly
from scimrunbook.simulator.catalog.patch import Document, Kind, RefusedError, patched
from scimrunbook.simulator.catalog.query import Query

if TYPE_CHECKING:
    from scimrunbook.simulator.catalog import Catalog

_log = logging.getLogger(__name__)
BASE = "/auth/scim"
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the request log; never a credential."""

    at: str
    method: str
    path: str
    query: str
    status: int
    user_agent: str


Requests = deque[Seen]


class _Kind(Convertor[str]):
    regex = "Users|Groups"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("kind", _Kind())


def build(catalog: Catalog) -> Starlette:
    """The ASGI app of one Catalog region."""
    service = _Service(catalog)
    routes = (
        ("/.search", service.search, ["POST"]),
        ("/{kind:kind}/.search", service.search, ["POST"]),
        ("/ServiceProviderConfig", service.described, ["GET"]),
        ("/ResourceTypes", service.described, ["GET"]),
        ("/ResourceTypes/{id:path}", service.described, ["GET"]),
        ("/Schemas", service.described, ["GET"]),
        ("/Schemas/{id:path}", service.described, ["GET"]),
        ("/{kind:kind}", service.collection, ["GET", "POST"]),
        ("/{kind:kind}/{id}", service.single, ["GET", "PUT", "PATCH", "DELETE"]),
    )
    app = Starlette(
        routes=[Route(BASE + path, service.guarded(handler), methods=methods) for path, handler, methods in routes],
        exception_handlers={404: service.no_endpoint, 405: service.wrong_method},
    )
    app.router.redirect_slashes = False  # a client that follows would send the token twice; SCIM clients expect SCIM
    return app


class _Service:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog, self.store = catalog, catalog.store

    # -- frame --------------------------------------------------------------------------------------------------

    def guarded(self, handler: _Handler) -> _Handler:
        """Bearer authentication, SCIM errors whatever happens, the request log."""

        async def handle(request: Request) -> Response:
            response = answered_wrongly(self.catalog, request) or self.refusal(request)
            if response is None:
                try:
                    response = await refused_wrongly(self.catalog, request) or await handler(request)
                except RefusedError as refused:
                    response = self.error(refused.status, refused.detail, refused.scim_type)
                except Exception:  # a mistake of this program; let through, it would also cost the connection
                    _log.exception("the practice Catalog failed")
                    response = self.error(500, "The practice Catalog failed.")
            return self.logged(request, response)

        return handle

    def refusal(self, request: Request) -> Response | None:
        """401 unless the header is exactly ``Bearer <token>`` with a token that counts."""
        header = request.headers.get("authorization", "").encode("utf-8", "replace")
        known = [f"Bearer {token}".encode() for token in self.catalog.tokens]
        # every token is compared, so that the time taken tells nothing of which one was close
        if any([hmac.compare_digest(header, one) for one in known]):  # noqa: C419
            return None
        response = self.error(401, "The token is missing or not valid.")
        response.headers["WWW-Authenticate"] = 'Bearer realm="catalog"'
        return response

    def logged(self, request: Request, response: Response) -> Response:
        at, agent = self.catalog.clock.now.isoformat(), request.headers.get("user-agent", "")
        seen = Seen(at, request.method, request.url.path, request.url.query, response.status_code, agent)
        self.catalog.requests.append(seen)
        return response

    def answer(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        dated = {"Date": format_datetime(self.catalog.clock.now, usegmt=True), **(headers or {})}
        if body is None:
            return Response(status_code=status, headers=dated)
        try:
            content = json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # half a surrogate pair: JSON can carry it, UTF-8 cannot
            content = json.dumps(body).encode()
        return Response(content, status, dated, media_type="application/scim+json")

    def error(self, status: int, detail: str, scim_type: str = "") -> Response:
        body = {"schemas": [_ERROR], "status": str(status), "detail": detail}
        return self.answer(status, {**body, "scimType": scim_type} if scim_type else body)

    async def no_endpoint(self, request: Request, _: Exception) -> Response:
        within = request.url.path.startswith(BASE + "/")
        refused = answered_wrongly(self.catalog, request) or (self.refusal(request) if within else None)
        return self.logged(request, refused or self.error(404, "There is no such endpoint."))

    async def wrong_method(self, request: Request, _: Exception) -> Response:
        refused = self.refusal(request)
        return self.logged(request, refused or self.error(405, f"{request.method} is not supported here."))

    def listed(self, items: list[Document], total: int, start: int) -> Response:
        counters = {"totalResults": total, "itemsPerPage": len(items), "startIndex": start}
        return self.answer(200, {"schemas": [_LIST], **counters, "Resources": items})

    # -- discovery (section 4) ------------------------------------------------------------------------------------

    async def described(self, request: Request) -> Response:
        name = request.url.path.removeprefix(BASE + "/").split("/")[0]
        if "filter" in request.query_params:
            return self.error(403, "Discovery endpoints cannot be filtered.")
        base = self.catalog.base_url
        if name == "ServiceProviderConfig":
            return self.answer(200, discovery.config(base))
        items = discovery.resource_types(base) if name == "ResourceTypes" else discovery.schemas(base)
        wanted = request.path_params.get("id")
        if wanted is None:
            return self.listed(items, len(items), 1)
        found = next((i for i in items if i["id"] == wanted), None)
        return self.answer(200, found) if found else self.error(404, f"{wanted} does not exist.")

    # -- lists (sections 3.4.2 and 3.4.3) and creation (section 3.3) ------------------------------------------------

    async def collection(self, request: Request) -> Response:
        kind: Kind = request.path_params["kind"]
        if request.method == "POST":
            return self.created(kind, parsed(await request.body()), Query.of(request.query_params))
        return self.found(Query.of(request.query_params), (kind,))

    async def search(self, request: Request) -> Response:
        kind = request.path_params.get("kind")
        return self.found(Query.of(parsed(await request.body())), (kind,) if kind else ("Users", "Groups"))

    def found(self, query: Query, kinds: tuple[Kind, ...]) -> Response:
        start, count = page_asked(self.catalog, query.start, query.count)
        total, page = replace(query, start=start, count=count).run(self.store, kinds)
        return self.listed([shaped(d, query.attributes, query.excluded) for d in page], total, query.start)

    def created(self, kind: Kind, body: Document, query: Query) -> Response:
        document = accepted(kind, body)
        self.refuse_duplicates(kind, named(kind, document))
        made = self.store.add(kind, kept_wrongly(self.catalog, kind, document, None))
        return self.answer(201, shaped(made, query.attributes, query.excluded), {"Location": made["meta"]["location"]})

    def refuse_duplicates(self, kind: Kind, name: str, own: str = "") -> None:
        """userName is unique, case aside (RFC 7643 section 4.1.1); so is a team's name, as Entra demands."""
        if any(d["id"] != own for d in self.store.by_name(kind, name)):
            raise RefusedError("uniqueness", f"A resource with this {NAME_OF[kind]} already exists.", 409)

    # -- one resource (sections 3.4.1, 3.5, 3.6) ------------------------------------------------------------------

    async def single(self, request: Request) -> Response:
        kind: Kind = request.path_params["kind"]
        identity = request.path_params["id"]
        document = self.store.get(kind, identity)
        if document is None:
            return self.error(404, f"Resource {identity} not found.")
        if request.method == "DELETE":
            self.store.delete(kind, identity)
            return self.answer(204)
        query = Query.of(request.query_params)
        if request.method not in ("PUT", "PATCH"):
            return self.answer(200, shaped(document, query.attributes, query.excluded))
        body = parsed(await request.body())
        after = accepted(kind, body) if request.method == "PUT" else patched(kind, document, body)
        if after.get(NAME_OF[kind]) != document.get(NAME_OF[kind]):
            self.refuse_duplicates(kind, named(kind, after), identity)
        after = kept_wrongly(self.catalog, kind, after, document)
        done = self.store.replace(kind, identity, {**after, "meta": document.get("meta")})
        if request.method == "PATCH" and kind == "Groups":
            return self.answer(204)  # Entra expects no body for a group
        return self.answer(200, shaped(done, query.attributes, query.excluded))
