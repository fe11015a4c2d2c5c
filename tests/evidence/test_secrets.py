"""Tokens by reference: where they may lie, what is told of them, and that no text keeps them."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import traceback
import types
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrunbook.evidence import encodings, secrets, stores
from scimrunbook.evidence.encodings import Forms
from scimrunbook.evidence.secrets import Resolved, Secret, inspect, known_encodings, register, resolve, scrub

TOKEN = "".join(f"Ab{n}" for n in range(14))  # 32 characters, nobody's


def shown(resolved: Resolved) -> str:
    return f"{resolved!r} {resolved} {resolved.facts} {resolved.problem} {resolved.remedy}"


def windows(text: str, size: int = 8) -> set[str]:
    return {text[i : i + size] for i in range(len(text) - size + 1)}


def file(folder: Path, content: bytes | str = TOKEN, mode: int = 0o600) -> Path:
    path = folder / "catalog.token"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def of_file(folder: Path, content: bytes | str = TOKEN, mode: int = 0o600) -> Resolved:
    file(folder, content, mode)
    return resolve("file:catalog.token", base=folder, interactive=False)


# -- SR-01 files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_sr_01_a_private_file_is_read(tmp_path: Path, mode: int) -> None:
    got = of_file(tmp_path, TOKEN + "\n", mode)
    assert got.secret is not None
    assert got.secret.reveal() == TOKEN
    assert got.facts.problems == []
    assert (got.facts.source, got.facts.length, got.facts.kind) == ("file", len(TOKEN), "opaque")
    assert not windows(TOKEN) & windows(shown(got))


@pytest.mark.parametrize("mode", [0o640, 0o644, 0o660, 0o604, 0o601])
def test_sr_01_a_file_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    got = of_file(tmp_path, TOKEN, mode)
    assert got.secret is None
    assert f"{mode:04o}" in (got.problem or "")
    assert "chmod 600" in (got.remedy or "")
    assert not got.facts.given


def test_sr_01_links_folders_pipes_and_large_files_are_refused(tmp_path: Path) -> None:
    file(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "catalog.token")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "large").write_bytes(b"a" * (stores.MAX_FILE + 1))
    (tmp_path / "large").chmod(0o600)
    said = {}
    for name in ("link", "folder", "pipe", "large", "absent"):
        got = resolve(f"file:{name}", base=tmp_path, interactive=False)
        assert got.secret is None
        assert got.remedy
        said[name] = got.problem or ""
    assert "symbolic link" in said["link"]
    assert "not a regular file" in said["folder"]
    assert "not a regular file" in said["pipe"]
    assert "16 KiB" in said["large"]
    assert "does not exist" in said["absent"]


def test_sr_01_somebody_elses_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = file(tmp_path).stat().st_uid
    real = os.fstat

    def theirs(descriptor: int) -> os.stat_result:
        return os.stat_result([*real(descriptor)[:4], 4711, *real(descriptor)[5:10]])

    monkeypatch.setattr(os, "fstat", theirs)
    monkeypatch.setattr(os, "geteuid", lambda: owner)
    assert "somebody else" in (resolve("file:catalog.token", base=tmp_path, interactive=False).problem or "")


# -- SR-02 shape ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pasted", "problems", "bearer"),
    [
        (TOKEN, [], False),
        (f"\ufeff{TOKEN}", [], False),
        (f" {TOKEN}", ["blanks"], False),
        (f"{TOKEN}\t ", ["blanks"], False),
        (f"{TOKEN}\r\n", ["line_break"], False),
        (f"Bearer {TOKEN}", [], True),
        (f"bearer  {TOKEN}", [], True),
        (f"Bearer Bearer {TOKEN}", ["doubled_bearer"], True),
        (f"SSWS {TOKEN}", ["scheme_prefix"], False),
        (f"Authorization: Bearer {TOKEN}", ["scheme_prefix"], True),
        (f'"{TOKEN}"', ["quotes"], False),
        (f"'Bearer {TOKEN}'", ["quotes"], True),
        (f"“{TOKEN}”", ["smart_quotes"], False),
        (f"„ {TOKEN}“", ["smart_quotes", "blanks"], False),
    ],
)
def test_sr_02_what_was_pasted_around_a_token_is_told_and_taken_off(pasted: str, problems: list, bearer: bool) -> None:
    facts, value = inspect(pasted, source="env")
    assert value == TOKEN
    assert facts.usable
    assert (facts.problems, facts.bearer_prefix, facts.length) == (problems, bearer, len(TOKEN))


@pytest.mark.parametrize(
    ("pasted", "problem"),
    [
        (TOKEN[:16] + "\n" + TOKEN[16:], "line_break"),
        (TOKEN[:16] + " " + TOKEN[16:], "blanks"),
        (TOKEN[:16] + "–" + TOKEN[16:], "non_ascii"),
        (TOKEN[:16] + "”" + TOKEN[16:], "smart_quotes"),
        (TOKEN[:16] + "\u200b" + TOKEN[16:], "blanks"),
        (TOKEN[:16] + "\x07" + TOKEN[16:], "control"),
        (TOKEN[:15], "too_short"),
        ("a" * 8193, "too_long"),
        ("", "empty"),
        ("  \n", "empty"),
        ("Bearer", "too_short"),
    ],
)
def test_sr_02_a_malformed_token_is_a_problem_without_a_fragment(pasted: str, problem: str, tmp_path: Path) -> None:
    got = of_file(tmp_path, pasted)
    assert got.secret is None
    assert got.facts.given
    assert not got.facts.usable
    assert problem in got.facts.problems
    assert got.remedy
    assert not windows(TOKEN) & windows(shown(got))


def test_sr_02_bytes_that_are_no_text(tmp_path: Path) -> None:
    assert of_file(tmp_path, b"\xff\xfe" + TOKEN.encode("utf-16-le")).secret is not None
    got = of_file(tmp_path, b"\xe4\xf6" * 20)
    assert got.secret is None
    assert "non_ascii" in got.facts.problems


def jwt(**claims: object) -> str:
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + ".c2ln"


def test_the_expiry_of_a_jwt_is_told_and_nothing_else_of_it() -> None:
    token = jwt(exp=1795183212, sub="ada@example.com")
    facts, value = inspect(token, source="env")
    assert value == token
    assert (facts.kind, facts.expires_at) == ("jwt", "2026-11-20T14:00:12Z")
    assert "ada" not in str(facts)
    for odd in (True, "soon", 1e30, -1e30, None, [1], float("inf")):
        assert inspect(jwt(exp=odd), source="env")[0].expires_at is None
    assert inspect("a.b.c" * 5, source="env")[0].kind == "opaque"


# -- SR-03 environment ------------------------------------------------------------------------------------------------


def test_sr_03_the_environment_is_emptied_and_the_token_still_there_for_a_second_incident(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SCIM_TEST_TOKEN", TOKEN)
    for _ in range(2):
        got = resolve("env:SCIM_TEST_TOKEN", base=tmp_path, interactive=False)
        assert got.secret is not None
        assert got.secret.reveal() == TOKEN
    assert "SCIM_TEST_TOKEN" not in os.environ
    child = subprocess.run([sys.executable, "-c", "import os; print(dict(os.environ))"], capture_output=True, text=True)
    assert child.returncode == 0
    assert TOKEN not in child.stdout


def test_an_unset_variable_names_itself(tmp_path: Path) -> None:
    got = resolve("env:SCIM_NOBODY_SET_THIS", base=tmp_path, interactive=False)
    assert "SCIM_NOBODY_SET_THIS is not set" in (got.problem or "")
    assert not got.facts.given


# -- SR-04 keyring ----------------------------------------------------------------------------------------------------


class Vault:
    """Stands for an operating system's vault; its module and name decide whether it is one."""

    def __init__(self, value: str | None = TOKEN) -> None:
        self.value = value

    def get_password(self, service: str, name: str) -> str | None:
        if self.value == "locked":
            raise stores_error()
        return self.value if (service, name) == ("scimrunbook", "acme") else None


def stores_error() -> Exception:
    from keyring.errors import KeyringLocked

    return KeyringLocked("locked")


def keyring_of(monkeypatch: pytest.MonkeyPatch, backend: object) -> None:
    keyring = pytest.importorskip("keyring")
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)


def named(module: str, name: str) -> type[Vault]:
    made = types.new_class(name, (Vault,))
    made.__module__, made.__qualname__ = module, name
    return made


SECRET_SERVICE = named("keyring.backends.SecretService", "Keyring")
PLAIN = named("keyrings.alt.file", "PlaintextKeyring")


def test_sr_04_an_os_vault_is_asked_alone_or_in_a_chain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chain = types.SimpleNamespace(backends=[PLAIN("a token from a plain text file"), SECRET_SERVICE()])
    for backend in (SECRET_SERVICE(), chain):
        keyring_of(monkeypatch, backend)
        got = resolve("keyring:scimrunbook/acme", base=tmp_path, interactive=False)
        assert got.secret is not None
        assert got.secret.reveal() == TOKEN


def test_sr_04_other_backends_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keyring_of(monkeypatch, PLAIN())
    got = resolve("keyring:scimrunbook/acme", base=tmp_path, interactive=False)
    assert got.secret is None
    assert "not an OS vault" in (got.problem or "")


def test_sr_04_an_absent_entry_a_locked_vault_and_an_absent_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keyring_of(monkeypatch, SECRET_SERVICE(None))
    assert "no entry" in (resolve("keyring:scimrunbook/acme", base=tmp_path, interactive=False).problem or "")
    keyring_of(monkeypatch, SECRET_SERVICE("locked"))
    assert "locked" in (resolve("keyring:scimrunbook/acme", base=tmp_path, interactive=False).problem or "")
    monkeypatch.setitem(sys.modules, "keyring", None)
    got = resolve("keyring:scimrunbook/acme", base=tmp_path, interactive=False)
    assert "scimrunbook[keyring]" in (got.remedy or "")


# -- prompt -----------------------------------------------------------------------------------------------------------


def test_nobody_is_asked_where_nobody_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or TOKEN)
    assert resolve("prompt", base=tmp_path, interactive=False).secret is None
    assert asked == []
    assert resolve("prompt", base=tmp_path, interactive=True, label="Catalog token").secret is not None
    assert asked == ["Catalog token (not shown): "]


@pytest.mark.parametrize("problem", [EOFError(), NotImplementedError(), RuntimeError()])
def test_a_prompt_nobody_can_answer_is_a_problem(problem, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(prompt: str) -> str:
        raise problem

    monkeypatch.setattr("getpass.getpass", fail)
    assert resolve("prompt", base=tmp_path, interactive=True).problem


# -- SR-13, SR-14 -----------------------------------------------------------------------------------------------------


def test_sr_13_a_secret_prints_nowhere() -> None:
    secret = Secret(TOKEN)
    texts = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", str([secret])]
    try:
        raise ValueError(secret)
    except ValueError as problem:
        texts.append("".join(traceback.format_exception(problem)))
    assert not any(TOKEN in t for t in texts)
    assert not hasattr(secret, "__dict__")


def test_sr_14_facts_have_no_field_for_a_part_of_a_token() -> None:
    facts, _ = inspect(f"Bearer {TOKEN}", source="env")
    fields = asdict(facts)
    assert not [n for n in fields if re.search(r"suffix|last4|first|value|token", n)]
    assert facts.fingerprint is None
    assert not windows(TOKEN) & windows(json.dumps(fields))


# -- scrubbing --------------------------------------------------------------------------------------------------------

ODD = 'pa/ss+w=o&r"d\\ <x> ' + "é~" * 3 + "%"


@pytest.mark.parametrize("secret", [TOKEN, ODD, jwt(exp=1, sub="x")])
def test_every_usual_encoding_is_scrubbed(secret: str) -> None:
    register(secret)
    raw = secret.encode()
    forms = {
        "raw": secret,
        "header": f"Authorization: Bearer {secret}",
        "url": f"?token={quote(secret)}&x",
        "url strict": quote(secret, safe=""),
        "url lower": re.sub("%..", lambda m: m[0].lower(), quote(secret, safe="")),
        "url twice": quote(quote(secret, safe=""), safe=""),
        "json": json.dumps({"t": secret}),
        "json unicode": json.dumps({"t": secret}, ensure_ascii=False),
        "json in json": json.dumps(json.dumps({"t": secret})),
        "repr": repr({"t": secret}),
        "repr of bytes": repr(raw),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "escapes": "".join(f"\\u{ord(c):04x}" for c in secret),
        "base64": base64.b64encode(raw).decode(),
        "base64 bearer": base64.b64encode(f"Bearer {secret}".encode()).decode(),
        "base64 colon": base64.b64encode(f"user:{secret}".encode()).decode(),
        "base64 urlsafe": base64.urlsafe_b64encode(b"ab" + raw + b"tail").decode(),
    }
    for name, text in forms.items():
        done = scrub(f"before {text} after")
        assert secrets.MASK in done, name
        assert not any(form in done for form in known_encodings(secret)), name
        assert done.startswith("before ")
        assert done.endswith(" after")


def test_a_malformed_token_is_scrubbed_too(tmp_path: Path) -> None:
    of_file(tmp_path, "first-line-of-it-" + TOKEN + "\nsecond-line-of-it")
    assert scrub(f"x second-line-of-it y first-line-of-it-{TOKEN}") == f"x {secrets.MASK} y {secrets.MASK}"


def test_short_texts_are_no_secrets() -> None:
    register("okta")
    register("")
    register("       \n     ")
    assert scrub("okta       \n      stays") == "okta       \n      stays"


def test_the_longest_secret_goes_first() -> None:
    register("abcdefgh12")
    register("abcdefgh12-and-more-of-it")
    assert scrub("abcdefgh12-and-more-of-it") == secrets.MASK


VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
AROUND = st.text(st.characters(codec="utf-8", exclude_characters="[]"), max_size=30)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=st.text(VISIBLE, min_size=16, max_size=60), before=AROUND, after=AROUND, data=st.data())
def test_a_secret_anywhere_in_any_encoding_is_scrubbed(secret: str, before: str, after: str, data) -> None:
    before_this = dict(secrets._registry)
    try:
        register(secret)
        form = data.draw(st.sampled_from(known_encodings(secret)))
        done = scrub(before + form + after)
        assert form not in done
        assert secret not in done
        assert secrets.MASK in done
    finally:
        secrets._registry.clear()
        secrets._registry.update(before_this)


MANY = [f"{n:03d}-of-many-{'xyz'[n % 3] * (8 + n % 5)}/+" for n in range(400)]
FORMS = Forms(MANY)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(MANY), max_size=4), AROUND, st.data())
def test_many_secrets_are_found_as_one_by_one(chosen: list[str], between: str, data) -> None:
    shown = between.join(data.draw(st.sampled_from(known_encodings(secret))) for secret in chosen)
    one_by_one = [form for form in FORMS.all if form in shown]
    assert FORMS.within(shown) == one_by_one
    assert FORMS.within(shown + " " * len(FORMS.all)) == one_by_one
    assert len(one_by_one) >= len(set(chosen))


def test_the_forms_of_known_secrets_are_not_made_again_for_every_text(monkeypatch) -> None:
    """With more secrets than a cache of single ones holds, a night of incidents made them anew for each text."""
    monkeypatch.setattr(secrets, "_registry", dict.fromkeys(MANY))
    scrub("warm")
    monkeypatch.setattr(encodings, "known_encodings", lambda _: pytest.fail("made again"))
    assert [scrub(secret) for secret in MANY] == [secrets.MASK] * len(MANY)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=80), st.binary(max_size=80)))
def test_whatever_is_pasted_is_judged_without_an_exception(pasted: str | bytes) -> None:
    before_this = dict(secrets._registry)
    try:
        facts, value = inspect(pasted, source="env")
    finally:
        secrets._registry.clear()
        secrets._registry.update(before_this)
    assert facts.usable == (value is not None)
    if value is not None:
        assert value.isascii()
        assert value.isprintable()
        assert " " not in value
    else:
        assert facts.problems
