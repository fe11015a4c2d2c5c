"""The incident file: what a parameters file may say (design: "The incident file").

This module holds the typed model: what it says of a key is also what editors (``schema``), ``init`` and error messages
say. Reading YAML with line numbers lives in ``incident_file``. A validator's message reads ``what is wrong | remedy``.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

Provider = Literal["okta", "entra"]
Host = Literal["app.castordoc.com", "app.us.castordoc.com"]
Role = Literal["VIEWER", "CONTRIBUTOR", "ADMIN"]
Redaction = Literal["strict", "default", "names-only"]
Symptom = Literal[
    "missing_people",
    "stale_attributes",
    "lingering_access",
    "failing_jobs",
    "empty_names",
    "missing_teams",
    "transform_login",
]

_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:\d{1,5})?")
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\]):(\d{1,5})")


def _file_name(value: str) -> str:
    """The incident names a folder, on Windows too (security, SR-63)."""
    if _DEVICE.fullmatch(value) or value.endswith("."):
        raise ValueError("no folder can have this name on every system | Take the ticket's id, for example CAT-1042.")
    return value


def _moment(value: Any) -> Any:
    if isinstance(value, str) and not _ISO.fullmatch(value):
        raise ValueError("this is not a time | Write it like 2026-11-20T00:00:00Z, date and time.")
    return value


def _this_century(value: datetime) -> datetime:
    if not 2000 <= value.year < 2100:
        raise ValueError("no log reaches to that year | Correct the year.")
    return value


def _login(value: str) -> str:
    if not value or re.search(r"\s", value):
        raise ValueError(
            "this is neither an e-mail nor a login | Name people by what they sign in with, like ada@example.com."
        )
    return value


Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"), AfterValidator(_file_name)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
CheckId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
Reference = Annotated[str, Field(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|keyring:[^/\s]+/\S+|file:.+|prompt)$")]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_this_century)]
Person = Annotated[str, AfterValidator(_login)]
Filled = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Window(_Strict):
    start: Moment = Field(description="Begin, with a time zone.", examples=["2026-11-20T00:00:00Z"])
    end: Moment = Field(description="End, with a time zone.", examples=["2026-11-22T00:00:00Z"])

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError("the window ends before it starts | Swap start and end, or correct one of them.")
        return self


class CatalogAccess(_Strict):
    token: Reference | None = Field(
        None,
        description="Where the SCIM token is to be found; often nobody has it, and the run is useful without it.",
        examples=["env:CATALOG_SCIM_TOKEN"],
    )
    token_is: Literal["as_typed_in_provider", "issued", "unknown"] = Field(
        "unknown",
        description="Which token that is: typed into the provider, issued by Catalog ops, or nobody knows.",
        examples=["as_typed_in_provider"],
    )
    configured_base_url: Filled | None = Field(
        None,
        description="The base URL (Entra: tenant URL) exactly as it stands in the provider, even if it looks wrong.",
        examples=["https://api.us.castordoc.com/auth/scim"],
    )


class OktaAccess(_Strict):
    org_url: str = Field(
        "",
        description="Address of the Okta org, not of its admin console; needed to read it live.",
        examples=["https://acme.okta.com"],
    )
    app_id: Id | None = Field(
        None,
        description="Id of the Catalog SCIM app, from the address bar of its page; without it the app is looked for.",
        examples=["0oa1gjh63g214q0Hq0g4"],
    )
    token: Reference | None = Field(
        None,
        description="Where an Okta API token of a read-only admin is to be found.",
        examples=["keyring:scimrunbook/acme"],
    )
    client_id: Id | None = Field(
        None,
        description="Client id of an OAuth service app with read scopes; used instead of token.",
        examples=["0oa2hk8zj5Y7LmT3p1d7"],
    )
    private_key: Reference | None = Field(
        None,
        description="Where that app's private key (JWK or PEM) is to be found.",
        examples=["file:okta-key.json"],
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.client_id is None) != (self.private_key is None):
            raise ValueError("client_id and private_key belong together | Give both, or take the one out.")
        if (self.token or self.client_id) and not self.org_url:
            raise ValueError("nobody says which org to sign in to | Add org_url, like https://acme.okta.com.")
        return self

    @field_validator("org_url")
    @classmethod
    def _org(cls, value: str) -> str:
        wrong = "this is not the address of an Okta org | Write it like https://acme.okta.com."
        try:
            parts = urlsplit(value)
        except ValueError:
            raise ValueError(wrong) from None
        host = parts.netloc.lower()
        if not _HOST.fullmatch(host) or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(wrong)
        if parts.scheme != "https":
            raise ValueError(f"the address has to begin with https | Write https://{host}.")
        if "-admin." in host:
            raise ValueError(f"this is the admin console | Write https://{host.replace('-admin.', '.', 1)}.")
        return f"https://{host}"


class EntraAccess(_Strict):
    tenant_id: Id | None = Field(
        None,
        description="Id of the directory (Entra admin center > Overview), or its domain name.",
        examples=["11111111-2222-3333-4444-555555555555"],
    )
    service_principal_id: Id | None = Field(
        None,
        description="Object id of the enterprise application, from its Overview page: not the application (client) id.",
        examples=["22222222-3333-4444-5555-666666666666"],
    )
    job_id: Id | None = Field(
        None,
        description="Id of the synchronization job, where the enterprise application has several.",
        examples=["scim.44444444444455556666777777777777.88888888-9999-aaaa-bbbb-cccccccccccc"],
    )
    client_id: Id | None = Field(
        None,
        description="Client id of the app registration that reads Graph; then credential is its secret.",
        examples=["33333333-4444-5555-6666-777777777777"],
    )
    credential: Reference | None = Field(
        None,
        description="Where the client secret is to be found; without client_id: a ready-made Graph access token.",
        examples=["env:GRAPH_CLIENT_SECRET"],
    )
    sign_in: Literal["azure", "device_code"] | None = Field(
        None,
        description="Used instead of credential: azure takes whoever is signed in here (Azure CLI, managed identity, "
        "AZURE_* variables), device_code asks a person to sign in with a code.",
        examples=["azure"],
    )

    @model_validator(mode="after")
    def _whose_secret(self) -> Self:
        if self.sign_in == "device_code" and not self.tenant_id:
            raise ValueError("sign_in: device_code needs tenant_id | Add tenant_id: it says where to sign in.")
        if self.client_id and not self.tenant_id:
            raise ValueError("client_id is given without tenant_id | Add tenant_id: signing in needs both.")
        return self


class Answer(_Strict):
    answer: Filled = Field(description="One of the answers the step offers, often yes or no.", examples=["yes"])
    by: str | None = Field(None, description="Who looked.", examples=["ada"])
    at: Moment | None = Field(None, description="When, with a time zone.", examples=["2026-11-20T08:00:00Z"])
    note: str | None = Field(None, description="Anything worth keeping; no tokens.")


class Incident(_Strict):
    incident: Key = Field(
        description="The ticket; names the folder of the results. Always text: 00123 and 1e5 stay what they are.",
        examples=["CAT-1042"],
    )
    summary: str = Field(
        "", description="One sentence: what was noticed.", examples=["New hires never appear in Catalog"]
    )
    identity_provider: Provider = Field(description="Who provisions Catalog.", examples=["okta"])
    catalog_host: Host = Field(
        description="Where people open Catalog; it decides the region and the right base URL.",
        examples=["app.us.castordoc.com"],
    )
    symptoms: list[Symptom] = Field([], description="What people see.", examples=[["missing_people"]])
    people: list[Person] = Field(
        [],
        description="Whose way to trace first, by e-mail or login: somebody affected is worth a lot.",
        examples=[["ada@example.com"]],
    )
    window: Window | None = Field(
        None,
        description="When it failed: what to read of the logs.",
        examples=[{"start": "2026-11-20T00:00:00Z", "end": "2026-11-22T00:00:00Z"}],
    )
    catalog: CatalogAccess = Field(CatalogAccess(), description="What is known of the Catalog side.")
    okta: OktaAccess | None = Field(None, description="Reading Okta live.")
    entra: EntraAccess | None = Field(None, description="Reading Entra ID live, through Microsoft Graph.")
    exports: Filled | None = Field(
        None,
        description="Folder of exported files, relative to this file; they are recognised by content.",
        examples=["CAT-1042-exports"],
    )
    role_mapping: dict[Role, list[str]] = Field(
        {},
        description="Which teams get which Catalog role, as agreed with Catalog ops.",
        examples=[{"VIEWER": ["dev"], "CONTRIBUTOR": ["marketing", "sales"], "ADMIN": ["founders"]}],
    )
    answers: dict[CheckId, Answer] = Field(
        {},
        description="Answers to the steps only a human can do, by check id.",
        examples=[{"start.setup_completed": {"answer": "yes", "by": "ada", "at": "2026-11-20T08:00:00Z"}}],
    )
    redaction: Redaction = Field(
        "default",
        description="What share takes out: default maps people, group names and hosts and lets no unknown word of free "
        "text pass; strict maps e-mail domains and all of your ids too; names-only maps people alone.",
        examples=["default"],
    )
    keep_domains: Literal["yes", "no"] = Field(
        "yes",
        description="Whether e-mail domains stay readable in what share builds: alias and duplicate faults need them.",
        examples=["yes"],
    )
    reveal: list[Person] = Field(
        [],
        description="People share may show by name, by e-mail or login. It is recorded in the bundle.",
        examples=[["ada@example.com"]],
    )
    connect_to: str | None = Field(
        None,
        description="Practice only, written by simulate: every host is reached at this loopback address instead.",
        examples=["127.0.0.1:8765"],
    )

    @field_validator("connect_to")
    @classmethod
    def _loopback(cls, value: str | None) -> str | None:
        match = None if value is None else _LOOPBACK.fullmatch(value)
        if value is not None and not (match and 0 < int(match[2]) < 65536):
            raise ValueError("practice goes to this machine only | Write 127.0.0.1:PORT, or take the line out.")
        return value

    @field_validator("okta", "entra")
    @classmethod
    def _of_the_provider(cls, value: Any, info: ValidationInfo) -> Any:
        provider = info.data.get("identity_provider")
        if value is not None and provider not in (None, info.field_name):
            raise ValueError(
                f"this block is given, but identity_provider is {provider} | Take the block out, or correct it."
            )
        return value
