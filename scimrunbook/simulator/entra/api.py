"""Microsoft Graph v1.0, the reads a diagnosis needs, and the sign-in endpoint that hands out its token."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scimrunbook.simulator.entra import documents
from scimrunbook.simulator.entra.engine import Engine

GRAPH_HOST, LOGIN_HOST = "graph.microsoft.com", "login.microsoftonline.com"
_ERRORS = {
    400: ("BadRequest", "The request is not valid."),
    401: ("InvalidAuthenticationToken", "Access token is empty or not valid."),
    403: ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    404: ("Request_ResourceNotFound", "The resource does not exist."),
    429: ("TooManyRequests", "Too many requests."),
}
_COMPARISON = re.compile(r"(\w+(?:/\w+)?)\s+(eq|gt|lt|ge|le)\s+'?([^'()]+?)'?(?=\s+(?:and|or)\b|\s*$|\))")


class Api:
    """``token`` it accepts; ``denied`` path patterns (403); ``allowance``: how many requests until one 429."""

    def __init__(self, engine: Engine, token: str) -> None:
        self.engine, self.token = engine, token
        self.denied: list[str] = []
        self.allowance: int | None = None

    def build(self) -> Starlette:
        principal = "/servicePrincipals/{id}"
        paths: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/servicePrincipals": self.principals,
            principal: self.principal,
            f"{principal}/synchronization/jobs": self.jobs,
            f"{principal}/synchronization/jobs/{{job}}": self.jobs,
            f"{principal}/synchronization/jobs/{{job}}/schema": self.schema,
            f"{principal}/appRoleAssignedTo": self.assignments,
            "/auditLogs/provisioning": self.provisioning,
            "/auditLogs/directoryAudits": self.audits,
            "/users": self.users,
            "/users/{id}": self.user,
            "/groups": self.groups,
            "/groups/{id}": self.group,
            "/groups/{id}/members": self.members,
        }
        routes = [Route(f"/v1.0{p}", self.guarded(h), methods=["GET"]) for p, h in paths.items()]
        return Starlette(routes=routes, exception_handlers={404: self.unknown})

    # -- frame ----------------------------------------------------------------------------

    def guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            if request.headers.get("authorization", "") != f"Bearer {self.token}":
                return self.error(401)
            if any(re.fullmatch(p, request.url.path.removeprefix("/v1.0")) for p in self.denied):
                return self.error(403)
            if self.allowance is not None:
                self.allowance -= 1
                if self.allowance < 0:
                    self.allowance = None
                    return self.error(429)
            return await handler(request)

        return handle

    async def unknown(self, _: Request, __: Exception) -> Response:
        return self.error(404)

    def error(self, status: int) -> Response:
        code, message = _ERRORS[status]
        date = self.engine.clock.now.isoformat(timespec="seconds").replace("+00:00", "")
        inner = {"date": date, "request-id": "practice", "client-request-id": "practice"}
        response = self.answer({"error": {"code": code, "message": message, "innerError": inner}}, status)
        if status == 429:
            response.headers["Retry-After"] = "1"
        return response

    def answer(self, body: Any, status: int = 200) -> Response:
        response = Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")
        response.headers["Date"] = format_datetime(self.engine.clock.now, usegmt=True)
        response.headers["request-id"] = "practice"
        return response

    def listed(self, request: Request, kind: str, items: list[dict[str, Any]], default: int, top: int) -> Response:
        """A page; ``$skiptoken`` is opaque to the reader."""
        query = request.query_params
        try:
            size = min(int(query.get("$top", default)), top)
            start = int(query.get("$skiptoken", "s0")[1:])
        except ValueError:
            return self.error(400)
        page = items[start : start + size]
        body: dict[str, Any] = {"@odata.context": f"https://{GRAPH_HOST}/v1.0/$metadata#{kind}"}
        if start + size < len(items):
            following = urlencode({**query, "$skiptoken": f"s{start + size}"})
            body["@odata.nextLink"] = f"https://{GRAPH_HOST}{request.url.path}?{following}"
        return self.answer({**body, "value": page})

    def single(self, kind: str, item: dict[str, Any] | None) -> Response:
        if item is None:
            return self.error(404)
        return self.answer({"@odata.context": f"https://{GRAPH_HOST}/v1.0/$metadata#{kind}/$entity", **item})

    # -- the application --------------------------------------------------------------------

    def ours(self, request: Request) -> bool:
        return bool(request.path_params["id"] == self.engine.service_principal_id)

    async def principals(self, request: Request) -> Response:
        return self.listed(request, "servicePrincipals",
                           _filtered([documents.service_principal(self.engine)], request), 100, 999)  # fmt: skip

    async def principal(self, request: Request) -> Response:
        return self.single(
            "servicePrincipals", documents.service_principal(self.engine) if self.ours(request) else None
        )

    async def jobs(self, request: Request) -> Response:
        if not self.ours(request):
            return self.error(404)
        if wanted := request.path_params.get("job"):
            return self.single(
                "synchronizationJobs", documents.job(self.engine) if wanted == self.engine.job_id else None
            )
        return self.listed(request, "servicePrincipals/synchronization/jobs", [documents.job(self.engine)], 100, 100)

    async def schema(self, request: Request) -> Response:
        known = self.ours(request) and request.path_params["job"] == self.engine.job_id
        return self.single("synchronizationSchemas", documents.schema(self.engine) if known else None)

    async def assignments(self, request: Request) -> Response:
        if not self.ours(request):
            return self.error(404)
        return self.listed(request, "appRoleAssignments", documents.assignments(self.engine), 100, 999)

    # -- logs -------------------------------------------------------------------------------

    async def provisioning(self, request: Request) -> Response:
        return self.listed(request, "auditLogs/provisioning", _filtered(self.engine.log.records, request), 100, 1000)

    async def audits(self, request: Request) -> Response:
        return self.listed(request, "auditLogs/directoryAudits", _filtered(self.engine.audits, request), 100, 1000)

    # -- directory --------------------------------------------------------------------------

    async def users(self, request: Request) -> Response:
        return self.listed(request, "users", _filtered(documents.users(self.engine), request), 100, 999)

    async def user(self, request: Request) -> Response:
        wanted = request.path_params["id"].lower()
        rows = documents.users(self.engine)
        return self.single(
            "users", next((u for u in rows if wanted in (u["id"], u["userPrincipalName"].lower())), None)
        )

    async def groups(self, request: Request) -> Response:
        return self.listed(request, "groups", _filtered(documents.groups(self.engine), request), 100, 999)

    async def group(self, request: Request) -> Response:
        found = self.engine.world.groups.get(request.path_params["id"])
        return self.single("groups", documents.group(found) if found else None)

    async def members(self, request: Request) -> Response:
        if request.path_params["id"] not in self.engine.world.groups:
            return self.error(404)
        rows = documents.members(self.engine, request.path_params["id"])
        return self.listed(request, "directoryObjects", rows, 100, 999)


def _filtered(rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """The comparisons of ``$filter`` that readers use; joined by ``or`` where it says so, else all must hold."""
    expression = request.query_params.get("$filter", "")
    tests = [(path.split("/"), op, value.strip()) for path, op, value in _COMPARISON.findall(expression)]
    if not tests:
        return rows
    join = any if " or " in expression else all
    return [r for r in rows if join(_holds(_value(r, path), op, value) for path, op, value in tests)]


def _value(row: Any, path: list[str]) -> Any:
    for part in path:
        row = row.get(part) if isinstance(row, dict) else None
    return row


def _holds(value: Any, operator: str, wanted: str) -> bool:
    if value is None:
        return False
    left, right = str(value).lower(), wanted.lower()
    if operator != "eq":
        try:
            at, bound = datetime.fromisoformat(left), datetime.fromisoformat(right)
        except ValueError:
            return False
        return {"gt": at > bound, "lt": at < bound, "ge": at >= bound, "le": at <= bound}[operator]
    return left == right


def sign_in(engine: Engine, token: str) -> Starlette:
    """``POST /{tenant}/oauth2/v2.0/token``: client credentials; any client of this tenant with the right secret."""

    async def grant(request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        right = request.path_params["tenant"] == engine.tenant_id and form.get("client_secret") == token
        if form.get("grant_type") != "client_credentials" or not right:
            body = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
            return Response(json.dumps(body), 401, media_type="application/json")
        granted = {"token_type": "Bearer", "expires_in": 3599, "access_token": token}
        return Response(json.dumps(granted), media_type="application/json")

    return Starlette(routes=[Route("/{tenant}/oauth2/v2.0/token", grant, methods=["POST"])])


def apis(engine: Engine, token: str) -> dict[str, Any]:
    """The apps by host."""
    return {GRAPH_HOST: Api(engine, token).build(), LOGIN_HOST: sign_in(engine, token)}
