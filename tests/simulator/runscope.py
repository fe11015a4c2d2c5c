"""Plays a test suite in Runscope's format: requests with variables, assertions on status, time and JSON.

Only steps addressed to the server under test are sent (one suite draws a person from a public address first);
an assertion or a variable this player does not know is a failure, never passed over.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx

_PLACE = re.compile(r"\{\{([^{}]+)\}\}")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


@dataclass
class Played:
    requests: int = 0
    assertions: int = 0
    failures: list[str] = field(default_factory=list)


def play(suite: dict, client: httpx.Client, variables: dict[str, str], instead: dict[str, str]) -> Played:
    """Sends the suite's requests in order.

    ``variables``: what the suite expects to be given; ``instead``: header values that stand for one's own.
    """
    played, known = Played(), dict(variables)
    for step in (s for s in suite["steps"] if s["step_type"] == "request" and not s.get("skipped")):
        url = filled(step["url"], known)
        if not url.startswith(str(client.base_url).rstrip("/")):
            continue
        headers = {k: filled(v[0], known).strip() for k, v in step["headers"].items()}
        headers = {k: instead.get(v, v) for k, v in headers.items()}
        body = filled(step.get("body") or "", known)
        answer = client.request(step["method"], url, headers=headers, content=body or None)
        played.requests += 1
        for check in step["assertions"]:
            played.assertions += 1
            if not holds(check, answer, known):
                played.failures.append(
                    f"{step['method']} {step['url']}: {check} got {answer.status_code} {answer.text}"
                )
        for variable in step["variables"]:
            known[variable["name"]] = str(at(answer.json(), variable["property"]))
    return played


def filled(text: str, variables: dict[str, str]) -> str:
    """Raises KeyError for a variable nobody gave."""
    return _PLACE.sub(lambda m: variables[m.group(1)], text)


def at(data: Any, path: str) -> Any:
    """The value at ``Resources[0].name.givenName``, or None."""
    for name, index in _STEP.findall(path):
        if index:
            data = data[int(index)] if isinstance(data, list) and int(index) < len(data) else None
        else:
            data = data.get(name) if isinstance(data, dict) else None
    return data


def holds(check: dict, answer: httpx.Response, variables: dict[str, str]) -> bool:
    wanted = filled(str(check["value"]), variables) if check["value"] is not None else ""
    actual: Any
    if check["source"] == "response_status":
        actual = answer.status_code
    elif check["source"] == "response_time":
        actual = answer.elapsed.total_seconds() * 1000
    elif check["source"] == "response_json":
        actual = at(answer.json(), check["property"])
    else:
        raise ValueError(f"unknown source {check['source']}")
    number = isinstance(actual, int | float) and not isinstance(actual, bool)
    text = actual if isinstance(actual, str) else json.dumps(actual)
    match check["comparison"]:
        case "equal":
            return text == wanted
        case "equal_number":
            return number and float(actual) == float(wanted)
        case "is_less_than":
            return number and float(actual) < float(wanted)
        case "is_a_number":
            return number
        case "not_empty":
            return actual is not None and actual not in ("", [], {})
        case "has_value":
            return isinstance(actual, list) and wanted in actual
        case "contains":
            return wanted in text
        case other:
            raise ValueError(f"unknown comparison {other}")
