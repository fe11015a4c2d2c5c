"""scim2-server (PyPI), under waitress, at /auth/scim: ``python -m tests.peers.scim2_peer PORT``."""

from __future__ import annotations

import sys
from typing import Any

from scim2_models import Email, EnterpriseUser, Group, Name, ScimProvider, User
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)
from waitress import serve

from tests.peers.people import TOKEN, people


def application() -> Any:
    storage = InMemoryStorage()
    config = load_default_service_provider_config()
    config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    types = load_default_resource_types()
    provider = ScimProvider.from_discovery(load_default_schemas().values(), types.values(), config=config)
    app = BearerTokenApplication(storage, provider, bearer_tokens=[TOKEN])
    for p in people():
        user = User[EnterpriseUser](
            user_name=p["userName"],
            external_id=p["externalId"],
            active=p["active"],
            name=Name(given_name=p["givenName"], family_name=p["familyName"]),
            emails=[Email(value=p["userName"], primary=True, type="work")],
        )
        storage.create(types["User"], user)
    storage.create(types["Group"], Group(display_name="Team One"))
    return app


if __name__ == "__main__":
    inner = application()

    def mounted(environ: dict[str, Any], start: Any) -> Any:
        environ["wsgi.url_scheme"] = "https"  # as behind the load balancer of a real deployment
        path = environ["PATH_INFO"]
        environ["PATH_INFO"] = "/v2" + path.removeprefix("/auth/scim") if path.startswith("/auth/scim") else path
        return inner(environ, start)

    serve(mounted, host="127.0.0.1", port=int(sys.argv[1]), threads=8, _quiet=True)
