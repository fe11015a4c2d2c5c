"""Section 03: base URL and token."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from scimrunbook.simulator.faults.base import BOTH, Fault, Scenario, changed_since, who_changed
from scimrunbook.simulator.world import AS_OF, BREAK, World

_CAUSE = "url_or_token"
_URL = "base_url.matches_the_region"
_DEAD = "token.did_not_change"
_SHAPE = "token.is_well_formed"
_SYMPTOMS = ("missing_people", "failing_jobs")
# Without the token itself, an export shows only that signing in fails since the change.
_UNSEEN = {"exports": (_DEAD, "attempt")}
# A dead token opens Catalog to nobody, the reader included.
_UNREAD = {
    "okta/live": "Catalog's teams cannot be read with the dead token, so a kept back move between teams is not seen",
    "entra/live": "Catalog cannot be read with the dead token, and Entra does not tell what it has yet to change: a "
    "name or a team that was changed since is not seen",
}
_MENDED = AS_OF - timedelta(hours=2)


def _wrong_region(s: Scenario) -> None:
    s.world.at(BREAK, "setting", base_url=s.regions["other"])


def _url_path(s: Scenario) -> None:
    """The address was typed from memory."""
    s.world.at(BREAK, "setting", base_url=s.regions["own"].replace("/auth/scim", "/scim/v2"))


def _url_scheme(s: Scenario) -> None:
    s.world.at(BREAK, "setting", base_url=s.regions["own"].replace("https://", "http://"))


def _web_address(s: Scenario) -> None:
    """The address people sign in at was typed in, and answers with a page."""
    host = urlsplit(s.regions["own"]).netloc
    s.world.at(BREAK, "setting", base_url=s.regions["own"].replace(host, s.web_host))


def _token_expired(s: Scenario) -> None:
    s.world.at(BREAK, "catalog", do="tokens", tokens=[s.new_token])


def _token_mistyped(s: Scenario) -> None:
    """A new token was asked for and one of its ends was cut off when it was pasted."""
    s.world.at(BREAK, "setting", token=s.settings.token[:-3])


def _token_rotated_mended(s: Scenario) -> None:
    """Catalog operations rotated the token; the new one was entered two days later, and nothing was run again."""
    _token_expired(s)
    prefix = "Bearer " if s.provider == "okta" else ""
    s.world.at(_MENDED, "setting", token=f"{prefix}{s.new_token}")


def _bearer_missing(s: Scenario) -> None:
    """Okta only: its Header Auth app sends the field verbatim. Entra writes ``Bearer`` by itself."""
    s.world.at(BREAK, "setting", token=s.settings.token.removeprefix("Bearer "))


def _bearer_doubled(s: Scenario) -> None:
    """Entra adds the word by itself; Okta's Header Auth app does not, and once is enough."""
    s.world.at(BREAK, "setting", token=f"Bearer {s.settings.token}")


def _token_blanks(s: Scenario) -> None:
    """Copied from a message that wrapped the line."""
    s.world.at(BREAK, "setting", token=f"{s.settings.token[:-12]} {s.settings.token[-12:]}")


def _held_up(world: World) -> list[str]:
    """Who had something to deliver between the rotation and the new token."""
    return who_changed(world, "hire", "disable", "rename", "join", "leave", until=_MENDED)


FAULTS = (
    Fault("wrong_region", "The base URL of the other region was typed in", BOTH, _CAUSE, _URL, "attempt", _SYMPTOMS,
          _wrong_region, changed_since),
    Fault("url_path", "The path of the base URL is wrong", BOTH, _CAUSE, _URL, "attempt", _SYMPTOMS, _url_path,
          changed_since),
    Fault("url_scheme", "The base URL begins with http", BOTH, _CAUSE, _URL, "attempt", _SYMPTOMS, _url_scheme,
          changed_since),
    Fault("web_address", "The address of the web application was typed in", BOTH, _CAUSE, _URL, "attempt", _SYMPTOMS,
          _web_address, changed_since),
    Fault("token_expired", "The Catalog token expired", BOTH, _CAUSE, _DEAD, "attempt", _SYMPTOMS, _token_expired,
          changed_since, partly=_UNREAD),
    Fault("token_mistyped", "A token was entered that lacks its end", BOTH, _CAUSE, _DEAD, "attempt", _SYMPTOMS,
          _token_mistyped, changed_since, partly=_UNREAD),
    Fault("token_rotated_mended", "The token was rotated and entered anew, and nothing was run again", BOTH,
          "sync_schedule", "sync.fresh_run_queued_after_fix", "attempt", ("missing_people",), _token_rotated_mended,
          _held_up, elsewhere={"okta": ("sync.fresh_run_queued_after_fix", "")}),
    Fault("bearer_missing", "The token was entered without Bearer", ("okta",), _CAUSE, _SHAPE, "attempt", _SYMPTOMS,
          _bearer_missing, changed_since, elsewhere=_UNSEEN),
    Fault("bearer_doubled", "Bearer stands twice before the token", BOTH, _CAUSE, _SHAPE, "attempt", _SYMPTOMS,
          _bearer_doubled, changed_since, elsewhere=_UNSEEN),
    Fault("token_blanks", "A blank stands in the middle of the token", BOTH, _CAUSE, _SHAPE, "attempt", _SYMPTOMS,
          _token_blanks, changed_since, elsewhere=_UNSEEN, at_most=True),
)  # fmt: skip
