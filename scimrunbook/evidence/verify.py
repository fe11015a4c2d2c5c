"""``scimrunbook verify BUNDLE``: is it what the sender made? 0 intact and signed, 1 changed, 3 unsigned."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import re2

from scimrunbook.evidence import custody, seal
from scimrunbook.problems import UserProblem

INTACT, CHANGED, UNSIGNED = 0, 1, 3
MOST_MEMBERS, MOST_BYTES = 2000, 1024 * 2**20
_NAME = re2.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class BrokenError(Exception):
    """The container is not one that ``share`` makes; the message says why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    code: int
    lines: tuple[str, ...]


def members_of(content: bytes) -> dict[str, bytes]:
    """The members of a bundle's bytes, read in memory. Raises BrokenError for anything ``pack`` does not write."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            names = [i.filename for i in infos]
            if len(names) != len(set(names)):
                raise BrokenError("a member stands in it twice")
            if len(infos) > MOST_MEMBERS or sum(i.file_size for i in infos) > MOST_BYTES:
                raise BrokenError("it is larger than a bundle can be")
            for info in infos:
                if not _NAME.fullmatch(info.filename):
                    raise BrokenError("a member has a name no bundle uses")
                if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1:
                    raise BrokenError("a member is compressed or encrypted")
            members = {i.filename: archive.read(i) for i in infos}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        raise BrokenError("it is not a whole ZIP") from None
    if not packed_alike(members, content):
        raise BrokenError("its bytes are not those share writes for these members")
    return members


def packed_alike(members: dict[str, bytes], content: bytes) -> bool:
    """Whether a container holds its members and nothing else, not even between or behind them."""
    return seal.pack(members) == content


def problems(members: dict[str, bytes]) -> list[str]:
    """What is wrong with the members against SHA256SUMS and custody.json."""
    listed = {}
    for line in members.get(seal.SUMS, b"").decode("utf-8", "replace").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    here = set(members) - {seal.SUMS}
    wrong = [f"{n} is not in {seal.SUMS}" for n in sorted(here - set(listed))]
    wrong += [f"{n} is missing" for n in sorted(set(listed) - here)]
    wrong += [
        f"{n} is not what it was"
        for n in sorted(here & set(listed))
        if hashlib.sha256(members[n]).hexdigest() != listed[n]
    ]
    try:
        record = json.loads(members.get("custody.json", b""))
        lacking = [f for f in custody.SCHEMA["required"] if f not in record]
        wrong += [f"custody.json lacks {f}" for f in lacking]
    except (ValueError, TypeError):
        wrong.append("custody.json cannot be read")
    return wrong


def verify(archive: Path, signers: Path | None = None) -> Verdict:
    """The verdict on a bundle. ``signers``: an allowed_signers file; default: the one beside the bundle, if any."""
    if not archive.is_file():
        raise UserProblem(f"There is no file {archive}. Name the ZIP that share wrote.")
    given = signers is not None
    signers = signers or archive.with_name(seal.SIGNERS)
    if given and not signers.is_file():
        raise UserProblem(f"There is no file {signers}. It holds the sender's public key and comes from the sender.")
    try:
        members = members_of(archive.read_bytes())
        wrong = problems(members)
    except BrokenError as broken:
        return Verdict(CHANGED, (f"CHANGED: {broken}.",))
    if wrong:
        return Verdict(CHANGED, ("CHANGED:", *(f"  {w}" for w in wrong[:20])))
    return _signature(archive, signers, members)


def _signature(archive: Path, signers: Path, members: dict[str, bytes]) -> Verdict:
    record = json.loads(members["custody.json"])
    told = record.get("signature")
    if not archive.with_name(archive.name + ".sig").is_file():
        if told:
            return Verdict(UNSIGNED, (f"UNSIGNED: it was signed with {told}, but {archive.name}.sig is not here.",))
        return Verdict(UNSIGNED, ("UNSIGNED: members agree with each other; nothing proves who made them.",))
    if not signers.is_file():
        whose = seal.signed_by_someone(archive)
        if whose is None:
            return Verdict(CHANGED, ("CHANGED: the signature does not fit this file.",))
        return Verdict(
            UNSIGNED,
            (
                f"NOT PROVEN: unchanged since the key {whose} signed it, but nothing here says whose key that is.",
                f"Ask the sender for {seal.SIGNERS} by another way, then: verify --signers {seal.SIGNERS}",
            ),
        )
    if not seal.good_signature(archive, signers):
        return Verdict(CHANGED, (f"CHANGED: not signed by a key of {signers.name}, or not the file that was signed.",))
    practice = ("PRACTICE: the embedded practice tenant, nobody's real directory.",) if record.get("practice") else ()
    incomplete = () if record.get("complete") else ("Incomplete: a notebook failed; custody.json says which.",)
    return Verdict(
        INTACT,
        (
            *practice,
            f"INTACT and signed ({told}), made {record['created_utc']}, {len(members)} members.",
            *incomplete,
        ),
    )
