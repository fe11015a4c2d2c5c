"""A CSV of any size, a block of lines after the other, read exactly as the ``csv`` module reads it.

Where every quote of a block opens or closes a cell, it is found without parsing where each record lies and where its
cells begin (``Plain``), so that only the records that matter are taken apart. Any other block is given to the ``csv``
module, which reads on until a record of its ends where a block does.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from scimrunbook.sources.exports import pieces
from scimrunbook.sources.exports.documents import MAX_CELL
from scimrunbook.sources.exports.pieces import LargeFileError, Source

_LF, _CR, _QUOTE = b'\n\r"'
_BATCH = 5_000  # lines of the csv module judged at a time
Lines = list[list[str]]
_Places = npt.NDArray[np.int64]


class Plain:
    """Records of one block, each with as many cells as the header, none of them taken apart yet.

    ``marks``: the places of the characters between cells, and of line ends, from -1 on; ``last``: which of them ends
    each record, (n,).
    """

    def __init__(self, data: bytes, delimiter: str, columns: int, marks: _Places, last: _Places) -> None:
        self.data, self.delimiter, self.columns = data, delimiter, columns
        self.marks, self.last = marks, last
        self._cells: dict[int, list[bytes]] = {}

    def __len__(self) -> int:
        return len(self.last)

    def cells(self, column: int) -> list[bytes]:
        """One column as it stands in the file, quotes and all."""
        if column not in self._cells:
            ends = self.marks[self.last - self.columns + column + 1]
            if column == self.columns - 1:  # the line may end with a carriage return, too
                whole = np.frombuffer(self.data, np.uint8)
                ends = ends - ((ends > 0) & (whole[ends - 1] == _CR))
            self._cells[column] = self._cut(self.marks[self.last - self.columns + column] + 1, ends)
        return self._cells[column]

    def raw(self) -> list[bytes]:
        """The records as they stand in the file, without what ends them."""
        return self._cut(self.marks[self.last - self.columns] + 1, self.marks[self.last])

    def lines(self) -> Lines:
        """The records taken apart."""
        return parsed(self.raw(), self.delimiter)

    def only(self, which: Sequence[int]) -> Plain:
        """Those of these numbers."""
        return Plain(self.data, self.delimiter, self.columns, self.marks, self.last[np.asarray(which, np.int64)])

    def _cut(self, begins: _Places, ends: _Places) -> list[bytes]:
        data = self.data
        return [data[begin:end] for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]


class Table:
    """``header``, then its lines; ``unreadable`` counts those with another number of cells. Blank lines are no lines.

    Raises LargeFileError.
    """

    def __init__(self, head: bytes, source: Source) -> None:
        self._text = _Text(head, source)
        self.header, self.delimiter = delimited(self._text)
        self.unreadable = 0

    def lines(self) -> Iterator[Lines]:
        """All of them taken apart, in batches."""
        yield from self._parsed(whole=True)

    def blocks(self, telling: int) -> Iterator[Plain | Lines]:
        """All of them, taken apart only where that is needed; ``telling``: a column that is seldom empty."""
        while block := self._text.take():
            plain, others, rest = scan(block, self.delimiter, len(self.header))
            if plain is None:
                self._text.give_back(block)
                yield from self._parsed(whole=False)
                continue
            self._text.keep(rest)
            self.unreadable += sum(map(_filled, parsed(others, self.delimiter)))
            yield _without_blank(plain, telling)

    def _parsed(self, whole: bool) -> Iterator[Lines]:
        """Batches of the csv module: of the ``whole`` rest, or up to where a line ends as a block does."""
        reader = csv.reader(self._text, delimiter=self.delimiter)
        lines = reader if whole else self._text.to_a_seam(reader)
        try:
            while batch := list(itertools.islice(lines, _BATCH)):
                filled = [line for line in batch if _filled(line)]
                good = [line for line in filled if len(line) == len(self.header)]
                self.unreadable += len(filled) - len(good)
                yield good
        except csv.Error as problem:
            raise LargeFileError("it is no CSV that can be read to its end") from problem


def parsed(raw: Iterable[bytes], delimiter: str) -> Lines:
    """Plain records as the csv module reads them; bytes that are no UTF-8 are escaped."""
    return list(csv.reader([r.decode("utf-8", "surrogateescape") for r in raw], delimiter=delimiter))


def plain_cell(raw: bytes) -> str:
    """The text of a cell of ``Plain``."""
    told = raw.decode("utf-8", "surrogateescape")
    return told[1:-1].replace('""', '"') if told[:1] == '"' else told


def delimited(lines: Iterator[str]) -> tuple[list[str], str]:
    """A CSV's header and what separates its cells: comma, semicolon or tab; the header is taken from ``lines``."""
    first = next((line for line in lines if line.strip()), "")
    if first[:4].casefold() == "sep=":  # a line spreadsheets leave
        first = next(lines, "")
    delimiter = max(",;\t", key=first.count)
    try:
        return [
            h.strip() for h in next(csv.reader(itertools.chain([first], lines), delimiter=delimiter), [])
        ], delimiter
    except csv.Error:
        return [], delimiter


def scan(block: bytes, delimiter: str, columns: int) -> tuple[Plain | None, list[bytes], bytes]:
    """(records with that many cells, other records as they stand, what follows the last whole record) of a block.

    None where the csv module could read the block in another way: a quote that neither opens nor closes a cell, a
    carriage return that ends a line by itself, a cell it may refuse, no end of a record. ``block`` begins where a
    record does.
    """
    nothing = None, list[bytes](), block
    if len(block) > MAX_CELL or (b"\r" in block and block.count(b"\r") != block.count(b"\r\n")):
        return nothing
    data = np.frombuffer(block, np.uint8)
    comma = ord(delimiter)
    places = np.flatnonzero((data == comma) | (data == _LF) | (data == _QUOTE))
    signs = data[places]
    quotes = signs == _QUOTE
    if quotes.any():
        within = np.logical_xor.accumulate(quotes)  # whether what follows the sign is inside of quotes
        if not _well_placed(block, places[quotes], within[quotes], comma):
            return nothing
        outside = ~(within | quotes)
        places, signs = places[outside], signs[outside]
    last = np.flatnonzero(signs == _LF) + 1
    if not len(last):
        return nothing
    marks = np.concatenate((np.array([-1]), places))
    before = np.concatenate((np.array([0]), last[:-1]))
    good = last - before == columns
    others = [block[marks[b] + 1 : marks[e]] for b, e in zip(before[~good], last[~good], strict=True)]
    return Plain(block, delimiter, columns, marks, last[good]), others, block[marks[last[-1]] + 1 :]


def _well_placed(block: bytes, quotes: _Places, opens: npt.NDArray[np.bool_], comma: int) -> bool:
    """Whether each opening quote stands where a cell begins, and each closing one where it ends (or is doubled)."""
    around = np.frombuffer(b"\n" + block + b"\n", np.uint8)  # the character before place n is around[n]
    before, after = around[quotes[opens]], around[quotes[~opens] + 2]
    begins = (before == comma) | (before == _LF) | (before == _QUOTE)
    ends = (after == comma) | (after == _LF) | (after == _QUOTE) | (after == _CR)
    return bool(begins.all() and ends.all())


def _without_blank(plain: Plain, telling: int) -> Plain:
    """Without records all of whose cells are blank."""
    cells = plain.cells(telling)
    empty = {c for c in set(cells) if not plain_cell(c).strip()}
    if not empty:
        return plain
    doubtful = [n for n, cell in enumerate(cells) if cell in empty]
    blank = {n for n, line in zip(doubtful, plain.only(doubtful).lines(), strict=True) if not _filled(line)}
    return plain.only([n for n in range(len(plain)) if n not in blank])


def _filled(line: Sequence[str]) -> bool:
    return any(map(str.strip, line))


class _Text:
    """The lines of a source as text for the csv module, or as blocks of bytes between two of its records."""

    def __init__(self, head: bytes, source: Source) -> None:
        self.source, self.ended = source, False
        self.held = head  # read already, and to be looked at
        self.block, self.size = io.StringIO("", newline=""), 0  # what the csv module reads, and its length

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.block.readline()
        if not line:
            self.give_back(self.take())
            line = self.block.readline()
        if not line:
            raise StopIteration
        return line

    def take(self) -> bytes:
        """Whole lines; none at the end."""
        if rest := self.block.read():
            return rest.encode("utf-8", "surrogateescape")
        while not self.ended:
            data = self.source.read(pieces.CHUNK)
            self.ended = not data
            self.held += data
            if cut := len(self.held) if self.ended else _end_of_lines(self.held):
                block, self.held = self.held[:cut], self.held[cut:]
                return block
            if len(self.held) > pieces.MAX_RECORD:
                raise LargeFileError("a line longer than any record")
        block, self.held = self.held, b""
        return block

    def give_back(self, block: bytes) -> None:
        """A block for the csv module."""
        text = block.decode("utf-8", "surrogateescape")
        self.block, self.size = io.StringIO(text, newline=""), len(text)

    def keep(self, rest: bytes) -> None:
        """The end of a block, to be looked at together with what follows."""
        self.held = rest + self.held

    def to_a_seam(self, reader: Iterator[list[str]]) -> Iterator[list[str]]:
        """Lines of a reader of this text up to the one behind which a block ends."""
        for line in reader:
            yield line
            if self.block.tell() == self.size:
                return


def _end_of_lines(held: bytes) -> int:
    """Behind the last line that is surely whole; 0: none is. A carriage return at the very end may go on."""
    feed, lone = held.rfind(b"\n"), held.rfind(b"\r", 0, len(held) - 1)
    return max(feed, -1 if held[lone + 1 : lone + 2] == b"\n" else lone) + 1
