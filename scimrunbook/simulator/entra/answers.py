"""What the endpoint's answers mean to the service: entries found, or a row that failed."""

from __future__ import annotations

from typing import Any

from scimrunbook.simulator.entra.log import Error, error, error_of
from scimrunbook.simulator.entra.state import Escrow
from scimrunbook.simulator.wire import WireAnswer


class FailedError(Exception):
    """The row failed: an answer of the endpoint, or a code of the service's own with its reason."""

    def __init__(self, answer: WireAnswer | None = None, code: str = "", reason: str = "") -> None:
        super().__init__(code)
        self.answer, self.code, self.reason = answer, code, reason

    def told(self, escrow: Escrow) -> Error:
        """``errorInformation``, with the retries so far and the next one."""
        retries, at = escrow.tries - 1, escrow.next_attempt
        if self.answer is not None:
            return error_of(self.answer, retries=retries, next_attempt=at)
        return error(self.code, self.reason, retries=retries, next_attempt=at)


def listed(answer: WireAnswer) -> list[dict[str, Any]]:
    """The entries of a list answer. Raises FailedError for a refusal and for what is no list of entries with ids."""
    found = answer.body.get("Resources", []) if isinstance(answer.body, dict) else None
    if not answer.ok or not isinstance(found, list) or not all(isinstance(f, dict) and "id" in f for f in found):
        raise FailedError(answer)
    return found


def document(answer: WireAnswer) -> dict[str, Any]:
    """The entry an answer holds. Raises FailedError for a refusal and for what is no entry."""
    if not answer.ok or not isinstance(answer.body, dict) or "id" not in answer.body:
        raise FailedError(answer)
    return answer.body
