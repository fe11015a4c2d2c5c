"""Logs read record by record give what the same log gives when it is held whole; nothing is lost or read twice."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from scimrunbook.sources.exports import files, pieces
from tests.sources import entra_made, okta_data
from tests.sources.exports.folder import incident, put, read, row_of
from tests.sources.exports.variants import lines

OKTA = okta_data.incident()
ENTRA = incident(entra={"service_principal_id": entra_made.PRINCIPAL})


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything above 4 KB is large, and is read in chunks that cut records anywhere."""
    monkeypatch.setattr(files, "MAX_FILE", 4096)
    monkeypatch.setattr(pieces, "CHUNK", 1500)
    monkeypatch.setattr("scimrunbook.sources.exports.large.HEAD", 700)


def okta_log() -> list[Any]:
    many = [{"id": "00ux", "type": "User"}, {"id": "x", "type": "Y"}]
    other = okta_data.event("user.session.start", uuid="s", target=many)
    return [r for n in range(1, 30) for r in (okta_data.event(number=n), other)]


FORMS = {
    "array": lambda r: json.dumps(r).encode(),
    "indented array": lambda r: json.dumps(r, indent=2).encode(),
    "ndjson": lambda r: lines(r) if isinstance(lines(r), bytes) else lines(r).encode(),
    "page": lambda r: json.dumps({"records": r, "next": None}).encode(),
    "with a mark": lambda r: b"\xef\xbb\xbf" + json.dumps(r).encode(),
}


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("about", "log"), [(OKTA, okta_log()), (ENTRA, [entra_made.record(n) for n in range(1, 30)])])
def test_large_and_held_logs_tell_the_same(
    about: Any, log: list[Any], packed: bool, form: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    data = FORMS[form](log)
    put(tmp_path, "log", gzip.compress(data, 0) if packed else data)
    held = read(tmp_path, about)
    request.getfixturevalue("small")
    large = read(tmp_path, about)
    told = {k: row_of(large, "log")[k] for k in ("what", "rows", "unreadable", "first_at", "last_at", "sha256")}
    assert told == {k: row_of(held, "log")[k] for k in told}
    assert "large" in row_of(large, "log")["note"]
    assert list(large.rows["events"]) == list(held.rows["events"])


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
    assert (row["rows"], row["unreadable"]) == (57, 1)


def test_the_consoles_csv(small: None, tmp_path: Path) -> None:
    head = "timestamp,event_type,outcome.result,uuid,display_message,target0.id,target0.type\n"
    rest = f'application.provision.user.push,FAILURE,NO,"a,\nb",{okta_data.APP},AppInstance\n'
    ours = "".join(f"2026-11-{n:02d}T00:00:00.000Z,{rest.replace('NO', str(n))}" for n in range(1, 25))
    other = "2026-12-01T00:00:00.000Z,user.session.start,SUCCESS,s,x,,\n" * 60
    put(tmp_path, "log.csv", f"{head}{ours}short,line\n{other}")
    parts = read(tmp_path, OKTA)
    row = row_of(parts, "log.csv")
    assert (row["rows"], row["unreadable"], len(parts.rows["events"])) == (84, 1, 24)
    assert row["last_at"].day == 1 and row["first_at"].month == 11


@pytest.mark.parametrize(
    ("data", "about", "reason"),
    [
        (b"[" + b'{"alpha": 1},' * 800, OKTA, "none that is known"),
        (json.dumps(okta_log()).encode("utf-16"), OKTA, "in UTF-8"),
        (json.dumps(okta_log()).encode(), incident("okta"), "okta.app_id"),
        (b"a,b\n" + b"1,2\n" * 2000, ENTRA, "download the log as JSON"),
        (gzip.compress(json.dumps(okta_log()).encode(), 0)[:-9], OKTA, "cut off"),
    ],
)  # fmt: skip
def test_what_is_not_read_at_this_size_says_why(
    data: bytes, about: Any, reason: str, small: None, tmp_path: Path
) -> None:
    put(tmp_path, "log", data)
    name, known = (
        ("g.json", [okta_data.group()]) if about.identity_provider == "okta" else ("g.json", [entra_made.group()])
    )
    put(tmp_path, name, known)
    row = row_of(read(tmp_path, about), "log")
    assert row["what"] == "unrecognised" and reason in row["refused"], row["refused"]


def test_tokens_in_a_large_log_are_taken_out(small: None, tmp_path: Path) -> None:
    word = "SSWS " + "aZ9_-k3Qx7" * 4
    log = [*okta_log(), okta_data.event(number=99, outcome={"result": "FAILURE", "reason": word})]
    put(tmp_path, "log", lines(log))
    parts = read(tmp_path, OKTA)
    assert parts.facts.leaks and word[5:] not in repr(parts.rows)
