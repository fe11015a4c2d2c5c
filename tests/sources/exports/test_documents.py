"""Decoding: encodings, line ends, separators, NDJSON; and token-looking values that are taken out first."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrunbook.sources.exports import spreadsheet
from scimrunbook.sources.exports.documents import Document, Records, decode
from scimrunbook.sources.exports.leaks import take_out
from tests.sources import entra_made as made
from tests.sources.exports.folder import incident, put, read, row_of


def document(text: str) -> Document:
    return Document("x", text, incident())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(encoding: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    assert decode(mark + '{"name": "Zoë 李"}'.encode(encoding)) == ('{"name": "Zoë 李"}', None)


def test_windows_1252_is_read_and_said_so() -> None:
    text, note = decode("name;city\nZoë;Köln".encode("cp1252"))
    assert text == "name;city\nZoë;Köln" and note is not None and "1252" in note


@given(st.binary(max_size=200))
def test_no_bytes_crash(data: bytes) -> None:
    text, _ = decode(data)
    if text is not None:
        found = document(text)
        assert found.json is None or found.problem is None
        assert found.records is None or isinstance(found.records.items, list)
        assert found.csv is None or all(len(r) == len(found.csv.header) for r in found.csv.rows)


def column(text: str, number: int = 1) -> tuple[list[str], str]:
    """One column of a CSV as it is handed on, and what was assumed of it."""
    table = document(text).csv
    assert table is not None
    return [row[number] for row in table.rows], table.assumed or ""


@pytest.mark.parametrize(
    ("cells", "read", "said"),
    [
        (["24.11.2026 13:45", "1.2.2026 9:05:07"], ["2026-11-24T13:45:00", "2026-02-01T09:05:07"], spreadsheet.NO_ZONE),
        (["24/11/2026 13:45:30", "05/11/2026 08:00"], ["2026-11-24T13:45:30", "2026-11-05T08:00:00"], "UTC"),
        (["05/11/2026 08:00", "06/11/2026 08:00"], ["2026-11-05T08:00:00", "2026-11-06T08:00:00"], "day, month"),
        (["11/24/2026 13:45", "11/5/2026 08:00"], ["2026-11-24T13:45:00", "2026-11-05T08:00:00"], "UTC"),
        (["46350.573125", "46350"], ["2026-11-24T13:45:18", "2026-11-24T00:00:00"], "UTC"),
        # as Microsoft's portal writes it: left as it is, unless a spreadsheet has rewritten some of it
        (["8/19/2026 1:25:31 PM", "8/9/2026 1:25:31 PM"], ["8/19/2026 1:25:31 PM", "8/9/2026 1:25:31 PM"], ""),
        (["8/19/2026 1:25:31 PM", "08.09.2026 13:25"], ["8/19/2026 1:25:31 PM", ""], spreadsheet.MIXED),
        # by a clock of twelve hours
        (["2026-11-24 1:45:00 PM", "2026-11-24 12:05 a.m."], ["2026-11-24T13:45:00", "2026-11-24T00:05:00"], "UTC"),
        (["24/11/2026 1:45:00 PM", "05/11/2026 12:00 pm"], ["2026-11-24T13:45:00", "2026-11-05T12:00:00"], "UTC"),
        # days before months beside months before days: rewritten in part, and nothing tells which number is the day
        (["11/24/2026 13:45", "24/11/2026 13:45", "5/11/2026 13:45"], ["", "", ""], spreadsheet.MIXED),
        (["2026-11-24T13:45:00.000Z", ""], ["2026-11-24T13:45:00.000Z", ""], ""),
        (["99.99.2026", "31.02.2026"], ["99.99.2026", "31.02.2026"], "UTC"),
    ],
)
def test_times_that_a_spreadsheet_has_rewritten(cells: list[str], read: list[str], said: str) -> None:
    got, assumed = column("name;createdDateTime\n" + "".join(f"x;{c}\n" for c in cells))
    assert got == read
    assert said in assumed if said else assumed == ""
    # a column that is none of times keeps its numbers
    assert column("name;badge\nx;46350\n")[0] == ["46350"]


def test_ndjson_counts_the_lines_it_cannot_read() -> None:
    lines = ['{"id": 1}', "", '{"id": 2}', '{"id": 3', "no json"]
    records = document("\r\n".join(lines)).records
    assert records is not None
    assert (len(records.items), records.unreadable) == (2, 2)


@pytest.mark.parametrize("first", ['{"id": 3, "na', 'a, b", "c": 1}', '"id": 3}'])
def test_a_log_cut_by_size_begins_in_the_middle_of_a_record(first: str) -> None:
    records = document("\n".join([first, '{"id": 1}', '{"id": 2}'])).records
    assert records is not None
    assert (len(records.items), records.unreadable) == (2, 1)


@pytest.mark.parametrize("text", ['{\n  "id": 1,\n  "na', '[\n{"id": 1},\n{"id": 2},\n{"id"', 'a,b\n{"id": 1}\n1,2\n'])
def test_what_is_cut_off_or_a_table_is_no_ndjson(text: str) -> None:
    assert document(text).ndjson is None


@pytest.mark.parametrize(
    "text",
    [
        '[{"id": 1}, {"id": 2}]',
        '{"value": [{"id": 1}, {"id": 2}]}',
        '{"records": [{"id": 1}]}\n{"records": [{"id": 2}]}',
        '[{"value": [{"id": 1}]}, {"value": [{"id": 2}]}]',
        '{"id": 1}\n{"id": 2}',
    ],
)
def test_records_whatever_holds_them(text: str) -> None:
    records = document(text).records
    assert records is not None and [o["id"] for o in records.objects] == [1, 2]


def test_json_a_key_twice_no_number_and_half_characters() -> None:
    value = document('{"a": 1, "a": 2, "n": NaN, "half": "\\ud83d"}').json
    assert value["a"] == 2 and value["n"] is None
    value["half"].encode("utf-8")


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", "a;b\r\n1;2\r\n", "a\tb\n1\t2", "sep=;\na;b\n1;2", '\n"a","b"\n"1","2"\n']
)
def test_csv_separators(text: str) -> None:
    table = document(text).csv
    assert table is not None and table.header == ["a", "b"] and table.rows == [["1", "2"]]


def test_csv_rows_of_another_width_are_counted() -> None:
    table = document('a,b\n1,2\n3\n"x\ny",4\n5,6,7\n').csv
    assert table is not None and (table.rows, table.unreadable) == ([["1", "2"], ["x\ny", "4"]], 2)


WORD = "aZ9_-k3Qx7" * 4
TOKENS = {
    "authorization header (SSWS)": "SSWS " + WORD,
    "authorization header (Bearer)": "Bearer " + WORD,
    "JSON Web Token": "eyJ" + WORD[:12] + "." + "eyJ" + WORD[:14] + "." + WORD[:20],
    "Okta API token": "00" + WORD,
}


@pytest.mark.parametrize("rule", sorted(TOKENS))
def test_tokens_are_reported_by_line_and_never_pass(rule: str) -> None:
    text = json.dumps([made.record(), {"note": f"x {TOKENS[rule]} y"}], indent=1)
    clean, found = take_out(text)
    line = next(n for n, part in enumerate(text.splitlines(), 1) if TOKENS[rule] in part)
    assert found == [(line, rule)]
    assert TOKENS[rule][6:] not in clean and len(json.loads(clean)) == 2


def test_ids_and_hashes_are_no_tokens() -> None:
    text = f"{made.ADA} 00u1gjh63g214q0Hq0g4 {'0' * 64} Bearer token missing 00{'a' * 50}"
    assert take_out(text) == (text, [])


def test_hostile_text_takes_linear_time() -> None:
    for text in ("eyJ" * 100_000, "Bearer " * 50_000, "00" * 200_000, ("eyJaaaaaaaa." * 30_000)):
        take_out(text)


def test_a_token_in_a_file_reaches_neither_tables_nor_the_report(tmp_path) -> None:
    spoiled = made.failed(reason=f"StatusCode: Unauthorized sent {TOKENS['authorization header (Bearer)']}")
    put(tmp_path, "log.json", [spoiled])
    parts = read(tmp_path)
    assert [(leak["file"], leak["line"]) for leak in parts.facts.leaks] == [("log.json", 1)]
    assert row_of(parts, "log.json")["rows"] == 1
    assert WORD not in repr(parts.rows) + repr(parts.facts)


@pytest.mark.parametrize(("flags", "most"), [("", False), ("y", True), ("yn", True), ("nyn", False), ("nyy", True)])
def test_half_of_the_records_decide_and_no_more_are_asked(flags: str, most: bool) -> None:
    asked: list[str] = []

    def passes(record: dict[str, str]) -> bool:
        asked.append(record["flag"])
        return record["flag"] == "y"

    assert Records([{"flag": f} for f in flags]).mostly(passes) is most
    assert len(asked) <= len(flags)
    asked.clear()
    assert not Records([{"flag": "n"}] * 9).mostly(passes)
    assert len(asked) == 5
