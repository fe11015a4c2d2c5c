"""The rows of the guide's tables. Every row carries ``source``: the page it comes from, as a reader is shown it."""

from __future__ import annotations

from dataclasses import dataclass

from scimrunbook.causes import Cause


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from: a title to show, and the address, or the repository with revision and path."""

    key: str
    title: str
    page: str


@dataclass(frozen=True, slots=True)
class Region:
    """``base_url`` is exact: scheme, host, path, no trailing slash."""

    name: str
    catalog_host: str
    api_host: str
    base_url: str
    source: str


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    title: str
    about: str
    link: str
    notebook: str


@dataclass(frozen=True, slots=True)
class Symptom:
    """``observed_by`` is the id of the check that sees it in the data."""

    name: str
    title: str
    sentence: str
    observed_by: str
    source: str


@dataclass(frozen=True, slots=True)
class CauseFamily:
    """``first_step`` is where to go first, whatever the details."""

    name: str
    title: str
    meaning: str
    first_step: str
    source: str


@dataclass(frozen=True, slots=True)
class OktaToggle:
    """A checkbox of Provisioning > To App. ``feature`` is its name in ``app.features[]``."""

    feature: str
    label: str
    action: str
    where: str
    source: str


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A row that has to be there: ``target`` fed by one of ``sources`` (expressions as the provider prints them)."""

    direction: str
    object: str
    target: str
    sources: tuple[str, ...]
    matching: bool = False
    source_of: str = ""

    @property
    def source(self) -> str:
        """The documented expression, the first of ``sources``."""
        return self.sources[0]


@dataclass(frozen=True, slots=True)
class EntraError:
    """``causes``: the most likely family first; none where the code says nothing about Catalog."""

    code: str
    meaning: str
    fix: str
    causes: tuple[Cause, ...]
    source: str


@dataclass(frozen=True, slots=True)
class EntraSkip:
    """``healthy``: skipped because there was nothing to do."""

    reason: str
    meaning: str
    fix: str
    causes: tuple[Cause, ...]
    healthy: bool
    source: str


@dataclass(frozen=True, slots=True)
class QuarantineReason:
    reason: str
    meaning: str
    causes: tuple[Cause, ...]
    source: str


@dataclass(frozen=True, slots=True)
class OktaEvent:
    """``action``: one of ``snapshot.ACTIONS``; ``change``: of ``snapshot.CHANGES``, where an admin did something.

    ``causes`` are the families a failure may mean; they are our judgement, the reason text decides.
    """

    event_type: str
    action: str
    object_type: str
    causes: tuple[Cause, ...]
    meaning: str
    source: str
    change: str | None = None


@dataclass(frozen=True, slots=True)
class HowToGet:
    """How to read what was missing: ``live`` names scope or role, ``export`` the screen and clicks."""

    what: str
    title: str
    live: str
    export: str
    file: str
    source: str


@dataclass(frozen=True, slots=True)
class ScimQuirk:
    """A way in which real SCIM servers deviate. ``breaks``: okta, entra, reader; nobody: for information.

    ``seen``: get (the probe sees it), provider_log (only writes show it), time (only time shows it). ``cases``: where
    it was met.
    """

    name: str
    number: int
    title: str
    breaks: tuple[str, ...]
    seen: str
    cases: str
    source: str = ""
