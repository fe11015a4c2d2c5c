"""From findings and hops to the verdict: order, proofs, what a fix would do, what it hides, what would decide."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from scimrunbook import guide
from scimrunbook.advice import first_fix, look_again, meanwhile
from scimrunbook.deciders import decider, not_checked
from scimrunbook.diagnosis import diagnose, why
from scimrunbook.findings import Action, Cause, Finding, Manual, Reach, Status
from scimrunbook.masked import masked
from scimrunbook.preview import preview
from scimrunbook.ranking import HIDES, SPECIFIC
from scimrunbook.run import judge
from scimrunbook.trace import COLUMNS
from tests.checks.build import LATE, Tenant

BOTH = pytest.mark.parametrize("provider", ["okta", pytest.param("entra", marks=pytest.mark.slow)])
NOBODY = pd.DataFrame(columns=list(COLUMNS), dtype="str")


def finding(id: str, cause: Cause | None = None, status: Status = Status.FAIL, **more: object) -> Finding:
    section = {"token": "base_url_and_token", "base_url": "base_url_and_token", "sync": "sync_and_logs",
               "mapping": "attribute_mapping", "accounts": "manual_and_scim_accounts"}  # fmt: skip
    topic = id.split(".")[0]
    known = {"actual": f"{id} is broken. More of it.", "actions": (Action("here", "mend it"),), "provider": "okta"}
    if status is Status.SKIPPED:
        known["needs"] = "Not checked: needs a thing."
    causes = () if cause is None else (cause,)
    return Finding(id=id, title=id, status=status, section=section.get(topic, topic), causes=causes,
                   **{**known, **more})  # type: ignore[arg-type]  # fmt: skip


def causes_of(*findings: Finding) -> list[str]:
    return [c.cause for c in diagnose(Tenant("okta").snapshot(), findings, NOBODY).causes]


def test_blocks_come_before_personal_causes_and_failures_before_warnings() -> None:
    token = finding("token.did_not_change", Cause.URL_OR_TOKEN, reach=Reach.TENANT)
    names = finding("mapping.source_values_present", Cause.ATTRIBUTE_MAPPING, affected=("ada", "bob"))
    late = finding("sync.enough_time_has_passed", Cause.SYNC_SCHEDULE, Status.WARN, affected=("ada",))
    assert causes_of(late, names, token) == ["url_or_token", "attribute_mapping", "sync_schedule"]


def test_of_personal_causes_the_one_that_explains_more_people_comes_first() -> None:
    names = finding("mapping.source_values_present", Cause.ATTRIBUTE_MAPPING, affected=("ada",))
    twice = finding("accounts.one_per_person", Cause.DUPLICATE_IDENTITY, affected=("bob", "cid"))
    seen = finding("symptoms.nobody_missing", deciding=False, affected=("ada", "bob", "cid"))
    said = diagnose(Tenant("okta").snapshot(), [names, twice, seen], NOBODY)
    assert [(c.cause, c.share) for c in said.causes[:2]] == [
        ("duplicate_identity", 0.6667),
        ("attribute_mapping", 0.3333),
    ]
    assert said.first.startswith("Mend first: Two identities for one person (accounts.one_per_person), because it expl")


def test_what_speaks_against_a_warning_puts_it_behind_and_is_named() -> None:
    stops = finding("sync.log_does_not_stop", Cause.URL_OR_TOKEN, Status.WARN, reach=Reach.TENANT)
    waits = finding("sync.runs_on_schedule", Cause.SYNC_SCHEDULE, Status.WARN, reach=Reach.TENANT)
    on = finding("connection.provisioning_is_on", None, Status.PASS)
    assert causes_of(stops, waits, on) == ["url_or_token", "sync_schedule"]
    fine = finding("token.did_not_change", Cause.URL_OR_TOKEN, Status.PASS, against=(Cause.URL_OR_TOKEN,))
    said = diagnose(Tenant("okta").snapshot(), [stops, waits, on, fine], NOBODY)
    assert [c.cause for c in said.causes] == ["sync_schedule", "url_or_token"]
    assert said.causes[1].against == ("token.did_not_change",)


def test_why_is_one_sentence_with_the_two_strongest_proofs() -> None:
    lead = finding("token.did_not_change", affected=("ada",), actual="The token is refused. Since Monday.")
    other = finding("connection.not_quarantined", actual="The job is in quarantine. For long.")
    far = finding("symptoms.nobody_missing", actual="Cid is missing.", affected=("cid",))
    near = finding("symptoms.jobs_succeed", actual="Ada's job fails.", affected=("ada",))
    assert why(lead, [far, near, other], ("ada",)) == "The token is refused; this fits: the job is in quarantine."
    assert why(lead, [far, near], ("ada",)) == "The token is refused; this fits: ada's job fails."
    assert why(lead, [far], ("ada",)) == "The token is refused."


@BOTH
def test_the_preview_counts_who_is_created_updated_and_deactivated(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.hire("eve", "2026-11-19T08:00:00Z", account=False)
    tenant.row("accounts", account_id="cat-bob")["family_name"] = "Before"
    tenant.row("accounts", account_id="cat-cid")["active"] = True
    lead = finding("token.did_not_change", Cause.URL_OR_TOKEN, reach=Reach.TENANT)
    effect = preview(tenant.snapshot(), Cause.URL_OR_TOKEN, [lead], ("ada", "bob", "cid", "eve"), NOBODY)
    assert (effect.created, effect.updated, effect.deactivated, effect.stuck) == (1, 1, 1, 0)
    moment = "when they are sent again" if provider == "okta" else "on the next cycle"
    assert f"After this, {moment}: 1 created, 1 updated, 1 deactivated" in effect.sentence
    assert effect.warnings == ()


def test_the_preview_warns_before_many_are_switched_off() -> None:
    tenant = Tenant("okta")
    keys = [f"p{n}" for n in range(6)]
    for key in keys:
        tenant.hire(key, "2026-11-01T08:00:00Z")
        tenant.row("people", person_key=key).update(status="DEPROVISIONED", active=False)
    lead = finding("connection.provisioning_is_on", Cause.INTEGRATION_NOT_ENABLED, reach=Reach.TENANT)
    effect = preview(tenant.snapshot(), Cause.INTEGRATION_NOT_ENABLED, [lead], tuple(keys), NOBODY)
    assert effect.deactivated == 6
    assert "deactivate 6 accounts of the 8 active ones" in effect.warnings[0]
    few = preview(tenant.snapshot(), Cause.INTEGRATION_NOT_ENABLED, [lead], tuple(keys[:2]), NOBODY)
    assert few.warnings == ()


def test_the_preview_warns_of_second_accounts() -> None:
    tenant = Tenant("okta")
    tenant.row("people", person_key="bob")["other_emails"] = "bob@home.example"
    account = tenant.row("accounts", account_id="cat-bob")
    account.update(account_id="made-by-hand", user_name="bob@home.example", external_id=None, email=None)
    tenant.row("app_accounts", person_key="bob")["external_id"] = None
    tenant.rows["team_members"] = []
    lead = finding("token.did_not_change", Cause.URL_OR_TOKEN, reach=Reach.TENANT)
    effect = preview(tenant.snapshot(), Cause.URL_OR_TOKEN, [lead], ("ada",), NOBODY)
    assert "1 person has an account made by hand under another address" in effect.warnings[0]
    tenant.unread("catalog.users").hire("eve", "2026-11-19T08:00:00Z", account=False)
    unknown = preview(tenant.snapshot(), Cause.URL_OR_TOKEN, [lead], ("eve",), NOBODY)
    assert unknown.created == 1 and "list of accounts was not read" in unknown.warnings[0]


@BOTH
def test_who_stops_again_at_another_cause_is_told_apart(provider: str) -> None:
    tenant = Tenant(provider)
    tenant.hire("eve", "2026-11-20T08:00:00Z", account=False)
    tenant.hire("fay", "2026-11-20T08:00:00Z", account=False)
    tenant.row("people", person_key="fay").update(given_name=None, family_name=None)
    if provider == "okta":
        tenant.row("app_accounts", person_key="fay").update(given_name=None, family_name=None)
        tenant.facts.app.features = ["GROUP_PUSH"]
        tenant.rows["jobs"][0].update(state="INACTIVE", schedule_state="Disabled")
    else:
        tenant.rows["jobs"][0].update(state="Paused", schedule_state="Disabled")
    said = judge(tenant.snapshot())
    first, second = said.diagnosis.causes[:2]
    assert (first.cause, second.cause) == ("integration_not_enabled", "attribute_mapping")
    assert first.effect is not None and (first.effect.created, first.effect.stuck) == (1, 1)
    fay = said.hops.set_index("person_key").loc["fay"]
    assert fay["hop"] == "mapping" and fay["next_action"] == first.finding
    assert "look again" in said.diagnosis.to_json()["causes"][0]["look_again"]["text"].lower()
    assert said.diagnosis.first.startswith("Mend first: Provisioning is not fully switched on")


def test_a_block_hides_what_is_seen_behind_it_what_follows_from_it_and_what_nobody_can_see() -> None:
    block = finding("connection.provisioning_is_on", Cause.INTEGRATION_NOT_ENABLED, reach=Reach.TENANT,
                    affected=("ada", "bob"), since=LATE)  # fmt: skip
    held = {"status": Status.SKIPPED, "blocked_by": block.id}
    follows = finding("sync.no_failed_operations", Cause.CATALOG_SIDE, affected=("ada",), **held)
    seen = finding("assignments.group_push_is_healthy", Cause.ASSIGNMENT_SCOPE, affected=("g1",), **held)
    said = masked([block, follows, seen])
    assert [(m["finding"], m["kind"]) for m in said] == [
        ("assignments.group_push_is_healthy", "seen"),
        ("sync.no_failed_operations", "follows"),
        ("token.did_not_change", "unjudged"),
        ("sync.enough_time_has_passed", "unjudged"),
    ]
    assert said[0]["cause"] == "assignment_scope" and "2026-11-19 10:00 UTC" in said[2]["actual"]
    stands_itself = finding("token.did_not_change", Cause.URL_OR_TOKEN)
    assert "token.did_not_change" not in {m["finding"] for m in masked([block, follows, seen, stands_itself])}
    assert masked([finding("mapping.source_values_present", affected=("ada",))]) == ()
    # a mapping that was read is not hidden; one of a job that does not exist yet is
    for status, hidden in ((Status.PASS, False), (Status.SKIPPED, True)):
        mapping = finding("mapping.entra_users_kept", None, status)
        assert (mapping.id in {m["finding"] for m in masked([block, mapping])}) is hidden


def test_after_a_fix_that_nothing_followed_what_catalog_answers_is_open_whatever_failed_before() -> None:
    idle = finding("sync.fresh_run_queued_after_fix", Cause.SYNC_SCHEDULE)
    before = finding("sync.no_failed_operations", Cause.URL_OR_TOKEN)
    for findings in ([idle], [idle, before]):
        assert [m["finding"] for m in masked(findings)] == ["sync.no_failed_operations"]
    assert masked([idle, replace(before, causes=(Cause.CATALOG_SIDE,))]) == ()


def test_where_the_log_is_silent_and_nobody_could_look_no_cause_is_named() -> None:
    stops = finding("sync.log_does_not_stop", Cause.URL_OR_TOKEN, Status.WARN, reach=Reach.TENANT, affected=("ada",))
    left = finding("assignments.leavers_were_unassigned_by_provider", Cause.SYNC_SCHEDULE, affected=("cid",))
    names = finding("mapping.source_values_present", Cause.ATTRIBUTE_MAPPING, affected=("bob",))
    unread = finding("connection.provisioning_is_on", None, Status.SKIPPED)
    assert causes_of(stops, left, names, unread) == ["attribute_mapping"]
    on = finding("connection.provisioning_is_on", None, Status.PASS)
    assert causes_of(stops, left, names, on) == ["attribute_mapping", "sync_schedule", "url_or_token"]


def test_groups_alone_do_not_show_that_somebody_is_not_assigned() -> None:
    tenant = Tenant("okta")
    tenant.rows["app_accounts"] = []
    assert tenant.find("symptoms.nobody_lingers").status is not Status.FAIL
    tenant.unread("okta.app_users")
    tenant.rows["memberships"] = [m for m in tenant.rows["memberships"] if m["member_key"] != "bob"]
    assert "bob" not in tenant.find("symptoms.nobody_lingers").affected


def test_every_block_that_hides_is_known_and_says_so_in_a_sentence() -> None:
    assert set(HIDES) <= set(SPECIFIC)
    for hidden in (h for hs in HIDES.values() for h in hs):
        assert hidden.finding in SPECIFIC and hidden.why.endswith(".")


def test_the_most_telling_gap_comes_first() -> None:
    tenant = Tenant("okta")
    tenant.incident["symptoms"] = ["missing_people"]
    needs = "Not checked: needs the {}. Get it like this: export the {}."
    some = [
        finding("accounts.emails_align", None, Status.SKIPPED, needs=needs.format("list", "list")),
        finding("symptoms.nobody_missing", None, Status.SKIPPED, needs=needs.format("users", "users")),
        finding("token.did_not_change", None, Status.SKIPPED, needs=needs.format("log", "log")),
    ]
    missing = not_checked(tenant.snapshot(), some)
    assert [m["what"] for m in missing] == ["the log", "the users", "the list"]
    assert decider(missing, some) == {"what": "the log", "get_it": "export the log.", "checks": "token.did_not_change"}
    answered = [*some[:2], finding("connection.provisioning_is_on", None, Status.PASS), some[2]]
    both = [*answered, finding("token.is_accepted", None, Status.PASS)]
    assert next(m["what"] for m in not_checked(tenant.snapshot(), both)) == "the users"
    two = finding("accounts.one_per_person", None, Status.SKIPPED, needs=f"{some[1].needs} {some[0].needs}")
    told = not_checked(tenant.snapshot(), [*some, two])
    assert [m["what"] for m in told] == ["the log", "the users", "the list"], "each once, whoever wants it"
    assert [m["get_it"] for m in told] == ["export the log.", "export the users.", "export the list."]
    own = finding("symptoms.nobody_lingers", None, Status.SKIPPED, needs="The same list with the attribute active.")
    assert {"what": "The same list with the attribute active", "get_it": "", "checks": own.id} in not_checked(
        tenant.snapshot(), [*some, own]
    ), "what a check says in words of its own is told as well"
    asked = finding("start.setup_completed", None, Status.MANUAL, manual=Manual("Done?", "Catalog"))
    assert decider((), [asked]) == {"what": "an answer to: Done?", "get_it": "Look here: Catalog.",
                                    "checks": "start.setup_completed"}  # fmt: skip
    assert decider((), []) is None


def test_when_to_look_again_is_exact() -> None:
    okta = look_again(Tenant("okta").snapshot(), None)
    assert okta["at"] == "2026-11-20T14:15:00Z"
    entra = Tenant("entra")
    said = look_again(entra.snapshot(), None)
    # the job began 13:30 and runs every 40 minutes: 14:10, and then a cycle and ten minutes
    assert said["at"] == "2026-11-20T15:00:00Z" and "next cycle begins about 2026-11-20 14:10 UTC" in (
        said["text"] or ""
    )
    entra.rows["jobs"][0]["state"] = "Quarantine"
    assert look_again(entra.snapshot(), None)["at"] == "2026-11-20T14:50:00Z"
    entra.hire("eve", "2026-11-20T13:50:00Z", account=False)
    waits = finding("sync.enough_time_has_passed", Cause.SYNC_SCHEDULE, Status.WARN, affected=("eve",))
    assert look_again(entra.snapshot(), waits)["at"] == "2026-11-20T14:40:00Z"


def test_nobody_is_sent_to_try_one_person_through_a_wall() -> None:
    snapshot = Tenant("entra").snapshot()
    token = finding("token.did_not_change", Cause.URL_OR_TOKEN, reach=Reach.TENANT)
    effect = preview(snapshot, Cause.URL_OR_TOKEN, [token], (), NOBODY)
    assert meanwhile(snapshot, Cause.URL_OR_TOKEN, token, effect) == ()
    scope = finding("assignments.people_are_assigned", Cause.ASSIGNMENT_SCOPE, affected=("dot",))
    effect = preview(snapshot, Cause.ASSIGNMENT_SCOPE, [scope], ("dot",), NOBODY)
    said = meanwhile(snapshot, Cause.ASSIGNMENT_SCOPE, scope, effect)
    assert effect.created == 1
    assert "Provision on demand" in said[0].where and "by hand" in said[-1].what


def test_what_the_actions_say_already_is_not_said_again_and_open_access_comes_first() -> None:
    tenant = Tenant("entra")
    tenant.row("accounts", account_id="cat-cid")["active"] = True
    tenant.hire("eve", "2026-11-19T08:00:00Z", account=False)
    snapshot, who = tenant.snapshot(), ("cid", "eve")

    def said(lead: Finding, cause: Cause) -> list[str]:
        return [a.what for a in meanwhile(snapshot, cause, lead, preview(snapshot, cause, [lead], who, NOBODY))]

    down = finding("sync.endpoint_keeps_up", Cause.CATALOG_SIDE, affected=who)
    whole = said(down, Cause.CATALOG_SIDE)
    assert [w.split()[0] for w in whole] == ["Deactivate", "Choose", "If", "Do"]
    told = (Action("Catalog", "Deactivate these accounts by hand meanwhile."), Action("x", "Restart provisioning."))
    assert said(replace(down, actions=told), Cause.CATALOG_SIDE) == [whole[1], whole[3]]
    # the name of a switch, and another account than the leaver's, are not this step
    named = (Action("x", "Tick Enable for Deactivate Users, save."), Action("x", "Then deactivate the manual one."))
    assert said(replace(down, actions=named), Cause.CATALOG_SIDE) == whole
    assert "Once Coalesce has mended it" in str(look_again(snapshot, down, Cause.CATALOG_SIDE)["text"])


def test_a_second_account_is_put_right_by_hand_and_nobody_is_unassigned_for_it() -> None:
    snapshot = Tenant("okta").snapshot()
    twice = finding("accounts.one_per_person", Cause.DUPLICATE_IDENTITY, affected=("ada",))
    effect = preview(snapshot, Cause.DUPLICATE_IDENTITY, [twice], ("ada",), NOBODY)
    assert "switched off by hand" in effect.sentence
    assert meanwhile(snapshot, Cause.DUPLICATE_IDENTITY, twice, effect) == ()


def test_one_fix_is_named_as_the_only_one() -> None:
    title = guide.CAUSES["url_or_token"].title
    assert first_fix([(title, "token.did_not_change", True, 1.0)]) == (
        f"There is one thing to mend: {title} (token.did_not_change)."
    )
    assert first_fix([]) == ""


@pytest.mark.parametrize("block", ["token.did_not_change", "connection.paging_is_sound"])
def test_what_only_catalogs_accounts_show_is_announced_where_they_cannot_be_read(block: str) -> None:
    broken = finding(block, Cause.URL_OR_TOKEN, reach=Reach.TENANT)
    unseen = finding("accounts.one_per_person", Cause.DUPLICATE_IDENTITY, Status.SKIPPED)
    told = [(m["finding"], m["blocked_by"], m["kind"]) for m in masked([broken, unseen])]
    assert ("accounts.one_per_person", block, "unjudged") in told
    assert "accounts.one_per_person" not in {m["finding"] for m in masked([unseen])}
    seen = finding("accounts.one_per_person", None, Status.PASS)
    assert "accounts.one_per_person" not in {m["finding"] for m in masked([broken, seen])}


def test_without_a_log_no_mere_consequence_is_named_as_a_cause() -> None:
    left = finding("assignments.leavers_were_unassigned_by_provider", Cause.SYNC_SCHEDULE)
    twice = finding("accounts.one_per_person", Cause.DUPLICATE_IDENTITY)
    unread = [finding(i, None, Status.SKIPPED) for i in ("sync.no_failed_operations", "sync.log_does_not_stop")]
    assert set(causes_of(left, twice)) == {"duplicate_identity", "sync_schedule"}
    assert causes_of(left, twice, *unread) == ["duplicate_identity"]
    assert diagnose(Tenant("okta").snapshot(), [left, *unread], NOBODY).verdict == "inconclusive"


def test_where_the_switches_were_not_read_what_was_not_sent_may_be_theirs() -> None:
    left = finding("assignments.leavers_were_unassigned_by_provider", Cause.SYNC_SCHEDULE)
    stale = finding("mapping.values_arrive", Cause.ATTRIBUTE_MAPPING)
    stops = finding("sync.log_does_not_stop", Cause.URL_OR_TOKEN, Status.WARN)
    asked = Manual("Are all three switches on?", "Provisioning > To App")
    switches = finding("connection.actions_are_enabled", None, Status.MANUAL, manual=asked)
    on = finding("connection.provisioning_is_on", None, Status.PASS)
    assert len(causes_of(on, left, stale, stops)) == 3
    assert causes_of(on, left, stale, stops, switches) == []
    # what Catalog accepted and does not hold is no matter of switches
    dropped = finding("mapping.values_arrive", Cause.CATALOG_SIDE)
    assert causes_of(on, dropped, switches) == ["catalog_side"]


def test_waiting_is_no_answer_where_nothing_is_known_to_run() -> None:
    waits = finding("sync.enough_time_has_passed", Cause.SYNC_SCHEDULE, Status.WARN)
    unread = [finding(i, None, Status.SKIPPED) for i in ("sync.no_failed_operations", "sync.log_does_not_stop")]
    on = finding("connection.provisioning_is_on", None, Status.SKIPPED)
    assert causes_of(waits, *unread) == ["sync_schedule"]
    assert causes_of(waits, *unread, on) == []


def test_a_dead_token_of_entra_is_doubted_where_nobody_saw_whether_it_was_renewed() -> None:
    dead = finding("token.did_not_change", Cause.URL_OR_TOKEN, reach=Reach.TENANT)
    entra = Tenant("entra").unread("entra.directory_audits")
    (cause,) = diagnose(entra.snapshot(), [dead], NOBODY).causes
    assert cause.ask is not None and "Test Connection first" in cause.ask and "audit log" in cause.ask
    tried = finding("token.is_accepted", None, Status.FAIL)
    for findings, tenant in (([dead, tried], entra), ([dead], Tenant("entra")), ([dead], Tenant("okta"))):
        assert diagnose(tenant.snapshot(), findings, NOBODY).causes[0].ask is None


def test_a_mass_of_deactivations_behind_a_block_is_announced_for_entra_alone() -> None:
    dead = finding("token.did_not_change", Cause.URL_OR_TOKEN, reach=Reach.TENANT)
    for provider, people, announced in (("entra", 5, True), ("entra", 4, False), ("okta", 5, False)):
        tenant = Tenant(provider)
        keys = tuple(f"p{n}" for n in range(people))
        for key in keys:
            tenant.hire(key, "2026-11-01T08:00:00Z")
            tenant.row("people", person_key=key).update(status="DISABLED", active=False)
        said = diagnose(tenant.snapshot(), [replace(dead, affected=keys)], NOBODY)
        hidden = [m for m in said.masked if m["finding"] == "connection.not_quarantined"]
        assert bool(hidden) is announced
        assert not announced or "5 accounts are to be deactivated" in hidden[0]["actual"]


def test_a_warning_that_concerns_nobody_explains_nobody() -> None:
    tenant = Tenant("okta").unread("catalog.users", "catalog.groups")
    tenant.incident.update(symptoms=["missing_people"], people=["bob@example.com"])
    needless = {"direction": "from_app", "object": "user", "target": "nickName", "source": "appuser.nick"}
    tenant.rows["mappings"].append({**needless, "flow": "PUSH"})
    result = judge(tenant.snapshot()).diagnosis
    assert [(c.cause, c.finding) for c in result.causes] == [
        ("attribute_mapping", "mapping.okta_from_app"),
        ("unknown", None),
    ]
    assert "Catalog" in result.causes[1].ask


def test_what_a_person_answered_stops_people_as_what_was_read_does() -> None:
    tenant = Tenant("okta")
    tenant.hire("eve", LATE, account=False)
    tenant.answers = {"connection.provisioning_is_on": {"answer": "no", "by": "ada"}}
    tenant.facts.app.features = None
    hops = judge(tenant.snapshot()).hops.set_index("person_key")
    assert (hops["hop"]["eve"], hops["action"]["eve"]) == ("attempt", "connection.provisioning_is_on")


def test_a_leaver_with_an_account_made_by_hand_is_not_rightly_absent() -> None:
    tenant = Tenant("entra")
    tenant.row("people", person_key="dot")["active"] = False
    account = {"account_id": "cat-dot", "user_name": "dot@example.com", "external_id": None, "active": True}
    tenant.rows["accounts"].append(account)
    said = judge(tenant.snapshot())
    hops = said.hops.set_index("person_key")
    assert (hops["hop"]["dot"], hops["action"]["dot"]) == ("account", "accounts.all_have_a_source")
    cause = said.diagnosis.causes[0]
    assert (cause.finding, cause.affected) == ("accounts.all_have_a_source", ("dot",))
