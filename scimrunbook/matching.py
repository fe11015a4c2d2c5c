"""Which Catalog account is whose: the account id the provider remembers, externalId, userName, e-mail, then alias.

Entra maps externalId from objectId, Okta sends its user id; a wrongly mapped mailNickname still finds its person.
An account belongs to one person only: the strongest link wins. Sources: the two SCIM set-up guides.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from scimrunbook.derived import among, derived, fold, looked_up
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
    for name, column, values, owners in _keys(snapshot):
        open_ = table[person.isna()]
        if open_.empty:
            break
        wanted = _values(open_, column).dropna()
        found = looked_up(wanted, _table(values, owners, wanted)).dropna()
        person.loc[found.index], how.loc[found.index] = found, name
    managed = how.isin(MANAGED) | table["external_id"].notna()
    return table.assign(person_key=person.astype("str"), how=how.astype("str"), managed=managed)


def _values(table: pd.DataFrame, column: str) -> pd.Series[Any]:
    return table[column] if column in ("account_id", "external_id") else fold(table[column.removeprefix("folded ")])


def _keys(snapshot: Snapshot) -> Iterator[tuple[str, str, pd.Series[Any], pd.Series[Any]]]:
    """(how, column of the account, values, their person keys), the strongest first."""
    people = scope(snapshot)
    # where two people share a value, whoever is in scope, then active, owns it
    rank = people["in_scope"].astype("boolean").fillna(False).astype(int) * 2 + people["active"].fillna(False).astype(
        int
    )
    order = pd.DataFrame({"rank": rank, "place": range(len(people))}).sort_values(
        ["rank", "place"], ascending=[False, True], kind="stable"
    )
    people = people.loc[order.index, ["person_key", "login", "email", "mail_nickname"]]
    own = people["person_key"]
    app = snapshot["app_accounts"].dropna(subset=["person_key"])
    yield "account_id", "account_id", app["external_id"], app["person_key"]
    yield "external_id", "external_id", own, own
    events = snapshot["events"]
    events = events.loc[
        (events["object_type"] == "user") & (events["status"] == "success"), ["person_key", "target_id", "at"]
    ].dropna(subset=["person_key", "target_id"])
    events = events.sort_values("at", kind="stable").drop_duplicates("target_id", keep="last")
    yield "account_id", "account_id", events["target_id"], events["person_key"]
    names = [
        (fold(people["login"]), own),
        (fold(app["user_name"]), app["person_key"]),
        (fold(people["email"]), own),
    ]
    for column in ("user_name", "email"):
        for values, owners in names:
            yield column, column, values, owners
    yield "mail_nickname", "folded external_id", fold(people["mail_nickname"]), own
    other = aliases(snapshot)
    yield "alias", "user_name", other["alias"], other["person_key"]
    yield "alias", "email", other["alias"], other["person_key"]
    former = _former_names(snapshot)
    yield "former_name", "user_name", former["name"], former["person_key"]


def _former_names(snapshot: Snapshot) -> pd.DataFrame:
    """Names under which the log has known people: ``name`` (case-folded), ``person_key``."""
    events = snapshot["events"]
    events = events[events["object_type"] == "user"].dropna(subset=["person_key", "name"])
    events = events[events["name"].str.contains("@", regex=False)]
    frame = events[["person_key"]].assign(name=fold(events["name"]))
    return frame.drop_duplicates()


def _table(values: pd.Series[Any], persons: pd.Series[Any], wanted: pd.Series[Any]) -> pd.Series[Any]:
    """Value → person for the values that are wanted; the first person that has a value owns it."""
    some = among(values, wanted).to_numpy()
    index = pd.Index(values[some].to_numpy(), dtype="str")
    table = pd.Series(persons[some].to_numpy(), index=index, dtype="str").dropna()
    return table[~table.index.duplicated()]


@derived
def account_of(snapshot: Snapshot) -> pd.DataFrame:
    """Per person (index ``person_key``) the main account and ``copies``: how many accounts are theirs."""
    table = accounts(snapshot).dropna(subset=["person_key"])
    order = {name: place for place, name in enumerate(HOW)}
    table = table.assign(
        strength=table["how"].map(order).astype("int64"), off=~table["active"].fillna(False).astype(bool)
    )
    table = table.sort_values(["person_key", "strength", "off", "account_id"], kind="stable")
    copies = table.groupby("person_key").size()
    main = table.drop_duplicates("person_key").set_index("person_key")
    return main.assign(copies=copies.reindex(main.index).astype("int64")).drop(columns=["strength", "off"])
