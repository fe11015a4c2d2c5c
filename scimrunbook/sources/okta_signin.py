"""Signing in to Okta as an OAuth service app: client credentials with a private-key JWT, read scopes only.

Facts: Okta, "Implement OAuth for Okta with a service app" (assertion of at most one hour, audience is the token
endpoint); RFC 7523. One missing scope must not cost the others: where the request for all is refused, each is asked
for by itself, and those that are granted are asked for together.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass

from scimrunbook.evidence.secrets import Secret
from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.fields import text
from scimrunbook.sources.token_endpoint import answer_of, post_form
from scimrunbook.sources.transport import checked_origin

PATH = "/oauth2/v1/token"
# What the reads of okta.py need (Okta Management API); never a scope that ends in .manage.
SCOPES = (
    "okta.apps.read",
    "okta.users.read",
    "okta.groups.read",
    "okta.profileMappings.read",
    "okta.logs.read",
)
LIFETIME = 300  # seconds the assertion is good for; one hour is the most Okta takes
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CODE = re.compile(r"[a-z_]{3,40}")
_MEANS = {
    "invalid_client": (
        "the client id or its key is not accepted",
        "Check okta.client_id, and that the public key of okta.private_key is registered with that application.",
    ),
    "invalid_scope": (
        "none of the read scopes is granted",
        f"Okta Admin Console > the service app > Okta API Scopes: grant {', '.join(SCOPES)}.",
    ),
    "invalid_dpop_proof": (
        "the application demands DPoP, which is not used here",
        "The service app > General: take the tick off 'Require Demonstrating Proof of Possession (DPoP) header'.",
    ),
    "unauthorized_client": (
        "the application may not sign in by itself",
        "Use an application of the type API Services, with public key / private key as client authentication.",
    ),
}


@dataclass(frozen=True, slots=True)
class Granted:
    """An access token and the read scopes that it lacks."""

    token: Secret
    missing: tuple[str, ...] = ()


def okta_token(org_url: str, client_id: str, key: Secret, *, connect_to: str | None = None) -> Granted:
    """Signs in. Raises ReadFailure with cause and remedy; no message holds a part of the key."""
    status, answer = _ask(org_url, client_id, key, SCOPES, connect_to)
    if status != 200 and answer.get("error") in ("invalid_scope", "access_denied"):
        granted = tuple(s for s in SCOPES if _ask(org_url, client_id, key, (s,), connect_to)[0] == 200)
        if granted:
            status, answer = _ask(org_url, client_id, key, granted, connect_to)
    token = text(answer.get("access_token"))
    if status != 200 or not token:
        raise _refusal(status, answer)
    told = (text(answer.get("scope")) or " ".join(SCOPES)).split()
    return Granted(Secret(token), tuple(s for s in SCOPES if s not in told))


def _ask(
    org_url: str, client_id: str, key: Secret, scopes: tuple[str, ...], connect_to: str | None
) -> tuple[int, dict[str, object]]:
    origin = checked_origin(org_url)
    form = {
        "grant_type": "client_credentials",
        "scope": " ".join(scopes),
        "client_assertion_type": _ASSERTION,
        "client_assertion": assertion(client_id, f"{origin}{PATH}", key),
    }
    status, body = post_form(origin, PATH, form, connect_to)
    return status, answer_of(body)


def assertion(client_id: str, audience: str, key: Secret) -> str:
    """The signed JWT of RFC 7523 section 3. Raises ReadFailure where the key is not usable."""
    try:
        import jwt
    except ImportError:
        raise ReadFailure(
            "sign_in", "Signing in to Okta with a private key needs the extra okta.", "pip install 'scimrunbook[okta]'"
        ) from None
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": str(uuid.uuid4()),
    }
    # What the library raises may quote the key: nothing of it is chained to what we raise.
    try:
        pem = key.reveal()
        if pem.startswith("{"):
            jwk = jwt.PyJWK(json.loads(pem))
            return jwt.encode(claims, jwk.key, jwk.algorithm_name, headers={"kid": jwk.key_id} if jwk.key_id else None)
        try:
            return jwt.encode(claims, pem, "RS256")
        except (TypeError, ValueError, jwt.InvalidKeyError):
            return jwt.encode(claims, pem, "ES256")
    except Exception:
        problem = ReadFailure(
            "sign_in",
            "The private key of the Okta application is not usable.",
            "Give the private key itself, as JWK (JSON) or PEM without a passphrase: RSA or EC P-256.",
        )
    raise problem


def _refusal(status: int, answer: dict[str, object]) -> ReadFailure:
    code = text(answer.get("error")) or ""
    shown = code if _CODE.fullmatch(code) else f"HTTP {status}"
    means, remedy = _MEANS.get(code, ("the sign-in was refused", "Look into the org's System Log for the refusal."))
    return ReadFailure("sign_in", f"Signing in to Okta failed: {means} ({shown}).", remedy)
