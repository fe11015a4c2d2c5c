"""The two texts a run leaves for people: a comment to paste into the ticket, and a request to support."""

from __future__ import annotations

from typing import Any

from scimrunbook.show import support
from scimrunbook.show.view import View
from scimrunbook.show.words import PROVIDER, VERDICT, count, md, moment, word


def ticket_comment(view: View) -> str:
    """At most ten lines of Markdown: verdict, first causes, what to do, what is open, when to look again.

    Each line is an item of a list but the first, so that no blank line is needed between them.
    """

    def said(text: Any) -> str:
        return md(view.said(text))

    symbol, words = VERDICT[view.diagnosis["verdict"]]
    mark = "PRACTICE · " if view.practice else ""
    lines = [
        f"**{mark}{symbol} {md(words)}** · {md(view.incident['incident'])} · "
        f"{md(PROVIDER[view.incident['identity_provider']])} · as of {said(moment(view.diagnosis['as_of']))}",
        "",
    ]
    for place, found in enumerate(view.diagnosis["causes"][:3], 1):
        title = view.causes.get(found["cause"], {}).get("title", found["cause"])
        lines.append(f"{place}. **{md(title)}**: {said(found['why'])}")
        if place == 1 and found["actions"]:
            first = found["actions"][0]
            lines.append(f"   - Next: {md(first['what'])} ({md(first['where'])})")
        if found.get("ask") and not any("Needed to decide" in line for line in lines):
            lines.append(f"   - Needed to decide: {said(found['ask'])}")
        if place == 1 and (again := (found.get("look_again") or {}).get("text")):
            lines.append(f"   - {said(again)}")
    if view.tells_most:
        lines.append(f"- What would tell most: {said(view.tells_most)}")
    elif not view.diagnosis["causes"]:
        lines.append("No cause to name: every check that could be made found the healthy state.")
    hidden = [m for m in view.diagnosis.get("masked", ()) if m.get("kind") != "follows"]
    if hidden:
        lines.append("- Hidden until the first is mended: " + " ".join(said(m["actual"]) for m in hidden[:3]))
    if missing := view.diagnosis["not_checked"]:
        lines += [f"- Not checked: {', '.join(md(m['what']) for m in missing[:5])}" + _rest(len(missing) - 5)]
    return "\n".join(lines) + "\n"


def _rest(number: int) -> str:
    return f" and {number} more" if number > 0 else ""


def support_request(view: View) -> str:
    """What the guide asks for when support is contacted: region, provider, times, codes and steps. No screenshots."""
    needed = view.diagnosis["contact_support"]
    reason = needed["reason"].removeprefix("Contact support: ")
    failing = [f for f in view.findings if f["status"] in ("fail", "warn")]
    asked = [f"- {what}: {md(said)}" for what, said in support.answers(view) if what != "Error codes"]
    found = view.asked()
    lines = [
        f"# Support request: {md(view.incident['incident'])}",
        "",
        md(view.run["shared"])
        if view.run.get("shared")
        else "Private draft with raw details: send only the redacted bundle that `scimrunbook share` builds.",
        "",
        f"- Contact support now: {'yes' if needed['needed'] else 'no'}. {md(reason)}",
        *asked,
        f"- As of: {moment(view.diagnosis['as_of'])}",
        f"- Failed operations in what was collected: {count(found.failed, 'operation')}",
    ]
    lines += ["", "## Cause", "", *_causes(view), "", "## Affected accounts, by the id Catalog gave them", ""]
    lines += _accounts(view)
    lines += ["", "## What was tried, and what was changed", "", *_tried(view)]
    told = (("Error codes", found.codes), ("Step or event names", found.steps))
    for heading, values in told:
        lines += ["", f"## {heading}", ""]
        lines += [f"- {word(name)} ({number}×)" for name, number in list(values.items())[:10]] or ["- none recorded"]
    lines += ["", "## Error texts", ""]
    lines += [f"- {md(str(text)[:400])} ({number}×)" for text, number in list(found.texts.items())[:10]] or [
        "- none recorded"
    ]
    lines += ["", "## Findings", ""]
    lines += [f"- {md(f['id'])} ({f['status']}): {md(f['actual'])}" for f in failing] or ["- nothing broken was found"]
    lines += ["", "Please add a screenshot of the provisioning page yourself; none is packed here.", ""]
    return "\n".join(lines)


def _causes(view: View) -> list[str]:
    causes = view.diagnosis["causes"]
    titles = [view.causes.get(c["cause"], {}).get("title", c["cause"]) for c in causes]
    return [
        f"{n}. {md(title)}: {md(c['why'])} Rests on {md(c['finding'] or 'no finding')}."
        for n, (c, title) in enumerate(zip(causes, titles, strict=True), 1)
    ] or ["- none found"]


def _accounts(view: View) -> list[str]:
    """The first cause's people with each account at Catalog's side, or that none is known."""
    rows, more = support.accounts(view), view.asked().more
    return [f"- {word(account)} ({md(name)})" for name, account in rows] + (
        [f"- and {more:,} more" if rows else "- nobody in particular"] if more or not rows else []
    )


def _tried(view: View) -> list[str]:
    """The last changes of the settings, and what people answered: what support would ask next."""
    rows = [
        f"- {moment(at)}: {md(support.setting(what))}" + (f" ({md(detail[:200])})" if detail else "")
        for at, what, detail in view.asked().changes
    ]
    rows += [f"- {md(f['id'])}: answered {md(f['answer']['answer'])}" for f in view.findings if f.get("answer")]
    return rows or ["- no change of the settings and no answer is recorded"]
