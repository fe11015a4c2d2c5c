"""The folder: absent, empty, strangers' files, broken files; every file gets exactly one row."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import zipfile
from pathlib import Path

import pytest

from scimrunbook.sources.exports import ExportsError, files
from tests.sources import entra_made as made
from tests.sources.exports.folder import incident, put, read, row_of

USERS = made.page("users", [made.user()])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, "users.json", USERS)
    return tmp_path


def test_an_absent_folder_is_said_to_be_absent(tmp_path: Path) -> None:
    with pytest.raises(ExportsError, match=r"does not exist: .*nowhere[\s\S]*'exports' in the incident file"):
        read(tmp_path / "nowhere")
    with pytest.raises(ExportsError, match="is a file"):
        read(put(tmp_path, "x.json", "{}"))


def test_an_empty_folder_says_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    put(tmp_path, ".hidden.json", USERS)
    with pytest.raises(ExportsError, match="is empty") as problem:
        read(tmp_path)
    assert "Provisioning logs" in str(problem.value) and "okta" not in str(problem.value).lower()


def test_only_strangers_files_are_listed_with_reasons(tmp_path: Path) -> None:
    put(tmp_path, "photo.png", b"\x89PNG\r\n\x1a\n\x00\x00")
    put(tmp_path, "list.csv", "fruit,colour\napple,red\n")
    put(tmp_path, "empty.json", b"")
    with pytest.raises(ExportsError) as problem:
        read(tmp_path)
    said = str(problem.value)
    assert "photo.png: not a text file" in said
    assert "list.csv: a CSV with columns that are not known: fruit, colour" in said
    assert "empty.json: empty (0 bytes)" in said
    assert "Put any of these there" in said


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("blank.json", " \r\n ", "nothing but blanks"),
        ("cut.json", json.dumps(USERS, indent=1)[:-30], "the JSON is cut off (line"),
        ("cut-in-text.json", '{"value": [\n{"id": "abc', "the JSON is cut off (line 2)"),
        ("bad.json", '{"value": [\n{"id": 1,}\n]}', "it is not valid JSON (line 2)"),
        ("page.html", "<!doctype html><title>Sign in</title>", "a web page"),
        ("deep.json", "[" * 100_000 + "]" * 100_000, "nested deeper"),
        ("long.json", '{"id": ' + "9" * 5000 + "}", "a number too long"),
        ("other.json", {"alpha": 1, "beta\u202e": 2}, "keys: alpha, beta?"),
        ("none.json", [], "an empty list that does not say of what"),
        ("prose.txt", "All was well yesterday.", "neither JSON nor CSV"),
        ("sheet.xlsx", None, "an Office document"),
        ("odd.bin", b"\xff\xfe\x00", "not a text file"),
    ],
)
def test_what_is_no_export_gets_a_reason(folder: Path, name: str, content: object, reason: str) -> None:
    if content is None:
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("[Content_Types].xml", "<x/>")
    else:
        put(folder, name, content)
    row = row_of(read(folder), name)
    assert row["what"] == "unrecognised" and reason in row["refused"], row["refused"]


def test_files_of_the_other_provider_are_refused_as_such(folder: Path) -> None:
    put(folder, "catalog-users.csv", "email,first name,last name,active\nada@example.com,Ada,Berg,true\n")
    row = row_of(read(folder, incident("okta")), "users.json")
    assert row["what"] == "unrecognised" and "a file of Microsoft Entra ID" in row["refused"]


def test_names_and_nesting_do_not_matter_and_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "a b/Ärger/x.TXT", USERS)
    put(tmp_path, ".git/users.json", USERS)
    outside = put(tmp_path.parent, f"{tmp_path.name}-outside/secret.json", USERS)
    (tmp_path / "link.json").symlink_to(outside)
    (tmp_path / "linked").symlink_to(outside.parent, target_is_directory=True)
    parts = read(tmp_path)
    assert row_of(parts, "a b/Ärger/x.TXT")["rows"] == 1
    assert "not followed" in row_of(parts, "link.json")["refused"]
    assert "not followed" in row_of(parts, "linked")["refused"]
    names = [r["name"] for r in parts.rows["coverage"] if r.get("sha256")]
    assert names == ["a b/Ärger/x.TXT"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_hang(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert row_of(read(folder), "pipe")["refused"] == "not a regular file"


def test_sizes_and_counts_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "z-large.json", json.dumps(USERS) + " " * 4000)
    monkeypatch.setattr(files, "MAX_FILE", 2000)
    assert "larger than" in row_of(read(folder), "z-large.json")["refused"]
    monkeypatch.setattr(files, "MAX_FILE", 1 << 20)
    monkeypatch.setattr(files, "MAX_FILES", 1)
    assert "more than 1 files" in row_of(read(folder), "z-large.json")["refused"]


def test_a_recognised_file_is_accounted_for(folder: Path) -> None:
    row = row_of(read(folder), "users.json")
    assert (row["what"], row["source"], row["rows"], row["unreadable"]) == ("entra.users", "file", 1, 0)
    assert row["sha256"] == hashlib.sha256((folder / "users.json").read_bytes()).hexdigest()
    assert row["refused"] is None


def test_what_the_files_do_not_contain_is_told_with_how_to_get_it(folder: Path) -> None:
    rows = {r["what"]: r for r in read(folder).rows["coverage"]}
    assert rows["entra.provisioning_log"]["refused"] == "not among the exported files"
    assert "Download" in rows["entra.provisioning_log"]["get_it"]
    live = {"credential": "env:GRAPH", "service_principal_id": made.PRINCIPAL}
    whats = {r["what"] for r in read(folder, incident(entra=live)).rows["coverage"]}
    assert "entra.provisioning_log" not in whats  # it may still be read live


def test_the_same_people_in_two_files_fill_each_others_gaps(folder: Path) -> None:
    header = "userPrincipalName,displayName,id,userType,accountEnabled,city\n"
    put(folder, "a.csv", f"{header}ada.berg@example.com,Ada B.,{made.ADA},Member,True,Bonn\n")
    parts = read(folder)
    assert len(parts.rows["people"]) == 1
    person = parts.rows["people"][0]
    assert (person["mail_nickname"], person["active"]) == ("aberg", True)


def test_pages_that_say_more_follows_are_whole_once_the_last_is_there(tmp_path: Path) -> None:
    following = {"@odata.nextLink": "https://graph.microsoft.com/v1.0/users?$skiptoken=x"}
    put(tmp_path, "1.json", made.page("users", [made.user()], **following))
    row = row_of(read(tmp_path), "1.json")
    assert row["complete"] is False and "further pages" in row["note"]
    put(tmp_path, "2.json", made.page("users", [made.user(made.BEN)]))
    assert row_of(read(tmp_path), "1.json")["complete"] is None


def test_one_damaged_record_loses_nobody_else(tmp_path: Path) -> None:
    put(
        tmp_path,
        "users.json",
        made.page("users", [made.user(), 7, {"userPrincipalName": "no id"}, made.user(made.BEN)]),
    )
    row = row_of(read(tmp_path), "users.json")
    assert (row["rows"], row["unreadable"], row["complete"]) == (2, 2, False)


def _zip(*members: tuple[str, bytes], link: str | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
        if link:
            info = zipfile.ZipInfo(link)
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def _twice(name: str) -> bytes:
    """An archive with two members of one name: the second's bytes in both headers are overwritten."""
    return _zip((f"{name}1", b"b"), (f"{name}2", b"c")).replace(f"{name}2".encode(), f"{name}1".encode())


def _encrypted(data: bytes) -> bytes:
    """The same archive with the bit of encryption set in both headers of its one member."""
    made, central = bytearray(data), data.index(b"PK\x01\x02")
    made[6] |= 1
    made[central + 8] |= 1
    return bytes(made)


def test_archives_are_read_in_memory(tmp_path: Path) -> None:
    data = json.dumps(USERS).encode()
    put(tmp_path, "one.json.gz", gzip.compress(data))
    put(tmp_path, "all.zip", _zip(("in/users.json", data), ("__MACOSX/x", b"x"), ("groups.json", b"")))
    parts = read(tmp_path)
    assert row_of(parts, "one.json.gz")["rows"] == 1
    assert row_of(parts, "all.zip/in/users.json")["rows"] == 1
    assert "0 bytes" in row_of(parts, "all.zip/groups.json")["refused"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["all.zip", "one.json.gz"]


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (lambda: _zip(("../out.json", b"{}")), "x/../out.json", "a name or a link"),
        (lambda: _zip(("/etc/out.json", b"{}")), "x//etc/out.json", "a name or a link"),
        (lambda: _zip(("C:\\out.json", b"{}")), "x/C:\\out.json", "a name or a link"),
        (lambda: _zip(("a\u202egpj.json", b"{}")), "x/a\u202egpj.json", "a name or a link"),
        (lambda: _zip(link="link"), "x/link", "a name or a link"),
        (lambda: _zip(("bomb.json", b" " * 30_000_000)), "x/bomb.json", "far more"),
        (lambda: _zip(("in.zip", _zip(("a", b"b")))), "x/in.zip", "archive inside an archive"),
        (lambda: _zip(("a", b"b"))[:-8], "x", "damaged or cut-off"),
        (lambda: _twice("a"), "x", "equally named"),
        (lambda: _encrypted(_zip(("a.json", b"{}"))), "x/a.json", "encrypted"),
        (lambda: _zip(), "x", None),
        (lambda: gzip.compress(b" " * 30_000_000), "x", "far more"),
        (lambda: gzip.compress(b"{}" * 5000)[:-9], "x", "cut off"),
        (lambda: b"\x1f\x8b\x08broken", "x", "damaged gzip"),
        (lambda: gzip.compress(gzip.compress(b"{}")), "x", "archive inside an archive"),
    ],
)
def test_sr_62_hostile_archives_are_refused(folder: Path, data, name: str, reason: str | None) -> None:
    put(folder, "x", data())
    row = row_of(read(folder), name)
    assert row["what"] == "unrecognised"
    assert reason is None or reason in row["refused"], row["refused"]
    assert not (folder.parent / "out.json").exists()


@pytest.mark.parametrize(
    "answer",
    [
        {"errorCode": "E0000006", "errorSummary": "You do not have permission", "errorCauses": []},
        {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}},
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "401", "detail": "no"},
    ],
)
def test_a_refusal_saved_in_place_of_the_data(answer: dict, folder: Path) -> None:
    put(folder, "x.json", answer)
    assert "an error in place of the data" in row_of(read(folder), "x.json")["refused"]


def test_the_answer_of_a_query_to_log_analytics(folder: Path) -> None:
    columns = ("TimeGenerated", "Id", "ProvisioningAction", "ResultType", "SourceIdentity")
    row = [
        "11/20/2026, 1:05:09.250 PM",
        "r1",
        "create",
        "Success",
        json.dumps({"Id": made.ADA, "identityType": "User"}),
    ]
    table = {"name": "PrimaryResult", "columns": [{"name": n} for n in columns], "rows": [row, ["short"]]}
    put(folder, "query.json", {"tables": [table]})
    parts = read(folder)
    found = row_of(parts, "query.json")
    assert (found["what"], found["rows"], found["unreadable"]) == ("entra.provisioning_log", 1, 1)
    assert parts.rows["events"][0]["at"].isoformat() == "2026-11-20T13:05:09.250000+00:00"
