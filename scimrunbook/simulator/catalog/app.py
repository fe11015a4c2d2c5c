"""SCIM 2.0 over HTTP (RFC 7644) under ``/auth/scim``: what Okta's and Entra's clients and any SCIM client expect."""

from __future__ import annotations

import hmac
import json
import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scimrunbook.simulator.catalog import discovery
from scimrunbook.simulator.catalog.patch import Kind, RefusedError, matcher, patched
from scimrunbook.simulator.catalog.store import SCHEMAS

if TYPE_CHECKING:
    from scimrunbook.simulator.catalog import Catalog

BASE = "/auth/scim"
MAX_COUNT = 1000
DEFAULT_COUNT = 100
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
# The two look-ups that providers send thousands of times; everything else goes through the filter grammar.
_SIMPLE = re.compile(r'\s*(userName|displayName|externalId)\s+eq\s+"([^"\\]*)"\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the request log; never a credential."""

    at: str
    method: str
    path: str
    query: str
    status: int
    user_agent: str


def build(catalog: Catalog) -> Starlette:
    """The ASGI app of one Catalog region."""
    service = _Service(catalog)
    search = [Route(f"{BASE}{p}/.search", service.guarded(service.search), methods=["POST"])
              for p in ("", "/{kind:kind}")]  # fmt: skip
    resources = [
        Route(f"{BASE}/{{kind:kind}}", service.guarded(service.collection), methods=["GET", "POST"]),
        Route(
            f"{BASE}/{{kind:kind}}/{{id}}",
            service.guarded(service.single),
            methods=["GET", "PUT", "PATCH", "DELETE"],
        ),
    ]
    described = [
        Route(f"{BASE}/{name}", service.guarded(service.described), methods=["GET"])
        for name in ("ServiceProviderConfig", "ResourceTypes", "Schemas")
    ]
    one = [
        Route(f"{BASE}/{name}/{{id:path}}", service.guarded(service.described), methods=["GET"])
        for name in ("ResourceTypes", "Schemas")
    ]
    handlers = {404: service.unknown, 405: service.wrong_method}
    return Starlette(routes=[*search, *described, *one, *resources], exception_handlers=handlers)


class _Service:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog, self.store = catalog, catalog.store

    # -- frame --------------------------------------------------------------------------------------------------

    def guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Bearer authentication, SCIM errors, the virtual clock's Date, the request log."""

        async def handle(request: Request) -> Response:
            if not self.authorised(request.headers.get("authorization", "")):
                response = self.error(401, "The token is missing or not valid.")
                response.headers["WWW-Authenticate"] = 'Bearer realm="catalog"'
            else:
                try:
                    response = await handler(request)
                except RefusedError as refused:
                    response = self.error(refused.status, refused.detail, refused.scim_type)
            self.log(request, response)
            return response

        return handle

    def authorised(self, header: str) -> bool:
        known = [f"Bearer {t}".encode() for t in self.catalog.tokens]
        return any([hmac.compare_digest(header.encode("utf-8", "replace"), k) for k in known])  # noqa: C419 - no early end

    def log(self, request: Request, response: Response) -> None:
        self.catalog.requests.append(
            Seen(
                self.catalog.clock.now.isoformat(),
                request.method,
                request.url.path,
                request.url.query,
                response.status_code,
                request.headers.get("user-agent", ""),
            )
        )

    def answer(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        date = {"Date": format_datetime(self.catalog.clock.now, usegmt=True)}
        kind = "application/scim+json" if content else None
        return Response(content, status, {**date, **(headers or {})}, media_type=kind)

    def error(self, status: int, detail: str, scim_type: str = "") -> Response:
        body = {"schemas": [_ERROR], "status": str(status), "detail": detail}
        return self.answer(status, {**body, "scimType": scim_type} if scim_type else body)

    async def unknown(self, request: Request, _: Exception) -> Response:
        response = self.error(404, "There is no such endpoint.")
        self.log(request, response)
        return response

    async def wrong_method(self, request: Request, _: Exception) -> Response:
        response = self.error(405, f"{request.method} is not supported here.")
        self.log(request, response)
        return response

    # -- discovery (RFC 7644 section 4) ---------------------------------------------------------------------------

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
            return self.answer(200, self.listed(items, len(items), 1))
        found = next((i for i in items if i["id"] == wanted), None)
        return self.answer(200, found) if found else self.error(404, f"{wanted} does not exist.")

    # -- collections (section 3.4.2) and creation (section 3.3) ---------------------------------------------------

    @staticmethod
    def listed(items: list[dict[str, Any]], total: int, start: int) -> dict[str, Any]:
        return {
            "schemas": [_LIST],
            "totalResults": total,
            "itemsPerPage": len(items),
            "startIndex": start,
            "Resources": items,
        }

    async def collection(self, request: Request) -> Response:
        kind: Kind = request.path_params["kind"]
        if request.method == "POST":
            return await self.create(kind, request)
        start = max(1, _number(request, "startIndex", 1))
        count = min(MAX_COUNT, max(0, _number(request, "count", DEFAULT_COUNT)))
        if expression := request.query_params.get("filter"):
            found = self.filtered(kind, expression)
            total, page = len(found), found[start - 1 : start - 1 + count]
        else:
            total, page = self.store.count(kind), self.store.page(kind, start, count)
        return self.answer(200, self.listed([_shaped(d, request) for d in page], total, start))

    async def search(self, request: Request) -> Response:
        """POST search (section 3.4.3): the query in the body, over one kind or both."""
        body = await _body(request)
        kinds: list[Kind] = [request.path_params["kind"]] if "kind" in request.path_params else ["Users", "Groups"]
        expression = str(body.get("filter") or "")
        found = [d for k in kinds for d in (self.filtered(k, expression) if expression else self.store.all(k))]
        start, count = max(1, int(body.get("startIndex") or 1)), min(MAX_COUNT, int(body.get("count", DEFAULT_COUNT)))
        wanted = {n: [str(a).lower() for a in body.get(n) or []] for n in ("attributes", "excludedAttributes")}
        page = [_cut(d, **wanted) for d in found[start - 1 : start - 1 + count]]
        return self.answer(200, self.listed(page, len(found), start))

    def filtered(self, kind: Kind, expression: str) -> list[dict[str, Any]]:
        if simple := _SIMPLE.fullmatch(expression):
            attribute, value = simple.group(1).lower(), simple.group(2)
            if attribute == "externalid":
                return self.store.by_external(kind, value)
            if (attribute == "username") == (kind == "Users"):
                return self.store.by_name(kind, value)
        matches = matcher(kind, expression)
        return [d for d in self.store.all(kind) if matches(d)]

    async def create(self, kind: Kind, request: Request) -> Response:
        document = _accepted(kind, await _body(request))
        document.pop("id", None)
        document.pop("meta", None)
        self.refuse_duplicates(kind, document, None)
        made = self.store.add(kind, document)
        return self.answer(201, _shaped(made, request), {"Location": made["meta"]["location"]})

    def refuse_duplicates(self, kind: Kind, document: dict[str, Any], own: str | None) -> None:
        """userName is unique, case aside (RFC 7643 section 4.1.1); so are team names here."""
        name = document["userName" if kind == "Users" else "displayName"]
        if any(d["id"] != own for d in self.store.by_name(kind, str(name))):
            what = "userName" if kind == "Users" else "displayName"
            raise RefusedError("uniqueness", f"A resource with this {what} already exists.", 409)

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
        if request.method == "GET":
            return self.answer(200, _shaped(document, request))
        body = await _body(request)
        if request.method == "PUT":
            after = {**_accepted(kind, body), "meta": document["meta"]}
        else:
            after = patched(kind, document, body)
        self.refuse_duplicates(kind, after, identity)
        done = self.store.replace(kind, identity, after)
        if request.method == "PATCH" and kind == "Groups":
            return self.answer(204)  # Entra expects no body for a group
        return self.answer(200, _shaped(done, request))


_BOOLEANS = {"true": True, "false": False}


def _accepted(kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """A body as Catalog keeps it: passwords dropped, ``active`` a boolean. Raises RefusedError."""
    needed = "userName" if kind == "Users" else "displayName"
    if not isinstance(body.get(needed), str) or not body[needed].strip():
        raise RefusedError("invalidValue", f"{needed} is required.")
    schemas = body.get("schemas")
    if not isinstance(schemas, list) or SCHEMAS[kind] not in schemas:
        raise RefusedError("invalidSyntax", f"schemas must name {SCHEMAS[kind]}.")
    kept = {k: v for k, v in body.items() if k != "password" and v is not None}
    if kind == "Users":
        active = kept.get("active", True)
        if isinstance(active, str):
            active = _BOOLEANS.get(active.lower(), active)
        if not isinstance(active, bool):
            raise RefusedError("invalidValue", "active must be a boolean.")
        kept["active"] = active
        kept.pop("groups", None)  # read-only (RFC 7643 section 4.1.2)
    else:
        kept["schemas"] = [SCHEMAS[kind]]
    return kept


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name)
    if value is None:
        return default
    try:
        return int(value)
    except ValueError:
        raise RefusedError("invalidValue", f"{name} must be a whole number.") from None


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise RefusedError("invalidSyntax", "The body is not JSON.") from None
    if not isinstance(body, dict):
        raise RefusedError("invalidSyntax", "The body is not a JSON object.")
    return body


def _shaped(document: dict[str, Any], request: Request) -> dict[str, Any]:
    wanted, unwanted = (
        [a.strip().lower() for a in request.query_params.get(n, "").split(",") if a.strip()]
        for n in ("attributes", "excludedAttributes")
    )
    return _cut(document, wanted, unwanted)


def _cut(document: dict[str, Any], attributes: list[str], excludedAttributes: list[str]) -> dict[str, Any]:  # noqa: N803
    """``attributes`` and ``excludedAttributes`` (section 3.9): top-level names, and one level of sub-attributes."""
    wanted, unwanted = attributes, excludedAttributes
    always = {"schemas", "id"}
    if wanted:
        tops = {w.rsplit(":", 1)[-1].split(".")[0] for w in wanted} | {w for w in wanted if ":" in w}
        return {k: _part(k, v, wanted) for k, v in document.items() if k in always or k.lower() in tops}
    if unwanted:
        names = {u.rsplit(":", 1)[-1] for u in unwanted} | set(unwanted)
        kept = {k: v for k, v in document.items() if k in always or k.lower() not in names}
        return {k: _without(k, v, unwanted) for k, v in kept.items()}
    return document


def _part(key: str, value: Any, wanted: list[str]) -> Any:
    prefix = key.lower() + "."
    subs = {w.rsplit(":", 1)[-1].split(".", 1)[1] for w in wanted if w.rsplit(":", 1)[-1].startswith(prefix)}
    if not subs:
        return value
    if isinstance(value, list):
        return [_part(key, v, wanted) for v in value]
    return {k: v for k, v in value.items() if k.lower() in subs} if isinstance(value, dict) else value


def _without(key: str, value: Any, unwanted: list[str]) -> Any:
    prefix = key.lower() + "."
    subs = {u.rsplit(":", 1)[-1].split(".", 1)[1] for u in unwanted if u.rsplit(":", 1)[-1].startswith(prefix)}
    if isinstance(value, list) and subs:
        return [_without(key, v, unwanted) for v in value]
    return {k: v for k, v in value.items() if k.lower() not in subs} if subs and isinstance(value, dict) else value


Requests = deque[Seen]
