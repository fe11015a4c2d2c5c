"""Signing in to Microsoft Graph through azure-identity: whoever is signed in here, or a person with a device code.

The extra ``entra``. The library makes its own connections; they get our proxy and this machine's trust, and nothing of
the environment decides where they go. A client secret needs none of this: ``signin`` posts it itself.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from scimrunbook.evidence.secrets import Secret
from scimrunbook.incident import EntraAccess
from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.graph import PERMISSIONS
from scimrunbook.sources.signin import LOGIN, SCOPE, code_means
from scimrunbook.sources.transport import checked_origin, proxy_for

DEVICE_SCOPES = tuple(f"https://graph.microsoft.com/{p}" for p in dict.fromkeys(PERMISSIONS.values()))
_CODE = re.compile(r"AADSTS(\d{4,8})")
Show = Callable[[str], None]

# They print addresses and headers of sign-ins.
for _name in ("azure", "msal"):
    logging.getLogger(_name).setLevel(logging.ERROR)


def azure_token(access: EntraAccess, *, show: Show | None = None, transport: Any = None) -> Secret:
    """An access token for Graph by ``access.sign_in``. Raises ReadFailure with cause and remedy.

    ``show`` puts the address and code of a device sign-in before a person; without it nobody is there, and a device
    code is not asked for. ``transport``: an azure-core transport, for tests.
    """
    try:
        from azure.core.exceptions import AzureError
        from azure.identity import DefaultAzureCredential, DeviceCodeCredential
    except ImportError:
        raise ReadFailure(
            "sign_in", "Signing in through Azure needs the extra entra.", "pip install 'scimrunbook[entra]'"
        ) from None
    common: dict[str, Any] = {"transport": transport or _transport(), "proxies": _proxies()}
    if access.tenant_id:
        common["tenant_id" if access.sign_in == "device_code" else "interactive_browser_tenant_id"] = access.tenant_id
    if access.sign_in == "device_code":
        if show is None:
            raise ReadFailure(
                "sign_in",
                "A device code needs a person, and nobody is there to enter it.",
                "Run it in a terminal, or sign in with entra.sign_in: azure or a client secret.",
            )
        said = show

        def prompt(address: str, code: str, _: object) -> None:
            said(f"To sign in to Microsoft Graph, open {address} and enter the code {code}.")

        if access.client_id:
            common["client_id"] = access.client_id
        credential: Any = DeviceCodeCredential(prompt_callback=prompt, timeout=300, **common)
        scopes = DEVICE_SCOPES
    else:
        credential = DefaultAzureCredential(**common)
        scopes = (SCOPE,)
    # What the library raises may hold parts of an answer: nothing of it is chained to what we raise.
    try:
        with credential:
            return Secret(credential.get_token(*scopes).token)
    except (AzureError, ValueError, OSError) as problem:
        failure = _failure(str(problem))
    raise failure


def _transport() -> Any:
    from azure.core.pipeline.transport import RequestsTransport

    return RequestsTransport(use_env_settings=False, connection_verify=os.environ.get("SSL_CERT_FILE") or True)


def _proxies() -> dict[str, str]:
    proxy = proxy_for(checked_origin(LOGIN))
    if proxy is None:
        return {}
    name, secret = (quote(p.decode(), safe="") for p in proxy.raw_auth or (b"", b""))
    known = f"{name}:{secret}@" if proxy.raw_auth else ""
    return {"https": f"{proxy.url.scheme}://{known}{proxy.url.netloc.decode('ascii')}"}


def _failure(said: str) -> ReadFailure:
    found = _CODE.search(said)
    if found:
        means, remedy = code_means(found[1])
        return ReadFailure("sign_in", f"Signing in to Microsoft Graph failed: {means} (AADSTS{found[1]}).", remedy)
    return ReadFailure(
        "sign_in",
        "Signing in to Microsoft Graph failed: nobody is signed in here.",
        "Sign in with 'az login --tenant <tenant id>', or set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
        "AZURE_CLIENT_SECRET, or use entra.sign_in: device_code.",
    )
