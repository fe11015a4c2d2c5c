"""The files of a folder: any names, any nesting, bounded; links are not followed, archives are never extracted.

Archives (zip, gzip; one level) are read where they lie. What is small is held; a log above LARGE is left to be read
record by record from its ``Place``. Limits follow the security facts (SR-59, SR-62).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

MAX_FILES = 2000
MAX_FOLDERS_DEEP = 16
LARGE = 8 << 20  # bytes from which on a log is read record by record: held, it takes some 14 times its size
MAX_HELD = 64 << 20  # bytes held of all files together, from which on every log is read so
MAX_FILE = 256 << 20  # bytes, after decompression
MAX_LIST = 1 << 20  # bytes of the list of members of an archive larger than that
MAX_ALL = 1 << 30  # bytes of all files together, after decompression
MAX_RATIO = 200  # decompressed to compressed
_ZIP_END = 22 + (1 << 16)  # bytes in which the end of an archive stands
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_STRANGE_NAME = re.compile(r"[\x00-\x1f\x7f\\:\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Found:
    """One file. ``data`` is None where it was not read, ``reason`` says why; sha256 is that of the file on disk."""

    name: str  # relative to the folder; ``archive.zip/inner.json`` inside an archive
    data: bytes | None
    sha256: str | None
    reason: str | None = None
    large: Place | None = None  # a log to be read record by record, or a file too large to be held


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file lies: on disk, or in a zip archive there (``sha256``: that of the archive)."""

    path: Path
    member: str | None = None
    sha256: str | None = None

    @contextmanager
    def open(self) -> Iterator[tuple[BinaryIO, int]]:
        """The bytes as they lie there and their number. Raises OSError, BadZipFile and KeyError."""
        with _opened(self.path) as file:
            if self.member is None:
                yield file, os.fstat(file.fileno()).st_size
                return
            with zipfile.ZipFile(file) as archive, archive.open(self.member) as inner:
                yield cast(BinaryIO, inner), archive.getinfo(self.member).file_size

    def hold(self, name: str) -> Found:
        """The file as one that is held, however it should have been read."""
        try:
            with self.open() as (file, size):
                if size > MAX_FILE:
                    return Found(name, None, self.sha256, _too_large())
                data = file.read(MAX_FILE + 1)
        except (OSError, zipfile.BadZipFile, zlib.error, KeyError):
            return Found(name, None, self.sha256, "it changed while it was read")
        sha256 = self.sha256 or hashlib.sha256(data).hexdigest()
        return _gzip(name, data, sha256) if data.startswith(_GZIP) else Found(name, data, sha256)


Streams = Callable[[Place], bool]  # whether what lies there is a log that can be read record by record


def listing(folder: Path) -> list[Path]:
    """Every file and link below ``folder`` in a stable order; hidden ones and what lies in hidden folders left out."""
    found: list[Path] = []
    for here, folders, names in os.walk(folder, followlinks=False):
        place = Path(here)
        links = [n for n in folders if (place / n).is_symlink()]
        deep = len(place.relative_to(folder).parts) >= MAX_FOLDERS_DEEP
        folders[:] = (
            [] if deep else sorted(n for n in folders if not n.startswith((".", "__MACOSX")) and n not in links)
        )
        found.extend(place / n for n in [*names, *links] if not n.startswith("."))
    return sorted(found)


def contents(folder: Path, paths: list[Path], streams: Streams = lambda _: False) -> Iterator[Found]:
    """Each path's content, archives unpacked in memory; what cannot or must not be read comes with the reason.

    Of a large file that ``streams`` knows as a log only the place is told.
    """
    budget = MAX_ALL
    for number, path in enumerate(paths):
        name = _plain(path.relative_to(folder).as_posix())
        if number >= MAX_FILES:
            yield Found(name, None, None, f"not read: the folder holds more than {MAX_FILES} files")
            continue
        try:
            for found in _read(name, path, streams, LARGE if MAX_ALL - budget < MAX_HELD else 0):
                budget -= len(found.data or b"")
                if budget < 0:
                    yield Found(found.name, None, found.sha256, "not read: the files together are larger than 1 GiB")
                else:
                    yield found
        except _RefusedError as problem:
            yield Found(name, None, None, str(problem))
        except OSError as problem:
            yield Found(name, None, None, f"cannot be opened ({problem.strerror or type(problem).__name__})")


class _RefusedError(OSError):
    """A file that is not read; the message is the reason."""


def _too_large() -> str:
    return f"larger than {MAX_FILE >> 20} MiB: export a shorter span of time"


def _opened(path: Path) -> BinaryIO:
    # Opened before it is looked at: what is checked is what is read.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if path.is_symlink():
        raise _RefusedError("a link; links are not followed: put the file itself into the folder")
    file = os.fdopen(os.open(path, flags), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise _RefusedError("not a regular file")
    return cast(BinaryIO, file)


def _read(name: str, path: Path, streams: Streams, large: int) -> Iterator[Found]:
    """What one path holds; ``large``: the number of bytes from which on a log is not held."""
    with _opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        begin = file.read(4)
        file.seek(0)
        place = Place(path)
        if begin == _ZIP:
            yield from _zip(name, file, size, Place(path, None, _sha256(file)), streams, large)
        elif size > MAX_FILE:
            yield Found(name, None, None, _too_large(), place)
        elif size >= large and streams(place):
            yield Found(name, None, None, large=place)
        else:
            data = file.read(MAX_FILE + 1)
            sha256 = hashlib.sha256(data).hexdigest()
            if not begin.startswith(_GZIP):
                yield Found(name, data, sha256)
            elif _unpacks_to(data, large) and streams(place):
                yield Found(name, None, None, large=place)
            else:
                yield _gzip(name, data, sha256, place)


def _unpacks_to(data: bytes, size: int) -> bool:
    """Whether gzipped bytes unpack to at least so many."""
    try:
        return len(zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, size + 1)) >= size
    except zlib.error:
        return False


def _gzip(name: str, data: bytes, sha256: str, place: Place | None = None) -> Found:
    try:
        engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
        out = engine.decompress(data, min(MAX_FILE, max(1 << 20, len(data) * MAX_RATIO)))
    except zlib.error:
        return Found(name, None, sha256, "a damaged gzip file")
    if engine.unconsumed_tail and len(out) >= MAX_FILE:
        return Found(name, None, sha256, f"unpacks to more than {MAX_FILE >> 20} MiB", place)
    if engine.unconsumed_tail:
        return Found(
            name, None, sha256, "a gzip file that unpacks to far more than an export would: unpack it yourself"
        )
    if not engine.eof:
        return Found(name, None, sha256, "a gzip file that is cut off")
    if out.startswith((_ZIP, _GZIP)):
        return Found(name, None, sha256, "an archive inside an archive: unpack it first")
    return Found(name, out, sha256)


def _sha256(file: BinaryIO) -> str:
    told = hashlib.sha256()
    while data := file.read(1 << 20):
        told.update(data)
    file.seek(0)
    return told.hexdigest()


def _list_of_members(file: BinaryIO, size: int) -> int:
    """Bytes of the list of an archive's members, as its end tells; it is read as a whole."""
    file.seek(max(0, size - _ZIP_END))
    end = file.read(_ZIP_END)
    file.seek(0)
    at = end.rfind(b"PK\x05\x06")
    return int.from_bytes(end[at + 12 : at + 16], "little") if at >= 0 else 0


def _zip(name: str, file: BinaryIO, size: int, place: Place, streams: Streams, large: int) -> Iterator[Found]:
    sha256 = place.sha256
    if size > MAX_FILE and _list_of_members(file, size) > MAX_LIST:
        yield Found(name, None, sha256, "a zip archive with too many files: unpack it yourself")
        return
    try:
        archive = zipfile.ZipFile(file)
        members = [m for m in archive.infolist() if not m.is_dir()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError):
        yield Found(name, None, sha256, "a damaged or cut-off zip archive")
        return
    names = [m.filename for m in members]
    if "[Content_Types].xml" in names:
        yield Found(name, None, sha256, "an Office document: save the sheet as CSV")
        return
    if len(names) > MAX_FILES or len(set(names)) != len(names):
        yield Found(name, None, sha256, "a zip archive with too many or equally named files: unpack it yourself")
        return
    members = [m for m in members if not any(p.startswith((".", "__MACOSX")) for p in _parts(m.filename))]
    if not members:
        yield Found(name, None, sha256, "an empty zip archive")
    for member in sorted(members, key=lambda m: m.filename):
        yield _member(name, archive, member, place, streams, large)


def _member(
    name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: Place, streams: Streams, large: int
) -> Found:
    inner, sha256 = f"{name}/{_plain(member.filename)}", place.sha256
    parts = member.filename.split("/")
    if (
        ".." in parts
        or "" in parts
        or _STRANGE_NAME.search(member.filename)
        or stat.S_ISLNK(member.external_attr >> 16)
    ):
        return Found(inner, None, sha256, "a name or a link no export would carry; it was not read")
    if member.flag_bits & 1:
        return Found(inner, None, sha256, "encrypted: unpack the archive with its password first")
    bomb = Found(inner, None, sha256, "unpacks to far more than an export would: unpack it yourself")
    if member.file_size > max(1 << 20, member.compress_size * MAX_RATIO):
        return bomb
    try:
        there = Place(place.path, member.filename, sha256)
        with archive.open(member) as stream:
            begin = stream.read(4)
            if member.file_size >= large and not begin.startswith((_ZIP, _GZIP)) and streams(there):
                return Found(inner, None, sha256, large=there)
            if member.file_size > MAX_FILE:
                return bomb
            out = begin + stream.read(member.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, ValueError, RuntimeError):
        return Found(inner, None, sha256, "damaged inside its archive")
    if out.startswith((_ZIP, _GZIP)):
        return Found(inner, None, sha256, "an archive inside an archive: unpack it first")
    return Found(inner, out, sha256)


def _parts(name: str) -> list[str]:
    # "." and ".." are no hidden names: _member refuses them by name instead of leaving them out silently.
    return [p for p in name.split("/") if p not in (".", "..")]


def _plain(name: str) -> str:
    """A name that can be written as UTF-8; undecodable bytes become question marks."""
    return name.encode("utf-8", "replace").decode("utf-8")
