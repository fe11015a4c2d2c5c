"""The verbs about what leaves the house, and what goes: share, verify, reveal, purge. They print; evidence works."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from scimrunbook.faces import shown
from scimrunbook.problems import UserProblem
from scimrunbook.runfolder import find_run
from scimrunbook.show.words import count, plain

if TYPE_CHECKING:
    from scimrunbook.evidence.share import Shared


def share_run(
    run: str, outputs: Path | None, practice: bool, key: Path | None, unsigned: bool, waive: list[str], because: str
) -> int:
    if key is not None and unsigned:
        raise UserProblem("--key and --unsigned exclude each other.")
    done = build(
        find_run(run, outputs), practice=practice, key=key, unsigned=unsigned, waive=waive, because=because,
        interactive=sys.stdin.isatty() and sys.stderr.isatty(),
    )  # fmt: skip
    say = _say()
    for line in lines(done):
        say(line)
    return 0


def build(
    run: Path, *, practice: bool, unsigned: bool, key: Path | None = None, waive: Sequence[str] = (),
    because: str = "", interactive: bool = False, notebooks: bool = False,
) -> Shared:  # fmt: skip
    """The bundle of a run's folder; with ``notebooks``, the nine in any case.

    Raises UserProblem where the extra is missing, and what ``share`` raises.
    """
    _installed()
    from scimrunbook.evidence.share import share

    return share(
        run, practice=practice, key=key, unsigned=unsigned, waive=waive, because=because, interactive=interactive,
        notebooks=notebooks,
    )  # fmt: skip


def lines(done: Shared, named: bool = True) -> list[str]:
    """What was built, what to tell with it, what was left out; a line to copy is indented.

    Without ``named`` the place of the bundle is not among them: it stands above.
    """
    from scimrunbook.evidence.seal import verify_line

    said = ["PRACTICE: the embedded practice tenant, nobody's real directory."] if done.practice else []
    said += [f"Bundle: {shown(done.archive)}"] if named else []
    replaced = sum(r["times"] for r in done.report["replaced"])
    dropped = sum(done.report["dropped_fields"].values())
    much = f"Redacted: {count(replaced, 'replacement')}" + (f", {count(dropped, 'value')} dropped" if dropped else "")
    said.append(f"{much}; redaction.json in it says by which rule.")
    if not done.complete:
        said.append("Incomplete: a notebook failed; custody.json in it says which.")
    said += [
        f"The value of {name} could not be fetched again, so the last check looked for it by its shape only."
        for name in done.not_available
    ]
    if done.fingerprint:
        said.append(f"Signed with {done.fingerprint}. Tell this fingerprint by telephone or in the ticket, and send")
        said += [f"{shown(done.signers)} there too: inside the bundle it would prove nothing."] if done.signers else []
        said.append("Whoever receives it verifies with stock OpenSSH, in the folder of the files:")
        said.append(f"    {verify_line(done.archive.name)}")
    else:
        said.append("UNSIGNED: nothing proves who made it or that it is unchanged.")
    return [*said, "The draft of the e-mail is support-request.eml in it. The folder private/ stays with you."]


def verify_bundle(bundle: str, signers: Path | None, outputs: Path | None = None) -> int:
    """``bundle``: the ZIP, or a RUN of ours whose incident's newest bundle is meant."""
    _installed()
    from scimrunbook.evidence.verify import verify

    verdict = verify(_bundle(bundle, outputs), signers)
    say = _say()
    for line in verdict.lines:
        say(line)
    return verdict.code


def _bundle(given: str, outputs: Path | None) -> Path:
    if given.lower().endswith(".zip") or Path(given).is_file():
        return Path(given)
    shared = find_run(given, outputs).parent / "shared"
    if not (bundles := sorted(shared.glob("*.zip"))):
        raise UserProblem(f"Nothing was shared from {shown(shared.parent)} yet: scimrunbook share {plain(given)}")
    return bundles[-1]


def reveal_pseudonym(run: str, pseudonym: str | None, outputs: Path | None) -> int:
    from scimrunbook.evidence.reveal import reveal

    say = _say()
    for name, kind, original in reveal(find_run(run, outputs).parent, pseudonym):
        say(f"{name}: {plain(original)} ({kind})")
    return 0


def purge_data(outputs: Path, incident: str | None, days: int | None, yes: bool) -> int:
    from scimrunbook.evidence import purge

    if incident is not None and days is not None:
        raise UserProblem("--incident and --days exclude each other: one at a time.")
    victims = (
        purge.of_incident(outputs, incident)
        if incident is not None
        else purge.older_than(outputs, purge.DEFAULT_DAYS if days is None else days)
    )
    say = _say()
    for victim in victims:
        say(f"{'Removing' if yes else 'Would remove'} {shown(victim.path)} ({victim.why})")
    if not victims:
        say("Nothing to remove.")
    elif yes:
        gone = count(purge.purge(outputs, victims), "entry", "entries")
        say(f"{gone} removed and recorded in {shown(outputs / purge.RECORD)}.")
    else:
        say("Nothing was removed. Add --yes to do it.")
    return 0


def _installed() -> None:
    missing = [m for m in ("ahocorasick_rs", "re2") if find_spec(m) is None]
    if missing:
        raise UserProblem(
            f"Sharing needs the extra packages of scimrunbook[share] ({missing[0]} is missing). "
            "Install them: pip install 'scimrunbook[share]'"
        )


def _say() -> Callable[[str], None]:
    console = Console(highlight=False, soft_wrap=True)

    def say(text: str) -> None:
        if text:
            console.print(text, markup=False)

    return say
