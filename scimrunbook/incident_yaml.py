"""From the bytes of an incident file to plain data: text, lists and dicts, with the line of every key.

YAML scalars are taken as text, so ids stay what they are (``00123``, ``1e5``, ``12_345``, ``no``, dates). No anchors,
no tags, at most 64 KiB (security, SR-61). What looks like a token is refused without being repeated, comments included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from scimrunbook.evidence.secret_words import PATTERN as SECRET_WORDS

MAX_BYTES = 64 * 1024
_MAX_DEPTH = 8
_NEWLINE = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what the YAML reader counts as a line
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

# Shapes: security facts 2.1 (Okta API tokens, Entra client secrets), RFC 7519; the rest as written in headers and URLs.
_TOKENS = re.compile(
    r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]+"
    r"|(?<![\w-])SSWS\s+\S{8,}"
    r"|(?<![\w-])Bearer\s+(?:(?=\S*\d)\S{12,}|\S{32,})"
    r"|(?<![\w-])00[\w-]{40}(?![\w-])"
    r"|(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|://[^/\s:@]+:[^/\s@]+@"
    r"|[?&][\w-]*(?:token|key|secret|password|sig)=[^&\s]{8,}",
    re.IGNORECASE,
)
_OPAQUE = re.compile(r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[A-Za-z0-9+/=_~.-]{20,}")
_SECRET_KEY = re.compile(SECRET_WORDS, re.IGNORECASE)
_REFERENCE = re.compile(r"(env:[A-Za-z_]\w*|keyring:[^/\s]+/\S+|file:.+|prompt)")
_NAME_OR_TOKEN = re.compile(r"env:(?=\w*\d)(?=\w*[a-z])\w{24,}")  # a token pasted where the variable's name belongs
_QUOTED = re.compile(r"'([^']*)'")  # the YAML reader may quote the file …
_GRAMMAR = re.compile(r"\W{1,3}|<[a-z ]+>")  # … or only its own punctuation
_REMEDY = (
    "Write where it is to be found instead: env:NAME, keyring:service/user, file:path (mode 0600) or prompt. "
    "Then have it replaced: it stood in a file."
)

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. ``line`` is 1-based, None where the whole file is meant."""

    line: int | None
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        key = f"{self.key}: " if self.key else ""
        return f"  {place}{key}{self.message}\n    {self.remedy}"


@dataclass(slots=True)
class Document:
    """What was read. ``data`` is None where the file could not be taken apart; ``refused`` are places not to judge."""

    data: dict[str, Any] | None = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    refused: set[Place] = field(default_factory=set)


def read_document(raw: bytes) -> Document:
    """Takes an incident file apart. Never raises: what is wrong stands in ``problems``."""
    reader = _Reader()
    reader.read(raw)
    return reader.out


def dotted(place: tuple[Any, ...]) -> str:
    """``catalog.token``: a place for people, its parts shortened and made printable."""
    return ".".join(shown(str(p)) for p in place if p != "[key]")


def shown(text: str) -> str:
    """Text of unknown origin for a terminal: printable characters only, at most 64."""
    visible = "".join(c if c.isprintable() else "?" for c in text)
    return visible if len(visible) <= 64 else visible[:60] + " …"


def looks_like_token(text: str) -> bool:
    return bool(_TOKENS.search(text) or _NAME_OR_TOKEN.fullmatch(text))


class _Reader:
    def __init__(self) -> None:
        self.out = Document()
        self.told: set[int] = set()  # lines whose token is reported already

    def read(self, raw: bytes) -> None:
        if len(raw) > MAX_BYTES:
            return self.refuse(None, (), "it is larger than 64 KiB", "An incident file is a page; is this an export?")
        if not raw.strip():
            return self.refuse(None, (), "the file is empty", "Write one with: scimrunbook init")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.refuse(None, (), "the file is not UTF-8 text", "Save it as UTF-8.")
        lines = _NEWLINE.split(text)
        tab = next((n for n, line in enumerate(lines, 1) if re.match(r" *\t", line)), None)
        if tab:
            self.refuse(tab, (), "a tab stands where YAML wants spaces", "Replace every tab by spaces.")
        else:
            self.parse(text)
        for number, line in enumerate(lines, 1):
            if number not in self.told and _TOKENS.search(line):
                self.refuse_token(number, ())
        self.out.problems.sort(key=lambda p: p.line or 0)

    def parse(self, text: str) -> None:
        try:
            if not self.harmless(text):
                return
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as problem:
            mark = problem.problem_mark or problem.context_mark
            said = _QUOTED.sub(lambda m: m[0] if _GRAMMAR.fullmatch(m[1]) else "…", str(problem.problem))
            self.refuse(mark.line + 1 if mark else None, (), f"this is not YAML ({said})", _syntax_remedy(said))
            return
        except (yaml.YAMLError, ValueError, OverflowError):
            self.refuse(None, (), "the file holds characters YAML does not allow", "Save it as plain text.")
            return
        if node is None:
            self.refuse(None, (), "the file holds nothing but comments", "Begin with: incident: CAT-1042")
        elif not isinstance(node, yaml.MappingNode):
            kind = "a list" if isinstance(node, yaml.SequenceNode) else "a single text"
            self.refuse(1, (), f"the file holds {kind}, not keys with values", "Begin with: incident: CAT-1042")
        else:
            self.out.data = self.mapping(node, ())

    def harmless(self, text: str) -> bool:
        """Looks at the events before anything is built: no aliases, anchors, tags, no deep nesting."""
        before, depth = len(self.out.problems), 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = event.start_mark.line + 1 if event.start_mark else None
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                self.refuse(line, (), "anchors and aliases (& and *) are not allowed", "Write out or quote the value.")
            if getattr(event, "tag", None):
                self.refuse(line, (), "tags (!) are not allowed", "Write the value without the tag, or quote it.")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _MAX_DEPTH:
                self.refuse(line, (), "brackets or lists are nested too deeply", "Compare with the file init writes.")
                return False
        return len(self.out.problems) == before

    def value(self, node: yaml.Node, place: Place) -> Any:
        self.out.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(v, (*place, i)) for i, v in enumerate(node.value)]
        text = str(node.value)
        lines = range(node.start_mark.line + 1, node.end_mark.line + 2)
        if _is_secret(text, place):
            self.refuse_token(lines[0], place)
            self.told.update(lines)
        elif _CONTROL.search(text):
            self.refuse(lines[0], place, "a control character stands in the value", "Take it out.")
        quoted = getattr(node, "style", None) is not None
        return None if not quoted and text in ("", "~", "null") else text

    def mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        """Keys without a value are as good as not written: they are left out."""
        data: dict[str, Any] = {}
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.refuse(line, place, "a key must be a word", "Write the key as plain text.")
                continue
            key = str(key_node.value)
            if looks_like_token(key) or (len(key) >= 32 and _OPAQUE.fullmatch(key)):
                self.refuse_token(line, place)
                self.told.add(line)
                continue
            if key in seen:
                self.refuse(
                    line, (*place, key), f"the key stands twice, first in line {seen[key]}", "Keep one of them."
                )
            seen[key] = self.out.lines[(*place, key)] = line
            value = self.value(value_node, (*place, key))
            if value is not None:
                data[key] = value
        return data

    def refuse_token(self, line: int, place: Place) -> None:
        self.refuse(line, place, "this looks like a token or secret; it is not repeated here", _REMEDY)
        self.told.add(line)

    def refuse(self, line: int | None, place: Place, message: str, remedy: str) -> None:
        self.out.problems.append(Problem(line, dotted(place), message, remedy))
        if place:
            self.out.refused.add(place)


def _is_secret(text: str, place: Place) -> bool:
    if looks_like_token(text):
        return True
    name = next((p for p in reversed(place) if isinstance(p, str)), "")
    return bool(_SECRET_KEY.search(name) and not _REFERENCE.fullmatch(text) and _OPAQUE.search(text))


def _syntax_remedy(said: str) -> str:
    if "mapping values are not allowed" in said:
        return "A colon stands in a value, or the indentation is off: put the value in quotes, or align the keys."
    if "cannot start any token" in said:
        return "Put the value in quotes; between key and value stands a space, no tab."
    if "another document" in said:
        return "Keep one incident per file: take out the line ---."
    return "Compare the line, and the one before it, with the file init writes."
