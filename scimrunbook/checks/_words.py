"""What checks say: names of people, screens in the provider's own words, evidence tables. Text, nothing else."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from scimrunbook import guide
from scimrunbook.derived import distinct, looked_up
from scimrunbook.findings import Action, Evidence
from scimrunbook.scope import everybody
from scimrunbook.snapshot import Snapshot

PROVIDER = {"okta": "Okta", "entra": "Entra"}


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 person``, ``3 people``."""
    return f"{number:,} {one if number == 1 else (many or one + 's')}"


def people(number: int) -> str:
    return count(number, "person", "people")


def provider(snapshot: Snapshot) -> str:
    return PROVIDER[snapshot.provider]


def keys(values: Iterable[Any]) -> tuple[str, ...]:
    """Distinct keys in order, for ``affected``."""
    column = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype="str")
    return tuple(distinct(column).to_numpy("object"))


def who(snapshot: Snapshot, affected: Sequence[str], most: int = 3) -> str:
    """``ada@example.com, bob@example.com and 4 more``."""
    shown = pd.Series(list(affected[:most]), dtype="str")
    table = _rows_of(snapshot, shown)
    named = looked_up(shown, table["email"]).fillna(looked_up(shown, table["login"]))
    groups = snapshot["groups"].dropna(subset=["group_key"]).drop_duplicates("group_key").set_index("group_key")
    named = named.fillna("group " + looked_up(shown, groups["name"])).fillna(shown)
    return listed(list(named), len(affected))


def _rows_of(snapshot: Snapshot, shown: pd.Series[Any]) -> pd.DataFrame:
    """The rows of a few people, by key. Everybody stands in the order of their keys, so each is found by halving."""
    every = everybody(snapshot)
    held = every["person_key"].array
    found = [(bisect_left(held, key), key) for key in shown.drop_duplicates()]
    return every.take([at for at, key in found if at < len(held) and held[at] == key]).set_index("person_key")


def listed(shown: Sequence[str], total: int | None = None) -> str:
    """``a, b and c``; ``a, b, c and 7 more`` where ``total`` exceeds what is given."""
    total = len(shown) if total is None else total
    if total > len(shown):
        return f"{', '.join(shown)} and {total - len(shown):,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else list(shown))


def table_of(snapshot: Snapshot, caption: str, affected: Sequence[str], **columns: pd.Series[Any]) -> Evidence:
    """People as evidence: login, name, status and further columns (Series indexed by person key)."""
    shown = pd.Series(list(affected[:10]), dtype="str")
    table = _rows_of(snapshot, shown)
    frame = pd.DataFrame(
        {
            "person": looked_up(shown, table["login"]).fillna(looked_up(shown, table["email"])).fillna(shown),
            "first name": looked_up(shown, table["given_name"]),
            "last name": looked_up(shown, table["family_name"]),
            "status": looked_up(shown, table["status"]),
            **{name.replace("_", " "): looked_up(shown, column) for name, column in columns.items()},
        }
    )
    found = Evidence.of(caption, frame)
    return Evidence(found.caption, found.columns, found.rows, len(affected))


def app_name(snapshot: Snapshot) -> str:
    """The application as the admin sees it in a list."""
    app = snapshot.facts.app
    return (app.label if snapshot.provider == "okta" else app.name or app.label) or app.name or "the Catalog SCIM app"


def screen(snapshot: Snapshot, *steps: str) -> str:
    """A breadcrumb into the application: ``Okta Admin Console > Applications > Applications > Catalog > …``."""
    name = app_name(snapshot)
    if snapshot.provider == "okta":
        return " > ".join(("Okta Admin Console", "Applications", "Applications", name, *steps))
    return " > ".join(("Entra admin center", "Enterprise applications", name, *steps))


def people_screen(snapshot: Snapshot, *steps: str) -> str:
    """Where one person is edited."""
    head = (
        ("Okta Admin Console", "Directory", "People")
        if snapshot.provider == "okta"
        else ("Entra admin center", "Users")
    )
    return " > ".join((*head, *steps))


def region(snapshot: Snapshot) -> guide.Region:
    return guide.REGIONS[snapshot.incident.catalog_host]


def remove_again(snapshot: Snapshot) -> Action:
    """What makes Okta deactivate somebody whose deactivation failed."""
    return Action(
        screen(snapshot, "Assignments"),
        "For leavers: deactivate their accounts in Catalog by hand. Those still active in Okta you can instead assign "
        "once more and remove again.",
        "Okta sends a deactivation once and does not repeat it; whom Okta has deactivated it cannot assign.",
    )


def push_again(snapshot: Snapshot) -> Action:
    """What makes the provider deliver what it has missed."""
    if snapshot.provider == "okta":
        return Action(
            screen(snapshot, "Provisioning", "To App", "Force Sync"),
            "Press Force Sync; for people who still have no account press Provision User on the Assignments tab, and "
            "retry what stands under Dashboard > Tasks.",
            "Okta sends what it missed only when it is asked to.",
        )
    return Action(
        screen(snapshot, "Provisioning", "Overview"),
        "Press Restart provisioning; for one person use Provision on demand.",
        "Failed rows otherwise wait 6 to 24 hours for their retry; a restart runs a whole initial cycle.",
    )


def catalog_admin(what: str, why: str = "") -> Action:
    return Action("Catalog > Settings > Users and teams", what, why)


def ask_catalog(what: str, why: str = "") -> Action:
    return Action("Coalesce support (Catalog operations)", what, why)


def credentials_screen(snapshot: Snapshot) -> str:
    if snapshot.provider == "okta":
        return screen(snapshot, "Provisioning", "Integration", "Edit")
    return screen(snapshot, "Provisioning", "Admin Credentials")


def field(snapshot: Snapshot) -> str:
    return "Base URL" if snapshot.provider == "okta" else "Tenant URL"


def test_button(snapshot: Snapshot) -> str:
    return "Test API Credentials" if snapshot.provider == "okta" else "Test connection"
