"""The incident file: what a parameters file may say (design: "The incident file").

This module holds the typed model. Reading YAML with line numbers lives in ``incident_file``.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

Provider = Literal["okta", "entra"]
Host = Literal["app.castordoc.com", "app.us.castordoc.com"]
Symptom = Literal[
    "missing_people",
    "stale_attributes",
    "lingering_access",
    "failing_jobs",
    "empty_names",
    "missing_teams",
    "transform_login",
]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Reference = Annotated[str, Field(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|keyring:[^/\s]+/\S+|file:.+|prompt)$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Window(_Strict):
    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError("the window ends before it starts | Swap start and end, or correct one of them.")
        return self


class CatalogAccess(_Strict):
    token: Reference | None = None
    token_is: Literal["as_typed_in_provider", "issued", "unknown"] = "unknown"
    configured_base_url: str | None = None


class OktaAccess(_Strict):
    org_url: str

    @field_validator("org_url")
    @classmethod
    def _org(cls, value: str) -> str:
        parts = urlsplit(value)
        host = parts.hostname or ""
        if parts.scheme != "https" or not host or parts.username or parts.path.strip("/") or parts.query:
            raise ValueError("this is not the address of an Okta org | Write it like https://acme.okta.com.")
        if "-admin." in host:
            raise ValueError(f"this is the admin console | Write https://{host.replace('-admin.', '.')}.")
        return f"https://{parts.netloc.lower()}"

    app_id: str | None = None
    token: Reference | None = None


class EntraAccess(_Strict):
    tenant_id: str | None = None
    service_principal_id: str | None = None
    client_id: str | None = None
    credential: Reference | None = None  # with client_id: its secret; without: a ready-made Graph access token


class Answer(_Strict):
    answer: str
    by: str | None = None
    at: AwareDatetime | None = None
    note: str | None = None


class Incident(_Strict):
    incident: Key
    identity_provider: Provider
    catalog_host: Host
    summary: str = ""
    symptoms: list[Symptom] = []
    people: list[str] = []
    window: Window | None = None
    catalog: CatalogAccess = CatalogAccess()
    okta: OktaAccess | None = None
    entra: EntraAccess | None = None
    exports: str | None = None
    role_mapping: dict[Literal["VIEWER", "CONTRIBUTOR", "ADMIN"], list[str]] = {}
    answers: dict[str, Answer] = {}
    connect_to: str | None = None  # practice only

    @field_validator("connect_to")
    @classmethod
    def _loopback(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"(127\.0\.0\.1|localhost|\[::1\]):\d{1,5}", value):
            raise ValueError("practice goes to this machine only | Write 127.0.0.1:PORT, or take the line out.")
        return value

    @model_validator(mode="after")
    def _one_provider(self) -> Self:
        other = {"okta": "entra", "entra": "okta"}[self.identity_provider]
        if getattr(self, other) is not None:
            raise ValueError(
                f"{other}: is given, but identity_provider is {self.identity_provider} | Keep the one that is true."
            )
        return self
