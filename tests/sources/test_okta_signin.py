"""Signing in to Okta with a private key: what is signed and asked for, and that no message holds a part of it."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from scimrunbook.evidence.keys import private_key
from scimrunbook.evidence.secrets import Secret, scrub
from scimrunbook.evidence.stores import NotAvailableError
from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.okta_signin import PATH, SCOPES, assertion, okta_token
from tests.sources.wires import answer, wire

jwt = pytest.importorskip("jwt")
ORG = "https://acme.okta.com"


@pytest.fixture(scope="module")
def rsa():
    from cryptography.hazmat.primitives.asymmetric import rsa as kinds

    return kinds.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key) -> str:
    from cryptography.hazmat.primitives import serialization as s

    return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode()


class Org:
    """A token endpoint that grants some scopes; remembers every form it was sent."""

    def __init__(self, granted: tuple[str, ...], error: str = "invalid_scope") -> None:
        self.granted, self.error = set(granted), error
        self.forms: list[dict[str, str]] = []

    def __call__(self, connection: socket.socket, head: str, _: int) -> None:
        start, _, body = head.partition("\r\n\r\n")
        length = int(re.search(r"content-length: (\d+)", start, re.IGNORECASE)[1])
        while len(body) < length:
            body += connection.recv(65536).decode()
        form = {k: v[0] for k, v in parse_qs(body).items()}
        self.forms.append({"path": start.split()[1], **form})
        wanted = form["scope"].split()
        if set(wanted) <= self.granted:
            said = {"token_type": "Bearer", "access_token": "an-access-token-for-" + str(len(wanted)),
                    "scope": " ".join(wanted)}  # fmt: skip
            connection.sendall(answer(json.dumps(said).encode()))
        else:
            connection.sendall(answer(json.dumps({"error": self.error}).encode(), "400 Bad Request"))


def test_the_assertion_is_what_rfc_7523_wants(rsa) -> None:
    told = jwt.decode(
        assertion("0oaClient", f"{ORG}{PATH}", Secret(pem(rsa))), rsa.public_key(), ["RS256"], audience=f"{ORG}{PATH}"
    )
    assert (told["iss"], told["sub"]) == ("0oaClient", "0oaClient")
    assert 0 < told["exp"] - told["iat"] <= 3600 and told["jti"]
    key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa)) | {"kid": "k-1"}
    signed = assertion("c", "a", Secret(json.dumps(key)))
    assert jwt.get_unverified_header(signed)["kid"] == "k-1"
    jwt.decode(signed, rsa.public_key(), ["RS256"], audience="a")


def test_an_elliptic_key_is_taken_too() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    jwt.decode(assertion("c", "a", Secret(pem(key))), key.public_key(), ["ES256"], audience="a")


def test_only_read_scopes_are_asked_for_in_one_post(rsa) -> None:
    org = Org(SCOPES)
    with wire(org) as there:
        granted = okta_token(ORG, "0oaClient", Secret(pem(rsa)), connect_to=there.connect_to)
    assert granted.token.reveal() == f"an-access-token-for-{len(SCOPES)}" and granted.missing == ()
    assert [f["path"] for f in org.forms] == [PATH]
    assert all(s.endswith(".read") for f in org.forms for s in f["scope"].split())
    assert "Host: acme.okta.com" in there.heads[0] and "Authorization" not in there.heads[0]


def test_one_missing_scope_costs_only_itself_and_is_named(rsa) -> None:
    org = Org(SCOPES[:-1])
    with wire(org) as there:
        granted = okta_token(ORG, "c", Secret(pem(rsa)), connect_to=there.connect_to)
    assert granted.missing == ("okta.logs.read",)
    assert org.forms[-1]["scope"].split() == list(SCOPES[:-1])
    assert len({f["client_assertion"] for f in org.forms}) == len(org.forms)  # an assertion is used once


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("invalid_scope", "none of the read scopes is granted"),
        ("invalid_client", "not accepted"),
        ("invalid_dpop_proof", "DPoP"),
        ("<script>", "HTTP 400"),
    ],
)
def test_a_refusal_says_what_to_do(rsa, error: str, said: str) -> None:
    text = pem(rsa)
    with wire(Org((), error)) as there, pytest.raises(ReadFailure, match=said) as caught:
        okta_token(ORG, "c", Secret(text), connect_to=there.connect_to)
    assert caught.value.kind == "sign_in" and caught.value.remedy
    assert "<" not in str(caught.value)


@pytest.mark.parametrize(
    "broken", ["", "{", "{}", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "x" * 80]
)
def test_a_key_that_is_none_is_a_message_without_it(broken: str) -> None:
    with pytest.raises(ReadFailure, match="not usable") as caught:
        assertion("c", "a", Secret(broken))
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert len(broken) < 10 or broken not in str(caught.value)


def test_the_key_is_fetched_by_reference_and_every_line_is_scrubbed(rsa, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(pem(rsa))
    file.chmod(0o600)
    key = private_key("file:key.pem", base=tmp_path, interactive=False)
    line = key.reveal().splitlines()[3]
    assert "***" in repr(key) and line not in scrub(f"oops {line}")
    file.chmod(0o644)
    with pytest.raises(NotAvailableError, match="can be read by others"):
        private_key("file:key.pem", base=tmp_path, interactive=False)
