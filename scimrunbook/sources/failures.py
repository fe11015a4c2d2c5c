"""What can go wrong when something is read over the network, told in words an admin can act on.

``classify`` follows the exceptions httpx 0.28 raises (httpcore and the standard library stand in their cause
chain). No message repeats an exception's own text: it may hold a header, and with it a token.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator

import httpx

KINDS = (
    "dns",  # the name does not resolve
    "refused",  # nobody listens
    "unreachable",  # no route
    "timeout",  # no connection, or no answer, in time
    "certificate",  # the certificate was not accepted
    "tls",  # TLS failed in another way
    "reset",  # the connection was closed before an answer
    "truncated",  # the answer ended early
    "protocol",  # the answer is not HTTP
    "encoding",  # the body's compression is unknown or broken
    "too_large",  # the body is larger than we accept
    "html",  # a web page instead of data
    "not_json",  # neither JSON nor a web page
    "redirect",  # the answer points elsewhere; not followed
    "proxy",  # the proxy refused or is unusable
    "token",  # the token cannot be put into a header
    "sign_in",  # the identity platform gave no access token
    "foreign_origin",  # the address belongs to another host than the credential
    "plain_http",  # no TLS and no practice tenant
    "url",  # no usable address
    "connect_to",  # the practice address is not loopback
    "connect",  # the connection failed for a reason not listed
    "status",  # an HTTP status that holds no data
)
# Another request to the same host would fare no better.
UNREACHABLE = frozenset({"dns", "refused", "unreachable", "timeout", "certificate", "tls", "proxy", "connect"})


class ReadFailure(Exception):  # noqa: N818 - the word the interface uses
    """Something could not be read. ``kind`` is one of KINDS; ``message`` says what, ``remedy`` what to do."""

    def __init__(self, kind: str, message: str, remedy: str = "") -> None:
        assert kind in KINDS, kind
        super().__init__(f"{message} {remedy}".strip())
        self.kind, self.message, self.remedy = kind, message, remedy


class ForeignOrigin(ReadFailure):
    """A request for another origin than the one the reader's credential is pinned to. Nothing was sent."""

    def __init__(self, ours: str, theirs: str) -> None:
        super().__init__(
            "foreign_origin",
            f"An address of {theirs} was given where only {ours} may be asked; nothing was sent there.",
            f"Credentials go to their own host only. If {theirs} is really meant, correct the incident file.",
        )
        self.ours, self.theirs = ours, theirs


class MethodRefusedError(Exception):
    """A request that is neither GET nor HEAD reached the transport: an error of ours, nothing was sent."""


def classify(problem: Exception, host: str) -> ReadFailure:
    """The failure behind an exception of httpx, httpcore or the standard library."""
    chain = list(_chain(problem))
    for link in chain:
        if isinstance(link, ReadFailure):
            return link
    if isinstance(problem, httpx.LocalProtocolError | UnicodeEncodeError):
        return unwritable(host)
    if isinstance(problem, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return ReadFailure("url", f"The address for {host} is not usable.", "Check the address in the incident file.")
    if isinstance(problem, httpx.ProxyError):
        return ReadFailure(
            "proxy",
            f"The proxy did not let the request to {host} through.",
            "Check HTTPS_PROXY, or list the host in NO_PROXY.",
        )
    for link in chain:
        found = _of_the_system(link, host)
        if found:
            return found
    if isinstance(problem, httpx.RemoteProtocolError):
        return _protocol(str(problem), host)
    if isinstance(problem, httpx.ReadError | httpx.WriteError | httpx.CloseError):
        return _reset(host)
    return ReadFailure(
        "connect",
        f"The connection to {host} failed ({type(problem).__name__}).",
        "Try again; if it stays, try from another network.",
    )


def unwritable(host: str) -> ReadFailure:
    """The token cannot be put into a header."""
    return ReadFailure(
        "token",
        f"The request to {host} could not be written: the token holds a character no HTTP header may carry.",
        "Copy the token again, as one line without quotes or blanks.",
    )


def _of_the_system(link: BaseException, host: str) -> ReadFailure | None:
    if isinstance(link, socket.gaierror):
        return ReadFailure("dns", f"The name {host} does not resolve.", "Check the host name, then DNS and VPN.")
    if isinstance(link, httpx.ConnectTimeout):
        return ReadFailure(
            "timeout",
            f"No connection to {host} within the time allowed.",
            "A firewall may drop the packets: allow outgoing TCP 443 to this host.",
        )
    if isinstance(link, httpx.TimeoutException | TimeoutError):
        return ReadFailure("timeout", f"{host} did not answer in time.", "Try again; if it stays, ask its operator.")
    if isinstance(link, ConnectionRefusedError):
        return ReadFailure("refused", f"{host} refuses the connection: nobody listens.", "Check host and port.")
    if isinstance(link, ssl.SSLCertVerificationError):
        return _certificate(link, host)
    if isinstance(link, ssl.SSLError):
        why = getattr(link, "reason", None) or "no handshake"
        return ReadFailure(
            "tls", f"{host} does not speak TLS 1.2 or newer here ({why}).", "Check host, port and proxy."
        )
    if isinstance(link, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return _reset(host)
    if isinstance(link, OSError) and link.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
        return ReadFailure("unreachable", f"There is no route to {host}.", "Check the network connection and VPN.")
    return None


def _certificate(link: ssl.SSLCertVerificationError, host: str) -> ReadFailure:
    """Why a certificate was not accepted, by OpenSSL's code of it (X509_V_ERR_…)."""
    code = getattr(link, "verify_code", None)
    if code == 10:
        return ReadFailure(
            "certificate",
            f"The certificate of {host} has expired.",
            "Its operator has to renew it; check this machine's clock as well.",
        )
    if code in (62, 64):
        return ReadFailure(
            "certificate",
            f"The certificate that {host} shows is made out to another name.",
            "Check the host name; a proxy or a wrong DNS entry may lead elsewhere.",
        )
    if code in (18, 19, 20, 21):
        return ReadFailure(
            "certificate",
            f"The certificate of {host} comes from an authority that is not known here.",
            "A TLS-inspecting proxy or a private authority: put its CA certificate (PEM) into SSL_CERT_FILE.",
        )
    return ReadFailure(
        "certificate",
        f"The certificate of {host} is not accepted: {getattr(link, 'verify_message', '') or 'verification failed'}.",
        "A TLS-inspecting proxy needs its CA certificate in SSL_CERT_FILE.",
    )


def _protocol(text: str, host: str) -> ReadFailure:
    if "without sending complete message body" in text or "incomplete chunked read" in text:
        return ReadFailure("truncated", f"The answer of {host} ends before it is complete.", "Try again.")
    if "without sending a response" in text:
        return ReadFailure("reset", f"{host} closed the connection without an answer.", "Try again.")
    return ReadFailure(
        "protocol", f"What {host} sent is no HTTP answer.", "Check host and port; a proxy may stand in between."
    )


def _reset(host: str) -> ReadFailure:
    return ReadFailure(
        "reset",
        f"The connection to {host} was reset.",
        "A firewall, or a server that speaks only TLS 1.1, does this; try from another network.",
    )


def _chain(problem: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while problem is not None and id(problem) not in seen:
        seen.add(id(problem))
        yield problem
        problem = problem.__cause__ or problem.__context__
