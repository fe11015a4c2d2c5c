"""Signing in through azure-identity, by a transport that answers like Microsoft's identity platform."""

from __future__ import annotations

import base64
import io
import json
import time
import traceback
from typing import Any

import pytest

from scimrunbook.incident import EntraAccess
from scimrunbook.sources.azure_signin import DEVICE_SCOPES, _proxies, _transport, azure_token
from scimrunbook.sources.failures import ReadFailure

azure = pytest.importorskip("azure.identity")
TENANT = "6f0c7d1b-2a3e-4c5d-8e9f-0a1b2c3d4e5f"
LOGIN = f"https://login.microsoftonline.com/{TENANT}"


def coded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class Platform:
    """An azure-core transport: every request is recorded, none leaves."""

    def __init__(self, error: dict[str, Any] | None = None) -> None:
        self.error = error
        self.asked: list[tuple[str, str, Any]] = []

    def __enter__(self) -> Platform:
        return self

    def __exit__(self, *_: object) -> None: ...
    def open(self) -> None: ...
    def close(self) -> None: ...
    def sleep(self, duration: float) -> None: ...

    def send(self, request: Any, **_: Any) -> Any:
        self.asked.append((request.method, request.url, request.content or getattr(request, "_data", None)))
        url = request.url
        if "openid-configuration" in url:
            body = {
                "token_endpoint": f"{LOGIN}/oauth2/v2.0/token",
                "authorization_endpoint": f"{LOGIN}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{LOGIN}/oauth2/v2.0/devicecode",
                "issuer": f"{LOGIN}/v2.0",
            }
            return self.answer(request, 200, body)
        if "devicecode" in url:
            code = {"device_code": "d", "user_code": "ABCD", "verification_uri": "https://microsoft.com/devicelogin",
                    "expires_in": 900, "interval": 1, "message": "m"}  # fmt: skip
            return self.answer(request, 200, code)
        if "/discovery/" in url:
            return self.answer(request, 200, {"metadata": []})
        if self.error:
            return self.answer(request, 400, self.error)
        token = {"token_type": "Bearer", "access_token": "a-graph-token-of-the-platform", "expires_in": 3600}
        if "device_code" in str(self.asked[-1][2]):
            claims = {"iss": f"{LOGIN}/v2.0", "sub": "s", "tid": TENANT, "preferred_username": "ada@example.com",
                      "aud": self.asked[-1][2]["client_id"], "exp": time.time() + 60}  # fmt: skip
            token |= {
                "id_token": f"{coded({'alg': 'none'})}.{coded(claims)}.",
                "client_info": coded({"uid": "u", "utid": "t"}),
            }
        return self.answer(request, 200, token)

    @staticmethod
    def answer(request: Any, status: int, body: Any) -> Any:
        import requests
        from azure.core.rest._requests_basic import RestRequestsTransportResponse

        raw = requests.Response()
        raw.status_code, raw.raw = status, io.BytesIO(json.dumps(body).encode())
        raw.headers["Content-Type"] = "application/json"
        return RestRequestsTransportResponse(request=request, internal_response=raw)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TENANT_ID", TENANT), ("CLIENT_ID", "client-1"), ("CLIENT_SECRET", "a-client-secret-of-mine")):
        monkeypatch.setenv(f"AZURE_{name}", value)


def test_the_default_chain_takes_who_is_signed_in_here(environment: None) -> None:
    platform = Platform()
    token = azure_token(EntraAccess(tenant_id=TENANT, sign_in="azure"), transport=platform)
    assert token.reveal() == "a-graph-token-of-the-platform"
    assert {url.split("/")[2] for _, url, _ in platform.asked} == {"login.microsoftonline.com"}
    assert "https://graph.microsoft.com/.default" in str(platform.asked[-1][2])


def test_a_refusal_is_told_by_its_code_and_without_the_secret(environment: None) -> None:
    platform = Platform(
        {"error": "invalid_client", "error_description": "AADSTS7000222: expired. a-client-secret-of-mine"}
    )
    with pytest.raises(ReadFailure, match=r"expired \(AADSTS7000222\)") as caught:
        azure_token(EntraAccess(sign_in="azure"), transport=platform)
    assert "a-client-secret" not in "".join(traceback.format_exception(caught.value))


def test_a_device_code_is_shown_and_asks_for_read_permissions_only() -> None:
    shown: list[str] = []
    platform = Platform()
    access = EntraAccess(tenant_id=TENANT, sign_in="device_code")
    token = azure_token(access, show=shown.append, transport=platform)
    assert token.reveal() == "a-graph-token-of-the-platform"
    assert shown == ["To sign in to Microsoft Graph, open https://microsoft.com/devicelogin and enter the code ABCD."]
    assert DEVICE_SCOPES and all(s.endswith(".Read.All") for s in DEVICE_SCOPES)


def test_a_device_code_is_not_asked_for_where_nobody_is_there() -> None:
    platform = Platform()
    with pytest.raises(ReadFailure, match="nobody is there"):
        azure_token(EntraAccess(tenant_id=TENANT, sign_in="device_code"), transport=platform)
    assert platform.asked == []


def test_the_environment_decides_neither_proxy_nor_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://evil.example:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/ca.pem")
    made = _transport()
    assert made.connection_config.verify == "/ca.pem" and made._use_env_settings is False
    assert _proxies() == {"https": "http://proxy.example:3128"}
