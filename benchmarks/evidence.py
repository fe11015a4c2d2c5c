"""Redaction and the gate: megabytes a second on one core, and memory, beside detect-secrets on the same text."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Row, child

# What the security requirements ask of one core, in seconds per megabyte.
_GOALS = {"pipeline": 1 / 3, "exact": 1 / 15, "gate": 1 / 4}
_CODE = """
import json, random, sys, time
from pathlib import Path
from scimrunbook.evidence import identities
from scimrunbook.evidence.canonical import folded
from scimrunbook.evidence.gate import Gate, Known
from scimrunbook.evidence.identities import Record
from scimrunbook.evidence.policy import Policy
from scimrunbook.evidence.pseudonyms import Pseudonymiser
from scimrunbook.evidence.redactor import Redactor
from scimrunbook.evidence.vocabulary import vocabulary
what, people = sys.argv[1], int(sys.argv[2])
log, ids = Path(sys.argv[3]).read_text(), Path(sys.argv[4]).read_text().split()
size = len(log.encode()) / 1e6
vocabulary()
def everybody():
    for n in range(people):
        login = f"{given(n)}.{family(n)}@northwind.example"
        yield Record((f"00u{n:017}",), (login,), given(n).title(), family(n).title())
def word(n, letters):
    made = ""
    while n or len(made) < 3:
        n, rest = divmod(n, len(letters))
        made += letters[rest]
    return made
def given(n): return word(n % 997, ["za", "ke", "lo", "mi", "ru", "ty", "va", "xe", "yo", "qu"])
def family(n): return word(n, ["bran", "dov", "kel", "mor", "nath", "pry", "quill", "strom", "vex", "wick"])
if what == "gate":
    pairs = frozenset((given(n), family(n)) for n in range(people))
    secret = frozenset({"hQ7x-Zk2+wR9/tB4_mN8vC3pL6sD1fG5jY0uA="})
    gate = Gate(Known(secrets=secret, safe=frozenset(ids), names=pairs,
                      people=frozenset(r.logins[0] for r in everybody())))
    began = time.process_time()
    hits = gate.check({"log.txt": log.encode()})
    took = time.process_time() - began
    assert not hits, hits[:3]
else:
    pseudonyms, policy = Pseudonymiser(bytes(32)), Policy()
    redactor = Redactor(identities.build(everybody(), [], pseudonyms, policy), pseudonyms, policy, ids)
    lines = log.splitlines()
    for n in range(0, len(lines), 10):  # each tenth line names somebody, in a spelling of its own
        who = n * 7919 % people
        spelled = f" {given(who)}.{family(who)}@northwind.example" if n % 20 else f" {given(who)} {family(who)}".upper()
        lines[n] += spelled
    pieces = ["\\n".join(lines[i : i + 300]) for i in range(0, len(lines), 300)]
    size = sum(map(len, pieces)) / 1e6
    began = time.process_time()
    if what == "exact":
        for piece in pieces:
            for which, start, end in redactor._search.find_matches_as_indexes(folded(piece)):
                redactor._owners[which]
    else:
        for piece in pieces:
            redactor.text(piece)
    took = time.process_time() - began
print(json.dumps(took / size))
"""
_THEIRS = """
import json, sys, time
from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings
from pathlib import Path
path = sys.argv[1]
began = time.process_time()
with default_settings():
    found = SecretsCollection()
    found.scan_file(path)
took = time.process_time() - began
print(json.dumps(took / (Path(path).stat().st_size / 1e6)))
"""


def corpus(folder: Path, megabytes: float) -> tuple[Path, Path]:
    """A realistic log of that size without secrets or people, and the ids in it."""
    from tests.evidence import leaks

    ids: set[str] = set()
    lines = leaks.clean_log(random.Random(6), megabytes, ids).splitlines()
    log, known = folder / "log.txt", folder / "ids"
    log.write_text("\n".join(lines) + "\n")
    known.write_text("\n".join(sorted(ids)))
    return log, known


def measured(what: str, people: int, log: Path, ids: Path) -> tuple[float, float]:
    """CPU seconds per megabyte, and the peak of memory in MB."""
    ran = child([sys.executable, "-c", _CODE, what, str(people), str(log), str(ids)], timeout=1800)
    return float(ran.output.strip().splitlines()[-1]), ran.peak_mb


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, small_ids = corpus(folder, 10)
        theirs_log = folder / "theirs.txt"
        theirs_log.write_text(small.read_text()[:500_000])  # it reads 0.3 MB a second
        theirs = child([sys.executable, "-c", _THEIRS, str(theirs_log)], timeout=1800)
        other = float(theirs.output.strip().splitlines()[-1])
        made = []
        for what, goal in _GOALS.items():
            took, peak = measured(what, 2000, small, small_ids)
            note = f"{1 / took:.1f} MB/s, {peak:,.0f} MB; asked for {1 / goal:.0f} MB/s"
            made.append(Row(f"evidence: {what}, 10 MB", "the rate asked for", took, goal, 1.0, "s/MB", note=note))
            if what == "gate":
                made.append(Row("evidence: gate, 10 MB", "detect-secrets 1.5", took, other, 1.0, "s/MB", note=note))
        made.append(_large(folder))
        return made


def _large(folder: Path) -> Row:
    """100 MB and 100,000 people: memory against the 1.5 GB allowed."""
    log, ids = corpus(folder, 100)
    began = time.monotonic()
    took, peak = measured("pipeline", 100_000, log, ids)
    note = f"{1 / took:.1f} MB/s, {time.monotonic() - began:.0f} s in all"
    return Row("evidence: 100 MB, 100,000 people", "1.5 GB", peak, 1536, 1.0, "MB", note=note)
