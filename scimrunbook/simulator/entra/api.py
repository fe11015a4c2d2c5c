"""Microsoft Graph v1.0: the reads a diagnosis needs, with pages, permissions and throttling."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scimrunbook.simulator.entra import documents, odata
from scimrunbook.simulator.entra.engine import Engine
from scimrunbook.simulator.entra.sign_in import sign_in

GRAPH_HOST, LOGIN_HOST = "graph.microsoft.com", "login.microsoftonline.com"
_ERRORS = {
    400: ("Request_BadRequest", "The request is not valid."),
    401: ("InvalidAuthenticationToken", "Access token is empty or not valid."),
    403: ("Authorization_RequestDenied", "Insufficient privileges to complete the operation."),
    404: ("Request_ResourceNotFound", "The resource does not exist."),
    429: ("TooManyRequests", "Too many requests."),
}
# What /users answers unless $select asks for more; accountEnabled, mailNickname and otherMails are not among it.
_USER = ["businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
         "preferredLanguage", "surname", "userPrincipalName"]  # fmt: skip
Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """One tenant's Graph; it accepts one bearer ``token``.

    ``denied``: permissions that were not granted, or path patterns (403); ``allowance``: how many requests until one
    429 with ``Retry-After: retry_after`` seconds; ``page``: an upper bound for the size of pages.
    """

    def __init__(self, engine: Engine, token: str) -> None:
        self.engine, self.token = engine, token
        self.denied: list[str] = []
        self.allowance: int | None = None
        self.retry_after, self.page = 1, 1000

    def build(self) -> Starlette:
        principal = "/servicePrincipals/{id}"
        job = f"{principal}/synchronization/jobs/{{job}}"
        paths: dict[str, tuple[str, Handler]] = {
            "/servicePrincipals": ("Application.Read.All", self.principals),
            principal: ("Application.Read.All", self.principal),
            f"{principal}/appRoleAssignedTo": ("Application.Read.All", self.assignments),
            f"{principal}/synchronization/jobs": ("Synchronization.Read.All", self.jobs),
            job: ("Synchronization.Read.All", self.jobs),
            f"{job}/schema": ("Synchronization.Read.All", self.schema),
            "/auditLogs/provisioning": ("AuditLog.Read.All", self.provisioning),
            "/auditLogs/directoryAudits": ("AuditLog.Read.All", self.audits),
            "/users": ("User.Read.All", self.users),
            "/users/{id}": ("User.Read.All", self.user),
            "/groups": ("GroupMember.Read.All", self.groups),
            "/groups/{id}": ("GroupMember.Read.All", self.group),
            "/groups/{id}/members": ("GroupMember.Read.All", self.members),
        }
        routes = [Route(f"/v1.0{p}", self.guarded(h, needs), methods=["GET"]) for p, (needs, h) in paths.items()]
        return Starlette(routes=routes, exception_handlers={404: self.unknown})

    # -- frame ----------------------------------------------------------------------------

    def guarded(self, handler: Handler, permission: str) -> Handler:
        async def handle(request: Request) -> Response:
            if request.headers.get("authorization", "") != f"Bearer {self.token}":
                return self.error(401)
            path = request.url.path.removeprefix("/v1.0")
            if any(permission == d or re.fullmatch(d, path) for d in self.denied):
                return self.error(403)
            if self.allowance is not None:
                self.allowance -= 1
                if self.allowance < 0:
                    self.allowance = None  # the bucket is full again afterwards
                    return self.error(429)
            try:
                return await handler(request)
            except odata.UnsupportedError as unsupported:
                return self.error(400, f"Invalid filter clause or unsupported query: {unsupported}")

        return handle

    async def unknown(self, _: Request, __: Exception) -> Response:
        return self.error(404)

    def error(self, status: int, said: str = "") -> Response:
        code, message = _ERRORS[status]
        date = self.engine.clock.now.isoformat(timespec="seconds").replace("+00:00", "")
        inner = {"date": date, "request-id": "practice", "client-request-id": "practice"}
        response = self.answer({"error": {"code": code, "message": said or message, "innerError": inner}}, status)
        if status == 429:
            response.headers["Retry-After"] = str(self.retry_after)
        return response

    def answer(self, body: Any, status: int = 200) -> Response:
        response = Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")
        response.headers["Date"] = format_datetime(self.engine.clock.now, usegmt=True)
        response.headers["request-id"] = "practice"
        return response

    def listed(
        self,
        request: Request,
        kind: str,
        items: list[dict[str, Any]],
        *,
        default: int = 100,
        top: int = 999,
        select: list[str] | None = None,
        case_sensitive: bool = False,
    ) -> Response:
        """A page of what the query asks for; ``$skiptoken`` is opaque to the reader."""
        query = request.query_params
        if unknown := [k for k in query if k not in ("$filter", "$select", "$orderby", "$top", "$skiptoken", "$count")]:
            raise odata.UnsupportedError(", ".join(unknown))
        if "$filter" in query:
            items = odata.matching(items, query["$filter"], case_sensitive=case_sensitive)
        if "$orderby" in query:
            items = odata.ordered(items, query["$orderby"])
        size, start = query.get("$top", str(default)), query.get("$skiptoken", "s0").removeprefix("s")
        if not size.isdecimal() or not start.isdecimal() or not 0 < int(size) <= top:
            raise odata.UnsupportedError(f"$top={size}")
        end = int(start) + min(int(size), self.page)
        names = query["$select"].split(",") if "$select" in query else select
        page = [odata.selected(i, names) if names else i for i in items[int(start) : end]]
        body: dict[str, Any] = {"@odata.context": f"https://{GRAPH_HOST}/v1.0/$metadata#{kind}"}
        if end < len(items):
            following = urlencode({**query, "$skiptoken": f"s{end}"})
            body["@odata.nextLink"] = f"https://{GRAPH_HOST}{request.url.path}?{following}"
        return self.answer({**body, "value": page})

    def single(
        self, request: Request, kind: str, item: dict[str, Any] | None, select: list[str] | None = None
    ) -> Response:
        if item is None:
            return self.error(404)
        names = request.query_params["$select"].split(",") if "$select" in request.query_params else select
        item = odata.selected(item, names) if names else item
        return self.answer({"@odata.context": f"https://{GRAPH_HOST}/v1.0/$metadata#{kind}/$entity", **item})

    # -- the application --------------------------------------------------------------------

    def ours(self, request: Request) -> bool:
        return bool(request.path_params["id"] == self.engine.service_principal_id)

    async def principals(self, request: Request) -> Response:
        return self.listed(request, "servicePrincipals", [documents.service_principal(self.engine)])

    async def principal(self, request: Request) -> Response:
        """By object id; the application id is another one, and finds nothing here."""
        found = documents.service_principal(self.engine) if self.ours(request) else None
        return self.single(request, "servicePrincipals", found)

    async def jobs(self, request: Request) -> Response:
        if not self.ours(request):
            return self.error(404)
        jobs = documents.jobs(self.engine)
        if wanted := request.path_params.get("job"):
            found = next((j for j in jobs if j["id"] == wanted), None)
            return self.single(request, "synchronizationJobs", found)
        return self.listed(request, "servicePrincipals/synchronization/jobs", jobs)

    async def schema(self, request: Request) -> Response:
        known = self.ours(request) and request.path_params["job"] in [j["id"] for j in documents.jobs(self.engine)]
        return self.single(request, "synchronizationSchemas", documents.schema(self.engine) if known else None)

    async def assignments(self, request: Request) -> Response:
        if not self.ours(request):
            return self.error(404)
        return self.listed(request, "appRoleAssignments", documents.assignments(self.engine))

    # -- logs -------------------------------------------------------------------------------

    async def provisioning(self, request: Request) -> Response:
        """Newest first; filters are case-sensitive here (Microsoft's page of this list says so)."""
        rows = list(reversed(self.engine.log.records))
        return self.listed(request, "auditLogs/provisioning", rows, top=1000, case_sensitive=True)

    async def audits(self, request: Request) -> Response:
        rows = list(reversed(self.engine.audits))
        return self.listed(request, "auditLogs/directoryAudits", rows, default=1000, top=1000, case_sensitive=True)

    # -- directory --------------------------------------------------------------------------

    async def users(self, request: Request) -> Response:
        return self.listed(request, "users", documents.users(self.engine), select=_USER)

    async def user(self, request: Request) -> Response:
        wanted = request.path_params["id"].lower()
        rows = documents.users(self.engine)
        found = next((u for u in rows if wanted in (u["id"], u["userPrincipalName"].lower())), None)
        return self.single(request, "users", found, select=_USER)

    async def groups(self, request: Request) -> Response:
        return self.listed(request, "groups", documents.groups(self.engine))

    async def group(self, request: Request) -> Response:
        found = self.engine.world.groups.get(request.path_params["id"])
        return self.single(request, "groups", documents.group(found) if found else None)

    async def members(self, request: Request) -> Response:
        """People with the properties of ``/users``, nested groups as groups."""
        key = request.path_params["id"]
        if key not in self.engine.world.groups:
            return self.error(404)
        rows = documents.members(self.engine, key)
        rows = [odata.selected(r, _USER) if r["@odata.type"].endswith(".user") and "$select" not in request.query_params
                else r for r in rows]  # fmt: skip
        return self.listed(request, "directoryObjects", rows)


def apis(engine: Engine, token: str) -> dict[str, Any]:
    """The apps by host. The token is also the client secret that the sign-in endpoint changes into it."""
    return {GRAPH_HOST: Api(engine, token).build(), LOGIN_HOST: sign_in(engine, token, token)}
