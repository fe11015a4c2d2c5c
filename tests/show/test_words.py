"""Hostile text is harmless in every face; times and counts read as people write them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrunbook.show.words import age, count, esc, md, moment, plain, prose, short, visible

PAYLOADS = [
    '<img src=x onerror="window.__pwn=1">',
    "</script><script>window.__pwn=1</script>",
    "[click](javascript:alert(1))",
    "\u202egnp.exe",
    "\x1b]0;owned\x07\x1b[31mred",
    '" onmouseover="x',
    "@everyone `rm` | pipe",
]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_sr_66_html_text_and_attribute_stay_text(payload: str) -> None:
    parser = _Tags()
    parser.feed(f'<p title="{esc(payload)}">{esc(payload)}</p>')
    assert [t for t, _ in parser.tags] == ["p"]
    assert [name for name, _ in parser.tags[0][1]] == ["title"]


@given(st.text())
def test_any_text_gives_one_element(text: str) -> None:
    parser = _Tags()
    parser.feed(f'<p title="{esc(text)}">{esc(text)}</p>')
    assert [t for t, _ in parser.tags] == ["p"]


@given(st.text())
def test_sr_68_nothing_steers_a_terminal(text: str) -> None:
    said = plain(text)
    assert "\n" not in said
    assert not any(ord(c) < 32 or 0x7F <= ord(c) <= 0x9F or 0x202A <= ord(c) <= 0x202E for c in said)


def test_sr_68_invisible_characters_are_named() -> None:
    assert visible("a\u200bb\u202ec") == "a\\u{200B}b\\u{202E}c"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_sr_68_markdown_stays_text(payload: str) -> None:
    from markdown_it import MarkdownIt

    html = MarkdownIt("commonmark", {"html": True}).render(md(payload))
    parser = _Tags()
    parser.feed(html)
    assert {t for t, _ in parser.tags} <= {"p"}


@given(st.text("ab1 _-*`[](){}<>#+.!|~$&@\\:=\n\"'/;"))
def test_sr_68_markdown_shows_the_very_text_and_no_markup(text: str) -> None:
    from markdown_it import MarkdownIt

    parser = _Tags()
    parser.feed(MarkdownIt("commonmark", {"html": True}).render(f"- {md(text)}"))
    assert {t for t, _ in parser.tags} <= {"ul", "li"}
    assert " ".join("".join(parser.said).split()) == plain(text)


def test_sr_68_markdown_stays_readable_where_nothing_renders_it() -> None:
    for said in ("CAT-1042", "2026-11-20 13:56 UTC", "Okta Admin Console > Applications (all)", "push_profile"):
        assert md(said) == said
    assert md("_a_ - b") == "\\_a\\_ \\- b" and md("> a") == "\\> a" and md("1. a") == "1\\. a"


def test_moments_are_utc() -> None:
    assert moment("2026-11-20T15:00:00+01:00") == "2026-11-20 14:00 UTC"
    assert moment(None) == "—"


def test_ages_and_counts() -> None:
    assert [age(s) for s in (5, 90, 600, 7300, 200_000)] == [
        "less than a minute",
        "a minute",
        "10 minutes",
        "2 hours",
        "2 days",
    ]
    assert count(1, "person", "people") == "1 person"
    assert count(2100, "person", "people") == "2,100 people"


def test_sr_68_a_bare_address_in_markdown_is_no_link_but_catalogs_own_can_be_copied() -> None:
    # what GitHub's Markdown makes a link of: a scheme behind anything but a letter, www behind a blank or one of *_~(
    alive = re.compile(r"(?i)(?<![a-z])(?:https?|ftp)://|(?<![^\s*_~(])www\.")
    behind = ("1https://evil.example", "_https://evil.example", "ühttps://evil.example", "_www.evil.example")
    for address in ("https://evil.example/reset", "HTTP://evil.example", "www.evil.example", "see https://a.example.",
                    *behind):  # fmt: skip
        assert alive.search(address) and not alive.search(md(address))
    own = "https://api.us.castordoc.com/auth/scim"
    assert md(own) == own and md(f"is {own}.") == f"is {own}."
    for evil in (f"{own}@evil.example", "https://api.us.castordoc.com.evil.example", "https://app.castordoc.com@evil"):
        assert not alive.search(md(evil)) or "\\@" in md(evil)


def test_an_endless_name_is_cut_and_that_is_said() -> None:
    assert short("x" * 10_000 + " and more") == "x" * 120 + "… (10,000 characters) and more"
    assert short("x" * 400) == "x" * 400
    assert all(len(face("<" * 10_000)) < 1200 for face in (plain, md, prose))


def test_a_time_in_a_sentence_is_kept_on_one_line() -> None:
    assert prose("since 2026-11-18 15:07 UTC & on") == 'since <span class="srb-at">2026-11-18 15:07 UTC</span> &amp; on'
