"""Tables are read from their compiled form only where it says what the TOML says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scimrunbook import guide, texts, toml_tables

FOLDERS = [Path(str(package.__file__)).parent for package in (guide, texts)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_what_is_compiled_is_current(folder: Path) -> None:
    assert (folder / toml_tables.COMPILED).read_text("utf-8") == toml_tables.compiled(folder), "run: make docs"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.name)
def test_nothing_of_a_table_is_lost_on_the_way_through_json(folder: Path) -> None:
    compiled = json.loads(toml_tables.compiled(folder))
    assert len(compiled) > 10
    for name, (_, table) in compiled.items():
        assert table == toml_tables._parsed((folder / f"{name}.toml").read_bytes()), name


def test_an_edited_table_counts_at_once(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text("a = 1")
    (tmp_path / toml_tables.COMPILED).write_text(toml_tables.compiled(tmp_path).replace('{"a":1}', '{"a":2}'))
    assert toml_tables.read(tmp_path, "one") == {"a": 2}
    (tmp_path / "one.toml").write_text("a = 3")
    assert toml_tables.read(tmp_path, "one") == {"a": 3}
    (tmp_path / "two.toml").write_text("b = 4")
    assert toml_tables.read(tmp_path, "two") == {"b": 4}


@pytest.mark.parametrize("damage", [None, b"", b"[", b"\xff"])
def test_without_what_is_compiled_the_toml_is_read(tmp_path: Path, damage: bytes | None) -> None:
    (tmp_path / "one.toml").write_text("a = 1")
    if damage is not None:
        (tmp_path / toml_tables.COMPILED).write_bytes(damage)
    assert toml_tables.read(tmp_path, "one") == {"a": 1}
