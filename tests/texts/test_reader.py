"""What the reader makes of texts: layers, senses, context, honesty, hostile input."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrunbook.findings import Cause
from scimrunbook.texts import Context, read
from scimrunbook.texts.layers import MAX_CHARS, split
from tests.texts.texts import FRESH, Row, corpus, score


def test_the_corpus_of_our_own_is_read_right() -> None:
    rows = corpus()
    assert len({r.text for r in rows}) == len(rows) >= 150
    seen = score([r for r in rows if not r.unseen])
    unseen = score([r for r in rows if r.unseen])
    assert seen["right"] >= 0.95 * seen.total() and seen["wrong"] <= 2
    assert unseen["right"] >= 0.9 * unseen.total() and unseen["wrong"] <= 3


def test_fresh_texts_are_read_right_or_asked_about() -> None:
    found = score(corpus(FRESH))
    assert found["wrong"] <= 2 and found["right"] >= 0.82 * found.total(), found


def test_real_failures_are_read_right_or_asked_about(shared: Path) -> None:
    lines = (shared / "corpus/failures.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line) for line in lines]
    hard = [t for t in texts if t["label_confidence"] >= 0.8 and not t["states_own_cause"]]
    rows = [Row(t["label"], t["provider"], t["kind"], t["http_status"], t["text"]) for t in hard]
    assert len(rows) == 40
    found = score(rows)
    assert found["wrong"] <= 2 and found["right"] >= 30, found


def test_the_remote_words_outrank_the_wrapper_and_the_status() -> None:
    said = "Forbidden. Errors reported by remote server: "
    assert read(f"{said}No seats left", None, "okta_log", 403).cause == "catalog_side"
    assert (
        read(f"{said}Provisioning is paused for this account", None, "okta_log", 403).cause == "integration_not_enabled"
    )
    assert read(f"{said}nothing to say", None, "okta_log", 403).cause == "url_or_token"
    body = json.dumps({"detail": "Invalid bearer token", "status": "400"})
    assert (
        read(f"StatusCode: BadRequest\r\nMessage: x\r\nWeb Response: \r\n{body}", None, "entra_log").cause
        == "url_or_token"
    )
    filtering = "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering"
    body = json.dumps({"scimType": "uniqueness", "detail": "user already exists", "status": "409"})
    assert (
        read(f"StatusCode: Conflict\nWeb Response: {body}", None, "entra_log", None, filtering).cause
        == "duplicate_identity"
    )
    assert read("", None, "entra_log", None, filtering).cause == "unknown"


@pytest.mark.parametrize(
    ("text", "opposite"),
    [
        ("Provisioning is disabled", "Provisioning is not disabled"),
        ("The user is not assigned to the app", "The user is assigned to the app"),
        ("Nobody switched provisioning on", "Provisioning is on"),
        ("We did not restart the job", "We restarted the job"),
    ],
)
def test_a_negation_turns_the_sense(text: str, opposite: str) -> None:
    assert read(text, None, "symptom").cause != "unknown"
    assert read(opposite, None, "symptom").cause == "unknown"


def test_context_breaks_a_tie_but_invents_nothing() -> None:
    text = "Access denied"
    assert read(text, None, "okta_log").cause == "url_or_token"
    assert read(text, None, "okta_log", context=Context("one", True)).cause == "unknown"
    assert read("", None, None, context=Context("one", True)).cause == "unknown"


def test_unknown_always_asks_and_an_answer_always_acts() -> None:
    for row in corpus():
        found = row.reading()
        assert 0 <= found.confidence < 1 and found.source and found.meaning
        assert bool(found.ask) is (found.cause == "unknown")
        assert bool(found.actions) is (found.cause != "unknown")
        assert found.cause == "unknown" or found.family in Cause


def test_a_cut_answer_is_still_read() -> None:
    whole = (
        'Bad Request. Errors reported by remote server: {"schemas":["x"],"detail":"userName is already taken by some'
    )
    assert split(whole).detail == ("userName is already taken by some",)
    assert read(whole, None, "okta_log").cause == "duplicate_identity"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.sampled_from([None, "okta_log", "entra_log", "scim_response", "symptom", "odd"]))
def test_no_text_breaks_it(text: str, kind: str | None) -> None:
    found = read(text, None, kind)
    assert json.dumps([found.cause, found.meaning, found.ask])


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "not " * n,
        lambda n: "{" * n,
        lambda n: '{"a":' * n,
        lambda n: "[" * n + "{}",
        lambda n: "<" * n,
        lambda n: '"detail":"' * n,
        lambda n: "StatusCode: " * n,
        lambda n: "http a.b.c " * n,
        lambda n: "a@" * n,
        lambda n: "user already exists " * n,
        lambda n: "\\n" * n,
        lambda n: " " * n,
        lambda n: "A1" * n,
    ],
)
def test_hostile_texts_are_read_in_no_time(make: Callable[[int], str]) -> None:
    read.cache_clear()
    started = time.process_time()
    read(make(1_000_000)[:3_000_000] + str(random.random()))
    assert time.process_time() - started < 1.0
    assert len(split(make(1_000_000)).outer) <= MAX_CHARS


def test_a_text_whose_kind_nobody_told_is_read_no_worse() -> None:
    rows = corpus()
    told = [read(r.text, r.provider if r.provider in ("okta", "entra") else None, None, r.http_status) for r in rows]
    assert sum(t.cause == r.label for t, r in zip(told, rows, strict=True)) >= 0.95 * len(rows)
    assert read("Nested group members do not get an account").cause == "assignment_scope"
