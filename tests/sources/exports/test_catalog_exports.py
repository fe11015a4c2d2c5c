"""Catalog's files: SCIM lists and a users CSV with whatever headers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given

from scimrunbook.sources.exports import Document, registry
from tests.sources.exports.folder import incident, put, read, row_of
from tests.sources.test_entra_log import VALUES

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
CORE = "urn:ietf:params:scim:schemas:core:2.0:"


def account(number: int = 1, **given_: object) -> dict:
    return {
        "schemas": [f"{CORE}User"],
        "id": f"acc-{number}",
        "userName": f"person{number}@example.com",
        "externalId": f"ext-{number}",
        "active": "True",
        "name": {"givenName": "P", "familyName": str(number)},
        "meta": {"resourceType": "User", "created": "2026-10-01T00:00:00Z"},
        **given_,
    }


def team(number: int = 1) -> dict:
    members = [{"value": "acc-1"}]
    return {"schemas": [f"{CORE}Group"], "id": f"team-{number}", "displayName": "Data", "members": members}


def listed(items: list, total: int | None = None, start: int = 1) -> dict:
    counted = len(items) if total is None else total
    return {
        "schemas": [LIST],
        "totalResults": counted,
        "startIndex": start,
        "itemsPerPage": len(items),
        "Resources": items,
    }


def test_accounts_and_teams(tmp_path: Path) -> None:
    put(tmp_path, "a.json", listed([account(1), account(2)]))
    put(tmp_path, "b.json", listed([team()]))
    parts = read(tmp_path)
    assert (row_of(parts, "a.json")["what"], row_of(parts, "b.json")["what"]) == ("catalog.users", "catalog.groups")
    assert [a["active"] for a in parts.rows["accounts"]] == [True, True]
    assert parts.rows["team_members"] == [{"team_id": "team-1", "account_id": "acc-1"}]
    assert row_of(parts, "a.json")["complete"] is None


def test_pages_are_judged_together_by_the_lists_own_count(tmp_path: Path) -> None:
    put(tmp_path, "a.json", listed([account(1), account(2)], total=6))
    put(tmp_path, "c.json", listed([account(5), account(6)], total=6, start=5))
    parts = read(tmp_path)
    assert [row_of(parts, n)["complete"] for n in ("a.json", "c.json")] == [False, False]
    assert "counts 6, and the pages in the folder hold 4" in row_of(parts, "c.json")["note"]
    # two pages in one file, a third one in another
    pages = [listed([account(1), account(2)], total=6), listed([account(3), account(4)], total=6, start=3)]
    put(tmp_path, "a.json", pages)
    parts = read(tmp_path)
    assert [row_of(parts, n)["complete"] for n in ("a.json", "c.json")] == [None, None]
    (tmp_path / "c.json").unlink()
    assert row_of(read(tmp_path), "a.json")["complete"] is False


def test_the_answer_of_a_look_up_is_not_everybody(tmp_path: Path) -> None:
    put(tmp_path, "a.json", listed([account(1)]))
    assert row_of(read(tmp_path), "a.json")["complete"] is False
    # beside the whole list it takes nothing away, and neither does a single resource
    put(tmp_path, "all.json", listed([account(n) for n in range(1, 4)]))
    put(tmp_path, "one.json", account(2))
    parts = read(tmp_path)
    assert {row_of(parts, n)["complete"] for n in ("a.json", "all.json", "one.json")} == {None}
    assert len(parts.rows["accounts"]) == 3


def test_a_csv_without_ids_beside_the_list_makes_no_second_accounts(tmp_path: Path) -> None:
    put(tmp_path, "list.json", listed([account(1), account(2)]))
    put(tmp_path, "users.csv", (
        "email,role,active\nPerson1@example.com,ADMIN,true\nperson2@example.com,VIEWER,true\n"
        "person2@example.com,VIEWER,false\nby.hand@example.com,VIEWER,true\n"
    ))  # fmt: skip
    found = {a["account_id"]: (a["user_name"], a["role"]) for a in read(tmp_path).rows["accounts"]}
    assert found == {
        "acc-1": ("person1@example.com", "ADMIN"),
        "acc-2": ("person2@example.com", "VIEWER"),
        "person2@example.com (2)": ("person2@example.com", "VIEWER"),  # the list holds one: the second is another
        "by.hand@example.com": ("by.hand@example.com", "VIEWER"),
    }


def test_a_first_page_alone_is_not_whole(tmp_path: Path) -> None:
    put(tmp_path, "a.json", listed([account(1), account(2)], total=3))
    assert row_of(read(tmp_path), "a.json")["complete"] is False
    put(tmp_path, "b.json", listed([account(3)], total=3, start=3))
    assert row_of(read(tmp_path), "a.json")["complete"] is None


def test_a_single_account_proves_nothing_about_others(tmp_path: Path) -> None:
    put(tmp_path, "one.json", account())
    row = row_of(read(tmp_path), "one.json")
    assert (row["rows"], row["complete"]) == (1, False)


@pytest.mark.parametrize("name", ["users.json", "groups.json"])
@pytest.mark.parametrize("total", [0, 500])
def test_a_page_with_nobody_in_it_is_no_empty_list_where_it_counts_others(
    name: str, total: int, tmp_path: Path
) -> None:
    page = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": total, "Resources": []}
    put(tmp_path, name, page)
    assert (row_of(read(tmp_path), name)["complete"] is False) == bool(total)


def test_an_empty_answer_counts_only_where_its_name_says_of_what(tmp_path: Path) -> None:
    put(tmp_path, "users.csv", "email,first name,last name\na@example.com,A,B\n")
    put(tmp_path, "lookup.json", listed([]))
    put(tmp_path, "catalog-groups.json", listed([]))
    parts = read(tmp_path)
    assert row_of(parts, "lookup.json")["what"] == "unrecognised"
    assert row_of(parts, "catalog-groups.json")["what"] == "catalog.groups"


@pytest.mark.parametrize(
    "header",
    [
        "id,email,first name,last name,active,external id,role",
        "ID;E-Mail;First_Name;Last_Name;Status;External ID;Role",
        "user_id,Email Address,given-name,Surname,Is Active,externalId,User Role",
    ],
)
def test_users_csv_whatever_the_header(tmp_path: Path, header: str) -> None:
    separator = ";" if ";" in header else ","
    rows = [header, separator.join(["1", "a@example.com", "Ada", "Berg", "true", "x-1", "VIEWER"])]
    put(tmp_path, "export.csv", "\r\n".join(rows))
    parts = read(tmp_path)
    assert row_of(parts, "export.csv")["what"] == "catalog.users"
    found = parts.rows["accounts"][0]
    assert found["account_id"] == "1" and found["email"] == found["user_name"] == "a@example.com"
    assert (found["given_name"], found["family_name"], found["role"]) == ("Ada", "Berg", "VIEWER")
    assert (found["active"], found["external_id"]) == (True, "x-1")


def test_two_accounts_of_one_address_stay_two(tmp_path: Path) -> None:
    put(
        tmp_path,
        "u.csv",
        "email,role,status,shoe size\na@example.com,VIEWER,active,7\nA@example.com,ADMIN,invited,8\n,,,\n",
    )
    parts = read(tmp_path)
    assert [a["account_id"] for a in parts.rows["accounts"]] == ["a@example.com", "a@example.com (2)"]
    assert [a["active"] for a in parts.rows["accounts"]] == [True, None]
    note = row_of(parts, "u.csv")["note"]
    assert "Columns not used: shoe size" in note and "States that are not known: invited (1)" in note


def test_a_providers_users_csv_is_not_taken_for_catalogs() -> None:
    text = "userPrincipalName,email,first name,last name\na,a@example.com,A,B\n"
    assert registry.recognise(Document("x", text, incident())) is None


def test_an_account_in_list_and_csv_keeps_the_lists_user_name(tmp_path: Path) -> None:
    put(tmp_path, "a.csv", "id,email,role,active\nacc-1,other@example.com,ADMIN,true\n")
    put(tmp_path, "z.json", listed([account(1)]))
    found = read(tmp_path).rows["accounts"]
    assert [(a["user_name"], a["role"]) for a in found] == [("person1@example.com", "ADMIN")]


@given(VALUES, VALUES)
def test_every_resource_is_read_or_counted(value: object, other: object) -> None:
    items = [account(1), account(2), account(3), value, account(4, name=other, active=value, meta=other, emails=value)]
    found = registry.recognise(Document("x", json.dumps(listed(items)), incident()))
    assert found is not None and found[0].what == "catalog.users"
    assert found[1].rows + found[1].unreadable == len(items)
