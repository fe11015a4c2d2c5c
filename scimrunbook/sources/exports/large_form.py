"""What a file that is not held is, by its beginning: which form of a log of the incident's provider, or none."""

from __future__ import annotations

import io
from typing import Literal

from scimrunbook.sources import entra_log_flat, okta_log_csv
from scimrunbook.sources.exports import entra_log_csv
from scimrunbook.sources.exports.documents import normal
from scimrunbook.sources.exports.large_csv import delimited
from scimrunbook.sources.exports.pieces import LargeFileError, Source

HEAD = 1 << 20  # bytes a file is recognised by
_BOM = b"\xef\xbb\xbf"
Form = Literal["json", "csv", "details"]  # details: the other two files of the portal's CSV download


def beginning(source: Source) -> bytes:
    """The first bytes, without their mark. Raises LargeFileError where they are no text."""
    head = source.read(HEAD).removeprefix(_BOM)
    if b"\x00" in head:
        raise LargeFileError("not a text file")
    return head


def form_of(head: bytes, provider: str) -> Form | None:
    """The form of a log of that provider, by its beginning; None where it is none of the known ones."""
    low = head.lower()
    if head.lstrip()[:1] in (b"{", b"["):
        acted = b"provisioningaction" in low or (b'"action"' in low and b"provisioning" in low)
        return "json" if (b"eventtype" in low if provider == "okta" else acted) else None
    header, _ = delimited(io.TextIOWrapper(io.BytesIO(head), "utf-8", errors="surrogateescape", newline=""))
    if provider == "okta":
        return "csv" if {h.casefold() for h in header} >= okta_log_csv.NEEDED else None
    names = [normal(h) for h in header]
    if entra_log_csv.detail_of(names):
        return "details"
    main = entra_log_csv.kind_of(names) == "main"
    return "csv" if main and entra_log_flat.columns(names).keys() >= set(entra_log_flat.NEEDED) else None
