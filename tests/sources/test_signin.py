"""Signing in to Graph: one POST to one address, and no message that holds the secret."""

from __future__ import annotations

import json
import re
import secrets
import socket

import httpx
import pytest

from scimrunbook.evidence.secrets import Secret
from scimrunbook.incident import EntraAccess
from scimrunbook.simulator.serve import serve
from scimrunbook.sources import token_endpoint
from scimrunbook.sources.failures import MethodRefusedError, ReadFailure
from scimrunbook.sources.signin import LOGIN, graph_token
from scimrunbook.sources.token_endpoint import OnePost
from scimrunbook.sources.transport import checked_origin
from tests.sources.wires import React, answer, wire
from tests.tenants import tenant

ACCESS = EntraAccess(tenant_id="6f0c7d1b-2a3e-4c5d-8e9f-0a1b2c3d4e5f", client_id="client-1")


def always(data: bytes) -> React:
    """Reads the form to its end first: closing with unread data would reset the connection."""

    def react(connection: socket.socket, head: str, _: int) -> None:
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        missing = int(length[1]) - len(head.partition("\r\n\r\n")[2]) if length else 0
        while missing > 0 and (chunk := connection.recv(65536)):
            missing -= len(chunk)
        connection.sendall(data)

    return react


def credential() -> Secret:
    return Secret(secrets.token_urlsafe(24))


def test_a_ready_made_token_is_taken_as_it_is() -> None:
    secret = credential()
    assert graph_token(secret, EntraAccess(tenant_id="t")) is secret


def test_client_credentials_at_the_practice_tenant() -> None:
    built = tenant("entra", "none")
    access = EntraAccess(tenant_id=built.engine.tenant_id, client_id="any")
    with built.serve() as port:
        token = graph_token(Secret(built.provider_token), access, connect_to=f"127.0.0.1:{port}")
        assert token.reveal() == built.provider_token
        with pytest.raises(ReadFailure, match=r"client secret is wrong \(AADSTS7000215\)") as problem:
            graph_token(credential(), access, connect_to=f"127.0.0.1:{port}")
    assert problem.value.kind == "sign_in"


def test_one_post_with_the_form_and_nothing_else_is_sent() -> None:
    granted = json.dumps({"token_type": "Bearer", "access_token": secrets.token_urlsafe(20)}).encode()
    with wire(always(answer(granted))) as there:
        graph_token(credential(), ACCESS, connect_to=there.connect_to)
    head = there.heads[0]
    assert head.startswith(
        f"POST /{ACCESS.tenant_id}/oauth2/v2.0/token HTTP/1.1\r\nHost: login.microsoftonline.com\r\n"
    )
    assert "Authorization" not in head and len(there.heads) == 1


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        ("401 Unauthorized", {"error_description": "AADSTS7000222: expired {secret}"}, "has expired (AADSTS7000222)"),
        ("400 Bad Request", {"error_description": "AADSTS90002: no tenant"}, "no such tenant"),
        ("400 Bad Request", {"error_description": "AADSTS1234567: new"}, "refused (AADSTS1234567)"),
        ("302 Found", {}, "refused (HTTP 302)"),
        ("200 OK", {"token_type": "Bearer"}, "refused (HTTP 200)"),
        ("200 OK", [1], "refused (HTTP 200)"),
    ],
)
def test_refusals_say_why_and_never_repeat_the_secret(status: str, body: object, said: str) -> None:
    secret = credential()
    text = json.dumps(body).replace("{secret}", secret.reveal()).encode()
    with (
        wire(always(answer(text, status, Location="https://elsewhere.example/"))) as there,
        pytest.raises(ReadFailure) as problem,
    ):
        graph_token(secret, ACCESS, connect_to=there.connect_to)
    assert said in str(problem.value) and problem.value.remedy
    assert secret.reveal() not in repr(problem.value) and len(there.heads) == 1
    assert problem.value.__cause__ is None


def test_a_server_that_is_down_and_one_that_says_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_endpoint, "MAX_ANSWER", 100)
    with wire(always(b"")) as there:
        gone = there.connect_to
    with pytest.raises(ReadFailure) as problem:
        graph_token(credential(), ACCESS, connect_to=gone)
    assert problem.value.kind == "refused"
    with wire(always(answer(b" " * 101))) as there, pytest.raises(ReadFailure) as problem:
        graph_token(credential(), ACCESS, connect_to=there.connect_to)
    assert problem.value.kind == "too_large"
    monkeypatch.setattr(token_endpoint, "TOTAL_TIMEOUT", -1.0)  # a byte now and then never ends
    with wire(always(answer(b"{}"))) as there, pytest.raises(ReadFailure) as problem:
        graph_token(credential(), ACCESS, connect_to=there.connect_to)
    assert problem.value.kind == "timeout"


@pytest.mark.parametrize("tenant_id", [None, "a/b", ".."])
def test_nothing_is_sent_without_a_tenant(tenant_id: str | None) -> None:
    access = EntraAccess.model_construct(tenant_id=tenant_id, client_id="c")  # the incident file refuses these already
    with pytest.raises(ReadFailure, match="needs the tenant"):
        graph_token(credential(), access, connect_to="127.0.0.1:1")


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", f"{LOGIN}/t/oauth2/v2.0/token"),
        ("POST", f"{LOGIN}/t/oauth2/v2.0/token?x=1"),
        ("POST", f"{LOGIN}/t/oauth2/v2.0/authorize"),
        ("POST", "https://graph.microsoft.com/t/oauth2/v2.0/token"),
        ("DELETE", f"{LOGIN}/t/oauth2/v2.0/token"),
    ],
)
def test_the_transport_can_do_nothing_else(method: str, url: str) -> None:
    inner = httpx.MockTransport(lambda request: pytest.fail("it was sent"))
    transport = OnePost(inner, checked_origin(LOGIN), "/t/oauth2/v2.0/token")
    with pytest.raises(MethodRefusedError):
        transport.handle_request(httpx.Request(method, url))


def test_no_proxy_or_real_host_is_used_with_connect_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    built = tenant("entra", "none")
    with serve({}) as empty, pytest.raises(ReadFailure):
        graph_token(
            Secret(built.provider_token),
            EntraAccess(tenant_id=built.engine.tenant_id, client_id="c"),
            connect_to=f"127.0.0.1:{empty.port}",
        )
