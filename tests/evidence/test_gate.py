"""The gate: what must not leave is found however it is written; what may leave is left alone."""

from __future__ import annotations

import ast
import base64
import bz2
import io
import json
import lzma
import pickle
import random
import time
import zipfile

import pytest

from scimrunbook.evidence import gate as gates
from scimrunbook.evidence import rules, secret_words
from scimrunbook.evidence.gate import Gate, Known
from scimrunbook.evidence.share import RefusedError
from tests.conftest import ROOT
from tests.evidence import leaks, made

SECRET = "hQ7x-Zk2+wR9/tB4_mN8vC3pL6sD1fG5jY0uA="
EVIDENCE = ROOT / "scimrunbook" / "evidence"


def hits(name: str, content: str | bytes, **known) -> list[gates.Hit]:
    told = Known(**{k: frozenset(v) if isinstance(v, (set, list)) else v for k, v in known.items()})
    return Gate(told).check({name: content.encode() if isinstance(content, str) else content})


@pytest.mark.parametrize("form", leaks.encodings(SECRET))
def test_sr_18_a_known_secret_is_found_in_every_encoding(form: str) -> None:
    name, content = leaks.encodings(SECRET)[form]
    found = hits(name, content, secrets={SECRET})
    assert [h for h in found if h.rule.startswith("known secret")], found
    assert SECRET not in str(found)


def packed() -> dict[str, bytes]:
    """What a secret may be packed into besides text; the gate opens none of these."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", SECRET)
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("in.zip", inner.getvalue())
    return {
        "zip": inner.getvalue(), "zip in zip": outer.getvalue(), "pickle": pickle.dumps({"t": SECRET}),
        "UTF-16": SECRET.encode("utf-16"), "lzma": lzma.compress(SECRET.encode()), "bz2": bz2.compress(SECRET.encode()),
    }  # fmt: skip


@pytest.mark.parametrize("kind", packed())
def test_sr_18_23_what_cannot_be_looked_into_does_not_pass(kind: str) -> None:
    raw = packed()[kind]
    for name in ("a.zip", "a.txt", "a.json"):
        assert hits(name, raw, secrets={SECRET}), "as a file"
    found = hits("a.json", json.dumps({"body": base64.b64encode(raw).decode()}), secrets={SECRET})
    assert found, "as text"


@pytest.mark.parametrize("name", [".json", ".html", ".ipynb", ".csv", ".md", ".eml", ".txt"])
def test_sr_17_every_kind_of_file_and_every_name_is_looked_through(name: str) -> None:
    content = json.dumps({"x": SECRET}) if name in (".json", ".ipynb") else f"<p>{SECRET}</p>"
    assert hits(f"a{name}", content, secrets={SECRET})
    token = "sk9x2mQ7vB4nR8tY3wZ6"
    found = hits(f"{token}{name}", "{}", secrets={token})
    assert found and token not in str(found)
    assert hits("../a.json", "{}") and hits("a\u202eb.json", "{}") and hits("a b.json", "{}")


@pytest.mark.parametrize("kind", sorted(set(leaks.SECRETS) - {"uuid", "hex 40", "hex 64", "opaque 32", "opaque 43"}))
def test_sr_19_unknown_secrets_are_found_by_rule(kind: str) -> None:
    rng = random.Random(f"rules {kind}")
    for carrier in ("header", "json", "yaml", "env", "har", "curl"):
        secret = leaks.SECRETS[kind](rng)
        name, content = leaks.CARRIERS[carrier](secret)
        found = list(rules.unknown_secrets(content))
        assert found, f"{kind} in {carrier}"
        assert name


@pytest.mark.parametrize(
    "text",
    ["Cookie: sid=8f7d6a5s4d3f2g1h9; path=/", '{"password":"1mz050nq"}', "stateToken=02.id.AbC-123dEf456GhI789",
     "-----BEGIN RSA PRIVATE KEY-----", '{"kty":"RSA","d":"AbCdEfGhIjKlMnOpQrStUv12"}', "?sig=Zm9vYmFyMTIzNDU2",
     "https://svc:hunter22@proxy.example/", "Authorization: Basic dXNlcjpwYXNzd29yZDE=",
     "DPoP: eyJhbGciOiJFUzI1.eyJqdGkiOi",
     '{"key": "SecretToken", "value": "qwErtyUiopAsdfGh"}',
     "client_secret = s3cr3t-Value-77", "password: ab%cd-Kx91%Qm", "token=s9xQ2mZ7%3C/text%3E"],
)  # fmt: skip
def test_sr_19_the_other_shapes(text: str) -> None:
    assert list(rules.unknown_secrets(text)), text


def test_sr_20_an_identifier_passes_only_if_it_is_registered() -> None:
    rng = random.Random(20)
    for kind in ("uuid", "hex 40", "opaque 32", "opaque 43"):
        value = leaks.SECRETS[kind](rng)
        assert hits("a.md", f"the value {value} here"), kind
        assert not hits("a.md", f"the value {value} here", safe={value, value.strip("=~._-/+")}), kind
        assert not hits("a.txt", f"/Users/{value}?x", safe={value, value.strip("=~._-/+")}), kind


@pytest.mark.parametrize(
    "text",
    ["[REDACTED]", "Authorization: Bearer [REDACTED]", "Bearer <redacted>", "[Redacted]", '"token": null', "token: ***",
     '"password": "[value removed]"', "credential: env:CATALOG_SCIM_TOKEN", "token.did_not_change (fail)",
     "SystemForCrossDomainIdentityManagementInvalidCredentials", "urn:ietf:params:scim:schemas:core:2.0:User",
     "https://api.us.castordoc.com/auth/scim/Users?filter=userName", "secret_expires: 2026-11-20T11:20:00Z",
     "token: as_typed_in_provider", "InvalidCredentials: 1%3C/text%3E%3Cpath d=%22M0.0%22",
     "application.integration.authentication_failure"],
)  # fmt: skip
def test_sr_21_what_is_no_secret_is_left_alone(text: str) -> None:
    assert not hits("a.md", f"{text}\n", secrets={SECRET})


HOSTILE = {
    "a": "a" * 300_000,
    ".token": ".token" * 50_000,
    "eyJ": "eyJ" * 100_000,
    "=": "password=" * 30_000,
    "<": "<" * 300_000,
    "%": "%41" * 100_000,
    "&": "&amp;" * 60_000,
    "\\": "\\u0041" * 50_000,
    "@": "a@" * 150_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_sr_22_hostile_text_takes_linear_time(text: str) -> None:
    began = time.process_time()
    hits("a.txt", HOSTILE[text], secrets={SECRET}, people={"ada@x.example"})
    assert time.process_time() - began < 10
    began = time.process_time()
    made.redactor().text(HOSTILE[text])
    assert time.process_time() - began < 10, "the redactor"


def test_sr_22_only_linear_patterns_judge_hostile_text() -> None:
    for path in EVIDENCE.glob("*.py"):
        if path.name in ("secrets.py", "purge.py"):  # a pasted token and our own folder names: bounded, no repetition
            continue
        names = {a.name for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Import) for a in n.names}
        assert not names & {"re", "regex"}, path.name


@pytest.mark.parametrize(
    "name", ["a.pkl", "a.har", "a.exe", "a.png", "a.sqlite", "a.zip", "a.parquet", "a", ".hidden", "a.ipynb.bak"]
)
def test_sr_23_unknown_kinds_are_refused(name: str) -> None:
    assert hits(name, "{}")


def test_sr_23_unreadable_binary_and_oversize_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hits("a.txt", b"\xff\xfe\x00")
    assert hits("a.txt", b"PK\x00\x00")
    assert hits("a.json", "{not json")
    monkeypatch.setattr(gates, "MAX_FILE", 10)
    assert hits("a.txt", "a" * 11)


def test_the_gate_that_fails_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(gates.views, "without_tags", broken)
    found = hits("a.txt", "harmless")
    assert found and "the gate itself failed" in found[0].rule and SECRET not in str(found)


def test_sr_24_a_hit_names_rule_file_and_line_and_never_the_value() -> None:
    found = hits("notes.md", f"one\ntwo\ntoken: {SECRET}\nada@x.example\n", people={"ada@x.example"})
    assert {(h.file, h.line) for h in found if h.line} == {("notes.md", 3), ("notes.md", 4)}
    told = str(RefusedError(found))
    assert "notes.md, line 3" in told
    assert not [SECRET[i : i + 8] for i in range(len(SECRET) - 8) if SECRET[i : i + 8] in told] and "ada" not in told


def test_sr_25_a_waiver_names_a_value_by_its_hash_and_never_a_known_secret() -> None:
    value = "Zx81-Qm27-Lk93-Pt46-Wv58"
    first = hits("a.md", value, digest=lambda v: f"w{len(v)}")
    assert first and first[0].waiver == f"w{len(value)}"
    assert not hits("b.md", f"elsewhere {value}", digest=lambda v: f"w{len(v)}", waived={f"w{len(value)}"})
    known = hits("a.md", SECRET, secrets={SECRET}, digest=lambda v: "w", waived={"w"})
    assert known and all(h.waiver is None for h in known)


def test_sr_27_one_list_of_secret_words() -> None:
    assert rules.PATTERN is secret_words.PATTERN
    lists = []
    for path in (ROOT / "scimrunbook").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            words = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if "[?&]" not in words and {"token", "secret", "password"} <= set(
                words.lower().replace("(?:", "|").split("|")
            ):
                lists.append(path.name)
    assert lists == []


PLANTS = {
    "a.json": '{{"x": "{0}"}}', "a.html": "<p>{0}</p>", "a.csv": '"{0}"', "a.md": "* {0}", "a.eml": "To: {0}",
    "a.txt": "{0}", "a.ipynb": '{{"cells": [{{"source": ["x = \'{0}\'"]}}]}}',
}  # fmt: skip
FORMS = {
    "plain": "ada.lovett@northwind.example", "upper": "ADA.LOVETT@NORTHWIND.EXAMPLE",
    "url": "ada.lovett%40northwind.example",
    "html": "ada.lovett&#64;northwind.example", "id": "0a1b2c3d-1111-4222-8333-444455556666", "name": "Adaline Løvett",
    "turned": "Løvett, Adaline", "no accents": "ADALINE LOVETT", "escaped": "Adaline L\\\\u00f8vett",
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.parametrize("form", FORMS)
def test_sr_34_somebody_the_run_knows_is_found_by_other_means(name: str, form: str) -> None:
    told = {"people": {"ada.lovett@northwind.example", "0a1b2c3d-1111-4222-8333-444455556666"},
            "names": {("adaline", "løvett"), ("løvett", "adaline"), ("adaline", "lovett"),
                      ("lovett", "adaline")}}  # fmt: skip
    assert [h for h in hits(name, PLANTS[name].format(FORMS[form]), **told) if h.rule.startswith("somebody")]
    assert not hits(name, PLANTS[name].format("user-7k3mq2abcd of Catalog"), **told)


def test_a_name_that_markup_splits_is_found() -> None:
    told = {"people": {"ada.lovett@northwind.example"}}
    assert hits("a.html", "<p>ada.lo<b>vett</b>@northwind.example</p>", **told)


@pytest.mark.parametrize("cut", range(-80, 61, 5))
def test_nobody_falls_between_the_pieces_of_a_large_file(cut: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "PIECE", 1000)
    monkeypatch.setattr(gates, "OVERLAP", 100)
    people, names = {"ada.lovett@northwind.example"}, {("adaline", "lovett")}
    for said, told in (("ada.lovett@northwind.example", {"people": people}), ("Adaline Lovett", {"names": names}),
                       ("Zx81Qm27Lk93Pt46Wv58Yd14" * 3, {}), (f"it was {SECRET}", {"secrets": {SECRET}})):  # fmt: skip
        for filler in ("word " * 400, "x\n" * 1000):
            text = filler[: 1000 + cut].rstrip("x") + f" {said} " + filler
            assert hits("a.txt", text, **told), (said, cut)
            assert not hits("a.txt", text.replace(said, "nobody"), **told)
            assert told or not hits("a.txt", text, safe={said}), "half of a registered id"


def test_sr_40_the_machine_is_not_told() -> None:
    for own in ("canaryuser", "/" + "home/canaryuser", "build-host-7"):
        assert hits("a.txt", f"File {own}/x.py", machine={own})


def recall(seed: object, registered: bool) -> tuple[float, list[str]]:
    rng = random.Random(str(seed))
    missed, total = [], 0
    for kind, make in leaks.SECRETS.items():
        for carrier, carry in leaks.CARRIERS.items():
            for _ in range(3):
                name, content = carry(make(rng))
                total += 1
                if registered:
                    found = bool(hits(name, content))
                else:
                    found = bool(list(rules.unknown_secrets(gates.views.decoded(name, content))))
                if not found:
                    missed.append(f"{kind} in {carrier}")
    return 1 - len(missed) / total, missed


@pytest.mark.slow
def test_sr_20_recall_on_secrets_made_just_now() -> None:
    """New values at every run: with registered identifiers at least 0.99, by rules alone at least 0.69."""
    seed = time.time_ns()
    found, missed = recall(seed, registered=True)
    assert found >= 0.99, (seed, sorted(set(missed)))
    by_rule, missed = recall(seed, registered=False)
    assert by_rule >= 0.69, (seed, by_rule, sorted(set(missed)))


@pytest.mark.slow
def test_sr_21_no_false_alarm_in_ten_megabytes_of_logs() -> None:
    ids: set[str] = set()
    log = leaks.clean_log(random.Random(time.time_ns()), 10, ids)
    found = hits("a.txt", log, safe=ids, secrets={SECRET}, people={"ada@x.example"}, names={("ada", "lovett")})
    assert found == []
