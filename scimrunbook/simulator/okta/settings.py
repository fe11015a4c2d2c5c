"""What an admin sets on the app "SCIM 2.0 Test App (Header Auth)"; mutable, the engine reads it at every step."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

# Feature names by toggle, as app.features[] lists those that are on (Okta Management API, Application).
TOGGLES = {
    "create_users": "PUSH_NEW_USERS",
    "update_users": "PUSH_PROFILE_UPDATES",
    "deactivate_users": "PUSH_USER_DEACTIVATION",
}
# What stays listed whatever the toggles say, as long as provisioning is configured.
STANDING = ("GROUP_PUSH", "REACTIVATE_USERS", "SCIM_PROVISIONING")


@dataclass(slots=True)
class Settings:
    """``token`` is the API Token field: this app sends it verbatim as the Authorization value.

    ``queue``: how long Okta's own jobs take that day; what is younger at the end has not been pushed yet.
    """

    base_url: str = ""
    token: str = ""
    provisioning: bool = True  # "Enable API integration"
    create_users: bool = True
    update_users: bool = True
    deactivate_users: bool = True
    label: str = "CastorDoc SCIM"
    app_active: bool = True
    queue: timedelta = timedelta()
    username_template: str = "${source.email}"
    to_app: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {"givenName": ("user.firstName", "PUSH"), "familyName": ("user.lastName", "PUSH")}
    )
    from_app: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {
            "firstName": ("appuser.givenName", "DONT_PUSH"),
            "lastName": ("appuser.familyName", "DONT_PUSH"),
            "email": ("appuser.userName", "DONT_PUSH"),
        }
    )

    def on(self, toggle: str) -> bool:
        """Whether pushes of this kind are sent: the toggle, provisioning itself, and the app."""
        return self.app_active and self.provisioning and bool(getattr(self, toggle))

    @property
    def features(self) -> list[str]:
        """``app.features[]``: only what is switched on."""
        if not self.provisioning:
            return []
        return sorted([*STANDING, *(f for t, f in TOGGLES.items() if getattr(self, t))])

    def change(self, data: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Applies the data of a "setting" change; returns {name: (old, new)}. Raises AttributeError for no setting."""
        known = {f.name for f in fields(self)}
        changed = {}
        for name, value in data.items():
            if name not in known:
                raise AttributeError(f"Okta has no setting {name!r}")
            changed[name] = (getattr(self, name), value)
            setattr(self, name, value)
        return changed
