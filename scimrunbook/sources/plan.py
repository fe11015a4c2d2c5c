"""Every request a run would send, listed before any is sent: what ``check --plan`` shows. Nothing here connects.

``at_most`` is the bound the readers keep (pages of a list, people asked for one by one); usually far fewer are sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from scimrunbook.guide import HOW_TO_GET, REGIONS
from scimrunbook.incident import Incident
from scimrunbook.sources import catalog, catalog_probe, entra, graph, okta, okta_people, okta_reads, scim_walk
from scimrunbook.sources.graph import PERMISSIONS
from scimrunbook.sources.okta_signin import PATH as OKTA_TOKEN
from scimrunbook.sources.okta_signin import SCOPES
from scimrunbook.sources.scim_expectations import PATH
from scimrunbook.sources.signin import LOGIN

SIGN_IN = "signs in; sends nothing else"


@dataclass(frozen=True, slots=True)
class Planned:
    """One kind of request. ``credential``: the reference it is sent with, never a value; ``why``: what it tells."""

    method: str
    url: str
    at_most: int
    credential: str
    why: str


def plan(incident: Incident, probe: str = "light") -> list[Planned]:
    """In the order of sending. Empty where nothing would be sent: exports alone are judged offline."""
    provider = _okta(incident) if incident.identity_provider == "okta" else _entra(incident)
    return [*provider, *_catalog(incident, probe, bool(provider))]


def _okta(incident: Incident) -> list[Planned]:
    access = incident.okta
    if access is None or not (access.token or access.private_key):
        return []
    reference = str(access.private_key or access.token)
    made = []
    if access.private_key:
        # One for all scopes, one each where that is refused, one for those that are granted.
        made = [Planned("POST", f"{access.org_url}{OKTA_TOKEN}", len(SCOPES) + 2, reference, SIGN_IN)]

    def get(what: str, path: str, at_most: int) -> None:
        made.append(Planned("GET", f"{access.org_url}/api/v1{path}", at_most, reference, HOW_TO_GET[what].title))

    pages = okta_reads.MAX_PAGES
    made.append(Planned("GET", f"{access.org_url}/api/v1/apps?limit=1", 1, reference, "The org's clock"))
    get("okta.app", "/apps?filter=…", pages)
    get("okta.app", "/apps/{id}", 1)
    get("okta.app", "/apps/{id}/connections/default", 1)
    get("okta.app", "/apps/{id}/features/USER_PROVISIONING", 1)
    get("okta.app_users", "/apps/{id}/users", pages)
    get("okta.app_groups", "/apps/{id}/groups", pages)
    get("okta.push_mappings", "/apps/{id}/group-push/mappings", pages)
    get("okta.mappings", "/mappings?sourceId|targetId=…", 2 * pages)
    get("okta.mappings", "/mappings/{id}", 2 * pages)
    get("okta.users", "/users?…", 2 * pages + okta_people.MOST_NAMED)
    get("okta.users", "/users/{id}", okta_people.MOST_NAMED)
    get("okta.groups", "/groups", pages)
    get("okta.members", "/groups/{id}/users", pages)
    get("okta.system_log", "/logs?since=…&until=…&filter=…", 5 * okta.MAX_LOG_PAGES)
    return made


def _entra(incident: Incident) -> list[Planned]:
    access = incident.entra
    if access is None or not (access.credential or access.sign_in):
        return []
    reference = str(access.credential or f"sign_in: {access.sign_in}")
    made = []
    if access.client_id and access.credential:
        made = [Planned("POST", f"{LOGIN}/{access.tenant_id}/oauth2/v2.0/token", 1, reference, SIGN_IN)]
    elif access.sign_in:
        made = [Planned("POST", f"{LOGIN}/… (azure-identity)", 1, reference, "signs in, by its own connections")]

    def get(what: str, path: str, at_most: int) -> None:
        needs = f"{HOW_TO_GET[what].title} ({PERMISSIONS[what]})"
        made.append(Planned("GET", f"https://graph.microsoft.com/v1.0{path}", at_most, reference, needs))

    at, pages, asked = "/servicePrincipals/{id}", graph.MAX_PAGES, entra.MOST_ASKED
    get("entra.service_principal", "/servicePrincipals?$top=1", 1)
    get("entra.service_principal", at, 1)
    get("entra.service_principal", "/servicePrincipals?$filter=appId eq …", 1)
    get("entra.job", f"{at}/synchronization/jobs", pages)
    get("entra.schema", f"{at}/synchronization/jobs/{{id}}/schema", 1)
    get("entra.assignments", f"{at}/appRoleAssignedTo", pages)
    get("entra.provisioning_log", "/auditLogs/provisioning?$filter=…", pages)
    get("entra.directory_audits", "/auditLogs/directoryAudits?$filter=…", pages)
    get("entra.groups", "/groups/{id}", asked)
    get("entra.members", "/groups/{id}/members", asked)
    get("entra.users", "/users?…", entra.USER_PAGES)
    get("entra.users", "/users/{id}", asked)
    return made


def _catalog(incident: Incident, probe: str, provider: bool) -> list[Planned]:
    reference = incident.catalog.token
    if reference is None and not provider:
        return []
    region = REGIONS[incident.catalog_host]
    base = f"https://{region.api_host}{PATH}"
    made = []
    if probe != "off":
        title = HOW_TO_GET["catalog.probe"].title
        if reference:
            many = catalog_probe.FULL if probe == "full" else catalog_probe.LIGHT
            made += [
                Planned("GET", f"{base}/Users/{{id}}", 1, reference, f"{title}: somebody who is not there"),
                Planned(
                    "GET",
                    f"{base}/Users|Groups|ServiceProviderConfig|ResourceTypes|Schemas",
                    many - 5,  # the one above, and the controls below
                    reference,
                    f"{title} ({probe})",
                ),
            ]
        control = f"{base}/Users|ServiceProviderConfig"
        made.append(Planned("GET", control, 4, "no token, and a wrong one", f"{title}: must be refused"))
    if reference:
        pages = scim_walk.MAX_PAGES
        for what, path in (("catalog.users", "/Users"), ("catalog.groups", "/Groups")):
            made.append(Planned("GET", f"{base}{path}?startIndex=…&count=…", pages, reference, HOW_TO_GET[what].title))
        made.append(Planned("GET", f"{base}/Groups/{{id}}", catalog.MAX_SINGLE, reference, "Members the list left out"))
    return made
