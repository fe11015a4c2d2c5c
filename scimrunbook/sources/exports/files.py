"""The files of a folder: any names, any nesting, bounded; links are not followed, archives are read in memory.

Archives (zip, gzip; one level) are never extracted. Limits follow the security facts (SR-59, SR-62).
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

MAX_FILES = 2000
MAX_FOLDERS_DEEP = 16
MAX_FILE = 256 << 20  # bytes, after decompression
MAX_ALL = 1 << 30  # bytes of all files together, after decompression
MAX_RATIO = 200  # decompressed to compressed
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_STRANGE_NAME = re.compile(r"[\x00-\x1f\x7f\\:\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Found:
    """One file. ``data`` is None where it was not read, ``reason`` says why; sha256 is that of the file on disk."""

    name: str  # relative to the folder; ``archive.zip/inner.json`` inside an archive
    data: bytes | None
    sha256: str | None
    reason: str | None = None
    large: Path | None = None  # too large to be held: a log may be read from here


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


def contents(folder: Path, paths: list[Path]) -> Iterator[Found]:
    """Each path's content, archives unpacked in memory; what cannot or must not be read comes with the reason."""
    budget = MAX_ALL
    for number, path in enumerate(paths):
        name = _plain(path.relative_to(folder).as_posix())
        if number >= MAX_FILES:
            yield Found(name, None, None, f"not read: the folder holds more than {MAX_FILES} files")
            continue
        try:
            data = _bytes(path)
        except _RefusedError as problem:
            yield Found(name, None, None, str(problem), path if isinstance(problem, _LargeError) else None)
            continue
        except OSError as problem:
            yield Found(name, None, None, f"cannot be opened ({problem.strerror or type(problem).__name__})")
            continue
        sha256 = hashlib.sha256(data).hexdigest()
        for found in _unpacked(name, data, sha256):
            budget -= len(found.data or b"")
            if found.large:
                found = replace(found, large=path)
            if budget < 0:
                yield Found(found.name, None, sha256, "not read: the files together are larger than 1 GiB")
            else:
                yield found


class _RefusedError(Exception):
    """A file that is not read; the message is the reason."""


class _LargeError(_RefusedError):
    """A file that is too large to be held."""


def _bytes(path: Path) -> bytes:
    # Opened before it is looked at: what is checked is what is read.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    if path.is_symlink():
        raise _RefusedError("a link; links are not followed: put the file itself into the folder")
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _RefusedError("not a regular file")
        if status.st_size > MAX_FILE:
            raise _LargeError(f"larger than {MAX_FILE >> 20} MiB: export a shorter span of time")
        return file.read(MAX_FILE + 1)


def _unpacked(name: str, data: bytes, sha256: str) -> Iterator[Found]:
    if data.startswith(_ZIP):
        yield from _zip(name, data, sha256)
    elif data.startswith(_GZIP):
        yield _gzip(name, data, sha256)
    else:
        yield Found(name, data, sha256)


def _gzip(name: str, data: bytes, sha256: str) -> Found:
    try:
        engine = zlib.decompressobj(zlib.MAX_WBITS | 16)
        out = engine.decompress(data, min(MAX_FILE, max(1 << 20, len(data) * MAX_RATIO)))
    except zlib.error:
        return Found(name, None, sha256, "a damaged gzip file")
    if engine.unconsumed_tail and len(out) >= MAX_FILE:
        return Found(name, None, sha256, f"unpacks to more than {MAX_FILE >> 20} MiB", Path(name))
    if engine.unconsumed_tail:
        return Found(
            name, None, sha256, "a gzip file that unpacks to far more than an export would: unpack it yourself"
        )
    if not engine.eof:
        return Found(name, None, sha256, "a gzip file that is cut off")
    if out.startswith((_ZIP, _GZIP)):
        return Found(name, None, sha256, "an archive inside an archive: unpack it first")
    return Found(name, out, sha256)


def _zip(name: str, data: bytes, sha256: str) -> Iterator[Found]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
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
        yield _member(name, archive, member, sha256)


def _member(name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, sha256: str) -> Found:
    inner = f"{name}/{_plain(member.filename)}"
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
    if member.file_size > MAX_FILE or member.file_size > max(1 << 20, member.compress_size * MAX_RATIO):
        return Found(inner, None, sha256, "unpacks to far more than an export would: unpack it yourself")
    try:
        with archive.open(member) as stream:
            out = stream.read(member.file_size + 1)
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
