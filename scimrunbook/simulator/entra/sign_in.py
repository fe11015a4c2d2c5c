"""The token endpoint of login.microsoftonline.com: client credentials only (RFC 6749 section 4.4)."""

from __future__ import annotations

import json
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scimrunbook.simulator.entra.engine import Engine

SCOPE = "https://graph.microsoft.com/.default"
# Codes of Microsoft Learn, "Microsoft Entra authentication and authorization error codes".
_REFUSALS = {
    "tenant": (400, "invalid_request", 90002, "There is no such tenant."),
    "grant": (400, "unsupported_grant_type", 70003, "Only client credentials are supported here."),
    "scope": (400, "invalid_scope", 70011, "The scope is not valid."),
    "client": (400, "unauthorized_client", 700016, "The tenant does not know this application."),
    "secret": (401, "invalid_client", 7000215, "The client secret is not valid."),
}


def sign_in(engine: Engine, token: str, secret: str) -> Starlette:
    """``POST /{tenant}/oauth2/v2.0/token``: ``token`` for any client with the ``secret``."""

    async def grant(request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
        why = refusal(request.path_params["tenant"], form)
        body: dict[str, Any] = {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599,
                                "access_token": token}  # fmt: skip
        status = 200
        if why:
            status, error, code, text = _REFUSALS[why]
            body = {"error": error, "error_description": f"AADSTS{code}: {text}", "error_codes": [code],
                    "timestamp": f"{engine.clock.now:%Y-%m-%d %H:%M:%SZ}", "trace_id": "practice",
                    "correlation_id": "practice"}  # fmt: skip
        headers = {"Date": format_datetime(engine.clock.now, usegmt=True), "Cache-Control": "no-store"}
        return Response(json.dumps(body), status, headers, "application/json")

    def refusal(tenant: str, form: dict[str, str]) -> str | None:
        if tenant != engine.tenant_id:
            return "tenant"
        if form.get("grant_type") != "client_credentials":
            return "grant"
        if form.get("scope") != SCOPE:
            return "scope"
        if not form.get("client_id"):
            return "client"
        return None if form.get("client_secret") == secret else "secret"

    return Starlette(routes=[Route("/{tenant}/oauth2/v2.0/token", grant, methods=["POST"])])
