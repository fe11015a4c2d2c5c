"""Collects once for an incident: exports, the provider's API, Catalog; whatever of them is there.

The only place where tokens are resolved. Nothing the outside world does raises here: what was refused or failed becomes
a row of ``coverage`` that says what is missing and how to get it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from scimrunbook.evidence.secrets import Resolved, resolve
from scimrunbook.guide import HOW_TO_GET, REGIONS
from scimrunbook.incident_file import LoadedIncident
from scimrunbook.snapshot import WHATS, Snapshot, TokenFacts
from scimrunbook.sources import catalog, entra, exports, okta
from scimrunbook.sources.http import BearerAuth, Reader, ReadFailure
from scimrunbook.sources.parts import Parts, Progress
from scimrunbook.sources.signin import graph_token
from scimrunbook.sources.window import log_window

GRAPH = "https://graph.microsoft.com"


def collect(loaded: LoadedIncident, *, progress: Progress, probe: str = "light", interactive: bool = False) -> Snapshot:
    """Everything that can be read for the incident, as a Snapshot. Raises ExportsError for an unusable folder."""
    return _Collection(loaded, progress, probe, interactive).run()


class _Collection:
    def __init__(self, loaded: LoadedIncident, progress: Progress, probe: str, interactive: bool) -> None:
        self.loaded, self.incident, self.progress = loaded, loaded.incident, progress
        self.probe, self.interactive = probe, interactive
        self.parts = Parts()
        self.read_live = False
        self.clock: datetime | None = None

    def run(self) -> Snapshot:
        facts = self.parts.facts
        facts.practice = self.incident.connect_to is not None
        if self.incident.exports:
            folder = self.loaded.resolve(self.incident.exports)
            exports.read_folder(folder, self.incident, self.parts, self.progress)
        if self.incident.identity_provider == "okta":
            self.okta()
        else:
            self.entra()
        self.catalog()
        self.fill_gaps()
        self.as_of()
        facts.source = "+".join(s for s, on in (("live", self.read_live), ("exports", self.incident.exports)) if on)
        return self.parts.build(self.incident)

    # -- sources ------------------------------------------------------------------------------

    def okta(self) -> None:
        access = self.incident.okta
        if access is None or access.token is None:
            return
        resolved = self.resolve(access.token, "okta.token", "Okta API token")
        if resolved.secret is None:
            return
        auth = BearerAuth(resolved.secret, "SSWS")
        with self.reader(access.org_url, auth) as reader:
            since, until = log_window(self.incident, self.server_clock(reader, "/api/v1/apps?limit=1"))
            okta.read(reader, self.incident, self.parts, self.progress, since=since, until=until)
            self.read_live = True

    def entra(self) -> None:
        access = self.incident.entra
        if access is None or access.credential is None:
            return
        resolved = self.resolve(access.credential, "entra.credential", "Entra credential")
        if resolved.secret is None:
            return
        try:
            token = graph_token(resolved.secret, access, connect_to=self.incident.connect_to)
        except ReadFailure as failure:
            self.trouble("entra.credential", failure.message, failure.remedy)
            return
        with self.reader(GRAPH, BearerAuth(token)) as reader:
            since, until = log_window(self.incident, self.server_clock(reader, "/v1.0/servicePrincipals?$top=1"))
            entra.read(reader, self.incident, self.parts, self.progress, since=since, until=until)
            self.read_live = True

    def catalog(self) -> None:
        reference = self.incident.catalog.token
        if reference is None:
            return
        resolved = self.resolve(reference, "catalog.token", "Catalog token")
        self.parts.facts.token = resolved.facts
        if resolved.secret is None:
            return
        origin = f"https://{REGIONS[self.incident.catalog_host].api_host}"
        with self.reader(origin, BearerAuth(resolved.secret)) as reader:
            self.clock = self.clock or self.server_clock(reader, "/auth/scim/ServiceProviderConfig")
            catalog.read(
                reader, self.incident, self.parts, self.progress, probe=self.probe, control=self.control(origin)
            )
            self.read_live = True

    def control(self, origin: str) -> Callable[[BearerAuth | None], Reader]:
        return lambda auth: self.reader(origin, auth)

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
        """The server's own clock, by one small request; the distance to ours is recorded."""
        before = datetime.now(UTC)
        try:
            told = reader.get(path).date
        except ReadFailure:
            return None
        if told and self.clock is None:
            self.clock = told
            self.parts.facts.clock_skew_seconds = round((told - before).total_seconds(), 1)
        return told

    def as_of(self) -> None:
        """The provider's clock where something was read live; else the newest record of the exports."""
        facts = self.parts.facts
        if self.clock is not None:
            facts.as_of, facts.as_of_is = _stamp(self.clock), "provider_clock"
            return
        newest = self.newest()
        if newest is not None:
            facts.as_of, facts.as_of_is = _stamp(newest), "newest_record"
        else:
            facts.as_of, facts.as_of_is = _stamp(datetime.now(UTC)), "local_clock"

    def newest(self) -> datetime | None:
        built = self.parts.build(self.incident)
        columns = (("events", "at"), ("config_changes", "at"), ("jobs", "last_ended_at"), ("jobs", "last_began_at"),
                   ("app_accounts", "status_changed_at"), ("app_accounts", "last_sync_at"), ("people", "changed_at"),
                   ("accounts", "changed_at"))  # fmt: skip
        times = [built[t][c].max() for t, c in columns]
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
            refused = why.get(room, "nothing in the incident file tells where to read it")
            self.parts.cover(what, source="live", name=room, complete=False, refused=refused, get_it=get_it)
        if self.incident.catalog.token is None:
            self.parts.facts.token = TokenFacts()


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
