"""A log of any size as one raw JSON record after the other: NDJSON, a JSON array, one page; plain or gzipped.

Nothing is held but a few chunks. A JSON array is cut where a record with the first record's first key begins; what is
before such a cut must be valid by itself, so that a cut inside a record is never taken for one.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import itertools
import json
import re
import zipfile
import zlib
from collections.abc import Iterator

import msgspec

from scimrunbook.sources.exports.files import Place

CHUNK = 2 << 20  # bytes read at a time
MAX_RECORD = 64 << 20  # bytes that may be held until a record ends
MAX_RATIO = 200  # decompressed to compressed
_BETWEEN = re.compile(r"\s*,?\s*")
_HELD = re.compile(rb'\s*(?:\{[^\[]{0,4096}?"(?:value|records)"\s*:\s*)?\[\s*')
_PAGE = re.compile(rb'"(?:value|records)"\s*:\s*\[\s*(?=\{)')
_SEAM = re.compile(rb"\}\s*(\][^\[\]{}]{0,4096}\}\s*,?\s*)(\{[^\[{}]{0,4096})\Z")
_KEY = re.compile(rb'\s*\{\s*"((?:[^"\\]|\\.){1,64})"')
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_ESCAPED = re.compile(r"[\udc80-\udcff]")
Raw = bytes | msgspec.Raw
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_AT_ONCE = 256 << 10  # bytes unpacked at a time
_DAMAGED = "an archive that is cut off or damaged"
_TRIES = 12  # places a cut is tried at before records are taken one by one


class LargeFileError(Exception):
    """A large file that is not read on; the message is the reason."""


class Source:
    """The file's bytes, hashed and counted as they are read (``done`` of ``size``), unpacked where gzipped.

    UTF-16 with its mark is read as UTF-8. ``around`` is what stands about the records of a page, once they were read.
    """

    def __init__(self, place: Place) -> None:
        self._open = place.open()
        try:
            self._file, self.size = self._open.__enter__()
        except (OSError, zipfile.BadZipFile, KeyError) as problem:
            raise LargeFileError("it changed while it was read") from problem
        self._known = place.sha256
        self.done = self.given = 0
        self.around = b""
        self.assumed = False  # whether bytes that are no UTF-8 were read as Windows-1252
        self._hash = hashlib.sha256()
        self._ahead = self._file.read(2)
        self._unzip = gzip.GzipFile(fileobj=_Counted(self)) if self._ahead == b"\x1f\x8b" else None
        self.broken = ""  # why it was read only in part
        self._begun = False
        self._utf16: codecs.IncrementalDecoder | None = None

    def taken(self, size: int) -> bytes:
        data, self._ahead = self._ahead + self._file.read(max(0, size - len(self._ahead))), b""
        self.done += len(data)
        self._hash.update(data)
        return data

    def read(self, size: int) -> bytes:
        """About so many bytes; none at the end, and where it breaks off: then ``broken`` says why."""
        begin = b""
        if not self._begun:
            self._begun = True
            begin = self._unpacked(2)
            if begin in _UTF16:
                self._utf16, begin = codecs.getincrementaldecoder(_UTF16[begin])(), b""
        if self._utf16 is None:
            return begin + self._unpacked(size - len(begin))
        text, data = "", b"more"
        while data and not text and not self.broken:
            data = self._unpacked(size)
            try:
                text = self._utf16.decode(data, final=not data)
            except UnicodeDecodeError as problem:
                self.broken = "text in UTF-16 that is cut off or damaged"
                text = problem.object[: problem.start].decode(problem.encoding)
        return text.encode("utf-8")

    def _unpacked(self, size: int) -> bytes:
        if self._unzip is None:
            return b"" if self.broken else self._raw(size)
        found: list[bytes] = []
        while size > 0 and not self.broken:
            try:
                data = self._unzip.read1(min(size, _AT_ONCE))
            except (EOFError, OSError, zlib.error):
                self.broken = self.broken or _DAMAGED
                break
            if not data:
                break
            found.append(data)
            size -= len(data)
            self.given += len(data)
            if self.given > max(1 << 30, self.done * MAX_RATIO):
                self.broken = "a gzip file that unpacks to far more than a log would"
        return b"".join(found)

    def _raw(self, size: int) -> bytes:
        try:
            return self.taken(size)
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile):
            self.broken = _DAMAGED
            return b""

    def text(self, data: bytes) -> str:
        """Bytes as text; what is no UTF-8 as spreadsheets on Windows write it."""
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            self.assumed = True
            return data.decode("cp1252", "replace")

    def whole(self, escaped: str) -> str:
        """Text of a CSV with the bytes that were no UTF-8 put right."""
        if escaped.isascii() or not _ESCAPED.search(escaped):
            return escaped
        return self.text(escaped.encode("utf-8", "surrogateescape"))

    def sha256(self) -> str:
        """Of the whole file: what was not read yet is read now. In an archive that of the archive."""
        if self._known:
            return self._known
        while self.taken(CHUNK):
            pass
        return self._hash.hexdigest()

    def close(self) -> None:
        self._open.__exit__(None, None, None)


class _Counted(io.RawIOBase):
    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source

    def read(self, size: int = -1) -> bytes:
        return self.source.taken(size if size >= 0 else CHUNK)


def records(source: Source, head: bytes) -> Iterator[list[Raw]]:
    """Batches of raw records; ``head``: what was read already. A piece may be no JSON: whoever decodes it counts it.

    Raises LargeFileError.
    """
    begin = _HELD.match(head)
    if begin:
        source.around = begin.group()
        yield from _array(source, head[begin.end() :])
    else:
        yield from _lines(source, head)


def _lines(source: Source, held: bytes) -> Iterator[list[Raw]]:
    while True:
        data = source.read(CHUNK)
        whole, _, rest = (held + data).rpartition(b"\n") if data else (held, b"", b"")
        batch: list[Raw] = [line for line in whole.split(b"\n") if line.strip()]
        if batch:
            yield batch
        if not data:
            return
        held = rest
        if len(held) > MAX_RECORD:
            raise LargeFileError("a line longer than any record")


def _array(source: Source, held: bytes) -> Iterator[list[Raw]]:
    key = _KEY.match(held)
    if not key:
        raise LargeFileError("a JSON array that holds no objects")
    paged = bool(source.around.strip().startswith(b"{"))
    held = _as_one(held, source) if paged else held
    cut = re.compile(rb"\}\s*,\s*(?=\{\s*\"" + re.escape(key[1]) + rb'")')
    while data := source.read(CHUNK):
        held = _as_one(held + data, source) if paged else held + data
        batch, held = _before_a_cut(held, cut)
        if batch:
            yield batch
        elif len(held) > MAX_RECORD:
            raise LargeFileError("a record longer than any of a log, or JSON that is not valid")
    # What follows the records of a page may hold brackets itself.
    last, end = held, len(held)
    for _ in range(_TRIES):
        end = held.rfind(b"]", 0, end)
        if end < 0:
            break
        last = held[:end] if last is held else last
        try:
            batch = list(_LIST.decode(b"[" + held[:end] + b"]"))
        except msgspec.DecodeError:
            continue
        source.around += held[end:]
        yield batch
        return
    yield from ([piece] for piece in _one_by_one(last, cut))


def _as_one(held: bytes, source: Source) -> bytes:
    """Pages that stand one behind the other, as answers are appended to a file, as if they were one."""
    if b'"value"' not in held and b'"records"' not in held:
        return held
    out, at = [], 0
    for page in _PAGE.finditer(held):
        seam = _SEAM.search(held, max(at, page.start() - (1 << 14)), page.start())
        if seam:
            out.append(held[at : seam.start(1)])
            source.around, at = seam[2], page.end()
    return b",".join([*out, held[at:]])


def _before_a_cut(held: bytes, cut: re.Pattern[bytes]) -> tuple[list[Raw], bytes]:
    """Whole records and what follows them; none where no cut is sound yet."""
    found = list(cut.finditer(held, max(0, len(held) - (1 << 18)))) or list(cut.finditer(held))
    for place in found[: -_TRIES - 1 : -1]:
        try:
            return list(_LIST.decode(b"[" + held[: place.start() + 1] + b"]")), held[place.end() :]
        except msgspec.DecodeError:
            continue
    if len(held) < 2 * CHUNK:
        return [], held
    # A damaged record stands before every cut: the pieces are taken as they are, and those that are no JSON counted.
    if not found:
        return [], held
    return _one_by_one(held[: found[-1].start() + 1], cut), held[found[-1].end() :]


def _one_by_one(held: bytes, cut: re.Pattern[bytes]) -> list[Raw]:
    pieces: list[Raw] = []
    places = [(0, 0), *((m.start() + 1, m.end()) for m in cut.finditer(held)), (len(held), 0)]
    for (_, begin), (end, _) in itertools.pairwise(places):
        try:
            pieces += _LIST.decode(b"[" + held[begin:end] + b"]")  # more than one where a record begins otherwise
        except msgspec.DecodeError:
            pieces += _leniently(held[begin:end])
    return pieces


def _leniently(piece: bytes) -> list[Raw]:
    """The records of a piece that holds what JSON does not know and some write (NaN, Infinity); else the piece."""
    text = piece.decode("utf-8", "surrogateescape")
    decoder, found, at = json.JSONDecoder(), [], 0
    try:
        while at < len(text):
            _, end = decoder.raw_decode(text, at)
            found.append(text[at:end].encode("utf-8", "surrogateescape"))
            between = _BETWEEN.match(text, end)
            at = between.end() if between else end
    except (ValueError, RecursionError):
        return [piece]
    return list(found)
