"""Every rule as data: it takes its example, leaves its counter-example, and is refused where it is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from scimrunbook import guide
from scimrunbook.findings import Cause
from scimrunbook.texts import layers, reader
from scimrunbook.texts.layers import split
from scimrunbook.texts.rules import UNKNOWN, Example, Rule, RuleError, _rule, fixes, joined, rules
from scimrunbook.texts.vocabulary import classes, sentences


def holds(rule: Rule, example: Example) -> bool:
    layers = split(example.text, example.kind, example.http_status)
    parts = [[s for p in layers.detail for s in sentences(p)], sentences(layers.outer)]
    whole = joined(parts)
    return reader._fits(rule, layers, example.kind) and any(rule.holds(p, whole) for p in parts if p or not rule.all)


@pytest.mark.parametrize("rule", rules(), ids=lambda r: r.id)
def test_a_rule_takes_its_example_and_leaves_the_other(rule: Rule) -> None:
    assert holds(rule, rule.example)
    assert not holds(rule, rule.counter)
    assert rule.source in guide.SOURCES
    assert rule.meaning.endswith(".") and (rule.cause == UNKNOWN or rule.fix in fixes())


def test_every_family_has_rules_and_every_fix_is_used() -> None:
    assert {r.cause for r in rules()} == {*Cause, UNKNOWN}
    assert {r.fix for r in rules()} - {""} == set(fixes())


def test_rules_name_no_product() -> None:
    """A text of another application must be read alike."""
    words = {w for senses in classes().values() for entries in senses.values() for e in entries for w in e.split()}
    assert not words & {
        "catalog",
        "castor",
        "coalesce",
        "slack",
        "github",
        "zoom",
        "snowflake",
        "salesforce",
        "airtable",
    }
    assert max(len(e.split()) for s in classes().values() for entries in s.values() for e in entries) <= 5


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"all": ["no_such_class"]}, "no class of words: no_such_class"),
        ({"colour": "red"}, "unknown: colour"),
        ({"weight": 1.0}, "weight"),
        ({"example": ""}, "no example"),
        ({"cause": "bad_luck"}, "no cause family"),
        ({"fix": "hope"}, "no fix hope"),
        ({"cause": "unknown"}, "what would decide is not asked for"),
    ],
)
def test_a_wrong_rule_is_refused_by_name(change: dict[str, Any], told: str) -> None:
    good = {
        "id": "x.y",
        "weight": 0.5,
        "all": ["throttle"],
        "meaning": "m.",
        "source": "COAL",
        "example": "a",
        "counter": "b",
    }
    assert _rule("catalog_side", good).cause == Cause.CATALOG_SIDE
    with pytest.raises(RuleError, match=f"catalog_side.toml, x.y: .*{told}"):
        _rule("catalog_side", {**good, **change})


def test_a_pattern_is_passed_over_only_where_it_cannot_match() -> None:
    """Every pattern of the layers, on every text of the rules and its wrappers, in capitals and with odd letters."""
    patterns = [p for p in vars(layers).values() if isinstance(p, layers._Pattern)]
    wrappers = (
        "{}",
        "StatusCode: {}. Message: {}",
        "Error reported by remote server: {}",
        "Automatic provisioning of user Ada to app Catalog failed: Errors reported by connector: {}",
        'Web Response: <html>{}</html> {{"detail": "{}"}} urn:ietf:params:scim:api:messages:2.0:Error',
        "An error occurred while sending the request to the provisioning service. 404 {}",
        "Processing of the HTTP request resulted in an exception. {}",
    )
    said = [e.text for r in rules() for e in (r.example, r.counter)]
    texts = [w.replace("{}", t) for n, t in enumerate(said) for w in (wrappers[0], wrappers[n % len(wrappers)])]
    passed = 0
    for text in texts:
        for written in (text, text.upper(), text.replace("s", "\u017f").replace("i", "\u0131").replace("k", "\u212a")):
            for pattern in patterns:
                if not pattern.possible(written):
                    assert pattern.made.search(written) is None, (pattern.source, written)
                    passed += 1
    assert len(patterns) > 8 and passed > 1000
