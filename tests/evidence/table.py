"""``python -m tests.evidence.table``: writes docs/security.md, its table generated from the tests' names."""

from __future__ import annotations

import re
from collections import defaultdict

from tests.conftest import ROOT

PATH = ROOT / "docs" / "security.md"
_MARK = "<!-- generated from the tests -->"
_NAMED = re.compile(r"^def test_sr_((?:\d\d_)+)(\w+)\(", re.MULTILINE)

REQUIREMENTS = {
    1: "A token file is ours, regular, closed to others", 2: "A malformed token is a finding without the value",
    3: "A token leaves the environment when it is read", 4: "Only a vault of the operating system is a keyring",
    5: "No secret is a parameter, an argument or a widget", 6: "An executed notebook keeps no widget state, no timing",
    7: "Notebooks execute in memory; nothing raw is written", 8: "Folders are 0700, files 0600",
    9: "HTTP logs hold neither token nor filter", 10: "Tracebacks are scrubbed", 11: "No renderer shows locals",
    12: "Models repeat no input", 13: "What authenticates cannot print itself", 14: "Only a token's shape is recorded",
    15: "Command line and environment are recorded nowhere", 16: "Workers and caches get no secret",
    17: "The gate looks through every file and name; a hit means no archive", 18: "Known secrets in every encoding",
    19: "Unknown secrets by rule", 20: "Unregistered identifiers do not pass", 21: "A clean bundle has no finding",
    22: "Linear time on hostile text", 23: "Only known kinds of file pass", 24: "A hit never repeats the value",
    25: "Waivers name a value by hash, with reason and person", 26: "Key, map and rules stay at home",
    27: "One list of secret words", 28: "The gate reads the sealed bytes", 29: "Pseudonyms: keyed, 50 bits",
    30: "GUIDs become UUIDv8", 31: "A person is found in every spelling", 32: "Evidence stays to the byte",
    33: "Records go by schema, unknown fields are counted", 34: "A second, independent look for people",
    35: "Unknown names in free text are removed", 36: "An error of the redactor stops everything",
    37: "The map is private and never written over", 38: "One handle per person in every file",
    39: "Only who is revealed on purpose is shown", 40: "No path, host or user of the machine",
    41: "Short names and words stay in prose", 42: "100 MB and 100,000 people within bounds",
    43: "A changed byte fails", 44: "Added, removed, doubled members fail", 45: "A stranger's signature fails",
    46: "Equal content gives equal bytes", 47: "Only regular files are sealed", 48: "One line of OpenSSH verifies",
    49: "Unsigned is loud", 50: "custody.json is complete", 51: "Hashes are of the originals",
    52: "Times are UTC, a clock that is off is told", 53: "Every notebook's status and every omission is told",
    54: "Only well-formed https origins", 55: "A token stays at its origin", 56: "Only HTTPS_PROXY, explicitly",
    57: "GET and HEAD only", 58: "Paging ends and stays on its host", 59: "Bodies are bounded", 60: "JSON is bounded",
    61: "YAML without aliases and tags; no pickle, no tar", 62: "Archives are read in memory, hostile ones refused",
    63: "The incident's id is a safe folder name", 64: "Notebook parameters are fixed names", 65: "No formula",
    66: "HTML runs nothing and loads nothing", 67: "Nothing from data becomes markup",
    68: "Invisible characters are shown, markup stays text", 69: "The e-mail draft is plain, to one address",
    70: "The linter's gaps are closed", 71: "Canaries appear nowhere", 72: "Every control is needed",
}  # fmt: skip
REASONS = {42: "Measured, since it takes minutes: *Redaction and the gate* in benchmarks/README.md"}


def tests_by_requirement() -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for numbers, rest in _NAMED.findall(path.read_text("utf-8")):
            for number in numbers.strip("_").split("_"):
                found[int(number)].append(f"`{path.relative_to(ROOT / 'tests').as_posix()}` {rest.replace('_', ' ')}")
    return found


def document() -> str:
    """The page: the written part as it is, the table anew."""
    written = PATH.read_text("utf-8").partition(_MARK)[0].rstrip()
    named = tests_by_requirement()
    lines = ["| | requirement | shown by |", "|---|---|---|"]
    for number, said in REQUIREMENTS.items():
        shown = "<br>".join(dict.fromkeys(named.get(number, []))) or REASONS[number]
        lines.append(f"| SR-{number:02} | {said} | {shown} |")
    return f"{written}\n\n{_MARK}\n\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(document(), "utf-8")
