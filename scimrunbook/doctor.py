"""``scimrunbook doctor``: this machine, and what an incident's sources will and will not be able to tell.

Nothing is sent anywhere and no credential is shown: a reference is tried, and only whether it gave something is told.
A credential that would have to be typed is not asked for.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import ssl
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from scimrunbook import __version__
from scimrunbook.doctor_exports import Checked, exported
from scimrunbook.evidence.keys import private_key
from scimrunbook.evidence.secrets import resolve
from scimrunbook.evidence.stores import NotAvailableError
from scimrunbook.guide import HOW_TO_GET, REGIONS
from scimrunbook.incident_file import LoadedIncident, load_incident
from scimrunbook.sources.failures import ReadFailure
from scimrunbook.sources.transport import checked_origin, proxy_for

WIDTH = 80
_MARKS = {"ok": "ok  ", "warn": "look", "fail": "FAIL", "info": "    "}
_PACKAGES = ("httpx", "pandas", "pyarrow", "msgspec", "papermill", "ipykernel", "ipywidgets")
_EXTRAS = {
    "jupyterlab": ("lab", "JupyterLab"),
    "keyring": ("keyring", "tokens from the system's keyring"),
    "azure.identity": ("entra", "signing in to Graph as whoever is signed in here"),
    "jwt": ("okta", "signing in to Okta with a private key"),
}
MIN_FREE = 1 << 30  # bytes; snapshots of large tenants take some hundred MB


def print_health(file: Path | None, as_json: bool) -> int:
    """Prints everything checked. Exit code 0, or 2 where something has to be mended. Raises IncidentError."""
    checked = list(health(file))
    failed = any(c.state == "fail" for c in checked)
    if as_json:
        print(json.dumps({"version": __version__, "ok": not failed, "checks": [asdict(c) for c in checked]}, indent=2))  # noqa: T201
    else:
        for line in lines(checked):
            print(line)  # noqa: T201
    return 2 if failed else 0


def health(file: Path | None) -> Iterator[Checked]:
    """This machine first, then the incident's credentials and sources."""
    loaded = load_incident(file) if file else None
    yield from _python()
    yield from _kernel()
    yield from _network(loaded)
    if loaded is not None:
        credentials = list(_credentials(loaded))
        yield from credentials
        yield from _sources(loaded, {c.name.split(" ")[0].split(".")[0] for c in credentials if c.state == "fail"})


def lines(checked: list[Checked]) -> list[str]:
    """For a terminal of 80 columns; what is well in one line each."""
    said: list[str] = []
    part = ""
    for c in checked:
        if c.part != part:
            part = c.part
            said += ["", part] if said else [part]
        text = f"{c.name}: {c.said}"
        indent = " " * 7
        said += textwrap.wrap(text, WIDTH, initial_indent=f"  {_MARKS[c.state]} ", subsequent_indent=indent)
        if c.remedy:
            said += textwrap.wrap(f"-> {c.remedy}", WIDTH, initial_indent=indent, subsequent_indent=indent + "   ")
    counts = {s: sum(c.state == s for c in checked) for s in ("fail", "warn")}
    last = f"{counts['fail']} to mend, {counts['warn']} to look at." if any(counts.values()) else "All is well."
    return [*said, "", last]


# -- this machine -----------------------------------------------------------------------------------------------------


def _python() -> Iterator[Checked]:
    part = "This machine"
    new = sys.version_info >= (3, 11)
    shown = ".".join(map(str, sys.version_info[:3]))
    yield Checked(part, "Python", "ok" if new else "fail", shown, "" if new else "Install Python 3.11 or newer.")
    missing = [p for p in _PACKAGES if not _version(p)]
    told = ", ".join(f"{p} {_version(p)}" for p in _PACKAGES if p not in missing)
    remedy = f"pip install scimrunbook again: {', '.join(missing)} is missing." if missing else ""
    yield Checked(part, "packages", "fail" if missing else "ok", told, remedy)
    for module, (extra, what) in _EXTRAS.items():
        there = _importable(module)
        remedy = "" if there else f"Only if you want it: pip install 'scimrunbook[{extra}]'"
        yield Checked(
            part, f"extra {extra}", "ok" if there else "info", f"{what}{'' if there else ', not here'}", remedy
        )
    free = shutil.disk_usage(Path.cwd()).free
    remedy = "" if free > MIN_FREE else "Make room, or give another folder by --outputs."
    yield Checked(part, "disk", "ok" if free > MIN_FREE else "warn", f"{free / 2**30:.0f} GB free here", remedy)


def _kernel() -> Iterator[Checked]:
    part = "Notebooks"
    try:
        from jupyter_client.kernelspec import KernelSpecManager

        found = sorted(KernelSpecManager().find_kernel_specs())
    except Exception as problem:
        yield Checked(part, "kernel", "fail", f"cannot be looked for ({type(problem).__name__})", "Install ipykernel.")
        return
    there = "python3" in found
    remedy = "" if there else "python -m ipykernel install --sys-prefix"
    yield Checked(part, "kernel", "ok" if there else "fail", "python3" if there else "python3 is not installed", remedy)
    ours, lab = _version("ipywidgets"), _version("jupyterlab_widgets")
    both = bool(ours and lab)
    remedy = "" if both else "pip install ipywidgets jupyterlab_widgets; notebooks show everything without them too."
    yield Checked(part, "widgets", "ok" if both else "warn", f"ipywidgets {ours}, JupyterLab's part {lab}", remedy)


def _network(loaded: LoadedIncident | None) -> Iterator[Checked]:
    part = "Network"
    incident = loaded.incident if loaded else None
    hosts = [REGIONS[incident.catalog_host].api_host] if incident else sorted(r.api_host for r in REGIONS.values())
    if incident and incident.okta and incident.okta.org_url:
        hosts.append(incident.okta.org_url.removeprefix("https://"))
    if incident and incident.entra:
        hosts += ["graph.microsoft.com", "login.microsoftonline.com"]
    if incident and incident.connect_to:
        yield Checked(part, "PRACTICE", "info", f"every request goes to {incident.connect_to} on this machine")
        hosts = []
    for host in hosts:
        try:
            proxy = proxy_for(checked_origin(f"https://{host}"))
        except ReadFailure as failure:
            yield Checked(part, host, "fail", failure.message, failure.remedy)
            continue
        way = f"through {proxy.url.scheme}://{proxy.url.netloc.decode('ascii')}" if proxy else "directly"
        yield Checked(part, host, "info", way)
    if os.environ.get("HTTP_PROXY") or os.environ.get("http_proxy"):
        remedy = "A proxy for https belongs into HTTPS_PROXY."
        yield Checked(part, "HTTP_PROXY", "info", "set, and never used: only HTTPS_PROXY and NO_PROXY are", remedy)
    yield _trust(part)
    yield Checked(part, "TLS", "ok" if ssl.HAS_TLSv1_2 else "fail", f"1.2 or newer, {ssl.OPENSSL_VERSION}")


def _trust(part: str) -> Checked:
    file = os.environ.get("SSL_CERT_FILE")
    if not file:
        return Checked(part, "certificates", "ok", "Mozilla's authorities and this machine's")
    try:
        context = ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError):
        return Checked(
            part, "certificates", "fail", "SSL_CERT_FILE names no usable file",
            "Point it to a PEM file that holds the authority's certificate, or take it out.",
        )  # fmt: skip
    return Checked(
        part, "certificates", "ok", f"besides the usual {context.cert_store_stats()['x509_ca']} of SSL_CERT_FILE"
    )


# -- the incident -----------------------------------------------------------------------------------------------------


def _credentials(loaded: LoadedIncident) -> Iterator[Checked]:
    part, incident = "Credentials (never shown)", loaded.incident
    okta, entra = incident.okta, incident.entra
    given = [
        ("okta.token", okta.token if okta and not okta.private_key else None, _token),
        ("okta.private_key", okta.private_key if okta else None, _key),
        ("entra.credential", entra.credential if entra and not entra.sign_in else None, _token),
        ("catalog.token", incident.catalog.token, _token),
    ]
    for name, reference, ask in given:
        if reference:
            yield ask(part, name, reference, loaded)
    if entra and entra.sign_in:
        there = _importable("azure.identity")
        remedy = "" if there else "pip install 'scimrunbook[entra]'"
        said = f"{entra.sign_in}, when the run begins"
        yield Checked(part, "entra.sign_in", "info" if there else "fail", said, remedy)
    if not any(r for _, r, _ in given) and not (entra and entra.sign_in):
        yield Checked(part, "none", "info", "the incident names none: it is judged from exports alone")


def _token(part: str, name: str, reference: str, loaded: LoadedIncident) -> Checked:
    if reference == "prompt":
        return Checked(part, name, "info", "will be asked for when the run begins")
    found = resolve(reference, base=loaded.base, interactive=False, label=name)
    if found.secret is None:
        return Checked(part, f"{name} ({reference})", "fail", found.problem or "not there", found.remedy or "")
    facts = found.facts
    told = f"there, {facts.length} characters" + (f", expires {facts.expires_at}" if facts.expires_at else "")
    if facts.problems:
        odd = ", ".join(p.replace("_", " ") for p in facts.problems)
        return Checked(
            part, f"{name} ({reference})", "warn", f"{told}; pasted with {odd}", "Copy it again, as one line."
        )
    return Checked(part, f"{name} ({reference})", "ok", told)


def _key(part: str, name: str, reference: str, loaded: LoadedIncident) -> Checked:
    if reference == "prompt":
        return Checked(part, name, "info", "will be asked for when the run begins")
    try:
        private_key(reference, base=loaded.base, interactive=False)
    except NotAvailableError as absent:
        return Checked(part, f"{name} ({reference})", "fail", absent.problem, absent.remedy)
    if not _importable("jwt"):
        return Checked(part, f"{name} ({reference})", "fail", "there", "pip install 'scimrunbook[okta]'")
    return Checked(part, f"{name} ({reference})", "ok", "there")


def _sources(loaded: LoadedIncident, broken: set[str]) -> Iterator[Checked]:
    """What will be read, and what nobody will be able to tell. ``broken``: rooms whose credential is of no use yet."""
    incident = loaded.incident
    provider = incident.identity_provider
    access = incident.okta if provider == "okta" else incident.entra
    live = bool(access and any(getattr(access, k, None) for k in ("token", "private_key", "credential", "sign_in")))
    part = "What can be told"
    title = {"okta": "Okta", "entra": "Microsoft Entra ID"}[provider]
    if live and provider in broken:
        said = "nothing live until its credential is mended"
        yield Checked(part, title, "info", said + ("; the exports are still read" if incident.exports else ""))
    elif live:
        said = "live: application, people, groups, assignments, mapping, log, as far as the credential reaches"
        yield Checked(part, title, "ok", said, "scimrunbook check FILE --plan lists every request first.")
    elif not incident.exports:
        what = f"{provider}.{'system_log' if provider == 'okta' else 'provisioning_log'}"
        yield Checked(part, title, "warn", "nothing: no credential, no exports", HOW_TO_GET[what].export + ".")
    if incident.exports:
        yield from exported(loaded, live=live and provider not in broken)
    if provider == "okta":
        said = "base URL and token as typed, and open tasks: no API of Okta tells them; the run asks you where to look"
    else:
        said = (
            "the token as typed: Graph keeps it; who was skipped before the log's 30 (or 7) days: nobody knows any more"
        )
    yield Checked(part, "not to be had", "info", said)
    if incident.catalog.token and "catalog" in broken:
        yield Checked(part, "Catalog", "info", "nothing live until its credential is mended")
    elif incident.catalog.token:
        said = "live: accounts, teams and a test of the endpoint (--probe off | light | full)"
        yield Checked(part, "Catalog", "ok", said)
    else:
        how = HOW_TO_GET["catalog.users"].export
        said = "no token: whether accounts are as they should be is not checked unless exports hold them"
        yield Checked(part, "Catalog", "info", said, f"{how}.")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False
