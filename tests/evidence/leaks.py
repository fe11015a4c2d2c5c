"""Secrets made afresh, the ways they are carried, and logs without any: what the gate is measured on.

The shapes follow the vendors' documentation, not the rules of the gate; every call makes new values.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import random
import re
import string
import uuid
import zlib
from collections.abc import Callable
from urllib.parse import quote

ALNUM = string.ascii_letters + string.digits


def _of(rng: random.Random, letters: str, length: int) -> str:
    return "".join(rng.choice(letters) for _ in range(length))


def _b64(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def jwt(rng: random.Random) -> str:
    claims = {"iss": "https://x.example", "sub": _of(rng, ALNUM, 12), "exp": rng.randrange(10**9, 2 * 10**9)}
    return f"{_b64({'alg': 'RS256', 'kid': _of(rng, ALNUM, 8)})}.{_b64(claims)}.{_of(rng, ALNUM + '-_', 86)}"


SECRETS: dict[str, Callable[[random.Random], str]] = {
    "jwt": jwt,
    "okta": lambda r: "00" + _of(r, ALNUM + "-_", 40),
    "entra": lambda r: _of(r, ALNUM, 3) + r.choice("6789") + "Q~" + _of(r, ALNUM + "_.-~", 34),
    "opaque 32": lambda r: _of(r, ALNUM, 32),
    "opaque 43": lambda r: _of(r, ALNUM + "-_", 43),
    "hex 40": lambda r: _of(r, "0123456789abcdef", 40),
    "hex 64": lambda r: _of(r, "0123456789abcdef", 64),
    "uuid": lambda r: str(uuid.UUID(int=r.getrandbits(128), version=4)),
    "base64": lambda r: base64.b64encode(r.randbytes(32)).decode(),
    "refresh": lambda r: "0.A" + _of(r, ALNUM + "-_", 22) + "." + _of(r, ALNUM + "-_", 120),
}
CARRIERS: dict[str, Callable[[str], tuple[str, str]]] = {  # name → (file, content)
    "header": lambda s: ("a.txt", f"GET /Users HTTP/1.1\nAuthorization: Bearer {s}\nAccept: */*\n"),
    "ssws": lambda s: ("a.txt", f"> Authorization: SSWS {s}\n"),
    "curl": lambda s: ("a.md", f"    curl -H 'Authorization: Bearer {s}' https://api.castordoc.com/auth/scim/Users\n"),
    "json": lambda s: ("a.json", json.dumps({"status": "failure", "token": s})),
    "json in json": lambda s: ("a.json", json.dumps({"detail": json.dumps({"secretToken": s})})),
    "other key": lambda s: ("a.json", json.dumps({"value": s})),
    "har": lambda s: ("a.json", json.dumps({"headers": [{"name": "Authorization", "value": f"Bearer {s}"}]})),
    "yaml": lambda s: ("a.txt", f"catalog:\n  scim_token: {s}\n"),
    "env": lambda s: ("a.txt", f"CATALOG_SCIM_TOKEN={s}\n"),
    "csv": lambda s: ("a.csv", f'"name","value"\n"x","{s}"\n'),
    "html": lambda s: ("a.html", f"<table><tr><td>Token</td><td>{html.escape(s)}</td></tr></table>"),
    "html hidden": lambda s: ("a.html", f'<p title="{html.escape(s)}">nothing to see</p>'),
    "query": lambda s: ("a.txt", f"GET /scim?access_token={quote(s, safe='')}&x=1 HTTP/1.1\n"),
    "prose": lambda s: ("a.md", f"They sent us {s} in the ticket, is that right?\n"),
    "repr": lambda s: ("a.txt", f"LocalProtocolError: Illegal header value b'Bearer {s}\\n'\n"),
    "notebook": lambda s: ("a.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": [f"t = '{s}'\n", "t"]}]})),
    "chunks": lambda s: ("a.ipynb", json.dumps({"cells": [{"cell_type": "code", "outputs": [
        {"text": ["t = " + s[: len(s) // 2], s[len(s) // 2 :]]}]}]})),
    "user info": lambda s: ("a.txt", f"https://svc:{quote(s, safe='')}@proxy.example/\n"),
    "error": lambda s: ("a.json", json.dumps({"reason": f"401 for {s}: Unauthorized"})),
    "mail": lambda s: ("a.eml", f"Subject: x\n\nthe token is {s}\n"),
    "spans": lambda s: ("a.html", f"<code><span>{html.escape(s[:9])}</span><span>{html.escape(s[9:])}</span></code>"),
}  # fmt: skip


def encodings(secret: str) -> dict[str, tuple[str, str]]:
    """A known secret as the facts list it: name → (file, content)."""
    raw = secret.encode()
    wrap = "\n".join(base64.b64encode(raw + b" tail of it").decode()[i : i + 20] for i in range(0, 64, 20))
    forms = {
        "raw": secret,
        "header": f"Authorization: Bearer {secret}",
        "base64 0": base64.b64encode(raw).decode(),
        "base64 1": base64.b64encode(b"x" + raw).decode(),
        "base64 2": base64.b64encode(b"xy" + raw).decode(),
        "base64url": base64.urlsafe_b64encode(b"Bearer " + raw).decode(),
        "base64url 1": base64.urlsafe_b64encode(b"x" + raw).decode(),
        "base64url 2": base64.urlsafe_b64encode(b"xy" + raw).decode(),
        "base64 wrapped": wrap,
        "basic": "Basic " + base64.b64encode(b"user:" + raw).decode(),
        "url": quote(secret, safe=""),
        "url lower": re.sub("%..", lambda m: m[0].lower(), quote(secret, safe="")),
        "url twice": quote(quote(secret, safe=""), safe=""),
        "url all": "".join(f"%{b:02x}" for b in raw),
        "json": json.dumps({"t": secret}),
        "json in json": json.dumps(json.dumps({"t": secret})),
        "u escapes": "".join(f"\\u{ord(c):04x}" for c in secret),
        "html named": html.escape(secret),
        "html decimal": "".join(f"&#{ord(c)};" for c in secret),
        "html hex": "".join(f"&#x{ord(c):x};" for c in secret),
        "repr": repr(raw),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "base32": base64.b32encode(raw).decode(),
        "gzip": base64.b64encode(gzip.compress(raw)).decode(),
        "zlib": base64.b64encode(zlib.compress(raw)).decode(),
        "hex of gzip": gzip.compress(raw).hex(),
        "header in base64": base64.b64encode(b"Authorization: Bearer " + raw).decode(),
        "wrapped": "\n".join(secret[i : i + 11] for i in range(0, len(secret), 11)),
        "spans": f"<span>{secret[:12]}</span><span>{secret[12:]}</span>",
        "zero width": "\u200b".join(secret),
        "ansi": f"\x1b[31m{secret[:12]}\x1b[0m{secret[12:]}",
        "quoted-printable": f"{secret[:12]}=\n{secret[12:]}",
        "truncated": secret[3:21],
        "upper": secret.upper(),
        "lower": secret.lower(),
        "reversed": secret[::-1],
        "spaced": " ".join(secret),
    }
    found = {name: ("a.txt", text) for name, text in forms.items()}
    found["html"] = ("a.html", f"<p>{html.escape(secret)}</p>")
    found["notebook chunks"] = ("a.ipynb", json.dumps({"source": [secret[:10], secret[10:]]}))
    found["gzip in json"] = ("a.json", json.dumps({"body": base64.b64encode(gzip.compress(raw)).decode()}))
    return found


def clean_log(rng: random.Random, megabytes: float, ids: set[str]) -> str:
    """Realistic provider and HTTP log lines without a secret; every id in them is put into ``ids``."""
    lines: list[str] = []
    size = 0

    def new(kind: str) -> str:
        made = str(uuid.UUID(int=rng.getrandbits(128), version=4)) if kind == "uuid" else "00u" + _of(rng, ALNUM, 17)
        ids.add(made)
        return made

    reasons = [
        "StatusCode: Unauthorized Message: Processing of the HTTP request resulted in an exception.",
        "Automatic provisioning of user to app Catalog failed: Error while creating user: Unauthorized.",
        "Matching user not found", "The attribute externalId is missing", "", "Bad Request. Errors reported by remote "
        "server: Invalid JSON: Unexpected character", "Entry was skipped: RedundantExport",
    ]  # fmt: skip
    while size < megabytes * 1e6:
        at = f"2026-11-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z"
        line = rng.choice(
            [
                lambda at=at: json.dumps({"published": at, "uuid": new("uuid"), "eventType":
                    "application.provision.user.push", "outcome": {"result": "FAILURE", "reason": rng.choice(reasons)},
                    "target": [{"id": new("okta"), "type": "AppUser"}], "transaction": {"id": new("uuid")}}),
                lambda at=at: f'{at} "GET /auth/scim/Users/{new("uuid")} HTTP/1.1" 404 request-id={new("uuid")}',
                lambda at=at: json.dumps({"activityDateTime": at, "id": new("uuid"), "cycleId": new("uuid"),
                    "statusInfo":
                    {"status": "failure", "errorInformation": {"errorCode": "SystemForCrossDomainIdentityManagement"
                    "CredentialValidationUnavailable", "reason": rng.choice(reasons)}}}),
                lambda at=at: f'"{at}","update","failure","{new("uuid")}","401","Authorization: Bearer [REDACTED]",""',
                lambda at=at: f"{at} token.is_accepted: pass, password: [value removed], secret: null",
            ]
        )()  # fmt: skip
        lines.append(line)
        size += len(line) + 1
    return "\n".join(lines) + "\n"
