"""Incident files: ids stay text, every problem at once with line and remedy, and a token is never repeated."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrunbook.incident import Incident
from scimrunbook.incident_file import IncidentError, LoadedIncident, load_incident, read_incident
from scimrunbook.problems import told

HEAD = "incident: CAT-1042\nidentity_provider: okta\ncatalog_host: app.us.castordoc.com\n"

# Assembled, so that no scanner takes this file for a leak.
TOKENS = {
    "json web token": "ey" + "J" + "hbGciOiJIUzI1NiJ9" + "." + "eyJzdWIiOiIxIn0" + "." + "c2lnbmF0dXJl",
    "okta token": "0" * 2 + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF-Gh_JkLm"[:40],
    "authorization header": "SS" + "WS " + "Zm9vYmFyMTIzNDU2Nzg5",
    "bearer header": "Bea" + "rer " + "Zm9vYmFyMTIzNDU2Nzg5",
    "entra secret": "abc" + "8Q" + "~" + "dEfGhIjKlMnOpQrStUvWxYz0123456789",
    "url with a password": "https://ada:" + "hunter2hunter2" + "@api.castordoc.com/auth/scim",
    "url with a token": "https://api.castordoc.com/auth/scim?access_tok" + "en=Zm9vYmFyMTIz",
}


def read(text: str | bytes) -> LoadedIncident:
    return read_incident(text.encode() if isinstance(text, str) else text, Path("CAT-1042.yaml"))


def refused(text: str | bytes) -> IncidentError:
    with pytest.raises(IncidentError) as caught:
        read(text)
    message, code = told(caught.value)
    assert code == 2 and "Traceback" not in message
    for problem in caught.value.problems:
        assert problem.message and problem.remedy, problem
    return caught.value


def one(text: str | bytes) -> Any:
    problems = refused(text).problems
    assert len(problems) == 1, problems
    return problems[0]


def test_three_lines_are_enough() -> None:
    incident = read(HEAD).incident
    assert incident.incident == "CAT-1042" and incident.okta is None and incident.catalog.token_is == "unknown"


def test_a_whole_file_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "CAT-1042.yaml"
    path.write_text(
        HEAD
        + """\
summary: New hires in Berlin never appear
symptoms: [missing_people, missing_teams]
people: [ada@example.com]
window: {start: 2026-11-20T00:00:00Z, end: 2026-11-22T01:00:00+01:00}
catalog:
  token: env:CATALOG_SCIM_TOKEN
  token_is: as_typed_in_provider
  configured_base_url: https://api.us.castordoc.com/auth/scim/
okta:
  org_url: https://Acme.okta.com/
  app_id: 0oa1gjh63g214q0Hq0g4
  token: keyring:scimrunbook/acme
exports: CAT-1042-exports
role_mapping: {VIEWER: [dev], ADMIN: [founders]}
answers:
  start.setup_completed: {answer: yes, by: ada, at: 2026-11-20T08:00:00Z}
connect_to: 127.0.0.1:8765
""",
        "utf-8",
    )
    loaded = load_incident(path)
    incident = loaded.incident
    assert incident.okta and incident.okta.org_url == "https://acme.okta.com"
    assert incident.answers["start.setup_completed"].answer == "yes"
    assert incident.window and incident.window.end.isoformat() == "2026-11-22T01:00:00+01:00"
    assert loaded.resolve("CAT-1042-exports") == tmp_path.resolve() / "CAT-1042-exports"
    assert len(loaded.sha256) == 64
    assert Incident.model_validate(incident.model_dump(mode="json")) == incident, "a snapshot keeps it"


@pytest.mark.parametrize(
    "id_", ["00123", "1e5", "12_345", "no", "on", "yes", "0x1F", "0o17", "1.50", "2026-11-20", "12"]
)
def test_ids_stay_what_they_are(id_: str) -> None:
    assert read(HEAD.replace("CAT-1042", id_)).incident.incident == id_


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True))
def test_no_id_is_ever_another(id_: str) -> None:
    try:
        assert read(HEAD.replace("CAT-1042", id_)).incident.incident == id_
    except IncidentError as problem:
        device = id_.split(".")[0].lower()[:3] in ("con", "prn", "aux", "nul", "com", "lpt")
        assert id_ == "null" or id_.endswith(".") or device or "token" in str(problem)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80))
def test_quoted_text_arrives_as_written(text: str) -> None:
    written = yaml.safe_dump({"summary": text}, allow_unicode=True, default_style='"')
    try:
        assert read(HEAD + written).incident.summary == text
    except IncidentError as problem:
        assert "token" in str(problem) or "control" in str(problem)


def test_a_key_without_a_value_is_as_good_as_not_written() -> None:
    assert read(HEAD + "people:\nwindow: ~\ncatalog:\n  token:\n").incident.people == []
    assert one(HEAD.replace("CAT-1042", "")).message == "this key is missing"


BAD_FILES = {
    "empty": (b"", "empty"),
    "blanks only": (b" \n\n", "empty"),
    "comments only": (b"# nothing yet\n", "nothing but comments"),
    "a list": (b"- incident: CAT-1\n- b\n", "a list, not keys"),
    "a text": (b"CAT-1042\n", "a single text, not keys"),
    "tabs": (b"incident: CAT-1\nwindow:\n\tstart: x\n", "a tab stands"),
    "tab as separator": (b"incident:\tCAT-1\n", "not YAML"),
    "not utf-8": ("incident: Zürich\n".encode("latin-1"), "not UTF-8"),
    "utf-16": (HEAD.encode("utf-16"), "not UTF-8"),
    "utf-16 without mark": (HEAD.encode("utf-16-be"), "characters YAML does not allow"),
    "binary": (b"PK\x03\x04" + bytes(range(256)), "not UTF-8"),
    "too large": (b"# " + b"x" * 70_000, "larger than 64 KiB"),
    "broken brackets": (HEAD.encode() + b"people: [ada@example.com\n", "not YAML"),
    "colon in a value": (HEAD.encode() + b"summary: broken: since Monday\n", "not YAML"),
    "two documents": (HEAD.encode() + b"---\n" + HEAD.encode(), "not YAML"),
    "anchor": (HEAD.encode() + b"people: &p [ada@example.com]\n", "anchors and aliases"),
    "tag": (HEAD.encode() + b"summary: !!python/name:os.system x\n", "tags (!)"),
    "plain tag": (HEAD.encode() + b"summary: !!str 1\n", "tags (!)"),
    "undefined tag": (HEAD.encode() + b"summary: !x!y z\n", "not YAML"),
    "deep": (b"a: " + b"[" * 30_000, "nested too deeply"),
    "a key that is a list": (HEAD.encode() + b"? [a]\n: b\n", "a key must be a word"),
    "impossible character": (HEAD.encode() + b'summary: "\\U00110000"\n', "does not allow"),
    "control character": (HEAD.encode() + b'summary: "a\\x07b"\n', "control character"),
    "lone surrogate": (HEAD.encode() + b'summary: "a\\ud800b"\n', "control character"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_sr_61_a_file_that_is_none_gets_one_message(name: str) -> None:
    raw, said = BAD_FILES[name]
    assert said in one(raw).message


BAD_VALUES = {
    "unknown provider": ("identity_provider: octa", 2, "not allowed", "Did you mean okta? Allowed: okta, entra."),
    "unknown host": ("catalog_host: app.us.castordoc.io", 3, "not allowed", "Did you mean app.us.castordoc.com?"),
    "unknown symptom": ("symptoms: [missing_person]", 4, "not allowed", "Did you mean missing_people?"),
    "unknown key": ("symptom: [missing_people]", 4, "not known", "Did you mean symptoms?"),
    "unknown key inside": ("okta: {org_url: https://a.okta.com, appid: 1}", 4, "not known", "Did you mean app_id?"),
    "unknown key of an answer": (
        "answers: {start.setup_completed: {answer: yes, who: ada}}",
        4,
        "not known",
        "Known keys here: answer, at, by, note.",
    ),
    "unknown role": ("role_mapping: {VIEWERS: [dev]}", 4, "key is not allowed", "Did you mean VIEWER?"),
    "window end before start": (
        "window: {start: 2026-11-22T00:00:00Z, end: 2026-11-20T00:00:00Z}",
        4,
        "ends before it starts",
        "Swap",
    ),
    "naive time": ("window: {start: 2026-11-20T00:00, end: 2026-11-22T00:00:00Z}", 4, "no zone", "Add Z"),
    "a date for a time": ("window: {start: 2026-11-20, end: 2026-11-22T00:00:00Z}", 4, "not a time", "2026-11-20T00"),
    "a number for a time": ("window: {start: 1700000000, end: 2026-11-22T00:00:00Z}", 4, "not a time", "Write it"),
    "no such day": ("window: {start: 2026-02-30T00:00:00Z, end: 2026-11-22T00:00:00Z}", 4, "no such time", "Write"),
    "no such year": ("window: {start: 0001-01-01T00:00:00Z, end: 2026-11-22T00:00:00Z}", 4, "no log", "the year"),
    "half a window": ("window: {start: 2026-11-20T00:00:00Z}", 4, "missing", "start and end"),
    "a text for a list": ("people: ada@example.com", 4, "a list is expected", "[ada@example.com]"),
    "a name for a login": ("people: [Ada Lovelace]", 4, "neither an e-mail nor a login", "sign in with"),
    "a list for a text": ("summary: [a, b]", 4, "a text is expected", "init"),
    "a text for a block": ("okta: acme", 4, "keys with values", "init"),
    "the other provider's block": ("entra: {tenant_id: x}", 4, "identity_provider is okta", "Take the block out"),
    "admin console": ("okta: {org_url: https://acme-admin.okta.com}", 4, "admin console", "https://acme.okta.com."),
    "token of no org": ("okta: {token: prompt}", 4, "which org to sign in to", "https://acme.okta.com"),
    "plain http": ("okta: {org_url: http://acme.okta.com}", 4, "begin with https", "https://acme.okta.com."),
    "org with a path": ("okta: {org_url: https://acme.okta.com/app}", 4, "not the address", "https://acme.okta.com"),
    "broken url": ("okta: {org_url: 'https://[acme'}", 4, "not the address", "https://acme.okta.com"),
    "app id with a path": (
        "okta: {org_url: https://acme.okta.com, app_id: ../users}",
        4,
        "not written as it must be",
        "address bar",
    ),
    "connect elsewhere": ("connect_to: 10.0.0.1:80", 4, "this machine only", "127.0.0.1:PORT"),
    "connect to no port": ("connect_to: 127.0.0.1:99999", 4, "this machine only", "127.0.0.1:PORT"),
    "reference of no kind": ("catalog: {token: my-token}", 4, "not written as it must be", "env:NAME"),
    "answer to no check": ("answers: {setup: {answer: yes}}", 4, "not written as it must be", "start.setup_completed"),
    "key twice": ("summary: a\nsummary: b", 5, "twice, first in line 4", "Keep one"),
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_bad_value_gets_line_reason_and_remedy(name: str) -> None:
    text, line, said, remedy = BAD_VALUES[name]
    key = text.split(":")[0]
    head = "".join(ln if not ln.startswith(key + ":") else text + "\n" for ln in HEAD.splitlines(keepends=True))
    problem = one(head if head != HEAD else HEAD + text + "\n")
    assert problem.line == line
    assert said in problem.message
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "../x",
        "a/b",
        "a\\b",
        ".hidden",
        "-x",
        "a b",
        "CON",
        "nul.txt",
        "COM1",
        "lpt9.log",
        "x.",
        "ä",
        "a" * 65,
        "a:b",
    ],
)
def test_sr_63_what_can_be_no_folder_is_no_incident(id_: str) -> None:
    assert one(HEAD.replace("CAT-1042", repr(id_))).key == "incident"


def test_sr_63_a_final_newline_is_no_part_of_an_id() -> None:
    assert one(HEAD.replace("CAT-1042", '"CAT-1042\\n"')).key == "incident"


def test_all_problems_are_told_at_once_in_order() -> None:
    problems = refused(
        "incident: CAT-1042\nidentity_provider: google\nsymptoms: [nobody]\nokta: {orgurl: https://a.okta.com}\n"
        f"people: ada\ncatalog:\n  token: {TOKENS['okta token']}\nwindow: {{start: now, end: later}}\n"
    ).problems
    assert [p.key for p in problems] == [
        "catalog_host",
        "identity_provider",
        "symptoms.0",
        "okta.orgurl",
        "people",
        "catalog.token",
        "window.start",
        "window.end",
    ]
    assert [p.line for p in problems] == [None, 2, 3, 4, 5, 7, 8, 8]


PLACES = {
    "as the token": "catalog:\n  token: {}\n",
    "quoted": "catalog:\n  token: '{}'\n",
    "in a list": "people: ['{}']\n",
    "in the summary": "summary: it says {} in the log\n",
    "in a block of text": "summary: |\n  first line\n  {}\n",
    "under a key of no meaning": "x: '{}'\n",
    "in a comment": "# was {} before\n",
    "as a key": "'{}': x\n",
    "in broken yaml": "people: [\n  '{}'\n",
    "in an answer": "answers: {{start.setup_completed: {{answer: 'no', note: '{}'}}}}\n",
    "twice": "summary: '{0}'\ncatalog: {{token: '{0}'}}\n",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_is_refused_and_never_repeated(kind: str, place: str) -> None:
    token = TOKENS[kind]
    problem = refused(HEAD + PLACES[place].format(token))
    assert "looks like a token" in str(problem)
    told = str(problem) + repr(problem) + repr(problem.problems)
    assert not [n for n in range(len(token) - 11) if token[n : n + 12] in told]
    assert problem.__context__ is None, "a traceback would show what the reader saw"


@pytest.mark.parametrize(
    "line",
    [
        "catalog: {token: Zm9vYmFyMTIzNDU2Nzg5}",
        "catalog: {api_token: Zm9vYmFyMTIzNDU2Nzg5}",
        "catalog: {token: env:zm9vYmFyMTIzNDU2Nzg5QUJDREVG}",
        "catalog: {token: [Zm9vYmFyMTIzNDU2Nzg5]}",
        "password: Zm9vYmFyMTIzNDU2Nzg5",
    ],
)
def test_a_long_opaque_value_under_a_secrets_key_is_taken_for_one(line: str) -> None:
    problem = refused(HEAD + line + "\n")
    assert "looks like a token" in str(problem) and "9vYmFyMTIz" not in str(problem)


@pytest.mark.parametrize(
    "line",
    [
        "catalog: {token: env:CATALOG_SCIM_TOKEN_FOR_THE_US_REGION_2}",
        "catalog: {token: file:secrets/catalog-token-2026-11-20.txt}",
        "catalog: {token: prompt}",
        "summary: Bearer authentication is refused since 2026-11-20",
        "summary: the token expired, key rotation was on Monday",
        "okta: {org_url: https://acme.okta.com, app_id: 0oa1gjh63g214q0Hq0g4, token: keyring:scimrunbook/acme-2026}",
        "catalog:\n  configured_base_url: https://api.castordoc.com/auth/scim/?aadOptscim062020",
        "answers: {token.is_not_exposed: {answer: yes, note: see 0oa1gjh63g214q0Hq0g4}}",
    ],
)
def test_what_only_speaks_of_tokens_is_let_through(line: str) -> None:
    read(HEAD + line + "\n")


def test_a_wrong_base_url_is_a_finding_and_no_bad_input() -> None:
    text = HEAD + "catalog: {configured_base_url: 'http://scim.example.com/wrong path'}\n"
    assert read(text).incident.catalog.configured_base_url == "http://scim.example.com/wrong path"


def test_sr_64_hostile_keys_cannot_move_the_cursor() -> None:
    message = str(refused(HEAD + '"a\\e[2Jb": x\n' + f"{'k' * 300}: y\n"))
    assert "\x1b" not in message and "k" * 100 not in message


def test_no_such_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "CAT-1042.yaml").write_text(HEAD)
    for wrong, said in (("CAT-1024.yaml", "Did you mean"), ("CAT-1042", "CAT-1042.yaml?"), ("zzz", "scimrunbook init")):
        with pytest.raises(IncidentError, match="there is no such file") as caught:
            load_incident(tmp_path / wrong)
        assert said in str(caught.value)


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path, said in (
        (tmp_path, "a folder"),
        (tmp_path / "pipe.yaml", "no ordinary file"),
        (tmp_path / ("x" * 300), "cannot be read"),
    ):
        with pytest.raises(IncidentError, match=said):
            load_incident(path)
    (tmp_path / "large.yaml").write_bytes(b"#" * 10_000_000)
    with pytest.raises(IncidentError, match="64 KiB"):
        load_incident(tmp_path / "large.yaml")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda s: s.encode("utf-8", "surrogatepass"))))
def test_arbitrary_bytes_raise_nothing_else(raw: bytes) -> None:
    with pytest.raises(IncidentError):
        read(raw)


PIECES = [
    ": ",
    ":",
    " ",
    "\n",
    "\n  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "- ",
    "? ",
    "&a ",
    "*a",
    "!t ",
    "|",
    ">",
    '"',
    "'",
    "#",
]
PIECES += ["---\n", "%", "~", "\\", "2026-11-20T00:00:00Z", "org_url", "start", "answer", *Incident.model_fields]
YAML_LIKE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(YAML_LIKE)
def test_almost_yaml_raises_nothing_else(text: str) -> None:
    for whole in (text, HEAD + text):
        try:
            read(whole)
        except IncidentError as problem:
            assert all(p.message and p.remedy for p in problem.problems)
            str(problem).encode()


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*Incident.model_fields, "x"]), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from([*Incident.model_fields]), JSON_LIKE)
def test_any_value_anywhere_raises_nothing_else(key: str, value: Any) -> None:
    data = {"incident": "CAT-1", "identity_provider": "okta", "catalog_host": "app.castordoc.com", key: value}
    try:
        read(yaml.safe_dump(data, allow_unicode=True))
    except IncidentError as problem:
        assert all(p.message and p.remedy for p in problem.problems)
