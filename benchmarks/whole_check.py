"""A whole ``check`` of exports of a large tenant: where its time goes, from the files to the report.

``python -m benchmarks.whole_check [PEOPLE [GROUPS]]`` writes the users of Entra (the portal's CSV), the members of each
group and the assignments (Graph JSON) and Catalog's users (CSV), and prints one line of JSON: seconds of elapsed and of
processor time by stage, the peak of memory, the size of the exports, of the snapshot and of the report.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.harness import child

GROUPS = 40
STAGES = {
    "collect": "reading",
    "_save": "saving",
    "judge": "judging",
    "_write_judgement": "writing",
    "_faces": "report",
}
_GRAPH = "https://graph.microsoft.com/v1.0/$metadata"
_INCIDENT = """incident: BENCH-2
summary: A very large tenant
identity_provider: entra
catalog_host: app.us.castordoc.com
symptoms: [missing_people]
exports: exports
"""


def write(folder: Path, people: int, groups: int) -> None:
    """The exports and the incident file: everybody in one group; of every hundred people two have no account."""
    place = folder / "exports"
    place.mkdir()
    keys = [f"00000000-0000-4000-8000-0000{n:08d}" for n in range(people)]
    with (place / "users.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("id", "userPrincipalName", "mail", "givenName", "surname", "displayName", "accountEnabled",
                      "userType", "mailNickname", "createdDateTime"))  # fmt: skip
        for n, key in enumerate(keys):
            mail = f"person{n:08d}@example.com"
            out.writerow((key, mail, mail, f"Given{n}", f"Family{n}", f"Person {n}", n % 100 != 3, "Member",
                          f"person{n:08d}", "2026-01-05T08:00:00Z"))  # fmt: skip
    with (place / "catalog-users.csv").open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(("account_id", "user_name", "external_id", "active", "given_name", "family_name", "email"))
        for n, key in enumerate(keys):
            mail = f"person{n:08d}@example.com"
            if n % 100 > 1:
                out.writerow((f"acc-{n:08d}", mail, key, n % 100 != 3, f"Given{n}", f"Family{n}", mail))
    ids = [f"10000000-0000-4000-8000-{g:012d}" for g in range(groups)]
    _page(
        place / "groups.json", "groups", [{"id": g, "displayName": f"Team {g}", "securityEnabled": True} for g in ids]
    )
    for at, group in enumerate(ids):
        members = [{"@odata.type": "#microsoft.graph.user", "id": key} for key in keys[at::groups]]
        _page(place / f"members-{group}.json", f"groups('{group}')/members", members)
    _page(
        place / "assignments.json",
        "servicePrincipals('sp1')/appRoleAssignedTo",
        [{"id": f"a{g}", "principalId": g, "principalType": "Group", "principalDisplayName": f"Team {g}",
          "resourceId": "sp1", "resourceDisplayName": "Catalog SCIM", "createdDateTime": "2026-01-01T00:00:00Z"}
         for g in ids],
    )  # fmt: skip
    (folder / "incident.yaml").write_text(_INCIDENT, "utf-8")


def _page(path: Path, what: str, records: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"@odata.context": f"{_GRAPH}#{what}", "value": records}), "utf-8")


def measured(folder: Path) -> dict[str, Any]:
    """Runs the check of ``folder`` in this process, its stages timed."""
    import resource

    from scimrunbook import run, snapshot

    taken: dict[str, list[float]] = {}

    def timed(stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            began, used = time.perf_counter(), time.process_time()
            try:
                return work(*given, **named)
            finally:
                taken[stage] = [round(time.perf_counter() - began, 2), round(time.process_time() - used, 2)]

        return step

    for name, stage in STAGES.items():
        of, name = (snapshot, "save") if name == "_save" else (run, name)
        setattr(of, name, timed(stage, getattr(of, name)))
    began, used = time.perf_counter(), time.process_time()
    result = run.run_incident(
        folder / "incident.yaml", progress=lambda *_: None, notebooks=False, outputs=folder / "out"
    )
    whole = [round(time.perf_counter() - began, 2), round(time.process_time() - used, 2)]
    sizes = {"exports_mb": _size(folder / "exports"), "snapshot_mb": _size(result.folder / "snapshot"),
             "report_mb": _size(result.folder / "report.html")}  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"verdict": result.verdict, "whole": whole, **taken, **sizes, "peak_mb": round(peak)}


def _size(path: Path) -> float:
    files = [path] if path.is_file() else list(path.rglob("*"))
    return round(sum(f.stat().st_size for f in files) / 1e6, 2)


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--one"]:
        print(json.dumps(measured(Path(arguments[1]))))
        return 0
    people, groups, *_ = [*map(int, arguments), *(100_000, GROUPS)[len(arguments) :]]
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), people, groups)
        run = child([sys.executable, "-m", "benchmarks.whole_check", "--one", place], timeout=3600)
    print(json.dumps({"people": people, "groups": groups, **json.loads(run.output.splitlines()[-1])}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
