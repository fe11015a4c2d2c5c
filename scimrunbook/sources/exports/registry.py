"""The registry of export formats: one small parser per format, found by content, never by file name.

A format is one function in one module of this package::

    @parser(what="entra.users", title="Entra users (Graph JSON)", provider="entra")
    def users(document: Document) -> Recognised | None:
        ...  # None: the file is something else

``read_folder`` imports every module of the package, so that adding a format is adding a file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Literal

from scimrunbook.snapshot import WHATS, Facts
from scimrunbook.sources.exports.documents import Document
from scimrunbook.sources.parts import Parts

Provider = Literal["okta", "entra"]


@dataclass(slots=True)
class Recognised:
    """What a parser found in one file.

    ``rows`` + ``unreadable`` is the number of records in the file. ``tables`` are rows for the snapshot's tables.
    """

    rows: int
    unreadable: int = 0
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    first_at: str | datetime | None = None
    last_at: str | datetime | None = None
    more: bool = False  # the file itself says that further pages exist
    of: int | None = None  # how many the list counts, where it does; ``ids``: those that stand in this file
    ids: frozenset[str] = frozenset()
    subject: str = ""  # what the pages are of, where there may be several (the group of a list of members)
    note: str | None = None
    refused: str | None = None  # recognised, yet of no use: why (another application's file, for instance)
    get_it: str | None = None  # what to do about ``refused``
    complete: bool | None = None
    part: bool = False  # a part by its nature: beside a whole one of the same kind it takes nothing away
    facts: Callable[[Facts], None] | None = None  # what the file tells about the application
    # Called once every file is read and all tables are filled, where a file only makes sense beside others: it may
    # change ``tables``, ``note`` and ``refused``.
    settle: Callable[[Recognised, Parts], None] | None = None

    def remark(self, text: str) -> None:
        """Adds a sentence to the note."""
        self.note = f"{self.note} {text}" if self.note else text


Parse = Callable[[Document], Recognised | None]


@dataclass(frozen=True, slots=True)
class Format:
    """One registered format. ``rank``: lower ones are asked first; formats with loose marks stand behind."""

    what: str
    title: str
    provider: Provider | None
    parse: Parse
    rank: int = 0


_FORMATS: list[Format] = []


def parser(*, what: str, title: str, provider: Provider | None, rank: int = 0) -> Callable[[Parse], Parse]:
    """Registers a parser. ``what`` is one of WHATS, ``provider`` None where the file is Catalog's."""
    if what not in WHATS:
        raise KeyError(what)

    def register(function: Parse) -> Parse:
        _FORMATS.append(Format(what, title, provider, function, rank))
        return function

    return register


@cache
def formats() -> tuple[Format, ...]:
    """Every format of this package, in the order they are asked."""
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
    return tuple(sorted(_FORMATS, key=lambda f: (f.rank, f.what, f.title)))


def recognise(document: Document) -> tuple[Format, Recognised] | None:
    """The format of a document and what it holds; the incident's own provider is asked first. None: nobody knows it."""
    ours = document.incident.identity_provider
    for entry in sorted(formats(), key=lambda f: f.provider not in (ours, None)):
        found = entry.parse(document)
        if found is not None:
            return entry, found
    return None
