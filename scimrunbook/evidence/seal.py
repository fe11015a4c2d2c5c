"""The container: a ZIP whose bytes depend on its content alone, and an OpenSSH signature over it.

Members are stored, sorted, dated 1980, owned by nobody in particular. The signature is a file of its own
(``ssh-keygen -Y sign``), so that stock OpenSSH verifies the bundle with one line.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

from scimrunbook.problems import UserProblem

NAMESPACE = "scim-evidence@scimrunbook"
IDENTITY = "evidence"
SUMS = "SHA256SUMS"
SIGNERS = "allowed_signers"
_DATE = (1980, 1, 1, 0, 0, 0)
_TIMEOUT = 30  # seconds


def with_sums(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """The members and ``SHA256SUMS``, in the format of sha256sum."""
    lines = [f"{hashlib.sha256(members[n]).hexdigest()}  {n}\n" for n in sorted(members)]
    return {**members, SUMS: "".join(lines).encode()}


def pack(members: Mapping[str, bytes]) -> bytes:
    """The ZIP of members; equal members give equal bytes, whoever packs them and whenever."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system, info.external_attr = 3, 0o100600 << 16
            archive.writestr(info, members[name])
    return out.getvalue()


def only_regular(folder: Path) -> None:
    """Raises UserProblem where anything under a folder is a link, a pipe or a device: what is sealed is a file here."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise UserProblem(
                f"{path.name} in {folder.name} is no regular file (a link, perhaps). Only regular files are shared: "
                "put back what was there, or collect again."
            )


def make_key(path: Path) -> Path:
    """A signing key (Ed25519) of the incident, made where there is none."""
    if not path.exists():
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", IDENTITY, "-f", str(path))
        path.chmod(0o600)
    return path


def public_key(key: Path) -> str:
    """``ssh-ed25519 AAAA…`` without the comment, which often names a person and a machine."""
    public = key.with_name(key.name + ".pub")
    if not public.is_file():
        raise UserProblem(f"{public} is missing: ssh-keygen -y -f {key} > {public}")
    return " ".join(public.read_text("utf-8").split()[:2])


def fingerprint(key: Path) -> str:
    """``SHA256:…`` of the public key: what two people compare on the telephone."""
    return _run("ssh-keygen", "-l", "-f", str(key.with_name(key.name + ".pub"))).split()[1]


def signers_line(key: Path) -> str:
    return f'{IDENTITY} namespaces="{NAMESPACE}" {public_key(key)}\n'


def sign(archive: Path, key: Path) -> Path:
    """Signs a file; the signature lies beside it as ``.sig``."""
    made = archive.with_name(archive.name + ".sig")
    made.unlink(missing_ok=True)
    _run("ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(archive))
    return made


def verify_line(archive: str) -> str:
    """The one line of stock OpenSSH. ``allowed_signers`` has to come by another way than the bundle."""
    return f"ssh-keygen -Y verify -f {SIGNERS} -I {IDENTITY} -n {NAMESPACE} -s {archive}.sig < {archive}"


def good_signature(archive: Path, signers: Path) -> bool:
    """Whether a key of ``signers`` signed the archive as it is."""
    command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", IDENTITY, "-n", NAMESPACE]
    with archive.open("rb") as content:
        done = subprocess.run(  # noqa: S603 - our own words and paths, no shell
            [*_found(command[0]), *command[1:], "-s", f"{archive}.sig"],
            stdin=content,
            capture_output=True,
            timeout=_TIMEOUT,
        )
    return done.returncode == 0


def signed_by_someone(archive: Path) -> str | None:
    """The fingerprint of whoever signed the archive as it is, without saying that they may; None: nobody did."""
    command = [*_found("ssh-keygen"), "-Y", "check-novalidate", "-n", NAMESPACE, "-s", f"{archive}.sig"]
    with archive.open("rb") as content:
        done = subprocess.run(  # noqa: S603 - likewise
            command, stdin=content, capture_output=True, text=True, timeout=_TIMEOUT
        )
    words = done.stdout.split() if done.returncode == 0 else []
    return next((w for w in words if w.startswith("SHA256:")), None)


def _found(name: str) -> list[str]:
    path = shutil.which(name)
    if path is None:
        raise UserProblem(f"{name} (OpenSSH 8.1 or newer) is not installed. Install it, or use: share --unsigned")
    return [path]


def _run(*command: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "SSH_AUTH_SOCK", "SYSTEMROOT")}
    done = subprocess.run(  # noqa: S603 - likewise
        [*_found(command[0]), *command[1:]], capture_output=True, text=True, timeout=_TIMEOUT, env=environment,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        raise UserProblem(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[:300]}")
    return done.stdout
