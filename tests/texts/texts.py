"""The corpus of our own as rows, and how well the reader does on rows of any corpus."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from scimrunbook.texts import Reading, read

FILE = Path(__file__).with_name("corpus.txt")
FRESH = Path(__file__).with_name("corpus_fresh.txt")


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    provider: str | None
    kind: str
    http_status: int | None
    text: str

    def reading(self) -> Reading:
        return read(
            self.text, self.provider if self.provider in ("okta", "entra") else None, self.kind, self.http_status
        )

    @property
    def unseen(self) -> bool:
        """In the half that was not looked at until it was first measured."""
        return zlib.crc32(self.text.encode()) % 2 == 1


def corpus(path: Path = FILE) -> list[Row]:
    rows = []
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            label, provider, kind, status, text = (part.strip() for part in line.split("|", 4))
            rows.append(Row(label, provider, kind, int(status) if status else None, text.replace("\\n", "\n")))
    return rows


def score(rows: list[Row]) -> Counter[str]:
    """How many were read right, left ``open`` with a question, or named ``wrong``."""
    out: Counter[str] = Counter()
    for row in rows:
        found = row.reading()
        out["right" if found.cause == row.label else "open" if found.cause == "unknown" else "wrong"] += 1
        assert found.cause != "unknown" or found.ask
    return out
