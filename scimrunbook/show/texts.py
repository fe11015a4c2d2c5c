"""The two texts a run leaves for people: a comment to paste into the ticket, and a request to support."""

from __future__ import annotations

from typing import Any

from scimrunbook.show.localtime import local
from scimrunbook.show.view import View
from scimrunbook.show.words import PROVIDER, VERDICT, count, md, moment


def ticket_comment(view: View) -> str:
    """At most ten lines of Markdown: verdict, first causes, what to do, what is open, when to look again.

    Each line is an item of a list but the first, so that no blank line is needed between them.
    """

    def said(text: Any) -> str:  # what leaves the house tells no zone of the machine
        return md(text if view.run.get("shared") else local(str(text)))

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
        elif found.get("ask") and not any("Needed to decide" in line for line in lines):
            lines.append(f"   - Needed to decide: {said(found['ask'])}")
        if place == 1 and (again := (found.get("look_again") or {}).get("text")):
            lines.append(f"   - {said(again)}")
    if not view.diagnosis["causes"]:
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
    support = view.diagnosis["contact_support"]
    failing = [f for f in view.findings if f["status"] in ("fail", "warn")]
    since = min((f["since"] for f in failing if f.get("since")), default=None)
    events = view.tables["events"]
    failed = events[events["status"] == "failure"] if len(events) else events
    codes: Any = _with_the_job(failed["error_code"].dropna().value_counts() if len(failed) else {}, view)
    reasons: Any = failed["reason"].dropna().value_counts() if len(failed) else {}
    steps: Any = failed["step"].dropna().value_counts() if len(failed) else {}
    lines = [
        f"# Support request: {md(view.incident['incident'])}",
        "",
        md(view.run["shared"])
        if view.run.get("shared")
        else "Private draft with raw details: send only the redacted bundle that `scimrunbook share` builds.",
        "",
        f"- Contact support now: {'yes' if support['needed'] else 'no'}. {md(support['reason'])}",
        f"- Region: {md(view.incident['catalog_host'])}",
        f"- Identity provider: {md(PROVIDER[view.incident['identity_provider']])}",
        f"- Approximate time of failures: {moment(since) if since else 'not known'}",
        f"- As of: {moment(view.diagnosis['as_of'])}",
        f"- Failed operations in what was collected: {count(len(failed), 'operation')}",
    ]
    lines += ["", "## Cause", "", *_causes(view), "", "## Affected accounts, by the id Catalog gave them", ""]
    lines += _accounts(view)
    lines += ["", "## What was tried", "", *_tried(view)]
    for heading, values in (("Error codes", codes), ("Step or event names", steps), ("Error texts", reasons)):
        lines += ["", f"## {heading}", ""]
        lines += [f"- {md(text)[:400]} ({number}×)" for text, number in list(values.items())[:10]] or [
            "- none recorded"
        ]
    lines += ["", "## Findings", ""]
    lines += [f"- {md(f['id'])} ({f['status']}): {md(f['actual'])}" for f in failing] or ["- nothing broken was found"]
    lines += ["", "Please add a screenshot of the provisioning page yourself; none is packed here.", ""]
    return "\n".join(lines)


_SHOWN = 50  # affected accounts listed; the others are in the tables


def _with_the_job(codes: Any, view: View) -> Any:
    """The codes of failed operations and of the job itself, which may fail without failing anybody's operation."""
    jobs = view.tables["jobs"]
    said = [str(c) for column in ("last_error_code", "quarantine_error_code") for c in jobs[column].dropna()]
    return {**{code: said.count(code) for code in said}, **dict(codes.items())}


def _causes(view: View) -> list[str]:
    causes = view.diagnosis["causes"]
    titles = [view.causes.get(c["cause"], {}).get("title", c["cause"]) for c in causes]
    return [
        f"{n}. {md(title)}: {md(c['why'])} Rests on {md(c['finding'] or 'no finding')}."
        for n, (c, title) in enumerate(zip(causes, titles, strict=True), 1)
    ] or ["- none found"]


def _accounts(view: View) -> list[str]:
    """The first cause's people with the account each has at Catalog's side, or that none is known."""
    keys = list(dict.fromkeys(k for c in view.diagnosis["causes"][:1] for k in c["affected"]["keys"]))
    accounts, events = view.tables["accounts"], view.tables["events"]
    known = dict(zip(events["person_key"], events["target_id"], strict=True)) if len(events) else {}
    known |= dict(zip(accounts["external_id"], accounts["account_id"], strict=True)) if len(accounts) else {}
    rows = []
    for key in keys[:_SHOWN]:
        account = known.get(key)
        told = md(account) if isinstance(account, str) else "no account known"
        rows.append(f"- {told} ({md(view.name(key))})")
    return (rows or ["- nobody in particular"]) + ([f"- and {len(keys) - _SHOWN} more"] if len(keys) > _SHOWN else [])


def _tried(view: View) -> list[str]:
    """Changes of the settings since the trouble, and what people answered: what support would ask first."""
    changes = view.tables["config_changes"]
    rows = [
        f"- {moment(at.isoformat())}: {md(what)}" + (f" ({md(detail)[:200]})" if isinstance(detail, str) else "")
        for at, what, detail in changes[["at", "what", "detail"]].dropna(subset=["at"]).tail(10).itertuples(index=False)
    ]
    rows += [f"- {md(f['id'])}: answered {md(f['answer']['answer'])}" for f in view.findings if f.get("answer")]
    return rows or ["- no change of the settings and no answer is recorded"]
