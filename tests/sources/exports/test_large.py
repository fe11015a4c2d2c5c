"""Logs read record by record give what the same log gives when it is held whole; nothing is lost or read twice."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from scimrunbook.sources.exports import files, large, pieces
from scimrunbook.sources.parts import Parts
from tests.sources import entra_made, okta_data
from tests.sources.exports import variants
from tests.sources.exports.folder import incident, put, read, row_of
from tests.sources.exports.variants import lines

OKTA = okta_data.incident()
ENTRA = incident(entra={"service_principal_id": entra_made.PRINCIPAL})


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """No log above 4 KB is held, and it is read in chunks that cut records anywhere."""
    monkeypatch.setattr(files, "LARGE", 4096)
    monkeypatch.setattr(pieces, "CHUNK", 1500)
    monkeypatch.setattr("scimrunbook.sources.exports.large_form.HEAD", 1200)
    monkeypatch.setattr("scimrunbook.sources.exports.large_csv._BATCH", 7)


@pytest.fixture
def huge(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing above 4 KB may be held."""
    monkeypatch.setattr(files, "MAX_FILE", 4096)
    monkeypatch.setattr(files, "MAX_LIST", 4096)


def okta_log() -> list[Any]:
    many = [{"id": "00ux", "type": "User"}, {"id": "x", "type": "Y"}]
    other = okta_data.event("user.session.start", uuid="s", target=many)
    changed = okta_data.event("application.lifecycle.update", uuid="c")
    return [changed, *(r for n in range(1, 30) for r in (okta_data.event(number=n), other))]


def entra_log() -> list[Any]:
    return [*(entra_made.record(n) for n in range(1, 28)), entra_made.failed(28), entra_made.skipped(29)]


FORMS: dict[str, Callable[[Any], bytes]] = {
    "array": lambda r: json.dumps(r).encode(),
    "indented array": lambda r: json.dumps(r, indent=2).encode(),
    "ndjson": lambda r: lines(r).encode(),
    "page": lambda r: json.dumps({"records": r, "next": None}).encode(),
    "page that says more": lambda r: json.dumps({"value": r, "@odata.nextLink": "https://x/[1]?$skiptoken=a"}).encode(),
    "page that says more first": lambda r: json.dumps(
        {"@odata.nextLink": "https://x/?$skiptoken=a", "value": r}
    ).encode(),
    "a page a line": lambda r: lines(
        {"@odata.count": n, "value": r[n : n + 4], "@odata.nextLink" if n + 4 >= len(r) else "last": "y"}
        for n in range(0, len(r), 4)
    ).encode(),
    "several pages": lambda r: json.dumps([{"records": r[:9]}, {"records": r[9:]}]).encode(),
    "with a mark": lambda r: b"\xef\xbb\xbf" + json.dumps(r).encode(),
}


def packed(data: bytes, how: str) -> bytes:
    if how == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("in/log", data)
        return out.getvalue()
    return gzip.compress(data, 0) if how == "gzip" else data


def same(folder: Path, about: Any, name: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Reads a folder both ways; what is told of the log, and every row, is the same. Returns the row of coverage."""
    held = read(folder, about)
    request.getfixturevalue("small")
    streamed = read(folder, about)
    wanted = ("what", "rows", "unreadable", "first_at", "last_at", "sha256", "complete", "refused")
    told = {k: row_of(streamed, name)[k] for k in wanted}
    assert told == {k: row_of(held, name)[k] for k in told}
    for table in ("events", "config_changes"):
        ordered = [p.table(table).sort_values("at", kind="stable", ignore_index=True) for p in (streamed, held)]
        assert_frame_equal(*ordered)
    assert streamed.facts == held.facts
    assert "(large)" in row_of(streamed, name)["note"]
    return row_of(streamed, name)


CASES = [
    pytest.param(*case, marks=() if case[:2] in (("page", "zip"), ("indented array", "gzip")) else pytest.mark.slow)
    for case in itertools.product(sorted(FORMS), ["plain", "gzip", "zip"], [True, False], ["okta", "entra"])
]


@pytest.mark.parametrize(("form", "how", "named", "provider"), CASES)
def test_streamed_and_held_logs_tell_the_same(
    form: str, how: str, named: bool, provider: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    log, about = (okta_log(), OKTA) if provider == "okta" else (entra_log(), ENTRA)
    put(tmp_path, "log", packed(FORMS[form](log), how))
    name = "log/in/log" if how == "zip" else "log"
    row = same(tmp_path, about if named else incident(provider), name, request)
    assert row["rows"] == len(log) and row["refused"] is None
    assert (row["complete"] is False) == (provider == "entra" and b"nextLink" in FORMS[form](log))


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_log_that_ends_where_the_portal_cuts_a_download_is_not_whole(
    form: str, small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = "Change ID,Date,Action,Status,Application,Cycles of the moon\n"
    rows = [f"c{n},2026-11-20T08:00:{n % 60:02d}Z,Update,Success,Catalog,{'x' * 100}\n" for n in range(80)]
    put(tmp_path, "log", lines(entra_made.record(n) for n in range(80)) if form == "json" else head + "".join(rows))
    for most in (80, 79):
        monkeypatch.setattr("scimrunbook.sources.exports.entra.MOST_LOG_ROWS", most)
        row = row_of(read(tmp_path, ENTRA), "log")
        assert row["rows"] == 80
        assert ("the portal cuts a download there" in row["note"], row["complete"] is False) == (most == 80,) * 2
        assert ("not known were not read: Cycles of the moon" in row["note"]) == (form == "csv")


WRAPPED = [("okta", k) for k in variants.OKTA if k not in ("pages", "doubled", "UTF-16")]
WRAPPED += [("entra", k) for k in variants.ENTRA]


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "kind"), WRAPPED)
def test_streamed_and_held_logs_tell_the_same_however_they_are_wrapped(
    provider: str, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    log = okta_log() if provider == "okta" else entra_log()
    made = (variants.OKTA if provider == "okta" else variants.ENTRA)[kind](log)
    for name, content in made.items():
        put(tmp_path, name, content)
    same(tmp_path, OKTA if provider == "okta" else ENTRA, next(iter(made)), request)


@pytest.mark.parametrize("about", [incident(), ENTRA])
def test_logs_of_several_applications_are_judged_the_same(
    about: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    theirs = {"id": "11111111-2222-4333-8444-555555555555", "displayName": "Payroll"}
    log = [*entra_log(), *(entra_made.record(n, servicePrincipal=theirs) for n in range(40, 50))]
    log += [entra_made.record(60, servicePrincipal=theirs, id=""), {"id": "x", "servicePrincipal": theirs}]
    put(tmp_path, "log", json.dumps(log))
    row = same(tmp_path, about, "log", request)
    assert (row["rows"], row["unreadable"]) == (40, 1)


@pytest.mark.parametrize("form", ["array", "ndjson"])
def test_damaged_records_are_counted_and_cost_nobody_else(form: str, small: None, tmp_path: Path) -> None:
    log = okta_log()
    data = FORMS[form](log).replace(b'"uuid": "s"', b'"uuid": s', 1)
    assert b'"uuid": s' in data
    put(tmp_path, "log", data)
    row = row_of(read(tmp_path, OKTA), "log")
    assert (row["rows"], row["unreadable"], row["complete"]) == (len(log) - 1, 1, False)


def test_a_cut_off_array_keeps_what_is_whole(small: None, tmp_path: Path) -> None:
    put(tmp_path, "log", FORMS["array"](okta_log())[:-40])
    row = row_of(read(tmp_path, OKTA), "log")
    assert (row["rows"], row["unreadable"]) == (58, 1)


def test_the_consoles_csv(small: None, tmp_path: Path) -> None:
    head = "timestamp,event_type,outcome.result,uuid,display_message,target0.id,target0.type\n"
    rest = f'application.provision.user.push,FAILURE,NO,"a,\nb",{okta_data.APP},AppInstance\n'
    ours = "".join(f"2026-11-{n:02d}T00:00:00.000Z,{rest.replace('NO', str(n))}" for n in range(1, 25))
    other = "2026-12-01T00:00:00.000Z,user.session.start,SUCCESS,s,x,,\n" * 60
    theirs = ours.replace(okta_data.APP, "0oaother")
    put(tmp_path, "log.csv", f"{head}{ours}short,line\n{theirs}{other}")
    parts = read(tmp_path, OKTA)
    row = row_of(parts, "log.csv")
    assert (row["rows"], row["unreadable"], len(parts.table("events"))) == (108, 1, 24)
    assert "other applications left out: 24" in row["note"]
    assert "84 records of no concern were not searched for tokens" in row["note"]
    assert row["last_at"].day == 1 and row["first_at"].month == 11


def console(times: Callable[[int], str] = lambda n: f"2026-11-{n % 28 + 1:02d}T0{n % 9}:00:00.000Z") -> str:
    """A console CSV: ours, another application's, sign-ins, an application that only acts, records that lack much."""
    head = "timestamp,event_type,outcome.result,uuid,actor.type,display_message,target0.id,target0.type,target1.type\n"
    made = [
        f'application.provision.user.push,FAILURE,a%d,User,"a,\nb ""c""",{okta_data.APP},AppInstance,',
        "application.provision.user.push,SUCCESS,b%d,User,x,0oa9999999999999999f,AppInstance,User",
        "application.provision.user.push,SUCCESS,b%d,User,x,,AppInstance,",
        "user.lifecycle.deactivate,SUCCESS,c%d,AppInstance,x,00u1,User,",
        "user.session.start,SUCCESS,d%d,User,x,00u1,User,",
        ",SUCCESS,e%d,User,no type,,,",
        "too,few",
        ",,,,,,,",
    ]
    return head + "".join(
        f"{times(n) if k < 7 else ''},{(line % n if '%' in line else line)}\n"
        for n in range(18)
        for k, line in enumerate(made)
    )


def american(number: int) -> str:
    return f"{number % 9 + 4}/{number % 28 + 1}/2026 {number % 12 + 1}:00:00 {'AM' if number % 2 else 'PM'}"


CONSOLE: dict[str, Callable[[], bytes]] = {
    "as downloaded": lambda: console().encode(),
    "with a mark": lambda: b"\xef\xbb\xbf" + console().encode(),
    "UTF-16": lambda: console().encode("utf-16"),
    "UTF-16, big-endian": lambda: b"\xfe\xff" + console().encode("utf-16-be"),
    "CRLF": lambda: console().replace("\n", "\r\n").encode(),
    "of a spreadsheet": lambda: b"sep=;\n" + console().replace(",", ";").encode(),
    "a quote inside": lambda: console().replace("SUCCESS,c1,", 'SUCCESS,c"1,', 1).encode(),
    "times of a spreadsheet": lambda: console(american).encode(),
    "no time now and then": lambda: console(lambda n: "" if n == 7 else f"2026-11-01T00:00:{n:02d}.000Z").encode(),
    "a time that is none": lambda: console(lambda n: "2026-99" if n == 7 else f"2026-11-01T00:00:{n:02d}Z").encode(),
    "a column twice": lambda: console().replace("target1.type", "event_type", 1).encode(),
}


@pytest.mark.parametrize("how", ["plain", *(pytest.param(h, marks=pytest.mark.slow) for h in ("gzip", "zip"))])
@pytest.mark.parametrize("kind", sorted(CONSOLE))
def test_streamed_and_held_console_csvs_tell_the_same(
    kind: str, how: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    put(tmp_path, "log", packed(CONSOLE[kind](), how))
    row = same(tmp_path, OKTA, "log/in/log" if how == "zip" else "log", request)
    assert row["rows"] + row["unreadable"] == 7 * 18 and row["unreadable"] >= 36, row


@pytest.mark.parametrize("other", ["0oa9999999999999999f", okta_data.APP])
def test_the_application_of_a_console_csv_is_found_as_where_it_is_held(
    other: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    put(tmp_path, "log", console().replace("0oa9999999999999999f", other))
    row = same(tmp_path, incident("okta"), "log", request)
    assert (row["refused"] is None) == (other == okta_data.APP), row["refused"]


def test_a_console_csv_and_a_json_log_of_the_same_events(small: None, tmp_path: Path) -> None:
    """The CSV tells less than JSON: of an event that stands in both, the JSON record counts, whichever is streamed."""
    head = "timestamp,event_type,outcome.result,uuid,display_message,target0.id,target0.type\n"
    ours = [r for r in okta_log() if r["eventType"].startswith("application.provision")]
    csv = "".join(
        f"{r['published']},{r['eventType']},SUCCESS,{r['uuid']},{'x' * 120},{okta_data.APP},AppInstance\n" for r in ours
    )
    put(tmp_path, "b.csv", head + csv)
    for json_log in (lines(ours), lines(ours[:3])):  # streamed, held
        put(tmp_path, "a.json", json_log)
        table = read(tmp_path, OKTA).table("events")
        assert len(table) == len(ours)
        rich = table[table["event_id"] == ours[0]["uuid"]].iloc[0]
        assert rich["actor"] == ours[0]["actor"]["alternateId"]


def test_bytes_of_a_windows_spreadsheet_are_read_as_such(small: None, tmp_path: Path) -> None:
    head = "timestamp;event_type;outcome.result;uuid;outcome.reason;target0.id;target0.type\n"
    line = f"2026-11-01T00:00:00.000Z;application.provision.user.push;FAILURE;u;M\xfcller;{okta_data.APP};AppInstance\n"
    other = "2026-11-01T00:00:00.000Z;user.session.start;SUCCESS;s;x;;\n" * 90
    put(tmp_path, "log.csv", (head + other + ";;;;;;\n" * 20 + line).encode("cp1252"))
    parts = read(tmp_path, OKTA)
    assert parts.table("events")["reason"].tolist() == ["Müller"]
    assert "Windows-1252" in row_of(parts, "log.csv")["note"] and row_of(parts, "log.csv")["unreadable"] == 0


@pytest.mark.parametrize(
    ("data", "about", "reason"),
    [
        (b"[" + b'{"alpha": 1},' * 800, OKTA, "none that is known"),
        (json.dumps(okta_log()).encode("utf-16")[2:], OKTA, "not a text file"),
        (b"a,b\n" + b"1,2\n" * 2000, ENTRA, "none that is known"),
        (gzip.compress(json.dumps(okta_log()).encode(), 0)[:900], OKTA, "cut off"),
    ],
)  # fmt: skip
def test_what_is_not_read_at_this_size_says_why(
    data: bytes, about: Any, reason: str, huge: None, tmp_path: Path
) -> None:
    put(tmp_path, "log", data)
    name, known = (
        ("g.json", [okta_data.group()]) if about.identity_provider == "okta" else ("g.json", [entra_made.group()])
    )
    put(tmp_path, name, known)
    row = row_of(read(tmp_path, about), "log")
    assert row["what"] == "unrecognised" and reason in row["refused"], row["refused"]


BROKEN: dict[str, tuple[Any, Callable[[], bytes]]] = {
    "gzip": (OKTA, lambda: gzip.compress(lines(okta_log()).encode(), 0)[:-9]),
    "UTF-16": (ENTRA, lambda: lines(entra_log()).encode("utf-16")[:-3]),
    "CSV": (OKTA, lambda: (console() + 'a,"' + "x" * 9000).encode()),
}


@pytest.mark.parametrize("damage", sorted(BROKEN))
def test_what_was_read_before_a_log_breaks_off_is_kept_and_said_to_be_a_part(
    damage: str, huge: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "MAX_RECORD", 6000)
    about, data = BROKEN[damage]
    put(tmp_path, "log", data())
    parts = read(tmp_path, about)
    row = row_of(parts, "log")
    assert row["refused"] is None and row["complete"] is False and row["rows"] > 20, row
    assert "Read only up to where it breaks off" in row["note"] and len(parts.table("events")) > 10


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zipped_log_may_be_of_any_size(how: int, huge: None, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        archive.writestr("in/log.csv", console())
        archive.writestr("groups.json", json.dumps([okta_data.group()]))
        archive.writestr("other.csv", "a,b\n" + "1,2\n" * 2000)
    put(tmp_path, "all.zip", out.getvalue())
    parts = read(tmp_path, OKTA)
    assert (row_of(parts, "all.zip/in/log.csv")["rows"], row_of(parts, "all.zip/groups.json")["rows"]) == (90, 1)
    assert "unpacks to far more" in row_of(parts, "all.zip/other.csv")["refused"]
    assert row_of(parts, "all.zip/in/log.csv")["sha256"] == hashlib.sha256(out.getvalue()).hexdigest()


def test_a_huge_archive_of_very_many_files_is_not_opened(huge: None, tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(300):
            archive.writestr(f"{number}", "x")
    put(tmp_path, "all.zip", out.getvalue())
    put(tmp_path, "g.json", [okta_data.group()])
    assert "too many" in row_of(read(tmp_path, OKTA), "all.zip")["refused"]


def test_what_only_looks_like_a_log_is_held_and_named_for_what_it_is(small: None, tmp_path: Path) -> None:
    people = [okta_data.user(f"00u{n:017d}") | {"note": "eventType"} for n in range(60)]
    put(tmp_path, "users.json", people)
    row = row_of(read(tmp_path, OKTA), "users.json")
    assert (row["what"], row["rows"], row["refused"]) == ("okta.users", 60, None)


def test_tokens_in_a_large_log_are_taken_out(small: None, tmp_path: Path) -> None:
    word = "SSWS " + "aZ9_-k3Qx7" * 4
    log = okta_log()
    log.insert(31, okta_data.event(number=99, outcome={"result": "FAILURE", "reason": word}))
    put(tmp_path, "log", lines(log))
    parts = read(tmp_path, OKTA)
    assert parts.facts.leaks == [{"file": "log", "line": 32, "rule": "authorization header (SSWS)"}]
    assert word[5:] not in parts.table("events").to_csv()
    put(tmp_path, "log", console().replace("FAILURE,a9,User,", f"FAILURE,a9,{word},"))
    parts = read(tmp_path, OKTA)
    assert [str(x["line"])[:6] for x in parts.facts.leaks] == ["about "]
    assert word[5:] not in parts.table("events").to_csv()


def test_a_log_that_is_gone_before_it_is_read_is_said_to_be(small: None, tmp_path: Path) -> None:
    path = put(tmp_path, "log", lines(okta_log()))
    put(tmp_path, "g.json", [okta_data.group()])
    (found,) = files.contents(tmp_path, [path], lambda _: True)
    path.unlink()
    assert found.large is not None and found.data is None
    hit, reason, _ = large.read_large(found.large, "log", OKTA, Parts(), lambda *_: None)
    assert hit is None and "changed while it was read" in reason
    assert "changed while it was read" in str(found.large.hold("log").reason)


def test_a_large_file_of_details_takes_nothing_away_beside_the_main_file(small: None, tmp_path: Path) -> None:
    main = "".join(f"c{n},2026-11-20T08:00:{n:02d}Z,Update,Success,{'x' * 100}\n" for n in range(60))
    put(tmp_path, "main", f"Change ID,Date,Action,Status,Source ID\n{main}")
    steps = "".join(f"c{n},EntryExport,Export,Success,{'x' * 100}\n" for n in range(60))
    put(tmp_path, "steps", f"Change ID,Name,Provisioning Step Type,Status,Description\n{steps}")
    parts = read(tmp_path, ENTRA)
    assert "(large)" in row_of(parts, "steps")["note"]
    assert [row_of(parts, name)["complete"] for name in ("main", "steps")] == [None, None]
    (tmp_path / "main").unlink()
    assert row_of(read(tmp_path, ENTRA), "steps")["complete"] is False
