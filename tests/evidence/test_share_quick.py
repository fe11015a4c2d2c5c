"""share and verify, end to end, for every commit; everything else about bundles is in test_share."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from scimrunbook import snapshot as snapshots
from scimrunbook.evidence import share
from scimrunbook.evidence.verify import members_of, verify
from tests.evidence import made


def run_of(outputs: Path) -> Path:
    """The folder of a complete run of the hand-made tenant: what ``run`` writes, without judging anything."""
    run = outputs / "CAT-7" / "2026-11-20T12-00-00Z"
    run.mkdir(parents=True)
    snapshots.save(made.snapshot(), run / "snapshot")
    key = made.ADA["person_key"]
    affected = {"count": 1, "keys": [key], "table": "trace"}
    finding = dict.fromkeys(("expected", "guide", "needs", "source"), "") | {
        "id": "token.is_accepted", "title": "The token is accepted", "status": "fail", "provider": "entra",
        "section": "base_url_and_token", "actual": f"Refused for {made.ADA['display_name']}.", "evidence": [],
        "affected": affected, "actions": [], "manual": None, "answer": None, "blocked_by": None,
        "causes": ["url_or_token"], "since": "2026-11-18T11:15:00Z",
    }  # fmt: skip
    cause = {"cause": "url_or_token", "finding": "token.is_accepted", "share": 1.0, "why": "Refused.", "actions": [],
             "affected": affected, "findings": ["token.is_accepted"], "ask": None}  # fmt: skip
    head = {"schema_version": 1, "incident": "CAT-7", "run": run.name, "as_of": "2026-11-20T11:20:00Z"}
    diagnosis = {**head, "verdict": "problem", "causes": [cause], "people": {"attempt": 1}, "not_checked": [],
                 "contact_support": {"needed": True, "reason": "Refused."}, "masked": []}  # fmt: skip
    about = {**head, "state": "complete", "started_at": "2026-11-20T12:00:00Z", "version": "0", "by": "ada",
             "inputs": {}, "sections": {}, "identity_provider": "entra", "catalog_host": "app.us.castordoc.com",
             "as_of_is": "newest_record"}  # fmt: skip
    for name, data in {"findings": {**head, "findings": [finding]}, "diagnosis": diagnosis, "run": about}.items():
        (run / f"{name}.json").write_text(json.dumps(data), "utf-8")
    hops = {"person_key": [key], "login": [made.ADA["login"]], "name": [made.ADA["display_name"]],
            "hop": ["attempt"], "proof": ["Unauthorized"], "action": [""]}  # fmt: skip
    pd.DataFrame(hops).to_parquet(run / "trace.parquet", index=False)
    return run


def test_a_shared_run_verifies_and_a_changed_byte_does_not(tmp_path: Path) -> None:
    done = share.share(run_of(tmp_path))
    members = members_of(done.archive.read_bytes())
    assert {"report.html", "support-request.eml", "custody.json", "SHA256SUMS"} <= set(members)
    low = b"".join(members.values()).decode().casefold()
    assert made.VENDOR in low and not [v for v in made.raw_values() if v in low]
    assert verify(done.archive, done.signers).code == 0
    content = bytearray(done.archive.read_bytes())
    content[len(content) // 2] ^= 1
    done.archive.write_bytes(content)
    assert verify(done.archive, done.signers).code != 0
