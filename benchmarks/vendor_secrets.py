"""Secrets as vendors document their own formats, in the texts a ticket really carries. Made anew at every call.

Written from public documentation (Okta, Microsoft identity platform and Graph, RFC 7519, 7517, 7617, 9449, GitHub, AWS,
Atlassian, Databricks, Slack) without looking at the gate's rules or at the generator of its tests.
"""

from __future__ import annotations

import base64
import json
import random
import string
import textwrap
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import quote

B62, B64U = string.ascii_letters + string.digits, string.ascii_letters + string.digits + "-_"
Rng = random.Random


def _run(rng: Rng, letters: str, length: int) -> str:
    return "".join(rng.choices(letters, k=length))


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def _signed(rng: Rng, header: dict[str, object], claims: dict[str, object], signature: int) -> str:
    sealed = base64.urlsafe_b64encode(rng.randbytes(signature)).decode().rstrip("=")
    return f"{_part(header)}.{_part(claims)}.{sealed}"


def okta_access_token(rng: Rng) -> str:
    claims = {"ver": 1, "jti": f"AT.{_run(rng, B64U, 43)}", "iss": "https://acme.okta.com", "aud": "api://default",
              "iat": 1763600000, "exp": 1763603600, "cid": "0oa" + _run(rng, B62, 17), "scp": ["logs"]}  # fmt: skip
    return _signed(rng, {"kid": _run(rng, B64U, 43), "alg": "RS256"}, claims, 256)


def entra_access_token(rng: Rng) -> str:
    head = {"typ": "JWT", "nonce": _run(rng, B64U, 43), "alg": "RS256", "x5t": _run(rng, B64U, 27)}
    claims = {"aud": "https://graph.microsoft.com", "tid": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
              "appid": str(uuid.UUID(int=rng.getrandbits(128), version=4)), "roles": ["Synchronization.Read.All"],
              "exp": 1763603600, "uti": _run(rng, B64U, 22), "ver": "1.0"}  # fmt: skip
    return _signed(rng, head, claims, 256)


def dpop_proof(rng: Rng) -> str:
    key = {"kty": "EC", "crv": "P-256", "x": _run(rng, B64U, 43), "y": _run(rng, B64U, 43)}
    return _signed(rng, {"typ": "dpop+jwt", "alg": "ES256", "jwk": key}, {"jti": _run(rng, B64U, 22), "htm": "GET"}, 64)


# What stands by itself in any text.
TOKENS: dict[str, Callable[[Rng], str]] = {
    "Okta API token": lambda r: "00" + _run(r, B64U, 40),
    "Okta access token": okta_access_token,
    "Okta client secret": lambda r: _run(r, B64U, 64),
    "Okta refresh token": lambda r: _run(r, B64U, 43),
    "Okta session id": lambda r: "102" + _run(r, B64U, 22),
    "Entra client secret": lambda r: f"{_run(r, B62, 3)}{r.randrange(10)}Q~{_run(r, B64U + '.~', 34)}",
    "Entra access token": entra_access_token,
    "Entra refresh token": lambda r: f"1.A{_run(r, B62, 3)}{_run(r, B64U, 400)}",
    "DPoP proof": dpop_proof,
    "SCIM token, 32 bytes": lambda r: base64.b64encode(r.randbytes(32)).decode(),
    "SCIM token, 48 bytes": lambda r: base64.urlsafe_b64encode(r.randbytes(48)).decode(),
    "SCIM token, 32 letters": lambda r: _run(r, B62, 32),
    "SCIM token, hexadecimal": lambda r: r.randbytes(32).hex(),
    "SCIM token, HEXADECIMAL": lambda r: r.randbytes(20).hex().upper(),
    "SCIM token, UUID": lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4)),
    "SCIM token with a prefix": lambda r: f"cat_scim_{_run(r, B62, 36)}",
    "GitHub token": lambda r: f"ghp_{_run(r, B62, 36)}",
    "Atlassian token": lambda r: f"ATATT3xFfGF0{_run(r, B64U, 171)}={r.randbytes(4).hex().upper()}",
    "Databricks token": lambda r: f"dapi{r.randbytes(16).hex()}",
    "Slack token": lambda r: f"xoxb-{r.randrange(10**11, 10**12)}-{r.randrange(10**12, 10**13)}-{_run(r, B62, 24)}",
    "AWS secret key": lambda r: base64.b64encode(r.randbytes(30)).decode(),
    "storage key": lambda r: base64.b64encode(r.randbytes(64)).decode(),
}  # fmt: skip

# How it comes along: kind → (file, text). The texts are those of tools and of people, not of the rules.
TEXTS: dict[str, Callable[[str], tuple[str, str]]] = {
    "curl, long option": lambda s: (
        "t.md", f"curl --header 'Authorization: Bearer {s}' \\\n  https://api.castordoc.com/auth/scim/Users"),
    "nginx log": lambda s: (
        "t.txt", f'10.2.0.4 [18/Nov/2026:15:07:03] "GET /auth/scim/Users?token={quote(s, safe="")} HTTP/1.1" 401'),
    "Postman": lambda s: ("t.json", json.dumps({"auth": {"type": "bearer", "bearer": [{"key": "token", "value": s}]}})),
    "Graph secrets": lambda s: ("t.json", json.dumps({"value": [{"key": "SecretToken", "value": s}]})),
    "HAR, value first": lambda s: (
        "t.json", json.dumps({"request": {"headers": [{"value": f"SSWS {s}", "name": "authorization"}]}})),
    "Terraform": lambda s: ("t.txt", f'resource "catalog" "scim" {{\n  bearer = "{s}"\n}}'),
    "PowerShell": lambda s: ("t.md", f"$secureToken = ConvertTo-SecureString '{s}' -AsPlainText -Force"),
    "Python": lambda s: (
        "t.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": [f'{{"Authorization": "Bearer {s}"}}']}]})),
    "notebook output": lambda s: (
        "t.ipynb", json.dumps({"cells": [{"outputs": [{"output_type": "stream", "text": ["sent\n", f"{s}\n"]}]}]})),
    "docker compose": lambda s: ("t.txt", f"    environment:\n      - CATALOG_KEY={s}"),
    "XML": lambda s: ("t.txt", f"<add key='Secret' value='{s}'/>"),
    "spreadsheet": lambda s: ("t.csv", f'"2026-11-18","Okta","{s}","rotated"'),
    "Markdown table": lambda s: ("t.md", f"| region | token |\n|---|---|\n| us | {s} |"),
    "chat": lambda s: ("t.md", f"> can you try with {s}? worked for me"),
    "end of a sentence": lambda s: ("t.eml", f"Subject: Re: SCIM\n\nThe new one is {s}."),
    "HTML attribute": lambda s: ("t.html", f'<input type="text" value="{s}" readonly>'),
    "HTML cell": lambda s: ("t.html", f"<tr><th>new</th><td><code>{s}</code></td></tr>"),
    "JSON list": lambda s: ("t.json", json.dumps({"tried": ["old", s]})),
    "path of an address": lambda s: ("t.txt", f"POST https://hooks.example/scim/{quote(s, safe='')}/notify"),
    "fragment of an address": lambda s: ("t.txt", f"https://app.example/cb#id=7&access_token={quote(s, safe='')}"),
    "cookie": lambda s: ("t.txt", f"Set-Cookie: sid={s}; Path=/; Secure; HttpOnly"),
    "bytes in a traceback": lambda s: ("t.txt", f"h11._util.LocalProtocolError: Illegal header value b'Bearer {s} '"),
    "JSON in a log line": lambda s: ("t.txt", 'debugData={"requestUri":"/x","tok":' + json.dumps(json.dumps(s)) + "}"),
    "basic credentials": lambda s: (
        "t.txt", "Authorization: Basic " + base64.b64encode(f"scim:{s}".encode()).decode()),
    "proxy address": lambda s: ("t.txt", f"HTTPS_PROXY=http://svc:{quote(s, safe='')}@proxy.example:3128"),
    "wrapped mail": lambda s: ("t.eml", "Subject: x\n\n" + "\n".join(textwrap.wrap(f"Token: {s}", 76))),
}  # fmt: skip

# What is a secret only by what it stands in: short, or of a form of its own.
SHAPES: dict[str, Callable[[Rng], tuple[str, str]]] = {
    "SCIM password": lambda r: ("t.json", json.dumps({"userName": "x", "password": _run(r, B62, 8), "active": True})),
    "private key": lambda r: (
        "t.txt", f"-----BEGIN EC PRIVATE KEY-----\n{base64.b64encode(r.randbytes(48)).decode()}\n"),
    "private JWK": lambda r: ("t.json", json.dumps({"kty": "RSA", "n": "x", "d": _run(r, B64U, 342)})),
    "state token": lambda r: ("t.txt", f"/login/step-up/redirect?stateToken=02.id.{_run(r, B64U, 38)}"),
    "session cookies": lambda r: ("t.txt", f"Cookie: JSESSIONID={r.randbytes(16).hex().upper()}; ln=x"),
    "signed address": lambda r: ("t.txt", "https://x.blob.core.windows.net/l?sv=2024-11-04&sig="
                                 + quote(base64.b64encode(r.randbytes(32)).decode(), safe="")),
    "basic with a short password": lambda r: ("t.txt", "Authorization: Basic "
                                              + base64.b64encode(f"svc:{_run(r, B62, 10)}".encode()).decode()),
    "SAML response": lambda r: ("t.txt", f"SAMLResponse={quote(base64.b64encode(r.randbytes(300)).decode(), safe='')}"),
    "AWS key id": lambda r: ("t.md", f"key AKIA{_run(r, string.ascii_uppercase + '234567', 16)} was used"),
}  # fmt: skip


def corpus(rng: Rng, each: int) -> Iterator[tuple[str, str, str]]:
    """(what in which text, file name, content): every token in every text, and every shape, ``each`` times."""
    for kind, make in TOKENS.items():
        for text, carry in TEXTS.items():
            for _ in range(each):
                yield f"{kind} in {text}", *carry(make(rng))
    for kind, shaped in SHAPES.items():
        for _ in range(each * 5):
            yield kind, *shaped(rng)


def quiet_log(rng: Rng, megabytes: float, ids: set[str]) -> str:
    """System Log and provisioning log records and SCIM exchanges without a secret; their ids go into ``ids``."""
    ids.add("0oa1gjh63g214q0Hq0g4")
    lines: list[str] = []
    size = 0.0
    while size < megabytes * 1e6:
        line = rng.choice((_system_log, _provisioning_log, _exchange, _report))(rng, ids)
        lines.append(line)
        size += len(line) + 1
    return "\n".join(lines) + "\n"


def _new(rng: Rng, ids: set[str], kind: str) -> str:
    made = {
        "uuid": lambda: str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "okta": lambda: "00u" + _run(rng, B62, 17),
        "hash": lambda: rng.randbytes(32).hex(),
        "request": lambda: _run(rng, B64U, 27),
    }[kind]()
    ids.add(made)
    return made


def _at(rng: Rng) -> str:
    clock = ":".join(f"{rng.randrange(most):02}" for most in (24, 60, 60))
    return f"2026-11-{rng.randrange(1, 29):02}T{clock}.{rng.randrange(1000):03}Z"


def _system_log(rng: Rng, ids: set[str]) -> str:
    """Okta: GET /api/v1/logs."""
    reason = rng.choice(("Unauthorized. Errors reported by remote server: Invalid token.", "Matching user not found",
                         "Bad Request. Errors reported by remote server: emails is required.", None))  # fmt: skip
    return json.dumps({
        "uuid": _new(rng, ids, "uuid"), "published": _at(rng), "eventType": "application.provision.user.push",
        "displayMessage": "Push user to external application", "severity": "INFO", "version": "0",
        "client": {"userAgent": {"rawUserAgent": "Mozilla/5.0 (X11; Linux x86_64)", "os": "Linux"}, "zone": "null"},
        "outcome": {"result": "FAILURE" if reason else "SUCCESS", "reason": reason},
        "target": [{"id": _new(rng, ids, "okta"), "type": "AppUser"},
                   {"id": "0oa1gjh63g214q0Hq0g4", "type": "AppInstance"}],
        "transaction": {"type": "JOB", "id": _new(rng, ids, "request"), "detail": {}},
        "debugContext": {"debugData": {"requestId": _new(rng, ids, "request"), "dtHash": _new(rng, ids, "hash"),
                                       "requestUri": "/api/v1/apps/0oa1gjh63g214q0Hq0g4/users"}},
        "legacyEventType": "app.user_management.push_profile_failure",
        "authenticationContext": {"credentialType": None, "externalSessionId": "[value removed]"},
    })  # fmt: skip


def _provisioning_log(rng: Rng, ids: set[str]) -> str:
    """Microsoft Graph: GET /auditLogs/provisioning."""
    code = rng.choice((
        "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable", "DuplicateTargetEntries",
        "SystemForCrossDomainIdentityManagementServiceIncompatible",
    ))  # fmt: skip
    return json.dumps({
        "id": _new(rng, ids, "uuid"), "activityDateTime": _at(rng), "cycleId": _new(rng, ids, "uuid"),
        "changeId": _new(rng, ids, "uuid"), "durationInMilliseconds": rng.randrange(9000),
        "provisioningAction": "create", "provisioningStatusInfo": {"status": "failure", "errorInformation": {
            "errorCode": code, "reason": "StatusCode: BadRequest Message: Processing of the HTTP request resulted in "
            "an exception. This operation was retried 2 times.", "additionalDetails": None}},
        "provisioningSteps": [{"name": "EntryExportAdd", "provisioningStepType": "export", "status": "failure"}],
        "modifiedProperties": [{"displayName": "userName", "oldValue": None, "newValue": "user-7k3mq2abcd@x.example"}],
        "servicePrincipal": {"id": _new(rng, ids, "uuid"), "displayName": "Catalog SCIM"},
    })  # fmt: skip


def _exchange(rng: Rng, ids: set[str]) -> str:
    """RFC 7644, as a proxy would log it with its secrets taken out."""
    account = _new(rng, ids, "uuid")
    return (
        f"GET /auth/scim/Users/{account} HTTP/1.1 | Host: api.us.castordoc.com | Authorization: Bearer [REDACTED] | "
        f'Accept: application/scim+json | 200 OK | ETag: W/"{_new(rng, ids, "request")}" | '
        f"X-Request-Id: {_new(rng, ids, 'uuid')} | Set-Cookie: [value removed] | "
        + json.dumps({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": account, "active": True,
                      "externalId": _new(rng, ids, "uuid"), "meta": {"resourceType": "User", "lastModified": _at(rng)}})
    )  # fmt: skip


def _report(rng: Rng, ids: set[str]) -> str:
    """What our own findings and tables say."""
    return rng.choice((
        f'"{_at(rng)}","{_new(rng, ids, "uuid")}","update","failure","401","token: as_typed_in_provider, secret: null"',
        "token.did_not_change (fail): since 2026-11-18 15:07 UTC every one of 15 operations was refused",
        "| credential | password: *** | api_key: <redacted> | clientSecret: (hidden) |",
        f"<td>{_new(rng, ids, 'uuid')}</td><td>application.integration.authentication_failure</td>",
    ))  # fmt: skip
