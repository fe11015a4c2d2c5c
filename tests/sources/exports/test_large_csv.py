"""A CSV read block by block gives the lines that the csv module gives, whatever the quotes, line ends and blocks."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import pytest

from scimrunbook.sources.exports import large_csv, pieces
from scimrunbook.sources.exports.files import Place
from scimrunbook.sources.exports.large_csv import Lines, Plain, Table, plain_cell
from scimrunbook.sources.exports.pieces import LargeFileError, Source

HEAD = "a,b,c\n"
CELLS = ["", "x", " ", "\u00a0", "é", "\udcfc", '"q,1"', '"two\nlines"', '"d""d"', '""', '"AppInstance"', "0oa"]
STRANGE = ['x"y', ' "x"', '"x"y', '"', "\r", '"a\rb"', '"cr\r\n"', ";", "\x00", "\x1c"]


def written(dice: random.Random, strange: float) -> str:
    """A CSV most of whose lines have three cells."""
    lines = []
    for _ in range(dice.randrange(12)):
        many = dice.choices([3, 0, 1, 2, 4], [20, 1, 1, 1, 1])[0]
        cells = [dice.choice(STRANGE if dice.random() < strange else CELLS) for _ in range(many)]
        lines.append(",".join(cells) + dice.choice(["\n", "\n", "\r\n", "\r" if dice.random() < strange else "\n"]))
    return HEAD + "".join(lines).removesuffix("\n" if dice.random() < 0.5 else "")


def by_the_module(text: str) -> tuple[Lines, int]:
    """(lines, how many were refused) as ``csv`` reads the whole text."""
    lines = [line for line in csv.reader(io.StringIO(text, newline="")) if any(map(str.strip, line))]
    good = [line for line in lines[1:] if len(line) == 3]
    return good, len(lines) - 1 - len(good)


def by_blocks(path: Path, text: str, head: int, whole: bool = False) -> tuple[Lines, int, int]:
    """(lines, how many were refused, how many were found without parsing); ``head`` bytes were looked at before."""
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    source = Source(Place(path))
    table = Table(source.read(head), source)
    got: Lines = []
    plain = 0
    for batch in table.lines() if whole else table.blocks(1):
        if not isinstance(batch, Plain):
            got += batch
            continue
        lines = batch.lines()
        columns = [[plain_cell(c) for c in batch.cells(n)] for n in range(3)]
        assert [list(cells) for cells in zip(*columns, strict=True)] == lines
        some = [n for n in range(len(lines)) if n % 2]
        assert batch.only(some).lines() == [lines[n] for n in some]
        got, plain = got + lines, plain + len(lines)
    source.close()
    return got, table.unreadable, plain


@pytest.mark.parametrize(("strange", "rounds", "told"), [(0.0, 60, 150), (0.02, 60, 100), (0.3, 60, 0)])
def test_blocks_give_the_lines_of_the_csv_module(
    strange: float, rounds: int, told: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = random.Random(20261126)
    found = 0
    for _ in range(rounds):
        text = written(dice, strange)
        monkeypatch.setattr(pieces, "CHUNK", dice.choice([7, 23, 64, 1000]))
        monkeypatch.setattr(large_csv, "_BATCH", dice.choice([1, 3, 1000]))
        lines, refused, plain = by_blocks(tmp_path / "log.csv", text, dice.choice([2, 9, 40, 1000]))
        assert (lines, refused) == by_the_module(text), repr(text)
        found += plain
    assert found > told  # most of what is well-formed is told without parsing


def test_a_table_can_be_taken_apart_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "CHUNK", 16)
    dice = random.Random(7)
    for _ in range(40):
        text = written(dice, 0.1)
        assert by_blocks(tmp_path / "log.csv", text, 8, whole=True)[:2] == by_the_module(text), repr(text)


def test_one_strange_quote_does_not_cost_the_whole_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "CHUNK", 300)
    text = HEAD + 'x,"q,1",z\n' * 200 + 'a,5" pipe,c\n' + 'x,"q,1",z\n' * 200
    lines, refused, plain = by_blocks(tmp_path / "log.csv", text, 100)
    assert (lines, refused) == by_the_module(text) and len(lines) == 401
    assert plain > 330


@pytest.mark.parametrize("rest", ['a,"never closed\n' + "b,c,d\n" * 400, "x" * 2000])
def test_a_cell_without_an_end_is_refused_within_bounds(
    rest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = csv.field_size_limit(500)
    monkeypatch.setattr(pieces, "CHUNK", 100)
    monkeypatch.setattr(pieces, "MAX_RECORD", 400)
    monkeypatch.setattr(large_csv, "MAX_CELL", 500)
    try:
        with pytest.raises(LargeFileError):
            by_blocks(tmp_path / "log.csv", HEAD + rest, 50)
    finally:
        csv.field_size_limit(before)
