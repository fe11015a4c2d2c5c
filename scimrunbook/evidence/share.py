"""``scimrunbook share RUN``: redact, render anew, look through, seal. A leak or an error leaves nothing."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scimrunbook import snapshot as snapshots
from scimrunbook.evidence import bundle, custody, private, seal
from scimrunbook.evidence.canonical import key_of
from scimrunbook.evidence.gate import Gate, Hit, Known
from scimrunbook.evidence.policy import Policy
from scimrunbook.evidence.redacted_run import incident_yaml, redactor_of, write_redacted
from scimrunbook.evidence.redactor import Redactor
from scimrunbook.evidence.secrets import registered, resolve
from scimrunbook.evidence.vocabulary import known as known_word
from scimrunbook.problems import UserProblem
from scimrunbook.runfolder import head_of
from scimrunbook.show.words import count
from scimrunbook.snapshot import Snapshot

PURPOSE = "support request to Coalesce"
_STAGING = ".staging-"


class RefusedError(UserProblem):
    """Nothing is shared: the gate found something. The message names rules, files and lines, never a value."""

    exit_code = 4

    def __init__(self, hits: list[Hit]) -> None:
        self.hits = hits
        told = "\n".join(f"  {hit}" for hit in hits[:40]) + (f"\n  and {len(hits) - 40} more" if len(hits) > 40 else "")
        some = any(h.waiver for h in hits)
        super().__init__(
            f"Not shared: the last check found {count(len(hits), 'place')} that must not leave. No archive was "
            f"written.\n{told}\n"
            "A secret in a run means that it has to be replaced: ask for a new one, then collect again. If a hit is no "
            "secret and nobody's name, report it"
            + (", or let it pass by name: --waive WAIVER --because 'reason'." if some else ".")
        )


@dataclass(frozen=True, slots=True)
class Shared:
    """What ``share`` made. ``fingerprint`` is None for an unsigned bundle."""

    archive: Path
    fingerprint: str | None
    signers: Path | None
    report: dict[str, Any]
    not_available: tuple[str, ...]
    complete: bool
    practice: bool


def share(
    run: Path,
    *,
    practice: bool = False,
    key: Path | None = None,
    unsigned: bool = False,
    waive: Iterable[str] = (),
    because: str = "",
    created: datetime | None = None,
    interactive: bool = False,
    notebooks: bool = False,
) -> Shared:
    """Builds ``shared/<run>.zip`` beside a complete run. Raises RefusedError (exit 4) and UserProblem (exit 2).

    The notebooks go with it where the run executed them; with ``notebooks`` in any case.
    """
    head = head_of(run)
    if head.get("practice") and not practice:
        raise UserProblem("This run is of the practice tenant. Add --practice, so that nobody takes it for a real one.")
    if head.get("state") != "complete":
        raise UserProblem(f"The run {run.name} is not complete ({head.get('state')}); only complete runs are shared.")
    if list(waive) and not because.strip():
        raise UserProblem("--waive wants a reason: add --because 'why this is no secret and nobody's name'.")
    seal.only_regular(run)
    home = run.parent
    saved = snapshots.load(run / "snapshot")
    pseudonym_key = private.key(home)
    policy = Policy.of(saved.incident)
    redactor = redactor_of(saved, pseudonym_key, policy, head.get("by"), custody.operator())
    missing = _touch_secrets(saved, run, interactive)
    signing = None if unsigned else (key or seal.make_key(private.folder(home) / "signing_key"))
    signed = seal.fingerprint(signing) if signing else None
    archive = home / "shared" / f"{run.name}.zip"
    archive.parent.mkdir(mode=0o700, exist_ok=True)
    told = known(saved, redactor, waive)
    with _staging(home) as staging:
        redacted_run = staging / "outputs" / saved.incident.incident / run.name
        remark = "Redacted copy: people, groups and hosts stand here by pseudonym. " + (
            f"Signed with the key {signed}." if signed else "UNSIGNED: nothing proves who made this copy."
        )
        redacted = write_redacted(run, saved, redactor, redacted_run, remark)
        file = staging / "parameters" / f"{saved.incident.incident}.yaml"
        file.parent.mkdir(mode=0o700)
        file.write_text(incident_yaml(redacted.incident), "utf-8")
        members = bundle.faces(redacted_run, archive.name, signed)
        nine, records = bundle.executed(redacted_run, file, staging / "notebooks", redactor.text, notebooks)
        seal.only_regular(staging)
        members |= nine
    waivers = [
        {"waiver": w, "reason": because, "by": redactor.identity(custody.operator() or "")} for w in sorted(waive)
    ]
    record = custody.custody(
        saved=saved, redacted=redacted, head=head, run=run, redactor=redactor, notebooks=records,
        created=created or datetime.now(UTC), purpose=PURPOSE, waivers=waivers, secrets_known=len(told.secrets),
        not_available=missing, signature=signed,
    )  # fmt: skip
    members["redaction.json"] = _json(redactor.report())
    members["custody.json"] = _json(record)
    told = known(saved, redactor, waive, record)
    content = seal.pack(seal.with_sums(members))
    private.keep_map(home, run.name, redactor.mapping, archive.parent)
    _seal(content, archive, told, signing)
    signers = None
    if signing:
        signers = archive.with_name(seal.SIGNERS)
        signers.write_text(seal.signers_line(signing), "utf-8")
    return Shared(
        archive,
        signed,
        signers,
        redactor.report(),
        tuple(missing),
        bool(record["complete"]),
        bool(head.get("practice")),
    )


def _seal(content: bytes, archive: Path, told: Known, signing: Path | None) -> None:
    """Gates the very bytes that are given away, read back from the container; only then is there an archive."""
    from scimrunbook.evidence.verify import members_of

    hits = Gate(told).check(members_of(content))
    if hits:
        raise RefusedError(hits)
    draft = archive.with_name(f".{archive.name}.{secrets.token_hex(4)}")
    try:
        private.create(draft, content)
        if signing:
            made = seal.sign(draft, signing)
            made.replace(archive.with_name(archive.name + ".sig"))
        else:
            archive.with_name(archive.name + ".sig").unlink(missing_ok=True)
        draft.replace(archive)
    finally:
        draft.unlink(missing_ok=True)
        draft.with_name(draft.name + ".sig").unlink(missing_ok=True)


def known(saved: Snapshot, redactor: Redactor, waive: Iterable[str], record: dict[str, Any] | None = None) -> Known:
    """What the gate has to know: from the raw snapshot, not from what redaction did with it."""
    people: set[str] = set()
    names: set[tuple[str, str]] = set()
    for one in redactor.identities.records:
        person = redactor.identities.find((*one.ids, *one.logins)[0])
        if person is not None and person.revealed:
            continue
        for login in one.logins:
            folded = key_of(login)
            if "@" in folded or (len(folded) >= 5 and not known_word(folded)):
                people.add(folded)
        people |= {i.lower() for i in one.ids if len(i) >= 12}
        for given, family in ((one.given, one.family), _split(one.display)):
            first, last = key_of(given).split(), key_of(family).split()
            if first and last and not (known_word(first[-1]) and known_word(last[0])):
                names |= {(first[-1], last[0]), (last[-1], first[0])}
    safe = {s.strip("=~._-/+") for s in redactor.keep | redactor.issued} | set(redactor.keep) | redactor.issued
    safe |= {i.partition("@")[0] for i in redactor.issued}
    safe |= {i for i, p in redactor.identities.by_id.items() if p.revealed}
    safe |= {i for one in redactor.identities.records for i in one.ids if redactor.identities.by_id[i.lower()].revealed}
    if record is not None:
        safe |= _digests(record)
    for table in ("mappings", "jobs", "events", "config_changes"):  # codes the provider uses, as the schema keeps them
        for column in ("source", "target", "template", "event_type", "error_code", "step", "raw_type", "skip_reason"):
            if column in saved[table].columns:
                safe |= {str(v) for v in saved[table][column].dropna().unique()}
    if redactor.policy.mode == "names-only":
        people = {p for p in people if "@" in p or p in redactor.identities.by_id}
    return Known(
        secrets=frozenset(registered()),
        people=frozenset(people - {"system@okta.com"}),
        names=frozenset(names),
        safe=frozenset(safe),
        machine=custody.machine(),
        waived=frozenset(waive),
        digest=lambda value: redactor.pseudonyms.handle("waiver", value),
    )


def _split(display: str) -> tuple[str, str]:
    parts = display.split()
    return (parts[0], parts[-1]) if len(parts) > 1 else ("", "")


def _digests(value: Any) -> set[str]:
    """Every sha256 of the custody record, and the key's fingerprint."""
    if isinstance(value, dict):
        return {d for v in value.values() for d in _digests(v)}
    if isinstance(value, list):
        return {d for v in value for d in _digests(v)}
    text = str(value).removeprefix("SHA256:")
    if not isinstance(value, str) or not 40 <= len(text) <= 64 or " " in text:
        return set()
    return {text, *text.replace("/", "+").split("+")}  # a fingerprint is base64: Markdown takes it apart


def _touch_secrets(saved: Snapshot, run: Path, interactive: bool) -> list[str]:
    """Resolves the run's references again, so that the gate knows the values. Returns the keys that gave none.

    A typed token is kept nowhere: with somebody there (``interactive``) it is asked for once more, Enter passes.
    """
    incident = saved.incident
    references = {"catalog.token": incident.catalog.token}
    if incident.okta:
        references["okta.token"] = incident.okta.token
    if incident.entra:
        references["entra.credential"] = incident.entra.credential
    base = _base(run)
    missing = []
    for name, reference in references.items():
        if reference is None:
            continue
        label = f"{name} once more, for the last check to look for it; Enter: without"
        facts = resolve(reference, base=base, interactive=interactive, label=label).facts
        if not facts.given or not facts.length:
            missing.append(name)
    return missing


def _base(run: Path) -> Path:
    """The folder of the incident file, to which ``file:`` references are relative."""
    told = head_of(run).get("incident_file")
    return Path(told).parent if told else run.parents[2] / "parameters"


def _json(data: Any) -> bytes:
    return (json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


@contextmanager
def _staging(home: Path):  # type: ignore[no-untyped-def]
    """A private folder for the redacted copy while it is rendered; what a killed share left is taken away first."""
    place = private.folder(home)
    for left in place.glob(f"{_STAGING}*"):
        shutil.rmtree(left, ignore_errors=True)
    staging = place / f"{_STAGING}{secrets.token_hex(4)}"
    staging.mkdir(mode=0o700)
    (staging / "notebooks").mkdir(mode=0o700)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
