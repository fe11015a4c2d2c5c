"""Where tokens lie: a private file, the operating system's vault, a person at the keyboard."""

from __future__ import annotations

import getpass
import os
import stat
from pathlib import Path
from typing import Any

MAX_FILE = 16 * 1024  # bytes

# Vaults of an operating system. Everything else (keyrings.alt, null, fail, …) may write plain text.
VAULTS = frozenset(
    {
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.libsecret.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
    }
)


class NotAvailableError(Exception):
    """The token is not to be had; ``problem`` says why and ``remedy`` what to do. Holds no part of it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem, self.remedy = problem, remedy


def from_file(path: Path) -> bytes:
    """The content of a private file: regular, no symbolic link, ours or root's, nobody else may read it."""
    name = path.name
    if not hasattr(os, "O_NOFOLLOW"):
        raise NotAvailableError(
            f"The token file {name}: this system has no file modes that could protect it.",
            "Put the token into the keyring and refer to it as keyring:service/name.",
        )
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        raise NotAvailableError(f"The token file {name} does not exist.", "Check the path; mind its case.") from None
    except OSError:
        raise NotAvailableError(
            f"The token file {name} cannot be opened, or is a symbolic link.",
            f"Put the token itself into a file of your own: chmod 600 {name}.",
        ) from None
    try:
        trouble = _unfit(os.fstat(descriptor), name)
        if trouble is not None:
            raise trouble
        return os.read(descriptor, MAX_FILE)
    except OSError:
        raise NotAvailableError(f"The token file {name} cannot be read.", "Check the disk.") from None
    finally:
        os.close(descriptor)


def _unfit(found: os.stat_result, name: str) -> NotAvailableError | None:
    """Why an opened file may not hold a token; None where it may."""
    if not stat.S_ISREG(found.st_mode):
        return NotAvailableError(f"The token file {name} is not a regular file.", "Name a file.")
    if found.st_uid not in (os.geteuid(), 0):
        return NotAvailableError(f"The token file {name} belongs to somebody else.", "Use a file of your own.")
    if found.st_mode & 0o077:
        return NotAvailableError(
            f"The token file {name} can be read by others (mode {found.st_mode & 0o777:04o}).",
            f"chmod 600 {name}. If others use this machine, consider the token exposed.",
        )
    if found.st_size > MAX_FILE:
        return NotAvailableError(f"The token file {name} is larger than 16 KiB.", "It should hold the token alone.")
    return None


def from_keyring(address: str) -> str:
    """The entry ``service/name`` of the operating system's vault."""
    service, _, name = address.rpartition("/")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise NotAvailableError(
            "The package keyring is not installed.",
            "pip install 'scimrunbook[keyring]', or put the token into a file of mode 0600 and use file:.",
        ) from None
    vaults = _vaults(keyring.get_keyring())
    if not vaults:
        raise NotAvailableError(
            "The keyring of this machine is not an OS vault.",
            "Unlock or install one (Secret Service, KWallet, Keychain, Credential Manager), or use file:.",
        )
    for vault in vaults:
        try:
            value = vault.get_password(service, name)
        except (KeyringError, OSError, RuntimeError):
            raise NotAvailableError(
                f"The keyring refuses to hand out {address}; it may be locked.", "Unlock it and start again."
            ) from None
        if value is not None:
            return str(value)
    raise NotAvailableError(f"The keyring holds no entry {address}.", f"keyring set {service} {name}")


def _vaults(backend: Any) -> list[Any]:
    chained = getattr(backend, "backends", None)
    several = list(chained) if isinstance(chained, list | tuple) else [backend]
    return [b for b in several if f"{type(b).__module__}.{type(b).__qualname__}" in VAULTS]


def ask(label: str, interactive: bool) -> str:
    """Asks a person, without echo. Only where somebody is there to answer."""
    nobody = NotAvailableError(
        f"The {label} should be asked for, but nobody is there to answer.",
        "Run it in a terminal, or refer to the token as env:, keyring: or file:.",
    )
    if not interactive:
        raise nobody
    try:
        return getpass.getpass(f"{label} (not shown): ")
    except (EOFError, OSError, RuntimeError, NotImplementedError):  # a kernel without a person raises its own
        raise nobody from None
