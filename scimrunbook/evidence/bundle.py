"""The members of a bundle, from a redacted run: notebooks executed anew, report, tables, request, e-mail draft."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import nbformat
import re2

from scimrunbook import notebooks
from scimrunbook.evidence.csvs import frame_csv
from scimrunbook.evidence.seal import SIGNERS, verify_line
from scimrunbook.runfolder import head_of
from scimrunbook.show.panels import RESULT_MIME
from scimrunbook.show.report import report
from scimrunbook.show.texts import support_request
from scimrunbook.show.view import View
from scimrunbook.show.words import PROVIDER, VERDICT, moment, plain
from scimrunbook.snapshot import TABLES
from scimrunbook.viewing import view_of

_ESCAPE = re2.compile(r"\\([^\pL\pN\s])")
_SHOWN = frozenset({"text/html", "text/plain", RESULT_MIME})
NOT_EXECUTED = "not executed"
SUPPORT = "support@coalesce.io"  # the guide's address for Catalog


def faces(redacted: Path, archive: str, signed: str | None) -> dict[str, bytes]:
    """report.html, the JSON files, the tables, the request and the draft of a redacted run's folder."""
    view = view_of(redacted)
    request = support_request(view)
    members = {
        "report.html": report(view).encode(),
        "support-request.md": request.encode(),
        "support-request.eml": draft(view, request, archive, signed),
        "README.md": readme(view, archive, signed).encode(),
    }
    for name in ("findings.json", "diagnosis.json"):
        members[name] = (redacted / name).read_bytes()
    for name in TABLES:
        if len(view.tables[name]):
            members[f"tables/{name}.csv"] = frame_csv(view.tables[name])
    if len(view.hops):
        members["tables/trace.csv"] = frame_csv(view.hops)
    return members


def executed(
    redacted: Path, incident_file: Path, work: Path, text: Callable[[str], str], anyway: bool = False
) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """The nine notebooks, executed on the redacted run where the run executed them, and what custody says of each.

    ``anyway``: also where the run executed none, as a run of JupyterLab: there a person executes them one by one.
    """
    told = head_of(redacted)["sections"]
    members: dict[str, bytes] = {}
    records: list[dict[str, Any]] = []
    done: dict[str, str | None] = {}
    if told or anyway:
        notebooks.warm_up()
        done = {n: p for n, p, _ in notebooks.execute_all(incident_file, redacted.name, redacted.parents[1], work)}
    for name in notebooks.names():
        target = work / f"{name}.ipynb"
        record = {
            "name": name,
            "sha256_source": hashlib.sha256((notebooks.folder() / f"{name}.ipynb").read_bytes()).hexdigest(),
            "sha256_shared": None,
            "status_in_run": str(told.get(name, {}).get("status", NOT_EXECUTED)),
            "status_shared": NOT_EXECUTED if name not in done else "error" if done[name] else "completed",
        }
        if target.is_file():
            content = members[f"notebooks/{name}.ipynb"] = settled(
                target.read_text("utf-8"), redacted, incident_file, text
            )
            record["sha256_shared"] = hashlib.sha256(content).hexdigest()
        records.append(record)
    return members, records


def settled(content: str, redacted: Path, incident_file: Path, text: Callable[[str], str]) -> bytes:
    """A notebook without what differs between two executions of the same thing: random ids, this machine's paths.

    What no panel of ours printed (streams, errors) is free text and judged as such by ``text``.
    """
    neutral = f"parameters/{incident_file.name}"
    # absolute, as it was given, and as it went into the notebook
    for path in (incident_file.resolve(), incident_file, notebooks.shown(incident_file)):
        content = content.replace(json.dumps(str(path))[1:-1], neutral)
    nb = nbformat.reads(content, as_version=4)  # type: ignore[no-untyped-call]
    for number, cell in enumerate(nb.cells):
        cell.id = f"c{number:02}"
        cell.execution_count = None if cell.cell_type == "code" else cell.get("execution_count")
        if cell.cell_type != "code":
            cell.pop("execution_count", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = f'# Parameters\nincident = "{neutral}"\nrun = "{redacted.name}"\n'
        for output in cell.get("outputs", []):
            if "execution_count" in output:
                output.execution_count = None
            output.get("metadata", {}).clear()
            for kind in set(output.get("data", {})) - _SHOWN:
                del output.data[kind]  # a widget's model, a script: nothing of it lives outside a kernel
            if output.output_type == "stream":
                output.text = text(output.text)
            elif output.output_type == "error":
                output.update(evalue=text(output.evalue), traceback=[text(f"{output.ename}: {output.evalue}")])
    parameters = nb.metadata.get("papermill", {}).get("parameters")
    if parameters is not None:
        nb.metadata.papermill.parameters = {"incident": neutral, "run": redacted.name}
    nb.metadata.get("language_info", {}).pop("version", None)
    return (json.dumps(nb, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def subject(view: View) -> str:
    practice = "PRACTICE: " if view.practice else ""
    provider = PROVIDER[view.incident["identity_provider"]]
    return f"{practice}SCIM provisioning, {plain(view.incident['incident'])}: {provider} to Catalog"


def draft(view: View, request: str, archive: str, signed: str | None) -> bytes:
    """An e-mail ready to be looked at and sent: plain text, one fixed recipient, nothing attached by itself."""
    message = EmailMessage(policy=SMTP)
    message["To"] = SUPPORT
    message["Subject"] = " ".join(subject(view).split())[:200]
    message["X-Unsent"] = "1"  # mail programs open it as a draft
    _, words = VERDICT[view.diagnosis["verdict"]]
    body = [
        "Hello,",
        "",
        f"{words}: incident {plain(view.incident['incident'])}, as of {moment(view.diagnosis['as_of'])}.",
        f"Region: {plain(view.incident['catalog_host'])}. Provider: {PROVIDER[view.incident['identity_provider']]}.",
        "",
        f"Please find attached {archive}: people stand in it by pseudonym, ids issued by Catalog are real.",
        f"It is signed by the key {signed}. Compare this fingerprint with us by another way than this e-mail, then:"
        if signed
        else "It is UNSIGNED: nothing proves that it comes from us unchanged.",
        *([f"    {verify_line(archive)}"] if signed else []),
        "",
        "-" * 72,
        "",
        *plain_markdown(request),
        "",
        "(Attach the ZIP"
        + (", its .sig" if signed else "")
        + " and, if you like, a screenshot of the provisioning page. "
        "Never attach anything of the folder private/.)",
    ]
    message.set_content("\n".join(body), charset="utf-8", cte="8bit")
    return message.as_bytes()


def plain_markdown(text: str) -> list[str]:
    """The request as plain text: the backslashes that keep Markdown quiet are of no use in an e-mail."""
    return [_ESCAPE.sub(r"\1", line) for line in text.splitlines()]


def readme(view: View, archive: str, signed: str | None) -> str:
    """What this is, for whoever opens it without us."""
    mark = "**PRACTICE: the embedded practice tenant, nobody's real directory.**\n\n" if view.practice else ""
    seal = (
        f"Signed with the key {signed}. With the sender's `{SIGNERS}` file, which has to reach you by another way:\n\n"
        f"    {verify_line(archive)}\n\n"
        "On Windows: `cmd /c` in front of the line. `scimrunbook verify` does the same and compares every member."
        if signed
        else "**UNSIGNED: nothing proves who made this, or that it is unchanged.** `sha256sum -c SHA256SUMS` compares "
        "the members with the list beside them."
    )
    return (
        f"# Evidence: {subject(view)}\n\n{mark}"
        "Read first: `support-request.md`, then `report.html` (no network needed).\n\n"
        "People, groups and hosts of the customer stand here by pseudonym, the same in every file; ids that Catalog "
        "issued, ids of operations, times, codes and steps are real. The customer can tell who a pseudonym is.\n\n"
        "- `diagnosis.json`, `findings.json`: verdict, ranked causes, every check\n"
        "- `notebooks/`: the guide's nine sections, executed on this redacted data\n"
        "- `tables/`: what was read, as CSV\n"
        "- `custody.json`: who, when, with what, sha256 of the originals, what is not in here\n"
        f"- `SHA256SUMS`: every member\n\n{seal}\n"
    )
