"""Tables written in TOML, read from the JSON beside them as long as that was made from the very same TOML.

Parsing TOML took a sixth of what ``explain`` does. ``compiled.json`` holds each table of its folder with the checksum
of its source: a table that was edited counts at once, from its TOML, until ``make docs`` writes its JSON anew (a test
asks for it).
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from pathlib import Path
from typing import Any

COMPILED = "compiled.json"


def read(folder: Path, name: str) -> dict[str, Any]:
    """The table ``<folder>/<name>.toml`` as it stands. Raises OSError or ValueError where it is absent or no TOML."""
    source = folder.joinpath(f"{name}.toml").read_bytes()
    checksum, table = _compiled(folder).get(name, (None, {}))
    return table if checksum == zlib.crc32(source) else _parsed(source)


def compiled(folder: Path) -> str:
    """What ``compiled.json`` of a folder has to hold: one table a line."""
    rows = []
    for path in sorted(folder.rglob("*.toml")):
        source = path.read_bytes()
        name = path.relative_to(folder).with_suffix("").as_posix()
        entry = json.dumps([zlib.crc32(source), _parsed(source)], ensure_ascii=False, separators=(",", ":"))
        rows.append(f"{json.dumps(name)}:{entry}")
    return "{\n" + ",\n".join(rows) + "\n}\n"


@cache
def _compiled(folder: Path) -> dict[str, tuple[int, dict[str, Any]]]:
    try:
        made: dict[str, tuple[int, dict[str, Any]]] = json.loads(folder.joinpath(COMPILED).read_bytes())
    except (OSError, ValueError):  # nothing but time is lost
        return {}
    return made


def _parsed(source: bytes) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(source.decode("utf-8"))
