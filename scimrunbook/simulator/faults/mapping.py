"""Section 04: attribute mapping and the values it carries."""

from __future__ import annotations

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, in_scope, left, marked, nobody
from scimrunbook.simulator.world import World


def _names_empty(s: Scenario) -> None:
    """HR created two of the new hires without first and last name."""
    for person in s.hired("joiner_after")[:2]:
        person.given = person.family = ""
        person.trait = "names_empty"


def _external_id(s: Scenario) -> None:
    """The default row was never edited."""
    s.settings.users.map("externalId", "mailNickname")


def _given_unmapped(s: Scenario) -> None:
    if s.provider == "okta":
        del s.settings.to_app["givenName"]
    else:
        s.settings.users.drop("name.givenName")


def _family_unmapped(s: Scenario) -> None:
    if s.provider == "okta":
        del s.settings.to_app["familyName"]
    else:
        s.settings.users.drop("name.familyName")


def _extra(s: Scenario) -> None:
    """Rows the walkthrough says to delete were left; Catalog takes them and makes nothing of them."""
    if s.provider == "okta":
        s.settings.to_app["title"] = ("user.title", "PUSH")
    else:
        s.settings.users.map("displayName", "displayName")
        s.settings.users.map('emails[type eq "work"].value', "mail")


def _active_unmapped(s: Scenario) -> None:
    """The row that carries a block or an end of assignment was deleted with the others."""
    s.settings.users.drop("active")


def _dont_push(s: Scenario) -> None:
    """Apply mapping on user create only."""
    s.settings.to_app = {target: (source, "DONT_PUSH") for target, (source, _) in s.settings.to_app.items()}


def _username(s: Scenario) -> None:
    """People sign in to the provider by a short name that is nobody's address."""
    people = [*s.world.people.values(), *(c.data["person"] for c in s.world.timeline if c.what == "hire")]
    for person in people:
        if person.kind != "guest":
            person.login = f"{person.mail_nickname}@corp.example.com"
    if s.provider == "okta":
        s.settings.username_template = "${source.login}"


def _login_apart(world: World) -> list[str]:
    return [k for k in in_scope(world) if world.people[k].login != world.people[k].email
            and world.people[k].kind != "guest"]  # fmt: skip


def _renamed(world: World) -> list[str]:
    return [p.key for p in world.people.values() if p.trait in ("renamed_before", "renamed_after")]


FAULTS = (
    Fault("names_empty", "First and last name are empty in the provider", BOTH, "attribute_mapping",
          "mapping.source_values_present", "mapping", ("empty_names",), _names_empty, marked("names_empty")),
    Fault("given_name_unmapped", "The first name is not mapped", BOTH, "attribute_mapping", "mapping.okta_to_app",
          "mapping", ("empty_names",), _given_unmapped, in_scope,
          elsewhere={"entra": ("mapping.entra_users_kept", "mapping")}),
    Fault("family_name_unmapped", "The last name is not mapped", BOTH, "attribute_mapping", "mapping.okta_to_app",
          "mapping", ("empty_names",), _family_unmapped, in_scope,
          elsewhere={"entra": ("mapping.entra_users_kept", "mapping")}),
    Fault("extra_attribute", "More attributes are mapped than Catalog wants", BOTH, "attribute_mapping",
          "mapping.okta_to_app", "", (), _extra, nobody, elsewhere={"entra": ("mapping.entra_no_extras", "")}),
    Fault("external_id_mailnickname", "externalId still comes from mailNickname", ("entra",), "attribute_mapping",
          "mapping.entra_external_id", "mapping", ("stale_attributes",), _external_id, in_scope),
    Fault("active_unmapped", "The row for active was deleted, so nobody is ever disabled", ("entra",),
          "attribute_mapping", "mapping.entra_users_kept", "mapping", ("lingering_access",), _active_unmapped, left),
    Fault("dont_push", "Names are applied on create only", ("okta",), "attribute_mapping",
          "mapping.okta_pushed_on_update", "mapping", ("stale_attributes",), _dont_push, _renamed),
    Fault("username_not_email", "The username in Catalog is not the e-mail address", BOTH, "duplicate_identity",
          "mapping.okta_username_format", "mapping", ("stale_attributes",), _username, _login_apart,
          elsewhere={"entra": ("accounts.emails_align", "")}),
)  # fmt: skip
