"""Findings as HTML cards and as plain text; the same in a notebook and in the report."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from scimrunbook.show.tables import table
from scimrunbook.show.words import STATUS, count, esc, moment, plain, prose

_SHOWN_AFFECTED = 20
_FIRST_AFFECTED = 3  # of them already beside the fold
_HEAD = {"gap": "in Catalog", "how": "found by"}
_SAID = {
    ("gap", "missing"): "not yet in it",
    ("gap", "left_over"): "still in it",
    ("", "True"): "yes",
    ("", "False"): "no",
}
_HEALTHY_IS = '<span class="srb-soft">healthy is:</span> '


def style() -> str:
    """The style sheet; it travels with every fragment, since a notebook's output stands alone."""
    return files("scimrunbook.show").joinpath("style.css").read_text("utf-8")


def fragment(*parts: str) -> str:
    """HTML for one notebook output. ``mathjax_ignore`` keeps JupyterLab from reading ``$5 to $6`` as a formula."""
    return f'<style>{style()}</style><div class="srb mathjax_ignore tex2jax_ignore">{"".join(parts)}</div>'


def actions(items: list[dict[str, str]], heading: str = "Do this", said: Callable[[str], str] = str) -> str:
    if not items:
        return ""
    rows = "".join(
        f"<li>{prose(said(a['what']))}"
        + (f' <span class="srb-soft">({prose(said(a["why"]))})</span>' if a.get("why") else "")
        + (f'<span class="srb-where">{esc(a["where"])}</span>' if a.get("where") else "")
        + "</li>"
        for a in items
    )
    return f"<h4>{esc(heading)}</h4><ol>{rows}</ol>"


def card(finding: dict[str, Any], name: Callable[[str], str] = str, said: Callable[[str], str] = str) -> str:
    """One finding. Broken ones are open; a healthy one is a single line that unfolds.

    ``name`` gives the name of a key, ``said`` a sentence with the local time beside UTC.
    """
    symbol, word = STATUS[finding["status"]]
    facts = [
        ("Should be", finding["expected"]),
        ("Found", finding["actual"] if finding["status"] not in ("fail", "warn") else ""),
        ("Since", moment(finding["since"]) if finding.get("since") else ""),
        ("Blocked by", finding["blocked_by"] or ""),
        ("To check this", finding["needs"]),
    ]
    rows = "".join(f"<dt>{esc(k)}</dt><dd>{prose(said(v))}</dd>" for k, v in facts if v)
    body = []
    if finding["status"] in ("fail", "warn"):
        body.append(f"<p>{prose(said(finding['actual']))}</p>")
    if rows:
        body.append(f"<dl>{rows}</dl>")
    if manual := finding["manual"]:
        body.append(_manual(manual, finding.get("answer"), said))
    unanswered = finding["status"] == "manual"
    body.append(actions(finding["actions"], "If it is not so, do this" if unanswered else "Do this", said))
    body += [table(e["caption"], _named(e["columns"]), _rows(e, name), e["total"]) for e in finding["evidence"]]
    body.append(affected(finding["affected"], name))
    body.append(
        f"<p><small>{esc(finding['id'])}"
        + (f' · <a href="{esc(finding["guide"])}" rel="noreferrer">the guide on this</a>' if finding["guide"] else "")
        + "</small></p>"
    )
    inside = "".join(body)
    title = f"<b>{symbol} {esc(word)}</b> · {_HEALTHY_IS if _unwell(finding) else ''}{esc(finding['title'])}"
    if finding["status"] in ("pass", "skipped"):
        return (
            f'<div class="srb-card srb-{finding["status"]}"><details><summary>{title}</summary>{inside}</details></div>'
        )
    return f'<div class="srb-card srb-{finding["status"]}"><h3>{title}</h3>{inside}</div>'


def _unwell(finding: dict[str, Any]) -> bool:
    """Its title, the healthy state, would read as if that were found: it is then said that it is only the aim."""
    return finding["status"] not in ("pass", "skipped")


def _named(columns: list[str]) -> list[str]:
    """Columns of the snapshot as words."""
    return [_HEAD.get(c, c.removesuffix("_key").replace("_", " ")) for c in columns]


def _rows(evidence: dict[str, Any], name: Callable[[str], str]) -> list[list[str]]:
    """The rows as words: a name in the place of every key, since an id means nothing to a reader; yes, not True."""
    columns = evidence["columns"]
    return [[_word(c, v, name) for c, v in zip(columns, row, strict=True)] for row in evidence["rows"]]


def _word(column: str, value: str, name: Callable[[str], str]) -> str:
    if column.endswith("_key") or column == "owner":
        return name(value)
    if column in ("how", "what"):  # names of ours: external_id, app_settings
        return value.replace("_", " ")
    return _SAID.get((column, value)) or _SAID.get(("", value)) or value


def _manual(manual: dict[str, Any], answer: dict[str, Any] | None, said: Callable[[str], str]) -> str:
    told = ""
    if answer:
        who = f" by {esc(answer['by'])}" if answer.get("by") else ""
        note = f" Note: {esc(answer['note'])}" if answer.get("note") else ""
        when = said(moment(answer.get("at")))
        told = f"<p>Answered: <b>{esc(answer['answer'])}</b>{who}, {prose(when)}.{note}</p>"
    return (
        f"<p>{esc(manual['question'])}</p><span class='srb-where'>{esc(manual['where'])}</span>"
        f"<p class='srb-soft'>Possible answers: {esc(' · '.join(manual['answers']))}. "
        f"Answer it in JupyterLab, below this section, or in the incident file under <code>answers:</code>.</p>{told}"
    )


def affected(who: dict[str, Any], name: Callable[[str], str]) -> str:
    if not who["count"]:
        return ""
    keys = who["keys"][:_SHOWN_AFFECTED]
    rest = who["count"] - len(keys)
    names = ", ".join(esc(name(k)) for k in keys) + (f" and {rest:,} more" if rest else "")
    first = ", ".join(esc(name(k)) for k in keys[:_FIRST_AFFECTED])
    if who["count"] <= _FIRST_AFFECTED:
        return f"<p>Affected ({who['count']:,}): {first}</p>"
    return f"<details><summary>Affected ({who['count']:,}), among them {first}</summary><p>{names}</p></details>"


def card_text(finding: dict[str, Any]) -> str:
    """The card for screens that show no HTML."""
    symbol, word = STATUS[finding["status"]]
    lines = [f"{symbol} {word}: {'healthy is: ' if _unwell(finding) else ''}{plain(finding['title'])}"]
    for label, key in (("found", "actual"), ("should be", "expected"), ("to check this", "needs")):
        if finding[key] and (finding["status"] != "pass" or key == "actual"):
            lines.append(f"    {label}: {plain(finding[key])}")
    lines += [f"    do: {plain(a['what'])} [{plain(a['where'])}]" for a in finding["actions"]]
    if finding["affected"]["count"]:
        lines.append(f"    affected: {count(finding['affected']['count'], 'record')}")
    return "\n".join(lines)
