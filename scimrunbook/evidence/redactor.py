"""The redactor of one incident: text, ids and names in, pseudonyms out, and a count of what was done by which rule.

What it cannot judge it raises on; nothing is passed through because of an error.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any

import ahocorasick_rs
import re2

from scimrunbook.evidence.canonical import canonical, folded, key_of, unescaped
from scimrunbook.evidence.freetext import EMAIL, GUID, OKTA_ID, FreeText, public_host, public_suffix
from scimrunbook.evidence.identities import Identities, Person
from scimrunbook.evidence.policy import Policy
from scimrunbook.evidence.pseudonyms import Pseudonymiser
from scimrunbook.evidence.secrets import MASK, scrub

_LONG = 2000  # characters; longer texts are not remembered
_JOINS = frozenset("._+-%@")  # beside an address they belong to another one
_JOB = re2.compile(r"[\w-]+\.(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\.[\w-]+")
_LOOPBACK = re2.compile(r"127\.\d+\.\d+\.\d+|0\.0\.0\.0|::1?")


class Redactor:
    """``keep``: texts that pass as they are (vendor ids, operation ids, codes, the configured base URL)."""

    def __init__(
        self, identities: Identities, pseudonyms: Pseudonymiser, policy: Policy, keep: Iterable[str] = ()
    ) -> None:
        self.identities, self.pseudonyms, self.policy = identities, pseudonyms, policy
        self.keep = frozenset(keep)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.dropped: Counter[str] = Counter()
        self.mapping: dict[str, list[dict[str, str]]] = {}
        self.issued: set[str] = set()  # ids made here: the gate knows them
        self._patterns = list(identities.forms)
        self._owners = list(identities.forms.values())
        self._search = (
            ahocorasick_rs.AhoCorasick(
                self._patterns, matchkind=ahocorasick_rs.MatchKind.LeftmostLongest, store_patterns=False
            )
            if self._patterns
            else None
        )
        self._free = FreeText(self, policy.deny_unknown_words)
        self._done: dict[str, str] = {}

    # -- text ---------------------------------------------------------------------------------

    def text(self, text: str) -> str:
        """Free text: secrets, then everything known in every spelling, then unknown words."""
        done = self._done.get(text)
        if done is None:
            done = self._text(text)
            if len(text) <= _LONG:
                if len(self._done) > 100_000:
                    self._done.clear()
                self._done[text] = done
        return done

    def _text(self, text: str) -> str:
        clean = scrub(text)
        if clean != text:
            self.count("secret", "registered secret")
        plain = canonical(clean)
        open_ = unescaped(clean)
        if open_ != plain:
            judged = self.exact(open_)
            if judged != open_:
                return judged  # something was written in escapes: the text goes on without them
        return self.exact(plain)

    def exact(self, text: str) -> str:
        """Registered forms in canonical ``text`` replaced, the rest judged token by token."""
        if self._search is None:
            return self._free.clean(text)
        parts: list[str] = []
        last = 0
        for which, start, end in self._search.find_matches_as_indexes(folded(text)):
            kind, person = self._owners[which]
            if not _alone(text, start, end, kind):
                continue
            if start > last:
                parts.append(self._free.clean(text[last:start]))
            parts.append(self._made(kind, person, text[start:end]))
            last = end
        if last == 0:
            return self._free.clean(text)
        parts.append(self._free.clean(text[last:]))
        return "".join(parts)

    def _made(self, kind: str, person: Person | None, original: str) -> str:
        self.count(kind, "exact match")
        if kind == "group":
            return self.group(original)
        if kind in ("job", "tenant"):
            return self.job(original) if kind == "job" else self.tenant(original)
        assert person is not None
        if kind == "email":
            return self.email(original)
        if kind in ("local", "login"):
            return self.login(original, person)
        return self.person_name(person, original)

    # -- typed values ---------------------------------------------------------------------------

    def identity(self, value: str) -> str:
        """A login, an e-mail, an object id: whatever names a person where one is expected."""
        if value.lower() in self.identities.by_id or GUID.fullmatch(value) or OKTA_ID.fullmatch(value):
            return self.id(value)
        clean = unescaped(scrub(value))
        if EMAIL.fullmatch(clean):
            return self.email(clean)
        person = self.identities.find(clean) or self.identities.derived.get(key_of(clean))
        if person is not None:
            return self.login(clean, person)
        if MASK in clean or not clean.strip():
            return clean
        return self.text(clean) if " " in clean else self.login(clean, self._stranger(clean))

    def id(self, value: str) -> str:
        """An object id of the customer's: a GUID or an Okta id becomes another one of its kind."""
        person = self.identities.by_id.get(value.lower())
        if (person and person.revealed) or value in self.keep:
            return value
        if GUID.fullmatch(value):
            return self._note("id", value, self.pseudonyms.guid(value), "object id")
        if OKTA_ID.fullmatch(value):
            return self._okta(value)
        if person is not None:
            return self.login(value, person)
        return (
            self.identity(value) if "@" in value else self._note("id", value, f"id-{self._handle(value)}", "other id")
        )

    def job(self, value: str) -> str:
        """A job's id: the template and its own id stay, support looks it up by them; the tenant's is the customer's."""
        template, tenant, own = value.split(".")
        made = f"{template}.{self.tenant(tenant)}.{own}"
        self.issued |= {made, own}
        return made

    def tenant(self, value: str) -> str:
        """The tenant's id with dashes or without: the same one either way."""
        dashed = str(uuid.UUID(value))
        made = self.pseudonyms.guid(dashed)
        return self._note("id", value, made if "-" in value else made.replace("-", ""), "tenant id")

    def group(self, name: str) -> str:
        if not self.policy.map_groups:
            return name
        handle = self.identities.groups.get(key_of(name)) or self.pseudonyms.handle("group", name)
        return self._note("group", name, f"Group {handle}", "group name")

    def given(self, value: str, person: Person | None) -> str:
        return self._name("Given", value, person, person.given if person else "")

    def family(self, value: str, person: Person | None) -> str:
        return self._name("Family", value, person, person.family if person else "")

    def person_name(self, person: Person | None, value: str) -> str:
        """A full name in any spelling."""
        first = {person.display, f"{person.given} {person.family}"} if person else set()
        return self._name("User", value, person, key_of(value) if key_of(value) in first else "")

    def _name(self, word: str, value: str, person: Person | None, first: str) -> str:
        """``Given-<handle>``; a value other than the first one seen of the person is told apart by four letters."""
        if person is not None and person.revealed:
            return value
        person = person or self._stranger(value)
        between = " " if word == "User" else "-"
        made = f"{word}{between}{person.handle}"
        if first and key_of(value) != first:
            made += f"-{self.pseudonyms.handle(word, value, 4)}"
        return self._note(word.lower(), value, made, "name")

    def login(self, value: str, person: Person) -> str:
        if person.revealed:
            return value
        return self._note("login", value, self._local(value, person), "login")

    def _local(self, local: str, person: Person) -> str:
        """``user-<handle>``, with a capital where the original has one; other local parts of the person told apart."""
        plain = key_of(local.partition("@")[0])
        made = f"user-{person.handle}"
        if plain != person.local:
            made += f"-{self.pseudonyms.handle('local', plain, 4)}"
        if "#ext#" in plain:
            made += "#EXT#"
        return made if local.replace("#EXT#", "") == plain.replace("#ext#", "") else made[0].upper() + made[1:]

    def _stranger(self, value: str) -> Person:
        return Person(self.pseudonyms.handle("person", value), local=key_of(value).rpartition("@")[0] or key_of(value))

    def _domain(self, domain: str) -> str:
        if self.policy.keep_domains or public_host(domain):
            return domain
        under = public_suffix(domain)
        return f"d-{self.pseudonyms.handle('domain', domain, 8)}.{under if under else 'example'}"

    # -- what FreeText asks ---------------------------------------------------------------------

    def kept(self, token: str) -> bool:
        return token in self.keep or token in self.issued

    def email(self, value: str) -> str:
        local, _, domain = value.rpartition("@")
        person = self.identities.by_login.get(key_of(value)) or self._by_local(local) or self._stranger(value)
        if person.revealed:
            return value
        return self._note("email", value, f"{self._local(local, person)}@{self._domain(domain)}", "address")

    def _by_local(self, local: str) -> Person | None:
        """The person whose local part (or guest name) this is, under another domain."""
        kind, person = self.identities.forms.get(key_of(local), ("", None))
        return person if kind == "local" else None

    def guid(self, value: str) -> str:
        if not self.policy.map_groups and value.lower() not in self.identities.by_id:
            return value
        return self.id(value)

    def okta_id(self, value: str) -> str:
        return self.id(value)

    def _okta(self, value: str) -> str:
        if not value.startswith("00u") and not self.policy.map_every_id:
            self.issued.add(value)  # no person's, and what support looks an app or a group up by
            return value
        return self._note("id", value, self.pseudonyms.okta_id(value), "object id")

    def account(self, domain: str, name: str) -> str:
        person = self.identities.derived.get(key_of(name)) or self.identities.by_login.get(key_of(name))
        whose = person or self._stranger(name)
        if whose.revealed:
            return f"{domain}\\{name}"
        made = f"DOMAIN\\{self._local(name, whose)}"
        return self._note("login", f"{domain}\\{name}", made, "account of a domain")

    def address(self, value: str) -> str:
        if _LOOPBACK.fullmatch(value) or not self.policy.deny_unknown_words:
            return value
        return self._note("address", value, f"ip-{self._handle(value)}", "network address")

    def host(self, value: str) -> str:
        if public_host(value) or value in self.keep or not self.policy.deny_unknown_words:
            return value
        under = public_suffix(value)
        return self._note("host", value, f"h-{self._handle(value)}.{under or 'example'}", "host name")

    def file_name(self, name: str) -> str:
        """The name of a file or the path of a request: as it is where every word of it is known."""
        if self.text(name) == name:
            return name
        ending = name.rpartition(".")[2]
        short = f".{ending}" if ending.isalnum() and len(ending) <= 5 else ""
        return self._note("file", name, f"file-{self._handle(name)}{short}", "file name")

    def count(self, kind: str, rule: str) -> None:
        self.counts[kind, rule] += 1

    # -- the map ----------------------------------------------------------------------------------

    def _handle(self, value: str) -> str:
        return self.pseudonyms.handle("other", value)

    def _note(self, kind: str, original: str, pseudonym: str, rule: str) -> str:
        self.counts[kind, rule] += 1
        seen = self.mapping.setdefault(pseudonym, [])
        entry = {"kind": kind, "original": original}
        if entry not in seen:
            seen.append(entry)
        self.issued.add(pseudonym)
        return pseudonym

    def report(self) -> dict[str, Any]:
        """What was replaced, how often, by which rule; never the values."""
        replaced = [{"kind": k, "rule": r, "times": n} for (k, r), n in sorted(self.counts.items())]
        return {
            "policy": self.policy.to_json(),
            "replaced": replaced,
            "dropped_fields": dict(sorted(self.dropped.items())),
        }


def tenant_in(job_id: str) -> bool:
    """Whether a job's id holds a tenant's: 32 hexadecimal digits, with dashes or without, between two dots."""
    return _JOB.fullmatch(job_id) is not None


def _alone(text: str, start: int, end: int, kind: str) -> bool:
    """Whether a hit stands for itself: it is no part of a longer word or, for addresses, of a longer address."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    if before.isalnum() or after.isalnum():
        return False
    if kind == "email":
        return before not in _JOINS and not (after in "-@" or (after == "." and text[end + 1 : end + 2].isalnum()))
    if kind in ("local", "login"):
        return (before not in _JOINS and after not in _JOINS - {"%"}) or (
            after == "." and not text[end + 1 : end + 2].isalnum()
        )
    return True
