"""Which Catalog account is whose: the account id the provider remembers, externalId, userName, e-mail, then alias.

Entra maps externalId from objectId, Okta sends its user id; a wrongly mapped mailNickname still finds its person.
An account belongs to one person only: the strongest link wins. Sources: the two SCIM set-up guides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from scimrunbook.derived import among, derived, first_of, fold, numbered, places
from scimrunbook.scope import aliases, scope
from scimrunbook.snapshot import Snapshot

HOW = ("account_id", "external_id", "user_name", "email", "mail_nickname", "alias", "former_name")
# An account linked in one of these ways was made or adopted by provisioning.
MANAGED = ("account_id", "external_id", "mail_nickname")


def catalog_known(snapshot: Snapshot) -> bool:
    """Whether Catalog's own list of accounts was read whole, so that an absent account is really absent."""
    return snapshot.whole("catalog.users")


@derived
def accounts(snapshot: Snapshot) -> pd.DataFrame:
    """Catalog's accounts with ``person_key``, ``how`` (see HOW; missing: nobody's) and ``managed``."""
    table = snapshot["accounts"].dropna(subset=["account_id"]).drop_duplicates("account_id", keep="last")
    table = table.reset_index(drop=True)
    person = pd.Series(index=table.index, dtype="str")
    how = pd.Series(index=table.index, dtype="str")
    for name, column, held in _keys(snapshot):
        open_ = person.isna()
        if not open_.any():
            break
        wanted = _values(table.loc[open_, [column.removeprefix("folded ")]], column).dropna()
        values, owners = held(wanted)
        place = places(wanted, values)  # the first person that has a value owns it
        found = owners.take(place[place >= 0]).set_axis(wanted.index[place >= 0])
        person.loc[found.index], how.loc[found.index] = found, name
    managed = how.isin(MANAGED) | table["external_id"].notna()
    return table.assign(person_key=person.astype("str"), how=how.astype("str"), managed=managed)


def _values(table: pd.DataFrame, column: str) -> pd.Series[Any]:
    return table[column] if column in ("account_id", "external_id") else fold(table[column.removeprefix("folded ")])


_Held = Callable[["pd.Series[Any]"], "tuple[pd.Series[Any], pd.Series[Any]]"]


def _keys(snapshot: Snapshot) -> Iterator[tuple[str, str, _Held]]:
    """(how, column of the account, the values and their person keys for those wanted), the strongest first.

    What most accounts are found by comes first: the later ways are gone for few of them.
    """
    people = scope(snapshot)
    own = people["person_key"]
    app = snapshot["app_accounts"].dropna(subset=["person_key"])
    yield "account_id", "account_id", lambda _: (app["external_id"], app["person_key"])
    yield "external_id", "external_id", lambda _: (own, own)
    yield "account_id", "account_id", lambda wanted: _logged(snapshot, wanted)
    ranked = _ranked(people)
    names = [
        (fold(ranked["login"]), ranked["person_key"]),
        (fold(app["user_name"]), app["person_key"]),
        (fold(ranked["email"]), ranked["person_key"]),
    ]
    for column in ("user_name", "email"):
        for pair in names:
            yield column, column, partial(_given, pair)
    yield "mail_nickname", "folded external_id", lambda _: (fold(ranked["mail_nickname"]), ranked["person_key"])
    other = aliases(snapshot)
    yield "alias", "user_name", lambda _: (other["alias"], other["person_key"])
    yield "alias", "email", lambda _: (other["alias"], other["person_key"])
    former = _former_names(snapshot)
    yield "former_name", "user_name", lambda _: (former["name"], former["person_key"])


def _given(pair: tuple[pd.Series[Any], pd.Series[Any]], _: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    return pair


def _ranked(people: pd.DataFrame) -> pd.DataFrame:
    """People so that of two who share a value whoever is in scope, then active, comes first and owns it."""
    rank = people["in_scope"].astype("boolean").fillna(False).astype(int) * 2 + people["active"].fillna(False).astype(
        int
    )
    order = pd.DataFrame({"rank": rank, "place": range(len(people))}).sort_values(
        ["rank", "place"], ascending=[False, True], kind="stable"
    )
    return people.loc[order.index, ["person_key", "login", "email", "mail_nickname"]]


def _logged(snapshot: Snapshot, wanted: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Account ids under which the log tells of a success, and whose it was last."""
    events = snapshot["events"]
    events = events.loc[
        (events["object_type"] == "user") & (events["status"] == "success"), ["person_key", "target_id", "at"]
    ]
    events = events[among(events["target_id"], wanted)].dropna(subset=["person_key"])
    events = events.sort_values("at", kind="stable").drop_duplicates("target_id", keep="last")
    return events["target_id"], events["person_key"]


def _former_names(snapshot: Snapshot) -> pd.DataFrame:
    """Names under which the log has known people: ``name`` (case-folded), ``person_key``."""
    events = snapshot["events"]
    events = events[events["object_type"] == "user"].dropna(subset=["person_key", "name"])
    events = events[events["name"].str.contains("@", regex=False)]
    frame = events[["person_key"]].assign(name=fold(events["name"]))
    return frame.drop_duplicates()


@derived
def account_of(snapshot: Snapshot) -> pd.DataFrame:
    """Per person (index ``person_key``) the main account and ``copies``: how many accounts are theirs."""
    table = accounts(snapshot)
    code, people = numbered(table["person_key"])
    copies = np.bincount(code[code >= 0], minlength=len(people))
    several = np.flatnonzero((code >= 0) & (copies[code] > 1 if len(people) else False))
    order = {name: place for place, name in enumerate(HOW)}
    some = table.iloc[several][["how", "active", "account_id"]]
    some = some.assign(
        number=code[several], strength=some["how"].map(order), off=~some["active"].fillna(False).astype(bool)
    )
    best = some.sort_values(["strength", "off", "account_id"], kind="stable").drop_duplicates("number")
    main = first_of(code, np.ones(len(table), bool), len(people))
    main[best["number"]] = best.index
    return table.take(main).set_index("person_key").assign(copies=copies)
