"""django-scim2 (PyPI) with its default adapters, under waitress: ``python -m tests.peers.django_peer PORT``."""

from __future__ import annotations

import sys

import django
from django.conf import settings
from waitress import serve

from tests.peers.people import TOKEN, people


def bearer(get_response):
    """Knows one caller by the token; everybody else is anonymous."""
    from django.contrib.auth.models import AnonymousUser

    from tests.peers.directory.models import Person

    def middleware(request):
        known = request.headers.get("Authorization") == f"Bearer {TOKEN}"
        request.user = Person(username="caller") if known else AnonymousUser()
        return get_response(request)

    return middleware


def start(port: int) -> None:
    settings.configure(
        SECRET_KEY="only-for-this-test",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="tests.peers.django_urls",
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "tests.peers.directory",
            "django_scim",
        ],
        AUTH_USER_MODEL="directory.Person",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        MIDDLEWARE=["tests.peers.django_peer.bearer", "django_scim.middleware.SCIMAuthCheckMiddleware"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:peer?mode=memory&cache=shared"}},
        USE_TZ=True,
        SCIM_SERVICE_PROVIDER={
            "NETLOC": "api.us.castordoc.com",
            "GROUP_MODEL": "tests.peers.directory.models.Team",
            "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "token", "description": "token"}],
        },
    )
    django.setup()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    from tests.peers.directory.models import Person, Team

    call_command("migrate", run_syncdb=True, verbosity=0)
    for p in people():
        Person.objects.create(
            username=p["userName"],
            scim_username=p["userName"],
            scim_external_id=p["externalId"],
            email=p["userName"],
            first_name=p["givenName"],
            last_name=p["familyName"],
            is_active=p["active"],
        )
    Team.objects.create(name="Team One").user_set.set(Person.objects.all()[:2])
    serve(get_wsgi_application(), host="127.0.0.1", port=port, threads=4, _quiet=True)


if __name__ == "__main__":
    start(int(sys.argv[1]))
