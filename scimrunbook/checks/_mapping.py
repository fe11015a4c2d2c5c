"""Mapping rows compared with those the guide wants; shared by the checks of the section."""

from __future__ import annotations

import re

import pandas as pd

from scimrunbook import guide
from scimrunbook.checks._words import keys, listed, people, screen
from scimrunbook.derived import yes
from scimrunbook.findings import Action, Evidence, Outcome, Status
from scimrunbook.history import open_failures
from scimrunbook.pending import pending
from scimrunbook.snapshot import Snapshot


def wanted_rows(provider: str, direction: str, kind: str = "user") -> list[guide.MappingRow]:
    rows = guide.OKTA_MAPPINGS if provider == "okta" else guide.ENTRA_MAPPINGS
    return [r for r in rows if r.direction == direction and r.object == kind]


def mapping_screen(snapshot: Snapshot, direction: str, kind: str = "user") -> str:
    if snapshot.provider == "okta":
        side = "To App" if direction == "to_app" else "To Okta"
        return screen(snapshot, "Provisioning", side, "Attribute mappings", "Go to Profile Editor > Mappings")
    name = "Provision Microsoft Entra ID Users" if kind == "user" else "Provision Microsoft Entra ID Groups"
    return screen(snapshot, "Provisioning", "Attribute mapping", name)


def normal(source: object, *, keep_case: bool = False) -> str:
    """An expression without what providers print differently: blanks, and brackets around one attribute."""
    text = "" if source is None or source != source else "".join(str(source).split())
    if text.startswith("[") and text.endswith("]") and text.count("[") == 1:
        text = text[1:-1]
    return text if keep_case else text.casefold()


def by_target(rows: pd.DataFrame) -> dict[str, str | None]:
    """Source by target. Okta's app attributes may carry the ``name.`` of SCIM, Entra's always do."""
    kept = rows.dropna(subset=["target"])
    return {str(t): None if s != s else s for t, s in zip(kept["target"], kept["source"], strict=True)}


def compared(
    snapshot: Snapshot,
    wanted: list[guide.MappingRow],
    direction: str,
    *,
    kind: str = "user",
    extras: bool = True,
    grave: bool = True,
    ignored: tuple[str, ...] = (),
) -> Outcome:
    """Rows of one mapping against ``wanted``: missing and wrong ones fail (or warn, not ``grave``), extras warn."""
    table = snapshot["mappings"]
    rows = table[(table["direction"] == direction) & (table["object"].fillna("user") == kind)]
    if rows.empty:
        return Outcome(Status.SKIPPED, f"The mapping {direction.replace('_', ' ')} was not among what was read.")
    strip = snapshot.provider == "okta"
    have = {(t.removeprefix("name.") if strip else t): s for t, s in by_target(rows).items()}
    missing = [r for r in wanted if normal(have.get(r.target)) == ""]
    sources = {r.target: [normal(s) for s in r.sources] for r in wanted}
    wrong = [r for r in wanted if r not in missing and normal(have[r.target]) not in sources[r.target]]
    extra = sorted(set(have) - {r.target for r in wanted} - set(ignored)) if extras else []
    if not missing and not wrong and not extra:
        return Outcome(Status.PASS, f"{listed([r.target for r in wanted])}: each from where the guide says.")
    said = [f"{listed([r.target for r in missing])} not mapped"] * bool(missing)
    said += [f"{r.target} comes from {normal(have[r.target], keep_case=True)}, not from {r.source}" for r in wrong]
    said += [f"not needed: {listed(extra[:5], len(extra))}"] * bool(extra)
    refused = refused_for(snapshot, extra) if direction == "to_app" else ()
    if refused:
        said[-1] += f", and Catalog refuses {'it' if len(extra) == 1 else 'them'} for {people(len(refused))}"
    where = mapping_screen(snapshot, direction, kind)
    steps = [Action(where, f"Map {r.target} from {r.source}, save.") for r in (*missing, *wrong)]
    if extra:
        steps.append(Action(where, f"Delete {listed(extra[:8], len(extra))} (choose 'Do not map'), save."))
    return Outcome(
        Status.FAIL if grave and (missing or wrong or refused) else Status.WARN,
        f"The mapping differs from the guide: {'; '.join(said)}.",
        "; ".join(f"{r.target} from {r.source}" for r in wanted) + ".",
        (Evidence.of("The mapping as it is", rows[["target", "source", "flow"]]),),
        (
            keys(pd.Series([*_hurt(snapshot, [r.target for r in (*missing, *wrong)]), *refused], dtype="str"))
            if kind == "user" and direction == "to_app"
            else ()
        ),
        actions=tuple(steps),
    )


_NAMES = {"givenName": ("given_name", "has_given"), "familyName": ("family_name", "has_family")}


def refused_for(snapshot: Snapshot, targets: list[str]) -> tuple[str, ...]:
    """People whose operation failed, and still does, with a text that names one of these attributes."""
    names = {n for t in targets for n in (t, t.split(":")[-1].split(".")[-1])}
    failures = open_failures(snapshot)
    if failures.empty or not names:
        return ()
    pattern = r"\b(?:" + "|".join(re.escape(n) for n in sorted(names)) + r")\b"
    bad = failures["family"].eq("attribute_mapping") & failures["reason"].fillna("").str.contains(pattern, regex=True)
    return keys(failures[bad.astype(bool)]["person_key"])


def _hurt(snapshot: Snapshot, targets: list[str]) -> tuple[str, ...]:
    """Whom rows of the user mapping that are missing or wrong reach: those whose account shows it, where that is told.

    Without ``active`` those linger who left; without a name those lack it who have one in the provider; anything else
    concerns everybody in scope.
    """
    table = pending(snapshot)
    scoped = yes(table["in_scope"])
    hit = pd.Series(False, index=table.index)
    for target in targets:
        name = _NAMES.get(target.removeprefix("name."))
        if target == "active":
            hit |= table["need"].eq("deactivate")
        elif name:
            want, have = table[name[0]].str.strip(), table[name[1]].str.strip()
            told = table["named_where_known"] & yes(table["exists"])
            differs = want.notna() & want.ne("") & (want != have.fillna("")).fillna(True).astype(bool)
            hit |= scoped & (differs | ~told)
        else:
            hit |= scoped
    return keys(table[hit]["person_key"])
