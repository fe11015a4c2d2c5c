"""What the pictures are drawn from: small aggregations of a run, as plain data. Pure; the faces only draw.

Every function returns ``None`` where there is nothing to see, so that no face shows an empty picture. Times are
ISO 8601 texts in UTC, positions on a time axis are shares of the shown span (0.0 … 1.0). At most ``BINS`` bins and
``SERIES`` lines per picture, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pandas as pd

from scimrunbook import guide
from scimrunbook.checks._mapping import by_target, normal
from scimrunbook.matching import accounts
from scimrunbook.snapshot import Snapshot
from scimrunbook.trace import HOPS

BINS, SERIES, PAIRS = 48, 5, 6
_CODE = 60  # characters
Picture = Mapping[str, Any]

# What the three groups of configuration changes are called on the timeline.
_PROVIDER = {"user_name": "login", "email": "email", "given_name": "given_name", "family_name": "family_name"}
_CREDENTIALS, _QUARANTINE = ("credentials",), ("quarantined",)


def pictures(snapshot: Snapshot, diagnosis: Mapping[str, Any]) -> Callable[[str], Picture | None]:
    """The pictures of a run by name, each computed when it is first asked for. An unknown name is a KeyError."""
    makers: dict[str, Callable[[], Picture | None]] = {
        "funnel": lambda: funnel(diagnosis["people"]),
        "timeline": lambda: timeline(snapshot),
        "failures": lambda: failures(snapshot),
        "probe": lambda: probe(snapshot),
        "mapping": lambda: mapping(snapshot),
        "pairs": lambda: pairs(snapshot),
    }
    return cache(lambda name: makers[name]())


def funnel(people: Mapping[str, int]) -> Picture | None:
    """How many people pass each of the nine hops: ``hops`` of {hop, before, stopped, passed}.

    Whoever rightly has no account is not on the way; those whose way the data does not tell are counted apart.
    """
    left = total = sum(people.get(k, 0) for k in (*HOPS, "done", "waiting"))
    if not total:
        return None
    hops = []
    for hop in HOPS:
        gone = people.get(hop, 0)
        hops.append({"hop": hop, "before": left, "stopped": gone, "passed": left - gone})
        left -= gone
    apart = {k: people.get(k, 0) for k in ("done", "waiting", "rightly_absent", "not_known")}
    return {"total": total, "hops": hops, "apart": apart}


def timeline(snapshot: Snapshot) -> Picture | None:
    """``lanes`` of {name, kind, marks}: what happened when. A mark is {at, from, to, count, label}."""
    events = snapshot["events"].dropna(subset=["at"])
    changes = snapshot["config_changes"].dropna(subset=["at"])
    jobs = snapshot["jobs"]
    span = _span(snapshot, [events["at"], changes["at"], jobs["quarantine_since"].dropna()])
    if span is None:
        return None
    lanes = []
    window = snapshot.incident.window
    if window is not None:
        marks = [_bar(span, window.start, window.end, "the time of the failures, as reported")]
        lanes.append({"name": "Reported window", "kind": "span", "marks": marks})
    person = events[events["object_type"].isin(["user", "group"]) & ~events["action"].isin(["assign", "unassign"])]
    for name, status in (("Operations that worked", "success"), ("Failures", "failure")):
        lanes.append({"name": name, "kind": "density", "marks": _density(span, person[person["status"] == status])})
    cycles = events.dropna(subset=["cycle_id"]).groupby("cycle_id")["at"].agg(["min", "max"])
    if len(cycles):
        points = [_point(span, at, "a provisioning cycle began") for at in cycles["min"].sort_values().tail(200)]
        lanes.append({"name": "Cycles began", "kind": "ticks", "marks": [m for m in points if m]})
    other = changes[~changes["what"].isin([*_CREDENTIALS, *_QUARANTINE])]
    for name, rows in (
        ("Settings changed", other),
        ("Token or URL changed", changes[changes["what"].isin(_CREDENTIALS)]),
    ):
        points = [_point(span, r.at, f"{r.what}: {r.actor}".replace("_", " ")) for r in rows.tail(50).itertuples()]
        lanes.append({"name": name, "kind": "points", "marks": [m for m in points if m]})
    held = [
        _bar(span, since, snapshot.as_of, f"in quarantine since {_iso(since)[:16].replace('T', ' ')} UTC")
        for since in jobs["quarantine_since"].dropna()
    ]
    if snapshot.provider == "entra":
        lanes.append({"name": "Quarantine", "kind": "span", "marks": held})
    return {"start": _iso(span[0]), "end": _iso(span[1]), "lanes": lanes}


def failures(snapshot: Snapshot) -> Picture | None:
    """Failed operations per bin of time and code: ``series`` of {code, total, counts}, the most frequent first."""
    events = snapshot["events"].dropna(subset=["at"])
    failed = events[events["status"] == "failure"]
    if failed.empty:
        return None
    span = _span(snapshot, [failed["at"]])
    if span is None:
        return None
    code = failed["error_code"].fillna(failed["reason"].map(_first_words, na_action="ignore")).fillna("no code")
    most = code.value_counts()
    named = code.where(code.isin(most.index[:SERIES]), "other codes")
    place = _bins(span, failed["at"])
    if place.empty:
        return None  # all of them failed before what is drawn
    table = pd.crosstab(named.loc[place.index], place).reindex(columns=range(BINS), fill_value=0)
    totals = table.sum(axis=1).sort_values(ascending=False, kind="stable")
    series = [{"code": str(c), "total": int(totals[c]), "counts": [int(n) for n in table.loc[c]]} for c in totals.index]
    return {"start": _iso(span[0]), "end": _iso(span[1]), "total": len(place), "series": series}


def _first_words(reason: str) -> str:
    """A text in the place of a code, cut between two words and marked as cut: half a sentence reads as another one."""
    whole = " ".join(reason[:400].split())
    return whole if len(whole) <= _CODE else (whole[: _CODE - 1].rpartition(" ")[0] or whole[: _CODE - 1]) + "…"


def probe(snapshot: Snapshot) -> Picture | None:
    """Each request of the probe in order: {probe, at, latency_ms, http_status, failure, refused, ok}.

    ``refused``: answered 401 or 403 where it should have been let in; the probe without a token is to be refused.
    """
    rows = snapshot["probes"].sort_values("at", kind="stable")
    if rows.empty:
        return None
    shown = []
    for r in rows.tail(200).to_dict("records"):
        status, latency = (None if pd.isna(r[c]) else int(r[c]) for c in ("http_status", "latency_ms"))
        failed, ok = _text(r["failure"]), not pd.isna(r["ok"]) and bool(r["ok"])
        asked = {"probe": str(r["probe"]), "at": _iso(r["at"]), "latency_ms": latency, "http_status": status}
        shown.append({**asked, "failure": failed, "refused": not ok and status in (401, 403), "ok": ok})
    return {"requests": shown, "total": len(rows), "refused": sum(r["refused"] for r in shown)}


def mapping(snapshot: Snapshot) -> Picture | None:
    """The mapping as it is beside the documented one: rows of {direction, object, target, documented, actual, state}.

    ``state``: same, different, missing, extra. A direction that was not read is left out.
    """
    table = snapshot["mappings"]
    documented = guide.OKTA_MAPPINGS if snapshot.provider == "okta" else guide.ENTRA_MAPPINGS
    rows: list[dict[str, str]] = []
    for direction, kind in dict.fromkeys((r.direction, r.object) for r in documented):
        there = table[(table["direction"] == direction) & (table["object"].fillna("user") == kind)]
        if there.empty:
            continue
        strip = snapshot.provider == "okta"
        have = {(t.removeprefix("name.") if strip else t): s for t, s in by_target(there).items()}
        want = {r.target: r for r in documented if (r.direction, r.object) == (direction, kind)}
        for target in (*want, *sorted(set(have) - set(want))):
            actual, row = " ".join(_text(have.get(target)).split()), want.get(target)
            allowed = [normal(s) for s in row.sources] if row else []
            state = (
                "same"
                if normal(actual) in allowed
                else "extra"
                if row is None
                else "different"
                if actual
                else "missing"
            )
            said = row.source if row else ""
            if row is not None or actual:
                rows.append(
                    {"direction": direction, "object": kind, "target": target, "documented": said, "actual": actual,
                     "state": state}
                )  # fmt: skip
    return {"rows": rows} if rows else None


def pairs(snapshot: Snapshot) -> Picture | None:
    """People with more than one Catalog account, the accounts side by side: ``people`` of {person, accounts}."""
    table = accounts(snapshot)
    owned = table[table["person_key"].notna() & table["person_key"].duplicated(keep=False)]
    if owned.empty:
        return None
    keys = list(dict.fromkeys(owned["person_key"]))
    people = snapshot["people"].drop_duplicates("person_key").set_index("person_key")
    shown = []
    for key in keys[:PAIRS]:
        who = people.loc[key] if key in people.index else None
        provider = {} if who is None else {n: _text(who[c]) for n, c in _PROVIDER.items()}
        if who is not None:
            provider["active"] = _word(who["active"])
        own = [
            {
                "user_name": _text(a.user_name),
                "email": _text(a.email),
                "given_name": _text(a.given_name),
                "family_name": _text(a.family_name),
                "external_id": _text(a.external_id),
                "active": _word(a.active),
                "managed": "yes" if a.managed else "no",
                "created_at": _iso(a.created_at)[:10] if a.created_at is not pd.NaT else "",
            }
            for a in owned[owned["person_key"] == key].head(4).itertuples()
        ]
        shown.append({"person": str(key), "provider": provider, "accounts": own})
    return {"people": shown, "total": len(keys)}


# -- time ------------------------------------------------------------------------------------------

Span = tuple[pd.Timestamp, pd.Timestamp]


def _span(snapshot: Snapshot, times: list[pd.Series[Any]]) -> Span | None:
    """What to show: the reported window with a third of itself on both sides, as far as there are records."""
    known = pd.concat([t for t in times if len(t)]) if any(len(t) for t in times) else None
    if known is None:
        return None
    first, last = pd.Timestamp(known.min()), max(pd.Timestamp(known.max()), snapshot.as_of)
    if (window := snapshot.incident.window) is not None:
        start, end = pd.Timestamp(window.start), pd.Timestamp(window.end)
        room = (end - start) / 3
        first, last = max(first, start - room), min(last, end + room)
        first, last = min(first, start), max(last, end)
    return (first, last) if last > first else (first, first + pd.Timedelta(hours=1))


def _share(span: Span, at: Any) -> float:
    return float((pd.Timestamp(at) - span[0]) / (span[1] - span[0]))


def _bins(span: Span, at: pd.Series[Any]) -> pd.Series[Any]:
    shares = (at - span[0]) / (span[1] - span[0])
    inside = shares[(shares >= 0) & (shares <= 1)]
    return (inside * BINS).astype(int).clip(0, BINS - 1).rename("bin")


def _density(span: Span, rows: pd.DataFrame) -> list[dict[str, Any]]:
    counted: dict[Any, Any] = _bins(span, rows["at"]).value_counts().sort_index().to_dict()
    width = (span[1] - span[0]) / BINS
    return [
        {"from": b / BINS, "to": (b + 1) / BINS, "count": int(n), "at": _iso(span[0] + width * b), "label": ""}
        for b, n in counted.items()
    ]


def _point(span: Span, at: Any, label: str) -> dict[str, Any] | None:
    share = _share(span, at)
    return {"from": share, "to": share, "count": 1, "at": _iso(at), "label": label} if 0 <= share <= 1 else None


def _bar(span: Span, start: Any, end: Any, label: str) -> dict[str, Any]:
    left, right = max(0.0, _share(span, start)), min(1.0, _share(span, end))
    return {"from": left, "to": max(left, right), "count": 1, "at": _iso(start), "label": label}


def _iso(at: Any) -> str:
    return "" if at is None or at is pd.NaT else pd.Timestamp(at).isoformat().replace("+00:00", "Z")


def _text(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)


def _word(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else "yes" if value else "no"
