"""Which Catalog account is whose: the account id the provider remembers, externalId, userName, e-mail, then alias.

Entra maps externalId from objectId, Okta sends its user id; a wrongly mapped mailNickname still finds its person.
An account belongs to one person only: the strongest link wins. Sources: the two SCIM set-up guides.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from scimrunbook.derived import derived, fold, looked_up
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
    for name, column, keys in _keys(snapshot):
        found = looked_up(_values(table, column), keys)
        fresh = person.isna() & found.notna()
        person, how = person.mask(fresh, found), how.mask(fresh, name)
    managed = how.isin(MANAGED) | table["external_id"].notna()
    return table.assign(person_key=person.astype("str"), how=how.astype("str"), managed=managed)


def _values(table: pd.DataFrame, column: str) -> pd.Series[Any]:
    return table[column] if column in ("account_id", "external_id") else fold(table[column.removeprefix("folded ")])


def _keys(snapshot: Snapshot) -> list[tuple[str, str, pd.Series[Any]]]:
    """(how, column of the account, table value → person key), the strongest first."""
    people = scope(snapshot)
    # where two people share a value, whoever is in scope, then active, owns it
    rank = people["in_scope"].astype("boolean").fillna(False).astype(int) * 2 + people["active"].fillna(False).astype(
        int
    )
    people = people.assign(rank=rank).sort_values(["rank", "person_key"], ascending=[False, True], kind="stable")
    own = people["person_key"]
    app = snapshot["app_accounts"].dropna(subset=["person_key"])
    events = snapshot["events"].sort_values("at", kind="stable")
    events = events[(events["object_type"] == "user") & (events["status"] == "success")]
    events = events.dropna(subset=["person_key", "target_id"]).drop_duplicates("target_id", keep="last")
    other = aliases(snapshot)
    former = _former_names(snapshot)
    names = [
        (fold(people["login"]), own),
        (fold(app["user_name"]), app["person_key"]),
        (fold(people["email"]), own),
    ]
    return [
        ("account_id", "account_id", _table((app["external_id"], app["person_key"]))),
        ("external_id", "external_id", _table((own, own))),
        ("account_id", "account_id", _table((events["target_id"], events["person_key"]))),
        *(("user_name", "user_name", _table(pair)) for pair in names),
        *(("email", "email", _table(pair)) for pair in names),
        ("mail_nickname", "folded external_id", _table((fold(people["mail_nickname"]), own))),
        ("alias", "user_name", _table((other["alias"], other["person_key"]))),
        ("alias", "email", _table((other["alias"], other["person_key"]))),
        ("former_name", "user_name", _table((former["name"], former["person_key"]))),
    ]


def _former_names(snapshot: Snapshot) -> pd.DataFrame:
    """Names under which the log has known people: ``name`` (case-folded), ``person_key``."""
    events = snapshot["events"]
    events = events[events["object_type"] == "user"].dropna(subset=["person_key", "name"])
    events = events[events["name"].str.contains("@", regex=False)]
    frame = events[["person_key"]].assign(name=fold(events["name"]))
    return frame.drop_duplicates()


def _table(pair: tuple[pd.Series[Any], pd.Series[Any]]) -> pd.Series[Any]:
    values, persons = pair
    table = pd.Series(persons.to_numpy(), index=pd.Index(values.to_numpy(), dtype="str"), dtype="str")
    table = table[table.index.notna() & table.notna().to_numpy()]
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
