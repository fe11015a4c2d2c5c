"""Collects once for an incident: exports, the provider's API, Catalog; whatever of them is there.

The only place where tokens are resolved. Nothing the outside world does raises here: what was refused or failed becomes
a row of ``coverage`` that says what is missing and how to get it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from scimrunbook.evidence.keys import private_key
from scimrunbook.evidence.secrets import Resolved, Secret, resolve
from scimrunbook.evidence.stores import NotAvailableError
from scimrunbook.guide import HOW_TO_GET, REGIONS
from scimrunbook.incident import EntraAccess, OktaAccess
from scimrunbook.incident_file import LoadedIncident
from scimrunbook.snapshot import WHATS, Snapshot, TokenFacts
from scimrunbook.sources import catalog, entra, exports, okta
from scimrunbook.sources.http import BearerAuth, Reader, ReadFailure
from scimrunbook.sources.okta_signin import okta_token
from scimrunbook.sources.parts import Parts, Progress
from scimrunbook.sources.signin import graph_token
from scimrunbook.sources.superseded import take_live
from scimrunbook.sources.window import log_window

_TIMES = (
    ("coverage", "last_at"),
    ("events", "at"),
    ("config_changes", "at"),
    ("jobs", "last_ended_at"),
    ("jobs", "last_began_at"),
    ("app_accounts", "created_at"),
    ("app_accounts", "status_changed_at"),
    ("app_accounts", "last_sync_at"),
    ("assignments", "at"),
    ("people", "created_at"),
    ("people", "changed_at"),
    ("accounts", "created_at"),
    ("accounts", "changed_at"),
)
GRAPH = "https://graph.microsoft.com"
_MAPPINGS = ("entra.schema",)  # covered as soon as it was read or refused
Work = Callable[[], None]


def collect(loaded: LoadedIncident, *, progress: Progress, probe: str = "light", interactive: bool = False) -> Snapshot:
    """Everything that can be read for the incident, as a Snapshot. Raises ExportsError for an unusable folder."""
    return _Collection(loaded, progress, probe, interactive).run()


class _Collection:
    def __init__(self, loaded: LoadedIncident, progress: Progress, probe: str, interactive: bool) -> None:
        self.loaded, self.incident, self.progress = loaded, loaded.incident, _in_turn(progress)
        self.probe, self.interactive = probe, interactive
        self.parts = Parts()
        self.side = Parts()  # what Catalog tells while the provider is being read
        self.mapping_known = threading.Event()
        self.provider_clock: datetime | None = None
        self.catalog_clock: datetime | None = None

    def run(self) -> Snapshot:
        facts = self.parts.facts
        facts.practice = self.incident.connect_to is not None
        if self.incident.exports:
            folder = self.loaded.resolve(self.incident.exports)
            exports.read_folder(folder, self.incident, self.parts, self.progress)
        exported = {table: len(rows) for table, rows in self.parts.rows.items()}
        # Whoever is asked for a token is asked here, one question after the other.
        catalog_secret = self.catalog_secret()
        provider = self.provider()
        if catalog_secret is not None and provider is not None:
            self.beside(lambda: self.catalog(catalog_secret, self.side), provider)
            self.parts.absorb(self.side)
        else:
            if provider is not None:
                provider()
            self.catalog(catalog_secret, self.parts)
        take_live(self.parts, exported, self.incident.identity_provider)
        self.fill_gaps()
        self.as_of()
        live = self.provider_clock or self.catalog_clock
        facts.source = "+".join(s for s, on in (("live", live), ("exports", self.incident.exports)) if on)
        return self.parts.build(self.incident)

    def beside(self, catalog: Work, provider: Work) -> None:
        """Catalog and the provider at the same time; the thread is left alone where the provider is interrupted."""
        problems: list[BaseException] = []

        def work() -> None:
            try:
                # The probe asks for the attribute that Entra matches by, once the mapping tells which that is.
                self.mapping_known.wait()
                self.side.rows["mappings"] = list(self.parts.rows["mappings"])
                catalog()
            except BaseException as problem:
                problems.append(problem)
            finally:
                self.side.rows.pop("mappings", None)

        thread = threading.Thread(target=work, name="catalog", daemon=True)
        self.parts.on_cover = lambda what: self.mapping_known.set() if what in _MAPPINGS else None
        if self.incident.identity_provider == "okta":
            self.mapping_known.set()
        thread.start()
        try:
            provider()
        finally:
            self.mapping_known.set()
        thread.join()
        if problems:
            raise problems[0]

    # -- sources ------------------------------------------------------------------------------

    def provider(self) -> Work | None:
        """What reads the provider, signed in; None where the incident gives no way in, or it failed."""
        try:
            return self.okta() if self.incident.identity_provider == "okta" else self.entra()
        except ReadFailure as failure:
            key = "okta.private_key" if self.incident.okta else "entra.sign_in"
            if self.incident.entra and not self.incident.entra.sign_in:
                key = "entra.credential"
            self.trouble(key, failure.message, failure.remedy)
            return None

    def okta(self) -> Work | None:
        access = self.incident.okta
        if access is None:
            return None
        auth = self.okta_auth(access)
        if auth is None:
            return None

        def work() -> None:
            try:
                with self.reader(access.org_url, auth) as reader:
                    since, until = log_window(self.incident, self.server_clock(reader, "/api/v1/apps?limit=1"))
                    okta.read(reader, self.incident, self.parts, self.progress, since=since, until=until)
            except ReadFailure as failure:
                self.trouble("okta.org_url", failure.message, failure.remedy)

        return work

    def okta_auth(self, access: OktaAccess) -> BearerAuth | None:
        if access.client_id and access.private_key:
            try:
                key = private_key(access.private_key, base=self.loaded.base, interactive=self.interactive)
            except NotAvailableError as absent:
                self.trouble("okta.private_key", absent.problem, absent.remedy)
                return None
            granted = okta_token(access.org_url, access.client_id, key, connect_to=self.incident.connect_to)
            if granted.missing:
                self.trouble(
                    "okta.private_key",
                    f"The application lacks the scopes {', '.join(granted.missing)}.",
                    "Grant them under Okta API Scopes of the application that signs in.",
                )
            return BearerAuth(granted.token)
        if access.token is None:
            return None
        resolved = self.resolve(access.token, "okta.token", "Okta API token")
        if resolved.secret is None:
            return None
        # An OAuth access token is a JWT and goes as Bearer; an API token of the org as SSWS (Okta API reference).
        return BearerAuth(resolved.secret, "Bearer" if resolved.facts.kind == "jwt" else "SSWS")

    def entra(self) -> Work | None:
        access = self.incident.entra
        if access is None:
            return None
        token = self.graph_token(access)
        if token is None:
            return None

        def work() -> None:
            try:
                with self.reader(GRAPH, BearerAuth(token)) as reader:
                    clock = self.server_clock(reader, "/v1.0/servicePrincipals?$top=1")
                    since, until = log_window(self.incident, clock)
                    entra.read(reader, self.incident, self.parts, self.progress, since=since, until=until)
            except ReadFailure as failure:
                self.trouble("entra.credential", failure.message, failure.remedy)

        return work

    def graph_token(self, access: EntraAccess) -> Secret | None:
        if access.sign_in:
            if self.incident.connect_to:
                self.trouble("entra.sign_in", "The practice tenant is not signed in to.", "Give entra.credential.")
                return None
            from scimrunbook.sources.azure_signin import azure_token

            return azure_token(access, show=self.show if self.interactive else None)
        if access.credential is None:
            return None
        resolved = self.resolve(access.credential, "entra.credential", "Entra credential")
        if resolved.secret is None:
            return None
        return graph_token(resolved.secret, access, connect_to=self.incident.connect_to)

    def show(self, text: str) -> None:
        self.progress(text, 0)

    def catalog_secret(self) -> Secret | None:
        reference = self.incident.catalog.token
        if reference is None:
            return None
        resolved = self.resolve(reference, "catalog.token", "Catalog token")
        self.parts.facts.token = resolved.facts
        return resolved.secret

    def catalog(self, secret: Secret | None, parts: Parts) -> None:
        """Reads Catalog with its token. Without one, its endpoint is only tried where a provider is read live too:
        whoever judges exports offline sends nothing anywhere.
        """
        if secret is None and not self.provider_clock:
            return
        origin = f"https://{REGIONS[self.incident.catalog_host].api_host}"
        try:
            reader = catalog.read(
                lambda auth: self.reader(origin, auth), secret, self.incident, parts, self.progress, probe=self.probe
            )
        except ReadFailure as failure:
            self.trouble("catalog.token", failure.message, failure.remedy)
        else:
            self.catalog_clock = reader.date

    def reader(self, origin: str, auth: BearerAuth | None) -> Reader:
        return Reader(origin, auth, self.incident.connect_to, progress=self.progress)

    def resolve(self, reference: str, key: str, label: str) -> Resolved:
        resolved = resolve(reference, base=self.loaded.base, interactive=self.interactive, label=label)
        if resolved.problem:
            self.trouble(key, resolved.problem, resolved.remedy or "")
        return resolved

    def trouble(self, key: str, problem: str, remedy: str) -> None:
        self.parts.facts.reference_problems.append({"key": key, "problem": problem, "remedy": remedy})

    # -- facts --------------------------------------------------------------------------------

    def server_clock(self, reader: Reader, path: str) -> datetime | None:
        """The provider's own clock, by one small request; the distance to ours is recorded."""
        try:
            reader.get(path)
        except ReadFailure:
            return None
        self.provider_clock = reader.date
        self.parts.facts.clock_skew_seconds = reader.skew_seconds
        return reader.date

    def as_of(self) -> None:
        """The provider's clock where it was read live, else the newest record of the exports: what Catalog says now
        does not make an old log a current one.
        """
        facts = self.parts.facts
        newest = None if self.provider_clock else self.newest()
        moment = self.provider_clock or newest or self.catalog_clock
        facts.as_of = _stamp(moment or datetime.now(UTC))
        facts.as_of_is = "newest_record" if newest else "provider_clock" if moment else "local_clock"

    def newest(self) -> datetime | None:
        """The newest time that an exported record tells."""
        if not self.incident.exports:
            return None
        tables = {name: self.parts.table(name) for name in dict.fromkeys(name for name, _ in _TIMES)}
        times = [tables[name][column].max() for name, column in _TIMES]
        known = [t.to_pydatetime() for t in times if t == t]
        return max(known) if known else None

    def fill_gaps(self) -> None:
        """A coverage row for everything of this provider and of Catalog that nobody tried to read."""
        covered = {row["what"] for row in self.parts.rows["coverage"]}
        why = {p["key"].split(".")[0]: p["problem"] for p in self.parts.facts.reference_problems}
        for what in WHATS:
            room = what.split(".")[0]
            if what in covered or room not in (self.incident.identity_provider, "catalog") or what not in HOW_TO_GET:
                continue
            how = HOW_TO_GET[what]
            get_it = how.export if self.incident.exports else f"Live: {how.live}. From files: {how.export}"
            key = f"{room}.{'credential' if room == 'entra' else 'token'}"
            refused = why.get(room, f"the incident file names no {key}, and no export holds it")
            self.parts.cover(what, source="live", name=room, complete=False, refused=refused, get_it=get_it)
        if self.incident.catalog.token is None:
            self.parts.facts.token = TokenFacts()


def _in_turn(progress: Progress) -> Progress:
    """Two sources at once must not talk at once."""
    lock = threading.Lock()

    def told(step: str, done: int, total: int | None = None) -> None:
        with lock:
            progress(step, done, total)

    return told


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
