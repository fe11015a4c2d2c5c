"""Signing in to Microsoft Graph: one POST to the token endpoint, by a transport that can do nothing else.

OAuth 2.0 client credentials (RFC 6749 section 4.4) at the v2.0 endpoint of Microsoft's identity platform. Without a
client id the credential itself is a ready-made access token.
"""

from __future__ import annotations

import json
import re

import httpx

from scimrunbook.evidence.secrets import Secret
from scimrunbook.incident import EntraAccess
from scimrunbook.sources.failures import MethodRefusedError, ReadFailure, classify
from scimrunbook.sources.fields import obj, text
from scimrunbook.sources.http import CONNECT_TIMEOUT, READ_TIMEOUT, USER_AGENT
from scimrunbook.sources.transport import Origin, checked_origin, open_wire

LOGIN = "https://login.microsoftonline.com"
SCOPE = "https://graph.microsoft.com/.default"
MAX_ANSWER = 256 * 1024  # bytes
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}")
_CODE = re.compile(r"AADSTS(\d{4,8})")
# Microsoft Learn: "Microsoft Entra authentication and authorization error codes".
_MEANS = {
    "7000215": (
        "the client secret is wrong",
        "Use the secret's value, not its id; create a new one if it was not kept.",
    ),
    "7000222": ("the client secret has expired", "Create a new client secret for the application."),
    "700016": ("the tenant does not know this client id", "Check entra.client_id and entra.tenant_id."),
    "90002": ("there is no such tenant", "Check entra.tenant_id."),
    "7000112": ("the application is disabled", "Enable the application that signs in."),
    "53003": ("a Conditional Access policy blocks the sign-in", "Ask who manages Conditional Access."),
}


class _OnePost(httpx.BaseTransport):
    """Lets exactly one kind of request through: POST to one address."""

    def __init__(self, inner: httpx.BaseTransport, origin: Origin, path: str) -> None:
        self._inner, self._origin, self._path = inner, origin, path

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        here = Origin.of(request.url) == self._origin and request.url.path == self._path and not request.url.query
        if request.method != "POST" or not here:
            raise MethodRefusedError("signing in is one POST to the token endpoint")
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


def graph_token(credential: Secret, access: EntraAccess, *, connect_to: str | None = None) -> Secret:
    """An access token for Graph. Raises ReadFailure with cause and remedy; no message holds a secret."""
    if access.client_id is None:
        return credential
    if access.tenant_id is None or not _TENANT.fullmatch(access.tenant_id):
        raise ReadFailure(
            "sign_in", "Signing in needs the tenant.", "Write the directory (tenant) id under entra.tenant_id."
        )
    origin = checked_origin(LOGIN)
    path = f"/{access.tenant_id}/oauth2/v2.0/token"
    form = {
        "grant_type": "client_credentials",
        "client_id": access.client_id,
        "client_secret": credential.reveal(),
        "scope": SCOPE,
    }
    status, body = _post(origin, path, form, connect_to)
    answer = _answer(body)
    token = text(answer.get("access_token"))
    if status == 200 and token and str(answer.get("token_type", "")).lower() == "bearer":
        return Secret(token)
    raise _refusal(status, answer)


def _post(origin: Origin, path: str, form: dict[str, str], connect_to: str | None) -> tuple[int, bytes]:
    wire, _ = open_wire(origin, connect_to)
    # What httpx raises may hold the form: nothing of it is chained to what we raise.
    try:
        with (
            httpx.Client(
                transport=_OnePost(wire, origin, path),
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
                headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"},
            ) as client,
            client.stream("POST", f"{origin}{path}", data=form) as response,
        ):
            body = b""
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise ReadFailure("too_large", "The answer of the sign-in is too large.", "A proxy may answer.")
            return response.status_code, body
    except (httpx.HTTPError, OSError, ReadFailure) as problem:
        failure = classify(problem, origin.host)
    raise failure from None


def _answer(body: bytes) -> dict[str, object]:
    try:
        return obj(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def _refusal(status: int, answer: dict[str, object]) -> ReadFailure:
    found = _CODE.search(text(answer.get("error_description")) or "")
    code = found[1] if found else ""
    shown = f"AADSTS{code}" if code else f"HTTP {status}"
    means, remedy = _MEANS.get(
        code, ("the sign-in was refused", "Look the code up in the sign-in logs of the application that signs in.")
    )
    return ReadFailure("sign_in", f"Signing in to Microsoft Graph failed: {means} ({shown}).", remedy)
