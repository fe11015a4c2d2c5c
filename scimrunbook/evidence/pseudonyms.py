"""Pseudonyms: HMAC-SHA256 under a random key of the incident, the same for one value in every file and process.

A handle is 50 bits, ten letters of base 32: 100,000 people collide with a probability below 0.5 %, and nobody without
the key can try names. GUIDs become UUID version 8 (RFC 9562), valid and visibly made; Okta ids keep prefix and length.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid

from scimrunbook.evidence.canonical import key_of

KEY_BYTES = 32
HANDLE = 10  # letters of base 32: 50 bits
_BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Pseudonymiser:
    """Makes pseudonyms under one key. It holds no map: the same value gives the same answer, always."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a pseudonym key has {KEY_BYTES} bytes")
        self._hmac = hmac.new(key, digestmod=hashlib.sha256)

    def __repr__(self) -> str:
        return "Pseudonymiser(***)"

    def digest(self, kind: str, value: str) -> bytes:
        """HMAC of a value; spellings that differ in case or Unicode form alone give the same."""
        one = self._hmac.copy()
        one.update(f"{kind}\0{key_of(value)}".encode("utf-8", "surrogatepass"))
        return one.digest()

    def handle(self, kind: str, value: str, length: int = HANDLE) -> str:
        return base64.b32encode(self.digest(kind, value)).decode("ascii")[:length].lower()

    def guid(self, value: str) -> str:
        """A UUIDv8 for a GUID."""
        raw = int.from_bytes(self.digest("guid", value)[:16], "big")
        raw = raw & ~(0xF << 76) | (8 << 76)
        raw = raw & ~(0x3 << 62) | (0x2 << 62)
        return str(uuid.UUID(int=raw))

    def okta_id(self, value: str) -> str:
        """An id of the same kind (first three letters) and length; case matters in Okta's ids."""
        one = self._hmac.copy()
        one.update(b"okta\0" + value.encode())
        number, made = int.from_bytes(one.digest(), "big"), ""
        for _ in range(len(value) - 3):
            number, rest = divmod(number, 62)
            made += _BASE62[rest]
        return value[:3] + made

    def key_id(self) -> str:
        """Names the key without telling it."""
        return self.handle("key", "id")
