"""From an exception to the one message a person gets: cause, remedy, exit code."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from scimrunbook.evidence.secrets import scrub


class UserProblem(Exception):  # noqa: N818 - it is the user's, not ours
    """Something the user can mend. ``str()`` is the whole message, ready to print; ``exit_code`` as the CLI's."""

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """In a notebook the message alone is shown, without a traceback."""
        return [scrub(str(self))]


def told(problem: Exception, folder: Path = Path()) -> tuple[str, int]:
    """The message and exit code for ``problem``. An internal error leaves its scrubbed traceback in a private file of
    ``folder``.
    """
    if isinstance(problem, UserProblem):
        return scrub(str(problem)), problem.exit_code
    if isinstance(problem, OSError):
        name = f" ({problem.filename})" if problem.filename else ""
        return scrub(f"{problem.strerror or type(problem).__name__}{name}. Check the path and its permissions."), 2
    place = _keep_traceback(problem, folder)
    return (
        f"Internal error ({type(problem).__name__}). This is our fault, not yours. "
        f"The details lie in {place}; please report it with that file.",
        70,
    )


def _keep_traceback(problem: Exception, folder: Path) -> Path:
    path = folder / "scimrunbook-error.log"
    text = scrub("".join(traceback.format_exception(problem)))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    return path
