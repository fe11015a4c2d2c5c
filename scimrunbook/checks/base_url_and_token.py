"""03 Base URL and token: the two values typed into the provider, and whether Catalog still accepts the token."""

from __future__ import annotations

from scimrunbook.checks import _base_url, _token, check  # noqa: F401 - they register their checks, in this order
from scimrunbook.checks._words import (
    ask_catalog,
    credentials_screen,
    listed,
    push_again,
)
from scimrunbook.findings import Action, Cause, Evidence, Manual, Outcome, Status
from scimrunbook.snapshot import Snapshot

S = "base_url_and_token"
CAUSE = (Cause.URL_OR_TOKEN,)
ON = ("connection.app_is_active", "connection.provisioning_is_on")
URL = "base_url.matches_the_region"


@check(
    "token.is_not_exposed",
    "No token stands in the incident file or the exports",
    section=S,
    source="Security rules of this project",
    deciding=False,
)
def is_not_exposed(snapshot: Snapshot) -> Outcome:
    leaks = snapshot.facts.leaks
    if not leaks:
        return Outcome(Status.PASS, "Nothing that looks like a token was seen in what was read.")
    rows = tuple((str(x.get("file", "")), str(x.get("line", "")), str(x.get("rule", ""))) for x in leaks)
    return Outcome(
        Status.WARN,
        f"What looks like a token stands in {listed(sorted({r[0] for r in rows})[:5])}.",
        "No secret in any file.",
        (Evidence("Where", ("file", "line", "looks like"), rows[:10], len(rows)),),
        actions=(
            Action("the files named", "Remove it, or delete the file; do not pass it on."),
            ask_catalog("Ask for a new token and enter it: what stood in a file counts as known."),
        ),
    )


@check(
    "token.not_shared_elsewhere",
    "The token was not pasted into a ticket, a mail or a chat, nor rotated outside Coalesce",
    section=S,
    source="Coalesce guide: When to contact support",
    causes=CAUSE,
)
def not_shared_elsewhere(snapshot: Snapshot) -> Outcome:
    return Outcome(
        Status.MANUAL,
        expected="Only the provider's settings hold the token.",
        manual=Manual(
            "Did the token stay out of tickets, mails and chats, and did nobody but Catalog operations replace it?",
            "Your ticket system, mail and chat",
        ),
        actions=(
            ask_catalog("Ask for a new token, and enter it: " + credentials_screen(snapshot)),
            push_again(snapshot),
        ),
    )
