"""The reads of Okta's Management API that a diagnosis needs (Okta OpenAPI 2026.06.3)."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scimrunbook.simulator.okta import documents
from scimrunbook.simulator.okta.engine import ORG_HOST, Engine

ORG_URL = f"https://{ORG_HOST}"
# Code and summary of Okta's error bodies, as its error code list has them.
_ERRORS = {
    400: ("E0000001", "Api validation failed"),
    401: ("E0000011", "Invalid token provided"),
    403: ("E0000006", "You do not have permission to perform the requested action"),
    404: ("E0000007", "Not found: Resource not found"),
    429: ("E0000047", "API call exceeded rate limit due to too many requests."),
}
_TARGET = re.compile(r'target\.id\s+eq\s+"([^"]+)"')


class Api:
    """``tokens`` it accepts; ``denied`` path patterns (403); ``allowance``: how many requests until one 429."""

    def __init__(self, engine: Engine, tokens: set[str]) -> None:
        self.engine, self.tokens = engine, tokens
        self.denied: list[str] = []
        self.allowance: int | None = None
        self.limit = 600

    def build(self) -> Starlette:
        paths: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/apps": self.apps,
            "/apps/{app}": self.app,
            "/apps/{app}/features": self.features,
            "/apps/{app}/features/{name}": self.features,
            "/apps/{app}/connections/default": self.connection,
            "/apps/{app}/users": self.app_users,
            "/apps/{app}/groups": self.app_groups,
            "/apps/{app}/group-push/mappings": self.pushes,
            "/mappings": self.mappings,
            "/mappings/{id}": self.mapping,
            "/logs": self.logs,
            "/users": self.users,
            "/users/{id}": self.user,
            "/groups": self.groups,
            "/groups/{id}/users": self.members,
        }
        routes = [Route(f"/api/v1{p}", self.guarded(h), methods=["GET"]) for p, h in paths.items()]
        return Starlette(routes=routes, exception_handlers={404: self.unknown})

    # -- frame ----------------------------------------------------------------------------

    def guarded(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme != "SSWS" or token not in self.tokens:
                return self.error(401)
            if any(re.fullmatch(p, request.url.path.removeprefix("/api/v1")) for p in self.denied):
                return self.error(403)
            if self.allowance is not None:
                self.allowance -= 1
                if self.allowance < 0:
                    self.allowance = None  # the bucket is full again after the reset
                    return self.error(429)
            return await handler(request)

        return handle

    async def unknown(self, _: Request, __: Exception) -> Response:
        return self.error(404)

    def error(self, status: int, cause: str = "") -> Response:
        code, summary = _ERRORS[status]
        causes = [{"errorSummary": cause}] if cause else []
        body = {"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae" + code,
                "errorCauses": causes}  # fmt: skip
        return self.answer(body, status)

    def answer(self, body: Any, status: int = 200, links: list[tuple[str, str]] | None = None) -> Response:
        now = self.engine.clock.now
        response = Response(json.dumps(body, ensure_ascii=False), status, media_type="application/json")
        response.headers["Date"] = format_datetime(now, usegmt=True)
        response.headers["x-okta-request-id"] = "practice"
        response.headers["x-rate-limit-limit"] = str(self.limit)
        response.headers["x-rate-limit-remaining"] = "0" if status == 429 else str(self.limit - 1)
        response.headers["x-rate-limit-reset"] = str(int(now.timestamp()) + (1 if status == 429 else 60))
        for relation, url in links or []:  # separate header lines, as on the wire
            response.headers.append("link", f'<{url}>; rel="{relation}"')
        return response

    def paged(self, request: Request, items: list[Any], default: int, top: int) -> Response:
        """A page of ``items`` with ``self`` and, where more remain, ``next``; ``after`` is opaque to the reader."""
        try:
            size = min(int(request.query_params.get("limit", default)), top)
            start = int(request.query_params.get("after", "c0")[1:])
        except ValueError:
            return self.error(400, "limit or after is not valid")
        here = f"{ORG_URL}{request.url.path}"
        links = [("self", f"{here}?{urlencode(request.query_params)}")]
        if start + size < len(items):
            query = {**request.query_params, "limit": size, "after": f"c{start + size}"}
            links.append(("next", f"{here}?{urlencode(query)}"))
        return self.answer(items[start : start + size], links=links)

    # -- the app --------------------------------------------------------------------------

    async def apps(self, request: Request) -> Response:
        found = [documents.app(self.engine), *documents.other_apps(self.engine)]
        if named := re.search(r'name\s+eq\s+"([^"]+)"', request.query_params.get("filter", "")):
            found = [a for a in found if a["name"] == named.group(1)]
        if text := request.query_params.get("q"):
            found = [a for a in found if a["label"].lower().startswith(text.lower()) or a["name"].startswith(text)]
        return self.paged(request, found, 20, 200)

    async def app(self, request: Request) -> Response:
        known = [documents.app(self.engine), *documents.other_apps(self.engine)]
        found = next((a for a in known if a["id"] == request.path_params["app"]), None)
        return self.answer(found) if found else self.error(404)

    def wrong_app(self, request: Request) -> Response | None:
        return None if request.path_params["app"] == self.engine.app_id else self.error(404)

    async def features(self, request: Request) -> Response:
        return self.wrong_app(request) or self.error(400, "Provisioning is not supported.")

    async def connection(self, request: Request) -> Response:
        return self.wrong_app(request) or self.answer({"status": "UNKNOWN", "profile": {"authScheme": "UNKNOWN"}})

    async def app_users(self, request: Request) -> Response:
        rows = documents.app_users(self.engine, expand=request.query_params.get("expand") == "user")
        return self.wrong_app(request) or self.paged(request, rows, 50, 500)

    async def app_groups(self, request: Request) -> Response:
        rows = documents.app_groups(self.engine, expand=request.query_params.get("expand") == "group")
        return self.wrong_app(request) or self.paged(request, rows, 20, 200)

    async def pushes(self, request: Request) -> Response:
        return self.wrong_app(request) or self.paged(request, documents.pushes(self.engine), 100, 1000)

    # -- mappings: list rows omit ``properties`` --------------------------------------------

    async def mappings(self, request: Request) -> Response:
        rows = documents.mappings(self.engine)
        for side in ("source", "target"):
            if wanted := request.query_params.get(f"{side}Id"):
                rows = [m for m in rows if m[side]["id"] == wanted]
        return self.paged(request, [{k: v for k, v in m.items() if k != "properties"} for m in rows], 20, 200)

    async def mapping(self, request: Request) -> Response:
        found = next((m for m in documents.mappings(self.engine) if m["id"] == request.path_params["id"]), None)
        return self.answer(found) if found else self.error(404)

    # -- log: bounded requests end, polling requests never do --------------------------------

    async def logs(self, request: Request) -> Response:
        q = request.query_params
        try:
            until = _time(q["until"]) if "until" in q else self.engine.clock.now
            since = _time(q["since"]) if "since" in q else None
        except ValueError:
            return self.error(400, "since or until is no ISO 8601 time")
        events = [e for e in self.engine.log.events if _time(e["published"]) <= until]
        if since:
            events = [e for e in events if _time(e["published"]) > since]
        for wanted in _TARGET.findall(q.get("filter", "")):
            events = [e for e in events if any(t["id"] == wanted for t in e["target"] or [])]
        if (kind := re.search(r'eventType\s+(eq|sw)\s+"([^"]+)"', q.get("filter", ""))) is not None:
            sort, text = kind.groups()
            events = [e for e in events if e["eventType"] == text or (sort == "sw" and e["eventType"].startswith(text))]
        if q.get("sortOrder") == "DESCENDING":
            events = events[::-1]
        response = self.paged(request, events, 100, 1000)
        if "until" not in q and 'rel="next"' not in ",".join(response.headers.getlist("link")):
            after = urlencode({**q, "after": f"c{len(events)}"})
            response.headers.append("link", f'<{ORG_URL}/api/v1/logs?{after}>; rel="next"')
        return response

    # -- directory ------------------------------------------------------------------------

    async def users(self, request: Request) -> Response:
        rows = documents.users(self.engine)
        wanted = request.query_params.get("search") or request.query_params.get("filter") or ""
        if status := re.search(r'status\s+eq\s+"([^"]+)"', wanted):
            rows = [u for u in rows if u["status"] == status.group(1)]
        elif not request.query_params.get("search"):  # a plain list leaves the deactivated out
            rows = [u for u in rows if u["status"] != "DEPROVISIONED"]
        if named := re.findall(r'profile\.(login|email)\s+eq\s+"([^"]+)"', wanted):
            rows = [u for u in rows if any(u["profile"][a].lower() == v.lower() for a, v in named)]
        if text := request.query_params.get("q"):
            parts = ("firstName", "lastName", "email")
            rows = [u for u in rows if any((u["profile"][p] or "").lower().startswith(text.lower()) for p in parts)]
        return self.paged(request, rows, 200, 200)

    async def user(self, request: Request) -> Response:
        wanted = request.path_params["id"].lower()
        rows = documents.users(self.engine)
        found = next((u for u in rows if wanted in (u["id"].lower(), u["profile"]["login"].lower())), None)
        return self.answer(found) if found else self.error(404)

    async def groups(self, request: Request) -> Response:
        return self.paged(request, documents.groups(self.engine), 1000, 10_000)

    async def members(self, request: Request) -> Response:
        group = self.engine.world.groups.get(request.path_params["id"])
        if group is None:
            return self.error(404)
        by_id = {u["id"]: u for u in documents.users(self.engine)}
        return self.paged(request, [by_id[m] for m in group.members if m in by_id], 1000, 1000)


def api(engine: Engine, tokens: set[str]) -> Starlette:
    """The ASGI app of the org."""
    return Api(engine, tokens).build()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
