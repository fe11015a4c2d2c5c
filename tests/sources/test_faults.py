"""A server that fails where no HTTP framework can: each fault ends in time, with a finding that says which it was."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpcore
import httpx
import pytest

from scimrunbook.checks.runner import run_checks
from scimrunbook.evidence.secrets import Secret
from scimrunbook.findings import Finding, Status
from scimrunbook.incident import Incident
from scimrunbook.snapshot import Snapshot
from scimrunbook.sources import bodies, catalog, http, transport
from scimrunbook.sources.http import Reader
from scimrunbook.sources.parts import Parts
from tests.sources.wires import React, wire

HOST = "api.us.castordoc.com"
LIMIT = 20.0  # seconds a whole probe of a broken endpoint may take here; the real limits are 30 and 120
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\n"
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "READ_TIMEOUT", 1.0)
    monkeypatch.setattr(http, "CONNECT_TIMEOUT", 1.0)
    monkeypatch.setattr(http, "TOTAL_TIMEOUT", 2.0)


def judged(open_reader: Callable[..., Reader]) -> tuple[Snapshot, Finding]:
    """A probe and a reading in time, and what the check of the way to the endpoint says of it."""
    incident = Incident(incident="T-1", identity_provider="okta", catalog_host="app.us.castordoc.com")
    parts, began = Parts(), time.monotonic()
    catalog.read(open_reader, Secret("-".join(["fault"] * 5)), incident, parts, lambda step, done, total=None: None)
    assert time.monotonic() - began < LIMIT
    parts.facts.as_of = "2026-11-20T14:00:00Z"
    got = parts.build(incident)
    found = {f.id: f for f in run_checks(got)}
    return got, found["connection.endpoint_is_reachable"]


# -- on the wire ------------------------------------------------------------------------------------------------------


def reset(connection: socket.socket, _: str, __: int) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def truncated(connection: socket.socket, _: str, __: int) -> None:
    connection.sendall(HEAD + b'Content-Length: 5000\r\n\r\n{"totalRes')


def hang(connection: socket.socket, _: str, __: int) -> None:
    time.sleep(1.5)


def drip(connection: socket.socket, _: str, __: int) -> None:
    connection.sendall(HEAD + b"Content-Length: 5000\r\n\r\n")
    for _i in range(40):
        connection.sendall(b" ")
        time.sleep(0.1)


SENT: list[int] = []


def ten_gigabytes(connection: socket.socket, _: str, __: int) -> None:
    connection.sendall(HEAD + b"Content-Length: 10737418240\r\n\r\n")
    chunk = b" " * (1 << 20)
    for _i in range(10 * 1024):
        connection.sendall(chunk)
        SENT.append(len(chunk))


BOMB = gzip.compress(b"\0" * (200 << 20), 9)


def bomb(connection: socket.socket, _: str, __: int) -> None:
    connection.sendall(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB)


def nonsense(connection: socket.socket, _: str, __: int) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9\r\n\r\n")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(reset, "reset"), (truncated, "truncated"), (hang, "timeout"), (drip, "timeout"), (ten_gigabytes, "too_large"),
     (bomb, "too_large"), (nonsense, "protocol")],
)  # fmt: skip
def test_a_fault_on_the_wire_is_classified_in_time(fault: React, kind: str) -> None:
    SENT.clear()
    with wire(fault) as there:
        got, finding = judged(lambda auth: Reader(f"https://{HOST}", auth, there.connect_to, patience=0))
    assert set(got["probes"]["failure"].dropna()) == {kind}, got["probes"][["probe", "failure"]]
    assert finding.status is Status.WARN and kind in finding.actual and finding.actions
    assert got.refusal("catalog.users") is not None
    # Never held: what was taken of each answer stays near the bound.
    assert sum(SENT) <= len(got["probes"]) * (bodies.MAX_BODY + (8 << 20)) + (64 << 20)


# -- TLS --------------------------------------------------------------------------------------------------------------


class _ToPort(httpcore.SyncBackend):
    """Connects to one port of this machine whatever the name; TLS is negotiated with the real name."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def connect_tcp(self, host, port, **more):
        return super().connect_tcp("127.0.0.1", self.port, **more)


@contextlib.contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[int]:
    """Answers every TLS connection with an empty list, where the handshake succeeds."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)

        def loop() -> None:
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    raw, _ = listening.accept()
                    raw.settimeout(2)
                    with raw, context.wrap_socket(raw, server_side=True) as secure:
                        secure.recv(65536)
                        body = b'{"schemas":[],"totalResults":0,"Resources":[]}'
                        secure.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            stop.set()
            thread.join(5)


class Authority:
    """A private certificate authority, and certificates of it."""

    def __init__(self, folder: Path) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        self.folder, self.x509 = folder, x509
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A private authority")])
        self.file = folder / "ca.pem"
        certificate = self._made(self.name, self.key, dt.timedelta(days=9), None)
        self.file.write_bytes(certificate)

    def _made(self, subject, key, left: dt.timedelta, host: str | None) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import Encoding

        now = dt.datetime.now(dt.UTC)
        made = (
            self.x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(self.x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=30))
            .not_valid_after(now + left)
            .add_extension(self.x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host:
            made = made.add_extension(self.x509.SubjectAlternativeName([self.x509.DNSName(host)]), critical=False)
        return made.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def context(self, host: str, left: dt.timedelta = dt.timedelta(days=9)) -> ssl.SSLContext:
        from cryptography.hazmat.primitives import serialization as s
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        subject = self.x509.Name([self.x509.NameAttribute(NameOID.COMMON_NAME, host)])
        both = self._made(subject, key, left, host)
        both += key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
        file = self.folder / "server.pem"
        file.write_bytes(both)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def over_tls(port: int, monkeypatch: pytest.MonkeyPatch, trusted: Path | None) -> Callable[..., Reader]:
    transport._trust.cache_clear()
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    trust = transport._trust()
    transport._trust.cache_clear()

    def opened(origin, connect_to):
        made = httpx.HTTPTransport(verify=trust, trust_env=False)
        made._pool._network_backend = _ToPort(port)
        return made, None

    monkeypatch.setattr(http, "open_wire", opened)
    return lambda auth: Reader(f"https://{HOST}", auth, patience=0)


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("private", "certificate", "not known here"),
        ("expired", "certificate", "has expired"),
        ("wrong name", "certificate", "another name"),
        ("tls 1.1", "tls", "TLS 1.2"),
    ],
)
def test_a_fault_of_tls_is_told_apart(
    fault: str, kind: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    context = authority.context(
        "other.example" if fault == "wrong name" else HOST, dt.timedelta(days=-1 if fault == "expired" else 9)
    )
    if fault == "tls 1.1":
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1
    with tls_server(context) as port:
        got, finding = judged(over_tls(port, monkeypatch, None if fault == "private" else authority.file))
    row = got["probes"].iloc[0]
    assert (row["failure"], len(got["probes"])) == (kind, 1)
    assert said in row["detail"]
    assert finding.status is Status.WARN and kind in finding.actual


def test_a_private_authority_in_ssl_cert_file_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    with tls_server(authority.context(HOST)) as port:
        got, finding = judged(over_tls(port, monkeypatch, authority.file))
    assert got["probes"]["http_status"].notna().all() and finding.status is Status.PASS
