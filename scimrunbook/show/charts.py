"""The pictures of a run, drawn from finished numbers (``scimrunbook.pictures``): figures and side-by-side tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scimrunbook.show.svg import WIDTH, box, circle, figure, line, shortened, svg, text
from scimrunbook.show.tables import table
from scimrunbook.show.words import count, esc, moment

STATE = {"passed": "✔", "stopped": "✖", "not reached": "·", "not known": "?"}
_LEFT, _RIGHT = 174, 10
_ROOM = WIDTH - _LEFT - _RIGHT

Picture = Mapping[str, Any]
Said = Callable[[str], str]  # adds the local time to a time in UTC


def funnel(picture: Picture | None) -> str:
    """The way of the people over nine hops: who gets past each, who stops there."""
    if picture is None:
        return ""
    total, parts, top, left = picture["total"], [], 10, 106
    told = [f"{h['passed']:,}" + (f"   ✖ {h['stopped']:,} stop here" if h["stopped"] else "") for h in picture["hops"]]
    width = WIDTH - left - 20 - 7.5 * max(map(len, told))
    for hop, said in zip(picture["hops"], told, strict=True):
        passed, gone = width * hop["passed"] / total, width * hop["stopped"] / total
        parts.append(text(left - 10, top + 17, hop["hop"], "r b" if hop["stopped"] else "r"))
        parts.append(box(left, top, passed, 24, "calm"))
        parts.append(box(left + passed, top, max(gone, 3 if hop["stopped"] else 0), 24, "bad"))
        parts.append(text(left + passed + gone + 12, top + 17, said, "bad b" if hop["stopped"] else "s"))
        top += 30
    worst = max(picture["hops"], key=lambda h: h["stopped"])
    stops = f"most stop at {worst['hop']} ({worst['stopped']:,})" if worst["stopped"] else "nobody stops"
    rows = [(h["hop"], f"{h['before']:,}", f"{h['stopped']:,}", f"{h['passed']:,}") for h in picture["hops"]]
    apart = picture["apart"]
    rest = [f"{n:,} {k.replace('_', ' ')}" for k, n in apart.items() if n and k != "done"]
    caption = f"The way of {count(total, 'person', 'people')} from the directory into Catalog; {stops}."
    caption += f" Apart from them: {', '.join(rest)}." if rest else ""
    numbers = table("People at each hop", ("hop", "arrive", "stop here", "get past"), rows)
    return figure(svg(top + 4, *parts), f"Bars, one per hop: {caption}", caption, numbers)


def way(steps: Sequence[tuple[str, str]], who: str) -> str:
    """One trace, (hop, state) by (hop, state): steps in a row, the one where it stops marked."""
    gap = (WIDTH - 90) / max(len(steps) - 1, 1)
    parts: list[str] = []
    for place, (hop, state) in enumerate(steps):
        x, above = 45 + gap * place, place % 2  # names stand below and above by turns: side by side they would touch
        if place:
            parts.insert(0, line(x - gap, 66, x, 66))
        style = {"passed": "ok", "stopped": "bad"}.get(state, "ring")
        parts.append(circle(x, 66, 17 if state == "stopped" else 14, style))
        parts.append(text(x, 71, STATE.get(state, "?"), "b m" if style == "ring" else "b m paper"))
        parts.append(text(x, 24 if above else 104, hop, "m b" if state == "stopped" else "m"))
        parts.append(text(x, 40 if above else 120, state, "m t bad b" if state == "stopped" else "m t s"))
    stop = next((hop for hop, state in steps if state == "stopped"), None)
    caption = f"The way of {who}: " + (f"it stops at {stop}." if stop else "no stop is known.")
    numbers = table("Hop by hop", ("hop", "state"), list(steps))
    return figure(svg(132, *parts), caption, caption, numbers)


def timeline(picture: Picture | None, local: Said = str) -> str:
    """What happened when: operations, failures, changes, quarantine, the reported window."""
    if picture is None:
        return ""
    parts, rows, top = [], [], 8
    for lane in picture["lanes"]:
        parts.append(text(_LEFT - 10, top + 18, lane["name"], "r"))
        parts.append(line(_LEFT, top + 26, WIDTH - _RIGHT, top + 26))
        most = max((m["count"] for m in lane["marks"]), default=1)
        bad = lane["name"] in ("Failures", "Quarantine")
        for mark in lane["marks"]:
            x, width = _LEFT + _ROOM * mark["from"], _ROOM * (mark["to"] - mark["from"])
            note = f"{moment(mark['at'])}: {mark['label'] or count(mark['count'], 'operation')}"
            if lane["kind"] == "density":
                tall = 3 + 19 * mark["count"] / most
                parts.append(box(x, top + 26 - tall, max(width - 1, 1.5), tall, "bad" if bad else "calm", note))
            elif lane["kind"] == "span":
                parts.append(box(x, top + 8, max(width, 3), 14, "bad" if bad else "fill", note))
            elif lane["kind"] == "ticks":
                parts.append(box(x, top + 12, 1.5, 14, "s", note))
            else:
                parts.append(text(x, top + 22, "◆", "m look" if "Token" in lane["name"] else "m calm"))
        rows += _told(lane)
        if not lane["marks"]:
            parts.append(text(_LEFT + 4, top + 18, "none recorded", "s t"))
        top += 32
    start, end = moment(picture["start"]), moment(picture["end"])
    parts += _axis(start, end, _LEFT, WIDTH - _RIGHT, top + 14, local)
    caption = local(f"What happened when, {start} to {end}.")
    said = [f"{lane['name']}: {sum(m['count'] for m in lane['marks'])}" for lane in picture["lanes"]]
    numbers = table("Marks on the timeline", ("what", "when", "how many", "note"), rows)
    return figure(svg(top + 40, *parts), f"Timeline. {caption} {'; '.join(said)}.", caption, numbers)


def _axis(start: str, end: str, left: float, right: float, top: float, local: Said) -> list[str]:
    """Begin and end of what is drawn; the local time of each on a line of its own."""
    parts = [text(left, top, start, "s t"), text(right, top, end, "s t r")]
    for at, x, style in ((start, left, "s t"), (end, right, "s t r")):
        if beside := local(at).removeprefix(at).strip():
            parts.append(text(x, top + 16, beside, style))
    return parts


def _told(lane: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    if lane["kind"] == "ticks" and lane["marks"]:
        return [(lane["name"], moment(lane["marks"][0]["at"]), str(len(lane["marks"])), "the first of them")]
    return [(lane["name"], moment(m["at"]), f"{m['count']:,}", m["label"]) for m in lane["marks"]]


def failures(picture: Picture | None, local: Said = str) -> str:
    """Failed operations by code over time: one small row of bars per code."""
    if picture is None:
        return ""
    parts, rows, top = [], [], 8
    most = max(max(s["counts"]) for s in picture["series"]) or 1
    for series in picture["series"]:
        parts.append(text(_RIGHT, top + 14, f"{series['total']:,} × {shortened(series['code'], 64)}", "b"))
        base = top + 62
        parts.append(line(_RIGHT, base, WIDTH - _RIGHT, base))
        step = (WIDTH - 2 * _RIGHT) / len(series["counts"])
        for place, number in enumerate(series["counts"]):
            if number:
                tall = max(3, 38 * number / most)
                parts.append(box(_RIGHT + step * place, base - tall, step - 1.5, tall, "bad"))
        rows.append((series["code"], f"{series['total']:,}"))
        top += 74
    start, end = moment(picture["start"]), moment(picture["end"])
    parts += _axis(start, end, _RIGHT, WIDTH - _RIGHT, top + 10, local)
    said = f"{count(picture['total'], 'failed operation')} by error code, {start} to {end}; all rows have one scale."
    caption = local(said)
    listed = "; ".join(f"{c} {n}" for c, n in rows)
    numbers = table("Failed operations by code", ("code", "operations"), rows)
    return figure(svg(top + 36, *parts), f"Bars over time per code. {caption} {listed}.", caption, numbers)


def probe(picture: Picture | None) -> str:
    """Latency of every request of the probe; refused ones (401, 403) stand out by mark and word."""
    if picture is None:
        return ""
    asked = picture["requests"]
    most = max((r["latency_ms"] or 0 for r in asked), default=0) or 1
    step, parts = min(40.0, (WIDTH - 70) / len(asked)), [text(0, 22, f"{most:,} ms", "s t"), line(62, 18, WIDTH, 18)]
    for place, request in enumerate(asked):
        x, tall = 66 + step * place, 110 * (request["latency_ms"] or 0) / most
        bad = request["refused"] or not request["ok"]
        parts.append(box(x, 128 - tall, step * 0.7, max(tall, 2), "bad" if bad else "calm"))
        if request["refused"]:
            parts.append(text(x + step * 0.35, 148, "✖", "m bad"))
            parts.append(text(x + step * 0.35, 162, request["http_status"], "m t bad") if step > 26 else "")
        elif request["latency_ms"] is None or not request["ok"]:
            parts.append(text(x + step * 0.35, 148, "!", "m look b"))
    parts.append(line(62, 128, WIDTH, 128))
    caption = f"Latency of {count(picture['total'], 'request')} to Catalog, in order; {picture['refused']} refused (✖)."
    numbers = table(
        "Requests of the probe",
        ("probe", "when", "ms", "HTTP", "what went wrong"),
        [(r["probe"], moment(r["at"]), r["latency_ms"] if r["latency_ms"] is not None else "—",
          r["http_status"] if r["http_status"] is not None else "—", r["failure"]) for r in asked],
    )  # fmt: skip
    return figure(svg(170, *parts), f"Bars. {caption}", caption, numbers)


_SAID = {"same": "✔ as documented", "different": "✖ differs", "missing": "✖ missing", "extra": "▲ not in the guide"}


def mapping(picture: Picture | None) -> str:
    """The mapping as it is beside the documented one."""
    if picture is None:
        return ""
    way = {"to_app": "provider → Catalog", "from_app": "Catalog → provider"}
    rows = [
        (_SAID[r["state"]], r["object"], r["target"], r["documented"] or "—", r["actual"] or "—",
         way.get(r["direction"], r["direction"]))
        for r in picture["rows"]
    ]  # fmt: skip
    columns = ("compared", "object", "attribute", "as documented", "as it is", "direction")
    return table("The mapping as it is, beside the documented one", columns, rows)


_FIELDS = ("user_name", "email", "given_name", "family_name", "external_id", "active", "managed", "created_at")


def pairs(picture: Picture | None, name: Any = str) -> str:
    """The accounts of one person side by side, with what the provider holds."""
    if picture is None:
        return ""
    parts = []
    for person in picture["people"]:
        own = person["accounts"]
        columns = (
            "attribute",
            "in the provider",
            *(f"Catalog account {n}" for n in range(1, len(own) + 1)),
            "compared",
        )
        rows = []
        for field in _FIELDS:
            values = [a[field] or "—" for a in own]
            same = "✔ alike" if len(set(values)) == 1 else "≠ differ"
            label = {"managed": "managed by SCIM"}.get(field, field.replace("_", " "))
            rows.append((label, person["provider"].get(field, "") or "—", *values, same))
        parts.append(table(f"{name(person['person'])}: {count(len(own), 'account')} side by side", columns, rows))
    more = picture["total"] - len(picture["people"])
    return "".join(parts) + (f"<p>{esc(f'and {more:,} more people with several accounts')}</p>" if more > 0 else "")
