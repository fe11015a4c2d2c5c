"""SR-72: each control is needed. The list below takes one away at a time; a test that holds it must then fail.

Not in the list: what has no switch of its own because a library does it (EmailMessage refuses line breaks in headers,
ZipFile's checks, httpx follows nothing unless told), bounds that a test sets itself, and what needs a whole process.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from scimrunbook.evidence import csvs, gate, records, secrets
from scimrunbook.show.report import report
from scimrunbook.show.words import esc, plain
from scimrunbook.sources.failures import ForeignOrigin
from scimrunbook.sources.transport import Origin, ReadOnlyTransport
from tests import test_engine, test_incident_file
from tests.evidence import test_gate, test_private, test_redaction, test_requirements, test_seal, test_secrets
from tests.show import test_support, test_words
from tests.sources import test_http
from tests.sources.exports import test_folder

pytestmark = pytest.mark.slow
Held = Callable[[Path, pytest.MonkeyPatch], Any]
E = "scimrunbook.evidence"


def spelled(spelling: str) -> Held:
    return lambda *_: test_redaction.test_sr_31_a_person_is_found_in_every_spelling(spelling)


def encoded(form: str) -> Held:
    return lambda *_: test_gate.test_sr_18_a_known_secret_is_found_in_every_encoding(form)


def known(form: str) -> Held:
    return lambda *_: test_gate.test_sr_34_somebody_the_run_knows_is_found_by_other_means("a.html", form)


def called(test: Callable[..., Any], *arguments: Any) -> Held:
    return lambda *_: test(*arguments)


def foreign(*_: Any) -> None:
    origin = Origin("https", "api.castordoc.com", 443)
    wire = ReadOnlyTransport(httpx.MockTransport(lambda request: httpx.Response(200)), origin)
    with pytest.raises(ForeignOrigin):
        wire.handle_request(httpx.Request("GET", "https://evil.example/", headers={"Authorization": "Bearer x"}))


def terminal_is_steered_by_nobody() -> None:
    assert "\x1b" not in plain("\x1b]52;c;x\x07")


def taken(tmp: Path, patch: pytest.MonkeyPatch) -> None:
    test_secrets.test_sr_03_the_environment_is_emptied_and_the_token_still_there_for_a_second_incident(patch, tmp)


def unsealed(tmp: Path, _: pytest.MonkeyPatch) -> None:
    test_seal.test_sr_44_without_a_signature_too(tmp)


def vault(tmp: Path, patch: pytest.MonkeyPatch) -> None:
    test_secrets.test_sr_04_other_backends_are_refused(patch, tmp)


def cell_is_harmless() -> None:
    assert csvs.cell("=1+1").startswith("'")


def html_stays_text() -> None:
    assert "<" not in esc("<script>")


def stranger(tmp: Path, _: pytest.MonkeyPatch) -> None:
    test_seal.test_sr_45_a_strangers_key_and_another_purpose_are_refused(test_seal.sealed_in(tmp), tmp)


def written_over(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def archive_of(case: str) -> Held:
    """One of the hostile archives, by what its row says."""
    mark = next(m for m in test_folder.test_sr_62_hostile_archives_are_refused.pytestmark if m.name == "parametrize")
    data, name, reason = next(c for c in mark.args[1] if case in c[1])

    def held(tmp: Path, _: pytest.MonkeyPatch) -> None:
        test_folder.put(tmp, "users.json", test_folder.USERS)
        test_folder.test_sr_62_hostile_archives_are_refused(tmp, data, name, reason)

    return held


class PlainOnly:
    """Instead of every form of a secret, the secret alone."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self.all = list(known)

    def within(self, text: str) -> list[str]:
        return [k for k in self.all if k in text]


def report_has_a_policy() -> None:
    assert "default-src 'none'" in report(test_support.view())


NEVER = re.compile(r"(?!)")

# control: what is replaced, by what, and the test that has to notice
CONTROLS: dict[str, tuple[str, Any, Held]] = {
    "secrets are scrubbed from texts": (
        f"{E}.redactor.scrub", lambda t: t, called(test_redaction.test_a_secret_in_a_text_is_taken_out_first)),
    "everything known is matched exactly": (f"{E}.redactor._alone", lambda *_: False, spelled("name")),
    "escapes are undone": (f"{E}.redactor.unescaped", lambda t: t, spelled("filter")),
    "accents are folded": (f"{E}.identities.without_accents", lambda t: t, spelled("no accents")),
    "compatibility forms are folded": (
        f"{E}.canonical.unicodedata.normalize", lambda form, t: t, spelled("wide")),
    "guests are recognised": (f"{E}.redactor.Redactor._by_local", lambda *_: None, spelled("guest")),
    "unknown words are denied": (
        f"{E}.freetext.known", lambda w: True,
        called(test_redaction.test_sr_35_people_nobody_registered_are_never_fully_visible)),
    "words that are names go along": (
        f"{E}.freetext.FreeText._neighbours", lambda s, t: t,
        called(test_redaction.test_a_word_that_is_a_name_too_goes_with_the_unknown_one_beside_it)),
    "unknown fields are dropped": (
        f"{E}.records.FINDING", records.FINDING | {"x_secret": "plain"},
        called(test_redaction.test_sr_33_records_go_by_schema_and_unknown_fields_are_dropped_and_counted)),
    "pseudonyms are keyed": (
        f"{E}.pseudonyms.Pseudonymiser.digest", lambda s, k, v: (v * 32).encode()[:32],
        called(test_redaction.test_sr_29_pseudonyms_are_keyed_wide_and_blind_to_case_and_form)),
    "only who is revealed is shown": (
        f"{E}.policy.key_of", str.upper, called(test_redaction.test_sr_39_only_whom_the_incident_reveals_is_shown)),
    "the gate knows the secrets": (f"{E}.gate._automaton", lambda p: None, encoded("raw")),
    "in every encoding": (f"{E}.gate.known_encodings", lambda s: (s,), encoded("base64 wrapped")),
    "wrapped ones too": (f"{E}.views.squeezed", lambda t: t, encoded("wrapped")),
    "packed ones too": (f"{E}.views.inside", lambda r: iter(()), encoded("gzip")),
    "backwards too": (f"{E}.gate.WINDOW", 99, encoded("truncated")),
    "secrets are known by shape": (
        f"{E}.rules.harmless", lambda v, lenient: True,
        called(test_gate.test_sr_19_the_other_shapes, "?sig=Zm9vYmFyMTIzNDU2")),
    "placeholders are let off": (
        f"{E}.rules.harmless", lambda v, lenient: False,
        called(test_gate.test_sr_21_what_is_no_secret_is_left_alone, "Authorization: Bearer [REDACTED]")),
    "identifiers have to be registered": (
        f"{E}.gate.Gate._identifiers", lambda s, t: (),
        called(test_gate.test_sr_20_an_identifier_passes_only_if_it_is_registered)),
    "people are looked for again": (f"{E}.gate.Gate._people", lambda s, t: (), known("plain")),
    "by name too": (f"{E}.gate.Gate._pairs", lambda s, w: set(), known("turned")),
    "without markup": (
        f"{E}.views._INLINE", gate.re2.compile("never"), called(test_gate.test_a_name_that_markup_splits_is_found)),
    "kinds of files are listed": (
        f"{E}.gate.KINDS", gate.KINDS | {".pkl"}, called(test_gate.test_sr_23_unknown_kinds_are_refused, "a.pkl")),
    "names of files are judged": (
        f"{E}.gate._NAME", gate.re2.compile("(?s).*"),
        called(test_gate.test_sr_17_every_kind_of_file_and_every_name_is_looked_through, ".md")),
    "hits hide the value": (
        f"{E}.gate.Hit.__str__", lambda s: f"{s.file}, line {s.line} {test_gate.SECRET}",
        called(test_gate.test_sr_24_a_hit_names_rule_file_and_line_and_never_the_value)),
    "members are compared with their list": (f"{E}.verify.problems", lambda m: [], unsealed),
    "what the gate stops is not written": (
        f"{E}.gate.Gate.check", lambda s, m: [],
        lambda tmp, _: test_seal.test_sr_17_28_what_the_gate_stops_is_not_written(tmp)),
    "links are not sealed": (
        f"{E}.seal.only_regular", lambda f: None,
        lambda tmp, _: test_seal.test_sr_47_only_regular_files_are_sealed(tmp)),
    "a container holds nothing but its members": (f"{E}.verify.packed_alike", lambda m, c: True, unsealed),
    "a signature is somebody's": (f"{E}.seal.good_signature", lambda a, s: True, stranger),
    "maps are never written over": (
        f"{E}.private.create", written_over, lambda tmp, _: test_private.test_sr_37_key_and_map_are_private(tmp)),
    "the machine is looked for": (
        f"{E}.custody.machine", frozenset,
        lambda tmp, patch: test_private.test_sr_40_user_host_and_home_are_what_names_a_machine(tmp, patch)),
    "what is fetched is remembered": (
        f"{E}.secrets.register", lambda t: None,
        lambda tmp, _: test_secrets.test_a_malformed_token_is_scrubbed_too(tmp)),
    "scrubbing knows every form": (
        f"{E}.secrets._forms", PlainOnly,
        called(test_secrets.test_every_usual_encoding_is_scrubbed, test_secrets.TOKEN)),
    "notebooks are scrubbed": (
        "scimrunbook.engine.scrub", lambda t: t,
        lambda tmp, _: test_engine.test_sr_06_10_secrets_are_scrubbed_from_every_kind_of_output(tmp)),
    "unknown columns are dropped": (
        f"{E}.records.TABLES", records.TABLES | {"events": records.TABLES["events"] | {"x_new": "plain"}},
        called(test_redaction.test_sr_33_records_go_by_schema_and_unknown_fields_are_dropped_and_counted)),
    "unknown attributes lose their value": (
        f"{E}.records.ATTRIBUTES", records.ATTRIBUTES | {"salary": "plain"},
        called(test_redaction.test_sr_33_records_go_by_schema_and_unknown_fields_are_dropped_and_counted)),
    "account names are made from names": (
        f"{E}.identities.derived_forms", lambda g, f: set(), spelled("domain account")),
    "object ids are replaced": (f"{E}.redactor.Redactor.id", lambda s, v: v, spelled("guid upper")),
    "the tenant in a job's id is replaced": (
        f"{E}.records.tenant_in", lambda t: False,
        called(test_redaction.test_sr_30_the_tenant_in_a_job_id_has_one_pseudonym_everywhere)),
    "ids nobody registered are removed": (
        f"{E}.freetext.FreeText._words", lambda s, t: t,
        called(test_redaction.test_sr_20_an_identifier_in_free_text_goes_unless_a_structured_field_holds_it)),
    "no cell is a formula": (f"{E}.csvs._STARTS", "", called(cell_is_harmless)),
    "invisible characters are shown": (
        "scimrunbook.show.words.visible", str, called(terminal_is_steered_by_nobody)),
    "text is escaped in HTML": (
        "scimrunbook.show.words.html.escape", lambda t, quote=True: t, called(html_stays_text)),
    "Markdown stays text": (
        "scimrunbook.show.words._MARKDOWN", NEVER,
        called(test_words.test_sr_68_markdown_stays_text, "<img src=x onerror=alert(1)>")),
    "the report loads nothing": ("scimrunbook.show.report.POLICY", "", called(report_has_a_policy)),
    "only GET and HEAD": (
        "scimrunbook.sources.transport.READING", frozenset({"GET", "HEAD", "POST"}),
        called(test_http.test_sr_57_the_transport_refuses_every_method_but_get_and_head, "POST")),
    "one origin per credential": (
        "scimrunbook.sources.transport.ReadOnlyTransport.handle_request", lambda s, r: s._inner.handle_request(r),
        foreign),
    "token files are private": (
        f"{E}.stores._unfit", lambda *_: None,
        lambda tmp, _: test_secrets.test_sr_01_a_file_others_can_read_is_refused(tmp, 0o644)),
    "only a vault is a keyring": (f"{E}.stores._vaults", lambda b: [b], vault),
    "a token leaves the environment": (
        f"{E}.secrets._from_environment", lambda name: os.environ[name], taken),
    "a secret cannot print itself": (
        f"{E}.secrets.Secret.__format__", lambda s, spec: s.reveal(),
        called(test_secrets.test_sr_13_a_secret_prints_nowhere)),
    "a secret cannot be stored": (
        f"{E}.secrets.Secret.__reduce__", lambda s: (str, (s.reveal(),)),
        called(test_requirements.test_sr_16_a_secret_cannot_be_pickled_for_a_worker_or_a_cache)),
    "YAML without aliases": (
        "scimrunbook.incident_yaml._Reader.harmless", lambda s, t: True,
        called(test_requirements.test_sr_61_no_loader_that_executes_or_expands)),
    "origins are names": (
        "scimrunbook.sources.transport._is_address", lambda h: False,
        called(test_http.test_sr_54_bad_origins, "https://127.0.0.1", "url")),
    "loopback has no proxy": (
        "scimrunbook.sources.transport._loopback", lambda h: False,
        lambda _, patch: test_http.test_sr_56_only_https_proxy_is_used_and_no_proxy_is_heeded(patch)),
    "bodies are bounded": (
        "scimrunbook.sources.bodies._within", lambda chunks, limit, host: chunks,
        lambda _, patch: test_http.test_sr_59_bodies_are_bounded(patch)),
    "names in archives are plain": (
        "scimrunbook.sources.exports.files._STRANGE_NAME", NEVER, archive_of("C:")),
    "archives are no bombs": ("scimrunbook.sources.exports.files.MAX_RATIO", 10**9, archive_of("bomb")),
    "an incident is a folder": (
        "scimrunbook.incident._DEVICE", NEVER,
        called(test_incident_file.test_sr_63_what_can_be_no_folder_is_no_incident, "CON")),
    "JSON says a thing once": (
        "scimrunbook.sources.json_reading._object", dict,
        called(test_requirements.test_sr_60_json_is_bounded_and_unambiguous, b'{"a": 1, "a": 2}')),
    "JSON has no NaN": (
        "scimrunbook.sources.json_reading._no_constant", float,
        called(test_requirements.test_sr_60_json_is_bounded_and_unambiguous, b'{"a": NaN}')),
    "JSON is bounded": (
        "scimrunbook.sources.json_reading.depth", lambda t: 0,
        called(test_requirements.test_sr_60_json_is_bounded_and_unambiguous, b"[" * 200 + b"]" * 200)),
}  # fmt: skip


def fails(held: Held, folder: Path, patch: pytest.MonkeyPatch) -> bool:
    try:
        held(folder, patch)
    except (Exception, pytest.fail.Exception):
        return True
    return False


@pytest.mark.parametrize("control", CONTROLS)
def test_sr_72_without_this_control_a_test_fails(control: str, tmp_path: Path) -> None:
    target, replacement, held = CONTROLS[control]
    registered = dict(secrets._registry)
    for without in (False, True):
        folder = tmp_path / str(without)
        folder.mkdir()
        secrets._registry.clear()
        secrets._registry.update(registered)
        with pytest.MonkeyPatch.context() as patch:
            patch.delitem(secrets._taken, "SCIM_TEST_TOKEN", raising=False)
            if not without:
                held(folder, patch)
                continue
            patch.setattr(target, replacement)
            assert fails(held, folder, patch), "taken away, and the test still passes"
    secrets._registry.clear()
    secrets._registry.update(registered)
