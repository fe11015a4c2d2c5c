"""Whom somebody means: people and groups found by e-mail, login, object id, account id, external id or part of a name.

What fits several is shown as several; nothing is guessed. Pure.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.derived import fold
from scimrunbook.matching import accounts
from scimrunbook.scope import aliases, everybody
from scimrunbook.snapshot import Snapshot

COLUMNS = ("kind", "key", "label", "name", "how")
_MOST = 50


def find(snapshot: Snapshot, who: str) -> pd.DataFrame:
    """Everybody ``who`` may mean: ``kind`` (person | group), ``key``, ``label``, ``name``, ``how`` it was found.

    What fits exactly (case and blanks aside) hides what fits in part; at most 50 rows, people first, then by label.
    """
    wanted = fold(pd.Series([who], dtype="str")).iloc[0]
    if pd.isna(wanted) or not wanted:
        return pd.DataFrame(columns=list(COLUMNS), dtype="str")
    exact = _hits(snapshot, lambda texts: fold(texts) == wanted, whole=True)
    found = exact if len(exact) else _hits(snapshot, lambda texts: fold(texts).str.contains(wanted, regex=False))
    return found.head(_MOST)


def _hits(snapshot: Snapshot, fits: Any, whole: bool = False) -> pd.DataFrame:
    people = everybody(snapshot)
    full = (people["given_name"].fillna("") + " " + people["family_name"].fillna("")).str.strip()
    own = people["person_key"]
    linked = accounts(snapshot).dropna(subset=["person_key"])
    app = snapshot["app_accounts"]
    other = aliases(snapshot)
    # (how, texts, keys), the strongest first; ids are never found by a part of them
    places: list[tuple[str, pd.Series[Any], pd.Series[Any]]] = [
        ("login", people["login"], own),
        ("e-mail", people["email"], own),
        ("name", full, own),
        ("display name", people["display_name"], own),
        ("account's userName", linked["user_name"], linked["person_key"]),
        ("another address", other["alias"], other["person_key"]),
        ("userName at the provider", app["user_name"], app["person_key"]),
    ]
    if whole:
        places += [
            ("object id", own, own),
            ("account id", linked["account_id"], linked["person_key"]),
            ("external id", linked["external_id"], linked["person_key"]),
            ("account id", app["external_id"], app["person_key"]),
        ]
    parts = [_rows("person", how, keys[_true(fits(texts))]) for how, texts, keys in places]
    found = pd.concat(parts, ignore_index=True).drop_duplicates("key")
    known = people.set_index("person_key")
    found["label"] = found["key"].map(known["login"].fillna(known["email"])).fillna(found["key"])
    found["name"] = found["key"].map(pd.Series(full.to_numpy(), index=own)).fillna("")
    groups = _groups(snapshot, fits, whole)
    both = [f.sort_values("label", kind="stable") for f in (found, groups)]
    return pd.concat(both, ignore_index=True)[list(COLUMNS)].astype("str")


def _groups(snapshot: Snapshot, fits: Any, whole: bool) -> pd.DataFrame:
    groups = snapshot["groups"].dropna(subset=["group_key"]).drop_duplicates("group_key", keep="last")
    parts = [_rows("group", "name", groups["group_key"][_true(fits(groups["name"]))])]
    if whole:
        parts.append(_rows("group", "object id", groups["group_key"][_true(fits(groups["group_key"]))]))
    found = pd.concat(parts, ignore_index=True).drop_duplicates("key")
    names = groups.set_index("group_key")["name"]
    found["label"] = found["key"].map(names).fillna(found["key"])
    return found.assign(name=found["label"])


def _rows(kind: str, how: str, keys: pd.Series[Any]) -> pd.DataFrame:
    keys = keys.dropna().astype("str")
    return pd.DataFrame({"kind": kind, "key": keys, "how": how}).astype("str")


def _true(flags: pd.Series[Any]) -> Any:
    return flags.fillna(False).astype(bool).to_numpy()
