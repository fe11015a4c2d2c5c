"""Signing in to Microsoft Graph: one POST to its token endpoint (``token_endpoint``).

OAuth 2.0 client credentials (RFC 6749 section 4.4) at the v2.0 endpoint of Microsoft's identity platform. Without a
client id the credential itself is a ready-made access token.
"""

from __future__ import annotations

import re

from scimrunbook.evidence.secrets import Secret
from scimrunbook.incident import EntraAccess
from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.fields import text
from scimrunbook.sources.token_endpoint import answer_of, post_form
from scimrunbook.sources.transport import checked_origin

LOGIN = "https://login.microsoftonline.com"
SCOPE = "https://graph.microsoft.com/.default"
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
    status, body = post_form(origin, path, form, connect_to)
    answer = answer_of(body)
    token = text(answer.get("access_token"))
    if status == 200 and token and str(answer.get("token_type", "")).lower() == "bearer":
        return Secret(token)
    raise _refusal(status, answer)


def _refusal(status: int, answer: dict[str, object]) -> ReadFailure:
    found = _CODE.search(text(answer.get("error_description")) or "")
    code = found[1] if found else ""
    shown = f"AADSTS{code}" if code else f"HTTP {status}"
    means, remedy = code_means(code)
    return ReadFailure("sign_in", f"Signing in to Microsoft Graph failed: {means} ({shown}).", remedy)


def code_means(code: str) -> tuple[str, str]:
    """What an AADSTS code (its digits) means, and what to do."""
    usual = ("the sign-in was refused", "Look the code up in the sign-in logs of the application that signs in.")
    return _MEANS.get(code, usual)
