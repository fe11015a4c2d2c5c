"""What stays with the customer: the key, the maps, and what names this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from scimrunbook.evidence import custody, private
from scimrunbook.problems import UserProblem


def test_sr_37_key_and_map_are_private(tmp_path: Path) -> None:
    home = tmp_path / "CAT-1"
    (home / "shared").mkdir(parents=True)
    key = private.key(home)
    assert len(key) == 32 and private.key(home) == key
    kept = private.keep_map(home, "run", {"user-x": [{"kind": "login", "original": "ada@x.example"}]}, home / "shared")
    assert (home / "private").stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in (home / "private").iterdir()} == {0o600}
    assert (
        private.keep_map(home, "run", {"user-x": [{"kind": "login", "original": "ada@x.example"}]}, home / "s") == kept
    )
    with pytest.raises(FileExistsError):
        private.create(kept, b"{}")
    with pytest.raises(UserProblem, match="given away"):
        private.keep_map(home, "x", {}, home)
    (home / "private" / private.KEY_FILE).chmod(0o644)
    with pytest.raises(UserProblem, match="not a private key file"):
        private.key(home)


def test_sr_37_nothing_private_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "CAT-1").mkdir()
    (tmp_path / "CAT-1" / "private").symlink_to(tmp_path)
    with pytest.raises(UserProblem, match="symbolic link"):
        private.folder(tmp_path / "CAT-1")


def test_sr_40_user_host_and_home_are_what_names_a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "canaryuser")
    monkeypatch.setenv("HOME", str(tmp_path / "canaryuser"))
    monkeypatch.setattr("socket.gethostname", lambda: "Build-Host-7")
    assert custody.machine() == {"canaryuser", "build-host-7", str(tmp_path / "canaryuser").lower()}
    monkeypatch.setenv("LOGNAME", "root")
    assert "root" not in custody.machine(), "a word that stands in every other log"
