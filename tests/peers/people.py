"""The same invented people for every peer."""

from __future__ import annotations

from typing import Any

TOKEN = "-".join(["peer"] * 6)
TOTAL = 230


def people() -> list[dict[str, Any]]:
    return [
        {
            "userName": f"person.{n}{'+x' if n % 7 == 0 else ''}@example.com",
            "externalId": f"ext-{n:03}",
            "active": n % 10 != 3,
            "givenName": f"Given{n}",
            "familyName": f"Family{n}",
        }
        for n in range(1, TOTAL + 1)
    ]
