"""Redaction and the gate: megabytes a second on one core, memory, and what the gate misses; beside detect-secrets.

Recall is on secrets made anew at every run by ``vendor_secrets``, which knows the vendors' formats and no rule of ours.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import vendor_secrets
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
print(json.dumps([took / (Path(path).stat().st_size / 1e6), len(list(found))]))
"""
_MISSED = """
import json, random, sys, tempfile
from collections import Counter
from pathlib import Path
from benchmarks import vendor_secrets
from scimrunbook.evidence.gate import Gate, Known
seed, each, others = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
gate, missed, total, theirs, asked = Gate(Known()), Counter(), 0, 0, 0
if others:
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings
with tempfile.TemporaryDirectory() as folder:
    for number, (what, name, text) in enumerate(vendor_secrets.corpus(random.Random(seed), each)):
        total += 1
        missed[what] += not gate.check({name: text.encode()})
        if others and number % each == 0:
            path = Path(folder) / f"{number}{name}"
            path.write_text(text)
            with default_settings():
                found = SecretsCollection()
                found.scan_file(str(path))
            asked += 1
            theirs += not list(found)
print(json.dumps([total, sum(missed.values()), [k for k, n in missed.items() if n], asked, theirs]))
"""


def corpus(folder: Path, megabytes: float) -> tuple[Path, Path]:
    """A realistic log of that size without secrets or people, and the ids in it."""
    ids: set[str] = set()
    lines = vendor_secrets.quiet_log(random.Random(), megabytes, ids).splitlines()
    log, known = folder / "log.txt", folder / "ids"
    log.write_text("\n".join(lines) + "\n")
    known.write_text("\n".join(sorted(ids)))
    return log, known


def measured(what: str, people: int, log: Path, ids: Path) -> tuple[float, float]:
    """CPU seconds per megabyte, and the peak of memory in MB."""
    ran = child([sys.executable, "-c", _CODE, what, str(people), str(log), str(ids)], timeout=1800)
    return float(ran.output.strip().splitlines()[-1]), ran.peak_mb


def rows(quick: bool = False) -> Iterator[Row]:
    size, rounds = (2, 1) if quick else (10, 3)
    yield from _recall(2 if quick else 30)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, ids = corpus(folder, size)
        short = folder / "theirs.txt"
        short.write_text(small.read_text()[: 100_000 if quick else 500_000])  # it reads 0.3 MB a second
        theirs: list[tuple[float, int]] = []
        ours: dict[str, list[tuple[float, float]]] = {what: [] for what in _GOALS}
        for _ in range(rounds):
            ran = child([sys.executable, "-c", _THEIRS, str(short)], timeout=300)
            theirs.append(tuple(json.loads(ran.output.strip().splitlines()[-1])))
            for what, found in ours.items():
                found.append(measured(what, 2000, small, ids))
        for what, goal in _GOALS.items():
            took, peak = (statistics.median(side) for side in zip(*ours[what], strict=True))
            said, note = f"evidence: {what}, {size} MB", f"{1 / took:.1f} MB/s, {peak:,.0f} MB"
            asked = note + f"; asked for {1 / goal:.0f} MB/s"
            yield Row(said, "the rate asked for", took, goal, 1.0, "s/MB", rounds=rounds, note=asked)
            if what == "gate":
                other, alarms = (statistics.median(side) for side in zip(*theirs, strict=True))
                yield Row(said, "detect-secrets", took, other, 1.0, "s/MB", rounds=rounds, note=note)
                half = short.stat().st_size / 1e6
                note = f"none in {size} MB of logs without a secret; detect-secrets: {alarms:,.0f} in {half:.1f} MB"
                yield Row("evidence: false alarms", "detect-secrets", 0, alarms / half, 0, "a MB", note=note)
        yield from _large(folder, *((5, 5_000) if quick else (100, 100_000)))


def _recall(each: int) -> Iterator[Row]:
    """What the gate misses of secrets made just now, in per cent: against what is allowed, and detect-secrets."""
    seed = time.time_ns()
    ran = child([sys.executable, "-c", _MISSED, str(seed), str(each), "1"], timeout=300)
    total, missed, which, asked, theirs = json.loads(ran.output.strip().splitlines()[-1])
    ours, other = 100 * missed / total, 100 * theirs / asked
    said = f"evidence: secrets missed, of {total:,}"
    note = f"{missed} missed{': ' + ', '.join(which[:3]) if which else ''}; seed {seed}"
    yield Row(said, "1 % allowed", ours, 1.0, 1.0, "%", note=note)
    yield Row(said, "detect-secrets", ours, other, 1.0, "%", note=f"detect-secrets missed {theirs:,} of {asked:,}")


def _large(folder: Path, megabytes: int, people: int) -> Iterator[Row]:
    """A large share: memory against the 1.5 GB allowed for 100 MB and 100,000 people."""
    log, ids = corpus(folder, megabytes)
    for what in ("pipeline", "gate"):
        began = time.monotonic()
        took, peak = measured(what, people, log, ids)
        note = f"{1 / took:.1f} MB/s, {time.monotonic() - began:.0f} s in all"
        yield Row(f"evidence: {what}, {megabytes} MB, {people:,} people", "1.5 GB", peak, 1536, 1.0, "MB", note=note)
