"""Which lines of the console's System Log CSV concern the application, told before they are taken apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scimrunbook.guide import OKTA_EVENTS
from scimrunbook.sources import okta_log
from scimrunbook.sources.exports.large_csv import Lines, Plain, parsed, plain_cell

PLAIN_ID = re.compile(r"[\w.-]+", re.ASCII)  # stands in a file as it is, whatever its form
_OURS = ("application.", "app.", *okta_log.DIRECTORY)
# What tells which application is meant, see okta_log.Apps.
CHOOSES = ("application.provision.", "app.user_management.", "application.integration.", "application.user_member")
_MOST_KINDS = 10_000  # distinct event types that are remembered
_APP = (b"AppInstance", b'"AppInstance"')


class Beside(dict[str | bytes, bool]):
    """By event type, as text or as a cell of ``Plain``: whether such events surely tell nothing of provisioning."""

    def __missing__(self, written: str | bytes) -> bool:
        kind = written if isinstance(written, str) else plain_cell(written)
        beside = bool(kind.strip()) and kind not in OKTA_EVENTS and not kind.startswith(_OURS)
        if len(self) < _MOST_KINDS:
            self[written] = beside
        return beside


@dataclass(frozen=True, slots=True)
class Told:
    """Lines to be read, and of all others how many concern other applications or nothing that is provisioned."""

    ours: Lines
    times: list[str]  # of all lines
    foreign: int
    aside: int


class Columns:
    """Where a line tells what it is about. ``names``: the header in lower case; ``app_id``: None where unknown."""

    def __init__(self, names: Sequence[str], app_id: str | None) -> None:
        self.kind, self.at = _last(names, "event_type"), _last(names, "timestamp")
        numbers = [n.removesuffix(".type") for n in names if re.fullmatch(r"target\d{1,3}\.type", n)]
        self.targets = [(_last(names, f"{n}.type"), _last(names, f"{n}.id")) for n in numbers if f"{n}.id" in names]
        # of every target the column of its type, and those that describe it
        self.described = [
            (_last(names, f"{t}.type"), [n for n, name in enumerate(names) if name.startswith(f"{t}.")])
            for t in numbers
        ]
        told = app_id is not None and PLAIN_ID.fullmatch(app_id) and len(set(names)) == len(names)
        self.app_id = app_id if told else None
        self.beside = Beside()

    def plain(self, block: Plain) -> Told:
        concerned = [n for n, kind in enumerate(block.cells(self.kind)) if not self.beside[kind]]
        few = block.only(concerned)
        raw = few.raw()
        foreign: set[int] = set()
        if self.app_id:
            ours = self.app_id.encode()
            for kind, name in self.targets:
                told = enumerate(zip(few.cells(kind), few.cells(name), strict=True))
                foreign |= {n for n, (k, i) in told if k in _APP and ours not in raw[n] and plain_cell(i).strip()}
        kept = parsed((r for n, r in enumerate(raw) if n not in foreign), block.delimiter)
        return Told(kept, _texts(block.cells(self.at)), len(foreign), len(block) - len(few))

    def parsed(self, lines: Lines) -> Told:
        concerned = [line for line in lines if not self.beside[line[self.kind]]]
        kept = [line for line in concerned if not self._foreign(line)]
        times = [line[self.at] for line in lines]
        return Told(kept, times, len(concerned) - len(kept), len(lines) - len(concerned))

    def choosing(self, lines: Plain | Lines) -> Lines:
        """Lines that tell which application provisions (``okta_log.Apps``); of those that tell the same the last."""
        if not isinstance(lines, Plain):
            return [line for line in lines if line[self.kind].startswith(CHOOSES)]
        chosen = {kind for kind in set(lines.cells(self.kind)) if plain_cell(kind).startswith(CHOOSES)}
        few = lines.only([n for n, kind in enumerate(lines.cells(self.kind)) if kind in chosen])
        told = [few.cells(self.kind)]
        for kind, about in self.described:
            cells = [few.cells(column) for column in about]
            apps = (k.strip(b'"').lower() == b"appinstance" for k in few.cells(kind))
            told.append([b"\n".join(c) if app else b"" for app, *c in zip(apps, *cells, strict=True)])
        last = {same: number for number, same in enumerate(zip(*told, strict=True))}
        return few.only(sorted(last.values())).lines()

    def _foreign(self, line: Sequence[str]) -> bool:
        about = any(line[kind] == "AppInstance" and line[name].strip() for kind, name in self.targets)
        return about and self.app_id is not None and self.app_id not in ",".join(line)


def _last(names: Sequence[str], name: str) -> int:
    """The last column of that name: of two it is the one that counts."""
    return len(names) - 1 - list(reversed(names)).index(name)


def _texts(cells: list[bytes]) -> list[str]:
    together = b"\n".join(cells)
    if b'"' in together or not together.isascii():
        return [plain_cell(c) for c in cells]
    return together.decode("ascii").split("\n") if cells else []
