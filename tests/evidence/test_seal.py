"""The seal: equal content gives equal bytes; whatever is changed, added or signed by a stranger is refused, twice."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import subprocess
import warnings
import zipfile
from pathlib import Path

import pytest

from scimrunbook.evidence import bundle, custody, seal, share
from scimrunbook.evidence.gate import Known
from scimrunbook.evidence.verify import CHANGED, INTACT, UNSIGNED, BrokenError, members_of, verify
from scimrunbook.problems import UserProblem
from tests.show import test_support

RECORD = dict.fromkeys(custody.SCHEMA["required"], "x") | {
    "signature": "SHA256:x",
    "created_utc": "2026-11-26T00:00:00Z",
}
MEMBERS = {
    "report.html": b"<p>report</p>" * 40,
    "tables/events.csv": b'"a"\n' * 50,
    "custody.json": json.dumps(RECORD).encode(),
}


def needs_ssh() -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("OpenSSH is not installed")


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    return sealed_in(tmp_path)


def sealed_in(tmp_path: Path) -> Path:
    """A signed bundle with its allowed_signers beside it."""
    needs_ssh()
    key = seal.make_key(tmp_path / "private_key")
    archive = tmp_path / "bundle.zip"
    archive.write_bytes(seal.pack(seal.with_sums(MEMBERS)))
    seal.sign(archive, key)
    (tmp_path / seal.SIGNERS).write_text(seal.signers_line(key))
    return archive


def openssh(archive: Path) -> int:
    """Exactly the line that is printed, in a shell, in the folder of the files."""
    return subprocess.run(
        ["sh", "-c", seal.verify_line(archive.name)], cwd=archive.parent, capture_output=True
    ).returncode


def refused(archive: Path, content: bytes) -> None:
    archive.write_bytes(content)
    assert verify(archive).code == CHANGED
    assert openssh(archive) != 0


def test_sr_48_one_line_of_stock_openssh_verifies(sealed: Path) -> None:
    assert "ssh-keygen -Y verify" in seal.verify_line("x.zip") and "\n" not in seal.verify_line("x.zip")
    letter = bundle.draft(test_support.view(), "request", sealed.name, "SHA256:x").decode().replace("\r\n", "\n")
    for told in (letter, bundle.readme(test_support.view(), sealed.name, "SHA256:x")):
        assert f"    {seal.verify_line(sealed.name)}\n" in told, "whole, on a line of its own"
    assert openssh(sealed) == 0
    assert verify(sealed).code == INTACT
    content = bytearray(sealed.read_bytes())
    content[len(content) // 2] ^= 1
    refused(sealed, bytes(content))


def flips(sealed: Path, places: int) -> None:
    content = sealed.read_bytes()
    rng = random.Random()
    for place in {0, len(content) - 1, *(rng.randrange(len(content)) for _ in range(places))}:
        changed = bytearray(content)
        changed[place] ^= 1 << rng.randrange(8)
        refused(sealed, bytes(changed))


def test_sr_43_a_changed_byte_is_refused(sealed: Path) -> None:
    flips(sealed, 6)


@pytest.mark.slow
def test_sr_43_a_changed_byte_at_200_places_is_refused(sealed: Path) -> None:
    flips(sealed, 200)


def with_member(content: bytes, name: str) -> bytes:
    out = io.BytesIO(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(out, "a") as archive:
            archive.writestr(name, b"added")
    return out.getvalue()


def test_sr_44_added_removed_renamed_and_doubled_members_are_refused(sealed: Path) -> None:
    content = sealed.read_bytes()
    members = members_of(content)
    less = {k: v for k, v in members.items() if k != "tables/events.csv"}
    renamed = {("tables/other.csv" if k == "tables/events.csv" else k): v for k, v in members.items()}
    refused(sealed, with_member(content, "added.json"))
    refused(sealed, with_member(content, "report.html"))
    refused(sealed, with_member(content, "../outside.json"))
    refused(sealed, seal.pack(less))
    refused(sealed, seal.pack(renamed))
    refused(sealed, content + b"appended")
    for broken in (with_member(content, "report.html"), content[:-3], b"PK", with_member(content, "a\\b.json")):
        with pytest.raises(BrokenError):
            members_of(broken)


def test_sr_44_without_a_signature_too(tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    whole = seal.with_sums(MEMBERS | {"custody.json": json.dumps(RECORD | {"signature": None}).encode()})
    archive.write_bytes(seal.pack(whole))
    assert verify(archive).code == UNSIGNED
    for changed in (whole | {"report.html": b"other"}, {k: v for k, v in whole.items() if k != "report.html"},
                    whole | {"more.json": b"{}"}):  # fmt: skip
        archive.write_bytes(seal.pack(changed))
        assert verify(archive).code == CHANGED
    for changed in (seal.pack(whole) + b"behind", b"before" + seal.pack(whole)):
        archive.write_bytes(changed)
        assert verify(archive).code == CHANGED


def test_sr_45_a_strangers_key_and_another_purpose_are_refused(sealed: Path, tmp_path: Path) -> None:
    stranger = seal.make_key(tmp_path / "stranger")
    seal.sign(sealed, stranger)
    assert verify(sealed).code == CHANGED and openssh(sealed) != 0
    own = str(tmp_path / "private_key")
    sealed.with_name(sealed.name + ".sig").unlink()
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", own, "-n", "file", str(sealed)], check=True, capture_output=True
    )
    assert verify(sealed).code == CHANGED and openssh(sealed) != 0


def test_nobody_vouches_for_a_key_that_only_the_bundle_names(sealed: Path) -> None:
    sealed.with_name(seal.SIGNERS).unlink()
    verdict = verify(sealed)
    assert verdict.code == UNSIGNED and "NOT PROVEN" in verdict.lines[0]
    assert seal.fingerprint(sealed.with_name("private_key")) in verdict.lines[0]
    with pytest.raises(UserProblem, match="no file"):
        verify(sealed, sealed.with_name("absent"))
    with pytest.raises(UserProblem, match="no file"):
        verify(sealed.with_name("absent.zip"))


def test_sr_49_a_signature_that_is_gone_is_told(sealed: Path) -> None:
    sealed.with_name(sealed.name + ".sig").unlink()
    verdict = verify(sealed)
    assert verdict.code == UNSIGNED and verdict.lines[0].startswith("UNSIGNED: it was signed with")


def test_sr_46_equal_content_gives_equal_bytes() -> None:
    first = seal.pack(MEMBERS)
    assert seal.pack(dict(reversed(MEMBERS.items()))) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        infos = archive.infolist()
    assert [i.filename for i in infos] == sorted(MEMBERS)
    assert {(i.date_time, i.create_system, i.external_attr, i.compress_type) for i in infos} == {
        ((1980, 1, 1, 0, 0, 0), 3, 0o100600 << 16, zipfile.ZIP_STORED)}  # fmt: skip


def test_sr_47_only_regular_files_are_sealed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text("{}")
    seal.only_regular(tmp_path)
    for make in (
        lambda p: p.symlink_to(tmp_path / "in" / "a.json"),
        lambda p: p.symlink_to(tmp_path / "in"),
        os.mkfifo,
    ):
        made = tmp_path / "in" / "other.json"
        make(made)
        with pytest.raises(UserProblem, match=r"other\.json in .* is no regular file"):
            seal.only_regular(tmp_path)
        made.unlink()


def test_the_public_key_names_nobody(tmp_path: Path) -> None:
    needs_ssh()
    key = seal.make_key(tmp_path / "key")
    public = key.with_name("key.pub")
    public.write_text(public.read_text().replace("evidence", "ada@laptop"))
    assert "ada" not in seal.signers_line(key)
    assert key.stat().st_mode & 0o077 == 0


def test_sr_17_28_what_the_gate_stops_is_not_written(tmp_path: Path) -> None:
    """The gate looks at the bytes that are sealed, read back from the container."""
    token = "sk9x2mQ7vB4nR8tY3wZ6Kp5L"
    archive = tmp_path / "bundle.zip"
    content = seal.pack(seal.with_sums(MEMBERS | {"notes.md": f"it was {token}".encode()}))
    with pytest.raises(share.RefusedError) as refused:
        share._seal(content, archive, Known(secrets=frozenset({token})), None)
    assert refused.value.exit_code == 4 and token not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
    share._seal(seal.pack(seal.with_sums(MEMBERS)), archive, Known(safe=frozenset({"2026-11-26T00:00:00Z"})), None)
    assert [p.name for p in tmp_path.iterdir()] == ["bundle.zip"] and archive.stat().st_mode & 0o077 == 0
