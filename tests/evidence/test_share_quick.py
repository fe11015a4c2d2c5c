"""share and verify, end to end, for every commit; everything else about bundles is in test_share."""

from __future__ import annotations

from pathlib import Path

from scimrunbook.evidence import share
from scimrunbook.evidence.verify import members_of, verify
from scimrunbook.run import run_incident
from tests.conftest import ROOT
from tests.tenants import quiet


def test_a_shared_run_verifies_and_a_changed_byte_does_not(tmp_path: Path) -> None:
    file = ROOT / "parameters" / "demo-entra.yaml"
    run = run_incident(file, progress=quiet, notebooks=False, outputs=tmp_path).folder
    done = share.share(run, practice=True)
    members = members_of(done.archive.read_bytes())
    assert {"report.html", "support-request.eml", "custody.json", "SHA256SUMS"} <= set(members)
    assert verify(done.archive, done.signers).code == 0
    content = bytearray(done.archive.read_bytes())
    content[len(content) // 2] ^= 1
    done.archive.write_bytes(content)
    assert verify(done.archive, done.signers).code != 0
