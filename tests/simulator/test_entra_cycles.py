"""The provisioning service: when it runs, what it sends, in which form, and what it never sends."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

import pytest

from scimrunbook.simulator.entra.engine import START
from scimrunbook.simulator.entra.settings import NOT_SOFT_DELETED, Clause
from scimrunbook.simulator.world import BEGIN
from tests.simulator.entra_worlds import ADA, BASE, BOB, CAT, HOUR, OTHER, TEAM, person, practice

UPN = "ada.albers@example.com"
FLAGGED = f"{BASE}/?aadOptscim062020"


def test_every_forty_minutes_and_each_begins_with_the_test_request() -> None:
    with practice() as p:
        p.run(24)
        began = [e.began for e in p.engine.executions]
        assert began[0] == START
        assert {b - a for a, b in pairwise(began)} == {timedelta(minutes=40)}
        assert [s.at for s in p.tests()] == began
        for s in p.tests():
            assert re.fullmatch(r"/Users\?filter=userName\+eq\+%22[0-9a-f-]{36}%22", s.path)
            assert s.status == 200
        assert len({s.path for s in p.tests()}) == len(began), "a new random value each time"


def test_the_test_request_asks_for_the_matching_attribute() -> None:
    with practice() as p:
        for row in p.settings.users.rows:
            row.matching = int(row.target == "externalId")
        p.run(0)
        assert p.sent[0].plain.startswith("/Users?filter=externalId eq ")
        assert [s.plain for s in p.sent[1:2]] == [f'/Users?filter=externalId eq "{ADA}"']


def test_a_person_is_looked_for_then_created() -> None:
    with practice() as p:
        look, post = p.run(1)
        assert (look.method, look.plain) == ("GET", f'/Users?filter=userName eq "{UPN}"')
        assert (post.method, post.path, post.status) == ("POST", "/Users", 201)
        assert post.body == {
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ],
            "userName": UPN,
            "active": True,
            "name": {"givenName": "Ada", "familyName": "Albers"},
            "externalId": ADA,
            "meta": {"resourceType": "User"},
        }


def test_a_group_is_created_without_members_which_follow_by_patch() -> None:
    with practice(assigned=()) as p:
        p.world.groups[TEAM].assigned = True
        p.run(1)
        look, post, patch = [s for s in p.sent if "/Groups" in s.path]
        assert look.plain == '/Groups?excludedAttributes=members&filter=displayName eq "Data"'
        assert "members" not in post.body and post.body["externalId"] == TEAM
        assert post.body["schemas"][1].startswith("http://schemas.microsoft.com/")
        account = p.account("bob.brandt@example.com")["id"]
        operation = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": account}]}
        assert patch.body["Operations"] == [operation]
        assert patch.status == 204


@pytest.mark.parametrize("flag", [False, True])
def test_forms_of_patch_with_and_without_the_flag(flag: bool) -> None:
    with practice(base_url=FLAGGED if flag else BASE) as p:
        p.world.groups[TEAM].assigned = True
        p.at(1, "rename", key=ADA, given="Adele", family="Amsel")
        p.at(2, "leave", key=BOB, group=TEAM)
        p.at(3, "disable", key=ADA)
        p.run(0.5)
        account = p.account("bob.brandt@example.com")["id"]
        rename, leave, disable = (
            [o for s in p.run(h + 0.9) if s.method == "PATCH" and part in s.path for o in s.body["Operations"]]
            for h, part in ((1, "/Users"), (2, "/Groups"), (3, "/Users"))
        )
        names = {"name.givenName": "Adele", "name.familyName": "Amsel"}
        if flag:
            assert rename == [{"op": "replace", "value": names}]
            assert leave == [{"op": "remove", "path": f'members[value eq "{account}"]'}]
            assert disable == [{"op": "replace", "path": "active", "value": False}]
        else:
            assert rename == [{"op": "Replace", "path": k, "value": v} for k, v in names.items()]
            assert leave == [{"op": "Remove", "path": "members", "value": [{"value": account}]}]
            assert disable == [{"op": "Replace", "path": "active", "value": "False"}]
        assert p.account(UPN)["name"] == {"givenName": "Adele", "familyName": "Amsel"}
        assert p.account(UPN)["active"] is False
        assert p.members("Data") == set()


def test_nobody_is_looked_at_twice_without_a_change() -> None:
    with practice() as p:
        p.run(0.5)
        assert p.run(48) == []


def test_an_update_reads_first_and_sets_right_what_was_changed_by_hand() -> None:
    with practice() as p:
        p.run(0.5)
        account = p.account(UPN)
        p.catalog.store.replace_user(account["id"], {**account, "name": {"givenName": "X", "familyName": "Albers"}})
        p.at(1, "rename", key=ADA, family="Amsel")
        read, patch = p.run(2)
        assert (read.method, read.path) == ("GET", f"/Users/{account['id']}")
        assert patch.method == "PATCH"
        assert p.account(UPN)["name"] == {"givenName": "Ada", "familyName": "Amsel"}
        (row,) = p.rows(action="update")
        changed = {c["displayName"]: (c["oldValue"], c["newValue"]) for c in row["modifiedProperties"]}
        assert changed == {"name.givenName": ("X", "Ada"), "name.familyName": ("Albers", "Amsel")}


def test_an_existing_account_is_taken_over() -> None:
    with practice() as p:
        p.catalog.store.add_user({"userName": UPN, "active": True})
        p.run(1)
        assert [s.method for s in p.sent[1:]][:2] == ["GET", "PATCH"]
        assert p.account(UPN)["externalId"] == ADA
        assert p.sent[2].body["Operations"][0]["op"] == "Add", "there was no value before"
        (row,) = p.rows(action="update")
        assert "EntryImportByMatchingProperty" in [s["name"] for s in row["provisioningSteps"]]


def test_unassignment_disables_once_and_ends_the_management() -> None:
    with practice() as p:
        p.at(1, "unassign", key=ADA)
        p.at(3, "rename", key=ADA, family="Amsel")
        p.at(5, "delete", key=ADA, purge=True)
        p.run(0.5)
        assert [s.method for s in p.run(2)] == ["GET", "PATCH"]
        assert p.account(UPN)["active"] is False
        assert p.run(10) == []
        assert p.account(UPN)["name"]["familyName"] == "Albers"


def test_who_comes_back_is_matched_again_and_enabled() -> None:
    with practice() as p:
        p.at(1, "unassign", key=ADA)
        p.at(3, "assign", key=ADA)
        p.run(2)
        look, patch = p.run(4)
        assert "filter=" in look.path
        assert [o["path"] for o in patch.body["Operations"]] == ["active"]
        assert p.account(UPN)["active"] is True


def test_a_soft_delete_disables_and_thirty_days_later_the_account_is_deleted() -> None:
    with practice() as p:
        p.at(1, "delete", key=ADA)
        p.run(2)
        assert p.account(UPN)["active"] is False
        assert p.run(24 * 30) == []
        (gone,) = p.run(24 * 30 + 3)
        assert (gone.method, gone.status) == ("DELETE", 204)
        assert p.catalog.store.users() == []
        assert p.rows(action="delete", status="success")


@pytest.mark.parametrize("broken", ["no_active", "no_update", "skip"])
def test_leavers_keep_access_where_the_disable_cannot_flow(broken: str) -> None:
    with practice() as p:
        if broken == "no_active":
            p.settings.users.drop("active")
        elif broken == "no_update":
            p.settings.users.flows = ("Add",)
        else:
            p.settings.skip_out_of_scope_deletions = True
        p.at(1, "disable", key=ADA)
        p.run(0.5)
        assert p.run(9) == []
        assert p.account(UPN)["active"] is True
        assert p.rows(status="skipped")


def test_not_mapping_disables_as_the_switch_does() -> None:
    with practice() as p:
        p.settings.users.map("active", NOT_SOFT_DELETED)
        p.at(1, "disable", key=ADA)
        p.at(2, "enable", key=ADA)
        p.run(1.9)
        assert p.account(UPN)["active"] is False
        p.run(3)
        assert p.account(UPN)["active"] is True


def test_only_direct_members_of_an_assigned_group_are_provisioned() -> None:
    with practice(assigned=()) as p:
        p.world.groups[TEAM].assigned = True
        p.world.people[CAT] = person(CAT, "Cat", "Cordes")
        p.world.groups[OTHER].members.append(CAT)
        p.run(2)
        assert [u["userName"] for u in p.catalog.store.users()] == ["bob.brandt@example.com"]
        (row,) = p.rows(name="Cat Cordes")
        assert row["provisioningSteps"][-1]["details"]["SkipReason"] == "NotEffectivelyEntitled"


def test_a_reenabled_member_is_back_in_the_team_only_after_a_restart() -> None:
    with practice(assigned=()) as p:
        p.world.groups[TEAM].assigned = True
        p.at(1, "disable", key=BOB)
        p.at(3, "enable", key=BOB)
        p.at(5, "setting", restart=True)
        p.run(0.5)
        assert p.members("Data") == {"bob.brandt@example.com"}
        p.run(2)
        assert p.members("Data") == set()
        p.run(4.9)
        assert p.account("bob.brandt@example.com")["active"] is True
        assert p.members("Data") == set()
        p.run(6)
        assert p.members("Data") == {"bob.brandt@example.com"}


def test_an_unassigned_group_takes_its_team_and_its_people_along() -> None:
    with practice(assigned=()) as p:
        p.at(-0.5, "assign_group", group=TEAM)
        p.at(1, "unassign_group", group=TEAM)
        p.run(0.5)
        assert p.members("Data") == {"bob.brandt@example.com"}
        p.run(2)
        assert p.catalog.store.groups() == []
        assert p.account("bob.brandt@example.com")["active"] is False


def test_a_member_without_an_account_is_told_once_and_joins_later() -> None:
    from scimrunbook.simulator.wire import WireAnswer

    with practice(assigned=()) as p:
        p.world.groups[TEAM].assigned = True
        p.refuse = lambda m, path: WireAnswer(500, {"detail": "no"}) if (m, path) == ("POST", "/Users") else None
        p.at(1, "join", key=ADA, group=TEAM)
        p.run(5)
        told = [r for r in p.rows(name="Data") for s in r["provisioningSteps"]
                if s["details"].get("SkipReason") == "UnableToResolveReferenceAttributeValue"]  # fmt: skip
        assert len(told) == 2, "one for each of the two"
        p.refuse = lambda m, path: None
        p.run(9)
        assert p.members("Data") == {"bob.brandt@example.com", UPN}


def test_paused_means_silence_and_on_again_catches_up() -> None:
    with practice() as p:
        p.at(1, "setting", provisioning=False)
        p.at(2, "rename", key=ADA, family="Amsel")
        p.at(30, "setting", provisioning=True)
        p.run(1)
        before = len(p.sent)
        p.run(29.9)
        assert len(p.sent) == before
        p.run(31)
        assert p.account(UPN)["name"]["familyName"] == "Amsel"
        names = [a["activityDisplayName"] for a in p.engine.audits]
        assert names == ["Disable/pause provisioning configuration", "Enable/start provisioning configuration"]
        assert all(a["initiatedBy"]["user"]["userPrincipalName"] == "admin@example.com" for a in p.engine.audits)


def test_a_new_mapping_restarts_with_an_initial_cycle() -> None:
    with practice() as p:
        p.at(1, "setting", map_user={"externalId": "mailNickname"})
        p.run(0.9)
        p.run(2)
        assert p.account(UPN)["externalId"] == "aalbers"
        assert [a["activityDisplayName"] for a in p.engine.audits] == ["Update attribute mappings or scope"]


def test_a_scoping_filter_keeps_people_out_and_says_so() -> None:
    with practice() as p:
        p.world.people[ADA].department = "Data"
        p.settings.users.scope = [Clause("department", "EQUALS", "data")]
        p.run(1)
        assert p.catalog.store.users() == [], "comparison is case-sensitive"
        (row,) = p.rows(name="Ada Albers")
        scoping = next(s for s in row["provisioningSteps"] if s["provisioningStepType"] == "scoping")
        assert scoping["details"]["Scoping filter evaluation passed"] == "False"
        assert scoping["details"]["ScopeEvaluationResult"] == """{"Scope.department EQUALS 'data'":false}"""
        assert scoping["details"]["Assigned to the application"] == "True"


def test_flows_and_switched_off_objects() -> None:
    with practice() as p:
        p.settings.users.flows = ("Update", "Delete")
        p.settings.groups.enabled = False
        p.world.groups[TEAM].assigned = True
        p.run(2)
        assert p.catalog.store.users() == [] and p.catalog.store.groups() == []
        assert not [s for s in p.sent if "/Groups" in s.path]


def test_defaults_at_create_only_and_empty_values_are_not_sent() -> None:
    with practice() as p:
        p.world.people[ADA].given = ""
        row = next(r for r in p.settings.users.rows if r.target == "name.familyName")
        row.default = "Unknown"
        p.world.people[ADA].family = ""
        p.at(1, "rename", key=ADA, family="Albers")
        p.at(2, "rename", key=ADA, family="")
        p.run(0.9)
        assert p.account(UPN)["name"] == {"familyName": "Unknown"}
        p.run(1.9)
        assert p.account(UPN)["name"] == {"familyName": "Albers"}
        p.run(3)
        assert p.account(UPN)["name"] == {"familyName": "Albers"}, "a null is not sent"


def test_a_guest_is_sent_without_the_marker_of_the_directory() -> None:
    with practice(assigned=(ADA, CAT)) as p:
        login = "cat_partner.example.net#EXT#@practice.onmicrosoft.com"
        p.world.people[CAT] = person(CAT, "Cat", "Cordes", login=login, kind="guest")
        p.run(1)
        assert {u["userName"] for u in p.catalog.store.users()} == {UPN, "cat_partner.example.net"}


def test_typed_and_extension_attributes_find_their_place() -> None:
    department = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
    with practice() as p:
        p.world.people[ADA].department = "Data"
        p.settings.users.map('emails[type eq "work"].value', "mail")
        p.settings.users.map(department, "department")
        p.run(1)
        body = next(s.body for s in p.sent if s.method == "POST")
        assert body["emails"] == [{"type": "work", "primary": True, "value": UPN}]
        assert body[department.rpartition(":")[0]] == {"department": "Data"}
        assert p.run(3) == []
        details = p.rows(action="create")[0]["provisioningSteps"][-1]["details"]
        assert {'emails[type eq "work"]value', department.replace(":", "").replace(".", "")} <= set(details)


def test_before_the_start_nothing_is_sent() -> None:
    with practice() as p:
        p.engine.run(BEGIN + HOUR)
        assert p.sent == []
